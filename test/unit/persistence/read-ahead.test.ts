// A snapshot read by one thread and loaded by another: the same database as with one thread, the same refusals. Here both
// take turns on one thread (a queue holds four megabytes, which nothing here needs); test/stress has two real ones.

import { describe, expect, test } from 'vitest';
import { type Clock, ManualClock } from '../../../src/base/clock.js';
import { Prng } from '../../../src/base/prng.js';
import { encodeUtf8 } from '../../../src/base/utf8.js';
import {
  createLoadQueueMemory,
  type GrownPiece,
  LoadCancelled,
  LoadQueueReader,
  LoadQueueWriter,
} from '../../../src/persistence/load-queue.js';
import { type ReadAhead, type ReadAheadMessage, readAhead } from '../../../src/persistence/read-ahead.js';
import type { RecoveredDatabase } from '../../../src/persistence/recovery.js';
import { RecoveryProgress } from '../../../src/persistence/recovery-progress.js';
import { SimFileStore } from '../../../src/persistence/sim-file-store.js';
import { SnapshotWriter } from '../../../src/persistence/snapshot-writer.js';
import { DATA_DIR, fixtureNames, newTree, recoverFrom, stateOf, storeWith, VERSION_2 } from './persistence-fixture.js';

/** Reads all of the file when it is started. */
function readFirst(store: SimFileStore): ReadAhead {
  return {
    fileBytesMin: 0,
    patienceMs: 0,
    start: (request) => {
      const posted: ReadAheadMessage[] = [];
      readAhead(store, request, (message) => posted.push(message));
      return { receive: () => posted.shift() ?? null, close: () => undefined };
    },
  };
}

function outcomeOf(recoverNow: () => RecoveredDatabase): unknown {
  try {
    return stateOf(recoverNow());
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : error;
  }
}

describe('readAhead and loadAhead', () => {
  for (const name of fixtureNames()) {
    test(`${name}: as one thread alone`, () => {
      const alone = outcomeOf(() => recoverFrom(storeWith(name)));
      const store = storeWith(name);
      expect(outcomeOf(() => recoverFrom(store, { readAhead: readFirst(store) }))).toEqual(alone);
    });
  }

  test('a node larger than a piece of the queue, and one of every odd length', () => {
    const store = new SimFileStore(new Prng(1));
    store.makeDirectories(VERSION_2);
    writeSnapshot(store, [
      ['/large', 1_500_000],
      ...Array.from({ length: 40 }, (_, i): [string, number] => [`/large/${'n'.repeat(i + 1)}`, i]),
      ['/large-too', 600_001],
      ['/elsewhere', 0],
    ]);
    const alone = stateOf(recoverFrom(store));
    expect(alone.nodes.length).toBe(47);
    expect(stateOf(recoverFrom(store, { readAhead: readFirst(store) }))).toEqual(alone);
  });

  test('a damaged byte is found by whoever reads, and an older snapshot is taken', () => {
    const store = storeWith('rolled-3.9');
    const newest = 'snapshot.38';
    const bytes = store.contentsOf(`${VERSION_2}/${newest}`).slice();
    bytes[bytes.length - 60] ^= 1;
    store.place(`${VERSION_2}/${newest}`, bytes);
    const warnings: string[] = [];
    const database = recoverFrom(store, { readAhead: readFirst(store), warn: (message) => warnings.push(message) });
    expect(database.snapshot?.name).not.toBe(newest);
    expect(warnings.join('\n')).toContain(`Problem reading snapshot ${newest}`);
    expect(stateOf(database)).toEqual(stateOf(recoverFrom(storeWith('rolled-3.9'))));
  });

  test('a thread that never says a word is done without', () => {
    const store = storeWith('tiny-restarted-3.9');
    const warnings: string[] = [];
    const silent: ReadAhead = {
      fileBytesMin: 0,
      patienceMs: 1,
      start: () => ({ receive: () => null, close: () => undefined }),
    };
    const database = recoverFrom(store, { readAhead: silent, warn: (message) => warnings.push(message) });
    expect(stateOf(database)).toEqual(stateOf(recoverFrom(storeWith('tiny-restarted-3.9'))));
    expect(warnings.join('\n')).toContain('without the help of another thread');
  });

  test('the thread that reads throws nothing when nobody waits for what it read last', () => {
    const store = storeWith('tiny-restarted-3.9');
    let isCancelled = false;
    const gone: ReadAhead = {
      fileBytesMin: 0,
      patienceMs: 1,
      start: (request) => ({
        receive: () => null,
        close: () => {
          isCancelled = true;
          expect(() => readAhead(store, request, () => undefined)).not.toThrow();
        },
      }),
    };
    recoverFrom(store, { readAhead: gone });
    expect(isCancelled).toBe(true);
  });

  test('a sector that cannot be read says nothing of what is in the snapshot, on whichever thread', () => {
    const store = storeWith('tiny-restarted-3.9');
    const failing: ReadAhead = {
      ...readFirst(store),
      start: (request) => {
        store.onCall = ({ name, path }) => (name === 'read' && path.includes('snapshot.') ? 'EIO' : 'ok');
        return readFirst(store).start(request);
      },
    };
    expect(() => recoverFrom(store, { readAhead: failing })).toThrow(
      expect.objectContaining({ message: expect.stringContaining('EIO'), finding: null }),
    );
  });

  test('a failure that nobody has foreseen names itself', () => {
    const store = storeWith('tiny-restarted-3.9');
    const failing: ReadAhead = {
      ...readFirst(store),
      start: (request) => {
        const posted: ReadAheadMessage[] = [];
        const broken = Object.create(store, { openForRead: { value: () => assertNever() } }) as SimFileStore;
        readAhead(broken, request, (message) => posted.push(message));
        return { receive: () => posted.shift() ?? null, close: () => undefined };
      },
    };
    expect(() => recoverFrom(store, { readAhead: failing })).toThrow(
      /the thread that read the snapshot failed: .*a bug/s,
    );
  });
});

function assertNever(): never {
  throw new RangeError('a bug');
}

describe('RecoveryProgress', () => {
  for (const byTwo of [false, true]) {
    test(`a long start tells of snapshot and log, read by ${byTwo ? 'two threads' : 'one'}`, () => {
      const lines: string[] = [];
      const store = storeWith('fuzzy-3.9');
      const manual = new ManualClock();
      // Each look at it takes four seconds.
      const monotonicMs = (): number => {
        manual.advance(4000);
        return manual.monotonicMs();
      };
      const clock: Clock = { monotonicMs, wallMs: () => manual.wallMs() };
      recoverFrom(store, {
        progress: new RecoveryProgress(clock, (line) => lines.push(line)),
        ...(byTwo ? { readAhead: readFirst(store) } : {}),
      });
      expect(lines[0]).toMatch(/^Loading snapshot\.[0-9a-f]+: 100 %, \d+ nodes so far$/);
      expect(lines.at(-1)).toMatch(/^Replaying log\.[0-9a-f]+: \d+ %, \d+ transactions so far$/);
    });
  }

  test('says nothing on a short start, and one line for each three seconds of a long one', () => {
    const lines: string[] = [];
    const clock = new ManualClock();
    const progress = new RecoveryProgress(clock, (line) => lines.push(line));
    for (let second = 1; second <= 10; second++) {
      clock.advance(1000);
      progress.report('Replaying log.1', second, 10, second * 100, 'transactions');
    }
    expect(lines).toEqual([
      'Replaying log.1: 30 %, 300 transactions so far',
      'Replaying log.1: 60 %, 600 transactions so far',
      'Replaying log.1: 90 %, 900 transactions so far',
    ]);
  });
});

describe('LoadQueueWriter', () => {
  test('gives up when the reader has lost interest', () => {
    const memory = createLoadQueueMemory();
    const grown: GrownPiece[] = [];
    const writer = new LoadQueueWriter(memory, (piece) => grown.push(piece));
    const reader = new LoadQueueReader(memory, () => grown.shift() ?? null);
    writer.claim(10);
    reader.cancel();
    expect(() => {
      writer.claim(200_000);
    }).toThrow(LoadCancelled);
  });

  test('keeps the order of pieces when one of them was made larger', () => {
    const memory = createLoadQueueMemory();
    const grown: GrownPiece[] = [];
    const writer = new LoadQueueWriter(memory, (piece) => grown.push(piece));
    const reader = new LoadQueueReader(memory, () => grown.shift() ?? null);
    const sizes = [100, 500_000, 131_072, 1, 131_072];
    for (const [i, size] of sizes.entries()) {
      const at = writer.claim(size);
      writer.words[at] = i;
    }
    writer.end();
    const found: number[][] = [];
    while (reader.next(0)) found.push([reader.words[0], reader.wordCount]);
    expect(found).toEqual([
      [0, 100],
      [1, 500_000],
      [2, 131_072],
      [3, 1],
      [4, 131_072],
    ]);
  });
});

/** A snapshot of these nodes, as [path, bytes of data]. */
function writeSnapshot(store: SimFileStore, nodes: readonly (readonly [string, number])[]): void {
  const tree = newTree();
  tree.beginWrite();
  for (const [name, length] of nodes) {
    const path = encodeUtf8(name);
    const data = new Uint8Array(length).map((_, i) => i * 7 + length);
    tree.create(path, 0, path.length, data, 0, length, null, 0, -1, 0, 0, 0, -1, 0, 1, 0, 1);
  }
  tree.endWrite(0, 1);
  new SnapshotWriter({
    fileStore: store,
    directory: `${DATA_DIR}/version-2`,
    reader: tree.reader,
    backOff: () => undefined,
    collectSessions: () => undefined,
    waitUntilDurable: () => undefined,
    loaded: null,
    treeDigest: null,
  }).write();
}
