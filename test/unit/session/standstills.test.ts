// Time in which the server stood still is not held against sessions: what of it counts for whom, what is forgotten, and when a tick is
// late enough to say so. tickTime 2000: a look each 200 ms, late from half a tickTime on.

import { describe, expect, test } from 'vitest';
import type { ActorContext } from '../../../src/actor/actor.js';
import { silentLogger } from '../../../src/actor/logger.js';
import { LocalMailbox } from '../../../src/actor/mailbox/local-mailbox.js';
import { SessionTrackerActor } from '../../../src/processor/session-tracker-actor.js';
import { SessionTable } from '../../../src/session/session-table.js';
import { SessionTracker } from '../../../src/session/session-tracker.js';
import { Standstills } from '../../../src/session/standstills.js';
import { loneMetrics } from '../../testing/lone-metrics.js';

const TICK_MS = 2000;
const TIMEOUT_MS = 4000;

function newTable(): SessionTable {
  return new SessionTable(new SharedArrayBuffer(SessionTable.byteLengthFor(4)));
}

describe('standstills', () => {
  test('count for who was touched before their end, as far as they came after the touch', () => {
    const standstills = new Standstills();
    standstills.add(1000, 3000);
    standstills.add(5000, 6000);
    const asked = [0, 1000, 1500, 3000, 4000, 5900, 6000, 7000];
    expect(asked.map((ms) => standstills.since(ms))).toEqual([3000, 3000, 2500, 1000, 1000, 100, 0, 0]);
  });

  test('are forgotten once nobody is left whom they could count for', () => {
    const standstills = new Standstills();
    standstills.add(1000, 3000);
    standstills.add(5000, 6000);
    standstills.forgetUntil(2999);
    expect(standstills.count).toBe(2);
    standstills.forgetUntil(3000);
    expect(standstills.count).toBe(1);
    expect(standstills.since(0)).toBe(1000);
  });

  test('are so many at most: of a session that is never touched the oldest are forgotten', () => {
    const standstills = new Standstills();
    for (let i = 1; i <= 1000; i++) standstills.add(i * 1000, i * 1000 + 100);
    expect(standstills.count).toBe(64);
    expect(standstills.since(0)).toBe(6400);
  });
});

test('a session has, of the time that the server was there, as much as ever', () => {
  const table = newTable();
  table.open(0, 0, 1, TIMEOUT_MS, 1000);
  table.open(1, 0, 2, TIMEOUT_MS, 9000);
  const tracker = new SessionTracker(table, TICK_MS);
  const due: number[][] = [];
  const look = (nowMs: number): void => tracker.visitExpired(nowMs, (slot) => due.push([nowMs, slot]));
  // The first was due at 6000, and has now 7000 more; the second, touched in the middle of it, is due at 14000 and has 1000 more.
  tracker.onStandstill(3000, 10_000);
  for (let nowMs = 10_000; nowMs <= 18_000; nowMs += 1000) look(nowMs);
  expect(due).toEqual([
    [14_000, 0],
    [16_000, 0],
    [16_000, 1],
    [18_000, 0],
    [18_000, 1],
  ]);
});

describe('the tracker', () => {
  /** When it asked prep to end the session, which is touched at 1000 and never again. */
  function ticking(ticksMs: readonly number[]): number[] {
    const table = newTable();
    table.open(0, 0, 1, TIMEOUT_MS, 1000);
    const toPrep = new LocalMailbox(1 << 16);
    const context = { outbox: () => toPrep, metrics: loneMetrics(), log: silentLogger } as unknown as ActorContext;
    const actor = new SessionTrackerActor(context, table, TICK_MS);
    const expired: number[] = [];
    for (const nowMs of ticksMs) {
      actor.onTick(nowMs);
      toPrep.publish();
      toPrep.drain(() => expired.push(nowMs), 10);
    }
    return expired;
  }

  const every200 = (from: number, to: number): number[] =>
    Array.from({ length: (to - from) / 200 + 1 }, (_, i) => from + i * 200);

  test('lets a session of a client that is gone end when it is due', () => {
    expect(ticking(every200(1000, 6000))).toEqual([6000]);
  });

  test('lets none end by a tick that comes late, and each when its time is over after all', () => {
    // Nothing from 3000 to 9000: by its ticks, 5800 ms of it were too much.
    const ticks = [...every200(1000, 3000), ...every200(9000, 12_000)];
    expect(ticking(ticks)).toEqual([12_000]);
  });

  test('takes a tick for what it is that comes late by less than half a tickTime', () => {
    expect(ticking([...every200(1000, 4800), 6000])).toEqual([6000]);
  });

  test('knows nothing of the time before its first tick', () => {
    expect(ticking([60_000])).toEqual([60_000]);
  });

  test('ends sessions also where every tick comes late', () => {
    const late = Array.from({ length: 60 }, (_, i) => 1000 + i * 1400);
    const expired = ticking(late);
    expect(expired[0]).toBeGreaterThan(20_000);
    expect(expired[0]).toBeLessThan(40_000);
  });
});
