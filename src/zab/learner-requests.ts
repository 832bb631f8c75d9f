/**
 * What a learner wants of the leader (ensemble-protocol 6.2): requests of its own clients in the order of prep's line, each with
 * its place in the commit stage taken before it leaves; re-opened sessions, which wait here for the leader's word; and what
 * observers ask of it, which it passes on as it came (8.2).
 *
 * Owned by the learner, on the quorum peer's thread. The leader answers each kind in the order in which it was asked.
 */
import type { Logger } from '../actor/logger.js';
import { copyBytes, readInt32 } from '../base/bytes.js';
import { Fifo } from '../base/fifo.js';
import { hex64 } from '../base/int64.js';
import {
  InternalOp,
  PIPELINE_HEADER_BYTES,
  RecordType,
  WORD_ERROR,
  WORD_LENGTH_A,
  WORD_LENGTH_B,
  WORD_OP,
  WORD_SESSION_HI,
  WORD_SESSION_LO,
  WORD_XID,
} from '../processor/pipeline-records.js';
import { ErrorCode } from '../protocol/error-code.js';
import { OpCode } from '../protocol/op-code.js';
import type { PacketBuffer } from './packet-buffer.js';
import type { PipelinePort } from './pipeline-port.js';
import { PacketType, REVALIDATE_REPLY_BYTES, REVALIDATE_REPLY_IS_VALID } from './quorum-packet.js';
import { RoleFault } from './role-fault.js';

/** An observer that asked through this server. */
export interface Relay {
  synced(): void;
  /** The data of the leader's REVALIDATE; valid during the call only. */
  revalidated(bytes: Uint8Array, offset: number, length: number): void;
}

/** A session that waits for the leader's word, for a client with its whole record, or for an observer. */
interface Reopening {
  readonly sessionHi: number;
  readonly sessionLo: number;
  readonly record: Uint8Array;
  readonly relay: Relay | null;
}

const NOTHING = new Uint8Array(0);

export class LearnerRequests {
  private readonly line: PipelinePort;
  private readonly out: PacketBuffer;
  private readonly log: Logger;
  private readonly reopenings = new Fifo<Reopening>();
  /** Forwarded and not answered; null: of an own client. */
  private readonly syncs = new Fifo<Relay | null>();

  constructor(line: PipelinePort, out: PacketBuffer, log: Logger) {
    this.line = line;
    this.out = out;
    this.log = log;
  }

  forward(bytes: Uint8Array, words: Int32Array, offset: number, length: number): void {
    const at = offset >> 2;
    const op = words[at + WORD_OP];
    if (op === InternalOp.reopenSession) {
      this.revalidate(bytes, words, offset, length);
      return;
    }
    this.line.awaiting(bytes, words, offset, length);
    if (op === OpCode.sync) this.syncs.push(null);
    const { out } = this;
    const isCreateSession = op === OpCode.createSession;
    const lengthA = words[at + WORD_LENGTH_A];
    const part = offset + PIPELINE_HEADER_BYTES;
    out.begin(PacketType.request, -1, -1);
    out.putLong(words[at + WORD_SESSION_HI], words[at + WORD_SESSION_LO]);
    out.putInt(isCreateSession ? 0 : words[at + WORD_XID]);
    out.putInt(op);
    if (op !== OpCode.closeSession) out.putBytes(bytes, part + lengthA, words[at + WORD_LENGTH_B]);
    if (isCreateSession || lengthA === 0) out.end();
    else out.endWithIds(bytes, part, lengthA);
  }

  /** A request of an observer's client, as it came. */
  relay(
    relay: Relay,
    op: number,
    cxid: number,
    sessionHi: number,
    sessionLo: number,
    ids: Uint8Array,
    idsOffset: number,
    idsLength: number,
    body: Uint8Array,
    bodyOffset: number,
    bodyLength: number,
  ): void {
    const { out } = this;
    if (op === InternalOp.reopenSession) {
      this.reopenings.push({ sessionHi, sessionLo, record: NOTHING, relay });
      this.putRevalidate(sessionHi, sessionLo, body, bodyOffset, bodyLength);
      return;
    }
    if (op === OpCode.sync) this.syncs.push(relay);
    out.begin(PacketType.request, -1, -1);
    out.putLong(sessionHi, sessionLo);
    out.putInt(cxid);
    out.putInt(op);
    out.putBytes(body, bodyOffset, bodyLength);
    out.endWithIds(ids, idsOffset, idsLength);
  }

  /** Of the oldest sync; false if nobody asked. What was committed before is told before. */
  onSync(): boolean {
    const relay = this.syncs.shift();
    if (relay === undefined) return false;
    if (relay === null) this.line.synced();
    else relay.synced();
    return true;
  }

  /** The leader's word on a session. Throws RoleFault. */
  onRevalidated(bytes: Uint8Array, offset: number, length: number): void {
    if (length < REVALIDATE_REPLY_BYTES) throw new RoleFault(`The leader sent a REVALIDATE of ${length} bytes`);
    const sessionHi = readInt32(bytes, offset);
    const sessionLo = readInt32(bytes, offset + 4);
    const reopening = this.take(sessionHi, sessionLo);
    if (reopening === null) {
      this.log.warn(`The leader revalidated session 0x${hex64(sessionHi, sessionLo)}, for which nobody waits`);
      return;
    }
    const { record, relay } = reopening;
    if (relay !== null) {
      relay.revalidated(bytes, offset, length);
      return;
    }
    const isValid = bytes[offset + REVALIDATE_REPLY_IS_VALID] !== 0;
    new Int32Array(record.buffer)[WORD_ERROR] = isValid ? ErrorCode.Ok : ErrorCode.SessionExpired;
    this.line.local(RecordType.pass, record, 0, record.length);
  }

  private revalidate(bytes: Uint8Array, words: Int32Array, offset: number, length: number): void {
    const at = offset >> 2;
    const sessionHi = words[at + WORD_SESSION_HI];
    const sessionLo = words[at + WORD_SESSION_LO];
    const record = new Uint8Array((length + 3) & ~3).subarray(0, length);
    copyBytes(bytes, offset, record, 0, length);
    this.reopenings.push({ sessionHi, sessionLo, record, relay: null });
    const body = offset + PIPELINE_HEADER_BYTES + words[at + WORD_LENGTH_A];
    this.putRevalidate(sessionHi, sessionLo, bytes, body, words[at + WORD_LENGTH_B]);
  }

  private putRevalidate(
    sessionHi: number,
    sessionLo: number,
    timeout: Uint8Array,
    timeoutOffset: number,
    timeoutLength: number,
  ): void {
    const { out } = this;
    out.begin(PacketType.revalidate, -1, -1);
    out.putLong(sessionHi, sessionLo);
    out.putBytes(timeout, timeoutOffset, timeoutLength);
    out.end();
  }

  /** The oldest one of this session: nearly always the oldest of all. */
  private take(sessionHi: number, sessionLo: number): Reopening | null {
    let found: Reopening | null = null;
    for (let left = this.reopenings.length; left > 0; left--) {
      const first = this.reopenings.shift() as Reopening;
      if (found !== null || first.sessionHi !== sessionHi || first.sessionLo !== sessionLo) {
        this.reopenings.push(first);
        continue;
      }
      found = first;
      // Nothing was turned over: the others stand as they stood.
      if (left === this.reopenings.length + 1) break;
    }
    return found;
  }
}
