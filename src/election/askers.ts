/**
 * Servers that asked for a vote and have not been told what holds now: they ask again only after 200 ms and more, so they are told
 * once more when this server knows (4.3 and 4.5; fast-leader-election.ts says what for).
 *
 *   unanswered   asked while nothing was decided, or were told in a role that is over since
 *   answered     were told, and when: a stranger is not told twice within 50 ms
 *
 * Anybody may ask, so no more than 256 are remembered of either. Pure; owned by the election.
 */
const ASKERS_MAX = 256;
const STRANGER_ANSWER_MS = 50;
/** Longer than a server that looks waits before it asks again, in its first attempts. */
const ANSWER_OUTDATED_MS = 2000;

export class Askers {
  private readonly unanswered = new Set<number>();
  private readonly answeredMs = new Map<number, number>(); // in a role, or for want of a vote

  onUnanswered(sid: number): void {
    if (this.unanswered.size < ASKERS_MAX) this.unanswered.add(sid);
  }

  onAnswered(sid: number, nowMs: number): void {
    if (this.answeredMs.size >= ASKERS_MAX) this.answeredMs.clear();
    this.answeredMs.set(sid, nowMs);
  }

  /** Two servers that are strangers to each other would never stop. */
  wasJustAnswered(sid: number, nowMs: number): boolean {
    const answeredMs = this.answeredMs.get(sid);
    return answeredMs !== undefined && nowMs < answeredMs + STRANGER_ANSWER_MS;
  }

  /** Who asked shortly before the role ended was told of a leader that was about to be gone, and may have noticed it first. */
  outdateAnswers(nowMs: number): void {
    for (const [sid, answeredMs] of this.answeredMs)
      if (nowMs < answeredMs + ANSWER_OUTDATED_MS) this.onUnanswered(sid);
    this.answeredMs.clear();
  }

  /** They are told now. */
  takeUnanswered(): readonly number[] {
    const sids = [...this.unanswered];
    this.unanswered.clear();
    return sids;
  }

  /** Nobody is owed an answer any more. */
  forgetUnanswered(): void {
    this.unanswered.clear();
  }
}
