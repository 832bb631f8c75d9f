/**
 * One session that writes what its ledger plans and owns one ephemeral node: how it is opened, and opened again on another
 * server; what it has sent and what must come back. Every reply must be a success, in order, with a zxid above the one
 * before. When to write, to give up and to go elsewhere is its user's business.
 */
import {
  counted,
  int32,
  Op,
  openAcl,
  parseReply,
  type Reply,
  request,
  type SessionGrant,
  WireConnection,
} from '../testing/wire-connection.js';
import type { Ledger } from './kill-nine-ledger.js';

/** tickTime 2000 allows up to 40 s: no session may expire while its server is down, or while nobody leads. */
export const SESSION_MS = 40_000;
const EPHEMERAL = 1;

export class LedgerSession {
  readonly ledger: Ledger;
  readonly ephemeral: string;
  connection: WireConnection;
  zxidSeen = 0n;
  private readonly grant: SessionGrant;
  private readonly sent: { readonly xid: number; readonly what: string }[] = [];
  private xid = 0;

  private constructor(connection: WireConnection, grant: SessionGrant, ledger: Ledger) {
    this.connection = connection;
    this.grant = grant;
    this.ledger = ledger;
    this.ephemeral = `${ledger.root}-alive`;
  }

  static async open(port: number, ledger: Ledger): Promise<LedgerSession> {
    const connection = await WireConnection.open(port);
    const session = new LedgerSession(connection, await connection.handshake({ timeOutMs: SESSION_MS }), ledger);
    for (const [path, flags] of [
      [ledger.root, 0],
      [session.ephemeral, EPHEMERAL],
    ] as const) {
      const reply = await session.call(Op.Create, counted(path), counted(''), openAcl, int32(flags));
      if (reply.err !== 0) throw new Error(`creating ${path} failed with ${reply.err}`);
    }
    return session;
  }

  get id(): bigint {
    return this.grant.sessionId;
  }

  get name(): string {
    return `session 0x${this.id.toString(16)}`;
  }

  /** Writes that have no answer yet. */
  get sentCount(): number {
    return this.sent.length;
  }

  readonly nextXid = (): number => ++this.xid;

  async call(op: number, ...body: Uint8Array[]): Promise<Reply> {
    const reply = await this.connection.call(++this.xid, op, ...body);
    if (reply.zxid > this.zxidSeen) this.zxidSeen = reply.zxid;
    return reply;
  }

  /** The frame of the write that the ledger plans next; it counts as sent. */
  plannedWrite(): Buffer {
    const { op, body, what } = this.ledger.plan();
    this.sent.push({ xid: ++this.xid, what });
    return request(this.xid, op, body);
  }

  /** The reply to the write that was sent first. Returns its zxid. */
  acceptReply(payload: Buffer): bigint {
    const reply = parseReply(payload);
    const { xid, what } = this.sent.shift() ?? { xid: 0, what: 'nothing' };
    if (reply.xid !== xid) throw new Error(`reply out of order: xid ${reply.xid} for ${xid}`);
    if (reply.err !== 0) throw new Error(`${what} failed with ${reply.err}`);
    if (reply.zxid <= this.zxidSeen) throw new Error(`zxid fell from ${this.zxidSeen} to ${reply.zxid}`);
    this.zxidSeen = reply.zxid;
    this.ledger.acknowledge(reply.zxid);
    return reply.zxid;
  }

  /** What was sent has no answer, and the ledger was held against what is there. */
  forgetSent(): void {
    this.sent.length = 0;
  }

  /** On a new connection. False: the server gave another session, or none. */
  async openAgain(port: number): Promise<boolean> {
    this.connection.destroy();
    this.connection = await WireConnection.open(port);
    const { sessionId, password } = this.grant;
    const grant = await this.connection.handshake({
      sessionId,
      password,
      timeOutMs: SESSION_MS,
      lastZxidSeen: this.zxidSeen,
    });
    return grant.sessionId === sessionId;
  }

  /** Throws unless it is this session; `owner`: what ephemeralOwner has said. */
  mustOwnEphemeral(owner: bigint | null): void {
    if (owner !== this.id) throw new Error(`${this.ephemeral} of ${this.name} belongs to ${owner}`);
  }

  async ephemeralOwner(): Promise<bigint | null> {
    const reply = await this.call(Op.Exists, counted(this.ephemeral), Uint8Array.of(0));
    return reply.err === 0 ? reply.body.readBigInt64BE(44) : null;
  }

  close(): Promise<void> {
    return this.connection.closeSession(++this.xid);
  }

  destroy(): void {
    this.connection.destroy();
  }
}
