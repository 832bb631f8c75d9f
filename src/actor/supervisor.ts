/**
 * Watches the workers: one that ends unasked, or shows no heartbeat although rung, is replaced if every actor on it may
 * be restarted and the budget allows, else its failure is fatal. Replacements are made one at a time. What an actor
 * throws is settled on its own thread (`thread-host.ts`) and reaches this one only when it is fatal.
 * Lives on the building thread, which nobody watches: the process is as alive as it is.
 */

import type { Clock } from '../base/clock.js';
import type { Logger } from './logger.js';
import type { ThreadSpec } from './placement.js';
import { RestartBudget, type RestartIntensity } from './restart-budget.js';
import { ThreadState } from './wake/doorbell.js';
import type { WorkerThread } from './worker-thread.js';

const HANG_TIMEOUT_DEFAULT_MS = 10_000;
export const WATCH_PERIOD_DEFAULT_MS = 1_000;

export interface SupervisorParts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly restartIntensity: RestartIntensity;
  readonly watchPeriodMs: number;
  /** The first actor on that thread whose failure is fatal; null if all of them may be restarted. */
  fatalActorOf(threadName: string): string | null;
  /** Builds the thread anew and starts its actors. */
  replace(threadName: string): Promise<void>;
  onFatal(error: Error, actorOrThreadName: string): void;
}

interface Watched {
  readonly thread: WorkerThread;
  readonly hangTimeoutMs: number;
  heartbeat: number;
  heartbeatChangedMs: number;
  hung: boolean;
}

export class Supervisor {
  private readonly parts: SupervisorParts;
  private readonly watched = new Map<string, Watched>();
  private readonly budgets = new Map<string, RestartBudget>();
  private timer: NodeJS.Timeout | null = null;
  private replacing: Promise<void> = Promise.resolve();
  private stopped = false;

  constructor(parts: SupervisorParts) {
    this.parts = parts;
  }

  start(): void {
    this.timer = setInterval(() => this.check(), this.parts.watchPeriodMs);
    // Watching alone is no reason for the process to live on.
    this.timer.unref();
  }

  /** From now on threads end because they are told to. */
  async stop(): Promise<void> {
    this.stopped = true;
    if (this.timer !== null) clearInterval(this.timer);
    await this.replacing;
  }

  /** A new incarnation takes the place of the one before. */
  watch(spec: ThreadSpec, thread: WorkerThread): void {
    this.watched.set(spec.name, {
      thread,
      hangTimeoutMs: spec.hangTimeoutMs ?? HANG_TIMEOUT_DEFAULT_MS,
      heartbeat: -1,
      heartbeatChangedMs: this.parts.clock.monotonicMs(),
      hung: false,
    });
    // It may have ended before anybody watched.
    if (thread.doorbell.state === ThreadState.stopped) {
      this.onEnd(thread, new Error(`thread ${spec.name} ended while it was started`));
    }
  }

  /** A worker has ended. What a hung one says when it is terminated, or one that is not watched any more, is no news. */
  onEnd(thread: WorkerThread, error: Error): void {
    const { threadName } = thread;
    const watched = this.watched.get(threadName);
    if (this.stopped || watched === undefined || watched.thread !== thread) return;
    this.watched.delete(threadName);
    this.onThreadFailed(threadName, watched.hung ? new Error(`thread ${threadName} hung and was terminated`) : error);
  }

  private onThreadFailed(threadName: string, error: Error): void {
    const fatalActor = this.parts.fatalActorOf(threadName);
    if (fatalActor !== null || !this.budget(threadName).trySpend(this.parts.clock.monotonicMs())) {
      this.stopped = true;
      this.parts.onFatal(error, fatalActor ?? threadName);
      return;
    }
    this.parts.log.error(`thread ${threadName} failed and is replaced`, { err: error });
    this.replacing = this.replacing.then(() => this.replace(threadName));
  }

  private async replace(threadName: string): Promise<void> {
    if (this.stopped) return;
    try {
      await this.parts.replace(threadName);
    } catch (error) {
      // If the new incarnation has ended, its end was told to onEnd. If it lives but could not start, it is ended now.
      const watched = this.watched.get(threadName);
      if (watched === undefined) return;
      this.parts.log.error(`thread ${threadName} could not be started again`, { err: error });
      await watched.thread.terminate();
    }
  }

  private budget(threadName: string): RestartBudget {
    let budget = this.budgets.get(threadName);
    if (budget === undefined) {
      budget = new RestartBudget(this.parts.restartIntensity);
      this.budgets.set(threadName, budget);
    }
    return budget;
  }

  /** An idle thread has no heartbeat until it is rung: so it is rung, and must show one before the time is up. */
  private check(): void {
    const nowMs = this.parts.clock.monotonicMs();
    for (const watched of this.watched.values()) {
      const { doorbell } = watched.thread;
      const heartbeat = doorbell.heartbeat();
      if (doorbell.state !== ThreadState.running || heartbeat !== watched.heartbeat) {
        watched.heartbeat = heartbeat;
        watched.heartbeatChangedMs = nowMs;
      } else if (nowMs - watched.heartbeatChangedMs < watched.hangTimeoutMs) {
        watched.thread.rouse();
      } else if (!watched.hung) {
        watched.hung = true;
        void watched.thread.terminate();
      }
    }
  }
}
