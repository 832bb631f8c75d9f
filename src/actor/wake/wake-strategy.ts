/**
 * How a thread waits when it has nothing to do: one object per thread, made by its runner, replaceable. `hasWork` looks
 * into every inbox; a strategy calls it after raising the thread's parked flag, never before (see `doorbell.ts`).
 */

/** For threads that may stand still. Used by the blocking runner. */
export interface ParkStrategy {
  /**
   * Returns when rung since `seen` was read from the doorbell, when `hasWork` says so, or after `timeoutMs`. True if it
   * really slept. What `hasWork` does not look at must have been looked at after `seen` was read.
   */
  park(seen: number, hasWork: () => boolean, timeoutMs: number): boolean;
}

/** For threads with an event loop. Used by the event-loop runner. */
export interface LoopStrategy {
  /**
   * Arranges for `onWake` (given at construction) to be called once when the thread is rung; returns false instead if
   * there is work already. Asking again while armed is cheap.
   */
  arm(hasWork: () => boolean): boolean;

  /** A turn is about to run for another reason: ringing is needless until the next `arm`. */
  disarm(): void;

  close(): void;
}
