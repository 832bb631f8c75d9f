/**
 * What snapshot and restore by command have come to (operations 3.6): one block of the restorer's counters, in shared memory,
 * written on the main thread alone, read by whoever reads counters. The names are Apache ZooKeeper's metrics, the time of a
 * restore in the parts of which its summary consists.
 */
import type { CounterSet } from '../actor/counters/counters.js';

const NAMES = [
  'snapshot_error_count',
  'snapshot_rate_limited_count',
  'restore_error_count',
  'restore_rate_limited_count',
  'cnt_restore_time',
  'sum_restore_time',
  'min_restore_time',
  'max_restore_time',
] as const;

type CounterName =
  | 'snapshot_error_count'
  | 'snapshot_rate_limited_count'
  | 'restore_error_count'
  | 'restore_rate_limited_count';

export class AdminCounters {
  private readonly cells: Float64Array;

  constructor(counters: CounterSet) {
    this.cells = counters.registerBlock(NAMES);
  }

  increment(name: CounterName): void {
    this.add(name, 1);
  }

  addRestoreTime(tookMs: number): void {
    const { cells } = this;
    const count = this.add('cnt_restore_time', 1);
    this.add('sum_restore_time', tookMs);
    const min = NAMES.indexOf('min_restore_time');
    const max = NAMES.indexOf('max_restore_time');
    cells[min] = count === 1 ? tookMs : Math.min(cells[min] as number, tookMs);
    cells[max] = Math.max(cells[max] as number, tookMs);
  }

  private add(name: (typeof NAMES)[number], amount: number): number {
    const place = NAMES.indexOf(name);
    this.cells[place] = (this.cells[place] as number) + amount;
    return this.cells[place] as number;
  }
}
