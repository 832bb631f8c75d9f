/**
 * Command: npm run bench:watches -- [--rounds 3] [--rows fan,die,memory] [--changes 30] [--watchers 1000]
 * [--dying 100000] [--memory 1000000] [--placement compact] [--shards 1] [--ours-only | --theirs-only].
 * Watches of ours against Apache ZooKeeper's in one alternating run, each side fresh in each round: how long until the last
 * of a thousand watchers has its event, what others feel when a session with a hundred thousand watches dies, and how much
 * memory a watch takes.
 */
import { parseArgs } from 'node:util';
import { exitOnSignals } from '../test/testing/exit-on-signals.js';
import { type Contestant, contestants, type Side, startContestant, startWithLargeTree } from './compare/contestant.js';
import { type Spread, spreadOf } from './compare/figures.js';
import { quiet, restingBytes } from './resting-memory.js';
import { compileWatchers, die, fanOut, HeldWatches } from './watches/watchers.js';

exitOnSignals();
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    rows: { type: 'string', default: 'fan,die,memory' },
    changes: { type: 'string', default: '30' },
    watchers: { type: 'string', default: '1000' },
    dying: { type: 'string', default: '100000' },
    memory: { type: 'string', default: '1000000' },
    placement: { type: 'string' },
    shards: { type: 'string' },
    'ours-only': { type: 'boolean', default: false },
    'theirs-only': { type: 'boolean', default: false },
  },
});

const rows = values.rows.split(',');
const rounds = Number(values.rounds);
const watchers = Number(values.watchers);
const only = values['ours-only'] ? 'ours' : values['theirs-only'] ? 'theirs' : null;
const sides = contestants(only, values.placement, values.shards);
/** A just-in-time compiler has seen the code by then. */
const WARM_CHANGES = 20;
const DIE_SECONDS = 3;
const OWN_PATHS_CONNECTIONS = 16;
const SAME_PATHS_CONNECTIONS = 1000;

/** Row, side, one value per round. */
const figures = new Map<string, Partial<Record<Side, number[]>>>();

function record(row: string, side: Side, value: number): void {
  const sidesOfRow = figures.get(row) ?? {};
  figures.set(row, sidesOfRow);
  sidesOfRow[side] = [...(sidesOfRow[side] ?? []), value];
}

function median(list: readonly number[]): number {
  return (spreadOf(list) as Spread).median;
}

async function measureFanOut(contestant: Contestant): Promise<string> {
  await using server = await startContestant(contestant);
  const changes = (await fanOut(server.port, watchers, WARM_CHANGES + Number(values.changes))).slice(WARM_CHANGES);
  const last = median(changes.map(({ lastEventUs }) => lastEventUs)) / 1000;
  record('fan-out: ms to the last event', contestant.side, last);
  record('fan-out: ms to the reply', contestant.side, median(changes.map(({ replyUs }) => replyUs)) / 1000);
  return `${watchers} watchers of one node: last event after ${last.toFixed(2)} ms`;
}

async function measureDeath(contestant: Contestant): Promise<string> {
  await using server = await startContestant(contestant);
  const { before, after } = await die(server.port, Number(values.dying), DIE_SECONDS);
  record('death: longest read before, ms', contestant.side, before.maxUs / 1000);
  record('death: longest read after, ms', contestant.side, after.maxUs / 1000);
  record('death: p99.9 of reads after, us', contestant.side, after.p999Us);
  return (
    `a session with ${values.dying} watches dies: reads p50 ${before.p50Us} -> ${after.p50Us} us, ` +
    `p99.9 ${before.p999Us} -> ${after.p999Us} us, longest ${before.maxUs} -> ${after.maxUs} us`
  );
}

async function measureMemory(contestant: Contestant, same: boolean): Promise<string> {
  await using server = await startWithLargeTree(contestant);
  const connections = same ? SAME_PATHS_CONNECTIONS : OWN_PATHS_CONNECTIONS;
  // Connections are not charged to the watches; nor is what the first few of them make the server allocate.
  const few = await HeldWatches.set(server.port, connections, 10, same);
  await quiet(server);
  const before = await restingBytes(server);
  await few.release();
  const held = await HeldWatches.set(server.port, connections, Math.ceil(Number(values.memory) / connections), same);
  const bytes = ((await restingBytes(server)) - before) / held.watches;
  await held.release();
  const what = same ? `${connections} watchers x the same paths` : 'a path each';
  record(`memory: bytes per watch, ${what}`, contestant.side, bytes);
  record(`memory: thousand watches set per second, ${what}`, contestant.side, held.watches / held.seconds / 1000);
  return `${held.watches} watches, ${what}: ${bytes.toFixed(0)} B each, set in ${held.seconds} s`;
}

const MEASURES: Readonly<Record<string, ((contestant: Contestant) => Promise<string>)[]>> = {
  fan: [measureFanOut],
  die: [measureDeath],
  memory: [(contestant) => measureMemory(contestant, false), (contestant) => measureMemory(contestant, true)],
};

await compileWatchers();
for (const row of rows) {
  const measures = MEASURES[row];
  if (measures === undefined) throw new Error(`--rows: ${row} is none of ${Object.keys(MEASURES).join(', ')}`);
  // Memory is the same in every round.
  for (let round = 0; round < (row === 'memory' ? 1 : rounds); round++) {
    for (const measure of measures) {
      for (const contestant of round % 2 === 0 ? sides : [...sides].reverse()) {
        console.log(`round ${round + 1} ${contestant.side.padEnd(6)} ${await measure(contestant)}`);
      }
    }
  }
}

const widths = [52, 12, 12];
const line = (cells: readonly string[]): string => cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('');
console.log(`\n${line(['', 'ours', 'theirs', 'ours / theirs [min .. max]'])}`);
for (const [row, { ours = [], theirs = [] }] of figures) {
  const ratios = ours.flatMap((value, i) => (theirs[i] === undefined ? [] : [value / (theirs[i] as number)]));
  const ratio = spreadOf(ratios);
  const shown = (list: readonly number[]): string => (list.length === 0 ? '-' : median(list).toFixed(2));
  const spread =
    ratio === null ? '-' : `${ratio.median.toFixed(2)}x [${ratio.min.toFixed(2)} .. ${ratio.max.toFixed(2)}]`;
  console.log(line([row, shown(ours), shown(theirs), spread]));
}
