// Compressed snapshots: what is written reads as the same tree, in pieces that are synced as they grow; what is broken in any
// byte is refused or proves whole, and never ends a start otherwise.

import { gunzipSync, constants as zlib } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { Prng } from '../../../src/base/prng.js';
import type { RecoveredDatabase } from '../../../src/persistence/recovery.js';
import { SimFileStore } from '../../../src/persistence/sim-file-store.js';
import type { SnapshotCompression } from '../../../src/persistence/snapshot-compression.js';
import { BrokenSnapshot, SnapshotReader } from '../../../src/persistence/snapshot-reader.js';
import { SnapshotWriteError, type SnapshotWriterOptions } from '../../../src/persistence/snapshot-writer.js';
import { OpCode } from '../../../src/protocol/op-code.js';
import { TxnApplier } from '../../../src/store/txn-applier.js';
import { recoverFrom, snapshotWriterOf, stateOf, storeWith, VERSION_2 } from './persistence-fixture.js';
import { entryOf } from './txn-entries.js';

const METHODS: readonly SnapshotCompression[] = ['none', 'gz', 'snappy'];

function emptyStore(): SimFileStore {
  const store = new SimFileStore(new Prng(1));
  store.makeDirectories(VERSION_2);
  return store;
}

function temporaryIn(store: SimFileStore): string {
  return `${VERSION_2}/${store.list(VERSION_2)[0]}`;
}

function write(
  store: SimFileStore,
  database: RecoveredDatabase,
  compression: SnapshotCompression,
  changes: Partial<SnapshotWriterOptions> = {},
): string {
  const written = snapshotWriterOf(store, database, { compression, ...changes }).write();
  if (written === null) expect.unreachable('nothing was written before');
  expect(store.sizeOf(`${VERSION_2}/${written.name}`)).toBe(written.fileBytes);
  return written.name;
}

/** A tree of some megabytes, half of which no method makes smaller. */
function largeDatabase(): RecoveredDatabase {
  const database = recoverFrom(emptyStore());
  const applier = new TxnApplier(database.tree);
  const prng = new Prng(9);
  const acl = [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }];
  for (let i = 1; i <= 16; i++) {
    const data = new Uint8Array(400_000);
    if (i % 2 === 0) for (let at = 0; at < data.length; at++) data[at] = prng.below(256);
    const txn = { path: `/n${i}`, data, acl, ephemeral: false, parentCVersion: i };
    const entry = entryOf(BigInt(i), { type: OpCode.create, txn });
    database.tree.beginWrite();
    applier.apply(entry, 0, entry.length, null);
    database.tree.endWrite(0, i);
  }
  return database;
}

const sink = { onSession: () => undefined, onNode: () => true };

function read(name: string, bytes: Uint8Array, isStrict = false): void {
  const store = emptyStore();
  store.place(`${VERSION_2}/${name}`, bytes);
  new SnapshotReader(store, VERSION_2, name, sink, isStrict).read();
}

describe.each(METHODS)('compression %s', (method) => {
  for (const fixture of ['tiny-3.9', 'standalone-3.9', 'quorum-3.8', 'snapshot-gz-3.9', 'snapshot-snappy-3.8']) {
    test(`the tree of ${fixture}, written and read again, is the same`, () => {
      const database = recoverFrom(storeWith(fixture));
      const store = emptyStore();
      const name = write(store, database, method);
      expect(name).toMatch(
        method === 'none' ? /^snapshot\.[0-9a-f]+$/ : new RegExp(`^snapshot\\.[0-9a-f]+\\.${method}$`),
      );
      expect(stateOf(recoverFrom(store))).toEqual(stateOf(database));
    });
  }

  test('a file of megabytes is synced as it grows, and comes back the same', () => {
    const database = largeDatabase();
    const store = emptyStore();
    const calls: string[] = [];
    store.onCall = ({ name }) => {
      calls.push(name);
      return 'ok';
    };
    const name = write(store, database, method);
    store.onCall = () => 'ok';
    const bytes = store.contentsOf(`${VERSION_2}/${name}`);
    expect(bytes.length).toBeGreaterThan(3_200_000);
    expect(bytes.length).toBeLessThan(method === 'none' ? 6_600_000 : 3_600_000);
    // A piece is as long as the writer's buffer, or what it was compressed to.
    expect(calls.filter((call) => call === 'syncData').length).toBeGreaterThanOrEqual(2);
    expect(stateOf(recoverFrom(store))).toEqual(stateOf({ ...database, lastZxidLo: 16 }));
  });

  for (const [call, index] of [
    ['write', 0],
    ['write', 3],
    ['syncData', 1],
    ['sync', 0],
  ] as const) {
    test(`a disk that is full at ${call} number ${index}: nothing is left`, () => {
      const database = largeDatabase();
      const store = emptyStore();
      let seen = 0;
      store.onCall = ({ name }) => (name === call && seen++ === index ? 'ENOSPC' : 'ok');
      expect(() => write(store, database, method)).toThrow(SnapshotWriteError);
      expect(store.list(VERSION_2)).toEqual([]);
    });
  }

  test('a disk that is nearly full is left to the log', () => {
    const store = emptyStore();
    const roomBytes = () => 2_000_000 - (store.list(VERSION_2).length > 0 ? store.sizeOf(temporaryIn(store)) : 0);
    expect(() => write(store, largeDatabase(), method, { roomBytes })).toThrow(
      /no space left .* beside what the log may need/,
    );
    expect(store.list(VERSION_2)).toEqual([]);
  });

  test('any flipped byte is refused, or changes nothing that is read', () => {
    const store = emptyStore();
    const name = write(store, recoverFrom(storeWith('tiny-restarted-3.9')), method);
    const whole = store.contentsOf(`${VERSION_2}/${name}`);
    read(name, whole, true);
    let refused = 0;
    for (let at = 0; at < whole.length; at++) {
      const bytes = whole.slice();
      bytes[at] ^= 0x10;
      try {
        read(name, bytes);
      } catch (error) {
        expect(error, `byte ${at}`).toBeInstanceOf(BrokenSnapshot);
        refused++;
      }
    }
    // What nobody reads: in gzip the time, the compressor's flags, words of its codes that do not occur, the empty last block
    // and the trailer; in snappy the lowest version.
    const readAnyway = whole.length - refused;
    expect(readAnyway).toBeLessThanOrEqual(method === 'none' ? 0 : whole.length / 10);
  });

  test('any cut is refused, or leaves all that is read', () => {
    const store = emptyStore();
    const name = write(store, recoverFrom(storeWith('tiny-restarted-3.9')), method);
    const whole = store.contentsOf(`${VERSION_2}/${name}`);
    let refused = 0;
    for (let size = 0; size < whole.length; size++) {
      try {
        read(name, whole.subarray(0, size));
      } catch (error) {
        expect(error, `cut to ${size}`).toBeInstanceOf(BrokenSnapshot);
        refused++;
      }
      if (size > 0) expect(() => read(name, whole.subarray(0, size), true), `cut to ${size}`).toThrow(BrokenSnapshot);
    }
    // Of gzip the trailer and the empty block in front of it.
    expect(whole.length - refused).toBeLessThanOrEqual(method === 'gz' ? 15 : 0);
  });
});

describe('a gzip snapshot', () => {
  test('is one member without name and time, as the reference begins it, and whole for others', () => {
    const store = emptyStore();
    const name = write(store, largeDatabase(), 'gz');
    const bytes = Buffer.from(store.contentsOf(`${VERSION_2}/${name}`));
    expect(bytes.subarray(0, 10).toString('hex')).toBe('1f8b08000000000000ff');
    const plain = emptyStore();
    const plainName = write(plain, largeDatabase(), 'none');
    // gunzipSync checks the trailer, and that there is one member only.
    const content = gunzipSync(bytes, { finishFlush: zlib.Z_FINISH });
    expect(Buffer.compare(content, plain.contentsOf(`${VERSION_2}/${plainName}`))).toBe(0);
  });
});

describe('a broken compressed snapshot', () => {
  for (const method of ['gz', 'snappy'] as const) {
    test(`${method}: damaged anywhere, a start takes the older one`, () => {
      const good = storeWith('tiny-restarted-3.9');
      const expected = stateOf(recoverFrom(good));
      good.unlink(`${VERSION_2}/snapshot.10`);
      const name = write(good, recoverFrom(storeWith('tiny-restarted-3.9')), method);
      const whole = good.contentsOf(`${VERSION_2}/${name}`);
      const prng = new Prng(6);
      let fellBack = 0;
      for (let round = 0; round < 40; round++) {
        const broken = whole.slice(0, round % 3 === 0 ? prng.below(whole.length) : whole.length);
        for (let i = 0; i < 3; i++) if (broken.length > 0) broken[prng.below(broken.length)] ^= 1 << prng.below(8);
        good.place(`${VERSION_2}/${name}`, broken);
        const recovered = recoverFrom(good);
        expect(stateOf(recovered)).toEqual(expected);
        if (recovered.snapshot?.name === 'snapshot.0') fellBack++;
      }
      expect(fellBack).toBeGreaterThan(30);
    });
  }

  test('a length that leads nowhere does not take the memory it names', () => {
    const store = emptyStore();
    const name = write(store, largeDatabase(), 'gz');
    const content = gunzipSync(store.contentsOf(`${VERSION_2}/${name}`));
    content.writeInt32BE(0x0fffffff, content.length - 500_000); // a path of 256 MB somewhere in the zeros of the last node
    const before = process.memoryUsage().arrayBuffers;
    expect(() => read('snapshot.10', content)).toThrow(BrokenSnapshot);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(50 << 20);
  });
});
