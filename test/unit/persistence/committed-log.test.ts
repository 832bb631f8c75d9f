// The committed log against a plain list: what is kept, in which order, with which bytes, in how much memory.

import { describe, expect, test } from 'vitest';
import { hiOf, int64FromHalves, loOf } from '../../../src/base/int64.js';
import { Prng } from '../../../src/base/prng.js';
import { CommittedLog, type CommittedLogResult } from '../../../src/persistence/committed-log.js';
import { recoverFrom, storeWith, VERSION_2 } from './persistence-fixture.js';
import { readLog } from './txn-entries.js';

function put(log: CommittedLog, zxid: bigint, entry = entryOf(zxid, 40)): CommittedLogResult {
  const framed = new Uint8Array(entry.length + 10).fill(0xee);
  framed.set(entry, 5);
  return log.append(framed, 5, entry.length, hiOf(zxid), loOf(zxid));
}

function entryOf(zxid: bigint, length: number): Uint8Array {
  return new Uint8Array(length).fill(Number(zxid & 0xffn));
}

function look(log: CommittedLog, index: number): { zxid: bigint; entry: Uint8Array } {
  log.look(index);
  return {
    zxid: int64FromHalves(log.zxidHi, log.zxidLo),
    entry: log.bytes.slice(log.entryOffset, log.entryOffset + log.entryLength),
  };
}

function zxidsOf(log: CommittedLog): bigint[] {
  return Array.from({ length: log.count }, (_, i) => look(log, i).zxid);
}

function bounds(log: CommittedLog): [bigint, bigint] {
  return [int64FromHalves(log.minHi, log.minLo), int64FromHalves(log.maxHi, log.maxLo)];
}

describe('what follows what', () => {
  test('nothing is known of an empty one', () => {
    const log = new CommittedLog(4, 1000);
    expect(bounds(log)).toEqual([-1n, -1n]);
    expect(log.byteLength).toBe(0);
    expect(put(log, 0x500000009n)).toBe('kept');
    expect(bounds(log)).toEqual([0x500000009n, 0x500000009n]);
  });

  test('a zxid that is not above the newest is ignored, one that does not follow is a hole, a higher epoch follows', () => {
    const log = new CommittedLog(10, 1000);
    expect(put(log, 5n)).toBe('kept');
    expect(put(log, 6n)).toBe('kept');
    for (const known of [6n, 5n, 1n]) expect(put(log, known)).toBe('ignored');
    for (const beyond of [8n, 0xffffffffn]) expect(put(log, beyond), 'ZOOKEEPER-4925').toBe('hole');
    expect(put(log, 0x100000002n), 'an epoch begins at counter 1').toBe('hole');
    expect(put(log, 0x100000001n)).toBe('kept');
    expect(put(log, 7n)).toBe('ignored');
    expect(zxidsOf(log)).toEqual([5n, 6n, 0x100000001n]);
    expect(bounds(log)).toEqual([5n, 0x100000001n]);
  });

  test('the counter compares unsigned', () => {
    const log = new CommittedLog(10, 1000);
    for (const zxid of [0x17fffffffn, 0x180000000n, 0x180000001n]) expect(put(log, zxid)).toBe('kept');
    expect(log.indexFrom(1, 0x80000000 | 0)).toBe(1);
    const end = new CommittedLog(10, 1000);
    put(end, 0x1ffffffffn);
    expect(put(end, 0x100000000n)).toBe('ignored');
    expect(put(end, 0x200000001n)).toBe('kept');
  });

  test('cleared, it says where the next record must follow', () => {
    const log = new CommittedLog(10, 1000);
    put(log, 5n);
    log.clear(2, 0);
    expect(log.count).toBe(0);
    expect(bounds(log)).toEqual([0x200000000n, 0x200000000n]);
    expect(put(log, 6n)).toBe('ignored');
    expect(put(log, 0x200000002n)).toBe('hole');
    expect(put(log, 0x200000001n)).toBe('kept');
    expect(zxidsOf(log)).toEqual([0x200000001n]);
    log.clear(-1, -1);
    expect(put(log, 3n)).toBe('kept');
  });
});

describe('what is given up', () => {
  test('the oldest, by count', () => {
    const log = new CommittedLog(3, 10_000);
    for (let zxid = 1n; zxid <= 7n; zxid++) put(log, zxid);
    expect(zxidsOf(log)).toEqual([5n, 6n, 7n]);
    expect(bounds(log)).toEqual([5n, 7n]);
  });

  test('the oldest, by bytes', () => {
    const log = new CommittedLog(500, 1000);
    for (let zxid = 1n; zxid <= 20n; zxid++) put(log, zxid, entryOf(zxid, 300));
    expect(zxidsOf(log)).toEqual([18n, 19n, 20n]);
    expect(log.byteLength).toBe(1000);
  });

  test('everything, for a record that is longer than all of the memory; the order goes on', () => {
    const log = new CommittedLog(500, 1000);
    put(log, 1n);
    expect(put(log, 2n, entryOf(2n, 1001))).toBe('kept');
    expect(log.count).toBe(0);
    expect(bounds(log)).toEqual([2n, 2n]);
    expect(put(log, 4n)).toBe('hole');
    expect(put(log, 3n)).toBe('kept');
    expect(zxidsOf(log)).toEqual([3n]);
  });
});

describe('ZOOKEEPER-4352: after a start', () => {
  test('it holds the last of what was replayed', () => {
    const log = new CommittedLog(5, 10_000);
    recoverFrom(storeWith('tiny-3.9'), { committedLog: log });
    expect(zxidsOf(log)).toEqual([12n, 13n, 14n, 15n, 16n]);
    expect(look(log, 0).entry).toEqual(readLog(storeWith('tiny-3.9'), `${VERSION_2}/log.1`).entries[11]);
  });

  test('behind a snapshot that nothing follows it is empty, and says where the next record must follow', () => {
    const log = new CommittedLog(5, 10_000);
    recoverFrom(storeWith('tiny-restarted-3.9'), { committedLog: log });
    expect(log.count).toBe(0);
    expect(bounds(log)).toEqual([16n, 16n]);
    expect(put(log, 18n)).toBe('hole');
  });

  test('nothing of before is left when there is no snapshot', () => {
    const log = new CommittedLog(5, 10_000);
    put(log, 0x900000001n);
    recoverFrom(storeWith('no-snapshot'), { committedLog: log, trustEmptySnapshot: true });
    expect(log.count).toBe(5);
    expect(bounds(log)[1]).toBeLessThan(0x900000001n);
  });

  test('nothing of a snapshot that could not be used is left in it', () => {
    const log = new CommittedLog(500, 100_000);
    put(log, 0x900000001n);
    const database = recoverFrom(storeWith('snap-flip-newest'), { committedLog: log });
    expect(bounds(log)[1]).toBe(int64FromHalves(database.lastZxidHi, database.lastZxidLo));
    expect(log.count).toBe(database.recordsReplayed);
  });
});

test.each([1, 2, 3, 4, 5, 6])('seed %i: every record is found with its own bytes, in bounded memory', (seed) => {
  const prng = new Prng(seed);
  const slotCount = 1 + prng.below(40);
  const bytesMax = 500 + prng.below(200_000);
  const log = new CommittedLog(slotCount, bytesMax);
  let model: { zxid: bigint; entry: Uint8Array }[] = [];
  let zxid = 0n;
  for (let step = 0; step < 2000; step++) {
    zxid = prng.below(200) === 0 ? ((zxid >> 32n) + 1n) * 0x1_0000_0000n + 1n : zxid + 1n;
    const entry = new Uint8Array(32 + prng.below(prng.below(20) === 0 ? bytesMax : 400));
    for (let i = 0; i < entry.length; i += 7) entry[i] = prng.below(256);
    expect(put(log, zxid, entry)).toBe('kept');
    model.push({ zxid, entry });
    // How many are given up is the log's business, but they are the oldest, and not more than they must be.
    expect(log.count).toBeLessThanOrEqual(slotCount);
    expect(log.byteLength).toBeLessThanOrEqual(bytesMax);
    model = log.count === 0 ? [] : model.slice(-log.count);
    if (entry.length <= bytesMax) expect(log.count).toBeGreaterThan(0);
    const index = prng.below(log.count + 1);
    if (index < log.count) {
      const { zxid: found, entry: bytes } = model[index];
      const seen = look(log, index);
      expect(seen.zxid).toBe(found);
      expect(Buffer.compare(seen.entry, bytes)).toBe(0);
      expect(log.indexFrom(hiOf(found), loOf(found))).toBe(index);
      expect(log.indexFrom(hiOf(found + 1n), loOf(found + 1n))).toBe(index + 1);
    }
  }
  expect(zxidsOf(log)).toEqual(model.map((record) => record.zxid));
  for (let i = 0; i < log.count; i++) expect(Buffer.compare(look(log, i).entry, model[i].entry)).toBe(0);
  expect(log.indexFrom(-1, -1)).toBe(0);
  expect(() => log.look(log.count)).toThrow('the entry is there');
});
