/**
 * A snapshot as Apache's default provider shows it (operations 4.1): the lines of `mntr` and the fields of `monitor`, in a stable order.
 * Pure; any thread. Whole numbers are whole whatever was recorded: the least is rounded down and the greatest up, so that the
 * average stays between them.
 */

import { valueAt } from '../actor/counters/log-linear-histogram.js';
import { SummaryCell } from '../actor/counters/metrics-layout.js';
import { javaDouble } from '../base/java-double.js';
import type { MetricFamily, MetricsSnapshot } from './metrics-reader.js';

/** One line of `mntr` without its `zk_`, or one field of `monitor`. */
export interface MetricFigure {
  readonly key: string;
  readonly value: number;
  /** Written with a point even if it is whole: scripts tell the kinds apart by it. */
  readonly isDouble: boolean;
}

const PERCENTILES = [
  ['p50', 0.5],
  ['p95', 0.95],
  ['p99', 0.99],
  ['p999', 0.999],
] as const;

export function defaultFigures(snapshot: MetricsSnapshot): MetricFigure[] {
  const figures: MetricFigure[] = [];
  for (const family of snapshot) addFigures(figures, family);
  return figures;
}

/** Those of one family, behind what is there already. */
export function addFigures(figures: MetricFigure[], { row, samples }: MetricFamily): void {
  for (const { key, value, cells } of samples) {
    const name = key === null ? row.name : `${key}_${row.name}`;
    if (cells === null) figures.push({ key: name, value, isDouble: row.isDouble === true });
    else addSummary(figures, name, cells, row.kind === 'advanced' || row.kind === 'advanced-set');
  }
}

export function figureText({ value, isDouble }: MetricFigure): string {
  return isDouble ? javaDouble(value) : String(value);
}

/** At most four decimals, half up. */
export function fourDecimals(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}

function addSummary(figures: MetricFigure[], name: string, cells: Float64Array, isAdvanced: boolean): void {
  const count = cells[SummaryCell.count];
  const sum = cells[SummaryCell.sum];
  const whole = (prefix: string, value: number): void => {
    figures.push({ key: `${prefix}_${name}`, value, isDouble: false });
  };
  figures.push({ key: `avg_${name}`, value: count === 0 ? 0 : fourDecimals(sum / count), isDouble: true });
  whole('min', count === 0 ? 0 : Math.floor(cells[SummaryCell.least]));
  whole('max', Math.ceil(cells[SummaryCell.greatest]));
  whole('cnt', count);
  whole('sum', Math.round(sum));
  if (!isAdvanced) return;
  const histogram = cells.subarray(SummaryCell.histogram);
  for (const [prefix, share] of PERCENTILES) whole(prefix, percentile(cells, histogram, share));
}

/** The middle of a cell may lie beyond the greatest value that fell into it. */
function percentile(cells: Float64Array, histogram: Float64Array, share: number): number {
  const value = Math.floor(valueAt(histogram, share, cells[SummaryCell.count]));
  return Math.min(value, Math.ceil(cells[SummaryCell.greatest]));
}
