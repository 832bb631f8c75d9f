/**
 * What is demanded of an ensemble once all is well (invariant 14): within some time everybody serves and every client has written,
 * all members come to the same zxid, of the sessions those go that must, and no others; and no voter is needed whom the others can
 * do without.
 */
import type { EnsembleRecord } from '../invariants/ensemble-record.js';
import { Invariant } from '../invariants/invariant.js';
import type { ClientCrowd } from './client-crowd.js';
import type { Journal } from './journal.js';
import type { LossAcceptance } from './loss-acceptance.js';
import type { Scheduler } from './scheduler.js';
import { roleName } from './service-watch.js';
import { SessionDemand } from './session-demand.js';
import type { SimEnsemble } from './sim-ensemble.js';
import { SLOWEST_RATE, TICK_MS } from './time-limits.js';

/** Connections that nobody knows to be dead, an election or two, and a synchronisation. */
const RECOVERY_MS = 40_000;
const DRAIN_MS = 40_000;
/** How long nobody asks anything: so many times the longest session, and some ticks. */
const CALM_TIMEOUTS = 1.6;
const CALM_TICKS = 6;

export class ProgressDemand {
  private readonly scheduler: Scheduler;
  private readonly ensemble: SimEnsemble;
  private readonly crowd: ClientCrowd;
  private readonly record: EnsembleRecord;
  private readonly losses: LossAcceptance;
  private readonly journal: Journal;

  constructor(
    scheduler: Scheduler,
    ensemble: SimEnsemble,
    crowd: ClientCrowd,
    record: EnsembleRecord,
    losses: LossAcceptance,
    journal: Journal,
  ) {
    this.scheduler = scheduler;
    this.ensemble = ensemble;
    this.crowd = crowd;
    this.record = record;
    this.losses = losses;
    this.journal = journal;
  }

  /** Everybody serves, and every client writes. */
  recovery(): void {
    this.crowd.prove();
    this.scheduler.runFor(RECOVERY_MS, () => this.hasRecovered());
    if (!this.journal.isOver && !this.hasRecovered() && this.losses.acceptIfNeeded()) {
      this.scheduler.runFor(RECOVERY_MS, () => this.hasRecovered());
    }
    if (this.journal.isOver || this.hasRecovered()) return;
    const states = this.ensemble.members.map(
      ({ sid, member }) => `${sid}: ${member.servingAs === null ? 'not serving' : roleName(member.servingAs)}`,
    );
    const { writerCount, count } = this.crowd;
    this.say(`not well after ${RECOVERY_MS} ms: ${states.join(', ')}; ${writerCount} of ${count} clients have written`);
  }

  /** What was asked is answered, and applied everywhere. */
  quiet(): void {
    this.crowd.fallSilent();
    this.scheduler.runFor(DRAIN_MS, () => this.isQuiet());
    if (!this.journal.isOver && !this.isQuiet()) this.say('members do not come to the same zxid');
  }

  /** Nobody asks anything: sessions stay or go. */
  sessionsInOrder(timeoutMs: number): void {
    this.journal.say('nobody asks anything from here on');
    this.crowd.halveSilently();
    const sessions = new SessionDemand(this.ensemble, this.crowd, this.record, this.journal.violate);
    const calmMs = CALM_TIMEOUTS * (timeoutMs / SLOWEST_RATE) + CALM_TICKS * TICK_MS;
    // A new leader gives every session its whole time again.
    let epochs: number;
    do {
      epochs = this.record.leaderByEpoch.size;
      this.scheduler.runFor(calmMs);
    } while (!this.journal.isOver && this.record.leaderByEpoch.size > epochs);
    if (this.journal.isOver) return;
    this.scheduler.runFor(DRAIN_MS, () => this.isQuiet());
    sessions.check();
  }

  /** Whoever of the voters is down, one after the other: the others go on if they are a quorum, and nobody needs those who are not. */
  doingWithoutEach(): void {
    const { ensemble, record } = this;
    for (const each of ensemble.members) {
      const rule = record.rules.latest;
      const others = ensemble.members.filter((member) => member !== each);
      if (!rule.voters.has(each.sid) || !rule.isQuorum(others.map(({ sid }) => sid))) continue;
      ensemble.kill(each);
      this.within(`a leader without ${each.sid}`, () => ensemble.leader !== null);
      ensemble.start(each);
      this.within('everybody', () => this.doAllServe());
      if (this.journal.isOver) return;
    }
  }

  private within(what: string, isThere: () => boolean): void {
    this.scheduler.runFor(RECOVERY_MS, isThere);
    if (!this.journal.isOver && !isThere()) this.say(`${what}: not after ${RECOVERY_MS} ms`);
  }

  private hasRecovered(): boolean {
    return this.doAllServe() && this.crowd.haveAllWritten();
  }

  private doAllServe(): boolean {
    return this.ensemble.members.every(({ member }) => member.servingAs !== null);
  }

  private isQuiet(): boolean {
    if (this.crowd.awaitsAnswers) return false;
    const { last } = this.record.committed;
    return this.ensemble.members.every(({ sid }) => this.record.member(sid).applied >= last);
  }

  private say(text: string): void {
    this.journal.violate({ invariant: Invariant.liveness, text });
  }
}
