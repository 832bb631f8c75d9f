/**
 * The short form of soak-rolling.ts for every test run: all of Apache's members become ours and Apache's again.
 */
import { expect, test } from 'vitest';
import { replaceRolling } from './rolling-replacement.js';

test('members of Apache become ours and Apache again under load, and nothing acknowledged is lost', async () => {
  const report = await replaceRolling({
    from: 'apache',
    to: 'threadkeeper',
    seed: 7,
    writers: 2,
    writingMs: 300,
    rounds: 1,
  });
  expect(report.steps).toBe(6);
  expect(report.acknowledged).toBeGreaterThan(100);
  expect(report.sessionsReopened).toBeGreaterThanOrEqual(4);
}, 120_000);
