/**
 * What summaries came to in the last ten minutes, without their writers knowing of it: copies of their cells, taken every two
 * minutes, of which the one that is eight to ten minutes old is subtracted from what is there now. Used by the thread that shows the
 * figures and owned by it; it must call `rotate` about every ROTATION_MS.
 *
 *   copies    t-8..10 | t-6..8 | t-4..6 | t-2..4 | t-0..2        what is there now
 *                |                                                     |
 *                +----------------- subtracted from -------------------+
 */

export const WINDOW_COPIES = 5;
export const ROTATION_MS = 120_000;

/** By name and key of a summary. */
export type NamedCells = ReadonlyMap<string, Float64Array>;

export class SlidingWindows {
  /** Oldest first. */
  private readonly copies: NamedCells[] = [];
  private resets = 0;

  /** Takes a copy of all summaries. `resetCount`: as often as that changed, what was copied before is worthless. */
  rotate(cells: NamedCells, resetCount: number): void {
    this.notice(resetCount);
    this.copies.push(cells);
    if (this.copies.length > WINDOW_COPIES) this.copies.shift();
  }

  /** What was added to a summary within the window, as new cells of the same shape (without least, greatest and last). */
  recent(name: string, now: Float64Array, resetCount: number): Float64Array {
    this.notice(resetCount);
    const recent = now.slice();
    const oldest = this.copies.length < WINDOW_COPIES ? undefined : this.copies[0].get(name);
    if (oldest !== undefined) for (let cell = 0; cell < recent.length; cell++) recent[cell] -= oldest[cell];
    return recent;
  }

  private notice(resetCount: number): void {
    if (resetCount !== this.resets) this.copies.length = 0;
    this.resets = resetCount;
  }
}
