// Reading the log for a learner: which files, how much of it may be read, where reading ends; and the floor under what may
// be handed on at all.

import { describe, expect, test } from 'vitest';
import { Prng } from '../../../src/base/prng.js';
import { LogFloor } from '../../../src/persistence/log-floor.js';
import { ProposalsFromLog, type ProposalsFromLogOptions } from '../../../src/persistence/proposals-from-log.js';
import { RecoveryError } from '../../../src/persistence/recovery-error.js';
import { SimFileStore } from '../../../src/persistence/sim-file-store.js';
import { type LeaderHistory, type SyncPlan, SyncPlanner, type ZxidSource } from '../../../src/persistence/sync-plan.js';
import { endAtEveryCall } from './every-call.js';
import { newMember } from './member-files.js';
import { hexOfZxid, recoverFrom, storeWith, VERSION_2 } from './persistence-fixture.js';
import { append, createEntry, newWriter } from './txn-entries.js';

type Settings = Partial<ProposalsFromLogOptions>;

/** Each argument is a log file; with a snapshot of so many bytes, if any. */
function storeOf(logs: readonly (readonly bigint[])[], snapshotBytes = 0): SimFileStore {
  const store = new SimFileStore(new Prng(1));
  store.makeDirectories(VERSION_2);
  for (const zxids of logs) {
    const writer = newWriter(store);
    for (const zxid of zxids) append(writer, createEntry(zxid, `/n${zxid}`, new Uint8Array(50)), zxid);
    writer.close();
  }
  if (snapshotBytes > 0) {
    const snapshot = new Uint8Array(snapshotBytes);
    snapshot.set([0, 0, 0, 1, 0x2f], snapshotBytes - 5);
    store.place(`${VERSION_2}/snapshot.1`, snapshot);
  }
  return store;
}

function open(store: SimFileStore, hi: number, lo: number, changes: Settings = {}): ProposalsFromLog | null {
  const directories = { logDirectory: VERSION_2, snapshotDirectory: VERSION_2 };
  const options = { fileStore: store, ...directories, snapshotSizeFactor: 0.33, floorHi: -1, floorLo: -1, ...changes };
  return ProposalsFromLog.open(options, hi, lo);
}

function read(proposals: ProposalsFromLog | null): string[] | null {
  if (proposals === null) return null;
  const zxids: string[] = [];
  while (proposals.next()) zxids.push(hexOfZxid(proposals.zxidHi, proposals.zxidLo));
  expect(proposals.next()).toBe(false);
  proposals.close();
  return zxids;
}

const LOGS = [
  [1n, 2n, 3n],
  [4n, 5n, 6n],
  [7n, 8n],
] as const;

describe('which files are read', () => {
  test.each<[number, string[]]>([
    [5, ['0x4', '0x5', '0x6', '0x7', '0x8']],
    [6, ['0x4', '0x5', '0x6', '0x7', '0x8']],
    // The file that begins with it would do, but what stands before it might be asked for.
    [4, ['0x1', '0x2', '0x3', '0x4', '0x5', '0x6', '0x7', '0x8']],
    [1, ['0x1', '0x2', '0x3', '0x4', '0x5', '0x6', '0x7', '0x8']],
    [99, ['0x7', '0x8']],
  ])('from zxid %i: from the beginning of the file it must be in', (lo, zxids) => {
    expect(read(open(storeOf(LOGS), 0, lo))).toEqual(zxids);
  });

  test('a zxid of counter 0, in front of which another epoch ends', () => {
    const store = storeOf([[1n, 2n], [0x100000001n]]);
    expect(read(open(store, 1, 0))).toEqual(['0x1', '0x2', '0x100000001']);
    expect(read(open(store, 0, 0))).toBeNull();
  });

  test('a log that begins above it is of no use, neither is none, or an empty one', () => {
    expect(read(open(storeOf([[4n, 5n]]), 0, 3))).toBeNull();
    expect(read(open(storeOf([]), 0, 3))).toBeNull();
    const store = storeOf([]);
    store.place(`${VERSION_2}/log.1`, new Uint8Array(0));
    expect(read(open(store, 0, 3))).toBeNull();
  });

  test('entries come with their bytes, from the first one above a zxid', () => {
    const store = storeOf(LOGS);
    const proposals = open(store, 0, 5);
    expect(proposals?.seekAbove(0, 5)).toBe(true);
    if (proposals === null) throw new Error('it is there');
    const { bytes, entryOffset, entryLength } = proposals;
    expect(bytes.slice(entryOffset, entryOffset + entryLength)).toEqual(createEntry(6n, '/n6', new Uint8Array(50)));
    expect(proposals.seekAbove(0, 8)).toBe(false);
    proposals.close();
  });
});

describe('how much may be read', () => {
  const PADDED = 16 + (16 << 10); // of each file

  test('all files but the first count, with their padding, against the newest snapshot', () => {
    const bytes = 2 * PADDED;
    expect(open(storeOf(LOGS, bytes), 0, 2, { snapshotSizeFactor: 1 })).not.toBeNull();
    expect(open(storeOf(LOGS, bytes - 1), 0, 2, { snapshotSizeFactor: 1 })).toBeNull();
    expect(open(storeOf(LOGS, bytes - 1), 0, 5, { snapshotSizeFactor: 1 })).not.toBeNull();
    expect(open(storeOf(LOGS, bytes), 0, 2, { snapshotSizeFactor: 0.5 })).toBeNull();
    expect(open(storeOf(LOGS, 20), 0, 8, { snapshotSizeFactor: 0.33 })).not.toBeNull();
  });

  test('without limit when the factor is 0 or there is no valid snapshot; never when it is negative', () => {
    expect(open(storeOf(LOGS, 20), 0, 2, { snapshotSizeFactor: 0 })).not.toBeNull();
    expect(open(storeOf(LOGS), 0, 2)).not.toBeNull();
    const store = storeOf(LOGS);
    store.place(`${VERSION_2}/snapshot.9`, new Uint8Array(30));
    expect(open(store, 0, 2)).not.toBeNull();
    expect(open(storeOf(LOGS), 0, 2, { snapshotSizeFactor: -1 })).toBeNull();
  });
});

describe('where reading ends', () => {
  test('at damage, and at an error of the disk, without an error', () => {
    const store = storeOf(LOGS);
    const bytes = store.contentsOf(`${VERSION_2}/log.4`);
    bytes[200] ^= 1; // in the second record
    store.place(`${VERSION_2}/log.4`, bytes);
    expect(read(open(store, 0, 2))).toEqual(['0x1', '0x2', '0x3', '0x4']);
    expect(read(open(store, 0, 8))).toEqual(['0x7', '0x8']);
    let runs = 0;
    endAtEveryCall(
      (disk) => {
        for (const zxids of LOGS) copyLog(disk, zxids);
      },
      (disk) => {
        const zxids = read(open(disk, 0, 2)) ?? [];
        expect(['0x1', '0x2', '0x3', '0x4', '0x5', '0x6', '0x7', '0x8'].slice(0, zxids.length)).toEqual(zxids);
        if (zxids.length < 8) runs++;
      },
      () => undefined,
      { endings: ['EIO'] },
    );
    expect(runs).toBeGreaterThan(5);
  });

  test('a log that is cut while it is read leads nowhere, so the plan is a snapshot', () => {
    const store = storeOf(LOGS);
    store.unlink(`${VERSION_2}/log.7`);
    const nothing: ZxidSource = { zxidHi: 0, zxidLo: 0, entryLength: 0, next: () => false };
    const bounds = { treeHi: 0, treeLo: 8, minHi: 0, minLo: 8, maxHi: 0, maxLo: 8 };
    const history: LeaderHistory = { ...bounds, isSnapForced: false };
    const plan = (from: SimFileStore): SyncPlan | null =>
      new SyncPlanner(0, 5, () => open(from, 0, 5)).step(history, nothing, 1 << 20);
    expect(plan(store)?.op).toBe('SNAP');
    expect(plan(storeOf(LOGS))).toEqual({
      op: 'DIFF',
      zxidHi: 0,
      zxidLo: 8,
      isFromDisk: true,
    });
  });

  test('a learner that was sent a snapshot has a hole in its log (learner-snap-3.9): nothing is served across it', () => {
    const store = storeWith('learner-snap-3.9');
    expect(read(open(store, 1, 3, { snapshotSizeFactor: 0 }))).toEqual(
      [1, 2, 3, 4, 5, 6, 10].map((n) => hexOfZxid(1, n)),
    );
    const nothing: ZxidSource = { zxidHi: 0, zxidLo: 0, entryLength: 0, next: () => false };
    const bounds = { treeHi: 1, treeLo: 10, minHi: 1, minLo: 10, maxHi: 1, maxLo: 10 };
    const planner = new SyncPlanner(1, 3, () => open(store, 1, 3, { snapshotSizeFactor: 0 }));
    expect(planner.step({ ...bounds, isSnapForced: false }, nothing, 1 << 20)?.op).toBe('SNAP');
  });
});

function copyLog(store: SimFileStore, zxids: readonly bigint[]): void {
  const name = `${VERSION_2}/log.${zxids[0].toString(16)}`;
  store.place(name, storeOf([zxids]).contentsOf(name));
}

describe('the floor', () => {
  test('ZOOKEEPER-2846: a log that goes on in a new epoch behind leftovers looks whole, and is not served', () => {
    // 1.6 was never committed; a snapshot at 2.0 was loaded, and the log went on with 2.1.
    const store = storeOf([
      [0x100000005n, 0x100000006n],
      [0x200000001n, 0x200000002n],
    ]);
    const floor = new LogFloor(store, VERSION_2);
    expect([floor.hi, floor.lo]).toEqual([-1, -1]);
    expect(open(store, 1, 5, { floorHi: floor.hi, floorLo: floor.lo })).not.toBeNull();
    floor.raise(2, 0);
    const again = new LogFloor(store, VERSION_2);
    expect([again.hi, again.lo]).toEqual([2, 0]);
    expect(open(store, 1, 5, { floorHi: again.hi, floorLo: again.lo })).toBeNull();
    expect(read(open(store, 2, 1, { floorHi: again.hi, floorLo: again.lo }))).toContain('0x200000002');
  });

  test('a start does not go across it from an older snapshot, when the one that was sent is broken', () => {
    const member = newMember();
    member.write(0x100000001n, 0x100000002n); // the second one was never committed
    member.log.close();
    const { store } = member;
    new LogFloor(store, VERSION_2).raise(2, 0);
    // The leader's snapshot was not there yet when the power went: nothing has changed.
    expect(recoverFrom(store).lastZxidLo).toBe(2);
    store.place(`${VERSION_2}/snapshot.200000000`, store.contentsOf(`${VERSION_2}/snapshot.0`).fill(1, 20, 30));
    // It was there, whole under its name, and was answered for.
    expect(() => recoverFrom(store)).toThrow(
      'snapshot.200000000 cannot be loaded, and the log beyond 0x200000000 follows',
    );
    const log = newWriter(store);
    append(log, createEntry(0x200000001n, '/a', null), 0x200000001n);
    log.close();
    expect(() => recoverFrom(store)).toThrow(RecoveryError);
    expect(() => recoverFrom(store)).toThrow(
      'snapshot.200000000 cannot be loaded, and the log beyond 0x200000000 follows',
    );
  });

  test('never falls, and is there or as it was after any ending', () => {
    const runs = endAtEveryCall(
      (store) => {
        store.makeDirectories(VERSION_2);
        new LogFloor(store, VERSION_2).raise(1, 0x80000001 | 0);
      },
      (store) => {
        const floor = new LogFloor(store, VERSION_2);
        floor.raise(1, 7);
        floor.raise(2, 3);
      },
      (store, ending, label) => {
        const { hi, lo } = new LogFloor(store, VERSION_2);
        const now = hexOfZxid(hi, lo);
        expect(ending === 'none' ? ['0x200000003'] : ['0x180000001', '0x200000003'], label).toContain(now);
      },
    );
    expect(runs).toBeGreaterThan(20);
  });

  test('a disk that does not say it forbids everything, and ends nothing', () => {
    const store = storeOf(LOGS);
    new LogFloor(store, VERSION_2).raise(1, 7);
    store.onCall = ({ path }) => (path.endsWith('logFloor') ? 'EIO' : 'ok');
    expect(LogFloor.tryRead(store, VERSION_2)).toBeNull();
    store.onCall = () => 'ok';
    expect(LogFloor.tryRead(store, VERSION_2)).toMatchObject({ hi: 1, lo: 7 });
  });

  test('a file that says nothing forbids everything', () => {
    const store = storeOf(LOGS);
    store.place(`${VERSION_2}/logFloor`, Buffer.from('xyz'));
    const { hi, lo } = new LogFloor(store, VERSION_2);
    expect(open(store, 0, 5, { floorHi: hi, floorLo: lo })).toBeNull();
  });
});
