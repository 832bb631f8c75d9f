import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const run = promisify(execFile);
const built = (name: string): string => fileURLToPath(new URL(`../../dist/test/stress/${name}`, import.meta.url));

// The scripts exit with 1, and so reject, if a record is torn, lost or out of order, or a wake-up is lost.
test('rings and doorbells between real threads lose nothing', async () => {
  const { stdout } = await run(process.execPath, [built('ring-stress.js'), '--seconds', '3']);
  expect(stdout).toMatch(/total: [\d.]+ M records \([1-9]\d* large\), [1-9]\d* sleeps, 0 wake-ups lost/);
});

test('going to sleep never misses what is published at that moment', async () => {
  const { stdout } = await run(process.execPath, [built('wake-litmus.js'), '--seconds', '1']);
  expect(stdout).toMatch(/^total: [\d.]+ M trials: .*, lost 0$/m);
});

test('no token is lost in a circle of runners, and idle they cost under 1 % of a core', async () => {
  const { stdout } = await run(process.execPath, [built('wake-stress.js'), '--seconds', '7']);
  const total = /total: [\d.]+ M hops, 0 wake-ups lost, idle ([\d.]+) %/.exec(stdout);
  expect(total, stdout).not.toBeNull();
  expect(Number(total?.[1])).toBeLessThan(1);
});
