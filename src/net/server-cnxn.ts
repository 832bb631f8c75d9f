/**
 * ServerCnxn: one client connection, its bytes in and out and what belongs to the connection rather than to the session
 * (identities, the negotiated timeout, watches through the shard's WatchManager).
 *
 * Owned by one connection shard, on its thread. It keeps state and sends frames; what a frame means is decided by the
 * shard (request-router.ts, session-opener.ts).
 */
import { writeInt32 } from '../base/bytes.js';
import { javaSocketAddress } from '../base/java-address.js';
import type { Identity } from '../processor/acl.js';
import { joinIdentities } from '../processor/auth/identities.js';
import { ScratchBytes } from '../processor/scratch-bytes.js';
import type { ClientSocket } from './client-socket.js';
import { FrameBuffer } from './frame-buffer.js';
import type { DigestMd5Server } from './sasl/digest-md5-server.js';
import type { ConnectionReport } from './shard-control.js';

/**
 * handshake: no ConnectRequest yet. opening: waits for its session. open: serves. answering: has asked a four-letter word
 * and waits for the text. ending: its last reply is on its way, nothing more is read. closing: that has been said, too.
 */
export const CnxnState = { handshake: 0, opening: 1, open: 2, closing: 3, answering: 4, ending: 5 } as const;
export type CnxnState = (typeof CnxnState)[keyof typeof CnxnState];

const FRAME_LENGTH_BYTES = 4;
const REPLY_HEADER_BYTES = 16;
/** Every request that travels takes the identities along, and a login costs time for each that is there. */
const IDENTITY_BYTES_MAX = 1 << 16;

export class ServerCnxn {
  readonly id: number;
  readonly socket: ClientSocket;
  readonly input = new FrameBuffer();
  /** Frames for the client that have not been handed to the socket; null while there are none. */
  out: ScratchBytes | null = null;
  state: CnxnState = CnxnState.handshake;
  slot = -1;
  sessionHi = 0;
  sessionLo = 0;
  timeoutMs = 0;
  /** The ConnectRequest had the readOnly field, so the response must have it too. */
  knowsReadOnly = false;
  /** Requests in the pipeline whose replies have not come back. While it is 0, reads are answered at once. */
  outstanding = 0;
  /** Frames wait in `input` for room, for the session, or for the client to read its replies. */
  stalled = false;
  /** Since when, while they do. */
  stalledSinceMs = 0;
  identities: readonly Identity[] = [];
  /** The same as vector<Id>, as requests carry it down the pipeline. */
  identityBytes: Uint8Array;
  /** False: it has to authenticate itself before it is served (client-protocol 6.7). */
  maySpeak = true;
  /** The SASL negotiation, once there is one. */
  saslServer: DigestMd5Server | null = null;
  readonly acceptedMs: number;
  /** When bytes came last, while there is no session. */
  activeMs: number;
  /** Since when its next request waits for the request throttler; -1: it does not. */
  throttledSinceMs = -1;
  closeAfterFlush = false;
  /** When it began to close. */
  closingMs = 0;
  // For `cons` and `stat`.
  packetsReceived = 0;
  packetsSent = 0;
  /** Of replies, without the frames' lengths, since they were counted last. */
  replyBytes = 0;
  lastOp = 0;
  lastXid = -1;
  lastZxidHi = -1;
  lastZxidLo = -1;
  private lastResponseMs = 0;
  private lastLatencyMs = 0;
  private minLatencyMs = 0;
  private maxLatencyMs = 0;
  private totalLatencyMs = 0;
  private latencyCount = 0;

  private frameBegin = 0;

  constructor(id: number, socket: ClientSocket, acceptedMs: number) {
    this.id = id;
    this.socket = socket;
    this.acceptedMs = acceptedMs;
    this.activeMs = acceptedMs;
    this.identityBytes = encodeIdentities(this.identities);
  }

  /** The client as log lines and four-letter words call it. */
  get peer(): string {
    return javaSocketAddress(this.socket.remoteAddress, this.socket.remotePort);
  }

  showOpened(op: number, zxidHi: number, zxidLo: number): void {
    this.lastOp = op;
    this.lastXid = 0;
    this.lastZxidHi = zxidHi;
    this.lastZxidLo = zxidLo;
  }

  measure(latencyMs: number, nowMs: number): void {
    this.lastResponseMs = nowMs;
    this.lastLatencyMs = latencyMs;
    this.totalLatencyMs += latencyMs;
    this.minLatencyMs = this.latencyCount === 0 ? latencyMs : Math.min(this.minLatencyMs, latencyMs);
    this.maxLatencyMs = Math.max(this.maxLatencyMs, latencyMs);
    this.latencyCount++;
  }

  resetStatistics(): void {
    this.packetsReceived = 0;
    this.packetsSent = 0;
    this.lastOp = 0;
    this.lastXid = -1;
    this.lastZxidHi = -1;
    this.lastZxidLo = -1;
    this.lastLatencyMs = 0;
    this.minLatencyMs = 0;
    this.maxLatencyMs = 0;
    this.totalLatencyMs = 0;
    this.latencyCount = 0;
  }

  /** `expiresMs`: see there. */
  report(expiresMs: number): ConnectionReport {
    return {
      id: this.id,
      address: this.socket.remoteAddress,
      port: this.socket.remotePort,
      isAnswering: this.state === CnxnState.answering,
      isEncrypted: this.socket.isEncrypted,
      expiresMs,
      outstanding: this.outstanding,
      received: this.packetsReceived,
      sent: this.packetsSent,
      hasSession: this.slot >= 0,
      sessionHi: this.sessionHi,
      sessionLo: this.sessionLo,
      timeoutMs: this.timeoutMs,
      establishedMs: this.acceptedMs,
      lastOp: this.lastOp,
      lastXid: this.lastXid,
      lastZxidHi: this.lastZxidHi,
      lastZxidLo: this.lastZxidLo,
      lastResponseMs: this.lastResponseMs,
      lastLatencyMs: this.lastLatencyMs,
      minLatencyMs: this.minLatencyMs,
      totalLatencyMs: this.totalLatencyMs,
      maxLatencyMs: this.maxLatencyMs,
      latencyCount: this.latencyCount,
    };
  }

  /** False, and as before, when they would be too many or too long. */
  tryAddIdentities(added: readonly Identity[]): boolean {
    const next = joinIdentities(this.identities, added);
    if (next === this.identities) return true;
    const bytes = encodeIdentities(next);
    if (bytes.length > IDENTITY_BYTES_MAX) return false;
    this.identities = next;
    this.identityBytes = bytes;
    return true;
  }

  /** Opens a reply in `out`; the caller appends the body and calls `endReply`. */
  beginReply(out: ScratchBytes): void {
    this.frameBegin = out.reserve(FRAME_LENGTH_BYTES + REPLY_HEADER_BYTES);
    out.length = this.frameBegin + FRAME_LENGTH_BYTES + REPLY_HEADER_BYTES;
  }

  /** Closes the reply opened last: its header, and the frame's length, which it returns. */
  endReply(out: ScratchBytes, xid: number, zxidHi: number, zxidLo: number, error: number): number {
    const begin = this.frameBegin;
    const bytes = out.bytes;
    const replyBytes = out.length - begin - FRAME_LENGTH_BYTES;
    this.replyBytes += replyBytes;
    writeInt32(bytes, begin, replyBytes);
    writeInt32(bytes, begin + 4, xid);
    writeInt32(bytes, begin + 8, zxidHi);
    writeInt32(bytes, begin + 12, zxidLo);
    writeInt32(bytes, begin + 16, error);
    this.packetsSent++;
    this.lastXid = xid;
    this.lastZxidHi = zxidHi;
    this.lastZxidLo = zxidLo;
    return replyBytes;
  }

  /** A reply that was opened turns out not to be given here. */
  dropReply(out: ScratchBytes): void {
    out.length = this.frameBegin;
  }
}

function encodeIdentities(identities: readonly Identity[]): Uint8Array {
  const bytes = new ScratchBytes(64);
  bytes.writeInt(identities.length);
  for (const { scheme, id } of identities) {
    bytes.writeUstring(scheme);
    bytes.writeUstring(id);
  }
  return bytes.bytes.slice(0, bytes.length);
}
