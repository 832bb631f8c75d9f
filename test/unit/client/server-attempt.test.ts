/** Which server is tried next, and how long before. */
import { expect, test } from 'vitest';
import { Prng } from '../../../src/base/prng.js';
import { HostProvider } from '../../../src/client/host-provider.js';
import { ServerAttempt } from '../../../src/client/server-attempt.js';

const HOSTS = ['a', 'b', 'c'].map((host) => ({ host, port: 2181 }));

function newAttempt(seed: number, nowMs = 0): ServerAttempt {
  return new ServerAttempt(new HostProvider(HOSTS, new Prng(seed)), new Prng(seed), nowMs);
}

test('the first is at once, every later one within a second, a second more when a round was in vain', () => {
  const delays = new Set<number>();
  for (let seed = 1; seed <= 50; seed++) {
    const attempt = newAttempt(seed, 7);
    expect(attempt.atMs).toBe(7);
    const tried = [attempt.server.host];
    for (const leastMs of [0, 0, 1000]) {
      attempt.onFailed(100);
      expect(attempt.atMs - 100).toBeGreaterThanOrEqual(leastMs);
      expect(attempt.atMs - 100).toBeLessThan(leastMs + 1000);
      delays.add(attempt.atMs);
      tried.push(attempt.server.host);
    }
    expect(new Set(tried.slice(0, 3)).size).toBe(3);
    expect(tried[3]).toBe(tried[0]);
  }
  expect(delays.size).toBeGreaterThan(100); // clients of a dead server do not return as one
});

test('a better server is gone to at once', () => {
  const attempt = newAttempt(1);
  attempt.onFailed(100);
  attempt.goTo(HOSTS[2], 150);
  expect(attempt).toMatchObject({ server: HOSTS[2], atMs: 150 });
});
