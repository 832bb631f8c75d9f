/**
 * What becomes of sessions while nobody asks anything (invariant 11): who stays connected keeps his, and those that nobody holds any
 * more are gone in the end. Of local ones the first half holds only while no role ends: they end with it.
 */
import type { SimClient } from '../client/sim-client.js';
import type { EnsembleRecord } from '../invariants/ensemble-record.js';
import { Invariant, type OnViolation } from '../invariants/invariant.js';
import type { ClientCrowd } from './client-crowd.js';
import { memberSessions } from './member-state.js';
import type { SimEnsemble } from './sim-ensemble.js';

export class SessionDemand {
  private readonly ensemble: SimEnsemble;
  private readonly crowd: ClientCrowd;
  private readonly record: EnsembleRecord;
  private readonly onViolation: OnViolation;
  private readonly attached: ReadonlyMap<bigint, SimClient>;
  private readonly locals: ReadonlySet<bigint>;
  private readonly epochs: number;

  /** Of the sessions of this moment. */
  constructor(ensemble: SimEnsemble, crowd: ClientCrowd, record: EnsembleRecord, onViolation: OnViolation) {
    this.ensemble = ensemble;
    this.crowd = crowd;
    this.record = record;
    this.onViolation = onViolation;
    this.attached = new Map(crowd.attached().map((client) => [client.session, client]));
    this.locals = this.localSessions();
    this.epochs = record.leaderByEpoch.size;
  }

  /** Once every session that is to end has had the time for it. */
  check(): void {
    const { leader } = this.ensemble;
    if (leader === null) return;
    const open = new Set([...memberSessions(leader.member.parts.sessions), ...this.localSessions()]);
    for (const [session, client] of this.attached) {
      // A role may have ended even now: an epoch whose counter is at its end.
      if (this.locals.has(session) && this.record.leaderByEpoch.size > this.epochs) continue;
      if (open.has(session) && client.session === session) continue;
      this.say(`session ${session.toString(16)} of a connected client is gone`);
    }
    const known = this.crowd.sessions();
    for (const session of open) {
      if (!known.has(session)) this.say(`session ${session.toString(16)} of nobody does not expire`);
    }
  }

  private localSessions(): Set<bigint> {
    return new Set(this.ensemble.members.flatMap(({ member }) => [...memberSessions(member.parts.sessions, true)]));
  }

  private say(text: string): void {
    this.onViolation({ invariant: Invariant.sessions, text });
  }
}
