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
import {
  counted,
  int32,
  Op,
  openAcl,
  parseReply,
  request,
  type SessionGrant,
  WireConnection,
} from '../testing/wire-connection.js';
import { Ledger } from './kill-nine-ledger.js';

const OUTSTANDING = 16;
/** tickTime 2000 allows up to 40 s: no session may expire while its server is down. */
const SESSION_MS = 40_000;
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
  private readonly ephemeral: string;
  private connection: WireConnection;
  private grant: SessionGrant;
  private xid = 0;
  private zxidSeen = 0n;

  private constructor(connection: WireConnection, grant: SessionGrant, ledger: Ledger) {
    this.connection = connection;
    this.grant = grant;
    this.ledger = ledger;
    this.ephemeral = `${ledger.root}-alive`;
  }

  static async open(port: number, ledger: Ledger): Promise<Writer> {
    const connection = await WireConnection.open(port);
    const grant = await connection.handshake({ timeOutMs: SESSION_MS });
    const writer = new Writer(connection, grant, ledger);
    for (const [path, flags] of [
      [ledger.root, 0],
      [writer.ephemeral, EPHEMERAL],
    ] as const) {
      await writer.mustSucceed(Op.Create, counted(path), counted(''), openAcl, int32(flags));
    }
    return writer;
  }

  get zxid(): bigint {
    return this.zxidSeen;
  }

  /** Ends when the connection breaks; an error reply or a reply out of order is thrown. */
  async writeUntilBroken(): Promise<void> {
    const sent: { readonly xid: number; readonly what: string }[] = [];
    const sendOne = (): void => {
      const write = this.ledger.plan();
      sent.push({ xid: ++this.xid, what: write.what });
      this.connection.send(request(this.xid, write.op, write.body));
    };
    for (let i = 0; i < OUTSTANDING; i++) sendOne();
    for (;;) {
      const payload = await this.connection.nextFrame().catch(() => null);
      if (payload === null) return;
      const reply = parseReply(payload);
      const { xid, what } = sent.shift() ?? { xid: 0, what: 'nothing' };
      if (reply.xid !== xid) throw new Error(`reply out of order: xid ${reply.xid} for ${xid}`);
      if (reply.err !== 0) throw new Error(`${what} failed with ${reply.err}`);
      if (reply.zxid <= this.zxidSeen) throw new Error(`zxid fell from ${this.zxidSeen} to ${reply.zxid}`);
      this.zxidSeen = reply.zxid;
      this.ledger.acknowledge(reply.zxid);
      sendOne();
    }
  }

  /** The session opens again on the restarted server and still owns its ephemeral. */
  async reopen(port: number): Promise<void> {
    this.connection.destroy();
    this.connection = await WireConnection.open(port);
    const { sessionId, password } = this.grant;
    const grant = await this.connection.handshake({
      sessionId,
      password,
      timeOutMs: SESSION_MS,
      lastZxidSeen: this.zxidSeen,
    });
    if (grant.sessionId !== sessionId) throw new Error(`session 0x${sessionId.toString(16)} was not opened again`);
    const reply = await this.mustSucceed(Op.Exists, counted(this.ephemeral), Uint8Array.of(0));
    const owner = reply.readBigInt64BE(44);
    if (owner !== sessionId) throw new Error(`${this.ephemeral} belongs to 0x${owner.toString(16)}`);
  }

  close(): Promise<void> {
    return this.connection.closeSession(++this.xid);
  }

  destroy(): void {
    this.connection.destroy();
  }

  private async mustSucceed(op: number, ...body: Uint8Array[]): Promise<Buffer> {
    const reply = await this.connection.call(++this.xid, op, ...body);
    if (reply.err !== 0) throw new Error(`${this.ledger.root}: op ${op} failed with ${reply.err}`);
    this.zxidSeen = reply.zxid;
    return reply.body;
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
