/**
 * The tests of kazoo's suite that want more than one server, on three of ours: hosts that change under a client, connections
 * that move, elections. `npm run soak:kazoo -- --servers 3` runs the whole suite so.
 */
import { beforeAll, expect, test } from 'vitest';
import { EXPECTED_ENSEMBLE_FAILURES, surprisesOf } from './kazoo-suite/expected-failures.js';
import { type KazooModule, requireKazooSuite, runKazooSuite } from './kazoo-suite/kazoo-suite.js';

const DEADLINE_MS = 90_000;
const MODULES: readonly KazooModule[] = ['client', 'election', 'connection'];
const ONLY = [
  'test_update_host_list',
  'KazooElectionTests',
  'TestConnectionDrop',
  'TestSession',
  'TestReconfig',
  'TestReadOnlyMode',
];

beforeAll(() => requireKazooSuite(MODULES));

test(
  'three servers: hosts that change, sessions that move, elections',
  async () => {
    const run = await runKazooSuite(MODULES, { deadlineMs: DEADLINE_MS, only: ONLY, servers: 3 });
    expect(surprisesOf(run, EXPECTED_ENSEMBLE_FAILURES), run.report).toEqual({ failed: [], passed: [] });
    expect(run.results.length).toBeGreaterThan(8);
  },
  DEADLINE_MS + 10_000,
);
