/**
 * A client connection spoken byte by byte: builds frames by hand, gives back whole frames, knows nothing else. It shares
 * no code with the product on purpose, so that a mistake in the product's codecs cannot hide itself from a test.
 * Reads only when asked to, so that a test can also be the client that never reads.
 */
import { connect, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { within } from './until.js';

export const Op = {
  Create: 1,
  Delete: 2,
  Exists: 3,
  GetData: 4,
  SetData: 5,
  GetChildren: 8,
  Sync: 9,
  Ping: 11,
  Multi: 14,
  Close: -11,
} as const;

const DEADLINE_MS = 10_000;

export function int32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeInt32BE(value | 0);
  return bytes;
}

export function int64(value: bigint): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeBigInt64BE(BigInt.asIntN(64, value));
  return bytes;
}

/** A ustring or a buffer; null has the length -1. */
export function counted(value: string | Uint8Array | null): Buffer {
  if (value === null) return int32(-1);
  const bytes = typeof value === 'string' ? Buffer.from(value) : Buffer.from(value);
  return Buffer.concat([int32(bytes.length), bytes]);
}

export const openAcl: Buffer = Buffer.concat([int32(1), int32(31), counted('world'), counted('anyone')]);

export function frame(...parts: Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([int32(body.length), body]);
}

export function request(xid: number, op: number, ...body: Uint8Array[]): Buffer {
  return frame(int32(xid), int32(op), ...body);
}

export interface ConnectOptions {
  readonly lastZxidSeen?: bigint;
  readonly timeOutMs?: number;
  readonly sessionId?: bigint;
  readonly password?: Uint8Array;
  /** null leaves the field out: a payload of 44 bytes. */
  readonly readOnly?: boolean | null;
}

export function connectRequest(options: ConnectOptions = {}): Buffer {
  const readOnly = options.readOnly === undefined ? false : options.readOnly;
  return frame(
    int32(0),
    int64(options.lastZxidSeen ?? 0n),
    int32(options.timeOutMs ?? 10_000),
    int64(options.sessionId ?? 0n),
    counted(options.password ?? new Uint8Array(16)),
    readOnly === null ? new Uint8Array(0) : Uint8Array.of(readOnly ? 1 : 0),
  );
}

export interface SessionGrant {
  readonly timeOutMs: number;
  readonly sessionId: bigint;
  readonly password: Buffer;
  /** null when the response leaves the field out. */
  readonly readOnly: boolean | null;
}

export function parseConnectResponse(payload: Buffer): SessionGrant {
  return {
    timeOutMs: payload.readInt32BE(4),
    sessionId: payload.readBigInt64BE(8),
    password: payload.subarray(20, 36),
    readOnly: payload.length === 36 ? null : payload[36] !== 0,
  };
}

export interface Reply {
  readonly xid: number;
  readonly zxid: bigint;
  readonly err: number;
  readonly body: Buffer;
}

export function parseReply(payload: Buffer): Reply {
  return {
    xid: payload.readInt32BE(0),
    zxid: payload.readBigInt64BE(4),
    err: payload.readInt32BE(12),
    body: payload.subarray(16),
  };
}

export class WireConnection {
  readonly socket: Socket;
  /** Settles when the server has closed the connection, with a FIN (true) or with a reset (false). */
  readonly closed: Promise<boolean>;
  /** Received and not yet handed out. */
  private readonly chunks: Buffer[] = [];
  private length = 0;
  private ended = false;
  private wakeUp: (() => void) | null = null;
  /** For how long anything of the server's is waited for, where the caller says nothing else. */
  patienceMs = DEADLINE_MS;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    this.closed = new Promise((resolve) => {
      let orderly = false;
      socket.on('end', () => {
        orderly = true;
        this.onEnd();
      });
      socket.on('error', () => this.onEnd());
      socket.on('close', () => {
        this.onEnd();
        resolve(orderly);
      });
    });
  }

  /** A TCP connection without a handshake. Nothing is read before the first call that wants a frame. */
  static open(port: number): Promise<WireConnection> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1' });
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.removeListener('error', reject);
        resolve(new WireConnection(socket));
      });
    });
  }

  /** Of a connection that somebody else has made. */
  static of(socket: Socket): WireConnection {
    return new WireConnection(socket);
  }

  /** The same over TLS, its handshake done as far as the client can tell. */
  static openTls(port: number, options: ConnectionOptions = {}): Promise<WireConnection> {
    return new Promise((resolve, reject) => {
      const socket = connectTls({ port, host: '127.0.0.1', ...options });
      socket.once('error', reject);
      socket.once('secureConnect', () => {
        socket.removeListener('error', reject);
        resolve(new WireConnection(socket));
      });
    });
  }

  /** A connection with a new session, which is waited for so long. */
  static async openSession(
    port: number,
    options: ConnectOptions = {},
    deadlineMs = DEADLINE_MS,
  ): Promise<WireConnection> {
    const connection = await WireConnection.open(port);
    try {
      const grant = await connection.handshake(options, deadlineMs);
      if (grant.timeOutMs === 0) throw new Error('the server refused the session');
      return connection;
    } catch (error) {
      connection.destroy();
      throw error;
    }
  }

  async handshake(options: ConnectOptions = {}, deadlineMs = this.patienceMs): Promise<SessionGrant> {
    this.send(connectRequest(options));
    const payload = await this.nextFrame(deadlineMs);
    if (payload === null) throw new Error('closed during the handshake');
    return parseConnectResponse(payload);
  }

  send(...parts: Uint8Array[]): void {
    this.socket.write(Buffer.concat(parts));
  }

  /** One request and its reply, which must be the next frame. */
  async call(xid: number, op: number, ...body: Uint8Array[]): Promise<Reply> {
    this.send(request(xid, op, ...body));
    return await this.nextReply();
  }

  async nextReply(deadlineMs = this.patienceMs): Promise<Reply> {
    const payload = await this.nextFrame(deadlineMs);
    if (payload === null) throw new Error('closed by the server where a reply was due');
    return parseReply(payload);
  }

  /** The payload of the next frame; null when the server has closed the connection between two frames. */
  async nextFrame(deadlineMs = this.patienceMs): Promise<Buffer | null> {
    const prefix = await this.take(4, deadlineMs);
    if (prefix === null) return null;
    const payload = await this.take(prefix.readInt32BE(0), deadlineMs);
    if (payload === null) throw new Error('closed by the server inside a frame');
    return payload;
  }

  /** That many bytes, whatever they mean; null when the connection ended before the first of them. */
  async readBytes(count: number, deadlineMs = this.patienceMs): Promise<Buffer | null> {
    return count === 0 ? Buffer.alloc(0) : await this.take(count, deadlineMs);
  }

  /** Everything up to the end of the connection. */
  async readToEnd(deadlineMs = this.patienceMs): Promise<Buffer> {
    this.listen();
    await within('end of the connection', deadlineMs, this.closed);
    const rest = Buffer.concat(this.chunks);
    this.chunks.length = 0;
    this.length = 0;
    return rest;
  }

  /** closeSession, its reply, and the server's FIN. */
  async closeSession(xid = 0x7fff_fff0): Promise<void> {
    await this.call(xid, Op.Close);
    await this.readToEnd();
    this.destroy();
  }

  destroy(): void {
    this.socket.destroy();
  }

  private async take(count: number, deadlineMs: number): Promise<Buffer | null> {
    this.listen();
    const giveUpAt = performance.now() + deadlineMs;
    while (this.length < count) {
      if (this.ended) {
        if (this.length > 0) throw new Error(`closed by the server with ${this.length} of ${count} bytes received`);
        return null;
      }
      const arrived = new Promise<void>((resolve) => {
        this.wakeUp = resolve;
      });
      await within(`${count} bytes from the server`, Math.max(1, giveUpAt - performance.now()), arrived);
    }
    const all = this.chunks.length === 1 ? (this.chunks[0] as Buffer) : Buffer.concat(this.chunks);
    this.length -= count;
    this.chunks.length = 0;
    if (this.length > 0) this.chunks.push(all.subarray(count));
    return all.subarray(0, count);
  }

  private listen(): void {
    if (this.socket.listenerCount('data') > 0) return;
    this.socket.on('data', (chunk) => {
      this.chunks.push(chunk);
      this.length += chunk.length;
      this.wake();
    });
  }

  private onEnd(): void {
    this.ended = true;
    this.wake();
  }

  private wake(): void {
    const wakeUp = this.wakeUp;
    this.wakeUp = null;
    wakeUp?.();
  }
}
