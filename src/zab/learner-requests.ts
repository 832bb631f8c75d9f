/**
 * What a learner's own clients want of the leader (ensemble-protocol 6.2): requests in the order of prep's line, each with its
 * place in the commit stage taken before it leaves, and re-opened sessions, which wait here for the leader's word.
 *
 * Owned by the learner, on the quorum peer's thread. The leader answers each kind in the order in which it was asked.
 */
import type { Logger } from '../actor/logger.js';
import { readInt32 } from '../base/bytes.js';
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

/** The whole record of a client that waits for its session. */
interface Reopening {
  readonly sessionHi: number;
  readonly sessionLo: number;
  readonly words: Int32Array;
  readonly bytes: Uint8Array;
}

export class LearnerRequests {
  private readonly line: PipelinePort;
  private readonly out: PacketBuffer;
  private readonly log: Logger;
  private readonly reopenings = new Fifo<Reopening>();
  private syncCount = 0; // forwarded and not answered

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
    if (op === OpCode.sync) this.syncCount++;
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

  /** Of the oldest sync; false if nobody asked. What was committed before is told before. */
  onSync(): boolean {
    if (this.syncCount === 0) return false;
    this.syncCount--;
    this.line.synced();
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
    const isValid = bytes[offset + REVALIDATE_REPLY_IS_VALID] !== 0;
    reopening.words[WORD_ERROR] = isValid ? ErrorCode.Ok : ErrorCode.SessionExpired;
    this.line.local(RecordType.pass, reopening.bytes, 0, reopening.bytes.length);
  }

  private revalidate(bytes: Uint8Array, words: Int32Array, offset: number, length: number): void {
    const at = offset >> 2;
    const sessionHi = words[at + WORD_SESSION_HI];
    const sessionLo = words[at + WORD_SESSION_LO];
    // The length is the header's and the parts': the copy must be as a mailbox would hand it out.
    const copy = bytes.slice(offset, offset + length);
    const header = new Int32Array(copy.buffer, 0, PIPELINE_HEADER_BYTES >> 2);
    this.reopenings.push({ sessionHi, sessionLo, words: header, bytes: copy });
    const { out } = this;
    out.begin(PacketType.revalidate, -1, -1);
    out.putLong(sessionHi, sessionLo);
    out.putBytes(bytes, offset + PIPELINE_HEADER_BYTES + words[at + WORD_LENGTH_A], words[at + WORD_LENGTH_B]);
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
