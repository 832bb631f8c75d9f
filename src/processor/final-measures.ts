/**
 * What operators are told of the final stage. Owned by it, on its thread. Times are those of batches, shared by the records in them.
 */

import type { ActorContext } from '../actor/actor.js';
import type { Counter } from '../actor/counters/counter.js';
import type { Summary } from '../actor/counters/summary.js';
import { SummaryRun } from '../actor/counters/summary-run.js';
import { readInt32 } from '../base/bytes.js';
import type { Clock } from '../base/clock.js';
import { numberFromHalves } from '../base/int64.js';
import { TXN_TIME } from '../protocol/txn-layout.js';
import { NamespaceMeasure } from './namespace-measure.js';

export class FinalMeasures {
  readonly writes: NamespaceMeasure;
  readonly digestMismatches: Counter;
  private readonly clock: Clock;
  /** From the transaction's own time, which is the leader's clock, to its being applied here. */
  private readonly propagation: SummaryRun;
  /** A member's only: the reference has them in its commit processor. */
  private readonly writeTime: Summary;
  private readonly readTime: Summary;
  private timeHi = 0;
  private timeLo = 0;
  private latencyMs = -1;
  private writeCount = 0;
  private isFresh = true;

  constructor(context: ActorContext) {
    const { metrics } = context;
    this.clock = context.clock;
    this.writes = new NamespaceMeasure(metrics.keyed('write_per_namespace'));
    this.digestMismatches = metrics.counter('digest_mismatches_count');
    this.propagation = new SummaryRun(metrics.summary('propagation_latency'));
    this.writeTime = metrics.summary('write_final_proc_time_ms');
    this.readTime = metrics.summary('read_final_proc_time_ms');
  }

  /** A transaction, before it is applied. Clocks that differ so that it comes from the future are not counted, as in the reference. */
  onTxn(bytes: Uint8Array, entry: number): void {
    this.writeCount++;
    const timeHi = readInt32(bytes, entry + TXN_TIME);
    const timeLo = readInt32(bytes, entry + TXN_TIME + 4);
    if (this.isFresh || timeLo !== this.timeLo || timeHi !== this.timeHi) {
      this.isFresh = false;
      this.timeHi = timeHi;
      this.timeLo = timeLo;
      this.latencyMs = this.clock.wallMs() - numberFromHalves(timeHi, timeLo);
    }
    if (this.latencyMs >= 0) this.propagation.add(this.latencyMs);
  }

  onMeasured(records: number, tookMs: number, isMember: boolean): void {
    const { writeCount } = this;
    this.propagation.flush();
    this.writes.flush();
    this.isFresh = true;
    this.writeCount = 0;
    if (!isMember) return;
    this.writeTime.addMany(tookMs / records, writeCount);
    this.readTime.addMany(tookMs / records, records - writeCount);
  }
}
