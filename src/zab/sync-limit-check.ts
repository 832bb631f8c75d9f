/**
 * SyncLimitCheck: whether a follower acknowledges what is proposed to it within syncLimit (ensemble-protocol 6.5). One proposal is
 * watched at a time; when it is acknowledged, the last one that was proposed meanwhile is watched from then on: a follower that is
 * slow, but not that slow, is never told apart from a quick one, and nothing is kept per proposal.
 *
 *   proposals   1  2  3  4  5  6  7          watched: 1, its acknowledgement comes with 6 proposed
 *               ^--------------^             then 6, while 2 to 5 are acknowledged on the way
 *
 * Owned by a LearnerHandler, on the quorum peer's thread. Counters of proposals as numbers, 0: none.
 */
export class SyncLimitCheck {
  private watched = 0;
  private sinceMs = 0; // while one is watched

  /** The proposal whose acknowledgement is waited for. */
  get waitsFor(): number {
    return this.watched;
  }

  /** Up to there was proposed to it. */
  onProposed(lastProposed: number, nowMs: number): void {
    if (this.watched !== 0) return;
    this.watched = lastProposed;
    this.sinceMs = nowMs;
  }

  onAck(counter: number, lastProposed: number, nowMs: number): void {
    if (this.watched === 0 || counter < this.watched) return;
    this.watched = 0;
    if (counter < lastProposed) this.onProposed(lastProposed, nowMs);
  }

  isExceeded(nowMs: number, limitMs: number): boolean {
    return this.watched !== 0 && nowMs - this.sinceMs >= limitMs;
  }

  /** The watcher stood still itself for so long. */
  forgive(ms: number, nowMs: number): void {
    this.sinceMs = Math.min(this.sinceMs + ms, nowMs);
  }
}
