import { expect, test } from 'vitest';
import {
  connectTimeoutMs,
  expirationTimeoutMs,
  pingAfterMs,
  readTimeoutMs,
} from '../../../src/client/session-timing.js';

test('read at two thirds, expiry at four thirds, connecting shared among the servers', () => {
  expect(readTimeoutMs(30_000)).toBe(20_000);
  expect(expirationTimeoutMs(30_000)).toBe(40_000);
  expect(connectTimeoutMs(30_000, 3)).toBe(10_000);
});

test.each([
  [2000, 666], // half the read timeout
  [3000, 1000],
  [4000, 1001], // 1333 less a second would be before a second has passed: as soon as it has
  [6000, 1001],
  [9000, 2000], // 3000 less a second
  [30_000, 9000],
  [60_000, 10_000], // never silent for longer
])('session timeout %i: ping after %i ms', (sessionTimeoutMs, expected) => {
  expect(pingAfterMs(sessionTimeoutMs)).toBe(expected);
});

test('whatever the timeout, a second ping fits before the server would be given up', () => {
  for (let ms = 2000; ms < 120_000; ms += 37) expect(2 * pingAfterMs(ms)).toBeLessThanOrEqual(readTimeoutMs(ms));
});
