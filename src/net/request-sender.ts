/**
 * The door from one connection shard into the pipeline: asks whether there is room, writes the record, keeps count of what
 * has not come back.
 *
 * Owns the shard's mailbox to prep and its column of the outstanding counts; on the shard's thread. Replies that need no
 * stage go through here too, so that they keep their place behind requests still on their way (client-protocol 3.4).
 */
import type { MailboxSender } from '../actor/mailbox/mailbox.js';
import { copyBytes } from '../base/bytes.js';
import { arrivalAt } from '../processor/arrival.js';
import {
  FLAG_BODY,
  FLAG_CLOSE,
  FLAG_OWN_ZXID,
  PIPELINE_HEADER_BYTES,
  RecordType,
  WORD_ARRIVED,
  WORD_CONNECTION,
  WORD_ERROR,
  WORD_FLAGS,
  WORD_LARGE_BYTES,
  WORD_LEARNER,
  WORD_LENGTH_A,
  WORD_LENGTH_B,
  WORD_OP,
  WORD_SESSION_HI,
  WORD_SESSION_LO,
  WORD_SHARD,
  WORD_SLOT,
  WORD_XID,
  WORD_ZXID_HI,
  WORD_ZXID_LO,
} from '../processor/pipeline-records.js';
import { ErrorCode } from '../protocol/error-code.js';
import { OpCode } from '../protocol/op-code.js';
import type { AuditTrail } from './audit-trail.js';
import type { OutstandingCounts } from './outstanding-counts.js';
import type { ReplyWriter } from './reply-writer.js';
import { CnxnState, type ServerCnxn } from './server-cnxn.js';
import type { ShardPosition } from './shard-position.js';

export interface LargeRequestOptions {
  /** Longer frames are large. Infinity: none is. */
  readonly largeBytesThreshold: number;
  /** Of all large frames in flight. */
  readonly largeBytesMax: number;
}

export interface RequestSenderOptions {
  readonly shard: number;
  readonly globalOutstandingLimit: number;
  readonly largeRequests: LargeRequestOptions;
}

/** A ready-made reply must not look like the operation it answers: some of them mean more to a stage. */
const NO_OPERATION = 0;
const REQUEST_HEADER_BYTES = 8;
const NO_BYTES = new Uint8Array(0);

export class RequestSender {
  private readonly toPrep: MailboxSender;
  private readonly outstanding: OutstandingCounts;
  private readonly replies: ReplyWriter;
  private readonly options: RequestSenderOptions;
  private readonly requestTurn: () => void;
  /** Null: nothing is audited. */
  private readonly audit: AuditTrail | null;
  /** Of the other shards, as of the socket read in work. */
  private outstandingElsewhere = 0;
  /** When the bytes in work were read. */
  private arrival = 0;

  constructor(
    toPrep: MailboxSender,
    outstanding: OutstandingCounts,
    replies: ReplyWriter,
    options: RequestSenderOptions,
    requestTurn: () => void,
    audit: AuditTrail | null,
  ) {
    this.toPrep = toPrep;
    this.outstanding = outstanding;
    this.replies = replies;
    this.options = options;
    this.requestTurn = requestTurn;
    this.audit = audit;
  }

  /** Bytes of one connection are about to be cut into frames. */
  begin(nowMs: number): void {
    this.arrival = arrivalAt(nowMs);
    this.outstandingElsewhere = this.outstanding.ofOthers();
  }

  /** Requests in the pipeline of the whole server, about. */
  get inFlight(): number {
    return this.outstanding.own + this.outstandingElsewhere;
  }

  /** Something here goes on in the next turn, after commits and other connections have had theirs. */
  askForTurn(): void {
    this.requestTurn();
  }

  /** Whether a frame of this length may come in beside the large ones in flight (client-protocol 9.4). */
  hasBudgetFor(frameBytes: number): boolean {
    const { largeBytesThreshold, largeBytesMax } = this.options.largeRequests;
    return frameBytes <= largeBytesThreshold || this.outstanding.largeBytes() + frameBytes <= largeBytesMax;
  }

  /** Room in the pipeline, and the reference's back-pressure: above the limit, one request per connection (9.1). */
  hasRoomFor(cnxn: ServerCnxn, bodyLength: number): boolean {
    if (cnxn.outstanding > 0) {
      if (this.outstanding.own + this.outstandingElsewhere >= this.options.globalOutstandingLimit) return false;
    }
    if (this.audit !== null && !this.audit.hasRoom()) return false;
    return this.toPrep.hasRoom(PIPELINE_HEADER_BYTES + cnxn.identityBytes.length + bodyLength);
  }

  request(cnxn: ServerCnxn, op: number, xid: number, bytes: Uint8Array, offset: number, length: number): void {
    if (this.audit !== null) this.audit.onRequest(cnxn, op, bytes, offset, length);
    this.send(cnxn, RecordType.request, op, xid, bytes, offset, length, ErrorCode.Ok, 0, 0, 0);
  }

  /**
   * A reply that needs no stage: now if nothing is outstanding, otherwise in its place through the pipeline. A body is sent
   * whatever the error is. `flags`: FLAG_CLOSE ends the connection behind it, and nothing more of it is read.
   */
  inOrder(
    cnxn: ServerCnxn,
    xid: number,
    zxidHi: number,
    zxidLo: number,
    error: number,
    flags: number,
    body: Uint8Array = NO_BYTES,
    length: number = body.length,
  ): void {
    if (cnxn.outstanding > 0) {
      const all = flags | FLAG_OWN_ZXID | FLAG_BODY;
      this.send(cnxn, RecordType.echo, NO_OPERATION, xid, body, 0, length, error, all, zxidHi, zxidLo);
      if ((flags & FLAG_CLOSE) !== 0) cnxn.state = CnxnState.ending;
      return;
    }
    this.replies.reply(cnxn, xid, zxidHi, zxidLo, error, body, 0, length);
    if ((flags & FLAG_CLOSE) !== 0) this.replies.closeAfterFlush(cnxn);
  }

  /** A refusal without effect, in its place; its zxid is the last one applied by then. */
  refuse(cnxn: ServerCnxn, xid: number, error: number, position: ShardPosition): void {
    if (cnxn.outstanding > 0) {
      this.send(cnxn, RecordType.echo, NO_OPERATION, xid, NO_BYTES, 0, 0, error, 0, 0, 0);
    } else {
      this.replies.reply(cnxn, xid, position.zxidHi, position.zxidLo, error, NO_BYTES, 0, 0);
    }
  }

  /**
   * The session ends as if its client had asked for it. The answer is nobody's: the connection is closed by the transaction
   * (result-router.ts), or stays if there is none.
   */
  closeSession(cnxn: ServerCnxn, nowMs: number): void {
    const { toPrep: out, options } = this;
    const { identityBytes } = cnxn;
    out.claim(RecordType.request, PIPELINE_HEADER_BYTES + identityBytes.length);
    const at = out.offset >> 2;
    out.words.fill(0, at, at + (PIPELINE_HEADER_BYTES >> 2));
    out.words[at + WORD_SHARD] = options.shard;
    out.words[at + WORD_CONNECTION] = -1;
    out.words[at + WORD_OP] = OpCode.closeSession;
    out.words[at + WORD_SLOT] = cnxn.slot;
    out.words[at + WORD_SESSION_HI] = cnxn.sessionHi;
    out.words[at + WORD_SESSION_LO] = cnxn.sessionLo;
    out.words[at + WORD_ARRIVED] = arrivalAt(nowMs);
    out.words[at + WORD_LENGTH_A] = identityBytes.length;
    copyBytes(identityBytes, 0, out.bytes, out.offset + PIPELINE_HEADER_BYTES, identityBytes.length);
    out.commit();
    this.requestTurn();
  }

  /** A large request has come back, whether or not its connection still lives. */
  onLargeReturned(largeBytes: number): void {
    this.outstanding.addLargeBytes(-largeBytes);
  }

  /** One of the connection's requests has come back. */
  onReturned(cnxn: ServerCnxn): void {
    cnxn.outstanding--;
    this.outstanding.add(-1);
  }

  /** The connection is gone; what it has on its way comes back to nobody. */
  forget(cnxn: ServerCnxn): void {
    this.outstanding.add(-cnxn.outstanding);
    cnxn.outstanding = 0;
  }

  private send(
    cnxn: ServerCnxn,
    type: number,
    op: number,
    xid: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    error: number,
    flags: number,
    zxidHi: number,
    zxidLo: number,
  ): void {
    const out = this.toPrep;
    const identityBytes = cnxn.identityBytes;
    out.claim(type, PIPELINE_HEADER_BYTES + identityBytes.length + length);
    const words = out.words;
    const at = out.offset >> 2;
    words[at + WORD_SHARD] = this.options.shard;
    words[at + WORD_CONNECTION] = cnxn.id;
    words[at + WORD_XID] = xid;
    words[at + WORD_OP] = op;
    words[at + WORD_SLOT] = cnxn.slot;
    words[at + WORD_SESSION_HI] = cnxn.sessionHi;
    words[at + WORD_SESSION_LO] = cnxn.sessionLo;
    words[at + WORD_ZXID_HI] = zxidHi;
    words[at + WORD_ZXID_LO] = zxidLo;
    words[at + WORD_ERROR] = error;
    words[at + WORD_FLAGS] = flags;
    words[at + WORD_ARRIVED] = this.arrival;
    words[at + WORD_LENGTH_A] = identityBytes.length;
    words[at + WORD_LENGTH_B] = length;
    const frameBytes = length + REQUEST_HEADER_BYTES;
    const isLarge = type === RecordType.request && frameBytes > this.options.largeRequests.largeBytesThreshold;
    words[at + WORD_LARGE_BYTES] = isLarge ? frameBytes : 0;
    if (isLarge) this.outstanding.addLargeBytes(frameBytes);
    words[at + WORD_LEARNER] = 0; // a claimed record is not empty: a request of our own client must say so
    const body = out.offset + PIPELINE_HEADER_BYTES;
    copyBytes(identityBytes, 0, out.bytes, body, identityBytes.length);
    copyBytes(bytes, offset, out.bytes, body + identityBytes.length, length);
    out.commit();
    cnxn.outstanding++;
    this.outstanding.add(1);
    this.requestTurn();
  }
}
