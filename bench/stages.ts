/**
 * Command: npm run bench:stages -- [--placements compact,pipeline,staged] [--shards 1] [--workloads get,set,create]
 * [--seconds 4] [--counters]. Our server in each placement: RSS and CPU at rest, then per workload each stage's throughput,
 * batch size, queue depth and time per record, and each thread's CPU. The kernel's thread times are exact to 10 ms a
 * thread; threads are told by their order of creation and, where it is set, their name.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { exitOnSignals } from '../test/testing/exit-on-signals.js';
import { cpuMsOf, residentBytesOf, type ThreadCpu, threadCpuOf } from '../test/testing/proc-stat.js';
import { repositoryRoot } from '../test/testing/repository-root.js';
import type { ServerProcess } from '../test/testing/server-process.js';
import { startThreadkeeper } from '../test/testing/threadkeeper-server.js';
import { createNodes, type LoadOptions, runLoad } from './load/load-generator.js';
import { type MeasuredLoad, measureLoad } from './measured-load.js';
import { type Counters, countedBetween, isGauge, ServerCounters } from './stages/server-counters.js';
import {
  type OtherCounter,
  otherCounters,
  type StageRow,
  stageRows,
  type ThreadRow,
  type TurnRow,
  threadRows,
  turnRows,
} from './stages/stage-table.js';

exitOnSignals();
const { values } = parseArgs({
  options: {
    placements: { type: 'string', default: 'compact,pipeline,staged' },
    shards: { type: 'string', default: '1' },
    workloads: { type: 'string', default: 'get,set,create' },
    connections: { type: 'string', default: '16' },
    outstanding: { type: 'string', default: '64' },
    seconds: { type: 'string', default: '4' },
    counters: { type: 'boolean', default: false },
  },
});

const seconds = Number(values.seconds);
const IDLE_SECONDS = 10;
const SETTLE_MS = 2000;
const NODES = 10_000;

interface IdleFigures {
  readonly residentMb: number;
  /** Per cent of one core. */
  readonly cpuPercent: number;
}

interface WorkloadFigures {
  readonly workload: string;
  readonly load: MeasuredLoad;
  readonly stages: readonly StageRow[];
  readonly threads: readonly ThreadRow[];
  readonly turns: readonly TurnRow[];
  readonly other: readonly OtherCounter[];
}

interface PlacementFigures {
  readonly placement: string;
  readonly shards: string;
  readonly idle: IdleFigures;
  readonly idleAfterLoad: IdleFigures;
  readonly workloads: readonly WorkloadFigures[];
}

async function idle(server: ServerProcess): Promise<IdleFigures> {
  await delay(SETTLE_MS);
  const before = cpuMsOf(server.pid);
  await delay(IDLE_SECONDS * 1000);
  const cpuPercent = (cpuMsOf(server.pid) - before) / 10 / IDLE_SECONDS;
  return { residentMb: residentBytesOf(server.pid) / 1e6, cpuPercent };
}

async function measureWorkload(
  server: ServerProcess,
  counters: ServerCounters,
  name: string,
): Promise<WorkloadFigures> {
  const creates = name === 'create';
  let before: Promise<Counters> | null = null;
  let after: Promise<Counters> | null = null;
  let threadsBefore: ThreadCpu[] = [];
  let threadsAfter: ThreadCpu[] = [];
  const load = await measureLoad(
    server,
    {
      workload: name as LoadOptions['workload'],
      connections: Number(values.connections),
      outstanding: Number(values.outstanding),
      root: creates ? '/created' : '/bench',
      setup: creates,
      nodes: creates ? 1 : NODES,
      warmupSeconds: 2,
      seconds,
    },
    {
      onMeasuring: () => {
        threadsBefore = threadCpuOf(server.pid);
        before = counters.read(server);
      },
      onMeasured: () => {
        threadsAfter = threadCpuOf(server.pid);
        after = counters.read(server);
      },
    },
  );
  if (before === null || after === null) throw new Error('no counters were read');
  const counted = countedBetween(await before, await after);
  return {
    workload: name,
    load,
    stages: stageRows(counted, seconds),
    threads: threadRows(threadsBefore, threadsAfter, seconds, load.operations),
    turns: turnRows(counted, seconds),
    other: otherCounters(counted),
  };
}

async function measurePlacement(placement: string): Promise<PlacementFigures> {
  const counters = new ServerCounters();
  const cfg = { 'threadkeeper.placement': placement, 'threadkeeper.connectionShards': values.shards };
  const server = await startThreadkeeper({ cfg, env: counters.env });
  try {
    const resting = await idle(server);
    const tree = { port: server.port, root: '/bench', nodes: NODES, connections: 16, outstanding: 64 };
    await createNodes(tree);
    await runLoad({ ...tree, workload: 'mixed', readRatio: 0.5, seconds: 3 });
    const workloads: WorkloadFigures[] = [];
    for (const name of values.workloads.split(',')) workloads.push(await measureWorkload(server, counters, name));
    return { placement, shards: values.shards, idle: resting, idleAfterLoad: await idle(server), workloads };
  } finally {
    await server.stop();
    counters.remove();
  }
}

function print(columns: readonly string[], lines: readonly (readonly (string | number)[])[]): void {
  const texts = lines.map((line) => line.map(String));
  const widths = columns.map((title, i) => Math.max(title.length, ...texts.map((line) => line[i].length)));
  for (const line of [columns, ...texts]) {
    console.log(
      `    ${line.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  ')}`,
    );
  }
}

function report({ placement, idle: resting, idleAfterLoad, workloads }: PlacementFigures): void {
  const idleText = ({ residentMb, cpuPercent }: IdleFigures): string =>
    `RSS ${residentMb.toFixed(0)} MB, CPU ${cpuPercent.toFixed(1)} % of a core`;
  console.log(`\n== ${placement}, ${values.shards} connection shard(s)`);
  console.log(`  at rest: ${idleText(resting)}; at rest after the load: ${idleText(idleAfterLoad)}`);
  for (const { workload, load, stages, threads, turns, other } of workloads) {
    console.log(
      `\n  ${workload} ${values.connections} x ${values.outstanding}: ${Math.round(load.throughput)} op/s, ` +
        `p50 ${load.latencyUs.all.p50} us, p99 ${load.latencyUs.all.p99} us; server ${load.serverCores.toFixed(2)} cores ` +
        `(${load.serverCpuUsPerOperation.toFixed(2)} us/op), generator ${load.generatorCores.toFixed(2)}, ` +
        `others ${load.foreignCores.toFixed(2)}`,
    );
    print(
      ['stage', 'records/s', 'batch', 'max', 'us/record', 'busy %', 'depth max B', 'refused', 'spilled'],
      stages.map((row) => [
        row.actor,
        Math.round(row.recordsPerSecond),
        row.batch.toFixed(1),
        row.batchMax,
        row.usPerRecord.toFixed(2),
        (row.busyShare * 100).toFixed(1),
        row.depthBytesMax,
        row.refusals,
        row.spilled,
      ]),
    );
    print(
      ['kernel thread', 'cores', 'us/op'],
      threads.map((row) => [row.name, row.cores.toFixed(2), row.usPerOperation.toFixed(2)]),
    );
    print(
      ['thread', 'turns/s', 'idle %', 'records/turn', 'busy %', 'longest ms', 'wakes/s'],
      turns.map((row) => [
        row.thread,
        Math.round(row.turnsPerSecond),
        (row.idleShare * 100).toFixed(0),
        row.recordsPerTurn.toFixed(1),
        (row.busyShare * 100).toFixed(1),
        row.turnMaxMs.toFixed(1),
        Math.round(row.wakesPerSecond),
      ]),
    );
    if (values.counters) {
      print(
        ['counter', 'value', 'per second'],
        other.map(({ owner, name, value }) => [
          `${owner} ${name}`,
          Math.round(value),
          isGauge(name) ? '' : Math.round(value / seconds),
        ]),
      );
    }
  }
}

const results: PlacementFigures[] = [];
for (const placement of values.placements.split(',')) {
  const figures = await measurePlacement(placement);
  report(figures);
  results.push(figures);
}
const directory = join(repositoryRoot, 'dist/bench/results');
mkdirSync(directory, { recursive: true });
const at = new Date().toISOString();
const file = join(directory, `stages-${at.replaceAll(':', '-')}.json`);
writeFileSync(
  file,
  `${JSON.stringify({ at, cpu: cpus()[0]?.model, cores: cpus().length, values, results }, null, 2)}\n`,
);
console.log(`\nwritten to ${file}`);
