/**
 * ReadOnlyRequestProcessor: the class behind prep's actor while the server has no leader and answers reads from what it has
 * (ensemble-protocol 8.3). Writes and syncs are refused; sessions are this server's alone, in slots that no transaction has opened,
 * and end with the role. On prep's thread; changes nothing that a database is made of.
 */
import type { ActorContext } from '../actor/actor.js';
import { ErrorCode } from '../protocol/error-code.js';
import { OpCode } from '../protocol/op-code.js';
import type { SessionIds } from '../session/session-id.js';
import { SessionSlots } from '../session/session-slots.js';
import type { SessionTable } from '../session/session-table.js';
import type { LineSender } from './line-sender.js';
import {
  FLAG_CLOSE,
  InternalOp,
  PIPELINE_HEADER_BYTES,
  RecordType,
  WORD_ERROR,
  WORD_FLAGS,
  WORD_LENGTH_A,
  WORD_LENGTH_B,
  WORD_OP,
  WORD_SESSION_HI,
  WORD_SESSION_LO,
  WORD_SHARD,
  WORD_SLOT,
} from './pipeline-records.js';
import { OwnSessions } from './prep/own-sessions.js';
import type { RoleRequests } from './prep/role-requests.js';
import { RequestBody } from './request-body.js';

export class ReadOnlyRequestProcessor implements RoleRequests {
  private readonly context: ActorContext;
  private readonly line: LineSender;
  private readonly sessions: SessionTable;
  private readonly sessionIds: SessionIds;
  private readonly slots: SessionSlots;
  private readonly own: OwnSessions;
  private readonly body = new RequestBody();

  constructor(context: ActorContext, line: LineSender, sessions: SessionTable, sessionIds: SessionIds) {
    this.context = context;
    this.line = line;
    this.sessions = sessions;
    this.sessionIds = sessionIds;
    this.slots = new SessionSlots(sessions);
    this.own = new OwnSessions(line, context.clock, sessions, sessionIds, this.slots);
  }

  begin(): void {
    this.slots.adopt((sessionHi, sessionLo) => this.sessionIds.passOver(sessionHi, sessionLo));
  }

  onRequest(type: number, bytes: Uint8Array, words: Int32Array, offset: number, length: number): void {
    const { line } = this;
    if (type === RecordType.echo) {
      line.passOn(type, bytes, offset, length);
      return;
    }
    const header = offset >> 2;
    const body = offset + PIPELINE_HEADER_BYTES + (words[header + WORD_LENGTH_A] as number);
    this.body.begin(bytes, body, words[header + WORD_LENGTH_B] as number);
    switch (words[header + WORD_OP]) {
      case OpCode.createSession:
        this.own.create(words, header, this.body.readInt());
        return;
      case InternalOp.reopenSession:
        this.reopenSession(bytes, words, offset, length);
        return;
      case OpCode.closeSession:
        this.closeSession(bytes, words, offset, length);
        return;
      case InternalOp.expireSession:
        this.expireSession(bytes, words, offset, length);
        return;
      case OpCode.create:
      case OpCode.create2:
      case OpCode.createContainer:
      case OpCode.createTTL:
      case OpCode.delete:
      case OpCode.setData:
      case OpCode.setACL:
      case OpCode.reconfig:
      case OpCode.multi:
      case OpCode.sync:
        line.answer(words, header, ErrorCode.NotReadOnly);
        return;
      default:
        if ((words[header + WORD_SHARD] as number) >= 0) line.passOn(RecordType.pass, bytes, offset, length);
    }
  }

  /** A session of the ensemble waits for the ensemble: its client is to look for another server. */
  private reopenSession(bytes: Uint8Array, words: Int32Array, offset: number, length: number): void {
    const header = offset >> 2;
    const slot = this.slots.slotOf(
      words[header + WORD_SESSION_HI] as number,
      words[header + WORD_SESSION_LO] as number,
    );
    if (slot >= 0 && !this.sessions.isUnlogged(slot)) {
      this.line.answer(words, header, ErrorCode.ConnectionLoss);
      return;
    }
    if (slot >= 0) this.sessions.renew(slot, this.body.readInt(), this.context.clock.monotonicMs());
    words[header + WORD_SLOT] = slot;
    words[header + WORD_ERROR] = slot >= 0 ? ErrorCode.Ok : ErrorCode.SessionExpired;
    this.line.passOn(RecordType.pass, bytes, offset, length);
  }

  private closeSession(bytes: Uint8Array, words: Int32Array, offset: number, length: number): void {
    const header = offset >> 2;
    if (this.own.has(words, header)) {
      this.own.close(bytes, words, offset, length);
      return;
    }
    words[header + WORD_FLAGS] = (words[header + WORD_FLAGS] as number) | FLAG_CLOSE;
    this.line.answer(words, header, ErrorCode.Ok);
  }

  private expireSession(bytes: Uint8Array, words: Int32Array, offset: number, length: number): void {
    const { own } = this;
    const header = offset >> 2;
    if (!own.has(words, header) || !own.isUntouchedSince(words, header, this.body.readInt())) return;
    own.close(bytes, words, offset, length);
  }
}
