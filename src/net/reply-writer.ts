/**
 * Bytes to the clients of one shard: replies, events and the last words, gathered per connection and handed to each socket
 * once per turn.
 *
 * Owns the buffers that are being filled and the connections that have some; on the shard's thread. It knows how a frame is
 * built and when a connection ends, never why.
 */

import { ScratchBytes } from '../processor/scratch-bytes.js';
import { ErrorCode } from '../protocol/error-code.js';
import { Xid } from '../protocol/op-code.js';
import { KeeperState } from '../protocol/watch-event.js';
import { CnxnState, type ServerCnxn } from './server-cnxn.js';
import type { ShardConnections } from './shard-connections.js';
import { ShardCounter, type ShardCounters } from './shard-counters.js';

/** What the writer needs of its shard. */
export interface ReplyWriterEvents {
  nowMs(): number;
  /** Something waits to be flushed; a turn must follow. */
  requestTurn(): void;
  /** A reply of so many bytes, its header among them; no event. */
  onResponse(byteCount: number): void;
  /** The connection hears of nothing any more. */
  onClosing(cnxn: ServerCnxn): void;
}

/** Frames of one connection beyond this go to its socket before more are added. */
export const OUT_BYTES_SOFT = 1 << 20;
/** Events for a client that does not read are kept up to here; then the connection goes. */
const QUEUED_BYTES_FATAL = 32 << 20;
const POOLED_BYTES_MAX = 256 * 1024;
/** All buffers that wait for their next use: enough for an event to some thousand connections at once. */
const POOL_BYTES_MAX = 4 << 20;
/** Those that carry more grow once, and stay so. */
const OUT_BYTES_INITIAL = 1024;

export class ReplyWriter {
  private readonly connections: ShardConnections;
  private readonly counters: ShardCounters;
  private readonly events: ReplyWriterEvents;
  // Invariant: a connection whose `out` is not null stands here, or is being flushed.
  private dirty: ServerCnxn[] = [];
  private readonly pool: ScratchBytes[] = [];
  private poolBytes = 0;

  constructor(connections: ShardConnections, counters: ShardCounters, events: ReplyWriterEvents) {
    this.connections = connections;
    this.counters = counters;
    this.events = events;
  }

  get hasUnflushed(): boolean {
    return this.dirty.length > 0;
  }

  /** Where the connection's next frames go; asked anew for each frame, since a flush hands the buffer over. */
  outOf(cnxn: ServerCnxn): ScratchBytes {
    let out = cnxn.out;
    if (out === null) {
      out = this.takeBuffer();
      cnxn.out = out;
      this.dirty.push(cnxn);
    }
    return out;
  }

  /** A whole reply; `length` 0 is a header without a body. */
  reply(
    cnxn: ServerCnxn,
    xid: number,
    zxidHi: number,
    zxidLo: number,
    error: number,
    body: Uint8Array,
    offset: number,
    length: number,
  ): void {
    const out = this.outOf(cnxn);
    cnxn.beginReply(out);
    if (length > 0) out.writeBytes(body, offset, length);
    this.events.onResponse(cnxn.endReply(out, xid, zxidHi, zxidLo, error));
    this.counters.add(ShardCounter.packetsSent, 1);
  }

  /** One notification: WatcherEvent(type, SyncConnected, path). */
  event(
    cnxn: ServerCnxn,
    eventType: number,
    zxidHi: number,
    zxidLo: number,
    bytes: Uint8Array,
    pathOffset: number,
    pathLength: number,
  ): void {
    if (cnxn.state === CnxnState.closing) return;
    // Or a batch with many events would grow the buffer past all that is asked of the socket.
    if (cnxn.out !== null && cnxn.out.length > OUT_BYTES_SOFT) this.flush(cnxn);
    if (cnxn.socket.queuedBytes > QUEUED_BYTES_FATAL) {
      cnxn.socket.destroy();
      return;
    }
    const out = this.outOf(cnxn);
    const repliesBefore = cnxn.replyBytes;
    cnxn.beginReply(out);
    out.writeInt(eventType);
    out.writeInt(KeeperState.SyncConnected);
    out.writeInt(pathLength);
    out.writeBytes(bytes, pathOffset, pathLength);
    cnxn.endReply(out, Xid.notification, zxidHi, zxidLo, ErrorCode.Ok);
    this.counters.add(ShardCounter.watchBytes, cnxn.replyBytes - repliesBefore);
    cnxn.replyBytes = repliesBefore;
    this.counters.add(ShardCounter.packetsSent, 1);
  }

  /** A part of the answer to a four-letter word, which counts as one packet: text without a frame. */
  text(cnxn: ServerCnxn, text: string, isLast: boolean): void {
    if (text !== '') this.outOf(cnxn).writeText(text);
    if (!isLast || text === '') return;
    cnxn.packetsSent++;
    this.counters.add(ShardCounter.packetsSent, 1);
  }

  flushAll(): void {
    const dirty = this.dirty;
    if (dirty.length === 0) return;
    this.dirty = [];
    for (const cnxn of dirty) this.flush(cnxn);
  }

  flush(cnxn: ServerCnxn): void {
    const out = cnxn.out;
    if (out !== null) {
      this.counters.add(ShardCounter.responseBytes, cnxn.replyBytes);
      cnxn.replyBytes = 0;
      cnxn.out = null;
      // When the system did not take all of it at once the memory is the socket's.
      const reusable = out.length === 0 || cnxn.socket.write(out.bytes, out.length);
      if (reusable && out.bytes.length <= POOLED_BYTES_MAX) this.keepBuffer(out);
    }
    if (cnxn.closeAfterFlush) {
      cnxn.closeAfterFlush = false;
      cnxn.socket.end();
    }
  }

  private takeBuffer(): ScratchBytes {
    const out = this.pool.pop();
    if (out === undefined) return new ScratchBytes(OUT_BYTES_INITIAL);
    this.poolBytes -= out.bytes.length;
    return out;
  }

  private keepBuffer(out: ScratchBytes): void {
    if (this.poolBytes + out.bytes.length > POOL_BYTES_MAX) return;
    out.reset();
    this.poolBytes += out.bytes.length;
    this.pool.push(out);
  }

  /** Orderly end behind everything that was queued; nothing more is read. */
  closeAfterFlush(cnxn: ServerCnxn): void {
    if (cnxn.state === CnxnState.closing) return;
    cnxn.state = CnxnState.closing;
    cnxn.closeAfterFlush = true;
    cnxn.closingMs = this.events.nowMs();
    this.connections.closing.add(cnxn);
    cnxn.input.clear();
    // Or the client's own end behind what waited here would never be seen.
    if (cnxn.stalled) cnxn.socket.resume();
    this.events.onClosing(cnxn);
    this.outOf(cnxn);
    this.events.requestTurn();
  }
}
