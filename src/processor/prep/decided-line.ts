/**
 * What prep has decided goes down the line here: each write gets its zxid, and becomes a `txn` record with the entry that log
 * and learners get. Owned by PrepRequestProcessor, on prep's thread. It judges nothing, and allocates nothing per record.
 *
 *   record   | 16 words, the request's own but for slot, session, zxid, error, lengths | entry |
 *   entry    | TxnHeader 32 | body | [TxnDigest 12] |             drawn in txn-applier.ts
 */
import type { MailboxSender } from '../../actor/mailbox/mailbox.js';
import { copyBytes, writeInt32 } from '../../base/bytes.js';
import type { Clock } from '../../base/clock.js';
import { hiOfNumber, loOfNumber } from '../../base/int64.js';
import { OpCode } from '../../protocol/op-code.js';
import { DIGEST_VERSION } from '../../store/digest-check.js';
import { TXN_DIGEST_BYTES, TXN_HEADER_BYTES } from '../../store/txn-applier.js';
import type { LineSender } from '../line-sender.js';
import {
  PIPELINE_HEADER_BYTES,
  PIPELINE_HEADER_WORDS,
  RecordType,
  WORD_ERROR,
  WORD_LENGTH_A,
  WORD_LENGTH_B,
  WORD_SESSION_HI,
  WORD_SESSION_LO,
  WORD_SLOT,
  WORD_XID,
  WORD_ZXID_HI,
  WORD_ZXID_LO,
} from '../pipeline-records.js';
import type { PrepRequest } from './prep-request.js';

export class DecidedLine {
  // Of the last transaction decided. Invariant: every transaction sent down has a zxid above all sent before it.
  zxidHi = 0;
  zxidLo = 0;
  private readonly line: LineSender;
  private readonly request: PrepRequest;
  private readonly clock: Clock;

  constructor(line: LineSender, request: PrepRequest, clock: Clock) {
    this.line = line;
    this.request = request;
    this.clock = clock;
  }

  begin(zxidHi: number, zxidLo: number): void {
    this.zxidHi = zxidHi;
    this.zxidLo = zxidLo;
  }

  /** The request in work is to be decided as the next transaction. */
  nextZxid(): void {
    this.zxidLo = (this.zxidLo + 1) | 0;
    // A standalone server has no epochs; 2^32 transactions carry into the upper half, as one 64-bit counter would.
    if (this.zxidLo === 0) this.zxidHi = (this.zxidHi + 1) | 0;
    const { request } = this;
    request.zxidHi = this.zxidHi;
    request.zxidLo = this.zxidLo;
    const wallMs = this.clock.wallMs();
    request.timeHi = hiOfNumber(wallMs);
    request.timeLo = loOfNumber(wallMs);
    request.prediction?.begin(request.zxidHi, request.zxidLo, request.timeHi, request.timeLo);
  }

  /** No transaction after all, so the number is given back (client-protocol 3.3). */
  refuse(words: Int32Array, header: number, error: number): void {
    if (this.zxidLo === 0) this.zxidHi = (this.zxidHi - 1) | 0;
    this.zxidLo = (this.zxidLo - 1) | 0;
    this.line.answer(words, header, error);
  }

  sendError(words: Int32Array, header: number, error: number): void {
    const { request } = this;
    request.txn.reset();
    request.txn.writeInt(error);
    request.txnType = OpCode.error;
    this.send(words, header, error);
  }

  /** The request in work, as it was planned. */
  send(words: Int32Array, header: number, error: number): void {
    const { request } = this;
    // A stand-alone error has none; a failed multi has (persistence 2.1).
    const hasDigest = request.prediction !== null && request.txnType !== OpCode.error;
    const entryLength = TXN_HEADER_BYTES + request.txn.length + (hasDigest ? TXN_DIGEST_BYTES : 0);
    const { out } = this.line;
    out.claim(RecordType.txn, PIPELINE_HEADER_BYTES + entryLength);
    const at = out.offset >> 2;
    for (let i = 0; i < PIPELINE_HEADER_WORDS; i++) out.words[at + i] = words[header + i] as number;
    out.words[at + WORD_SLOT] = request.slot;
    out.words[at + WORD_SESSION_HI] = request.sessionHi;
    out.words[at + WORD_SESSION_LO] = request.sessionLo;
    out.words[at + WORD_ZXID_HI] = this.zxidHi;
    out.words[at + WORD_ZXID_LO] = this.zxidLo;
    out.words[at + WORD_ERROR] = error;
    out.words[at + WORD_LENGTH_A] = entryLength;
    out.words[at + WORD_LENGTH_B] = 0;
    this.writeEntry(out, words[header + WORD_XID] as number, hasDigest);
    out.commit();
  }

  private writeEntry(out: MailboxSender, xid: number, hasDigest: boolean): void {
    const { request } = this;
    const { bytes } = out;
    const { txn } = request;
    const entry = out.offset + PIPELINE_HEADER_BYTES;
    writeInt32(bytes, entry, request.sessionHi);
    writeInt32(bytes, entry + 4, request.sessionLo);
    writeInt32(bytes, entry + 8, xid);
    writeInt32(bytes, entry + 12, this.zxidHi);
    writeInt32(bytes, entry + 16, this.zxidLo);
    writeInt32(bytes, entry + 20, request.timeHi);
    writeInt32(bytes, entry + 24, request.timeLo);
    writeInt32(bytes, entry + 28, request.txnType);
    copyBytes(txn.bytes, 0, bytes, entry + TXN_HEADER_BYTES, txn.length);
    if (!hasDigest) return;
    const at = entry + TXN_HEADER_BYTES + txn.length;
    const { digest } = request.changes;
    writeInt32(bytes, at, DIGEST_VERSION);
    writeInt32(bytes, at + 4, digest.hi);
    writeInt32(bytes, at + 8, digest.lo);
  }
}
