/**
 * The ringing side of a thread's doorbell, as other threads use it. Ringing costs one look at a flag unless the thread
 * is asleep. Each thread has its own `Bell` objects for the threads it rings.
 */

export interface Bell {
  /** Wakes the thread if it is parked; true if it was. Whatever it shall find must have been published before. */
  ring(): boolean;
}

/** Marked by mailboxes while they publish, rung once by the duty cycle after all of them have. */
export class WakeTarget {
  pending = false;
  private readonly bell: Bell;

  constructor(bell: Bell) {
    this.bell = bell;
  }

  /** True if a sleeping thread was woken. */
  ringIfPending(): boolean {
    if (!this.pending) return false;
    this.pending = false;
    return this.bell.ring();
  }
}

/** A bell nobody hears: mailboxes outside any system, whose two ends one test turns by hand. */
export const silentBell: Bell = { ring: () => false };
