/**
 * CommitProcessor: holds transactions that are on this server's disk until its ensemble has committed them, and finds out which
 * of them its own clients wait for.
 *
 * Only in a member of an ensemble, in front of final and on its thread; owns what it holds, and nothing else. Two mailboxes
 * meet here: the line (through sync, that is through the disk) and the quorum peer's direct one, which is faster.
 *
 *   sync --txn | pass | echo | control--> [commit] --the same, in order, each txn once it is committed--> final
 *   quorum-peer --committed | request, pass, echo | synced | proven--> [commit]
 *
 * Which txn is whose. A learner's requests are in one queue in the order in which they were forwarded, and that is the order in
 * which the leader decides them: so the txn of (session, cxid) of the write that heads the queue is that write, and any other
 * txn is somebody else's. Reads behind it in the queue follow it; a sync at the head keeps back what is behind it until the leader
 * has answered it and all is applied that was committed by then, and no txn that comes meanwhile is of a write behind it. A session
 * that is opened again is in nobody's queue: its connection has asked for nothing before, and the leader may close it any time later.
 *
 * Why the two mailboxes need no common clock: a request is put into the direct one before it is sent to the leader, so before its
 * txn can be proposed, and a txn is released by a `committed` that comes by the direct one, behind the request. All other records of the
 * line that must not overtake the direct ones say how many of those were sent before them (WORD_DIRECT_COUNT), and wait until as many have
 * been seen. `serve` and `halt` do not wait for txns that are held.
 */

import type { Actor, ActorContext } from '../actor/actor.js';
import type { RecordHandler } from '../actor/mailbox/mailbox.js';
import { RecordQueue } from '../actor/mailbox/record-queue.js';
import { assert } from '../base/assert.js';
import { copyBytes } from '../base/bytes.js';
import { Fifo } from '../base/fifo.js';
import { compareUnsigned } from '../base/int64.js';
import { OpCode } from '../protocol/op-code.js';
import { CommitMeasures } from './commit-measures.js';
import { LineSender } from './line-sender.js';
import {
  FLAG_UNPROVEN,
  InternalOp,
  RecordType,
  WORD_ARRIVED,
  WORD_CONNECTION,
  WORD_DIRECT_COUNT,
  WORD_FLAGS,
  WORD_LARGE_BYTES,
  WORD_OP,
  WORD_ROUND,
  WORD_SESSION_HI,
  WORD_SESSION_LO,
  WORD_SHARD,
  WORD_SLOT,
  WORD_XID,
  WORD_ZXID_HI,
  WORD_ZXID_LO,
} from './pipeline-records.js';

interface Zxid {
  readonly hi: number;
  readonly lo: number;
}

/** `serve` or `halt`, until what was sent before it by the other mailbox has been seen. */
interface Overtaking {
  readonly type: number;
  readonly bytes: Uint8Array;
  readonly directCount: number;
}

export class CommitProcessor implements Actor {
  readonly inboxes: Record<string, RecordHandler>;

  /** To final. */
  private readonly line: LineSender;
  private readonly measures: CommitMeasures;
  /** Of the line. Invariant: its head is a txn that is not committed, or waits for the direct mailbox. */
  private readonly held = new RecordQueue();
  /** Local requests. Invariant: its head is a write whose txn has not been released, or a sync that is not answered. */
  private readonly local = new RecordQueue();
  /** Of syncs that the leader has answered and that still wait: what was committed by then. */
  private readonly syncedAt = new Fifo<Zxid>();
  private readonly overtaking = new Fifo<Overtaking>();
  /** Records seen of the direct mailbox, as a 32-bit count. */
  private directCount = 0;
  // Of this role. Invariant: nothing above it leaves for final, except by `settle`.
  private committedHi = 0;
  private committedLo = 0;
  /** The direct record that said so. */
  private committedBy = 0;
  // Of the txn of this role that was released last.
  private releasedHi = 0;
  private releasedLo = 0;
  /** Of the leader's rounds, of this role. */
  private provenRound = 0;
  /** Between halt and settle nobody is answered. */
  private isHalted = false;

  constructor(context: ActorContext) {
    this.line = new LineSender(context.outbox('final'));
    this.measures = new CommitMeasures(context);
    this.inboxes = {
      'quorum-peer': (type, bytes, words, offset, length) => this.onDirect(type, bytes, words, offset, length),
      sync: (type, bytes, words, offset, length) => this.onLine(type, bytes, words, offset, length),
    };
  }

  onMeasured(records: number, tookMs: number, nowMs: number): void {
    if (records === 0) return;
    this.measures.onMeasured(tookMs, nowMs, this.local.count, this.held.count, this.releasedHi, this.releasedLo);
  }

  // ---- the line

  private onLine(type: number, bytes: Uint8Array, words: Int32Array, offset: number, length: number): void {
    switch (type) {
      case RecordType.halt:
      case RecordType.serve:
        this.overtaking.push({
          type,
          bytes: bytes.slice(offset, offset + length),
          directCount: words[(offset >> 2) + WORD_DIRECT_COUNT] as number,
        });
        this.advance();
        return;
      case RecordType.settle:
        this.settle(bytes, offset, length);
        return;
    }
    if (this.held.isEmpty && this.mayPass(type, words, offset >> 2)) this.pass(type, bytes, words, offset, length);
    else this.held.push(type, bytes, offset, length);
  }

  private mayPass(type: number, words: Int32Array, header: number): boolean {
    switch (type) {
      case RecordType.txn:
        return this.isCommitted(words[header + WORD_ZXID_HI] as number, words[header + WORD_ZXID_LO] as number);
      case RecordType.pass:
        return ((words[header + WORD_FLAGS] as number) & FLAG_UNPROVEN) === 0 || this.isProven(words, header);
      case RecordType.echo:
      case RecordType.snapChunk:
      case RecordType.config:
        return true;
      default:
        return this.hasSeen(words[header + WORD_DIRECT_COUNT] as number);
    }
  }

  private pass(type: number, bytes: Uint8Array, words: Int32Array, offset: number, length: number): void {
    const header = offset >> 2;
    switch (type) {
      case RecordType.txn:
        this.release(bytes, words, offset, length);
        return;
      case RecordType.truncate:
      case RecordType.snapBegin:
        this.begin(words, header);
        break;
      case RecordType.pass:
      case RecordType.echo:
        if (this.isHalted) {
          this.line.giveBack(words, header);
          return;
        }
        this.measures.onPassed(words[header + WORD_ARRIVED] as number, !this.held.isEmpty);
        break;
    }
    this.line.passOn(type, bytes, offset, length);
  }

  /** Everything of the line that may go. */
  private advance(): void {
    const { held } = this;
    while (!held.isEmpty) {
      const type = held.frontType();
      const offset = held.frontOffset();
      if (!this.mayPass(type, held.words, offset >> 2)) break;
      this.pass(type, held.bytes, held.words, offset, held.frontLength());
      held.dropFront();
    }
    for (;;) {
      const next = this.overtaking.peek();
      if (next === undefined || !this.hasSeen(next.directCount)) return;
      this.overtaking.shift();
      if (next.type === RecordType.halt) this.halt(next.bytes);
      else this.serve(next.bytes);
    }
  }

  private release(bytes: Uint8Array, words: Int32Array, offset: number, length: number): void {
    const header = offset >> 2;
    const { out } = this.line;
    out.claim(RecordType.txn, length);
    copyBytes(bytes, offset, out.bytes, out.offset, length);
    this.releasedHi = words[header + WORD_ZXID_HI] as number;
    this.releasedLo = words[header + WORD_ZXID_LO] as number;
    const isLocal = !this.local.isEmpty && this.isHead(words, header);
    if (isLocal) this.identify(out.words, out.offset >> 2);
    const isOwn = (out.words[(out.offset >> 2) + WORD_SHARD] as number) >= 0;
    this.measures.onReleased(isOwn ? (out.words[(out.offset >> 2) + WORD_ARRIVED] as number) : null);
    out.commit();
    if (isLocal) this.local.dropFront();
    if (!this.local.isEmpty) this.answerLocal();
  }

  /** Whether the txn is that of the write at the head of the local requests. */
  private isHead(words: Int32Array, header: number): boolean {
    const { local } = this;
    const own = local.words;
    const at = local.frontOffset() >> 2;
    const op = own[at + WORD_OP] as number;
    return (
      own[at + WORD_SESSION_LO] === words[header + WORD_SESSION_LO] &&
      own[at + WORD_SESSION_HI] === words[header + WORD_SESSION_HI] &&
      own[at + WORD_XID] === words[header + WORD_XID] &&
      op !== OpCode.sync &&
      // An expiry has no cxid of the client's: 0, which a request may have too.
      (words[header + WORD_OP] !== OpCode.closeSession || op === OpCode.closeSession)
    );
  }

  /** The txn that is being sent to final is that of the head of the local requests. */
  private identify(words: Int32Array, header: number): void {
    const own = this.local.words;
    const at = this.local.frontOffset() >> 2;
    words[header + WORD_SHARD] = own[at + WORD_SHARD] as number;
    words[header + WORD_CONNECTION] = own[at + WORD_CONNECTION] as number;
    words[header + WORD_OP] = own[at + WORD_OP] as number;
    words[header + WORD_SLOT] = own[at + WORD_SLOT] as number;
    words[header + WORD_FLAGS] = (words[header + WORD_FLAGS] as number) | (own[at + WORD_FLAGS] as number);
    words[header + WORD_ARRIVED] = own[at + WORD_ARRIVED] as number;
    words[header + WORD_LARGE_BYTES] = own[at + WORD_LARGE_BYTES] as number;
  }

  // ---- the direct mailbox

  private onDirect(type: number, bytes: Uint8Array, words: Int32Array, offset: number, length: number): void {
    this.directCount = (this.directCount + 1) | 0;
    const header = offset >> 2;
    switch (type) {
      case RecordType.committed: {
        const hi = words[header + WORD_ZXID_HI] as number;
        const lo = words[header + WORD_ZXID_LO] as number;
        if (!this.isCommitted(hi, lo)) {
          this.committedHi = hi;
          this.committedLo = lo;
        }
        this.committedBy = this.directCount;
        break;
      }
      case RecordType.proven:
        this.provenRound = words[header + WORD_ROUND] as number;
        break;
      case RecordType.synced:
        this.syncedAt.push({ hi: this.committedHi, lo: this.committedLo });
        this.answerLocal();
        break;
      default:
        if (this.isHalted) this.line.giveBack(words, header);
        else if (type !== RecordType.request && (this.local.isEmpty || opensSession(words, header))) {
          this.measures.onPassed(words[header + WORD_ARRIVED] as number, false);
          this.line.passOn(type, bytes, offset, length);
        } else this.local.push(type, bytes, offset, length);
    }
    if (!this.held.isEmpty || !this.overtaking.isEmpty) this.advance();
  }

  /** Sends on what has nothing in front of it any more. */
  private answerLocal(): void {
    const { local } = this;
    while (!local.isEmpty) {
      const type = local.frontType();
      const offset = local.frontOffset();
      if (type === RecordType.request) {
        if (local.words[(offset >> 2) + WORD_OP] !== OpCode.sync) return;
        const at = this.syncedAt.peek();
        if (at === undefined || compareUnsigned(at.hi, at.lo, this.releasedHi, this.releasedLo) > 0) return;
        this.syncedAt.shift();
      }
      this.measures.onPassed(local.words[(offset >> 2) + WORD_ARRIVED] as number, true);
      this.line.passOn(type === RecordType.request ? RecordType.pass : type, local.bytes, offset, local.frontLength());
      local.dropFront();
    }
  }

  // ---- roles come and go

  /** The shards hear of it first: what is given back then finds no connection that could be answered. */
  private halt(bytes: Uint8Array): void {
    this.isHalted = true;
    this.provenRound = 0;
    this.line.passOn(RecordType.halt, bytes, 0, bytes.length);
    const { local } = this;
    while (!local.isEmpty) {
      this.line.giveBack(local.words, local.frontOffset() >> 2);
      local.dropFront();
    }
    this.syncedAt.clear();
  }

  /** Everything that is held is applied, whether or not anybody has committed it, and nobody is told. */
  private settle(bytes: Uint8Array, offset: number, length: number): void {
    assert(this.isHalted && this.overtaking.isEmpty, 'a role is halted before it is settled');
    const { held } = this;
    while (!held.isEmpty) {
      const type = held.frontType();
      const heldOffset = held.frontOffset();
      const header = heldOffset >> 2;
      const { words } = held;
      if (type !== RecordType.txn) {
        this.pass(type, held.bytes, words, heldOffset, held.frontLength());
      } else {
        if ((words[header + WORD_SHARD] as number) >= 0) this.line.giveBack(words, header);
        words[header + WORD_SHARD] = -1;
        words[header + WORD_CONNECTION] = -1;
        words[header + WORD_LARGE_BYTES] = 0;
        this.release(held.bytes, words, heldOffset, held.frontLength());
      }
      held.dropFront();
    }
    this.isHalted = false;
    // A snapshot that was never whole has counted as committed, and is gone: the next role says anew what is.
    this.committedHi = 0;
    this.committedLo = 0;
    this.releasedHi = 0;
    this.releasedLo = 0;
    this.line.passOn(RecordType.settle, bytes, offset, length);
  }

  /** What was committed before has been released, since no txn is committed before it is in the line. */
  private serve(bytes: Uint8Array): void {
    if (compareUnsigned(this.committedHi, this.committedLo, this.releasedHi, this.releasedLo) > 0) {
      this.releasedHi = this.committedHi;
      this.releasedLo = this.committedLo;
    }
    this.line.passOn(RecordType.serve, bytes, 0, bytes.length);
  }

  /** The database is that of this zxid, which may be a lower one than before; it counts as committed. */
  private begin(words: Int32Array, header: number): void {
    const zxidHi = words[header + WORD_ZXID_HI] as number;
    const zxidLo = words[header + WORD_ZXID_LO] as number;
    this.releasedHi = zxidHi;
    this.releasedLo = zxidLo;
    const saidLater = ((this.committedBy - (words[header + WORD_DIRECT_COUNT] as number)) | 0) > 0;
    if (saidLater) return;
    this.committedHi = zxidHi;
    this.committedLo = zxidLo;
  }

  private isCommitted(zxidHi: number, zxidLo: number): boolean {
    return compareUnsigned(zxidHi, zxidLo, this.committedHi, this.committedLo) <= 0;
  }

  /** Nobody waits for it any more once the role is over. */
  private isProven(words: Int32Array, header: number): boolean {
    return this.isHalted || ((this.provenRound - (words[header + WORD_ROUND] as number)) | 0) >= 0;
  }

  private hasSeen(directCount: number): boolean {
    return ((this.directCount - directCount) | 0) >= 0;
  }
}

/** Again, or a local one: by a connection that has asked for nothing before. */
function opensSession(words: Int32Array, header: number): boolean {
  const op = words[header + WORD_OP];
  return op === InternalOp.reopenSession || op === OpCode.createSession;
}
