/**
 * The short form of kill-nine.ts for every test run; the long one is a command of its own.
 */
import { expect, test } from 'vitest';
import { serverUnderTest } from '../testing/server-under-test.js';
import { killNine } from './kill-nine-trials.js';

test('three kills in the middle of writes lose nothing that was acknowledged', async () => {
  const report = await killNine(serverUnderTest, { times: 3, seed: 20, writers: 3 });
  expect(report.acknowledged).toBeGreaterThan(100);
  expect(report.sessionsReopened).toBe(9);
});
