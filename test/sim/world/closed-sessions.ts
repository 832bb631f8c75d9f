/**
 * Invariant 11, while clients move about: a session that was closed before its client asked for it again is not to be had any more,
 * unless an old leader was asked, which cannot know.
 */
import { Invariant, type OnViolation } from '../invariants/invariant.js';
import { epochOf, showZxid, type TxnHistory } from '../invariants/txn-history.js';
import type { SimMember } from './sim-member.js';

export class ClosedSessions {
  private readonly committed: TxnHistory;
  private readonly onViolation: OnViolation;
  /** By session: the transaction that closed it, and what was committed when its client last asked to go on. */
  private readonly closes = new Map<bigint, number>();
  private readonly committedAtAsking = new Map<bigint, number>();

  constructor(committed: TxnHistory, onViolation: OnViolation) {
    this.committed = committed;
    this.onViolation = onViolation;
  }

  /** By a transaction that somebody has, committed or not. */
  closed(session: bigint, zxid: number): void {
    if (!this.closes.has(session)) this.closes.set(session, zxid);
  }

  askedFor(session: bigint): void {
    this.committedAtAsking.set(session, this.committed.last);
  }

  goesOn(session: bigint, at: SimMember | undefined): void {
    const closedBy = this.closes.get(session);
    if (closedBy === undefined || !this.committed.has(closedBy)) return;
    if (closedBy > (this.committedAtAsking.get(session) ?? 0)) return;
    if (at === undefined || !at.isRunning || at.member.status.epoch < epochOf(closedBy)) return;
    this.onViolation({
      invariant: Invariant.sessions,
      text: `session ${session.toString(16)} goes on at ${at.sid}, though ${showZxid(closedBy)} closed it`,
    });
  }
}
