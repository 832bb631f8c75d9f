/**
 * The machine's time, for the shells. `SystemClock` reads it at each call; its monotonic time has one origin for all
 * threads of the process, so that a deadline written to shared memory by one can be read by another. `TurnClock` is what
 * actors get: read once at the beginning of a turn and standing still until its end. One of each per thread.
 */

import { performance } from 'node:perf_hooks';
import type { Clock } from '../base/clock.js';

export class SystemClock implements Clock {
  /** `performance.now` is the cheapest reading there is, but counts from the start of its own thread. */
  private readonly threadOriginMs: number;

  constructor() {
    const [seconds, nanos] = process.hrtime();
    this.threadOriginMs = seconds * 1000 + nanos / 1e6 - performance.now();
  }

  monotonicMs(): number {
    return this.threadOriginMs + performance.now();
  }

  wallMs(): number {
    return Date.now();
  }
}

export class TurnClock implements Clock {
  private readonly source: Clock;
  private inTurn = false;
  private monotonic = 0;
  /** NaN until first asked for in a turn: most turns do not ask. */
  private wall = Number.NaN;

  constructor(source: Clock) {
    this.source = source;
  }

  /** Returns the monotonic time read. */
  beginTurn(): number {
    this.monotonic = this.source.monotonicMs();
    this.wall = Number.NaN;
    this.inTurn = true;
    return this.monotonic;
  }

  /** From here on I/O callbacks may run, at any time: they get the real clock. */
  endTurn(): void {
    this.inTurn = false;
  }

  monotonicMs(): number {
    return this.inTurn ? this.monotonic : this.source.monotonicMs();
  }

  wallMs(): number {
    if (!this.inTurn) return this.source.wallMs();
    if (Number.isNaN(this.wall)) this.wall = this.source.wallMs();
    return this.wall;
  }
}
