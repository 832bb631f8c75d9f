/**
 * FollowerRequestProcessor, and ObserverRequestProcessor: the class behind prep's actor while the server follows. What the leader
 * has to decide goes on as `request`, and the quorum peer forwards it; all other requests keep their place behind it.
 *
 * It judges no request, and only looks whether its record decodes. Ids of new sessions are this server's. Owns the list of those that
 * are local (ensemble-protocol 7.4) and not closed or made the ensemble's: what opens, renews and ends them goes past the leader to
 * final, which has their slots. On prep's thread.
 */
import type { ActorContext } from '../actor/actor.js';
import { writeInt32 } from '../base/bytes.js';
import { hex64 } from '../base/int64.js';
import { ErrorCode } from '../protocol/error-code.js';
import { OpCode } from '../protocol/op-code.js';
import type { LocalSessionRules } from '../session/local-session-rules.js';
import type { SessionIds } from '../session/session-id.js';
import { SessionIndex } from '../session/session-index.js';
import type { SessionTable } from '../session/session-table.js';
import { SlotState } from '../session/session-table.js';
import type { LineSender } from './line-sender.js';
import {
  FLAG_LOCAL_SESSION,
  InternalOp,
  PIPELINE_HEADER_BYTES,
  RecordType,
  WORD_FLAGS,
  WORD_LENGTH_A,
  WORD_LENGTH_B,
  WORD_OP,
  WORD_SESSION_HI,
  WORD_SESSION_LO,
  WORD_SHARD,
  WORD_SLOT,
} from './pipeline-records.js';
import type { RoleRequests } from './prep/role-requests.js';
import { RequestBody } from './request-body.js';
import { isWellFormed } from './request-shape.js';
import { asksForEphemeral, upgradeWords } from './session-upgrade.js';

const TIMEOUT_BYTES = 4;

export class LearnerRequestProcessor implements RoleRequests {
  private readonly context: ActorContext;
  private readonly line: LineSender;
  private readonly sessions: SessionTable;
  private readonly sessionIds: SessionIds;
  private readonly rules: LocalSessionRules;
  private readonly body = new RequestBody();
  /** Only whether it is there counts. */
  private readonly local = new SessionIndex();

  constructor(
    context: ActorContext,
    line: LineSender,
    sessions: SessionTable,
    sessionIds: SessionIds,
    rules: LocalSessionRules,
  ) {
    this.context = context;
    this.line = line;
    this.sessions = sessions;
    this.sessionIds = sessionIds;
    this.rules = rules;
  }

  /** The table is final's: an id that is seen a moment too late was given by another server. */
  begin(): void {
    const { sessions, sessionIds } = this;
    this.local.clear();
    for (let slot = 0; slot < sessions.slotCountUsed; slot++) {
      if (sessions.state(slot) !== SlotState.open) continue;
      sessionIds.passOver(sessions.sessionHi(slot), sessions.sessionLo(slot));
    }
  }

  onRequest(type: number, bytes: Uint8Array, words: Int32Array, offset: number, length: number): void {
    const header = offset >> 2;
    // What the stages of a leader ask for (expired sessions, empty containers) is nobody's here, but for the local sessions.
    if ((words[header + WORD_SHARD] as number) < 0) {
      if (words[header + WORD_OP] === InternalOp.expireSession) this.expire(bytes, words, offset, length);
      return;
    }
    if (type === RecordType.echo) {
      this.line.passOn(type, bytes, offset, length);
      return;
    }
    const op = words[header + WORD_OP] as number;
    if (this.rules.isEnabled && this.isForLocal(op, bytes, words, offset, length)) return;
    switch (op) {
      case OpCode.create:
      case OpCode.create2:
      case OpCode.createContainer:
      case OpCode.createTTL:
      case OpCode.delete:
      case OpCode.setData:
      case OpCode.setACL:
      case OpCode.reconfig:
      case OpCode.multi:
      case OpCode.sync: {
        const body = offset + PIPELINE_HEADER_BYTES + (words[header + WORD_LENGTH_A] as number);
        this.body.begin(bytes, body, words[header + WORD_LENGTH_B] as number);
        if (isWellFormed(this.body, op)) this.line.passOn(RecordType.request, bytes, offset, length);
        else this.line.answer(words, header, ErrorCode.MarshallingError);
        return;
      }
      case OpCode.createSession:
        words[header + WORD_SESSION_HI] = this.sessionIds.currentHi;
        words[header + WORD_SESSION_LO] = this.sessionIds.currentLo;
        this.sessionIds.advance();
        this.line.passOn(RecordType.request, bytes, offset, length);
        return;
      case OpCode.closeSession:
      case InternalOp.reopenSession:
        this.line.passOn(RecordType.request, bytes, offset, length);
        return;
      default:
        this.line.passOn(RecordType.pass, bytes, offset, length);
    }
  }

  // ---- local sessions

  /** It found no slot, so nothing will ever end it. Of a role before, its id is in the list no more. */
  onRefused(words: Int32Array, header: number): void {
    this.forget(words, header);
  }

  /** What the leader is not asked; and an ephemeral node of a local session, which it must be asked for in another way. */
  private isForLocal(op: number, bytes: Uint8Array, words: Int32Array, offset: number, length: number): boolean {
    const header = offset >> 2;
    const { local, sessionIds } = this;
    switch (op) {
      case OpCode.createSession:
        words[header + WORD_SESSION_HI] = sessionIds.currentHi;
        words[header + WORD_SESSION_LO] = sessionIds.currentLo;
        local.set(sessionIds.currentHi, sessionIds.currentLo, 0);
        sessionIds.advance();
        this.line.passOn(RecordType.pass, bytes, offset, length);
        return true;
      case InternalOp.reopenSession:
        if (!this.isLocal(words, header)) return false;
        this.line.passOn(RecordType.pass, bytes, offset, length);
        return true;
      case OpCode.closeSession:
        if (!this.isLocal(words, header)) return false;
        this.forget(words, header);
        this.line.passOn(RecordType.pass, bytes, offset, length);
        return true;
      case OpCode.create:
      case OpCode.create2:
      case OpCode.multi:
        if (this.isLocal(words, header)) this.beforeWrite(op, bytes, words, offset);
        return false;
      default:
        return false;
    }
  }

  /** The leader opens the session for all before it gets the request, or refuses the request, and this server says why. */
  private beforeWrite(op: number, bytes: Uint8Array, words: Int32Array, offset: number): void {
    const header = offset >> 2;
    const body = offset + PIPELINE_HEADER_BYTES + (words[header + WORD_LENGTH_A] as number);
    this.body.begin(bytes, body, words[header + WORD_LENGTH_B] as number);
    if (!asksForEphemeral(this.body, op)) return;
    if (!this.rules.mayUpgrade) {
      words[header + WORD_FLAGS] = (words[header + WORD_FLAGS] as number) | FLAG_LOCAL_SESSION;
      return;
    }
    this.forget(words, header);
    const id = hex64(words[header + WORD_SESSION_HI] as number, words[header + WORD_SESSION_LO] as number);
    this.context.log.info(`Upgrading session 0x${id}`);
    const { out } = this.line;
    out.claim(RecordType.request, PIPELINE_HEADER_BYTES + TIMEOUT_BYTES);
    out.words.set(upgradeWords(words, header), out.offset >> 2);
    out.words[(out.offset >> 2) + WORD_LENGTH_B] = TIMEOUT_BYTES;
    const timeoutMs = this.sessions.timeoutMs(words[header + WORD_SLOT] as number);
    writeInt32(out.bytes, out.offset + PIPELINE_HEADER_BYTES, timeoutMs);
    out.commit();
  }

  /** The tracker names the touch that it saw: any later one saves the session. */
  private expire(bytes: Uint8Array, words: Int32Array, offset: number, length: number): void {
    const header = offset >> 2;
    if (!this.isLocal(words, header)) return;
    this.body.begin(bytes, offset + PIPELINE_HEADER_BYTES, words[header + WORD_LENGTH_B] as number);
    if ((this.sessions.touchedMs(words[header + WORD_SLOT] as number) | 0) !== this.body.readInt()) return;
    this.forget(words, header);
    this.line.passOn(RecordType.pass, bytes, offset, length);
  }

  private isLocal(words: Int32Array, header: number): boolean {
    const { local } = this;
    return local.slotOf(words[header + WORD_SESSION_HI] as number, words[header + WORD_SESSION_LO] as number) >= 0;
  }

  private forget(words: Int32Array, header: number): void {
    this.local.delete(words[header + WORD_SESSION_HI] as number, words[header + WORD_SESSION_LO] as number);
  }
}
