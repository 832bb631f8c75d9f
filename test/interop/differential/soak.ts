/**
 * Command: node dist/test/interop/differential/soak.js [--seeds 1000] [--first 1] [--steps 60] [--minutes 10]
 * [--flavour plain|extended|both] [--without 19,21] [--no-quota] [--cfg skipACL=yes] [--failures 10] [--shrink 60].
 * Prints every difference that nothing explains, shrunk, then how many operations were compared and how often each allowed
 * difference was met. Lines of zoo.cfg are given to both servers; Apache's ignores ours (threadkeeper.placement=pipeline).
 */
import { parseArgs } from 'node:util';
import { opName } from '../../../src/protocol/op-code.js';
import { exitOnSignals } from '../../testing/exit-on-signals.js';
import { ALLOWED_DIFFERENCES } from './allowed-differences.js';
import { type CampaignReport, campaign, failureText } from './campaign.js';
import { Flavour } from './server-pair.js';

exitOnSignals();
const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    first: { type: 'string', default: '1' },
    steps: { type: 'string', default: '60' },
    minutes: { type: 'string', default: '60' },
    flavour: { type: 'string', default: 'both' },
    'no-quota': { type: 'boolean', default: false },
    without: { type: 'string', default: '' },
    cfg: { type: 'string', multiple: true, default: [] },
    failures: { type: 'string', default: '10' },
    shrink: { type: 'string', default: '60' },
  },
});

const without = new Set(
  values.without
    .split(',')
    .filter((word) => word !== '')
    .map(Number),
);
const flavours = Object.values(Flavour).filter((each) => values.flavour === 'both' || values.flavour === each);
let failures = 0;
for (const flavour of flavours) {
  const startedMs = performance.now();
  const report = await campaign({
    flavour,
    firstSeed: Number(values.first),
    seeds: Number(values.seeds),
    steps: Number(values.steps),
    budgetMs: (Number(values.minutes) * 60_000) / flavours.length,
    shrinkRuns: Number(values.shrink),
    failuresMax: Number(values.failures),
    without,
    more: Object.fromEntries(values.cfg.map((line) => line.split('='))),
    quota: !values['no-quota'],
    onFailure: (failure) => console.log(`\n--- ${failureText(failure)}`),
  });
  print(report, performance.now() - startedMs);
  failures += report.failures.length;
}
process.exitCode = failures > 0 ? 1 : 0;

function print(report: CampaignReport, tookMs: number): void {
  const { counts } = report;
  console.log(
    `\n${report.flavour}: ${report.seeds} sequences, ${counts.requests} operations, ${counts.frames} equal frames, ` +
      `${report.failures.length} differences unexplained, ${Math.round(tookMs / 1000)} s`,
  );
  const ops = [...counts.byOp]
    .sort((a, b) => b[1] - a[1])
    .map(([op, count]) => `${opName(op)} ${counts.okByOp.get(op) ?? 0}/${count}`);
  console.log(`  operations, without an error / all: ${ops.join(', ')}`);
  for (const { name, reference } of ALLOWED_DIFFERENCES) {
    console.log(`  allowed: ${name} (${reference}): ${counts.allowed.get(name) ?? 0}`);
  }
}
