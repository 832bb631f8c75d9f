/**
 * Our own histograms as metrics of prom-client's registry: cumulative counts, so that Prometheus makes windows and percentiles of any
 * length itself (`histogram_quantile`, `rate`). Bounds are powers of two, where cells of the recorded histogram begin, so the counts
 * are exact. Lives on the thread of the provider.
 */

import { Histogram, type Registry } from 'prom-client';
import { countBelow } from '../../actor/counters/log-linear-histogram.js';
import { SummaryCell } from '../../actor/counters/metrics-layout.js';
import { OWN_HISTOGRAMS, type OwnHistogram } from '../catalogue/own-histograms.js';

const MS_PER_S = 1000;
/** In milliseconds: 1/64 (16 us) to 65 536, in steps of two. */
const BOUNDS = Array.from({ length: 23 }, (_, step) => 2 ** (step - 6));

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

function samples({ name }: OwnHistogram, cells: Float64Array) {
  const histogram = cells.subarray(SummaryCell.histogram);
  const count = cells[SummaryCell.count];
  // Counts what is below a bound; what is equal to it falls into the next bucket, of which nobody will ever see the difference.
  const buckets = BOUNDS.map((bound) => ({ le: bound / MS_PER_S, count: countBelow(histogram, bound) }));
  return [
    ...buckets.map((bucket) => ({ metricName: `${name}_bucket`, labels: { le: bucket.le }, value: bucket.count })),
    { metricName: `${name}_bucket`, labels: { le: '+Inf' }, value: count },
    { metricName: `${name}_sum`, labels: {}, value: cells[SummaryCell.sum] / MS_PER_S },
    { metricName: `${name}_count`, labels: {}, value: count },
  ];
}
