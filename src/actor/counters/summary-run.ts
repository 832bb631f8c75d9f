/**
 * A summary on the hot path: values that come one per record and are mostly the same as the one before (the time of all that one read
 * of a socket brought) are counted in a run, and reach shared memory when another value comes or the batch ends. Lives with the summary,
 * on its owner's thread. Whoever adds flushes once per batch, or readers see the last run too late.
 */

import type { Summary } from './summary.js';

export class SummaryRun {
  private readonly summary: Summary;
  private value = 0;
  private times = 0;

  constructor(summary: Summary) {
    this.summary = summary;
  }

  add(value: number): void {
    if (value === this.value) {
      this.times++;
      return;
    }
    this.flush();
    this.value = value;
    this.times = 1;
  }

  flush(): void {
    this.summary.addMany(this.value, this.times);
    this.times = 0;
  }
}
