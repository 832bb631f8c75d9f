/**
 * Command: node dist/test/interop/kazoo-suite/soak-kazoo.js [--servers 3] [module ...]. All modules of kazoo's test suite that need a server, or those
 * named; every test by name, beside the committed list of expected failures; exits 1 on a surprise in either direction.
 * THREADKEEPER_TEST_SERVER=apache runs the baseline.
 */
import { parseArgs } from 'node:util';
import { exitOnSignals } from '../../testing/exit-on-signals.js';
import { serverUnderTest } from '../../testing/server-under-test.js';
import { EXPECTED_ENSEMBLE_FAILURES, EXPECTED_FAILURES, surprisesOf } from './expected-failures.js';
import { KAZOO_MODULES, type KazooModule, requireKazooSuite, runKazooSuite } from './kazoo-suite.js';

const MODULE_MS = 240_000;

exitOnSignals();
const { values, positionals } = parseArgs({
  options: { servers: { type: 'string', default: '1' } },
  allowPositionals: true,
});
const servers = values.servers === '3' ? 3 : 1;
const expected = servers === 3 ? EXPECTED_ENSEMBLE_FAILURES : EXPECTED_FAILURES;
const all = Object.keys(KAZOO_MODULES) as KazooModule[];
const unknown = positionals.filter((name) => !all.some((module) => module === name));
if (unknown.length > 0) throw new Error(`kazoo's suite has no module ${unknown.join(', ')}; it has ${all.join(', ')}`);
const chosen = positionals.length > 0 ? all.filter((module) => positionals.includes(module)) : all;
requireKazooSuite(chosen);

let passed = 0;
let surprises = 0;
for (const module of chosen) {
  const run = await runKazooSuite([module], { deadlineMs: MODULE_MS, servers });
  const { failed, passed: unexpected } = surprisesOf(run, expected);
  const passing = run.results.filter((result) => result.outcome === 'PASSED');
  const skipped = run.results.filter((result) => result.outcome === 'SKIPPED');
  const failedCount = run.results.length - passing.length - skipped.length;
  const missing = KAZOO_MODULES[module] - run.results.length;
  console.log(`${module}: ${passing.length} passed, ${failedCount} failed, ${skipped.length} skipped`);
  for (const { name, outcome } of run.results) {
    const reason = expected.get(`${module} ${name}`);
    console.log(`  ${outcome} ${name}${outcome !== 'PASSED' && reason !== undefined ? ` (expected: ${reason})` : ''}`);
  }
  for (const name of unexpected) console.log(`  on the list of failures, but passed: ${name}`);
  if (missing > 0) console.log(`  ${missing} tests are missing`);
  if (failed.length > 0 || missing > 0) console.log(run.report);
  passed += passing.length;
  surprises += failed.length + unexpected.length + Math.max(missing, 0);
}
console.log(
  `${serverUnderTest.name}, ${servers} at a time: ${passed} passed in ${chosen.length} modules, ${surprises} surprises`,
);
process.exitCode = surprises === 0 ? 0 : 1;
