/**
 * What one kind of event came to: how many, their sum, least, greatest and last, and how they are spread. The writer's side; lives on
 * the thread that owns the metric set it came from (metric-set.ts). Plain stores into shared memory: adding allocates nothing and
 * waits for nobody.
 */

import { histogramCell } from './log-linear-histogram.js';
import { SummaryCell } from './metrics-layout.js';

const { count, sum, least, greatest, last, histogram } = SummaryCell;

export class Summary {
  /** Invariant: once the count is above 0, least <= every value added since the last reset <= greatest. */
  private readonly cells: Float64Array;

  /** Over cells as metrics-layout.ts draws them. */
  constructor(cells: Float64Array) {
    this.cells = cells;
    if (cells[count] === 0) cells[least] = Number.POSITIVE_INFINITY;
  }

  /** A negative number counts as 0: a wall clock was set back. */
  add(value: number): void {
    addToCells(this.cells, value, 1);
  }

  /** The same value for several records, such as the waiting time of a batch. */
  addMany(value: number, times: number): void {
    if (times > 0) addToCells(this.cells, value, times);
  }

  reset(): void {
    resetCells(this.cells);
  }
}

/** `times` is above 0. */
export function addToCells(cells: Float64Array, given: number, times: number): void {
  const value = given > 0 ? given : 0;
  cells[count] += times;
  cells[sum] += value * times;
  if (value < cells[least]) cells[least] = value;
  if (value > cells[greatest]) cells[greatest] = value;
  cells[last] = value;
  cells[histogram + histogramCell(value)] += times;
}

export function resetCells(cells: Float64Array): void {
  // A set that was never used stays untouched memory.
  if (cells[count] === 0) return;
  cells.fill(0);
  cells[least] = Number.POSITIVE_INFINITY;
}
