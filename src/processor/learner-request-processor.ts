/**
 * FollowerRequestProcessor, and ObserverRequestProcessor: the class behind prep's actor while the server follows. What the leader
 * has to decide goes on as `request`, and the quorum peer forwards it; all other requests keep their place behind it.
 *
 * Owns nothing but a cursor: it judges no request, and only looks whether its record decodes. Ids of new sessions are this server's.
 * On prep's thread.
 */
import { ErrorCode } from '../protocol/error-code.js';
import { OpCode } from '../protocol/op-code.js';
import type { SessionIds } from '../session/session-id.js';
import type { SessionTable } from '../session/session-table.js';
import { SlotState } from '../session/session-table.js';
import {
  InternalOp,
  PIPELINE_HEADER_BYTES,
  RecordType,
  WORD_LENGTH_A,
  WORD_LENGTH_B,
  WORD_OP,
  WORD_SESSION_HI,
  WORD_SESSION_LO,
  WORD_SHARD,
} from './pipeline-records.js';
import type { LineSender } from './prep/line-sender.js';
import type { RoleRequests } from './prep/role-requests.js';
import { RequestBody } from './request-body.js';
import { isWellFormed } from './request-shape.js';

export class LearnerRequestProcessor implements RoleRequests {
  private readonly line: LineSender;
  private readonly sessions: SessionTable;
  private readonly sessionIds: SessionIds;
  private readonly body = new RequestBody();

  constructor(line: LineSender, sessions: SessionTable, sessionIds: SessionIds) {
    this.line = line;
    this.sessions = sessions;
    this.sessionIds = sessionIds;
  }

  /** The table is final's: an id that is seen a moment too late was given by another server. */
  begin(): void {
    const { sessions, sessionIds } = this;
    for (let slot = 0; slot < sessions.slotCountUsed; slot++) {
      if (sessions.state(slot) !== SlotState.open) continue;
      sessionIds.passOver(sessions.sessionHi(slot), sessions.sessionLo(slot));
    }
  }

  onRequest(type: number, bytes: Uint8Array, words: Int32Array, offset: number, length: number): void {
    const header = offset >> 2;
    // What the stages of a leader ask for (expired sessions, empty containers) is nobody's here.
    if ((words[header + WORD_SHARD] as number) < 0) return;
    if (type === RecordType.echo) {
      this.line.passOn(type, bytes, offset, length);
      return;
    }
    const op = words[header + WORD_OP] as number;
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
}
