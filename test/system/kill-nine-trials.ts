/**
 * kill -9 at random moments in the middle of writes, again and again on one data directory: after each restart every
 * acknowledged write must be there with its version, data and zxid, every session must open again with its ephemeral, and
 * what a closed session owned must be gone. Some kills hit the restart itself. Moments and writes come from one seed; how
 * far the server got by then does not. The same with SIGTERM, which is to leave no write applied and unanswered.
 */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Prng } from '../../src/base/prng.js';
import { type FoundNode, readNodes } from '../testing/pipelined-read.js';
import { type ServerKind, type ServerOptions, ServerProcess } from '../testing/server-process.js';
import { makeTempDir } from '../testing/temp-dir.js';
import { counted, int32, Op, openAcl, type SessionGrant, WireConnection } from '../testing/wire-connection.js';
import { Ledger } from './kill-nine-ledger.js';
import { LedgerSession, SESSION_MS } from './ledger-session.js';

const OUTSTANDING = 16;
const WRITING_MS_MIN = 30;
const WRITING_MS_SPREAD = 500;
/** Small, so that kills also hit snapshots being written and logs being rolled. */
const SNAP_COUNT = 1000;
const FULL_CHECK_EVERY = 10;
const EPHEMERAL = 1;

export interface KillNineOptions {
  readonly times: number;
  readonly seed: number;
  readonly writers: number;
  /** Default: SIGKILL. */
  readonly signal?: 'SIGKILL' | 'SIGTERM';
  readonly cfg?: ServerOptions['cfg'];
  readonly onTrial?: (line: string) => void;
}

export interface KillNineReport {
  readonly kills: number;
  readonly killsDuringRestart: number;
  readonly acknowledged: number;
  readonly survivedUnacknowledged: number;
  readonly nodesVerified: number;
  readonly sessionsReopened: number;
  /** From the signal to the end of the process. */
  readonly exitMs: readonly number[];
  /** Of each server. */
  readonly exitCodes: readonly (number | null)[];
  /** From spawn to the first session, per restart. */
  readonly restartMs: readonly number[];
}

/** One session that writes until its server dies, and opens again on the next one. */
class Writer {
  readonly ledger: Ledger;
  private readonly session: LedgerSession;

  private constructor(session: LedgerSession) {
    this.session = session;
    this.ledger = session.ledger;
  }

  static async open(port: number, ledger: Ledger): Promise<Writer> {
    return new Writer(await LedgerSession.open(port, ledger));
  }

  /** Ends when the connection breaks; an error reply or a reply out of order is thrown. */
  async writeUntilBroken(): Promise<void> {
    const { session } = this;
    session.forgetSent();
    for (let i = 0; i < OUTSTANDING; i++) session.connection.send(session.plannedWrite());
    for (;;) {
      const payload = await session.connection.nextFrame().catch(() => null);
      if (payload === null) return;
      session.acceptReply(payload);
      session.connection.send(session.plannedWrite());
    }
  }

  /** The session opens again on the restarted server and still owns its ephemeral. */
  async reopen(port: number): Promise<void> {
    const { session } = this;
    if (!(await session.openAgain(port))) throw new Error(`${session.name} was not opened again`);
    session.mustOwnEphemeral(await session.ephemeralOwner());
  }

  close(): Promise<void> {
    return this.session.close();
  }

  destroy(): void {
    this.session.destroy();
  }
}

/** A session that is over before the kill: after the restart it must still be over, and its ephemeral gone. */
interface ClosedSession {
  readonly grant: SessionGrant;
  readonly path: string;
}

async function openAndClose(port: number, path: string): Promise<ClosedSession> {
  const connection = await WireConnection.open(port);
  const grant = await connection.handshake({ timeOutMs: SESSION_MS });
  const created = await connection.call(1, Op.Create, counted(path), counted(''), openAcl, int32(EPHEMERAL));
  if (created.err !== 0) throw new Error(`${path}: ${created.err}`);
  await connection.closeSession(2);
  return { grant, path };
}

async function mustStayClosed(port: number, closed: ClosedSession): Promise<void> {
  const connection = await WireConnection.open(port);
  const { sessionId, password } = closed.grant;
  const grant = await connection.handshake({ sessionId, password, timeOutMs: SESSION_MS });
  connection.destroy();
  if (grant.timeOutMs !== 0) throw new Error(`the closed session 0x${sessionId.toString(16)} came back`);
}

/** All nodes at these paths, read through one pipelined session. */
async function readAll(port: number, paths: readonly string[]): Promise<Map<string, FoundNode | null>> {
  const connection = await WireConnection.openSession(port);
  let xid = 0;
  const found = await readNodes(connection, () => ++xid, paths);
  await connection.closeSession();
  return found;
}

export async function killNine(kind: ServerKind, options: KillNineOptions): Promise<KillNineReport> {
  const random = new Prng(options.seed);
  const dir = makeTempDir('kill-nine');
  const serverOptions: ServerOptions = {
    dataDir: join(dir.path, 'data'),
    cfg: { snapCount: SNAP_COUNT, ...options.cfg },
  };
  const restartMs: number[] = [];
  const exitMs: number[] = [];
  const exitCodes: (number | null)[] = [];
  const signal = options.signal ?? 'SIGKILL';
  let killsDuringRestart = 0;
  let nodesVerified = 0;
  let sessionsReopened = 0;
  let server = await ServerProcess.start(kind, serverOptions);
  const writers: Writer[] = [];
  try {
    for (let i = 0; i < options.writers; i++) {
      writers.push(await Writer.open(server.port, new Ledger(`/w${i}`, random.fork(`writer ${i}`))));
    }
    for (let trial = 1; trial <= options.times; trial++) {
      const closed = await openAndClose(server.port, `/closed${trial}`);
      const writing = writers.map((writer) => writer.writeUntilBroken());
      // A writer that fails before the kill must not wait for it.
      await Promise.race([delay(WRITING_MS_MIN + random.below(WRITING_MS_SPREAD)), Promise.all(writing)]);
      if (!server.isRunning) throw new Error(`the server ended by itself:\n${server.log()}`);
      const signalledMs = performance.now();
      server.signal(signal);
      exitCodes.push((await server.exited).code);
      exitMs.push(performance.now() - signalledMs);
      await Promise.all(writing);
      await server[Symbol.asyncDispose]();

      while (signal === 'SIGKILL' && random.below(5) === 0) {
        await ServerProcess.startAndKill(kind, serverOptions, 20 + random.below(400));
        killsDuringRestart++;
      }
      server = await ServerProcess.start(kind, serverOptions);
      restartMs.push(server.firstSessionMs);

      for (const writer of writers) await writer.reopen(server.port);
      sessionsReopened += writers.length;
      await mustStayClosed(server.port, closed);
      const everything = trial % FULL_CHECK_EVERY === 0 || trial === options.times;
      const gone = await readAll(server.port, [closed.path]);
      if (gone.get(closed.path) !== null) throw new Error(`${closed.path} outlived its closed session`);
      for (const { ledger } of writers) {
        const found = await readAll(server.port, ledger.paths(everything));
        ledger.verify(found);
        nodesVerified += found.size;
      }
      options.onTrial?.(
        `kill ${trial}: ${sum(writers, (w) => w.ledger.acknowledged)} writes acknowledged so far, ` +
          `restart ${Math.round(server.firstSessionMs)} ms`,
      );
    }
    for (const writer of writers) await writer.close();
  } finally {
    for (const writer of writers) writer.destroy();
    await server[Symbol.asyncDispose]();
    dir.remove();
  }
  return {
    kills: options.times,
    killsDuringRestart,
    acknowledged: sum(writers, (w) => w.ledger.acknowledged),
    survivedUnacknowledged: sum(writers, (w) => w.ledger.survived),
    nodesVerified,
    sessionsReopened,
    exitMs,
    exitCodes,
    restartMs,
  };
}

function sum<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0);
}
