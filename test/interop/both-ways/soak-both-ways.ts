/**
 * Command: node dist/test/interop/both-ways/soak-both-ways.js [--requests 10000] [--seeds 1] [--first 1] [--writers threadkeeper,apache]. Random histories, written by our server and
 * read by Apache's and the other way round, with snapshots plain, gz and snappy. Prints a line for each; exits 1 when anything differs.
 */
import { parseArgs } from 'node:util';
import { exitOnSignals } from '../../testing/exit-on-signals.js';
import { bothWays, lineOf } from './both-ways.js';

exitOnSignals();
const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '10000' },
    seeds: { type: 'string', default: '1' },
    first: { type: 'string', default: '1' },
    writers: { type: 'string', default: 'threadkeeper,apache' },
  },
});
let differences = 0;
for (let seed = Number(values.first); seed < Number(values.first) + Number(values.seeds); seed++) {
  for (const [compression, from] of [
    ['', 'snapshot'],
    ['', 'log'],
    ['gz', 'snapshot'],
    ['snappy', 'snapshot'],
  ] as const) {
    for (const writer of values.writers.split(',') as ('threadkeeper' | 'apache')[]) {
      const requests = Number(values.requests);
      const options = { writer, seed, requests, compression, snapCount: 700, kill: from === 'log', from };
      const report = await bothWays(options);
      console.log(lineOf(options, report));
      for (const difference of report.differences.slice(0, 10)) console.log(`  ${difference.slice(0, 500)}`);
      differences += report.differences.length;
    }
  }
}
process.exitCode = differences === 0 ? 0 : 1;
