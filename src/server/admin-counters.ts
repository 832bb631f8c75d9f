/**
 * What the AdminServer counts for operators (operations 3, 4.3): snapshots and restores by command, and plain requests to a port that
 * also speaks TLS. Among the metrics of the restorer, which lives on the main thread, too: that thread alone records here.
 */
import type { Counter } from '../actor/counters/counter.js';
import type { MetricSet } from '../actor/counters/metric-set.js';
import type { Summary } from '../actor/counters/summary.js';

const NAMES = [
  'snapshot_error_count',
  'snapshot_rate_limited_count',
  'restore_error_count',
  'restore_rate_limited_count',
  'insecure_admin_count',
] as const;
type CounterName = (typeof NAMES)[number];

export class AdminCounters {
  private readonly counters: ReadonlyMap<CounterName, Counter>;
  private readonly restoreTime: Summary;

  constructor(metrics: MetricSet) {
    this.counters = new Map(NAMES.map((name) => [name, metrics.counter(name)]));
    this.restoreTime = metrics.summary('restore_time');
  }

  increment(name: CounterName): void {
    this.counters.get(name)?.increment();
  }

  addRestoreTime(tookMs: number): void {
    this.restoreTime.add(tookMs);
  }
}
