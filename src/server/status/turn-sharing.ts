/**
 * Long work on the main thread in short pieces: between two of them sockets, timers and the other actors of the thread have
 * their turn. For listings that operators ask for; one object per listing. It knows only time.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../../base/clock.js';

const PIECE_MS = 0.25;
/** How many short runs the merging starts with; sorting one takes a tenth of a millisecond. */
const RUN_LENGTH = 256;

export class TurnSharing {
  private readonly clock: Clock;
  private beganMs: number;

  constructor(clock: Clock) {
    this.clock = clock;
    this.beganMs = clock.monotonicMs();
  }

  /** Asked every few dozen steps: whether it is time for `pause`. */
  get isDue(): boolean {
    return this.clock.monotonicMs() - this.beganMs >= PIECE_MS;
  }

  async pause(): Promise<void> {
    await nextTurn();
    this.beganMs = this.clock.monotonicMs();
  }

  /** Sorted, in memory of its own; what is in order already takes one look per element. */
  async sorted<T>(items: Iterable<T>, compare: (a: T, b: T) => number): Promise<T[]> {
    let runs: T[][] = [];
    let run: T[] = [];
    for (const item of items) {
      run.push(item);
      if (run.length < RUN_LENGTH) continue;
      runs.push(run.sort(compare));
      run = [];
      if (this.isDue) await this.pause();
    }
    if (run.length > 0) runs.push(run.sort(compare));
    while (runs.length > 1) {
      const merged: T[][] = [];
      for (let i = 0; i < runs.length; i += 2) {
        const right = runs[i + 1];
        merged.push(right === undefined ? (runs[i] as T[]) : await this.merged(runs[i] as T[], right, compare));
      }
      runs = merged;
    }
    return runs[0] ?? [];
  }

  /** Numbers, sorted. Many of them: nothing is made anew but one array as long, so no collector has its turn, either. */
  async sortedNumbers(items: Uint32Array, compare: (a: number, b: number) => number): Promise<Uint32Array> {
    const { length } = items;
    let from = items;
    let to: Uint32Array = new Uint32Array(length);
    for (let width = 1; width < length; width *= 2) {
      for (let begin = 0; begin < length; begin += 2 * width) {
        const middle = Math.min(begin + width, length);
        const end = Math.min(middle + width, length);
        for (let out = begin, l = begin, r = middle; out < end; out++) {
          const isRight = l === middle || (r < end && compare(from[r] as number, from[l] as number) < 0);
          to[out] = from[isRight ? r++ : l++] as number;
          if ((out & 63) === 63 && this.isDue) await this.pause();
        }
      }
      [from, to] = [to, from];
    }
    return from;
  }

  private async merged<T>(left: T[], right: T[], compare: (a: T, b: T) => number): Promise<T[]> {
    const out: T[] = [];
    let r = 0;
    for (const [l, item] of left.entries()) {
      while (r < right.length && compare(right[r] as T, item) < 0) out.push(right[r++] as T);
      out.push(item);
      if ((l & 63) === 63 && this.isDue) await this.pause();
    }
    while (r < right.length) {
      out.push(right[r++] as T);
      if ((r & 1023) === 1023 && this.isDue) await this.pause();
    }
    return out;
  }
}
