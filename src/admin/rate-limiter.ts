// Lets one call through per interval (operations 3.6): the next is allowed when so much time has passed since the last that was.
// One per command; main thread.
// The clock is given.

import type { Clock } from '../base/clock.js';

export class RateLimiter {
  private readonly clock: Clock;
  private readonly intervalMs: number;
  private lastMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, intervalMs: number) {
    this.clock = clock;
    this.intervalMs = intervalMs;
  }

  tryPass(): boolean {
    const nowMs = this.clock.monotonicMs();
    if (nowMs - this.lastMs < this.intervalMs) return false;
    this.lastMs = nowMs;
    return true;
  }
}
