/**
 * One fault and what a server makes of it: up to 200 creates, one after the other, each counted when it is acknowledged; the
 * fault, under way or on the files of the stopped server; a start without it, and a count of what is served then.
 */
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { NodeFileStore } from '../../../src/persistence/node-file-store.js';
import { readSyncMark } from '../../../src/persistence/sync-mark.js';
import { apacheServer } from '../../testing/apache-server.js';
import { type RefusedStart, type ServerKind, ServerProcess } from '../../testing/server-process.js';
import { makeTempDir, type TempDir } from '../../testing/temp-dir.js';
import { threadkeeperServer } from '../../testing/threadkeeper-server.js';
import { until, within } from '../../testing/until.js';
import { counted, int32, Op, openAcl, WireConnection } from '../../testing/wire-connection.js';

export const CREATES = 200;
const CREATE_DEADLINE_MS = 4000;
const EXIT_DEADLINE_MS = 4000;
/** What our server and Apache's say when something is wrong begins with, in their log. */
const SERIOUS = /\b(?:ERROR|FATAL|WARN)\b|Exception|Error:/;
const ALWAYS_SAID =
  /Either no config or no quorum|actor sync has not stopped|thread log is terminated|jmx|metricsProvider|ZooKeeperServer not running/i;
const VALUE = Buffer.alloc(100, 'v');

export type Cfg = Readonly<Record<string, string | number>>;

export interface Outcome {
  readonly acknowledged: number;
  /** The greatest time from a create to its acknowledgement. */
  readonly slowestMs: number;
  /** "exit 1", "killed by SIGKILL", "runs on" */
  readonly end: string;
  /** From the create that was not acknowledged to the end of the process; null when it went on. */
  readonly exitMs: number | null;
  /** What it printed about the fault. */
  readonly lines: readonly string[];
  readonly restart: Restart;
}

export interface Restart {
  /** Of the creates; null: the start was refused. */
  readonly served: number | null;
  /** Every acknowledged one among them. */
  readonly isComplete: boolean;
  readonly end: string;
  readonly lines: readonly string[];
}

export function seriousLines(log: string): string[] {
  return log.split('\n').filter((line) => SERIOUS.test(line) && !ALWAYS_SAID.test(line));
}

/** The one to show of them: what names a file or a call, else an error, else whatever there is. */
export function tellingLine(lines: readonly string[]): string {
  const named =
    lines.find((line) => /RecoveryError|FatalStorageError|SnapshotWriteError/.test(line)) ??
    lines.find((line) => /version-2\/|log\.[0-9a-f]+|RecoveryError|EIO|ENOSPC|fsync-ing/.test(line));
  return named ?? lines.find((line) => /ERROR|Exception/.test(line)) ?? lines[0] ?? '';
}

/** The mark is written behind the acknowledgement, which on a busy machine may be some time behind. All is in epoch 0. */
function isMarked(version2: string, zxid: bigint): boolean {
  const reading = readSyncMark(new NodeFileStore(), version2);
  return reading.kind === 'read' && reading.content.zxidLo >= Number(zxid);
}

/** A data directory with 200 acknowledged creates in it, left by a kill -9. */
export async function makeBase(kind: ServerKind, cfg: Cfg): Promise<TempDir> {
  const base = makeTempDir('fault-base');
  const server = await ServerProcess.start(kind, { dataDir: join(base.path, 'data'), cfg, readyMs: 60_000 });
  const { acknowledged, lastZxid } = await createUntil(server, CREATES);
  if (kind === threadkeeperServer)
    await until('the sync mark', 30_000, () => isMarked(join(base.path, 'data/version-2'), lastZxid));
  await server.kill();
  await server[Symbol.asyncDispose]();
  if (acknowledged !== CREATES) throw new Error(`only ${acknowledged} creates were acknowledged`);
  return base;
}

/** A fault of the files at rest. `damage` gets version-2. */
export async function tryAtRest(
  kind: ServerKind,
  base: TempDir,
  damage: (version2: string) => void,
  cfg: Cfg = {},
): Promise<Outcome> {
  using directory = makeTempDir('fault');
  const dataDir = join(directory.path, 'data');
  cpSync(join(base.path, 'data'), dataDir, { recursive: true });
  return await damaged(kind, dataDir, damage, cfg);
}

/** The same in the files themselves, not in a copy: they are spoilt afterwards. */
export async function tryInPlace(
  kind: ServerKind,
  base: TempDir,
  damage: (version2: string) => void,
): Promise<Outcome> {
  return await damaged(kind, join(base.path, 'data'), damage, {});
}

async function damaged(
  kind: ServerKind,
  dataDir: string,
  damage: (version2: string) => void,
  cfg: Cfg,
): Promise<Outcome> {
  damage(join(dataDir, 'version-2'));
  const restart = await restartOn(kind, dataDir, CREATES, cfg);
  return { acknowledged: CREATES, slowestMs: 0, end: '', exitMs: null, lines: [], restart };
}

/** A fault while it runs: `faulty` is the server with the fault built in, `kind` the one that starts behind it. */
export async function tryRunning(
  kind: ServerKind,
  faultyFor: (dataDir: string, directory: string) => ServerKind,
  cfg: Cfg,
  killAfter: number | null = null,
): Promise<Outcome> {
  using directory = makeTempDir('fault');
  const dataDir = join(directory.path, 'data');
  const server = await ServerProcess.start(faultyFor(dataDir, directory.path), { dataDir, cfg, readyMs: 60_000 });
  const { acknowledged, slowestMs, sentMs } = await createUntil(server, CREATES, killAfter);
  let exitMs: number | null = null;
  let end = 'runs on';
  if (acknowledged < CREATES) {
    try {
      const exit = await within('the end of the server', EXIT_DEADLINE_MS, server.exited);
      exitMs = performance.now() - sentMs;
      end = exit.signal === null ? `exit ${exit.code}` : `killed by ${exit.signal}`;
    } catch {
      end = `runs on, answers nothing`;
    }
  }
  if (server.isRunning) await server.kill();
  const lines = seriousLines(server.log());
  await server[Symbol.asyncDispose]();
  const restart = await restartOn(kind, dataDir, acknowledged, {});
  return { acknowledged, slowestMs, end, exitMs, lines, restart };
}

async function createUntil(
  server: ServerProcess,
  count: number,
  killAfter: number | null = null,
): Promise<{ acknowledged: number; lastZxid: bigint; slowestMs: number; sentMs: number }> {
  const connection = await WireConnection.openSession(server.port, { timeOutMs: 30_000 });
  let acknowledged = 0;
  let lastZxid = 0n;
  let slowestMs = 0;
  let sentMs = 0;
  try {
    while (acknowledged < count) {
      sentMs = performance.now();
      const path = `/n${String(acknowledged + 1).padStart(3, '0')}`;
      const call = connection.call(acknowledged + 1, Op.Create, counted(path), counted(VALUE), openAcl, int32(0));
      if (acknowledged === killAfter) server.signal('SIGKILL');
      const { err, zxid } = await within('a create', CREATE_DEADLINE_MS, call);
      if (err !== 0) break;
      lastZxid = zxid;
      slowestMs = Math.max(slowestMs, performance.now() - sentMs);
      acknowledged++;
    }
  } catch {
    // The connection is gone, or nothing is answered any more: the fault has come, and the caller sees what became of the server.
  }
  connection.destroy();
  return { acknowledged, lastZxid, slowestMs, sentMs };
}

async function restartOn(kind: ServerKind, dataDir: string, acknowledged: number, cfg: Cfg): Promise<Restart> {
  const started = await ServerProcess.attempt(kind, { dataDir, cfg, readyMs: kind === apacheServer ? 15_000 : 10_000 });
  if (!(started instanceof ServerProcess)) return refused(started);
  const connection = await WireConnection.openSession(started.port);
  const { body } = await connection.call(1, Op.GetChildren, counted('/'), Uint8Array.of(0));
  const names = new Set(body.toString('latin1').match(/n\d{3}/g) ?? []);
  let isComplete = true;
  for (let i = 1; i <= acknowledged; i++) isComplete &&= names.has(`n${String(i).padStart(3, '0')}`);
  await connection.closeSession();
  await started.kill();
  const lines = seriousLines(started.log());
  await started[Symbol.asyncDispose]();
  return { served: names.size, isComplete, end: '', lines };
}

function refused({ exit, log }: RefusedStart): Restart {
  const end = exit === null ? 'hangs' : exit.signal === null ? `exit ${exit.code}` : `killed by ${exit.signal}`;
  return { served: null, isComplete: false, end, lines: seriousLines(log) };
}
