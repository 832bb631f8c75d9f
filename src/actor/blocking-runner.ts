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

export class BlockingRunner {
  private readonly host: ThreadHost;
  private readonly cycle: DutyCycle;
  private readonly wake: ParkStrategy;
  private readonly onBroken: (error: Error) => void;
  private running = false;

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
    setImmediate(this.round);
  }

  stop(): void {
    this.running = false;
    this.host.doorbell.state = ThreadState.stopped;
  }

  private readonly round = (): void => {
    if (!this.running) return;
    try {
      for (let runs = 0; runs < RUNS_MAX; runs++) {
        this.cycle.run();
        if (!this.cycle.hasWork()) {
          this.park();
          break;
        }
      }
    } catch (error) {
      this.stop();
      this.onBroken(error instanceof Error ? error : new Error(String(error)));
      return;
    }
    setImmediate(this.round);
  };

  private park(): void {
    const timeoutMs = this.cycle.tickNextMs() - this.host.clock.monotonicMs();
    if (timeoutMs > 0) this.wake.park(this.cycle.hasWork, timeoutMs);
  }
}
