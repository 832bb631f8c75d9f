/**
 * What operators are told of a member's part in its ensemble, in Apache's names. Owned by the quorum peer's actor, on its thread; the
 * role of the moment says what has happened, once per turn. Ages of transactions are wall-clock times of two machines, as the reference's
 * are: what seems to come from the future is not counted.
 */

import type { ActorContext } from '../actor/actor.js';
import type { Counter } from '../actor/counters/counter.js';
import type { KeyedSummary } from '../actor/counters/keyed-summary.js';
import type { Summary } from '../actor/counters/summary.js';
import { AgeCursor, TxnAges } from './txn-ages.js';

/** What is beyond is added up. The topology has room for so many. */
export const LEARNERS_SHOWN_MAX = 64;

export class ZabMeasures {
  readonly ages = new TxnAges();
  readonly lookingCount: Counter;
  readonly disloyalVoters: Counter;
  readonly revalidations: Counter;
  readonly electionTime: Summary;
  readonly followerSyncTime: Summary;
  readonly observerSyncTime: Summary;
  readonly queuedPackets: KeyedSummary;
  readonly queueTime: KeyedSummary;
  private readonly unavailableTime: Summary;
  private readonly leaderUnavailableTime: Summary;
  private readonly snaps: Counter;
  private readonly diffs: Counter;
  private readonly snapsInFlight: Summary;
  private readonly diffsInFlight: Summary;
  private readonly proposals: Counter;
  private readonly commits: Counter;
  private readonly proposalsReceived: Counter;
  private readonly commitsReceived: Counter;
  private readonly proposalLatency: Summary;
  private readonly ackCreationLatency: Summary;
  private readonly quorumAckLatency: Summary;
  private readonly commitLatency: Summary;
  private readonly ackLatency: KeyedSummary;
  private readonly proposalTime: Summary;
  private readonly observerMasterCommitTime: Summary;
  // Of the role in work.
  private proposed = new AgeCursor();
  private acknowledged = new AgeCursor();
  private committed = new AgeCursor();
  /** -1: clients are served. */
  private unavailableSinceMs = -1;
  private proposedInTurn = 0;
  private relayedInTurn = 0;

  constructor({ metrics }: Pick<ActorContext, 'metrics'>) {
    this.lookingCount = metrics.counter('looking_count');
    this.disloyalVoters = metrics.counter('quit_leading_due_to_disloyal_voter');
    this.revalidations = metrics.counter('revalidate_count');
    this.electionTime = metrics.summary('election_time');
    this.followerSyncTime = metrics.summary('follower_sync_time');
    this.observerSyncTime = metrics.summary('observer_sync_time');
    this.queuedPackets = metrics.keyed('learner_handler_qp_size', LEARNERS_SHOWN_MAX);
    this.queueTime = metrics.keyed('learner_handler_qp_time_ms', LEARNERS_SHOWN_MAX);
    this.unavailableTime = metrics.summary('unavailable_time');
    this.leaderUnavailableTime = metrics.summary('leader_unavailable_time');
    this.snaps = metrics.counter('snap_count');
    this.diffs = metrics.counter('diff_count');
    this.snapsInFlight = metrics.summary('inflight_snap_count');
    this.diffsInFlight = metrics.summary('inflight_diff_count');
    this.proposals = metrics.counter('proposal_count');
    this.commits = metrics.counter('commit_count');
    this.proposalsReceived = metrics.counter('learner_proposal_received_count');
    this.commitsReceived = metrics.counter('learner_commit_received_count');
    this.proposalLatency = metrics.summary('proposal_latency');
    this.ackCreationLatency = metrics.summary('proposal_ack_creation_latency');
    this.quorumAckLatency = metrics.summary('quorum_ack_latency');
    this.commitLatency = metrics.summary('commit_propagation_latency');
    this.ackLatency = metrics.keyed('ack_latency', LEARNERS_SHOWN_MAX);
    this.proposalTime = metrics.summary('proposal_process_time');
    this.observerMasterCommitTime = metrics.summary('om_commit_process_time_ms');
  }

  /** Nobody is served, if that was not so already. */
  onUnavailable(nowMs: number): void {
    if (this.unavailableSinceMs < 0) this.unavailableSinceMs = nowMs;
  }

  onBroadcast(nowMs: number, leads: boolean): void {
    if (this.unavailableSinceMs < 0) return;
    const tookMs = nowMs - this.unavailableSinceMs;
    this.unavailableSinceMs = -1;
    this.unavailableTime.add(tookMs);
    if (leads) this.leaderUnavailableTime.add(tookMs);
  }

  /** A role begins to broadcast; everything up to this counter of its epoch was there before. */
  beginBroadcast(counter: number): void {
    this.proposed = new AgeCursor();
    this.acknowledged = new AgeCursor();
    this.committed = new AgeCursor();
    for (const cursor of [this.proposed, this.acknowledged, this.committed]) cursor.passOver(counter);
  }

  /** A learner is about to be brought up to date, beside others; `running` counts it, too. */
  onSync(isSnapshot: boolean, running: number): void {
    (isSnapshot ? this.snaps : this.diffs).increment();
    (isSnapshot ? this.snapsInFlight : this.diffsInFlight).add(running);
  }

  /** A leader's turn; counters of its epoch up to which it has proposed, has on its own disk, and has committed. */
  onLeaderTurn(proposed: number, durable: number, committed: number, nowWallMs: number): void {
    this.proposedInTurn = proposed - this.proposed.counter;
    if (this.proposedInTurn > 0) {
      this.proposals.add(this.proposedInTurn);
      this.proposed.counter = proposed;
    }
    this.measure(this.acknowledged, durable, nowWallMs, this.ackCreationLatency);
    const before = this.committed.counter;
    if (committed === before) return;
    this.measure(this.committed, committed, nowWallMs, this.quorumAckLatency);
    this.commits.add(committed - before);
    this.committed.counter = committed;
  }

  /** A learner's turn in broadcast; an observer has no proposals, and nobody waits for its acknowledgement. */
  onLearnerTurn(
    isFollower: boolean,
    received: number,
    acknowledged: number,
    committed: number,
    nowWallMs: number,
  ): void {
    if (isFollower) {
      const before = this.proposed.counter;
      this.measure(this.proposed, received, nowWallMs, this.proposalLatency);
      if (received > before) this.proposalsReceived.add(received - before);
      this.proposed.counter = Math.max(received, before);
      this.measure(this.acknowledged, acknowledged, nowWallMs, this.ackCreationLatency);
    }
    const before = this.committed.counter;
    if (committed <= before) return;
    this.measure(this.committed, committed, nowWallMs, this.commitLatency);
    this.commitsReceived.add(committed - before);
    this.committed.counter = committed;
  }

  /** A learner has acknowledged up to this counter. `key`: its sid. */
  onAcked(cursor: AgeCursor, acked: number, nowWallMs: number, key: Uint8Array): void {
    while (this.ages.advance(cursor, acked)) {
      const ageMs = nowWallMs - cursor.madeMs;
      if (ageMs >= 0) this.ackLatency.addMany(key, 0, key.length, ageMs, cursor.transactions);
    }
  }

  /** A committed transaction was passed on to observers. */
  onRelayed(): void {
    this.relayedInTurn++;
  }

  onMeasured(records: number, tookMs: number): void {
    const perRecordMs = tookMs / Math.max(records, this.relayedInTurn, 1);
    this.proposalTime.addMany(perRecordMs, this.proposedInTurn);
    this.proposedInTurn = 0;
    this.observerMasterCommitTime.addMany(perRecordMs, this.relayedInTurn);
    this.relayedInTurn = 0;
  }

  private measure(cursor: AgeCursor, counter: number, nowWallMs: number, summary: Summary): void {
    while (this.ages.advance(cursor, counter)) {
      const ageMs = nowWallMs - cursor.madeMs;
      if (ageMs >= 0) summary.addMany(ageMs, cursor.transactions);
    }
  }
}
