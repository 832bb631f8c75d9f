/**
 * What a member shows of itself in shared memory while it runs: the figures of its role, how large proposals were, and when which
 * zxid was proposed and committed (for the times between stages). Owned by the quorum peer, on its thread; read on any.
 */
import type { ActorContext } from '../actor/actor.js';
import type { Summary } from '../actor/counters/summary.js';
import { StampedStage, StampWriter } from '../processor/stage-stamps.js';
import type { ProposalHistory } from './proposal-history.js';
import type { Role } from './role.js';
import { RoleFigures } from './role-figures.js';

export class PeerFigures {
  private readonly history: ProposalHistory;
  private readonly figures: RoleFigures;
  /** Since the start, whoever led: a gauge of leaders, which have them from their first proposal on. */
  private readonly proposalSizes: Summary;
  private readonly proposed: StampWriter;
  private readonly committed: StampWriter;
  private servingSinceMs: number | null = null; // null: no role that serves

  constructor(context: ActorContext, history: ProposalHistory) {
    this.history = history;
    this.proposalSizes = context.metrics.summary('proposal_size');
    this.figures = new RoleFigures(context.counters);
    this.proposed = new StampWriter(context.shared, StampedStage.proposed);
    this.committed = new StampWriter(context.shared, StampedStage.committed);
  }

  onProposal(byteCount: number): void {
    this.proposalSizes.add(byteCount);
  }

  /** Once per turn. */
  stamp(nowMs: number): void {
    const { lastProposedHi, lastProposedLo, lastCommittedHi, lastCommittedLo } = this.history;
    this.proposed.add(lastProposedHi, lastProposedLo, nowMs);
    this.committed.add(lastCommittedHi, lastCommittedLo, nowMs);
  }

  beginServing(nowMs: number): void {
    this.servingSinceMs = nowMs;
  }

  endServing(): void {
    this.servingSinceMs = null;
    this.figures.clear();
  }

  /** A role's own figures are shown while it serves. */
  show(role: Role | null, quorumSize: number): void {
    const { figures } = this;
    figures.clear();
    figures.set('quorum_size', quorumSize);
    if (this.servingSinceMs === null || role === null) return;
    figures.set('serving_since_ms', this.servingSinceMs);
    role.showFigures(figures);
  }
}
