// TRUNC takes back exactly what it should (ZOOKEEPER-1154, 1156), for good (1489), and ended at any file call it leaves a
// directory that starts and can be truncated again; nothing of what was taken back ever returns.

import { describe, expect, test } from 'vitest';
import { hiOf, loOf } from '../../../src/base/int64.js';
import type { SimFileStore } from '../../../src/persistence/sim-file-store.js';
import { readSyncMark, removeSyncMark, SYNC_MARK_NAME } from '../../../src/persistence/sync-mark.js';
import { type TruncatedLog, TruncateError, truncateTxnLog } from '../../../src/persistence/txn-log-truncate.js';
import { changesFiles, endAtEveryCall } from './every-call.js';
import { type FileImage, historyOf, imageOf, Member, newMember, placeImage, storeWithImage } from './member-files.js';
import { recoverFrom, stateOf, storeWith, VERSION_2 } from './persistence-fixture.js';
import { readLog } from './txn-entries.js';

const DIRECTORIES = { logDirectory: VERSION_2, snapshotDirectory: VERSION_2 };

function truncate(store: SimFileStore, zxid: bigint): TruncatedLog {
  return truncateTxnLog(store, DIRECTORIES, hiOf(zxid), loOf(zxid));
}

function dataFiles(store: SimFileStore): string[] {
  return store.list(VERSION_2).filter((name) => name !== SYNC_MARK_NAME);
}

function history(author: string, ...zxids: bigint[]): { last: string; nodes: string[] } {
  return {
    last: `0x${(zxids.at(-1) ?? 0n).toString(16)}`,
    nodes: zxids.map((z) => `${author} ${z.toString(16)}`).sort(),
  };
}

function upTo(last: bigint): bigint[] {
  return Array.from({ length: Number(last) }, (_, i) => BigInt(i + 1));
}

/** log.1 = 1..4, log.5 = 5..8, log.9 = 9..12; a snapshot of the beginning. */
function threeLogs(): Member {
  const member = newMember();
  for (const zxid of upTo(12n)) {
    member.write(zxid);
    if (zxid % 4n === 0n) member.log.roll();
  }
  return member;
}

describe('what stays', () => {
  test('tiny-3.8 truncated to 5 is what Apache made of it, byte for byte', () => {
    const store = storeWith('tiny-3.8');
    const { removed } = truncate(store, 5n);
    expect(removed).toEqual([]);
    const reference = storeWith('truncated-3.8');
    expect(store.contentsOf(`${VERSION_2}/log.1`)).toEqual(reference.contentsOf(`${VERSION_2}/log.1`));
    expect(stateOf(recoverFrom(store))).toEqual(stateOf(recoverFrom(reference)));
  });

  const places: [string, bigint, string[]][] = [
    ['before a file boundary', 7n, ['log.1', 'log.5']],
    ['exactly at one', 8n, ['log.1', 'log.5']],
    ['behind one', 9n, ['log.1', 'log.5', 'log.9']],
    ['at the first record of all', 1n, ['log.1']],
    ['in front of it', 0n, []],
    ['at the last one', 12n, ['log.1', 'log.5', 'log.9']],
  ];
  test.each(places)('ZOOKEEPER-1154, 1156: a zxid %s', (_, zxid, logs) => {
    const { store } = threeLogs();
    expect(truncate(store, zxid)).toMatchObject({ lastHi: 0, lastLo: Number(zxid), snapshot: 'snapshot.0' });
    expect(dataFiles(store)).toEqual([...logs, 'snapshot.0']);
    store.crash();
    expect(historyOf(recoverFrom(store))).toEqual(history('first', ...upTo(zxid)));
    const last = logs.at(-1);
    if (last !== undefined) {
      const path = `${VERSION_2}/${last}`;
      expect(readLog(store, path).endOffset, 'no padding').toBe(store.sizeOf(path));
    }
  });

  test('ZOOKEEPER-1489: after it the member goes on with another history and restarts, twice', () => {
    const { store } = threeLogs();
    truncate(store, 6n);
    const rest = [7n, 8n, 0x100000001n, 0x100000002n];
    for (let restart = 0; restart < 2; restart++) {
      store.crash();
      const member = new Member(store, 'second');
      expect(historyOf(member.database).nodes).toHaveLength(6 + restart * 2);
      member.write(...rest.splice(0, 2));
      member.log.close();
    }
    for (let restart = 0; restart < 2; restart++) {
      store.crash();
      const { last, nodes } = historyOf(recoverFrom(store));
      expect(last).toBe('0x100000002');
      const second = history('second', 7n, 8n, 0x100000001n, 0x100000002n).nodes;
      expect(nodes).toEqual([...history('first', ...upTo(6n)).nodes, ...second].sort());
    }
  });

  test('snapshots above the zxid are gone, also one whose name is not above it', () => {
    const member = newMember();
    member.write(...upTo(3n));
    member.snapshot();
    member.write(4n);
    member.snapshot(() => member.write(5n, 6n)); // snapshot.4 holds 5 and 6
    member.write(7n);
    member.snapshot();
    const { store } = member;
    expect(truncate(store, 5n)).toMatchObject({
      snapshot: 'snapshot.3',
      lastLo: 5,
      removed: ['snapshot.7', 'snapshot.4'],
    });
    expect(historyOf(recoverFrom(store))).toEqual(history('first', ...upTo(5n)));
  });

  test('the sync mark goes back with the log, and never forward', () => {
    const { store } = threeLogs();
    const markLo = (): number => {
      const reading = readSyncMark(store, VERSION_2);
      return reading.kind === 'read' ? reading.content.zxidLo : -1;
    };
    expect(markLo()).toBe(12);
    truncate(store, 6n);
    expect(markLo()).toBe(6);
    expect(recoverFrom(store, { warn: (message) => expect(message).toBe('nothing') }).missingTail).toBeNull();
    truncate(store, 0n);
    expect(markLo()).toBe(0);
    removeSyncMark(store, VERSION_2);
    truncate(store, 0n);
    expect(markLo(), 'where there is none, none is made').toBe(-1);
  });

  test('a zxid this member never had: it ends at the last one below, and says so', () => {
    const member = newMember();
    member.write(...upTo(5n), 0x100000001n, 0x100000002n);
    expect(truncate(member.store, 0x50n)).toMatchObject({ lastHi: 0, lastLo: 5 });
    expect(historyOf(recoverFrom(member.store))).toEqual(history('first', ...upTo(5n)));
  });

  test('a torn tail behind the last record goes too, and files that are named above the zxid but empty', () => {
    const { store } = threeLogs();
    const last = store.contentsOf(`${VERSION_2}/log.9`);
    const end = readLog(store, `${VERSION_2}/log.9`).endOffset;
    last.set([1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 40, 1, 2], end);
    store.place(`${VERSION_2}/log.9`, last);
    store.place(`${VERSION_2}/log.20`, new Uint8Array(3));
    truncate(store, 12n);
    expect(dataFiles(store)).toEqual(['log.1', 'log.5', 'log.9', 'snapshot.0']);
    expect(store.sizeOf(`${VERSION_2}/log.9`)).toBe(end);
  });

  test('a record that stands in two files goes from both', () => {
    const member = newMember();
    member.write(...upTo(6n));
    const { store } = member;
    store.place(`${VERSION_2}/log.1.bak`, store.contentsOf(`${VERSION_2}/log.1`));
    truncate(store, 4n);
    for (const name of ['log.1', 'log.1.bak']) expect(readLog(store, `${VERSION_2}/${name}`).entries).toHaveLength(4);
    expect(historyOf(recoverFrom(store))).toEqual(history('first', ...upTo(4n)));
  });
});

describe('what cannot be truncated is left alone', () => {
  function expectRefusal(store: SimFileStore, zxid: bigint, message: string | RegExp): void {
    const before = imageOf(store);
    expect(() => truncate(store, zxid)).toThrow(TruncateError);
    expect(() => truncate(store, zxid)).toThrow(message);
    expect(imageOf(store)).toEqual(before);
  }

  test('no snapshot at or below the zxid', () => {
    const member = threeLogs();
    member.snapshot();
    member.store.unlink(`${VERSION_2}/snapshot.0`);
    expectRefusal(member.store, 11n, 'Cannot truncate to 0xb: no snapshot can be loaded that does not reach beyond it');
  });

  test('the only one below it is broken', () => {
    const { store } = threeLogs();
    const bytes = store.contentsOf(`${VERSION_2}/snapshot.0`);
    bytes[bytes.length - 6] ^= 1;
    store.place(`${VERSION_2}/snapshot.0`, bytes);
    expectRefusal(store, 5n, /no snapshot can be loaded .*its checksum is wrong/);
  });

  test('a hole, below the zxid or above it', () => {
    const { store } = threeLogs();
    store.unlink(`${VERSION_2}/log.5`);
    expectRefusal(store, 11n, '0x4 is followed by 0x9');
    expectRefusal(store, 2n, '0x4 is followed by 0x9');
  });

  test('a damaged log', () => {
    const { store } = threeLogs();
    const bytes = store.contentsOf(`${VERSION_2}/log.5`);
    bytes[60] ^= 1;
    store.place(`${VERSION_2}/log.5`, bytes);
    expectRefusal(store, 6n, 'log.5 is damaged at offset 16');
  });

  test('a log that ends before what its only snapshot may hold', () => {
    const member = newMember();
    member.write(...upTo(3n));
    member.snapshot(() => {
      member.log.roll();
      member.write(4n);
    });
    const { store } = member;
    store.unlink(`${VERSION_2}/snapshot.0`);
    store.unlink(`${VERSION_2}/log.4`);
    expectRefusal(store, 9n, 'snapshot.3 needs the log up to 0x4');
  });

  test("a disk that fails while reading is the disk's error", () => {
    const { store } = threeLogs();
    store.onCall = (call) => (call.name === 'read' && call.path.endsWith('log.5') ? 'EIO' : 'ok');
    expect(() => truncate(store, 5n)).toThrow(expect.objectContaining({ code: 'EIO' }));
  });
});

describe('ended at every file call', () => {
  /** Four logs, snapshots below, at and above the zxids, two of them written while the tree changed. */
  function manyFiles(): FileImage {
    const member = newMember();
    member.write(...upTo(4n));
    member.snapshot(() => member.write(5n));
    member.log.roll();
    member.write(6n, 7n, 8n);
    member.snapshot(() => {
      member.write(9n);
      member.log.roll();
      member.write(10n, 11n);
    });
    member.log.roll();
    member.write(12n, 13n);
    member.snapshot();
    member.write(14n);
    member.log.close();
    return imageOf(member.store);
  }

  const image = manyFiles();
  const LAST = 14;

  for (const zxid of [5n, 7n, 8n, 12n]) {
    test(`TRUNC to ${zxid}: a start finds all up to there, repeating it is right, and nothing comes back`, () => {
      const starts = new Set<number>();
      const runs = endAtEveryCall(
        (store) => placeImage(store, image),
        (store) => truncate(store, zxid),
        (store, ending, label) => {
          // The old snapshots are still there until nothing below needs them.
          const found = recoverFrom(store);
          starts.add(found.lastZxidLo);
          expect(historyOf(found), label).toEqual(history('first', ...upTo(BigInt(found.lastZxidLo))));
          expect(found.lastZxidLo, label).toBeGreaterThanOrEqual(Number(zxid));
          if (ending === 'none') expect(found.lastZxidLo, label).toBe(Number(zxid));
          // A member that already stands at the zxid is sent a DIFF, any other one the same TRUNC again.
          if (found.lastZxidLo > Number(zxid)) {
            expect(truncate(store, zxid), label).toMatchObject({ lastLo: Number(zxid) });
            store.crash();
          }
          const member = new Member(store, 'second');
          expect(historyOf(member.database), label).toEqual(history('first', ...upTo(zxid)));
          const others = upTo(BigInt(LAST + 2)).filter((z) => z > zxid);
          member.write(...others);
          member.log.close();
          store.crash();
          const { nodes } = historyOf(recoverFrom(store));
          const expected = [...history('first', ...upTo(zxid)).nodes, ...history('second', ...others).nodes].sort();
          expect(nodes, label).toEqual(expected);
        },
        { seeds: 2, isPlace: changesFiles, endings: ['crash', 'kill'] },
      );
      expect(runs).toBeGreaterThan(15);
      expect(starts.has(LAST)).toBe(true);
      expect(starts.has(Number(zxid))).toBe(true);
    });
  }

  test('a disk that fails at any call, reads too, leaves it as it was or lets it be repeated', () => {
    endAtEveryCall(
      (store) => placeImage(store, image),
      (store) => truncate(store, 9n),
      (store, _, label) => {
        expect(truncate(store, 9n), label).toMatchObject({ lastLo: 9 });
        expect(dataFiles(store), label).toEqual(['log.1', 'log.6', 'snapshot.0', 'snapshot.4']);
      },
      { endings: ['EIO', 'ENOSPC'] },
    );
  });

  test('the image starts by itself', () => {
    expect(historyOf(recoverFrom(storeWithImage(image)))).toEqual(history('first', ...upTo(14n)));
  });
});
