/**
 * Waits for a message on a port: for event-loop threads where `Atomics.waitAsync` is missing, at a third more per
 * wake-up. The parked flag works as in `doorbell.ts`, so there is a message per sleep, not per record. The ports are
 * those of the side channels; `PortBell` is the other threads' end.
 */

import type { Bell } from './bell.js';
import type { Doorbell } from './doorbell.js';
import type { LoopStrategy } from './wake-strategy.js';

export class PortWake implements LoopStrategy {
  private readonly doorbell: Doorbell;
  private readonly onWake: () => void;
  private armed = false;

  constructor(doorbell: Doorbell, onWake: () => void) {
    this.doorbell = doorbell;
    this.onWake = onWake;
  }

  arm(hasWork: () => boolean): boolean {
    this.doorbell.raiseParked();
    if (hasWork()) {
      this.doorbell.lowerParked();
      return false;
    }
    this.armed = true;
    return true;
  }

  disarm(): void {
    this.armed = false;
    this.doorbell.lowerParked();
  }

  /** A bell message has arrived on one of the thread's side channels. */
  onBellMessage(): void {
    if (!this.armed) return;
    this.armed = false;
    this.onWake();
  }

  close(): void {
    this.disarm();
  }
}

export class PortBell implements Bell {
  private readonly doorbell: Doorbell;
  private readonly postBell: () => void;

  constructor(doorbell: Doorbell, postBell: () => void) {
    this.doorbell = doorbell;
    this.postBell = postBell;
  }

  ring(): boolean {
    if (!this.doorbell.claimWakeUp()) return false;
    this.postBell();
    return true;
  }
}
