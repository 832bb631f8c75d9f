// Whether a follower keeps up: one proposal is watched at a time. And which PINGs it has answered, since both are counts of one link.

import { describe, expect, test } from 'vitest';
import { PingRounds } from '../../../src/zab/ping-rounds.js';
import { SyncLimitCheck } from '../../../src/zab/sync-limit-check.js';

const LIMIT_MS = 1000;

describe('syncLimit', () => {
  test('counts from the first proposal that is not acknowledged, whatever is proposed behind it', () => {
    const check = new SyncLimitCheck();
    expect(check.isExceeded(5000, LIMIT_MS)).toBe(false);
    check.onProposed(1, 0);
    check.onProposed(2, 900);
    expect(check.waitsFor).toBe(1);
    expect(check.isExceeded(999, LIMIT_MS)).toBe(false);
    expect(check.isExceeded(1000, LIMIT_MS)).toBe(true);
  });

  test('an acknowledgement begins the time of what was proposed last', () => {
    const check = new SyncLimitCheck();
    check.onProposed(1, 0);
    check.onAck(1, 6, 900);
    expect(check.waitsFor).toBe(6);
    check.onAck(5, 6, 1800);
    expect(check.isExceeded(1899, LIMIT_MS)).toBe(false);
    expect(check.isExceeded(1900, LIMIT_MS)).toBe(true);
    check.onAck(6, 6, 1900);
    expect(check.waitsFor).toBe(0);
    expect(check.isExceeded(9000, LIMIT_MS)).toBe(false);
  });

  test('what the watcher stood still for is not counted, and never reaches beyond now', () => {
    const check = new SyncLimitCheck();
    check.onProposed(1, 0);
    check.forgive(700, 800);
    expect(check.isExceeded(1600, LIMIT_MS)).toBe(false);
    check.forgive(5000, 1700);
    expect(check.isExceeded(2699, LIMIT_MS)).toBe(false);
    expect(check.isExceeded(2700, LIMIT_MS)).toBe(true);
  });
});

describe('rounds of PINGs', () => {
  test('an answer to an earlier PING says nothing about a round', () => {
    const pings = new PingRounds();
    pings.onSent(0);
    pings.onSent(1);
    expect(pings.onAnswered()).toBe(false);
    expect(pings.hasAnswered(1)).toBe(false);
    expect(pings.onAnswered()).toBe(true);
    expect(pings.hasAnswered(1)).toBe(true);
  });

  test('a later PING of the same round is not what it waits for', () => {
    const pings = new PingRounds();
    pings.onSent(1);
    pings.onSent(1);
    expect(pings.onAnswered()).toBe(true);
    expect(pings.onAnswered()).toBe(false);
    expect(pings.hasAnswered(1)).toBe(true);
    expect(pings.hasAnswered(2)).toBe(false);
  });

  test('PINGs of no round prove nothing', () => {
    const pings = new PingRounds();
    pings.onSent(0);
    expect(pings.onAnswered()).toBe(false);
  });
});
