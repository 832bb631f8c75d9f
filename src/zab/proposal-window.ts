/**
 * When a leader lets prep's line wait a moment: while enough proposals are on their way, and answers come fast, those of the next
 * moments go out together, in one write to each follower (with the COMMITs of those before them), one wake-up of each log, one sync.
 *
 *   proposed --round of at most ROUND_MS_MAX--> committed: what came meanwhile is proposed at once
 *
 * Owned by LeaderBroadcast, told once per turn. Pure. It must never be all that something waits for: a round that takes longer,
 * few proposals on their way, or many bytes that wait, end the waiting, and the leader's tick asks again in any case.
 */

/** With fewer on their way, somebody who asks alone would pay for a batch that nobody else joins. */
const PROPOSED_MIN = 8;
/** What waits is a batch by itself. */
const WAITING_BYTES_MAX = 16 << 10;
/** A way to the followers that takes longer than this is no place to wait for an answer. */
const ROUND_MS_MAX = 4;

export class ProposalWindow {
  /** From a proposal to its commit, the last time that was measured. */
  private roundMs = Number.POSITIVE_INFINITY;
  /** The proposal whose commit ends the round that is being measured; 0: none is. */
  private roundEnd = 0;
  private roundBeganMs = 0;
  private proposed = 0;
  private proposedMs = Number.NEGATIVE_INFINITY;

  /** Counters of the last proposal and of the last commit, at the end of a turn that began at `nowMs`. */
  onTurn(lastProposed: number, lastCommitted: number, nowMs: number): void {
    if (this.roundEnd > 0 && lastCommitted >= this.roundEnd) {
      this.roundMs = nowMs - this.roundBeganMs;
      this.roundEnd = 0;
    }
    if (lastProposed === this.proposed) return;
    this.proposed = lastProposed;
    this.proposedMs = nowMs;
    if (this.roundEnd > 0 || lastProposed === lastCommitted) return;
    this.roundEnd = lastProposed;
    this.roundBeganMs = nowMs;
  }

  /** Whether that many proposals on their way leave room for more, whoever waits. */
  isOpen(proposedCount: number): boolean {
    return proposedCount < PROPOSED_MIN;
  }

  /** Whether so many bytes of prep's line may wait for a commit, if the window is not open. */
  mayWait(waitingBytes: number, nowMs: number): boolean {
    return waitingBytes < WAITING_BYTES_MAX && this.roundMs <= ROUND_MS_MAX && nowMs - this.proposedMs <= ROUND_MS_MAX;
  }
}
