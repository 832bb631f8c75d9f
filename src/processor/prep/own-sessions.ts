/**
 * Sessions of this server alone while prep has the session table: local ones of a leader (ensemble-protocol 7.4), and all that a
 * read-only server opens (8.3). No transaction opens or closes them. Used by the class that has the requests of the role, on prep's
 * thread; a learner's are opened by final (role-changes.ts).
 */
import type { Clock } from '../../base/clock.js';
import { ErrorCode } from '../../protocol/error-code.js';
import type { SessionIds } from '../../session/session-id.js';
import type { SessionSlots } from '../../session/session-slots.js';
import { type SessionTable, UNLOGGED_HI, UNLOGGED_LO } from '../../session/session-table.js';
import type { LineSender } from '../line-sender.js';
import { RecordType, WORD_SESSION_HI, WORD_SESSION_LO, WORD_SLOT } from '../pipeline-records.js';

export class OwnSessions {
  private readonly line: LineSender;
  private readonly clock: Clock;
  private readonly sessions: SessionTable;
  private readonly sessionIds: SessionIds;
  private readonly slots: SessionSlots;

  constructor(line: LineSender, clock: Clock, sessions: SessionTable, sessionIds: SessionIds, slots: SessionSlots) {
    this.line = line;
    this.clock = clock;
    this.sessions = sessions;
    this.sessionIds = sessionIds;
    this.slots = slots;
  }

  /** The slot; -1 when there is no room for another session. */
  create(words: Int32Array, header: number, timeoutMs: number): number {
    const { currentHi, currentLo } = this.sessionIds;
    const nowMs = this.clock.monotonicMs();
    const slot = this.slots.tryOpen(currentHi, currentLo, timeoutMs, nowMs, UNLOGGED_HI, UNLOGGED_LO);
    if (slot >= 0) this.sessionIds.advance();
    words[header + WORD_SESSION_HI] = currentHi;
    words[header + WORD_SESSION_LO] = currentLo;
    words[header + WORD_SLOT] = slot;
    this.line.answer(words, header, slot >= 0 ? ErrorCode.Ok : ErrorCode.SystemError);
    return slot;
  }

  /** Whether the session that the record names by its slot is open, and this server's alone. */
  has(words: Int32Array, header: number): boolean {
    const slot = words[header + WORD_SLOT] as number;
    const { sessions } = this;
    return (
      slot >= 0 &&
      sessions.isOpen(slot, words[header + WORD_SESSION_HI] as number, words[header + WORD_SESSION_LO] as number) &&
      sessions.isUnlogged(slot)
    );
  }

  /** For the session that it has; final answers its client in the record's place, and ends its connections. */
  close(bytes: Uint8Array, words: Int32Array, offset: number, length: number): void {
    this.slots.close(words[(offset >> 2) + WORD_SLOT] as number);
    this.line.passOn(RecordType.pass, bytes, offset, length);
  }

  /** The tracker names the touch that it saw: any later one saves the session. */
  isUntouchedSince(words: Int32Array, header: number, touchedMs: number): boolean {
    return (this.sessions.touchedMs(words[header + WORD_SLOT] as number) | 0) === touchedMs;
  }
}
