/**
 * The PINGs to one learner that follows, and which of them it has answered: every one is, in order, so counts are enough to know
 * whether an answer was given behind the beginning of a round (leadership-proof.ts).
 *
 *   sent       1  2  3  4  5          the round began with PING 4: an answer to 3 says nothing about it
 *   answered   1  2  3
 *
 * Owned by a LearnerHandler, on the quorum peer's thread, from UPTODATE on: before that a learner answers none.
 */
export class PingRounds {
  // Invariant: answered <= sent, unless the learner says more than it was asked.
  private sent = 0;
  private answered = 0;
  /** The round that was joined last, and its first PING to this learner. */
  private round = 0;
  private firstOfRound = 0;

  /** `round`: the one that is out; 0: none. */
  onSent(round: number): void {
    this.sent++;
    if (round === this.round) return;
    this.round = round;
    this.firstOfRound = this.sent;
  }

  /** True: with this one it has answered the round. */
  onAnswered(): boolean {
    this.answered++;
    return this.round !== 0 && this.answered === this.firstOfRound;
  }

  hasAnswered(round: number): boolean {
    return this.round === round && this.answered >= this.firstOfRound;
  }
}
