/**
 * Everything that is measured with a large tree (1 M znodes by default): memory per znode, restart to the first read, and
 * tail latency while a snapshot is written. The tree is made once per side; its data directory is then a fixture of which
 * each measurement gets a copy, since a server changes what it is started on.
 */
import { cpSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { cpuMsOf } from '../../test/testing/proc-stat.js';
import type { ServerProcess } from '../../test/testing/server-process.js';
import { makeTempDir, type TempDir } from '../../test/testing/temp-dir.js';
import { counted, Op, WireConnection } from '../../test/testing/wire-connection.js';
import { createNodes, runLoad } from '../load/load-generator.js';
import { type MeasuredLoad, measureLoad } from '../measured-load.js';
import { quiet, restingBytes } from '../resting-memory.js';
import { type Contestant, startWithLargeTree } from './contestant.js';
import { VALUE_BYTES } from './throughput.js';

const ROOT = '/large';
const FANOUT = 1000;
const TXNS_AFTER_SNAPSHOT = 100_000;
/** No snapshot but the one that a start writes. */
const NEVER = 1_000_000_000;
/** Small enough that at 10 % load several snapshots fall into the measured time. */
const TAIL_SNAP_COUNT = 10_000;
const TAIL_READ_RATIO = 0.8;
const TAIL_SECONDS = 40;
const TAIL_BASE_SECONDS = 15;
const CAPACITY_SECONDS = 4;

/** The arguments of the load generator that address the large tree. */
function tree(nodes: number) {
  return { root: ROOT, nodes, fanout: FANOUT, valueBytes: VALUE_BYTES, connections: 16, outstanding: 64 };
}

export interface LargeTree {
  /** Newest snapshot, and the log with the transactions after it. */
  readonly fixture: TempDir;
  readonly nodes: number;
  readonly bytesPerNode: number;
  readonly residentBytes: number;
  readonly createdPerSecond: number;
}

export async function makeLargeTree(contestant: Contestant, nodes: number): Promise<LargeTree> {
  const fixture = makeTempDir('large-tree');
  const dataDir = join(fixture.path, 'data');
  let server = await startWithLargeTree(contestant, { dataDir });
  try {
    // What a server allocates once, for its first few nodes and requests, is not charged to the nodes.
    const few = { ...tree(1000), port: server.port, root: '/few' };
    await createNodes(few);
    await runLoad({ ...few, workload: 'mixed', readRatio: 0.5, seconds: CAPACITY_SECONDS });
    const before = await restingBytes(server);
    const began = performance.now();
    await createNodes({ ...tree(nodes), port: server.port, deadlineSeconds: 600 });
    const createdPerSecond = (nodes * 1000) / (performance.now() - began);
    const residentBytes = await restingBytes(server);
    await server.stop();

    // The start after a load writes a snapshot; then come the transactions that a restart has to replay.
    server = await startWithLargeTree(contestant, { dataDir, cfg: { snapCount: NEVER } });
    await quiet(server);
    await runLoad({
      ...tree(nodes),
      port: server.port,
      workload: 'set',
      operations: TXNS_AFTER_SNAPSHOT,
      deadlineSeconds: 120,
    });
    await server.stop();
    keepNewest(join(dataDir, 'version-2'));
    return { fixture, nodes, bytesPerNode: (residentBytes - before) / nodes, residentBytes, createdPerSecond };
  } catch (error) {
    if (server.isRunning) await server.kill();
    fixture.remove();
    throw error;
  }
}

const zxidOf = (name: string): bigint => BigInt(`0x${name.slice(name.indexOf('.') + 1)}`);

/** Drops what the newest snapshot has made superfluous, as a purge would: a fixture is copied often. */
function keepNewest(versionDir: string): void {
  const files = (prefix: string): string[] =>
    readdirSync(versionDir)
      .filter((name) => name.startsWith(`${prefix}.`))
      .sort((a, b) => (zxidOf(a) < zxidOf(b) ? -1 : 1));
  const snapshots = files('snapshot');
  const newest = snapshots.at(-1);
  if (newest === undefined) throw new Error(`no snapshot in ${versionDir}`);
  const logs = files('log');
  const firstNeeded = logs.filter((name) => zxidOf(name) <= zxidOf(newest)).at(-1) ?? '';
  for (const name of snapshots) if (name !== newest) rmSync(join(versionDir, name));
  for (const name of logs) if (zxidOf(name) < zxidOf(firstNeeded || logs[0])) rmSync(join(versionDir, name));
}

async function onCopy<T>(
  contestant: Contestant,
  large: LargeTree,
  snapCount: number,
  measure: (server: ServerProcess, dataDir: string) => Promise<T>,
): Promise<T> {
  const copy = makeTempDir('large-copy');
  const dataDir = join(copy.path, 'data');
  cpSync(join(large.fixture.path, 'data'), dataDir, { recursive: true });
  try {
    const server = await startWithLargeTree(contestant, { dataDir, cfg: { snapCount } });
    try {
      return await measure(server, dataDir);
    } finally {
      if (server.isRunning) await server.stop();
    }
  } finally {
    copy.remove();
  }
}

export interface RestartFigures {
  readonly ms: number;
  /** Of all threads of the server until then: on a busy machine it says more than the clock. */
  readonly cpuMs: number;
}

/** From spawn to the reply of a read that must succeed. */
export async function restart(contestant: Contestant, large: LargeTree): Promise<RestartFigures> {
  return await onCopy(contestant, large, NEVER, async (server) => {
    const began = performance.now();
    const reader = await WireConnection.openSession(server.port);
    const last = large.nodes - 1;
    const path = `${ROOT}/p${pad(Math.floor(last / FANOUT), 6)}/n${pad(last, 8)}`;
    const reply = await reader.call(1, Op.GetData, counted(path), Uint8Array.of(0));
    if (reply.err !== 0 || reply.body.readInt32BE(0) !== VALUE_BYTES)
      throw new Error(`the first read failed with ${reply.err}`);
    const readMs = performance.now() - began;
    const cpuMs = cpuMsOf(server.pid);
    await reader.closeSession();
    return { ms: server.firstSessionMs + readMs, cpuMs };
  });
}

const pad = (value: number, digits: number): string => String(value).padStart(digits, '0');

/** Operations per second that the server can do on the large tree, all connections busy. */
export async function capacity(contestant: Contestant, large: LargeTree): Promise<number> {
  return await onCopy(contestant, large, NEVER, async (server) => {
    await quiet(server);
    const load = await runLoad({
      ...tree(large.nodes),
      port: server.port,
      workload: 'mixed',
      readRatio: TAIL_READ_RATIO,
      warmupSeconds: CAPACITY_SECONDS,
      seconds: CAPACITY_SECONDS,
    });
    return load.throughput;
  });
}

export interface TailFigures {
  readonly load: MeasuredLoad;
  /** Those begun while it was measured. */
  readonly snapshots: readonly SnapshotFigures[];
}

export interface SnapshotFigures {
  readonly tookMs: number;
  readonly bytes: number;
}

/** Latency at this rate, with at least one snapshot written meanwhile. */
export async function tailLatency(contestant: Contestant, large: LargeTree, rate: number): Promise<TailFigures> {
  return await onCopy(contestant, large, TAIL_SNAP_COUNT, async (server, dataDir) => {
    let measuringFromMs = 0;
    const load = await openLoop(server, large, rate, TAIL_SECONDS, () => {
      measuringFromMs = Date.now();
    });
    await quiet(server);
    const snapshots = snapshotsSince(join(dataDir, 'version-2'), measuringFromMs);
    if (snapshots.length === 0)
      throw new Error(`${server.kind} wrote no snapshot at ${Math.round(rate)} op/s: lower TAIL_SNAP_COUNT`);
    return { load, snapshots };
  });
}

/** The same load on the same tree, with no snapshot beside it. */
export async function tailBaseLine(contestant: Contestant, large: LargeTree, rate: number): Promise<MeasuredLoad> {
  return await onCopy(contestant, large, NEVER, (server) => openLoop(server, large, rate, TAIL_BASE_SECONDS));
}

async function openLoop(
  server: ServerProcess,
  large: LargeTree,
  rate: number,
  seconds: number,
  onMeasuring: () => void = () => undefined,
): Promise<MeasuredLoad> {
  await quiet(server);
  await runLoad({ ...tree(large.nodes), port: server.port, workload: 'get', seconds: CAPACITY_SECONDS });
  return await measureLoad(
    server,
    {
      ...tree(large.nodes),
      workload: 'mixed',
      readRatio: TAIL_READ_RATIO,
      rate,
      outstanding: 1024,
      warmupSeconds: 3,
      seconds,
    },
    { onMeasuring },
  );
}

/** From when the file was made to when it was written to last: no server's own word is needed. */
function snapshotsSince(versionDir: string, fromMs: number): SnapshotFigures[] {
  return readdirSync(versionDir)
    .filter((name) => name.startsWith('snapshot.'))
    .map((name) => statSync(join(versionDir, name)))
    .filter(({ birthtimeMs }) => birthtimeMs >= fromMs)
    .map(({ birthtimeMs, mtimeMs, size }) => ({ tookMs: mtimeMs - birthtimeMs, bytes: size }));
}
