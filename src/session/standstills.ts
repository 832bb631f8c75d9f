/**
 * When the process stood still: what a client sent meanwhile lies unread in its socket, so that time says nothing about who lives.
 *
 * Kept by the session tracker alone. The `touched` words stay the raw times of many threads: one offset for all of them would be
 * credited to a session for ever, and to those that were touched since.
 *
 *   time      ----+--------------------+-------------+------------+---->
 *             touched A             start  touched B              end
 *   added for A   |                    |<------------------------>|        the whole of it
 *   added for B   |                    |             |<---------->|        what was left of it
 */

/** More are not kept; the oldest goes first, and who was last touched before it is judged without it, as if it had not been. */
const COUNT_MAX = 64;

export class Standstills {
  /** Milliseconds of the monotonic clock; in the order of time, none overlaps another. */
  private readonly starts: number[] = [];
  private readonly ends: number[] = [];

  get count(): number {
    return this.starts.length;
  }

  /** `startMs` is not before the end of the one added last. */
  add(startMs: number, endMs: number): void {
    this.starts.push(startMs);
    this.ends.push(endMs);
    if (this.count > COUNT_MAX) this.dropOldest();
  }

  /** Milliseconds of standstill since then. */
  since(touchedMs: number): number {
    const { starts, ends } = this;
    let sum = 0;
    for (let i = ends.length - 1; i >= 0 && (ends[i] as number) > touchedMs; i--) {
      sum += (ends[i] as number) - Math.max(touchedMs, starts[i] as number);
    }
    return sum;
  }

  /** Nobody will ask about a time before this one again. */
  forgetUntil(touchedMs: number): void {
    while (this.count > 0 && (this.ends[0] as number) <= touchedMs) this.dropOldest();
  }

  private dropOldest(): void {
    this.starts.shift();
    this.ends.shift();
  }
}
