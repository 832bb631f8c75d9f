// Random sequences of requests, byte for byte the same to Apache ZooKeeper 3.8.0 and to this server: every reply and every
// event must be equal, field by field, but for what differential/allowed-differences.ts lists with its reason. A few seeds
// here; `npm run soak:differential` for thousands. Fails with the seed, the shortest sequence found, and both transcripts.

import { describe, expect, test } from 'vitest';
import { campaign, failureText } from './differential/campaign.js';
import { Flavour } from './differential/server-pair.js';

const BUDGET_MS = 10_000;
const SOME = { firstSeed: 1, seeds: 40, steps: 60, budgetMs: BUDGET_MS, shrinkRuns: 15 };
const DEADLINE_MS = 120_000;

describe.each(Object.values(Flavour))('a %s server', (flavour) => {
  test(
    'answers as Apache does',
    async () => {
      const report = await campaign({ ...SOME, flavour });
      expect(report.failures.map(failureText).join('\n')).toBe('');
      expect(report.counts.requests).toBeGreaterThan(200);
    },
    DEADLINE_MS,
  );
});
