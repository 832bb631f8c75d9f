/**
 * Waits in `Atomics.wait`: for threads that own no sockets. Nothing else on the thread runs meanwhile, so the blocking
 * runner goes through its event loop after each wake-up. Never used on the main thread.
 */

import type { Doorbell } from './doorbell.js';
import type { ParkStrategy } from './wake-strategy.js';

export class ParkWake implements ParkStrategy {
  private readonly doorbell: Doorbell;

  constructor(doorbell: Doorbell) {
    this.doorbell = doorbell;
  }

  park(seen: number, hasWork: () => boolean, timeoutMs: number): boolean {
    const doorbell = this.doorbell;
    doorbell.raiseParked();
    if (hasWork()) {
      doorbell.lowerParked();
      return false;
    }
    Atomics.wait(doorbell.words, doorbell.bellWord, seen, timeoutMs);
    doorbell.lowerParked();
    return true;
  }
}
