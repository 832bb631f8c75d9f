/**
 * Requests that open, move and end sessions, as prep decides them in a standalone server and in a leader: sessions of all
 * servers by a transaction, those of this server alone (own-sessions.ts) without one. Owned by PrepRequestProcessor, on prep's
 * thread, with the session slots while the role lasts and the owners of sessions. Answers nobody: all goes down the line.
 *
 *   createSession  --> slot open,    txn      reopenSession --> slot renewed, pass
 *   closeSession   \
 *   expireSession  --> slot closing, txn      until the tree has that zxid: then the slot is free
 */

import type { Logger } from '../../actor/logger.js';
import { readInt32 } from '../../base/bytes.js';
import type { Clock } from '../../base/clock.js';
import { hex64 } from '../../base/int64.js';
import { ErrorCode } from '../../protocol/error-code.js';
import { OpCode } from '../../protocol/op-code.js';
import type { LocalSessionRules } from '../../session/local-session-rules.js';
import type { SessionIds } from '../../session/session-id.js';
import { OWN_CLIENTS, type SessionOwners } from '../../session/session-owners.js';
import { SessionSlots } from '../../session/session-slots.js';
import type { SessionTable } from '../../session/session-table.js';
import type { LineSender } from '../line-sender.js';
import { InternalOp, RecordType, WORD_ERROR, WORD_OP, WORD_SLOT } from '../pipeline-records.js';
import { asksForEphemeral, upgradeWords } from '../session-upgrade.js';
import type { CloseSessionPlanner } from './close-session.js';
import type { DecidedLine } from './decided-line.js';
import { OwnSessions } from './own-sessions.js';
import type { PrepMeasures } from './prep-measures.js';
import type { PrepRequest } from './prep-request.js';

/** Of a touch: a session, and its timeout. */
const TOUCH_BYTES = 12;

export class SessionRequests {
  private readonly clock: Clock;
  private readonly log: Logger;
  private readonly line: LineSender;
  private readonly decided: DecidedLine;
  private readonly request: PrepRequest;
  private readonly closing: CloseSessionPlanner;
  private readonly sessions: SessionTable;
  private readonly sessionIds: SessionIds;
  private readonly slots: SessionSlots;
  private readonly localSessions: LocalSessionRules;
  private readonly own: OwnSessions;
  /** Null in a standalone server. */
  private readonly owners: SessionOwners | null;
  private readonly measures: PrepMeasures;

  constructor(
    context: { readonly clock: Clock; readonly log: Logger },
    line: LineSender,
    decided: DecidedLine,
    request: PrepRequest,
    closing: CloseSessionPlanner,
    sessions: SessionTable,
    sessionIds: SessionIds,
    localSessions: LocalSessionRules,
    owners: SessionOwners | null,
    measures: PrepMeasures,
  ) {
    this.clock = context.clock;
    this.log = context.log;
    this.line = line;
    this.decided = decided;
    this.request = request;
    this.closing = closing;
    this.sessions = sessions;
    this.sessionIds = sessionIds;
    this.slots = new SessionSlots(sessions);
    this.localSessions = localSessions;
    this.own = new OwnSessions(line, context.clock, sessions, sessionIds, this.slots);
    this.owners = owners;
    this.measures = measures;
  }

  /** A role begins with the sessions that the table has. */
  begin(): void {
    this.slots.adopt((sessionHi, sessionLo) => this.sessionIds.passOver(sessionHi, sessionLo));
    this.owners?.clear();
    this.request.closedSessions?.clear();
  }

  /** The tree has come to this zxid: slots of sessions that it has closed are free. */
  releaseClosed(zxidHi: number, zxidLo: number): void {
    this.slots.releaseClosed(zxidHi, zxidLo);
  }

  /** Sessions that a learner has heard of since it was asked last. */
  onTouch(bytes: Uint8Array, offset: number, length: number): void {
    const nowMs = this.clock.monotonicMs();
    for (let at = offset; at + TOUCH_BYTES <= offset + length; at += TOUCH_BYTES) {
      const slot = this.slots.slotOf(readInt32(bytes, at), readInt32(bytes, at + 4));
      if (slot >= 0) this.sessions.touch(slot, nowMs);
    }
  }

  /** What learners speak of; sessions of this server alone cannot move to them. */
  globalSlotOf(sessionHi: number, sessionLo: number): number {
    const slot = this.slots.slotOf(sessionHi, sessionLo);
    return slot >= 0 && this.localSessions.isEnabled && this.sessions.isUnlogged(slot) ? -1 : slot;
  }

  /** The request in work, if it is one of a session. */
  tryDecide(op: number, bytes: Uint8Array, words: Int32Array, offset: number, length: number): boolean {
    const header = offset >> 2;
    switch (op) {
      case OpCode.createSession:
        if (this.request.learner === OWN_CLIENTS) this.create(words, header);
        else this.createOf(words, header);
        return true;
      case OpCode.closeSession:
        this.closeByClient(words, header);
        return true;
      case InternalOp.expireSession:
        this.expire(words, header);
        return true;
      case InternalOp.reopenSession:
        this.reopen(bytes, words, offset, length);
        return true;
      default:
        return false;
    }
  }

  /**
   * Only where there are local sessions. What opens or ends a session of this server alone needs no transaction, and is done. What would
   * make an ephemeral node of one may have to be preceded by the transaction that opens it for all.
   */
  tryDecideOwn(bytes: Uint8Array, words: Int32Array, offset: number, length: number): boolean {
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
    this.log.warn(`No room for another session: ${this.sessions.slotCountMax} are open`);
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
    this.log.info(`Upgrading session 0x${hex64(request.sessionHi, request.sessionLo)}`);
    this.decided.nextZxid();
    sessions.log(slot, this.decided.zxidHi, this.decided.zxidLo);
    request.txn.reset();
    request.txn.writeInt(sessions.timeoutMs(slot));
    request.txnType = OpCode.createSession;
    this.decided.send(upgradeWords(words, header), 0, ErrorCode.Ok);
  }

  private create(words: Int32Array, header: number): void {
    const { request, sessionIds } = this;
    request.sessionHi = sessionIds.currentHi;
    request.sessionLo = sessionIds.currentLo;
    this.decided.nextZxid();
    if (!this.tryOpen()) {
      this.decided.refuse(words, header, ErrorCode.SystemError);
      return;
    }
    sessionIds.advance();
    this.decided.send(words, header, ErrorCode.Ok);
  }

  /** The learner has chosen the id. A session that there is already is opened by the transaction once more, and that is all. */
  private createOf(words: Int32Array, header: number): void {
    this.decided.nextZxid();
    if (this.tryOpen()) this.decided.send(words, header, ErrorCode.Ok);
    else this.decided.sendError(words, header, ErrorCode.SystemError);
  }

  /** The session of the request in work, with the transaction that is about to be sent. */
  private tryOpen(): boolean {
    const { request, slots } = this;
    const { sessionHi, sessionLo } = request;
    const timeoutMs = request.body.readInt();
    let slot = slots.slotOf(sessionHi, sessionLo);
    if (slot < 0) {
      const nowMs = this.clock.monotonicMs();
      slot = slots.tryOpen(sessionHi, sessionLo, timeoutMs, nowMs, this.decided.zxidHi, this.decided.zxidLo);
    } else if (this.sessions.isUnlogged(slot)) {
      this.sessions.log(slot, this.decided.zxidHi, this.decided.zxidLo);
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
  private closeByClient(words: Int32Array, header: number): void {
    const { request } = this;
    if (request.learner === OWN_CLIENTS && request.checkSession() !== ErrorCode.Ok) {
      this.line.answer(words, header, ErrorCode.SessionExpired);
      return;
    }
    this.close(words, header);
  }

  /** The tracker names slot, session and the touch that it saw: any later touch saves the session. */
  private expire(words: Int32Array, header: number): void {
    const { request, sessions } = this;
    if (!sessions.isOpen(request.slot, request.sessionHi, request.sessionLo)) return;
    if ((sessions.touchedMs(request.slot) | 0) !== request.body.readInt()) return;
    this.close(words, header);
  }

  private close(words: Int32Array, header: number): void {
    const { request } = this;
    this.measures.sessionsClosed++;
    this.decided.nextZxid();
    request.txn.reset();
    this.closing.plan();
    if (request.slot >= 0) this.slots.startClosing(request.slot, this.decided.zxidHi, this.decided.zxidLo);
    request.closedSessions?.add(request.sessionHi, request.sessionLo);
    this.decided.send(words, header, ErrorCode.Ok);
  }

  /** From here on the session is alive by whoever asked. */
  private reopen(bytes: Uint8Array, words: Int32Array, offset: number, length: number): void {
    const { request } = this;
    const timeoutMs = request.body.readInt();
    const { sessionHi, sessionLo } = request;
    const isOwn = request.learner === OWN_CLIENTS;
    const slot = isOwn ? this.slots.slotOf(sessionHi, sessionLo) : this.globalSlotOf(sessionHi, sessionLo);
    if (slot >= 0) {
      this.sessions.renew(slot, timeoutMs, this.clock.monotonicMs());
      this.owners?.set(slot, request.learner);
    }
    words[(offset >> 2) + WORD_SLOT] = slot;
    words[(offset >> 2) + WORD_ERROR] = slot >= 0 ? ErrorCode.Ok : ErrorCode.SessionExpired;
    this.line.passOn(RecordType.pass, bytes, offset, length);
  }
}
