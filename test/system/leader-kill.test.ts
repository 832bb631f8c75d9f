/**
 * The short form of leader-kill.ts for every test run; the long one, beside Apache's, is a command of its own.
 */
import { expect, test } from 'vitest';
import { serverUnderTest } from '../testing/server-under-test.js';
import { killLeaders } from './leader-kill-trials.js';

test('two leaders killed in the middle of writes: nothing acknowledged is lost, and others lead soon', async () => {
  const { name } = serverUnderTest;
  const report = await killLeaders({ kinds: [name, name, name], times: 2, seed: 20, writers: 3 });
  expect(report.acknowledged).toBeGreaterThan(100);
  expect(report.sessionsReopened).toBeGreaterThanOrEqual(6);
  // A whole ensemble on a busy machine; the goal of 0.25 s is the soak's business.
  for (const outageMs of report.outageMs) expect(outageMs).toBeLessThan(15_000);
}, 60_000);
