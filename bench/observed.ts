/**
 * Command: npm run bench:observed -- [--asks mntr,scrape] [--readers lone,paced] [--rounds 5] [--seconds 5] [--pause 20]
 * [--rate 2000] [--watches 0] [--pin] [--placement compact]. How much later a reader has its replies while somebody asks
 * the server how it is: `mntr`, a scrape, or any four-letter word or path of the AdminServer (`wchc`, `/commands/dump`).
 *
 * Three conditions, in turns that change with the round: nobody asks; the asker asks another server of the same kind, on the
 * same machine; it asks the server that is read. The first difference holds all that the machine has to do, the second only
 * what the server itself makes its clients wait for. Server, reader (load.c) and asker are processes of their own.
 */
import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { exitOnSignals } from '../test/testing/exit-on-signals.js';
import { freePort } from '../test/testing/free-port.js';
import { residentBytesOf } from '../test/testing/proc-stat.js';
import type { ServerProcess } from '../test/testing/server-process.js';
import { startThreadkeeper } from '../test/testing/threadkeeper-server.js';
import { type Spread, spreadOf } from './compare/figures.js';
import { createNodes, type Latency, type LoadOptions, runLoad } from './load/load-generator.js';
import { Asking } from './observed/asking.js';
import { HeldWatches } from './watches/watchers.js';

exitOnSignals();
const { values } = parseArgs({
  options: {
    asks: { type: 'string', default: 'mntr,scrape' },
    readers: { type: 'string', default: 'lone,paced' },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '5' },
    pause: { type: 'string', default: '20' },
    rate: { type: 'string', default: '2000' },
    watches: { type: 'string', default: '0' },
    pin: { type: 'boolean', default: false },
    placement: { type: 'string' },
  },
});

const CONDITIONS = ['alone', 'elsewhere', 'asked'] as const;
type Condition = (typeof CONDITIONS)[number];
const QUANTILES = ['p50', 'p99', 'p999', 'max'] as const;
/** What a reader may notice; the longest reply of a round is shown and not judged: one foreign process makes it. */
const LIMIT_MS = 1;
const JUDGED: readonly string[] = ['p99', 'p999'];
const COLUMN_CHARS = 26;
const NODES = 1000;
const WATCHING_CONNECTIONS = 16;
/** Each way to ask is asked so long before anything is measured: what a process does once in its life is no subject here. */
const WARM_UP_SECONDS = 2;
const PROMETHEUS = 'org.apache.zookeeper.metrics.prometheus.PrometheusMetricsProvider';
const seconds = Number(values.seconds);

interface Subject {
  readonly server: ServerProcess;
  /** By what an ask is directed to. */
  readonly ports: { readonly word: number; readonly scrape: number; readonly admin: number };
}

async function startSubject(): Promise<Subject> {
  const [scrape, admin] = [await freePort(), await freePort()];
  const server = await startThreadkeeper({
    cfg: {
      'threadkeeper.placement': values.placement,
      '4lw.commands.whitelist': '*',
      'admin.enableServer': 'true',
      'admin.serverAddress': '127.0.0.1',
      'admin.serverPort': admin,
      'metricsProvider.className': PROMETHEUS,
      'metricsProvider.httpHost': '127.0.0.1',
      'metricsProvider.httpPort': scrape,
    },
  });
  return { server, ports: { word: server.port, scrape, admin } };
}

function startAsking(what: string, { ports }: Subject): Promise<Asking> {
  const pauseMs = Number(values.pause);
  if (what === 'scrape') return Asking.start('/metrics', ports.scrape, pauseMs);
  return Asking.start(what, what.startsWith('/') ? ports.admin : ports.word, pauseMs);
}

/** All threads of the process, on one core. */
function pin(pid: number, core: number): void {
  execFileSync('taskset', ['-a', '-c', '-p', String(core), String(pid)], { stdio: 'ignore' });
}

function loadOf(reader: string): Pick<LoadOptions, 'workload' | 'connections' | 'outstanding' | 'rate'> {
  if (reader === 'lone') return { workload: 'get', connections: 1, outstanding: 1 };
  if (reader === 'paced') return { workload: 'get', connections: 4, outstanding: 4096, rate: Number(values.rate) };
  throw new Error(`--readers: ${reader} is none of lone, paced`);
}

async function measure(read: Subject, asked: Subject | null, what: string, reader: string): Promise<Latency> {
  const asking = asked === null ? null : await startAsking(what, asked);
  const { latencyUs } = await runLoad({
    ...loadOf(reader),
    port: read.server.port,
    nodes: NODES,
    warmupSeconds: 0.5,
    seconds,
  });
  const told = await asking?.stop();
  if (told !== undefined && asked === read) {
    const each = `${(told.bytes / told.answers / 1000).toFixed(1)} kB in ${told.msEach.toFixed(1)} ms`;
    console.log(`      ${told.answers} answers of ${each}; server ${residentMb(read.server)} MB`);
  }
  return latencyUs.all;
}

function residentMb({ pid }: ServerProcess): string {
  return (residentBytesOf(pid) / 1e6).toFixed(0);
}

/** Of one way to ask and one reader: per round and condition, what the reader saw. */
async function measureRow(read: Subject, other: Subject, what: string, reader: string): Promise<void> {
  const rounds: Record<Condition, Latency>[] = [];
  for (let round = 0; round < Number(values.rounds); round++) {
    const seen: Partial<Record<Condition, Latency>> = {};
    for (let i = 0; i < CONDITIONS.length; i++) {
      const condition = CONDITIONS[(i + round) % CONDITIONS.length] as Condition;
      const asked = condition === 'alone' ? null : condition === 'asked' ? read : other;
      const latency = await measure(read, asked, what, reader);
      seen[condition] = latency;
      const told = QUANTILES.map((quantile) => `${quantile} ${latency[quantile].toFixed(0)}`).join(', ');
      console.log(`    round ${round + 1} ${condition.padEnd(9)} ${latency.count} reads: ${told} us`);
    }
    rounds.push(seen as Record<Condition, Latency>);
  }
  report(`${what}, ${reader} reader`, rounds);
}

function report(row: string, rounds: readonly Record<Condition, Latency>[]): void {
  const shown = ({ median, min, max }: Spread): string =>
    `${median.toFixed(2)} [${min.toFixed(2)} .. ${max.toFixed(2)}]`;
  console.log(`\n  ${row}, ms: median of ${rounds.length} rounds [least .. greatest]`);
  const columns = ['', ...CONDITIONS, 'asked - alone', 'asked - elsewhere', ''];
  const line = (cells: readonly string[]): string =>
    cells.map((cell, i) => cell.padEnd(i === 0 ? 6 : COLUMN_CHARS)).join('');
  console.log(`    ${line(columns)}`);
  for (const quantile of QUANTILES) {
    const inMs = (of: (round: Record<Condition, Latency>) => number): Spread =>
      spreadOf(rounds.map((round) => of(round) / 1000)) as Spread;
    const byAll = inMs(({ asked, alone }) => asked[quantile] - alone[quantile]);
    const byServer = inMs(({ asked, elsewhere }) => asked[quantile] - elsewhere[quantile]);
    const each = CONDITIONS.map((condition) => shown(inMs((round) => round[condition][quantile])));
    const isWithin = byServer.median <= LIMIT_MS;
    const verdict = JUDGED.includes(quantile) ? (isWithin ? 'within 1 ms' : 'MORE THAN 1 ms') : '';
    console.log(`    ${line([quantile, ...each, shown(byAll), shown(byServer), verdict])}`);
  }
  console.log('');
}

async function main(): Promise<void> {
  const [read, other] = [await startSubject(), await startSubject()];
  try {
    if (values.pin) {
      // Children take this process's core with them.
      pin(process.pid, Math.min(1, cpus().length - 1));
      pin(read.server.pid, 0);
      pin(other.server.pid, 0);
    }
    const held: HeldWatches[] = [];
    for (const { server } of [read, other]) {
      await createNodes({ port: server.port, nodes: NODES, connections: 4, outstanding: 64 });
      const paths = Math.ceil(Number(values.watches) / WATCHING_CONNECTIONS);
      if (paths > 0) held.push(await HeldWatches.set(server.port, WATCHING_CONNECTIONS, paths, false));
    }
    for (const what of values.asks.split(',')) {
      for (const subject of [read, other]) {
        const warming = await startAsking(what, subject);
        await runLoad({ ...loadOf('lone'), port: subject.server.port, nodes: NODES, seconds: WARM_UP_SECONDS });
        await warming.stop();
      }
      for (const reader of values.readers.split(',')) await measureRow(read, other, what, reader);
    }
    for (const watches of held) await watches.release();
  } finally {
    await read.server.stop();
    await other.server.stop();
  }
}

await main();
