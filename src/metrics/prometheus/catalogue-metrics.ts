/**
 * The catalogue as metrics of prom-client's registry: a metric there is asked for its values, and these answer from the snapshot that
 * was taken for the scrape. Lives on the thread of the provider. Nothing is ever recorded through them.
 */

import {
  Counter,
  Gauge,
  type MetricObjectWithValues,
  type MetricValueWithName,
  type Registry,
  Summary,
} from 'prom-client';
import { valueAt } from '../../actor/counters/log-linear-histogram.js';
import { SummaryCell } from '../../actor/counters/metrics-layout.js';
import type { MetricRow } from '../catalogue/metric-row.js';
import { METRIC_CATALOGUE } from '../metric-catalogue.js';
import type { MetricSample, MetricsSnapshot } from '../metrics-reader.js';

type Values = MetricObjectWithValues<MetricValueWithName<string>>;

const BASIC_QUANTILES = [0.5];
const ADVANCED_QUANTILES = [0.5, 0.9, 0.99];

export interface SnapshotOfScrape {
  readonly snapshot: MetricsSnapshot;
  /** Within the window; `id` is that of `summaryId`. */
  recent(id: string, cells: Float64Array): Float64Array;
}

export function summaryId(name: string, key: string | null): string {
  return key === null ? name : `${name}\n${key}`;
}

/** Registers everything the catalogue has; `scrape` gives what was read for the scrape under way. */
export function registerCatalogue(registry: Registry, scrape: () => SnapshotOfScrape): void {
  METRIC_CATALOGUE.forEach((row, index) => {
    const values = (): Values => {
      const { snapshot, recent } = scrape();
      const { samples } = snapshot[index];
      // A gauge that has no value is shown as 0, so that a rule on it does not lose its series.
      const shown = row.kind === 'gauge' && samples.length === 0 ? (row.scope === 'always' ? [NOTHING] : []) : samples;
      return {
        name: row.name,
        help: row.name,
        type: metricType(row),
        aggregator: 'sum',
        values: shown.flatMap((sample) => exposed(row, sample, recent)),
      } as unknown as Values;
    };
    registry.registerMetric(metricOf(row, values));
  });
}

const NOTHING: MetricSample = { key: null, value: 0, cells: null };

function metricType({ kind }: MetricRow): 'gauge' | 'counter' | 'summary' {
  if (kind === 'gauge' || kind === 'gauge-set') return 'gauge';
  return kind === 'counter' || kind === 'counter-set' ? 'counter' : 'summary';
}

/** Not registered anywhere by itself. */
function metricOf(row: MetricRow, values: () => Values): Gauge | Counter | Summary {
  const configuration = { name: row.name, help: row.name, registers: [] };
  const type = metricType(row);
  const metric =
    type === 'gauge'
      ? new Gauge(configuration)
      : type === 'counter'
        ? new Counter(configuration)
        : new Summary(configuration);
  metric.get = async () => values();
  return metric;
}

function exposed(
  row: MetricRow,
  { key, value, cells }: MetricSample,
  recent: SnapshotOfScrape['recent'],
): MetricValueWithName<string>[] {
  const { name } = row;
  const labels: Record<string, string> = key === null ? {} : { key };
  if (cells === null) return [{ metricName: name, labels, value }];
  const window = recent(summaryId(name, key), cells);
  const isAdvanced = row.kind === 'advanced' || row.kind === 'advanced-set';
  const quantiles = (isAdvanced ? ADVANCED_QUANTILES : BASIC_QUANTILES).map((quantile) => ({
    metricName: name,
    labels: { ...labels, quantile },
    value: recentQuantile(window, quantile),
  }));
  return [
    ...quantiles,
    { metricName: `${name}_count`, labels, value },
    { metricName: `${name}_sum`, labels, value: cells[SummaryCell.sum] },
  ];
}

function recentQuantile(window: Float64Array, quantile: number): number {
  const count = window[SummaryCell.count];
  return count === 0 ? Number.NaN : Math.floor(valueAt(window.subarray(SummaryCell.histogram), quantile, count));
}
