/**
 * Looks at the rings for a moment before it parks. Saves the wake-up where the answer is microseconds away and a core
 * is free to burn; with as many busy threads as cores it only takes time from the thread it waits for, hence off by
 * default. While it looks, the parked flag is down and producers notify nobody.
 */

import type { ParkStrategy } from './wake-strategy.js';

/** Looks between two readings of the clock. */
const LOOKS_PER_READING = 64;

export class BackoffWake implements ParkStrategy {
  private readonly thenPark: ParkStrategy;
  private readonly spinMs: number;
  private readonly nowMs: () => number;

  constructor(park: ParkStrategy, spinMicros: number, nowMs: () => number) {
    this.thenPark = park;
    this.spinMs = spinMicros / 1000;
    this.nowMs = nowMs;
  }

  park(seen: number, hasWork: () => boolean, timeoutMs: number): boolean {
    const deadlineMs = this.nowMs() + Math.min(this.spinMs, timeoutMs);
    do {
      for (let i = 0; i < LOOKS_PER_READING; i++) {
        if (hasWork()) return false;
      }
    } while (this.nowMs() < deadlineMs);
    return this.thenPark.park(seen, hasWork, timeoutMs);
  }
}
