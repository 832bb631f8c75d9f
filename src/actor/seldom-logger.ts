/**
 * A logger for what a stranger can make happen as often as he likes: of each kind of line one per interval is written, the others
 * are counted, and the next line that is written tells how many they were.
 *
 * Owned by whoever logs, on his thread. The kind is said by the caller, and is one of a few: never text from outside, or memory
 * would grow with what strangers think of.
 */
import type { Clock } from '../base/clock.js';
import type { Logger } from './logger.js';

const INTERVAL_MS = 10_000;

interface Kind {
  lastMs: number;
  silenced: number;
}

export class SeldomLogger {
  private readonly log: Logger;
  private readonly clock: Clock;
  private readonly intervalMs: number;
  private readonly kinds = new Map<string, Kind>();

  constructor(log: Logger, clock: Clock, intervalMs = INTERVAL_MS) {
    this.log = log;
    this.clock = clock;
    this.intervalMs = intervalMs;
  }

  warn(kind: string, message: string): void {
    const nowMs = this.clock.monotonicMs();
    const known = this.kinds.get(kind);
    if (known === undefined) {
      this.kinds.set(kind, { lastMs: nowMs, silenced: 0 });
      this.log.warn(message);
      return;
    }
    if (nowMs - known.lastMs < this.intervalMs) {
      known.silenced++;
      return;
    }
    this.log.warn(known.silenced === 0 ? message : `${message} (and ${known.silenced} more of this kind before)`);
    known.lastMs = nowMs;
    known.silenced = 0;
  }
}
