/**
 * Our own histograms as metrics of prom-client's registry: cumulative counts, so that Prometheus makes windows and percentiles of any
 * length itself (`histogram_quantile`, `rate`). Bounds are powers of two, where cells of the recorded histogram begin, so the counts
 * are exact. Lives on the thread of the provider.
 */

import { Histogram, type Registry } from 'prom-client';
import { countUpTo } from '../../actor/counters/log-linear-histogram.js';
import { SummaryCell } from '../../actor/counters/metrics-layout.js';
import { OWN_HISTOGRAMS, type OwnHistogram } from '../catalogue/own-histograms.js';

/** 16 us to 67 s, or 16 B to 64 MB, in steps of two. */
const BOUNDS = Array.from({ length: 23 }, (_, step) => 2 ** (step + 4));

/** `cellsOf` gives the summary of that name as it is now. */
export function registerOwnHistograms(registry: Registry, cellsOf: (source: string) => Float64Array): void {
  for (const histogram of OWN_HISTOGRAMS) {
    const { name, sentence, source } = histogram;
    const metric = new Histogram({ name, help: sentence, registers: [] });
    metric.get = async () => {
      const values = samples(histogram, cellsOf(source));
      return { name, help: sentence, type: 'histogram', aggregator: 'sum', values } as unknown as Awaited<
        ReturnType<Histogram['get']>
      >;
    };
    registry.registerMetric(metric);
  }
}

function samples({ name, scale }: OwnHistogram, cells: Float64Array) {
  const histogram = cells.subarray(SummaryCell.histogram);
  const count = cells[SummaryCell.count];
  // What is recorded is cut to whole numbers: everything below a power of two is at most that less one.
  const buckets = BOUNDS.map((bound) => ({ le: rounded(bound * scale), count: countUpTo(histogram, bound - 1) }));
  return [
    ...buckets.map((bucket) => ({ metricName: `${name}_bucket`, labels: { le: bucket.le }, value: bucket.count })),
    { metricName: `${name}_bucket`, labels: { le: '+Inf' }, value: count },
    { metricName: `${name}_sum`, labels: {}, value: cells[SummaryCell.sum] * scale },
    { metricName: `${name}_count`, labels: {}, value: count },
  ];
}

function rounded(bound: number): string {
  return String(Number(bound.toPrecision(6)));
}
