// Time as something that is given: actors and tests read a Clock, only shells know the machine's. monotonicMs never
// goes back and is for deadlines; wallMs is the calendar and may jump either way, so no deadline may depend on it.
// A clock belongs to the thread that made it.

import { assert } from './assert.js';

export interface Clock {
  monotonicMs(): number;
  wallMs(): number;
}

/** Stands still until it is moved: tests and the simulator. */
export class ManualClock implements Clock {
  private monotonic: number;
  private wall: number;

  constructor(monotonicMs = 0, wallMs = 1_700_000_000_000) {
    this.monotonic = monotonicMs;
    this.wall = wallMs;
  }

  monotonicMs(): number {
    return this.monotonic;
  }

  wallMs(): number {
    return this.wall;
  }

  advance(ms: number): void {
    assert(ms >= 0, 'time does not run backwards');
    this.monotonic += ms;
    this.wall += ms;
  }

  /** Somebody set the machine's clock. */
  jumpWall(ms: number): void {
    this.wall += ms;
  }
}
