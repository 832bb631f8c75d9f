import { expect, test } from 'vitest';
import { planSetWatches } from '../../../src/client/set-watches-plan.js';

const NONE: string[] = [];

test('nothing watched, nothing sent', () => {
  expect(planSetWatches([NONE, NONE, NONE, NONE, NONE])).toEqual([]);
});

test('one request while the paths fit', () => {
  const paths = [['/d'], ['/e'], ['/c'], NONE, NONE];
  expect(planSetWatches(paths)).toEqual([{ paths, needsSetWatches2: false }]);
});

test('setWatches2 only where a persistent list is in the same request', () => {
  const plan = planSetWatches([['/dddd', '/eeee'], NONE, NONE, ['/p'], ['/r']], 10);
  expect(plan).toEqual([
    { paths: [['/dddd', '/eeee'], [], [], [], []], needsSetWatches2: false },
    { paths: [[], [], [], ['/p'], ['/r']], needsSetWatches2: true },
  ]);
});

test('split at 128 KiB of path bytes, all paths once and in order', () => {
  const paths = Array.from({ length: 4000 }, (_, i) => `/${'x'.repeat(95)}${String(i).padStart(4, '0')}`);
  const plan = planSetWatches([paths.slice(0, 3000), NONE, paths.slice(3000), NONE, NONE]);
  const sizes = plan.map((batch) => batch.paths.flat().join('').length);
  expect(sizes).toEqual([131_000, 131_000, 131_000, 7000]); // 1310 paths of 100 bytes: one more would be over 131072
  expect(plan.flatMap((batch) => batch.paths.flat())).toEqual(paths);
});

test('bytes count, not characters, and a path longer than the limit still goes', () => {
  const long = `/${'ö'.repeat(9)}`;
  const plan = planSetWatches([['/ää', '/b', '/ää', '/bb', long, '/c'], NONE, NONE, NONE, NONE], 7);
  expect(plan.map((batch) => batch.paths[0])).toEqual([['/ää', '/b'], ['/ää'], ['/bb'], [long], ['/c']]);
});
