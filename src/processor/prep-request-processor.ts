/**
 * PrepRequestProcessor: decides. Judges each request against the tree plus all that was decided before, gives every write its
 * zxid and turns it into a transaction; opens and closes sessions. The class behind prep's actor (prep-actor.ts) in a standalone
 * server and in a leader, where requests of the learners come in by the same door.
 *
 * Owns the outstanding changes, the session slots (while the role lasts), the owners of sessions, and the next zxid; lives on
 * one thread (on the main one in `compact`). It reads the tree only through its reader, never writes it, never touches a file or
 * a socket, and never answers a client: everything, refusals included, goes down the pipeline in order.
 *
 * What a learner has forwarded is a transaction, whatever is wrong with it: the learner waits for one.
 */

import type { ActorContext } from '../actor/actor.js';
import { RecordQueue } from '../actor/mailbox/record-queue.js';
import { copyBytes, readInt32, writeInt32 } from '../base/bytes.js';
import { Fifo } from '../base/fifo.js';
import { compareUnsigned, hex64, hiOfNumber, loOfNumber } from '../base/int64.js';
import { ErrorCode } from '../protocol/error-code.js';
import { OpCode } from '../protocol/op-code.js';
import type { LocalSessionRules } from '../session/local-session-rules.js';
import type { SessionIds } from '../session/session-id.js';
import { OWN_CLIENTS, SessionOwners } from '../session/session-owners.js';
import { SessionSlots } from '../session/session-slots.js';
import type { SessionTable } from '../session/session-table.js';
import { DIGEST_VERSION } from '../store/digest-check.js';
import type { TreeReader } from '../store/tree-reader.js';
import { TXN_DIGEST_BYTES, TXN_HEADER_BYTES } from '../store/txn-applier.js';
import type { AclPolicy } from './acl.js';
import { OutstandingChanges } from './change-record.js';
import type { LineSender } from './line-sender.js';
import {
  InternalOp,
  PIPELINE_HEADER_BYTES,
  PIPELINE_HEADER_WORDS,
  RecordType,
  WORD_ERROR,
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
} from './pipeline-records.js';
import { CloseSessionPlanner } from './prep/close-session.js';
import { planCreate } from './prep/create.js';
import { planDelete } from './prep/delete.js';
import { planDeleteContainer } from './prep/delete-container.js';
import { DigestPrediction } from './prep/digest-prediction.js';
import { planMulti } from './prep/multi.js';
import { OwnSessions } from './prep/own-sessions.js';
import type { PrepMeasures } from './prep/prep-measures.js';
import { DECODE_FAILED, PrepRequest, type PrepRequestRules } from './prep/prep-request.js';
import { QuotaCheck } from './prep/quota-check.js';
import { planMembers, planReconfig } from './prep/reconfig.js';
import type { RoleRequests } from './prep/role-requests.js';
import { planSetAcl } from './prep/set-acl.js';
import { planSetData } from './prep/set-data.js';
import { asksForEphemeral, upgradeWords } from './session-upgrade.js';

export interface PrepRules extends PrepRequestRules {
  readonly closeSessionListsPaths: boolean;
  readonly enforceQuota: boolean;
  /** Transactions carry the tree digest that they lead to. */
  readonly digestEnabled: boolean;
}

/** Of a touch: a session, and its timeout. */
const TOUCH_BYTES = 12;

export class PrepRequestProcessor implements RoleRequests {
  private readonly tree: TreeReader;
  private readonly sessions: SessionTable;
  private readonly context: ActorContext;
  private readonly line: LineSender;
  private readonly measures: PrepMeasures;
  private readonly changes: OutstandingChanges;
  private readonly request: PrepRequest;
  private readonly closing: CloseSessionPlanner;
  private readonly sessionIds: SessionIds;
  private readonly slots: SessionSlots;
  private readonly localSessions: LocalSessionRules;
  private readonly own: OwnSessions;
  /** Null in a standalone server. */
  private readonly owners: SessionOwners | null;
  /** A reconfig that the quorum peer judges, and what has come behind it: sessions keep their order. */
  private readonly judging = new RecordQueue();
  private readonly held = new RecordQueue();
  // Invariant: every transaction sent down has a zxid above all sent before it.
  private zxidHi = 0;
  private zxidLo = 0;
  private freshBatch = true;

  constructor(
    context: ActorContext,
    line: LineSender,
    tree: TreeReader,
    sessions: SessionTable,
    sessionIds: SessionIds,
    aclPolicy: AclPolicy,
    rules: PrepRules,
    isMember: boolean,
    measures: PrepMeasures,
  ) {
    this.context = context;
    this.measures = measures;
    this.line = line;
    this.tree = tree;
    this.sessions = sessions;
    this.sessionIds = sessionIds;
    this.slots = new SessionSlots(sessions);
    this.localSessions = rules.localSessions;
    this.own = new OwnSessions(line, context.clock, sessions, sessionIds, this.slots);
    this.owners = isMember ? new SessionOwners() : null;
    this.changes = new OutstandingChanges(tree, new Fifo(), rules.digestEnabled);
    const quotas = rules.enforceQuota ? new QuotaCheck(tree, context) : null;
    const prediction = rules.digestEnabled ? new DigestPrediction(this.changes) : null;
    this.request = new PrepRequest(this.changes, aclPolicy, sessions, this.owners, rules, quotas, prediction);
    this.closing = new CloseSessionPlanner(tree, this.request, rules.closeSessionListsPaths);
  }

  /** The zxid of the last transaction decided. */
  get decidedHi(): number {
    return this.zxidHi;
  }

  get decidedLo(): number {
    return this.zxidLo;
  }

  /** Everything that was outstanding is over: applied, or never was. */
  begin(zxidHi: number, zxidLo: number): void {
    this.zxidHi = zxidHi;
    this.zxidLo = zxidLo;
    this.changes.clear();
    this.takeDigest();
    this.slots.adopt((sessionHi, sessionLo) => this.sessionIds.passOver(sessionHi, sessionLo));
    this.owners?.clear();
    this.request.closedSessions?.clear();
    this.freshBatch = true;
  }

  onBatchEnd(): void {
    this.freshBatch = true;
    this.measures.onBatchEnd(this.changes);
  }

  /** Gives the restore a zxid that is above everything, old and new. */
  onRestore(bytes: Uint8Array, words: Int32Array, offset: number, length: number): void {
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
    this.line.passOn(RecordType.restore, bytes, offset, length);
  }

  /** Sessions that a learner has heard of since it was asked last. */
  onTouch(bytes: Uint8Array, offset: number, length: number): void {
    const nowMs = this.context.clock.monotonicMs();
    for (let at = offset; at + TOUCH_BYTES <= offset + length; at += TOUCH_BYTES) {
      const slot = this.slots.slotOf(readInt32(bytes, at), readInt32(bytes, at + 4));
      if (slot >= 0) this.sessions.touch(slot, nowMs);
    }
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

  onRequest(type: number, bytes: Uint8Array, words: Int32Array, offset: number, length: number): void {
    if (this.freshBatch) {
      this.freshBatch = false;
      this.forgetApplied();
    }
    if (!this.judging.isEmpty) {
      this.held.push(type, bytes, offset, length);
      return;
    }
    if (type === RecordType.echo) {
      this.line.passOn(type, bytes, offset, length);
      return;
    }
    const header = offset >> 2;
    const { request, localSessions } = this;
    this.take(bytes, words, offset);
    if (localSessions.isEnabled && this.isForOwnSession(bytes, words, offset, length)) return;
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
      case OpCode.multi:
        this.write(op, words, header);
        return;
      case OpCode.reconfig:
        if (this.mustBeJudged()) {
          this.judging.push(type, bytes, offset, length);
          this.line.passOn(RecordType.judge, bytes, offset, length);
          return;
        }
        this.take(bytes, words, offset);
        this.write(op, words, header);
        return;
      case OpCode.createSession:
        if (request.learner === OWN_CLIENTS) this.createSession(words, header);
        else this.createSessionOf(words, header);
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
        // Reads behind writes, sync, ping: they only keep their place. What else a learner sends, it waits for.
        if (request.learner === OWN_CLIENTS || op === OpCode.sync) {
          this.line.passOn(RecordType.pass, bytes, offset, length);
        } else {
          this.nextZxid();
          this.sendError(words, header, ErrorCode.Unimplemented);
        }
    }
  }

  /**
   * What opens or ends a session of this server alone needs no transaction, and is done. What would make an ephemeral node of one may
   * have to be preceded by the transaction that opens it for all.
   */
  private isForOwnSession(bytes: Uint8Array, words: Int32Array, offset: number, length: number): boolean {
    const { request, own } = this;
    const header = offset >> 2;
    if (request.learner !== OWN_CLIENTS) return false;
    switch (words[header + WORD_OP]) {
      case OpCode.createSession:
        this.createOwn(words, header);
        return true;
      case OpCode.closeSession:
        if (!own.has(words, header)) return false;
        own.close(bytes, words, offset, length);
        return true;
      case InternalOp.expireSession:
        if (!own.has(words, header)) return false;
        if (own.isUntouchedSince(words, header, request.body.readInt())) own.close(bytes, words, offset, length);
        return true;
      case OpCode.create:
      case OpCode.create2:
      case OpCode.multi:
        if (this.localSessions.mayUpgrade && own.has(words, header)) this.upgradeFor(words, header);
        return false;
      default:
        return false;
    }
  }

  private createOwn(words: Int32Array, header: number): void {
    const slot = this.own.create(words, header, this.request.body.readInt());
    if (slot >= 0) this.owners?.set(slot, OWN_CLIENTS);
    else this.warnOfNoRoom();
  }

  private warnOfNoRoom(): void {
    this.context.log.warn(`No room for another session: ${this.sessions.slotCountMax} are open`);
  }

  /** Before the transaction of the request in work, if that asks for an ephemeral node. */
  private upgradeFor(words: Int32Array, header: number): void {
    const { request, sessions } = this;
    const { body, slot } = request;
    const begin = body.position;
    const isEphemeral = asksForEphemeral(body, words[header + WORD_OP] as number);
    body.position = begin;
    body.failed = false;
    if (!isEphemeral) return;
    this.context.log.info(`Upgrading session 0x${hex64(request.sessionHi, request.sessionLo)}`);
    this.nextZxid();
    sessions.log(slot, this.zxidHi, this.zxidLo);
    request.txn.reset();
    request.txn.writeInt(sessions.timeoutMs(slot));
    request.txnType = OpCode.createSession;
    this.sendTxn(upgradeWords(words, header), 0, ErrorCode.Ok);
  }

  /** The record becomes the request in work. */
  private take(bytes: Uint8Array, words: Int32Array, offset: number): void {
    const header = offset >> 2;
    const partA = offset + PIPELINE_HEADER_BYTES;
    const partB = partA + (words[header + WORD_LENGTH_A] as number);
    const { request } = this;
    request.body.begin(bytes, partB, words[header + WORD_LENGTH_B] as number);
    request.setIdentities(bytes, partA, partB - partA);
    request.slot = words[header + WORD_SLOT] as number;
    request.sessionHi = words[header + WORD_SESSION_HI] as number;
    request.sessionLo = words[header + WORD_SESSION_LO] as number;
    request.learner = words[header + WORD_LEARNER] as number;
    if (request.learner !== OWN_CLIENTS) request.slot = this.globalSlotOf(request.sessionHi, request.sessionLo);
  }

  /** What learners speak of; sessions of this server alone cannot move to them. */
  private globalSlotOf(sessionHi: number, sessionLo: number): number {
    const slot = this.slots.slotOf(sessionHi, sessionLo);
    return slot >= 0 && this.localSessions.isEnabled && this.sessions.isUnlogged(slot) ? -1 : slot;
  }

  /** Nothing is wrong with it that this stage could see. */
  private mustBeJudged(): boolean {
    return this.owners !== null && planReconfig(this.request) === ErrorCode.Unimplemented;
  }

  /** The quorum peer has said what the members are to be, or that they stay; then what was held goes on. */
  onJudged(bytes: Uint8Array, words: Int32Array, offset: number): void {
    const { judging, held, request } = this;
    const answer = offset >> 2;
    const text = offset + PIPELINE_HEADER_BYTES + (words[answer + WORD_LENGTH_A] as number);
    const asked = judging.frontOffset();
    this.take(judging.bytes, judging.words, asked);
    this.nextZxid();
    request.txn.reset();
    const refused = words[answer + WORD_ERROR] as number;
    const error =
      refused === ErrorCode.Ok ? planMembers(request, bytes, text, words[answer + WORD_LENGTH_B] as number) : refused;
    if (error === ErrorCode.Ok) this.sendTxn(judging.words, asked >> 2, error);
    else this.sendError(judging.words, asked >> 2, error);
    judging.dropFront();
    while (!held.isEmpty && judging.isEmpty) {
      this.onRequest(held.frontType(), held.bytes, held.words, held.frontOffset(), held.frontLength());
      held.dropFront();
    }
  }

  /** The role is over: clients get theirs back as lost; whoever forwarded his asks the next leader. */
  giveBackHeld(): void {
    for (const queue of [this.judging, this.held]) {
      while (!queue.isEmpty) {
        const header = queue.frontOffset() >> 2;
        const isClients = queue.words[header + WORD_LEARNER] === OWN_CLIENTS;
        if (isClients && (queue.words[header + WORD_SHARD] as number) >= 0) {
          this.line.giveBack(queue.words, header);
        }
        queue.dropFront();
      }
    }
  }

  private write(op: number, words: Int32Array, header: number): void {
    const request = this.request;
    this.nextZxid();
    request.txn.reset();
    const error = this.plan(op);
    if (error === DECODE_FAILED) {
      if (request.learner !== OWN_CLIENTS) this.sendError(words, header, ErrorCode.MarshallingError);
      else this.refuseDecided(words, header, ErrorCode.MarshallingError);
    } else if (error !== ErrorCode.Ok) this.sendError(words, header, error);
    else this.sendTxn(words, header, error);
  }

  /** No transaction after all, so the number is given back (client-protocol 3.3). */
  private refuseDecided(words: Int32Array, header: number, error: number): void {
    if (this.zxidLo === 0) this.zxidHi = (this.zxidHi - 1) | 0;
    this.zxidLo = (this.zxidLo - 1) | 0;
    this.line.answer(words, header, error);
  }

  private sendError(words: Int32Array, header: number, error: number): void {
    const { txn } = this.request;
    txn.reset();
    txn.writeInt(error);
    this.request.txnType = OpCode.error;
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
    const { request, sessionIds } = this;
    request.sessionHi = sessionIds.currentHi;
    request.sessionLo = sessionIds.currentLo;
    this.nextZxid();
    if (!this.tryOpen()) {
      this.refuseDecided(words, header, ErrorCode.SystemError);
      return;
    }
    sessionIds.advance();
    this.sendTxn(words, header, ErrorCode.Ok);
  }

  /** The learner has chosen the id. A session that there is already is opened by the transaction once more, and that is all. */
  private createSessionOf(words: Int32Array, header: number): void {
    this.nextZxid();
    if (this.tryOpen()) this.sendTxn(words, header, ErrorCode.Ok);
    else this.sendError(words, header, ErrorCode.SystemError);
  }

  /** The session of the request in work, with the transaction that is about to be sent. */
  private tryOpen(): boolean {
    const { request, slots } = this;
    const { sessionHi, sessionLo } = request;
    const timeoutMs = request.body.readInt();
    let slot = slots.slotOf(sessionHi, sessionLo);
    if (slot < 0) {
      const nowMs = this.context.clock.monotonicMs();
      slot = slots.tryOpen(sessionHi, sessionLo, timeoutMs, nowMs, this.zxidHi, this.zxidLo);
    } else if (this.sessions.isUnlogged(slot)) {
      this.sessions.log(slot, this.zxidHi, this.zxidLo);
    }
    if (slot < 0) {
      this.warnOfNoRoom();
      return false;
    }
    this.owners?.set(slot, request.learner);
    request.slot = slot;
    request.txn.reset();
    request.txn.writeInt(timeoutMs);
    request.txnType = OpCode.createSession;
    return true;
  }

  /** A client closes its own session. One that is closing already gets no second transaction and no reply. */
  private closeSession(words: Int32Array, header: number): void {
    const { request } = this;
    if (request.learner === OWN_CLIENTS && request.checkSession() !== ErrorCode.Ok) {
      this.line.answer(words, header, ErrorCode.SessionExpired);
      return;
    }
    this.close(words, header);
  }

  /** The tracker names slot, session and the touch that it saw: any later touch saves the session. */
  private expireSession(words: Int32Array, header: number): void {
    const { request, sessions } = this;
    if (!sessions.isOpen(request.slot, request.sessionHi, request.sessionLo)) return;
    if ((sessions.touchedMs(request.slot) | 0) !== request.body.readInt()) return;
    this.close(words, header);
  }

  private close(words: Int32Array, header: number): void {
    const { request } = this;
    this.measures.sessionsClosed++;
    this.nextZxid();
    request.txn.reset();
    this.closing.plan();
    if (request.slot >= 0) this.slots.startClosing(request.slot, this.zxidHi, this.zxidLo);
    request.closedSessions?.add(request.sessionHi, request.sessionLo);
    this.sendTxn(words, header, ErrorCode.Ok);
  }

  /** From here on the session is alive by whoever asked. */
  private reopenSession(bytes: Uint8Array, words: Int32Array, offset: number, length: number): void {
    const { request } = this;
    const timeoutMs = request.body.readInt();
    const { sessionHi, sessionLo } = request;
    const isOwn = request.learner === OWN_CLIENTS;
    const slot = isOwn ? this.slots.slotOf(sessionHi, sessionLo) : this.globalSlotOf(sessionHi, sessionLo);
    if (slot >= 0) {
      this.sessions.renew(slot, timeoutMs, this.context.clock.monotonicMs());
      this.owners?.set(slot, request.learner);
    }
    words[(offset >> 2) + WORD_SLOT] = slot;
    words[(offset >> 2) + WORD_ERROR] = slot >= 0 ? ErrorCode.Ok : ErrorCode.SessionExpired;
    this.line.passOn(RecordType.pass, bytes, offset, length);
  }

  private sendTxn(words: Int32Array, header: number, error: number): void {
    const request = this.request;
    const txn = request.txn;
    // A stand-alone error has none; a failed multi has (persistence 2.1).
    const hasDigest = request.prediction !== null && request.txnType !== OpCode.error;
    const entryLength = TXN_HEADER_BYTES + txn.length + (hasDigest ? TXN_DIGEST_BYTES : 0);
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
    this.slots.releaseClosed(zxidHi, zxidLo);
  }
}
