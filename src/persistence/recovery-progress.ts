// Says how far a long start has come: a line every few seconds, none on a start that is over before.
// Owned by recovery, on its thread, which blocks meanwhile: nobody else could say anything.
// It decides nothing but whether a line is due, and never looks at files or the tree itself.

import type { Clock } from '../base/clock.js';

const LINE_EVERY_MS = 3000;

export class RecoveryProgress {
  private readonly clock: Clock;
  private readonly say: (message: string) => void;
  private lineDueMs: number;

  constructor(clock: Clock, say: (message: string) => void) {
    this.clock = clock;
    this.say = say;
    this.lineDueMs = clock.monotonicMs() + LINE_EVERY_MS;
  }

  /** Called some times a second at least; `done` of `total` bytes of the file, `count` nodes or transactions in all. */
  report(what: string, done: number, total: number, count: number, unit: string): void {
    const nowMs = this.clock.monotonicMs();
    if (nowMs < this.lineDueMs) return;
    this.lineDueMs = nowMs + LINE_EVERY_MS;
    const percent = total > 0 ? Math.min(100, Math.floor((done / total) * 100)) : 0;
    this.say(`${what}: ${percent} %, ${count} ${unit} so far`);
  }
}
