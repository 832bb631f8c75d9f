/**
 * Fuzzing of all request records, by their structure, against a whole server in one thread; see fuzz/fuzz-run.ts for what is
 * asked of it. `SEED=17 npx vitest run unit/net/fuzz` repeats one seed, `npm run soak:fuzz` runs millions of frames.
 */
import { expect, test } from 'vitest';
import { FuzzRun } from './fuzz/fuzz-run.js';

const FRAMES_PER_SEED = 4000;
const SEEDS = process.env.SEED === undefined ? Array.from({ length: 40 }, (_, i) => i + 1) : [Number(process.env.SEED)];

test('a server that checks no permission is found out', () => {
  // By a guarded node that was changed, read by somebody, or removed.
  expect(() => new FuzzRun(1, undefined, { skipAcl: true }).run(FRAMES_PER_SEED)).toThrow(
    /guarded has changed|kept from|every right failed/,
  );
});

test.for(SEEDS)('seed %d', (seed) => {
  const report = new FuzzRun(seed).run(FRAMES_PER_SEED);
  expect(report.frames).toBeGreaterThanOrEqual(FRAMES_PER_SEED);
  // Many are answered: a run whose connections all died early would prove nothing.
  expect(report.replies).toBeGreaterThan(FRAMES_PER_SEED / 4);
});
