/**
 * A session that does one small write after the other and, when its connection breaks, tries one member after the other every
 * few milliseconds: it finds out when an ensemble takes writes again. Judges nothing but that a reply is a success; the ledgers
 * do the rest.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { counted, int32, Op, openAcl, request, type SessionGrant, WireConnection } from '../testing/wire-connection.js';

const SESSION_MS = 40_000;
const RETRY_MS = 5;
/** A member that takes the connection but answers nothing is left for the next one. */
const PATIENCE_MS = 2_000;

export class WriteProbe {
  private readonly path: string;
  private readonly ports: readonly number[];
  private readonly onAcknowledged: (zxid: bigint) => void;
  private turn: number;
  private connection: WireConnection;
  private readonly grant: SessionGrant;
  private stopping = false;

  private constructor(
    connection: WireConnection,
    grant: SessionGrant,
    path: string,
    turn: number,
    ports: readonly number[],
    onAcknowledged: (zxid: bigint) => void,
  ) {
    this.connection = connection;
    this.grant = grant;
    this.path = path;
    this.turn = turn;
    this.ports = ports;
    this.onAcknowledged = onAcknowledged;
  }

  static async open(
    path: string,
    turn: number,
    ports: readonly number[],
    onAcknowledged: (zxid: bigint) => void,
  ): Promise<WriteProbe> {
    const connection = await WireConnection.open(ports[turn % ports.length] as number);
    const grant = await connection.handshake({ timeOutMs: SESSION_MS });
    const reply = await connection.call(1, Op.Create, counted(path), counted(''), openAcl, int32(0));
    if (reply.err !== 0) throw new Error(`creating ${path} failed with ${reply.err}`);
    return new WriteProbe(connection, grant, path, turn, ports, onAcknowledged);
  }

  async run(): Promise<void> {
    const body = Buffer.concat([counted(this.path), counted('probe'), int32(-1)]);
    for (let xid = 2; !this.stopping; xid++) {
      const reply = await this.write(xid, body);
      if (reply === null) {
        await delay(RETRY_MS);
        await this.reconnect();
      } else if (reply.err !== 0) {
        throw new Error(`${this.path}: a write failed with ${reply.err}`);
      } else this.onAcknowledged(reply.zxid);
    }
  }

  stop(): void {
    this.stopping = true;
  }

  destroy(): void {
    this.connection.destroy();
  }

  private async write(xid: number, body: Buffer): Promise<{ readonly err: number; readonly zxid: bigint } | null> {
    const { connection } = this;
    if (connection.socket.destroyed) return null;
    try {
      connection.send(request(xid, Op.SetData, body));
      return await connection.nextReply(PATIENCE_MS);
    } catch {
      connection.destroy();
      return null;
    }
  }

  private async reconnect(): Promise<void> {
    try {
      this.connection = await WireConnection.open(this.ports[++this.turn % this.ports.length] as number);
      const { sessionId, password } = this.grant;
      const grant = await this.connection.handshake({ sessionId, password, timeOutMs: SESSION_MS }, PATIENCE_MS);
      if (grant.sessionId !== sessionId) this.connection.destroy();
    } catch {
      this.connection.destroy();
    }
  }
}
