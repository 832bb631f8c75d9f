// A crash at every file call of a run of 200 operations through the whole pipeline: a fraction of the calls here, all of them
// with `npm run soak:crash` (soak-crash.ts). And that the search finds what it looks for: servers with a planted defect.

import { describe, expect, test } from 'vitest';
import { type ExploreOptions, exploreCrashes } from './crash-explorer.js';
import { DEFECTS } from './defective-files.js';

const FRACTION: ExploreOptions = {
  seed: 1,
  operations: 200,
  placement: 'pipeline',
  everyNth: 9,
  tornEverywhereNth: 40,
  tornAtRandom: 4,
  lostSectors: 2,
  secondGenerationNth: 25,
  servingNth: 10,
};

describe('wherever the machine stops, all that was acknowledged comes back, and the tree is the model at one zxid', () => {
  test.each([
    { placement: 'pipeline', seed: 1 },
    { placement: 'inline', seed: 2 },
  ] as const)('$placement, seed $seed', ({ placement, seed }) => {
    const report = exploreCrashes({ ...FRACTION, placement, seed });
    expect(report.violations).toEqual([]);
    expect(report.points).toBeGreaterThan(20);
    expect(report.snapshots).toBeGreaterThan(3);
    expect(report.logs).toBeGreaterThan(5);
    expect(report.purged).toBeGreaterThan(0);
    expect(report.tornLengths).toBeGreaterThan(20);
    expect(report.secondGeneration).toBeGreaterThan(4);
  });
});

describe('a defect is found', () => {
  test.each(Object.entries(DEFECTS))('%s', (_name, files) => {
    const few = { ...FRACTION, operations: 120, everyNth: 2, tornEverywhereNth: 1000, secondGenerationNth: 1000 };
    expect(exploreCrashes({ ...few, servingNth: 1000, untilFirst: true, files }).violations.length).toBeGreaterThan(0);
  });
});
