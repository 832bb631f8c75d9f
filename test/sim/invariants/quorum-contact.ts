/**
 * Invariant 14, the half of it that holds at any time: who cannot hear a quorum serves nobody for longer than the sync limit and
 * a few ticks. Told what is heard and who serves, in the time of the simulated world; a member whose clock is slow gets as much
 * more as its clock is slower.
 */
import { Invariant, type OnViolation } from './invariant.js';
import type { QuorumRule } from './quorum-rule.js';

interface Contact {
  /** Leading, following somebody, or not serving. */
  role: 'leader' | 'learner' | null;
  leader: number;
  readonly heardMs: Map<number, number>;
  sinceMs: number;
  isStill: boolean;
}

/** In a leader's place: an observer is served by whichever master it finds. */
export const ANYBODY = -2;

export class QuorumContact {
  private readonly rule: QuorumRule;
  private readonly limitMs: number;
  private readonly onViolation: OnViolation;
  private readonly contacts = new Map<number, Contact>();

  /** `limitMs`: sync limit and what is allowed beyond it, by the slowest clock. */
  constructor(rule: QuorumRule, limitMs: number, onViolation: OnViolation) {
    this.rule = rule;
    this.limitMs = limitMs;
    this.onViolation = onViolation;
  }

  heard(sid: number, from: number, nowMs: number): void {
    this.contactOf(sid).heardMs.set(from, nowMs);
  }

  /** That one may be silent until then: it has been sent what it missed, and works on it. */
  excuse(sid: number, from: number, untilMs: number): void {
    this.contactOf(sid).heardMs.set(from, untilMs);
  }

  /** `leader`: of a learner. From now on, or no more (role null). */
  serves(sid: number, role: 'leader' | 'learner' | null, leader: number, nowMs: number): void {
    const contact = this.contactOf(sid);
    contact.role = role;
    contact.leader = leader;
    contact.sinceMs = nowMs;
  }

  /** A process that stands still is not asked; it begins anew when it goes on. */
  standsStill(sid: number, isStill: boolean, nowMs: number): void {
    const contact = this.contactOf(sid);
    contact.isStill = isStill;
    contact.sinceMs = nowMs;
  }

  /** Other members decide: who leads has the whole time to find them gone. */
  membersChanged(nowMs: number): void {
    for (const contact of this.contacts.values()) contact.sinceMs = nowMs;
  }

  check(nowMs: number): void {
    for (const [sid, contact] of this.contacts) {
      if (contact.role === null || contact.isStill || nowMs - contact.sinceMs <= this.limitMs) continue;
      const near = [...contact.heardMs].filter(([, ms]) => nowMs - ms <= this.limitMs).map(([from]) => from);
      if (contact.role === 'leader' && this.rule.isQuorum([sid, ...near])) continue;
      const isNear = contact.leader === ANYBODY ? near.length > 0 : near.includes(contact.leader);
      if (contact.role === 'learner' && isNear) continue;
      const text =
        contact.role === 'leader'
          ? `${sid} still leads, and has heard of [${near}] only for ${this.limitMs} ms`
          : `${sid} still serves, and has not heard of its leader ${contact.leader} for ${this.limitMs} ms`;
      this.onViolation({ invariant: Invariant.liveness, text });
      contact.sinceMs = nowMs;
    }
  }

  private contactOf(sid: number): Contact {
    let contact = this.contacts.get(sid);
    if (contact === undefined) {
      contact = { role: null, leader: -1, heardMs: new Map(), sinceMs: 0, isStill: false };
      this.contacts.set(sid, contact);
    }
    return contact;
  }
}
