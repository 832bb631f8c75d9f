// Which names are logs and snapshots, which logs a start reads, and when a snapshot is due.

import { describe, expect, test } from 'vitest';
import { Prng } from '../../../src/base/prng.js';
import { parseDataFileName } from '../../../src/persistence/file-names.js';
import { SimFileStore } from '../../../src/persistence/sim-file-store.js';
import { compressionOf } from '../../../src/persistence/snapshot-compression.js';
import { listSnapshots } from '../../../src/persistence/snapshot-files.js';
import { SnapshotPolicy } from '../../../src/persistence/snapshot-policy.js';
import { chooseTxnLogs, listTxnLogs } from '../../../src/persistence/txn-log-files.js';

describe('file names', () => {
  test.each([
    ['log.1', 0, 1, false],
    ['log.0', 0, 0, false],
    ['log.100000001', 1, 1, false],
    ['log.7fffffffffffffff', 0x7fffffff, -1, false],
    ['log.6.bak', 0, 6, true],
    ['log.0006', 0, 6, true],
    ['log.AB', 0, 0xab, true],
    ['log.000000000000000000000001', 0, 1, true],
    ['log.1.gz', 0, 1, true],
  ])('%s', (name, zxidHi, zxidLo, isOdd) => {
    expect(parseDataFileName(name, 'log', [])).toEqual({ name, zxidHi, zxidLo, isOdd });
  });

  test.each([
    'log',
    'log.',
    'log.zz',
    'logs.1',
    'mylog.1',
    'snapshot.1',
    'log.8000000000000000',
    'log.-1',
    'log. 1',
    '.log.1',
  ])('%s is none', (name) => {
    expect(parseDataFileName(name, 'log', [])).toBeNull();
  });

  test('compression goes by the last part', () => {
    const names = ['snapshot.1', 'snapshot.1.gz', 'snapshot.1.GZ', 'snapshot.1.gz.old', 'snapshot.1.snappy'];
    expect(names.map(compressionOf)).toEqual(['none', 'gz', 'gz', 'none', 'snappy']);
  });
});

describe('the files of a directory', () => {
  const names = ['log.1', 'log.6', 'log.6.bak', 'log.10', 'log.100000001', 'log.zz', 'myid'];
  const store = new SimFileStore(new Prng(1));
  for (const name of names) store.place(`/d/${name}`, new Uint8Array(0));
  for (const name of ['snapshot.0', 'snapshot.10.tmp', 'snapshot.f.gz', 'snapshot.10', '.tmp-snapshot.11']) {
    store.place(`/d/${name}`, new Uint8Array(0));
  }
  const logs = listTxnLogs(store, '/d');

  test('logs ascend, snapshots descend; leftovers of atomic writes are none', () => {
    expect(logs.map((file) => file.name)).toEqual(['log.1', 'log.6', 'log.6.bak', 'log.10', 'log.100000001']);
    expect(listSnapshots(store, '/d').map((file) => [file.name, file.isOdd])).toEqual([
      ['snapshot.10', false],
      ['snapshot.f.gz', false],
      ['snapshot.0', false],
    ]);
  });

  test.each([
    [0, 0, ['log.1', 'log.6', 'log.6.bak', 'log.10', 'log.100000001']],
    [0, 5, ['log.1', 'log.6', 'log.6.bak', 'log.10', 'log.100000001']],
    [0, 6, ['log.6', 'log.6.bak', 'log.10', 'log.100000001']],
    [0, 0xf, ['log.6', 'log.6.bak', 'log.10', 'log.100000001']],
    [0, 0x10, ['log.10', 'log.100000001']],
    [1, 0, ['log.10', 'log.100000001']],
    [2, 0, ['log.100000001']],
  ])('to go on behind %i:%i', (hi, lo, expected) => {
    expect(chooseTxnLogs(logs, hi, lo).map((file) => file.name)).toEqual(expected);
  });
});

describe('SnapshotPolicy', () => {
  /** How many records until a snapshot is due, again and again. */
  function intervals(policy: SnapshotPolicy, count: number, bytesPerRecord: number): number[] {
    const found: number[] = [];
    let records = 0;
    while (found.length < count) {
      records++;
      if (policy.onAppend(records * bytesPerRecord)) {
        found.push(records);
        records = 0;
      }
    }
    return found;
  }

  test('between half of snapCount plus one and snapCount records, differently each time', () => {
    const found = intervals(new SnapshotPolicy(1000, 0, new Prng(5)), 200, 0);
    expect(Math.min(...found)).toBeGreaterThanOrEqual(501);
    expect(Math.max(...found)).toBeLessThanOrEqual(1000);
    expect(new Set(found).size).toBeGreaterThan(100);
  });

  test('or half of the size limit plus one and the limit', () => {
    const found = intervals(new SnapshotPolicy(1_000_000, 10_000, new Prng(5)), 200, 10);
    expect(Math.min(...found)).toBeGreaterThanOrEqual(501);
    expect(Math.max(...found)).toBeLessThanOrEqual(1000);
    expect(new Set(found).size).toBeGreaterThan(100);
  });

  test('a limit of 0 or less is none; snapCount below 2 is 2', () => {
    for (const limit of [0, -1]) {
      const policy = new SnapshotPolicy(1000, limit, new Prng(1));
      expect(intervals(policy, 1, 1e12)[0]).toBeGreaterThan(500);
    }
    expect(intervals(new SnapshotPolicy(-5, 0, new Prng(1)), 3, 0)).toEqual([2, 2, 2]);
  });
});
