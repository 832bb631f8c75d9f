// The small parts of sessions alone: ids, the index from id to slot, the shared table, the bucket rule (client-protocol
// 11.1, 11.2). No server.

import { describe, expect, test } from 'vitest';
import { int64FromHalves } from '../../../src/base/int64.js';
import { Prng } from '../../../src/base/prng.js';
import { SessionIds } from '../../../src/session/session-id.js';
import { SessionIndex } from '../../../src/session/session-index.js';
import { SessionTable, SlotState, UNLOGGED_HI, UNLOGGED_LO } from '../../../src/session/session-table.js';
import { SessionTracker } from '../../../src/session/session-tracker.js';

/** The formula of the specification, in 64-bit numbers. */
function firstId(serverId: number, wallMs: number): bigint {
  const shifted = BigInt.asUintN(64, BigInt(wallMs) << 24n) >> 8n;
  return BigInt.asIntN(64, shifted | (BigInt(serverId) << 56n));
}

function current(ids: SessionIds): bigint {
  return int64FromHalves(ids.currentHi, ids.currentLo);
}

function tableOf(slots: number): SessionTable {
  return new SessionTable(new SharedArrayBuffer(SessionTable.byteLengthFor(slots)));
}

describe('SessionIds', () => {
  test.each([
    [1, 1_795_316_449_681],
    [1, 0],
    [255, 1_795_316_449_681],
    [128, 0xff_ffff_ffff],
    [7, 0x1ff_ffff_ffff],
  ])('ZOOKEEPER-1622: server %d at %d ms begins where the formula says', (serverId, wallMs) => {
    expect(current(new SessionIds(serverId, wallMs, 0))).toBe(firstId(serverId, wallMs));
  });

  test('never begins with the mark of containers', () => {
    expect(current(new SessionIds(128, 0, 0))).toBe(-0x8000000000000000n + 1n);
  });

  test('a clock that was set back brings no id again, not even of sessions that were closed since', () => {
    const before = new SessionIds(2, 1_795_316_449_681, 0);
    const given: bigint[] = [];
    for (let i = 0; i < 100_000; i++) {
      given.push(current(before));
      before.advance();
    }
    const after = new SessionIds(2, 1_795_316_449_681, 0);
    // Of all those, one session in the middle is still open.
    const open = given[17] as bigint;
    after.passOver(Number(BigInt.asIntN(32, open >> 32n)), Number(BigInt.asIntN(32, open)));
    const all = new Set(given);
    for (let i = 0; i < 100_000; i++) {
      expect(all.has(current(after))).toBe(false);
      after.advance();
    }
    expect(BigInt.asUintN(64, current(after)) >> 56n).toBe(2n);
  });

  test('several starts behind a clock that was set back, which find the same session open, give ids of their own each', () => {
    const open = new SessionIds(2, 1_795_316_449_681, 0);
    const all = new Set<bigint>();
    const prng = new Prng(1);
    for (let start = 0; start < 20; start++) {
      const ids = new SessionIds(2, 1_795_316_449_681 - 5000 * start, prng.next32());
      ids.passOver(open.currentHi, open.currentLo);
      for (let i = 0; i < 1000; i++) {
        expect(all.has(current(ids))).toBe(false);
        all.add(current(ids));
        ids.advance();
      }
    }
  });

  test('an id of another server, or of before, is no reason to skip any', () => {
    const ids = new SessionIds(2, 1_795_316_449_681, 0);
    const first = current(ids);
    const other = new SessionIds(3, 1_795_316_449_681, 0);
    ids.passOver(other.currentHi, other.currentLo);
    const earlier = new SessionIds(2, 1_795_316_449_680, 0);
    ids.passOver(earlier.currentHi, earlier.currentLo);
    expect(current(ids)).toBe(first);
  });

  test('counts by one, also over the edge of the lower half', () => {
    const ids = new SessionIds(1, 0xffff, 0);
    for (let i = 0; i < 65536; i++) {
      const before = current(ids);
      ids.advance();
      expect(current(ids)).toBe(before + 1n);
    }
  });
});

describe('SessionIndex', () => {
  test('finds what was set, by both halves', () => {
    const index = new SessionIndex();
    index.set(1, 2, 10);
    index.set(2, 1, 20);
    expect([index.slotOf(1, 2), index.slotOf(2, 1), index.slotOf(1, 1), index.slotOf(3, 2)]).toEqual([10, 20, -1, -1]);
    index.delete(1, 2);
    index.delete(9, 9);
    expect([index.slotOf(1, 2), index.slotOf(2, 1)]).toEqual([-1, 20]);
  });
});

describe('SessionTable', () => {
  test('when the database is replaced, who stays keeps slot and timeout, and others take the places of those who go', () => {
    const table = tableOf(8);
    for (const [slot, id] of [10, 11, 12, 13].entries()) table.open(slot, 1, id, 5000, 100);
    table.startClosing(2, 0, 9);
    const session = (idLo: number): { idHi: number; idLo: number; timeoutMs: number } => ({
      idHi: 1,
      idLo,
      timeoutMs: 7000,
    });
    // 12 was closing: the database that comes knows nothing of that.
    table.replaceAll([session(20), session(12), session(13), session(21), session(11), session(22)], 900);
    const slots = [0, 1, 2, 3, 4, 5].map((slot) => [table.state(slot), table.sessionLo(slot), table.timeoutMs(slot)]);
    const { open } = SlotState;
    expect(slots).toEqual([
      [open, 20, 7000],
      [open, 11, 5000],
      [open, 12, 7000],
      [open, 13, 5000],
      [open, 21, 7000],
      [open, 22, 7000],
    ]);
    expect([0, 1, 2, 3, 4, 5].map((slot) => table.touchedMs(slot))).toEqual([900, 900, 900, 900, 900, 900]);
    expect([table.openCount, table.slotCountUsed]).toEqual([6, 6]);
    table.replaceAll([], 950);
    expect([table.openCount, table.isOpen(1, 1, 11), table.state(5)]).toEqual([0, false, SlotState.free]);
  });

  test('a slot is open for its session only, from open to closing', () => {
    const table = tableOf(4);
    expect(table.isOpen(2, 7, 8)).toBe(false);
    table.open(2, 7, 8, 5000, 100.5);
    expect([table.isOpen(2, 7, 8), table.isOpen(2, 7, 9), table.isOpen(2, 8, 8)]).toEqual([true, false, false]);
    expect([table.timeoutMs(2), table.touchedMs(2), table.openCount, table.slotCountUsed]).toEqual([5000, 100.5, 1, 3]);
    table.startClosing(2, 0, 9);
    expect([table.isOpen(2, 7, 8), table.state(2), table.openCount]).toEqual([false, SlotState.closing, 0]);
    table.release(2);
    table.open(2, 9, 9, 6000, 200);
    expect(table.isOpen(2, 7, 8)).toBe(false);
    expect(table.slotCountUsed).toBe(3);
  });

  test('a touch keeps far times exact', () => {
    const table = tableOf(1);
    table.open(0, 1, 1, 5000, 0);
    table.touch(0, 2 ** 40 + 0.25);
    expect(table.touchedMs(0)).toBe(2 ** 40 + 0.25);
  });

  test('two views of one memory see the same', () => {
    const memory = new SharedArrayBuffer(SessionTable.byteLengthFor(2));
    new SessionTable(memory).open(1, 5, 6, 7000, 1);
    expect(new SessionTable(memory).isOpen(1, 5, 6)).toBe(true);
  });

  test('ZOOKEEPER-3144: names for a snapshot who is open, and who is closing but not closed in the tree', () => {
    const table = tableOf(5);
    for (const slot of [0, 1, 2, 3]) table.open(slot, 1, 10 + slot, 5000, 0);
    table.startClosing(1, 0, 7);
    table.startClosing(2, 0, 8);
    table.startClosing(3, 0, -1);
    table.release(3);
    const named = (zxidHi: number, zxidLo: number): number[] => {
      const ids: number[] = [];
      table.visitUnclosed(zxidHi, zxidLo, (_hi, lo) => ids.push(lo));
      return ids;
    };
    expect([named(0, 6), named(0, 7), named(0, 8), named(1, 0)]).toEqual([[10, 11, 12], [10, 12], [10], [10]]);
    // Opened by a transaction that the tree does not show yet: the log has it, or nobody ever will.
    table.open(4, 1, 14, 5000, 0, 0, 9);
    expect([named(0, 8), named(0, 9)]).toEqual([[10], [10, 14]]);
    table.startClosing(4, 0, 10);
    expect([named(0, 8), named(0, 9)]).toEqual([[10], [10, 14]]);
  });

  test('when a role has ended, exactly those are open whose opening is applied, and whose close is not', () => {
    const table = tableOf(7);
    table.open(0, 1, 10, 5000, 0);
    table.open(1, 1, 11, 5000, 0, 3, 0x85);
    table.open(2, 1, 12, 5000, 0, 3, 0x86);
    table.open(3, 1, 13, 5000, 0, 3, 0x84);
    table.startClosing(3, 3, 0x85);
    table.open(4, 1, 14, 5000, 0, 3, 0x84);
    table.startClosing(4, 3, 0x87);
    // Opened and closed, and neither is in anybody's log.
    table.open(5, 1, 15, 5000, 0, 3, 0x86);
    table.startClosing(5, 3, 0x88);
    table.open(6, 1, 16, 5000, 0, UNLOGGED_HI, UNLOGGED_LO);
    table.settle(3, 0x85);
    const open = [0, 1, 2, 3, 4, 5, 6].filter((slot) => table.state(slot) === SlotState.open);
    expect(open).toEqual([0, 1, 4]);
    expect([table.openCount, table.localCount]).toEqual([3, 0]);
  });

  test.each<[string, (table: SessionTable) => void]>([
    ['a slot that is taken', (table) => table.open(0, 2, 2, 1, 1)],
    ['a slot beyond the table', (table) => table.open(9, 2, 2, 1, 1)],
    ['closing what is closing', (table) => [table.startClosing(0, 0, 9), table.startClosing(0, 0, 9)]],
    ['releasing what is open', (table) => table.release(0)],
  ])('refuses %s', (_what, act) => {
    const table = tableOf(2);
    table.open(0, 1, 1, 1, 1);
    expect(() => act(table)).toThrow();
  });
});

describe('SessionTracker', () => {
  test('a bucket ends at the next multiple of the tick behind touch and timeout', () => {
    const tracker = new SessionTracker(tableOf(1), 2000);
    expect(tracker.bucketOf(0, 4000)).toBe(6000);
    expect(tracker.bucketOf(1999, 4000)).toBe(6000);
    expect(tracker.bucketOf(2000, 4000)).toBe(8000);
  });

  test('visits a session once its bucket has ended, and not before', () => {
    const table = tableOf(4);
    table.open(0, 1, 1, 4000, 1200);
    const tracker = new SessionTracker(table, 2000);
    const visited: number[] = [];
    for (let nowMs = 0; nowMs < 10_000; nowMs += 100) {
      tracker.visitExpired(nowMs, (slot) => visited.push(nowMs, slot));
      if (visited.length > 0) break;
    }
    expect(visited).toEqual([6000, 0]);
  });

  test('expires each session between timeout and timeout plus tick after its last touch', () => {
    const prng = new Prng(3);
    const tickMs = 2000;
    const table = tableOf(200);
    const dueMs = new Map<number, { touchedMs: number; timeoutMs: number }>();
    for (let slot = 0; slot < 200; slot++) {
      const touchedMs = prng.below(5000);
      const timeoutMs = 4000 + prng.below(36_000);
      table.open(slot, 1, slot, timeoutMs, touchedMs);
      dueMs.set(slot, { touchedMs, timeoutMs });
    }
    const tracker = new SessionTracker(table, tickMs);
    for (let nowMs = 0; nowMs < 60_000; nowMs += 50) {
      tracker.visitExpired(nowMs, (slot) => {
        const { touchedMs, timeoutMs } = dueMs.get(slot) as { touchedMs: number; timeoutMs: number };
        expect(nowMs - touchedMs).toBeGreaterThan(timeoutMs - 1);
        expect(nowMs - touchedMs).toBeLessThanOrEqual(timeoutMs + tickMs);
        dueMs.delete(slot);
        table.startClosing(slot, 0, 9);
      });
    }
    expect(dueMs.size).toBe(0);
  });

  test('visits again at the next boundary who is still open', () => {
    const table = tableOf(1);
    table.open(0, 1, 1, 4000, 0);
    const tracker = new SessionTracker(table, 2000);
    const visits: number[] = [];
    for (let nowMs = 0; nowMs <= 9000; nowMs += 500) tracker.visitExpired(nowMs, () => visits.push(nowMs));
    expect(visits).toEqual([6000, 8000]);
  });

  test('says nothing of sessions that are closing', () => {
    const table = tableOf(1);
    table.open(0, 1, 1, 4000, 0);
    table.startClosing(0, 0, 9);
    new SessionTracker(table, 2000).visitExpired(60_000, () => expect.unreachable());
  });
});
