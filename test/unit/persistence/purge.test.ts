// What purging removes and what it never touches; and a crash at every file call of it, on the simulated disk: the start
// afterwards succeeds with the same state. Apache's PurgeTxnLog decides the same (test/interop/toolkits.test.ts).

import { describe, expect, test } from 'vitest';
import { Prng } from '../../../src/base/prng.js';
import type { DataFileName } from '../../../src/persistence/file-names.js';
import { parseDataFileName, SNAPSHOT_PREFIX } from '../../../src/persistence/file-names.js';
import { oldestKept, planPurge, purge, RETAIN_COUNT_MIN } from '../../../src/persistence/purge.js';
import { SimCrashError, SimFileStore } from '../../../src/persistence/sim-file-store.js';
import { SnapshotWriter } from '../../../src/persistence/snapshot-writer.js';
import { verifySnapshot } from '../../../src/persistence/verify-snapshot.js';
import { TxnApplier } from '../../../src/store/txn-applier.js';
import { newTree, recoverFrom, stateOf, storeWith, VERSION_2 } from './persistence-fixture.js';
import { append, createEntry, newWriter } from './txn-entries.js';

const DIRECTORIES = { logDirectory: VERSION_2, snapshotDirectory: VERSION_2 };

function at(lo: number): { hi: number; lo: number } {
  return { hi: 0, lo };
}

function snapshots(...names: string[]): DataFileName[] {
  return names.map((name) => parseDataFileName(name, SNAPSHOT_PREFIX, []) as DataFileName);
}

describe('the oldest snapshot that is kept', () => {
  const newestFirst = snapshots('snapshot.50', 'snapshot.40', 'snapshot.30', 'snapshot.20', 'snapshot.10');

  test('is the last of the newest whole ones; broken ones do not count', () => {
    expect(oldestKept(newestFirst, 3, () => true)).toEqual(at(0x30));
    expect(oldestKept(newestFirst, 3, (name) => name !== 'snapshot.40')).toEqual(at(0x20));
  });

  test('is the oldest whole one when there are fewer, and none when none is whole', () => {
    expect(oldestKept(newestFirst, 9, () => true)).toEqual(at(0x10));
    expect(oldestKept(newestFirst, 3, () => false)).toBeNull();
  });

  test('is looked for no further than necessary: proving a snapshot means reading it', () => {
    const asked: string[] = [];
    oldestKept(newestFirst, 3, (name) => asked.push(name) > 0);
    expect(asked).toEqual(['snapshot.50', 'snapshot.40', 'snapshot.30']);
  });
});

describe('the plan', () => {
  test('keeps the log that holds the next transaction, and all behind it', () => {
    const logs = ['log.1', 'log.11', 'log.21', 'log.35', 'log.41'];
    const plan = planPurge(logs, ['snapshot.0', 'snapshot.20', 'snapshot.30', 'snapshot.40', 'snapshot.50'], at(0x30));
    expect(plan).toEqual({ logs: ['log.1', 'log.11'], snapshots: ['snapshot.0', 'snapshot.20'] });
  });

  test('takes a log that begins with the snapshot itself for the one that is needed', () => {
    expect(planPurge(['log.1', 'log.30', 'log.31'], [], at(0x30)).logs).toEqual(['log.1']);
  });

  test('orders by zxid, not by name, and goes across epochs', () => {
    const logs = ['log.100000001', 'log.9', 'log.10', 'log.200000001'];
    expect(planPurge(logs, [], { hi: 2, lo: 5 }).logs).toEqual(['log.9', 'log.10', 'log.100000001']);
  });

  test('removes nothing but logs and snapshots', () => {
    const others = [
      'sync.mark',
      'acceptedEpoch',
      'currentEpoch',
      'set-aside.5',
      'logs',
      'log',
      '.tmp-snapshot.1',
      'myid',
    ];
    expect(planPurge(others, others, at(0x7fffffff))).toEqual({ logs: [], snapshots: [] });
  });

  test('takes odd names as the reference does: by their number, or for older than all', () => {
    const logs = ['log.5.bak', 'log.zz', 'log.', 'log.30', 'log.30.bak'];
    expect(planPurge(logs, ['snapshot.5.tmp', 'snapshot.x', 'snapshot.30.gz'], at(0x30))).toEqual({
      logs: ['log.zz', 'log.', 'log.5.bak'],
      snapshots: ['snapshot.x', 'snapshot.5.tmp'],
    });
    expect(planPurge(['log.zz'], [], at(0x30)).logs).toEqual(['log.zz']);
  });
});

/** Snapshots 5, 10, ... 30 of a tree that gets a node per transaction, each log rolled a little behind its snapshot. */
function history(): SimFileStore {
  const store = new SimFileStore(new Prng(7));
  store.makeDirectories(VERSION_2);
  const tree = newTree();
  const applier = new TxnApplier(tree);
  const snap = (): void => {
    const writer = new SnapshotWriter({
      fileStore: store,
      directory: VERSION_2,
      reader: tree.reader,
      backOff: () => undefined,
      collectSessions: () => undefined,
      waitUntilDurable: () => undefined,
      loaded: null,
      compression: 'none',
      writesLastZxid: true,
      treeDigest: null,
    });
    writer.write();
  };
  snap();
  const log = newWriter(store);
  for (let i = 1; i <= 33; i++) {
    const zxid = BigInt(i);
    const entry = createEntry(zxid, `/n${i}`, null);
    append(log, entry, zxid);
    log.commit();
    tree.beginWrite();
    applier.apply(entry, 0, entry.length, null);
    tree.endWrite(0, i);
    if (i % 5 === 0) snap();
    if (i % 5 === 2) log.roll();
  }
  log.close();
  return store;
}

function purgeAll(store: SimFileStore, changes: { neededFrom?: number } = {}): string[] {
  const removed: string[] = [];
  purge(store, DIRECTORIES, {
    retainCount: RETAIN_COUNT_MIN,
    neededFrom: changes.neededFrom === undefined ? null : at(changes.neededFrom),
    isWhole: (name) => verifySnapshot(store, `${VERSION_2}/${name}`).isWhole,
    onRemove: (path) => removed.push(path),
    onFailed: (path, error) => {
      if (error instanceof SimCrashError) throw error;
      throw new Error(`${path} was not removed`, { cause: error });
    },
  });
  return removed;
}

describe('a purge', () => {
  test('removes logs before snapshots, oldest first, and a start finds the same', () => {
    const store = history();
    const before = stateOf(recoverFrom(history()));
    expect(purgeAll(store).map((path) => path.slice(VERSION_2.length + 1))).toEqual([
      'log.1',
      'log.3',
      'log.8',
      'log.d',
      'snapshot.0',
      'snapshot.5',
      'snapshot.a',
      'snapshot.f',
    ]);
    expect(purgeAll(store)).toEqual([]);
    expect(stateOf(recoverFrom(store))).toEqual(before);
  });

  test('counts a snapshot only when it proves whole to the last byte', () => {
    const store = history();
    const name = `${VERSION_2}/snapshot.1e`;
    const bytes = store.contentsOf(name).slice();
    bytes[40] ^= 1;
    store.place(name, bytes);
    expect(purgeAll(store).at(-1)).toBe(`${VERSION_2}/snapshot.a`);
    expect(store.list(VERSION_2)).toContain('snapshot.1e');
    expect(stateOf(recoverFrom(store)).lastProcessedZxid).toBe('0x21');
  });

  test('reads no snapshot when nothing could go: it comes every hour, and snapshots are big', () => {
    const store = history();
    purgeAll(store);
    const read: string[] = [];
    store.onCall = ({ name, path }) => {
      if (name === 'open') read.push(path);
      return 'ok';
    };
    expect(purgeAll(store)).toEqual([]);
    expect(read).toEqual([]);
  });

  test('leaves what somebody still reads from', () => {
    const store = history();
    expect(purgeAll(store, { neededFrom: 9 })).toEqual([
      `${VERSION_2}/log.1`,
      `${VERSION_2}/log.3`,
      `${VERSION_2}/snapshot.0`,
      `${VERSION_2}/snapshot.5`,
    ]);
  });

  test('does nothing without a whole snapshot', () => {
    expect(purgeAll(storeWith('snap-all-bad'))).toEqual([]);
  });

  test('can crash at every file call: the start afterwards finds the same', () => {
    const made = history();
    const expected = stateOf(recoverFrom(made.fork(new Prng(1))));
    let crashes = 0;
    for (let call = 0; ; call++) {
      const store = made.fork(new Prng(call));
      const from = store.callCount + call;
      store.onCall = ({ index }) => (index === from ? 'crash' : 'ok');
      try {
        purgeAll(store);
        break;
      } catch (error) {
        if (!(error instanceof SimCrashError)) throw error;
      }
      crashes++;
      store.onCall = () => 'ok';
      store.crash();
      expect(stateOf(recoverFrom(store)), `a crash at call ${call}`).toEqual(expected);
      purgeAll(store);
      expect(stateOf(recoverFrom(store)), `a purge after a crash at call ${call}`).toEqual(expected);
    }
    expect(crashes).toBeGreaterThan(20);
  });
});
