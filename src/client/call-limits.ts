// How long callers are willing to wait: a deadline, an AbortSignal, or both, for whatever they may give up. Owned by one
// ClientCnxn; lives on its thread. Only the few that have a limit are kept here, and only until they are settled; it never
// takes a request out of its place in the queue, and never looks at a clock without being told the time.

import type { Clock } from '../base/clock.js';
import { ErrorCode } from '../protocol/error-code.js';
import { AbortSignals } from './abort-signals.js';
import { KeeperError } from './keeper-error.js';
import type { Limited } from './outstanding-request.js';
import type { TurnScheduler } from './transport.js';

export class CallLimits {
  readonly abortSignals = new AbortSignals();
  private readonly clock: Clock;
  private readonly scheduler: TurnScheduler;
  // Each leaves when its promise is settled.
  private readonly deadlines = new Map<Limited, number>();
  // Invariant: no deadline is earlier; it may be that of a request that was answered meanwhile.
  private earliestMs = Number.POSITIVE_INFINITY;

  constructor(clock: Clock, scheduler: TurnScheduler) {
    this.clock = clock;
    this.scheduler = scheduler;
  }

  /** The earliest of all deadlines. */
  get nextDeadlineMs(): number {
    return this.earliestMs;
  }

  /** timeoutMs: from now on; 0 or less: none. onSettled: called once nobody waits any more, however that came. */
  add(
    request: Limited,
    timeoutMs: number,
    signal: AbortSignal | undefined,
    onSettled: (() => void) | null = null,
  ): void {
    const takeOffSignal =
      signal === undefined ? null : this.abortSignals.add(signal, () => request.abandon(signal.reason));
    if (timeoutMs > 0) {
      const deadlineMs = this.clock.monotonicMs() + timeoutMs;
      this.deadlines.set(request, deadlineMs);
      this.earliestMs = Math.min(this.earliestMs, deadlineMs);
      this.scheduler.requestTurn();
    }
    request.onSettled = () => {
      this.dropDeadline(request);
      takeOffSignal?.();
      onSettled?.();
    };
  }

  /**
   * Whoever waited too long is told so, and for what, while there is no session (`cause`). Looks at all that have a
   * deadline, but only when the earliest has come.
   */
  abandonOverdue(nowMs: number, cause: Error | null): void {
    if (nowMs < this.earliestMs) return;
    this.earliestMs = Number.POSITIVE_INFINITY;
    for (const [request, deadlineMs] of this.deadlines) {
      if (nowMs >= deadlineMs) request.abandon(new KeeperError(ErrorCode.RequestTimeout, request.path, cause));
      else this.earliestMs = Math.min(this.earliestMs, deadlineMs);
    }
  }

  private dropDeadline(request: Limited): void {
    this.deadlines.delete(request);
    if (this.deadlines.size === 0) this.earliestMs = Number.POSITIVE_INFINITY;
  }
}
