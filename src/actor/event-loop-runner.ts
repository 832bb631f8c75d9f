/**
 * Runs the duty cycle on a thread that also has an event loop to serve: sockets, timers, control messages. A turn runs
 * when asked for (at most one per loop iteration, by setImmediate), when the doorbell rings, and when a tick is due (one
 * timer, only while some actor ticks). Between turns the loop has its way; an idle thread does nothing at all.
 */

import { MessageChannel } from 'node:worker_threads';
import type { DutyCycle } from './duty-cycle.js';
import type { ThreadHost } from './thread-host.js';
import { ThreadState } from './wake/doorbell.js';
import { LoopWake } from './wake/loop-wake.js';
import { PortWake } from './wake/port-wake.js';
import type { LoopStrategy } from './wake/wake-strategy.js';

export class EventLoopRunner {
  private readonly host: ThreadHost;
  private readonly cycle: DutyCycle;
  private readonly wake: LoopStrategy;
  private readonly onBroken: (error: Error) => void;
  private keepAlive: MessageChannel | null = null;
  private scheduled = false;
  private turning = false;
  private running = false;
  private timer: NodeJS.Timeout | null = null;
  private timerDueMs = Number.POSITIVE_INFINITY;
  private readonly spinMs: number;
  private workCountSeen = 0;
  private workedLastMs = Number.NEGATIVE_INFINITY;

  /** `onBroken`: the runtime itself threw, not an actor. */
  constructor(host: ThreadHost, options: { byPort: boolean; spinMicros: number; onBroken: (error: Error) => void }) {
    this.host = host;
    this.cycle = host.cycle;
    this.onBroken = options.onBroken;
    this.spinMs = options.spinMicros / 1000;
    const onWake = (): void => this.onWake();
    if (options.byPort) {
      const wake = new PortWake(host.doorbell, onWake);
      host.onBellMessage = () => wake.onBellMessage();
      this.wake = wake;
    } else {
      this.wake = new LoopWake(host.doorbell, onWake);
    }
  }

  start(): void {
    this.running = true;
    // An open port with a listener holds the loop; neither waitAsync nor a tick timer may be relied on for that.
    this.keepAlive = new MessageChannel();
    this.keepAlive.port1.on('message', () => {});
    this.host.onTurnWanted = () => this.requestTurn();
    this.host.doorbell.state = ThreadState.running;
    this.requestTurn();
  }

  stop(): void {
    this.running = false;
    this.host.doorbell.state = ThreadState.stopped;
    this.host.onTurnWanted = () => {};
    this.wake.close();
    this.keepAlive?.port1.close();
    if (this.timer !== null) clearTimeout(this.timer);
  }

  /** In the middle of a turn nothing needs to be scheduled: the turn looks for more work before it ends. */
  private requestTurn(): void {
    if (this.scheduled || this.turning || !this.running) return;
    this.scheduled = true;
    setImmediate(this.onImmediate);
  }

  private readonly onImmediate = (): void => {
    this.scheduled = false;
    this.runTurn();
  };

  private onWake(): void {
    // A turn that is scheduled already comes within this iteration of the loop.
    if (!this.scheduled) this.runTurn();
  }

  private readonly onTimer = (): void => {
    this.timer = null;
    this.timerDueMs = Number.POSITIVE_INFINITY;
    this.runTurn();
  };

  private runTurn(): void {
    if (!this.running) return;
    this.turning = true;
    try {
      this.wake.disarm();
      this.cycle.run();
      this.planTimer();
    } catch (error) {
      this.stop();
      this.onBroken(error instanceof Error ? error : new Error(String(error)));
    } finally {
      this.turning = false;
    }
    if (this.running && (this.spins() || !this.wake.arm(this.cycle.hasWork))) this.requestTurn();
  }

  /** For a while after its last work the loop goes round without sleeping, looking at sockets and rings alike. */
  private spins(): boolean {
    if (this.spinMs === 0) return false;
    const nowMs = this.host.clock.monotonicMs();
    if (this.cycle.workCount !== this.workCountSeen) {
      this.workCountSeen = this.cycle.workCount;
      this.workedLastMs = nowMs;
    }
    return nowMs - this.workedLastMs < this.spinMs;
  }

  private planTimer(): void {
    const dueMs = this.cycle.tickNextMs();
    // An earlier timer is left alone: it fires once for nothing and plans the next.
    if (dueMs >= this.timerDueMs) return;
    if (this.timer !== null) clearTimeout(this.timer);
    this.timerDueMs = dueMs;
    this.timer = setTimeout(this.onTimer, Math.max(1, Math.ceil(dueMs - this.host.clock.monotonicMs())));
  }
}
