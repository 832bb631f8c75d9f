/**
 * One session that writes to an ensemble whatever happens to its members: pipelined writes, each in its ledger. When its
 * connection breaks it opens its session again on another member, waits for what is on its way (sync), and holds what it
 * reads against the ledger before it goes on. Every reply must be a success, in order, with a zxid above the one before.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type FoundNode, readNodes } from '../testing/pipelined-read.js';
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
import type { Ledger } from './kill-nine-ledger.js';

/** tickTime 2000 allows up to 40 s: no session may expire while nobody leads. */
const SESSION_MS = 40_000;
const RETRY_MS = 5;
const EPHEMERAL = 1;
/** Everything that was ever written is read back from members that have just been under load. */
const READ_MS = 30_000;
/** A member that says nothing for that long is left for another. */
const PATIENCE_MS = 8_000;

export interface EnsembleWriterOptions {
  /** Client ports of all members, whether they run or not. */
  readonly ports: readonly number[];
  readonly outstanding: number;
  readonly onAcknowledged?: (zxid: bigint) => void;
}

export class EnsembleWriter {
  readonly ledger: Ledger;
  /** Times that the session was opened again. */
  reopened = 0;
  nodesVerified = 0;
  private readonly options: EnsembleWriterOptions;
  private readonly ephemeral: string;
  private turn: number;
  private connection: WireConnection;
  private grant: SessionGrant;
  private xid = 0;
  private zxidSeen = 0n;
  private stopping = false;
  private readonly sent: { readonly xid: number; readonly what: string }[] = [];

  private constructor(
    connection: WireConnection,
    grant: SessionGrant,
    ledger: Ledger,
    turn: number,
    options: EnsembleWriterOptions,
  ) {
    this.connection = connection;
    this.grant = grant;
    this.ledger = ledger;
    this.turn = turn;
    this.options = options;
    this.ephemeral = `${ledger.root}-alive`;
  }

  /** Opens its session on the member of that port. */
  static async open(ledger: Ledger, turn: number, options: EnsembleWriterOptions): Promise<EnsembleWriter> {
    const connection = await WireConnection.open(options.ports[turn % options.ports.length] as number);
    const grant = await connection.handshake({ timeOutMs: SESSION_MS });
    const writer = new EnsembleWriter(connection, grant, ledger, turn, options);
    for (const [path, flags] of [
      [ledger.root, 0],
      [writer.ephemeral, EPHEMERAL],
    ] as const) {
      const reply = await connection.call(++writer.xid, Op.Create, counted(path), counted(''), openAcl, int32(flags));
      if (reply.err !== 0) throw new Error(`creating ${path} failed with ${reply.err}`);
    }
    return writer;
  }

  /** Writes until `stop`, and can be asked to again; ends with the first broken promise. */
  async run(): Promise<void> {
    this.stopping = false;
    while (!this.stopping) {
      await this.writeUntilBroken();
      if (this.sent.length > 0 || !this.stopping) await this.reopen();
    }
  }

  /** Nothing new is sent; `run` ends when what was sent has been answered or judged. */
  stop(): void {
    this.stopping = true;
  }

  /** Every node ever written, as this member shows it after a sync. */
  async verifyAll(port: number): Promise<void> {
    const connection = await WireConnection.openSession(port, {}, READ_MS);
    try {
      const synced = await connection.call(1, Op.Sync, counted('/'));
      if (synced.err !== 0) throw new Error(`sync failed with ${synced.err}`);
      this.ledger.verify(await this.readNodes(connection, this.ledger.paths(true)));
      await connection.closeSession();
    } finally {
      connection.destroy();
    }
  }

  async close(): Promise<void> {
    await this.connection.closeSession(++this.xid);
  }

  destroy(): void {
    this.connection.destroy();
  }

  private async writeUntilBroken(): Promise<void> {
    const { sent } = this;
    const fill = (): void => {
      const frames: Buffer[] = [];
      while (!this.stopping && sent.length < this.options.outstanding) {
        const write = this.ledger.plan();
        sent.push({ xid: ++this.xid, what: write.what });
        frames.push(request(this.xid, write.op, write.body));
      }
      if (frames.length > 0) this.connection.send(...frames);
    };
    for (fill(); sent.length > 0; fill()) {
      const payload = await this.connection.nextFrame(PATIENCE_MS).catch(() => null);
      if (payload === null) return;
      const reply = parseReply(payload);
      const { xid, what } = sent.shift() ?? { xid: 0, what: 'nothing' };
      if (reply.xid !== xid) throw new Error(`reply out of order: xid ${reply.xid} for ${xid}`);
      if (reply.err !== 0) throw new Error(`${what} failed with ${reply.err}`);
      if (reply.zxid <= this.zxidSeen) throw new Error(`zxid fell from ${this.zxidSeen} to ${reply.zxid}`);
      this.zxidSeen = reply.zxid;
      this.ledger.acknowledge(reply.zxid);
      this.options.onAcknowledged?.(reply.zxid);
    }
  }

  /** On whichever member takes it; the state that the ledger allows must be found, and the ephemeral be there. */
  private async reopen(): Promise<void> {
    for (const giveUpAt = performance.now() + SESSION_MS; ; ) {
      this.connection.destroy();
      if (performance.now() > giveUpAt) throw new Error(`${this.ledger.root}: no member has taken the session`);
      await delay(RETRY_MS);
      if (await this.tryReopen()) break;
    }
    this.reopened++;
    this.sent.length = 0;
  }

  private async tryReopen(): Promise<boolean> {
    const { ports } = this.options;
    let grant: SessionGrant;
    let found: Map<string, FoundNode | null>;
    let owner: bigint | null;
    try {
      this.connection = await WireConnection.open(ports[++this.turn % ports.length] as number);
      const { sessionId, password } = this.grant;
      grant = await this.connection.handshake({
        sessionId,
        password,
        timeOutMs: SESSION_MS,
        lastZxidSeen: this.zxidSeen,
      });
      if (grant.sessionId === sessionId) {
        const synced = await this.connection.call(++this.xid, Op.Sync, counted('/'));
        if (synced.err !== 0) throw new Error(`sync failed with ${synced.err}`);
        found = await this.readNodes(this.connection, this.ledger.paths(false));
        owner = await this.ephemeralOwner();
      } else {
        found = new Map();
        owner = null;
      }
    } catch {
      // No promise is broken by a member that is not there, or hangs up: the next one is asked.
      return false;
    }
    const name = `session 0x${this.grant.sessionId.toString(16)}`;
    if (grant.sessionId !== this.grant.sessionId) throw new Error(`${name} was not opened again`);
    this.ledger.verify(found);
    if (owner !== this.grant.sessionId) throw new Error(`${this.ephemeral} of ${name} belongs to ${owner}`);
    return true;
  }

  private async ephemeralOwner(): Promise<bigint | null> {
    const reply = await this.connection.call(++this.xid, Op.Exists, counted(this.ephemeral), Uint8Array.of(0));
    return reply.err === 0 ? reply.body.readBigInt64BE(44) : null;
  }

  private async readNodes(
    connection: WireConnection,
    paths: readonly string[],
  ): Promise<Map<string, FoundNode | null>> {
    const found = await readNodes(connection, () => ++this.xid, paths, READ_MS);
    this.nodesVerified += found.size;
    return found;
  }
}
