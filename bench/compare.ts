/**
 * Command: npm run bench:compare -- [--rows get,set,...] [--rounds 5] [--seconds 4] [--placement compact] [--shards 1]
 * [--ours-only | --theirs-only] [--nodes 1000000] [--generator-threads 1].
 * Ours against Apache ZooKeeper in one alternating run: in every round each side is started fresh, warmed, measured and
 * stopped, the other one first in the next round; only ever one server runs. Exits 1 when a row is below its floor.
 */
import { parseArgs } from 'node:util';
import { exitOnSignals } from '../test/testing/exit-on-signals.js';
import { type Contestant, contestants, type Side, startContestant } from './compare/contestant.js';
import { Figures, spreadOf } from './compare/figures.js';
import { capacity, type LargeTree, makeLargeTree, restart, tailBaseLine, tailLatency } from './compare/large-tree.js';
import { resultsOf, table, writeJson } from './compare/report.js';
import { ENSEMBLE_WORKLOADS, GROUPS, type Group, WORKLOADS, type Workload } from './compare/rows.js';
import { countedSyncCost, tracedSyncCost } from './compare/sync-cost.js';
import { ensembleRound, throughputRound } from './compare/throughput.js';
import { coreCount } from './machine-load.js';
import type { MeasuredLoad } from './measured-load.js';

exitOnSignals();
const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: GROUPS.join(',') },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '4' },
    placement: { type: 'string' },
    shards: { type: 'string' },
    'ours-only': { type: 'boolean', default: false },
    'theirs-only': { type: 'boolean', default: false },
    nodes: { type: 'string', default: '1000000' },
    'generator-threads': { type: 'string', default: '1' },
  },
});

const groups = values.rows.split(',').map((name) => {
  if (!(GROUPS as readonly string[]).includes(name)) throw new Error(`--rows: ${name} is none of ${GROUPS.join(', ')}`);
  return name as Group;
});
const rounds = Number(values.rounds);
const seconds = Number(values.seconds);
const nodes = Number(values.nodes);
const generatorThreads = Number(values['generator-threads']);
const only = values['ours-only'] ? 'ours' : values['theirs-only'] ? 'theirs' : null;
const sides = contestants(only, values.placement, values.shards);

const figures = new Figures();
const notes: string[] = [];
/** Beyond these a figure says more about the generator, or about somebody else on the machine, than about the server. */
const GENERATOR_CORES_MAX = 0.9;
const FOREIGN_CORES_MAX = 0.15;

function note(text: string): void {
  notes.push(text);
  console.log(`  note: ${text}`);
}

function judgeConditions(what: string, load: MeasuredLoad): void {
  if (load.generatorCores > GENERATOR_CORES_MAX * generatorThreads) {
    note(`${what}: the load generator used ${load.generatorCores.toFixed(2)} cores and may have been the limit`);
  }
  if (load.foreignCores > FOREIGN_CORES_MAX) {
    note(`${what}: somebody else kept ${load.foreignCores.toFixed(2)} cores busy`);
  }
}

/** Each side once per round, the one that went first going last in the next. */
async function alternate(
  count: number,
  measure: (contestant: Contestant, round: number) => Promise<void>,
): Promise<void> {
  for (let round = 0; round < count; round++) {
    for (const contestant of round % 2 === 0 ? sides : [...sides].reverse()) await measure(contestant, round);
  }
}

const single = WORKLOADS.filter((workload) => groups.includes(workload.group));
if (single.length > 0) await compareThroughput(single, throughputRound);
if (groups.includes('ensemble')) await compareThroughput(ENSEMBLE_WORKLOADS, ensembleRound);

async function compareThroughput(workloads: readonly Workload[], measureRound: typeof throughputRound): Promise<void> {
  await alternate(rounds, async (contestant, round) => {
    const { side } = contestant;
    for (const { workload, load } of await measureRound(contestant, workloads, seconds, generatorThreads)) {
      figures.record(`${workload.id} throughput`, side, round, load.throughput);
      figures.record(`${workload.id} p50`, side, round, load.latencyUs.all.p50);
      figures.record(`${workload.id} p99`, side, round, load.latencyUs.all.p99);
      figures.record(`${workload.id} cpu`, side, round, load.serverCpuUsPerOperation);
      const share = load.generatorCores / (load.generatorCores + load.serverCores);
      console.log(
        `round ${round + 1} ${side.padEnd(6)} ${workload.label.padEnd(28)} ${Math.round(load.throughput)} op/s, ` +
          `p50 ${load.latencyUs.all.p50} us, p99 ${load.latencyUs.all.p99} us, server ${load.serverCores.toFixed(2)} cores, ` +
          `generator ${load.generatorCores.toFixed(2)} cores (${Math.round(share * 100)} %)`,
      );
      judgeConditions(`round ${round + 1}, ${side}, ${workload.label}`, load);
    }
  });
}

if (groups.includes('cold')) {
  await alternate(rounds, async (contestant, round) => {
    const server = await startContestant(contestant);
    await server.stop();
    figures.record('cold', contestant.side, round, server.firstSessionMs);
    console.log(`round ${round + 1} ${contestant.side.padEnd(6)} cold start ${Math.round(server.firstSessionMs)} ms`);
  });
}

if (groups.includes('syncs')) {
  await alternate(rounds, async (contestant, round) => {
    const { side } = contestant;
    const traced = await tracedSyncCost(contestant);
    figures.record('syncs', side, round, traced.perThousand);
    console.log(
      `round ${round + 1} ${side.padEnd(6)} ${traced.writes} writes, ${traced.syncs} syncs by strace: one for ` +
        `${(1000 / traced.perThousand).toFixed(1)} writes`,
    );
    if (side !== 'ours') return;
    const counted = await countedSyncCost(contestant);
    figures.record('syncs counted', side, round, counted.perThousand);
    console.log(
      `round ${round + 1} ${side.padEnd(6)} ${counted.writes} writes, ${counted.syncs} syncs by its counters: one for ` +
        `${(1000 / counted.perThousand).toFixed(1)} writes`,
    );
  });
}

if (groups.includes('memory') || groups.includes('restart') || groups.includes('tail')) {
  const trees = new Map<Side, LargeTree>();
  for (const contestant of sides) {
    const large = await makeLargeTree(contestant, nodes);
    trees.set(contestant.side, large);
    figures.record('memory', contestant.side, 0, large.bytesPerNode);
    figures.record('rss', contestant.side, 0, large.residentBytes / 1e6);
    figures.record('load-large', contestant.side, 0, large.createdPerSecond);
    console.log(
      `${contestant.side.padEnd(6)} ${nodes} znodes: ${large.bytesPerNode.toFixed(0)} B each, ` +
        `RSS ${Math.round(large.residentBytes / 1e6)} MB, created ${Math.round(large.createdPerSecond)} per second`,
    );
  }
  const treeOf = ({ side }: Contestant): LargeTree => trees.get(side) as LargeTree;

  if (groups.includes('restart')) {
    await alternate(rounds, async (contestant, round) => {
      const { ms, cpuMs } = await restart(contestant, treeOf(contestant));
      figures.record('restart', contestant.side, round, ms);
      figures.record('restart cpu', contestant.side, round, cpuMs);
      console.log(
        `round ${round + 1} ${contestant.side.padEnd(6)} restart to first read ${Math.round(ms)} ms, ` +
          `CPU time ${Math.round(cpuMs)} ms`,
      );
    });
  }

  if (groups.includes('tail')) {
    // Both get the same rate, a tenth of what the reference can do, so that ours does not shine by being offered less.
    const reference = sides[sides.length - 1];
    const rate = (await capacity(reference, treeOf(reference))) / 10;
    note(`tail rows: ${Math.round(rate)} op/s, a tenth of the capacity of ${reference.side}`);
    await alternate(Math.min(rounds, 3), async (contestant, round) => {
      const { side } = contestant;
      const base = await tailBaseLine(contestant, treeOf(contestant), rate);
      const { load, snapshots } = await tailLatency(contestant, treeOf(contestant), rate);
      for (const [name, { latencyUs }] of Object.entries({ 'tail base': base, tail: load })) {
        const { p50, p99, p999, max } = latencyUs.all;
        for (const [figure, value] of Object.entries({ p50, p99, p999, max })) {
          figures.record(`${name} ${figure}`, side, round, value);
        }
        console.log(
          `round ${round + 1} ${side.padEnd(6)} ${name.padEnd(9)} p50 ${p50}, p99 ${p99}, p99.9 ${p999}, max ${max} us`,
        );
      }
      const ms = spreadOf(snapshots.map(({ tookMs }) => tookMs))?.median ?? 0;
      const megabytes = (snapshots.at(-1)?.bytes ?? 0) / 1e6;
      figures.record('snapshot ms', side, round, ms);
      figures.record('snapshot mb', side, round, megabytes);
      console.log(
        `round ${round + 1} ${side.padEnd(6)} ${snapshots.length} snapshots meanwhile, ${Math.round(ms)} ms and ` +
          `${Math.round(megabytes)} MB each`,
      );
      judgeConditions(`round ${round + 1}, ${side}, tail without snapshot`, base);
      judgeConditions(`round ${round + 1}, ${side}, tail`, load);
    });
  }
  for (const large of trees.values()) large.fixture.remove();
}

const results = resultsOf(figures);
const settings = { ...values, cores: coreCount() };
console.log(`\n${table(results)}\n\nwritten to ${writeJson(figures, settings, notes)}`);
if (results.some(({ verdict }) => verdict === 'BELOW FLOOR')) process.exitCode = 1;
