/**
 * kazoo's own test suite against our server: the modules whose tests do not mostly wait. `npm run soak:kazoo` runs all.
 * What fails must be on the list of what a standalone server of anybody fails, and what is on the list must fail.
 */
import { beforeAll, expect, test } from 'vitest';
import { surprisesOf } from './kazoo-suite/expected-failures.js';
import { KAZOO_MODULES, type KazooModule, requireKazooSuite, runKazooSuite } from './kazoo-suite/kazoo-suite.js';

const DEADLINE_MS = 150_000;
const MODULES: readonly KazooModule[] = [
  'client',
  'lock',
  'election',
  'connection',
  'counter',
  'queue',
  'party',
  'lease',
  'barrier',
  'sasl',
];

beforeAll(() => requireKazooSuite(MODULES));

test(
  `${MODULES.join(', ')}: as with Apache's server`,
  async () => {
    const run = await runKazooSuite(MODULES, DEADLINE_MS);
    expect(surprisesOf(run), run.report).toEqual({ failed: [], passed: [] });
    expect(run.results.length).toBe(MODULES.reduce((sum, name) => sum + KAZOO_MODULES[name], 0));
  },
  DEADLINE_MS + 10_000,
);
