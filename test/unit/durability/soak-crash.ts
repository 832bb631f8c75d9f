/**
 * Command: node dist/test/unit/durability/soak-crash.js [--seeds 3] [--first 1] [--operations 200] [--every 1] [--torn 1]
 * [--second 5] [--placement pipeline,inline]. Crashes whole runs at every call and tears the unsynced writes at every byte; prints a line per run and
 * a summary, and exits 1 with the violations if there are any.
 */
import { parseArgs } from 'node:util';
import type { PlacementName } from '../../../src/server/placement-choice.js';
import { CrashReport, exploreCrashes } from './crash-explorer.js';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '3' },
    first: { type: 'string', default: '1' },
    operations: { type: 'string', default: '200' },
    every: { type: 'string', default: '1' },
    torn: { type: 'string', default: '1' },
    second: { type: 'string', default: '5' },
    placement: { type: 'string', default: 'pipeline,inline' },
  },
});

const SUMMED = [
  'operations',
  'transactions',
  'fileCalls',
  'snapshots',
  'logs',
  'purged',
  'points',
  'crashes',
  'tornLengths',
  'sectorCrashes',
  'refusals',
  'secondGeneration',
  'servedAgain',
] as const;

function lineOf(report: CrashReport): string {
  return (
    `${report.operations} operations, ${report.transactions} transactions, ${report.fileCalls} file calls, ` +
    `${report.snapshots} snapshots, ${report.logs} logs, ${report.purged} files purged: ${report.points} crash points, ${report.crashes} crashes, of them ` +
    `${report.tornLengths} torn lengths and ${report.secondGeneration} in restarts; ${report.sectorCrashes} with sectors lost ` +
    `(${report.refusals} refused); ${report.servedAgain} served and crashed again; ${report.violations.length} violations`
  );
}

const total = new CrashReport();
for (const placement of values.placement.split(',')) {
  for (let seed = Number(values.first); seed < Number(values.first) + Number(values.seeds); seed++) {
    const startedMs = performance.now();
    const report = exploreCrashes({
      seed,
      operations: Number(values.operations),
      placement: placement as PlacementName,
      everyNth: Number(values.every),
      tornEverywhereNth: Number(values.torn),
      tornAtRandom: 4,
      lostSectors: 4,
      secondGenerationNth: Number(values.second),
      servingNth: 5,
    });
    for (const field of SUMMED) total[field] += report[field];
    total.violations.push(...report.violations);
    console.log(
      `${placement}, seed ${seed}: ${lineOf(report)} (${((performance.now() - startedMs) / 1000).toFixed(1)} s)`,
    );
    for (const violation of report.violations.slice(0, 10)) console.log(`  ${violation}`);
  }
}
console.log(`all: ${lineOf(total)}`);
process.exitCode = total.violations.length === 0 ? 0 : 1;
