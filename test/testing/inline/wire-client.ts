/**
 * A tiny client on a connection, mostly a simulated one: builds frames with the protocol's encoders, takes replies apart, and notices a
 * reply that is not the one due. It knows nothing of sessions, reconnects or watches; whoever drives it does.
 *
 * What arrives is kept in order as frames until a test takes it, as data or as lines of text for transcripts.
 */
import { assert } from '../../../src/base/assert.js';
import { encodeUtf8 } from '../../../src/base/utf8.js';
import { JuteReader } from '../../../src/jute/jute-reader.js';
import { JuteWriter } from '../../../src/jute/jute-writer.js';
import { type ACL, OPEN_ACL_UNSAFE } from '../../../src/protocol/acl.js';
import {
  type ConnectResponse,
  decodeConnectResponse,
  encodeAuthPacket,
  encodeConnectRequest,
} from '../../../src/protocol/connect.js';
import { encodeMultiRequest, type MultiOp } from '../../../src/protocol/multi.js';
import { OpCode, opName, Xid } from '../../../src/protocol/op-code.js';
import { decodeWatcherEvent } from '../../../src/protocol/replies.js';
import {
  encodeCreateRequest,
  encodeCreateTTLRequest,
  encodeDeleteRequest,
  encodeGetACLRequest,
  encodeGetDataRequest,
  encodeSetACLRequest,
  encodeSetDataRequest,
  encodeSetWatches,
  encodeSyncRequest,
  type SetWatches,
} from '../../../src/protocol/requests.js';
import type { ClientEnd, SimConnection } from './sim-client-network.js';
import { codeName, eventName } from './wire-names.js';

export interface Reply {
  readonly kind: 'reply';
  readonly op: number;
  readonly xid: number;
  readonly zxid: bigint;
  readonly err: number;
  /** Behind the header; empty when there is nothing. */
  readonly body: Uint8Array;
}

export interface Notification {
  readonly kind: 'event';
  readonly zxid: bigint;
  readonly type: number;
  readonly state: number;
  readonly path: string;
}

export interface Connected {
  readonly kind: 'connect';
  readonly response: ConnectResponse;
  /** Without the length in front. */
  readonly bytes: Uint8Array;
}

export type Frame = Reply | Notification | Connected;

export interface Handshake {
  readonly lastZxidSeen?: bigint;
  readonly timeOutMs?: number;
  readonly sessionId?: bigint;
  readonly password?: Uint8Array | null;
  /** null: the field is left out. */
  readonly readOnly?: boolean | null;
}

interface Outstanding {
  readonly xid: number;
  readonly op: number;
}

const NO_PASSWORD = new Uint8Array(16);

export class WireClient<Connection extends ClientEnd = SimConnection> {
  readonly connection: Connection;
  /** Of the last ConnectResponse that granted one; 0 before. */
  sessionId = 0n;
  password: Uint8Array = NO_PASSWORD;
  timeOutMs = 0;
  /** The xid of the next ordinary request. */
  nextXid = 1;
  private readonly outstanding: Outstanding[] = [];
  private frames: Frame[] = [];
  private rest = new Uint8Array(0);
  private handshakeSent = false;
  private connected = false;

  constructor(connection: Connection) {
    this.connection = connection;
  }

  get outstandingCount(): number {
    return this.outstanding.length;
  }

  // ---- sending

  handshake(options: Handshake = {}): void {
    this.handshakeSent = true;
    const w = new JuteWriter();
    encodeConnectRequest(w, {
      protocolVersion: 0,
      lastZxidSeen: options.lastZxidSeen ?? 0n,
      timeOut: options.timeOutMs ?? 30_000,
      sessionId: options.sessionId ?? 0n,
      passwd: options.password === undefined ? NO_PASSWORD : options.password,
      readOnly: options.readOnly === undefined ? false : options.readOnly,
    });
    this.connection.send(framed(w.toBytes()));
  }

  /** Any request; returns its xid. `body` is what stands behind the header. */
  request(op: number, body: Uint8Array | ((w: JuteWriter) => void) = () => {}, xid: number = this.nextXid++): number {
    this.connection.send(this.requestFrame(op, body, xid));
    return xid;
  }

  /** The frame of a request that is then sent by other means; its reply is expected as if it had been sent here. */
  requestFrame(op: number, body: Uint8Array | ((w: JuteWriter) => void), xid: number = this.nextXid++): Uint8Array {
    const w = new JuteWriter();
    w.writeInt(xid);
    w.writeInt(op);
    if (typeof body === 'function') body(w);
    else w.writeRaw(body, 0, body.length);
    this.outstanding.push({ xid: op === OpCode.ping ? Xid.ping : xid, op });
    return framed(w.toBytes());
  }

  create(path: string | null, options: CreateOptions = {}): number {
    return this.request(options.op ?? OpCode.create, (w) =>
      encodeCreateRequest(w, {
        path,
        data: dataOf(options.data === undefined ? '' : options.data),
        acl: options.acl === undefined ? OPEN_ACL_UNSAFE : options.acl,
        flags: options.flags ?? 0,
      }),
    );
  }

  createTtl(path: string | null, ttl: bigint, options: Omit<CreateOptions, 'op'> = {}): number {
    return this.request(OpCode.createTTL, (w) =>
      encodeCreateTTLRequest(w, {
        path,
        data: dataOf(options.data === undefined ? '' : options.data),
        acl: options.acl === undefined ? OPEN_ACL_UNSAFE : options.acl,
        flags: options.flags ?? 5,
        ttl,
      }),
    );
  }

  delete(path: string | null, version = -1): number {
    return this.request(OpCode.delete, (w) => encodeDeleteRequest(w, { path, version }));
  }

  setData(path: string | null, data: string | Uint8Array | null, version = -1): number {
    return this.request(OpCode.setData, (w) => encodeSetDataRequest(w, { path, data: dataOf(data), version }));
  }

  setAcl(path: string | null, acl: readonly ACL[] | null, version = -1): number {
    return this.request(OpCode.setACL, (w) => encodeSetACLRequest(w, { path, acl, version }));
  }

  exists(path: string | null, watch = false): number {
    return this.request(OpCode.exists, (w) => encodeGetDataRequest(w, { path, watch }));
  }

  getData(path: string | null, watch = false): number {
    return this.request(OpCode.getData, (w) => encodeGetDataRequest(w, { path, watch }));
  }

  getChildren(path: string | null, watch = false): number {
    return this.request(OpCode.getChildren, (w) => encodeGetDataRequest(w, { path, watch }));
  }

  getChildren2(path: string | null, watch = false): number {
    return this.request(OpCode.getChildren2, (w) => encodeGetDataRequest(w, { path, watch }));
  }

  getAcl(path: string | null): number {
    return this.request(OpCode.getACL, (w) => encodeGetACLRequest(w, { path }));
  }

  sync(path: string | null): number {
    return this.request(OpCode.sync, (w) => encodeSyncRequest(w, { path }));
  }

  multi(ops: readonly MultiOp[]): number {
    return this.request(OpCode.multi, (w) => encodeMultiRequest(w, ops));
  }

  setWatches(record: SetWatches): number {
    return this.request(OpCode.setWatches, (w) => encodeSetWatches(w, record), Xid.setWatches);
  }

  ping(): number {
    return this.request(OpCode.ping, () => {}, Xid.ping);
  }

  auth(scheme: string | null, auth: string | null): number {
    return this.request(
      OpCode.auth,
      (w) => encodeAuthPacket(w, { type: 0, scheme, auth: auth === null ? null : encodeUtf8(auth) }),
      Xid.auth,
    );
  }

  closeSession(): number {
    return this.request(OpCode.closeSession);
  }

  // ---- receiving

  /** Everything that has arrived since last asked, oldest first. */
  take(): Frame[] {
    this.receive();
    const { frames } = this;
    this.frames = [];
    return frames;
  }

  /** The same as text; see `frameText`. */
  takeText(): string[] {
    return this.take().map(frameText);
  }

  /** The only frame that has arrived, which must be a reply. */
  takeReply(): Reply {
    const frames = this.take();
    const [frame] = frames;
    assert(
      frames.length === 1 && frame?.kind === 'reply',
      `one reply was due, not ${frames.map(frameText).join('; ')}`,
    );
    return frame;
  }

  private receive(): void {
    const arrived = this.connection.takeReceived();
    if (arrived.length > 0) {
      const all = new Uint8Array(this.rest.length + arrived.length);
      all.set(this.rest);
      all.set(arrived, this.rest.length);
      this.rest = all;
    }
    let at = 0;
    const view = new DataView(this.rest.buffer, this.rest.byteOffset, this.rest.length);
    while (this.rest.length - at >= 4) {
      const length = view.getInt32(at);
      assert(length >= 0, 'the server sent a frame of negative length');
      if (this.rest.length - at - 4 < length) break;
      this.frames.push(this.frame(this.rest.slice(at + 4, at + 4 + length)));
      at += 4 + length;
    }
    this.rest = this.rest.slice(at);
  }

  private frame(bytes: Uint8Array): Frame {
    const r = new JuteReader(bytes);
    if (this.handshakeSent && !this.connected) {
      this.connected = true;
      const response = decodeConnectResponse(r);
      if (response.timeOut !== 0) {
        this.sessionId = response.sessionId;
        this.password = response.passwd ?? NO_PASSWORD;
        this.timeOutMs = response.timeOut;
      }
      return { kind: 'connect', response, bytes };
    }
    const xid = r.readInt();
    const zxid = r.readLong();
    const err = r.readInt();
    if (xid === Xid.notification) {
      const { type, state, path } = decodeWatcherEvent(r);
      assert(r.remaining === 0 && err === 0, 'a notification has no error and nothing behind it');
      return { kind: 'event', zxid, type, state, path };
    }
    const due = this.outstanding.shift();
    assert(due !== undefined, `a reply with xid ${xid} to no request`);
    assert(due.xid === xid, `the reply to xid ${due.xid} was due, not that to ${xid}`);
    return { kind: 'reply', op: due.op, xid, zxid, err, body: bytes.slice(r.position) };
  }
}

export interface CreateOptions {
  readonly data?: string | Uint8Array | null;
  readonly acl?: readonly ACL[] | null;
  readonly flags?: number;
  readonly op?: typeof OpCode.create | typeof OpCode.create2 | typeof OpCode.createContainer;
}

/** `create Ok @7`, `delete NoNode @8`, `event NodeDeleted /a @9`, `session 30000`. */
export function frameText(frame: Frame): string {
  switch (frame.kind) {
    case 'connect':
      return frame.response.timeOut === 0 ? 'session invalid' : `session ${frame.response.timeOut}`;
    case 'event':
      return `event ${eventName(frame.type)} ${frame.path} @${frame.zxid}`;
    case 'reply':
      return `${opName(frame.op)} ${codeName(frame.err)} @${frame.zxid}`;
  }
}

export function framed(payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4 + payload.length);
  new DataView(bytes.buffer).setInt32(0, payload.length);
  bytes.set(payload, 4);
  return bytes;
}

function dataOf(data: string | Uint8Array | null): Uint8Array | null {
  return typeof data === 'string' ? encodeUtf8(data) : data;
}
