// Where the time of a slow request is said to have gone, from stamps that are given.

import { describe, expect, test } from 'vitest';
import type { Stamp } from '../../../src/processor/stage-stamps.js';
import { type StampsOfOne, splitSlowRequest } from '../../../src/server/slow-request-split.js';

const NONE: StampsOfOne = { decided: null, proposed: null, logged: null, committed: null, applied: null };

function at(aMs: number, bMs = aMs, cMs = bMs): Stamp {
  return { aMs, bMs, cMs };
}

function split(stamps: Partial<StampsOfOne>, arrived: number, replied: number, isWrite = true, hasQuorum = false) {
  const times = splitSlowRequest({ ...NONE, ...stamps }, arrived, replied, isWrite, hasQuorum);
  expect(times.reduce((sum, { ms }) => sum + ms, 0)).toBeCloseTo(replied - arrived);
  return times.map(({ stage, ms }) => `${stage} ${ms}`).join(', ');
}

describe('a write', () => {
  test('of a standalone server', () => {
    const stamps = { decided: at(110, 112), logged: at(115, 120, 520), applied: at(530) };
    expect(split(stamps, 100, 531)).toBe('queue 10, prep 2, log queue 3, log write 5, sync 400, commit 10, reply 1');
  });

  test('of a leader, whose followers take longer than its disk', () => {
    const stamps = { decided: at(1, 2), proposed: at(3), logged: at(3, 4, 5), committed: at(805), applied: at(806) };
    expect(split(stamps, 0, 807, true, true)).toBe(
      'queue 1, prep 1, log queue 1, log write 1, sync 1, quorum 800, commit 1, reply 1',
    );
  });

  test('of a leader, whose own disk is the last: nobody else is waited for', () => {
    const stamps = { decided: at(1, 2), proposed: at(3), logged: at(3, 4, 905), committed: at(10), applied: at(906) };
    expect(split(stamps, 0, 906, true, true)).toContain('sync 901, quorum 0, commit 1');
  });

  test('of a follower: what happened before the proposal came is the leader', () => {
    const stamps = { proposed: at(700), logged: at(701, 702, 703), committed: at(710), applied: at(711) };
    expect(split(stamps, 0, 712, true, true)).toBe(
      'leader 700, log queue 1, log write 1, sync 1, quorum 7, commit 1, reply 1',
    );
  });

  test('whose stamps are gone: the next stage that is known has the time', () => {
    expect(split({ applied: at(90) }, 0, 100)).toBe('commit 90, reply 10');
    expect(split({}, 0, 100)).toBe('reply 100');
  });

  test('clocks of turns that began before it came', () => {
    expect(split({ decided: at(95, 101) }, 100, 102)).toBe('queue 0, prep 1, reply 1');
  });
});

test('a read behind a write waited for what that one still had to wait for', () => {
  const stamps = { decided: at(10, 11), logged: at(12, 13, 613), applied: at(614) };
  expect(split(stamps, 50, 620, false)).toBe('queue 0, prep 0, log queue 0, log write 0, sync 563, commit 1, line 6');
});
