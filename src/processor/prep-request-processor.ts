/**
 * PrepRequestProcessor: decides. Takes requests from every connection shard, judges each against the tree plus all that was
 * decided before, gives every write its zxid and turns it into a transaction; opens and closes sessions.
 *
 * Owns the outstanding changes, the session slots, the session ids and the next zxid; lives on one thread (on the main one
 * in `compact`). It reads the tree only through its reader, never writes it, never touches a file or a socket, and never
 * answers a client: everything, refusals included, goes down the pipeline in order.
 *
 *   connections.k --request--> [prep] --txn | pass | echo--> sync
 *   session-tracker --request (expireSession)--> [prep]
 *   container-manager --request (deleteContainer)--> [prep]
 *   restorer --restore--> [prep] --restore--> sync          from then on it takes nothing, until
 *   final --serving--> [prep]            when recovery is done, and after each restore
 */
import type { Actor, ActorContext } from '../actor/actor.js';
import type { MailboxSender, RecordHandler } from '../actor/mailbox/mailbox.js';
import { assert } from '../base/assert.js';
import { copyBytes, readInt32, writeInt32 } from '../base/bytes.js';
import { Fifo } from '../base/fifo.js';
import { compareUnsigned, hiOfNumber, loOfNumber } from '../base/int64.js';
import { ErrorCode } from '../protocol/error-code.js';
import { OpCode } from '../protocol/op-code.js';
import { SessionIds } from '../session/session-id.js';
import { SessionIndex } from '../session/session-index.js';
import { type SessionTable, SlotState } from '../session/session-table.js';
import { DIGEST_VERSION } from '../store/digest-check.js';
import { NodeKind } from '../store/node-layout.js';
import type { TreeReader } from '../store/tree-reader.js';
import { TXN_DIGEST_BYTES, TXN_HEADER_BYTES } from '../store/txn-applier.js';
import type { AclPolicy } from './acl.js';
import { OutstandingChanges } from './change-record.js';
import {
  FLAG_REPLACED,
  InternalOp,
  PIPELINE_HEADER_BYTES,
  PIPELINE_HEADER_WORDS,
  RecordType,
  WORD_ERROR,
  WORD_FLAGS,
  WORD_LENGTH_A,
  WORD_LENGTH_B,
  WORD_OP,
  WORD_SESSION_HI,
  WORD_SESSION_LO,
  WORD_SLOT,
  WORD_XID,
  WORD_ZXID_HI,
  WORD_ZXID_LO,
} from './pipeline-records.js';
import { planCreate } from './prep/create.js';
import { planDelete } from './prep/delete.js';
import { planDeleteContainer } from './prep/delete-container.js';
import { DigestPrediction } from './prep/digest-prediction.js';
import { planMulti } from './prep/multi.js';
import { DECODE_FAILED, PrepRequest } from './prep/prep-request.js';
import { QuotaCheck } from './prep/quota-check.js';
import { planReconfig } from './prep/reconfig.js';
import { planSetAcl } from './prep/set-acl.js';
import { planSetData } from './prep/set-data.js';

export interface PrepOptions {
  readonly serverId: number;
  readonly extendedTypes: boolean;
  readonly reconfigEnabled: boolean;
  readonly closeSessionListsPaths: boolean;
  readonly enforceQuota: boolean;
  /** Transactions carry the tree digest that they lead to. */
  readonly digestEnabled: boolean;
}

/** About three microseconds of reading, so that it fits between two write sections. */
const EPHEMERALS_PER_SLICE = 64;

interface ClosingSlot {
  slot: number;
  zxidHi: number;
  zxidLo: number;
}

export class PrepRequestProcessor implements Actor {
  readonly inboxes: Record<string, RecordHandler>;
  /** What final says finishes recovery; were it to wait for room further down, the circle of mailboxes could stand still. */
  readonly alwaysDrains = ['final'] as const;

  private readonly tree: TreeReader;
  private readonly sessions: SessionTable;
  private readonly context: ActorContext;
  private readonly options: PrepOptions;
  private readonly toSync: MailboxSender;
  private readonly changes: OutstandingChanges;
  private readonly request: PrepRequest;
  private readonly sessionIds: SessionIds;
  private readonly sessionIndex = new SessionIndex();
  private readonly freeSlots: number[] = [];
  /** Slots whose close transaction is on its way; free again once the tree has applied it. */
  private readonly closingSlots = new Fifo<ClosingSlot>();
  // Invariant: every transaction sent down has a zxid above all sent before it.
  private zxidHi = 0;
  private zxidLo = 0;
  private slotsHandedOut = 0;
  /** Where the entry that `copyEphemerals` appended last begins; counts only if the slice was valid. */
  private lastCopied = 0;
  /** False: before recovery is done, and while a restore is on its way. */
  private serving = false;
  private freshBatch = true;

  constructor(
    context: ActorContext,
    tree: TreeReader,
    sessions: SessionTable,
    aclPolicy: AclPolicy,
    options: PrepOptions,
  ) {
    this.context = context;
    this.tree = tree;
    this.sessions = sessions;
    this.options = options;
    this.toSync = context.outbox('sync');
    this.changes = new OutstandingChanges(tree, new Fifo(), options.digestEnabled);
    const quotas = options.enforceQuota ? new QuotaCheck(tree, context.clock, context.log) : null;
    const prediction = options.digestEnabled ? new DigestPrediction(this.changes) : null;
    this.request = new PrepRequest(this.changes, aclPolicy, sessions, options, quotas, prediction);
    this.sessionIds = new SessionIds(options.serverId, context.clock.wallMs());
    const onRequest: RecordHandler = (type, bytes, words, offset, length) =>
      this.onRequest(type, bytes, words, offset, length);
    this.inboxes = {
      final: (_type, _bytes, words, offset) => this.onServing(words, offset >> 2),
    };
    for (const name of context.inboxNames('connections')) this.inboxes[name] = onRequest;
    this.inboxes['session-tracker'] = onRequest;
    this.inboxes['container-manager'] = (type, bytes, words, offset, length) => {
      // It looks at the tree, which is whole a moment before this stage hears of it; it will find the same again.
      if (this.serving) this.onRequest(type, bytes, words, offset, length);
    };
    // The last one, so that nothing of the same turn comes behind it.
    this.inboxes.restorer = (_type, bytes, words, offset, length) => this.onRestore(bytes, words, offset, length);
  }

  /** What final says is taken all the same, and with it comes the next turn. */
  mayTake(): boolean {
    return this.serving;
  }

  onBatchEnd(): void {
    this.freshBatch = true;
  }

  /** The tree and the session table are filled; from here on prep alone opens and closes slots. */
  private onServing(words: Int32Array, header: number): void {
    assert(!this.serving, 'prep serves already');
    this.serving = true;
    // A restore that came to nothing has changed nothing.
    if (words[header + WORD_ERROR] !== ErrorCode.Ok) return;
    if (((words[header + WORD_FLAGS] as number) & FLAG_REPLACED) !== 0) this.forgetDatabase();
    this.zxidHi = words[header + WORD_ZXID_HI] as number;
    this.zxidLo = words[header + WORD_ZXID_LO] as number;
    this.takeDigest();
    this.slotsHandedOut = this.sessions.slotCountUsed;
    for (let slot = 0; slot < this.slotsHandedOut; slot++) {
      if (this.sessions.state(slot) !== SlotState.open) {
        this.freeSlots.push(slot);
        continue;
      }
      const sessionHi = this.sessions.sessionHi(slot);
      const sessionLo = this.sessions.sessionLo(slot);
      this.sessionIndex.set(sessionHi, sessionLo, slot);
      this.sessionIds.passOver(sessionHi, sessionLo);
    }
  }

  /**
   * Everything was drained before the database was replaced, so what was outstanding is over. What tracker and container
   * manager have found they found in the old one; they will find in this one what there is.
   */
  private forgetDatabase(): void {
    this.changes.clear();
    this.sessionIndex.clear();
    this.freeSlots.length = 0;
    this.closingSlots.clear();
    for (const name of ['session-tracker', 'container-manager']) {
      this.context.inbox(name).drain(() => {}, Number.MAX_SAFE_INTEGER);
    }
  }

  /** Gives the restore a zxid that is above everything, old and new, and stops taking requests behind it. */
  private onRestore(bytes: Uint8Array, words: Int32Array, offset: number, length: number): void {
    const header = offset >> 2;
    let zxidHi = words[header + WORD_ZXID_HI] as number;
    let zxidLo = words[header + WORD_ZXID_LO] as number;
    if (compareUnsigned(this.zxidHi, this.zxidLo, zxidHi, zxidLo) > 0) {
      zxidHi = this.zxidHi;
      zxidLo = this.zxidLo;
    }
    zxidLo = (zxidLo + 1) | 0;
    if (zxidLo === 0) zxidHi = (zxidHi + 1) | 0;
    words[header + WORD_ZXID_HI] = zxidHi;
    words[header + WORD_ZXID_LO] = zxidLo;
    this.passOn(RecordType.restore, bytes, offset, length);
    this.serving = false;
  }

  /** The tree's own, once for each database: nothing is on its way now, and from here on this stage knows it. */
  private takeDigest(): void {
    const { tree } = this;
    for (;;) {
      const sequence = tree.begin();
      const hi = tree.treeDigestHi();
      const lo = tree.treeDigestLo();
      if (sequence < 0 || !tree.valid(sequence)) continue;
      this.changes.digest.set(hi, lo);
      return;
    }
  }

  private onRequest(type: number, bytes: Uint8Array, words: Int32Array, offset: number, length: number): void {
    assert(this.serving, 'a request came before recovery was done');
    if (this.freshBatch) {
      this.freshBatch = false;
      this.forgetApplied();
    }
    if (type === RecordType.echo) {
      this.passOn(type, bytes, offset, length);
      return;
    }
    const header = offset >> 2;
    const partA = offset + PIPELINE_HEADER_BYTES;
    const partB = partA + (words[header + WORD_LENGTH_A] as number);
    const request = this.request;
    request.body.begin(bytes, partB, words[header + WORD_LENGTH_B] as number);
    request.setIdentities(bytes, partA, partB - partA);
    request.slot = words[header + WORD_SLOT] as number;
    request.sessionHi = words[header + WORD_SESSION_HI] as number;
    request.sessionLo = words[header + WORD_SESSION_LO] as number;
    const op = words[header + WORD_OP] as number;
    switch (op) {
      case OpCode.create:
      case OpCode.create2:
      case OpCode.createContainer:
      case OpCode.createTTL:
      case OpCode.delete:
      case OpCode.deleteContainer:
      case OpCode.setData:
      case OpCode.setACL:
      case OpCode.reconfig:
      case OpCode.multi:
        this.write(op, words, header);
        return;
      case OpCode.createSession:
        this.createSession(words, header);
        return;
      case OpCode.closeSession:
        this.closeSession(words, header);
        return;
      case InternalOp.expireSession:
        this.expireSession(words, header);
        return;
      case InternalOp.reopenSession:
        this.reopenSession(bytes, words, offset, length);
        return;
      default:
        // Reads behind writes, sync, ping: they only keep their place.
        this.passOn(RecordType.pass, bytes, offset, length);
    }
  }

  private write(op: number, words: Int32Array, header: number): void {
    const request = this.request;
    this.nextZxid();
    request.txn.reset();
    const error = this.plan(op);
    if (error === DECODE_FAILED) {
      // No transaction, so the number is given back (client-protocol 3.3).
      if (this.zxidLo === 0) this.zxidHi = (this.zxidHi - 1) | 0;
      this.zxidLo = (this.zxidLo - 1) | 0;
      this.refuse(words, header, ErrorCode.MarshallingError);
      return;
    }
    if (error !== ErrorCode.Ok) {
      request.txn.reset();
      request.txn.writeInt(error);
      request.txnType = OpCode.error;
    }
    this.sendTxn(words, header, error);
  }

  private plan(op: number): number {
    const request = this.request;
    switch (op) {
      case OpCode.create:
      case OpCode.create2:
      case OpCode.createContainer:
      case OpCode.createTTL:
        return planCreate(request, op, false);
      case OpCode.delete:
        return planDelete(request);
      case OpCode.deleteContainer:
        return planDeleteContainer(request);
      case OpCode.reconfig:
        return planReconfig(request);
      case OpCode.setData:
        return planSetData(request);
      case OpCode.setACL:
        return planSetAcl(request);
      default:
        return planMulti(request);
    }
  }

  private createSession(words: Int32Array, header: number): void {
    const request = this.request;
    const timeoutMs = request.body.readInt();
    const slot = this.freeSlots.pop() ?? this.slotsHandedOut;
    if (slot >= this.sessions.slotCountMax) {
      this.context.log.warn(`No room for another session: ${this.sessions.slotCountMax} are open`);
      this.refuse(words, header, ErrorCode.SystemError);
      return;
    }
    if (slot === this.slotsHandedOut) this.slotsHandedOut++;
    const sessionHi = this.sessionIds.currentHi;
    const sessionLo = this.sessionIds.currentLo;
    this.sessionIds.advance();
    this.nextZxid();
    const nowMs = this.context.clock.monotonicMs();
    this.sessions.open(slot, sessionHi, sessionLo, timeoutMs, nowMs, this.zxidHi, this.zxidLo);
    this.sessionIndex.set(sessionHi, sessionLo, slot);
    request.slot = slot;
    request.sessionHi = sessionHi;
    request.sessionLo = sessionLo;
    request.txn.reset();
    request.txn.writeInt(timeoutMs);
    request.txnType = OpCode.createSession;
    this.sendTxn(words, header, ErrorCode.Ok);
  }

  /** A client closes its own session. One that is closing already gets no second transaction and no reply. */
  private closeSession(words: Int32Array, header: number): void {
    if (this.request.checkSession() !== ErrorCode.Ok) {
      this.refuse(words, header, ErrorCode.SessionExpired);
      return;
    }
    this.close(words, header);
  }

  /** The tracker names slot, session and the touch that it saw: any later touch saves the session. */
  private expireSession(words: Int32Array, header: number): void {
    const request = this.request;
    if (request.checkSession() !== ErrorCode.Ok) return;
    if ((this.sessions.touchedMs(request.slot) | 0) !== request.body.readInt()) return;
    this.close(words, header);
  }

  private close(words: Int32Array, header: number): void {
    const request = this.request;
    this.nextZxid();
    request.txn.reset();
    request.txnType = OpCode.closeSession;
    const count = this.planEphemeralDeletes();
    if (!this.options.closeSessionListsPaths) request.txn.reset();
    else writeInt32(request.txn.bytes, 0, count);
    this.sessions.startClosing(request.slot, this.zxidHi, this.zxidLo);
    this.sessionIndex.delete(request.sessionHi, request.sessionLo);
    this.closingSlots.push({ slot: request.slot, zxidHi: this.zxidHi, zxidLo: this.zxidLo });
    this.sendTxn(words, header, ErrorCode.Ok);
  }

  /**
   * Lists the session's ephemerals behind a place for their count: those of the tree that no outstanding change has
   * touched, then those of the outstanding changes; each counts as deleted from here on.
   *
   * The tree's list is read in slices, each valid in itself, so that a long one gets done between the sections of a busy
   * writer. What no outstanding change has touched cannot go meanwhile, since only this stage decides: the last such node
   * of a slice is the place to go on from, and new nodes come at the head of the list.
   */
  private planEphemeralDeletes(): number {
    const request = this.request;
    const { sessionHi, sessionLo } = request;
    const txn = request.txn;
    txn.writeInt(0);
    let count = 0;
    /** Where the entry of the node to go on from begins in `txn`; 0 for the head of the list. */
    let last = 0;
    for (let more = true; more; ) {
      const begin = txn.length;
      const found = this.copyEphemerals(sessionHi, sessionLo, last);
      if (found < 0) {
        txn.length = begin;
        continue;
      }
      count += found;
      more = found === EPHEMERALS_PER_SLICE;
      last = this.lastCopied;
    }
    this.changes.visitEphemeralsOf(sessionHi, sessionLo, (record) => {
      txn.writeInt(record.pathLength);
      txn.writeBytes(record.path, 0, record.pathLength);
      count++;
    });
    let position = 4;
    for (let i = 0; i < count; i++) {
      const length = readInt32(txn.bytes, position);
      this.planEphemeralDelete(txn.bytes, position + 4, length);
      position += 4 + length;
    }
    return count;
  }

  /**
   * Appends up to a slice of the session's untouched ephemerals, each as a ustring, from behind the one whose entry begins
   * at `last`. Returns how many, or -1 when the tree was written meanwhile.
   */
  private copyEphemerals(sessionHi: number, sessionLo: number, last: number): number {
    const { tree } = this;
    const { txn } = this.request;
    const sequence = tree.begin();
    if (sequence < 0) return -1;
    const limit = tree.ephemeralCountOf(sessionHi, sessionLo);
    let ref =
      last === 0
        ? tree.firstEphemeralOf(sessionHi, sessionLo)
        : tree.nextEphemeral(tree.find(txn.bytes, last + 4, readInt32(txn.bytes, last)));
    let count = 0;
    for (let i = 0; i < limit && ref !== 0 && count < EPHEMERALS_PER_SLICE; i++) {
      const length = tree.pathLength(ref);
      const at = txn.reserve(4 + length);
      tree.copyPath(ref, txn.bytes, at + 4, length);
      if (!this.changes.has(txn.bytes, at + 4, length)) {
        writeInt32(txn.bytes, at, length);
        txn.length = at + 4 + length;
        this.lastCopied = at;
        count++;
      }
      ref = tree.nextEphemeral(ref);
    }
    return tree.valid(sequence) ? count : -1;
  }

  private planEphemeralDelete(bytes: Uint8Array, offset: number, length: number): void {
    let slash = length - 1;
    while (slash > 0 && bytes[offset + slash] !== 0x2f) slash--;
    const parent = this.changes.get(bytes, offset, slash === 0 ? 1 : slash);
    this.changes.touch(parent, this.zxidHi, this.zxidLo);
    parent.childCount -= 1;
    const node = this.changes.get(bytes, offset, length);
    assert(node.exists && node.kind === NodeKind.ephemeral, 'a session owns a node that is not an ephemeral');
    this.changes.touch(node, this.zxidHi, this.zxidLo);
    node.exists = false;
    this.request.prediction?.onDelete(parent, node);
  }

  private reopenSession(bytes: Uint8Array, words: Int32Array, offset: number, length: number): void {
    const request = this.request;
    const timeoutMs = request.body.readInt();
    const slot = this.sessionIndex.slotOf(request.sessionHi, request.sessionLo);
    if (slot >= 0) this.sessions.renew(slot, timeoutMs, this.context.clock.monotonicMs());
    words[(offset >> 2) + WORD_SLOT] = slot;
    words[(offset >> 2) + WORD_ERROR] = slot >= 0 ? ErrorCode.Ok : ErrorCode.SessionExpired;
    this.passOn(RecordType.pass, bytes, offset, length);
  }

  /** A refusal without a transaction: an echo with an error and no body, in its place. */
  private refuse(words: Int32Array, header: number, error: number): void {
    const out = this.toSync;
    out.claim(RecordType.echo, PIPELINE_HEADER_BYTES);
    const at = out.offset >> 2;
    for (let i = 0; i < PIPELINE_HEADER_WORDS; i++) out.words[at + i] = words[header + i] as number;
    out.words[at + WORD_ERROR] = error;
    out.words[at + WORD_LENGTH_A] = 0;
    out.words[at + WORD_LENGTH_B] = 0;
    out.commit();
  }

  private passOn(type: number, bytes: Uint8Array, offset: number, length: number): void {
    const out = this.toSync;
    out.claim(type, length);
    copyBytes(bytes, offset, out.bytes, out.offset, length);
    out.commit();
  }

  private sendTxn(words: Int32Array, header: number, error: number): void {
    const request = this.request;
    const txn = request.txn;
    // A stand-alone error has none; a failed multi has (persistence 2.1).
    const hasDigest = request.prediction !== null && request.txnType !== OpCode.error;
    const entryLength = TXN_HEADER_BYTES + txn.length + (hasDigest ? TXN_DIGEST_BYTES : 0);
    const out = this.toSync;
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

    const bytes = out.bytes;
    const entry = out.offset + PIPELINE_HEADER_BYTES;
    writeInt32(bytes, entry, request.sessionHi);
    writeInt32(bytes, entry + 4, request.sessionLo);
    writeInt32(bytes, entry + 8, words[header + WORD_XID] as number);
    writeInt32(bytes, entry + 12, this.zxidHi);
    writeInt32(bytes, entry + 16, this.zxidLo);
    writeInt32(bytes, entry + 20, request.timeHi);
    writeInt32(bytes, entry + 24, request.timeLo);
    writeInt32(bytes, entry + 28, request.txnType);
    copyBytes(txn.bytes, 0, bytes, entry + TXN_HEADER_BYTES, txn.length);
    if (hasDigest) {
      const digest = entry + TXN_HEADER_BYTES + txn.length;
      writeInt32(bytes, digest, DIGEST_VERSION);
      writeInt32(bytes, digest + 4, this.changes.digest.hi);
      writeInt32(bytes, digest + 8, this.changes.digest.lo);
    }
    out.commit();
  }

  private nextZxid(): void {
    this.zxidLo = (this.zxidLo + 1) | 0;
    // A standalone server has no epochs; 2^32 transactions carry into the upper half, as one 64-bit counter would.
    if (this.zxidLo === 0) this.zxidHi = (this.zxidHi + 1) | 0;
    const { request } = this;
    request.zxidHi = this.zxidHi;
    request.zxidLo = this.zxidLo;
    const wallMs = this.context.clock.wallMs();
    request.timeHi = hiOfNumber(wallMs);
    request.timeLo = loOfNumber(wallMs);
    request.prediction?.begin(request.zxidHi, request.zxidLo, request.timeHi, request.timeLo);
  }

  /** Once per batch: what the tree has applied is no longer outstanding. */
  private forgetApplied(): void {
    const tree = this.tree;
    const sequence = tree.begin();
    const zxidHi = tree.zxidHi();
    const zxidLo = tree.zxidLo();
    if (sequence < 0 || !tree.valid(sequence)) return;
    this.changes.forget(zxidHi, zxidLo);
    for (;;) {
      const closing = this.closingSlots.peek();
      if (closing === undefined || compareUnsigned(closing.zxidHi, closing.zxidLo, zxidHi, zxidLo) > 0) return;
      this.closingSlots.shift();
      this.sessions.release(closing.slot);
      this.freeSlots.push(closing.slot);
    }
  }
}
