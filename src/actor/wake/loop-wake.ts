/**
 * Waits in `Atomics.waitAsync`: for threads whose event loop must go on serving sockets. At most one wait is
 * outstanding; it is kept over turns that ran for other reasons, since it cannot be taken back.
 * The wait does not keep the thread alive on any Node so far (nodejs/node issues 44729 and 61941): that is what the
 * runner's keep-alive port is for. Nor is a time-out passed to it: those leave a timer behind for each wait.
 */

import type { Doorbell } from './doorbell.js';
import type { LoopStrategy } from './wake-strategy.js';

export class LoopWake implements LoopStrategy {
  private readonly doorbell: Doorbell;
  private readonly onWake: () => void;
  private readonly onSettled: () => void;
  /** Invariant: true exactly while a promise of waitAsync is outstanding. */
  private waiting = false;
  private armed = false;
  private closed = false;

  constructor(doorbell: Doorbell, onWake: () => void) {
    this.doorbell = doorbell;
    this.onWake = onWake;
    this.onSettled = () => {
      this.waiting = false;
      // Rung for a turn that has already happened, or about to happen: nobody is waiting for this one.
      if (!this.armed || this.closed) return;
      this.armed = false;
      this.onWake();
    };
  }

  static readonly supported = typeof Atomics.waitAsync === 'function';

  arm(hasWork: () => boolean): boolean {
    const doorbell = this.doorbell;
    const seen = doorbell.seen();
    doorbell.raiseParked();
    if (hasWork() || !this.wait(seen)) {
      doorbell.lowerParked();
      return false;
    }
    this.armed = true;
    return true;
  }

  disarm(): void {
    this.armed = false;
    this.doorbell.lowerParked();
  }

  close(): void {
    this.closed = true;
    // Settles the outstanding promise, so that the doorbell's memory is not held for ever.
    this.doorbell.ringAlways();
  }

  /**
   * An outstanding wait may be older than `seen`. If the bell was rung since it began, it is about to settle and will
   * call `onWake` although there may be nothing to do: one idle turn. It never misses a ring: it waits for any.
   */
  private wait(seen: number): boolean {
    if (this.waiting) return true;
    const wait = Atomics.waitAsync(this.doorbell.words, this.doorbell.bellWord, seen);
    if (!wait.async) return false;
    this.waiting = true;
    wait.value.then(this.onSettled);
    return true;
  }
}
