/**
 * Runs the duty cycle on a worker that owns no sockets: turns while there is work, then parks in Atomics.wait until it is
 * rung or the next tick is due. After each wake-up, and once in a while when it never parks, it goes through the event
 * loop so that control messages are served; who sends one rings the doorbell (`ThreadControlClient`).
 * Never used on the main thread.
 */

import type { DutyCycle } from './duty-cycle.js';
import type { ThreadHost } from './thread-host.js';
import { BackoffWake } from './wake/backoff-wake.js';
import { ThreadState } from './wake/doorbell.js';
import { ParkWake } from './wake/park-wake.js';
import type { ParkStrategy } from './wake/wake-strategy.js';

/** Without parking, the loop is still gone through after so many runs of the duty cycle. */
const RUNS_MAX = 64;
/**
 * Passes through the event loop for a control message. An immediate set while the loop polls runs before the loop polls
 * again, so the first pass may not see a message that is there already (a start that hung for ever on Node 24 and 26); the
 * second one has a whole poll behind it.
 */
const CONTROL_PASSES = 2;

export class BlockingRunner {
  private readonly host: ThreadHost;
  private readonly cycle: DutyCycle;
  private readonly wake: ParkStrategy;
  private readonly onBroken: (error: Error) => void;
  private running = false;
  /** The bell as it was before the event loop was last gone through. */
  private bellSeen = 0;
  private controlServed = 0;
  /** At the start as well: what was posted before this thread ran has rung before anybody listened. */
  private controlPasses = CONTROL_PASSES;

  /** `onBroken`: the runtime itself threw, not an actor. */
  constructor(host: ThreadHost, options: { spinMicros: number; onBroken: (error: Error) => void }) {
    this.host = host;
    this.cycle = host.cycle;
    this.onBroken = options.onBroken;
    const park = new ParkWake(host.doorbell);
    this.wake =
      options.spinMicros > 0 ? new BackoffWake(park, options.spinMicros, () => host.clock.monotonicMs()) : park;
  }

  start(): void {
    this.running = true;
    this.host.doorbell.state = ThreadState.running;
    this.yieldToLoop();
  }

  stop(): void {
    this.running = false;
    this.host.doorbell.state = ThreadState.stopped;
  }

  /** First the turns, then the event loop: what woke the thread is in a ring far more often than in a port. */
  private readonly round = (): void => {
    if (!this.running) return;
    try {
      if (!this.cycle.hasWork() && !this.mustPassLoop()) this.park();
      for (let runs = 0; runs < RUNS_MAX; runs++) {
        this.cycle.run();
        if (!this.cycle.hasWork()) break;
      }
    } catch (error) {
      this.stop();
      this.onBroken(error instanceof Error ? error : new Error(String(error)));
      return;
    }
    this.yieldToLoop();
  };

  /**
   * The bell is read before the loop is gone through, not before parking: a control message that comes after the loop
   * has been gone through is not in any ring, only its ringing keeps the thread from going to sleep over it.
   */
  private yieldToLoop(): void {
    this.bellSeen = this.host.doorbell.seen();
    setImmediate(this.round);
  }

  private mustPassLoop(): boolean {
    const rings = this.host.doorbell.controlRings();
    if (rings !== this.controlServed) {
      this.controlServed = rings;
      this.controlPasses = CONTROL_PASSES;
    }
    if (this.controlPasses === 0) return false;
    this.controlPasses--;
    return true;
  }

  private park(): void {
    const timeoutMs = this.cycle.tickNextMs() - this.host.clock.monotonicMs();
    if (timeoutMs > 0) this.wake.park(this.bellSeen, this.cycle.hasWork, timeoutMs);
  }
}
