/**
 * Everything the page for Prometheus shows: a registry of prom-client with the catalogue, our own histograms and the process, read as of
 * one moment per scrape. Lives on the provider's thread; reads shared memory and what it is given, and waits for nobody.
 */

import { Registry } from 'prom-client';
import { METRIC_CATALOGUE } from '../metric-catalogue.js';
import { MetricsReader, type MetricsSnapshot, NO_GAUGES } from '../metrics-reader.js';
import { SlidingWindows } from '../sliding-windows.js';
import { registerCatalogue, summaryId } from './catalogue-metrics.js';
import type { ExposedFamily } from './exposition.js';
import { registerOwnHistograms } from './own-histogram-metrics.js';
import { registerProcessMetrics } from './process-metrics.js';
import type { ProviderStart, ScrapeFacts } from './scrape-message.js';

const NO_FACTS: ScrapeFacts = { gauges: NO_GAUGES, threads: [], families: [] };
const PLAIN_GAUGES = new Set(METRIC_CATALOGUE.filter(({ kind }) => kind === 'gauge').map(({ name }) => name));

export class PrometheusRegistry {
  private readonly reader: MetricsReader;
  private readonly registry = new Registry();
  private readonly windows = new SlidingWindows();
  private facts = NO_FACTS;
  private snapshot: MetricsSnapshot;

  constructor({ memory, showsProcess }: Pick<ProviderStart, 'memory' | 'showsProcess'>) {
    this.reader = new MetricsReader(memory);
    this.snapshot = this.reader.read(NO_GAUGES);
    registerCatalogue(this.registry, () => ({
      snapshot: this.snapshot,
      recent: (id, cells) => this.windows.recent(id, cells, this.reader.resetCount()),
    }));
    registerOwnHistograms(this.registry, (source) => this.reader.summary(source));
    if (showsProcess) registerProcessMetrics(this.registry, () => this.facts.threads);
  }

  /** A part of the ten minutes that quantiles cover is over. */
  rotate(): void {
    const copies = new Map<string, Float64Array>();
    for (const { row, samples } of this.reader.read(NO_GAUGES)) {
      for (const { key, cells } of samples) if (cells !== null) copies.set(summaryId(row.name, key), cells);
    }
    this.windows.rotate(copies, this.reader.resetCount());
  }

  /** One scrape at a time: whoever calls waits for the one before. */
  async families(facts: ScrapeFacts): Promise<ExposedFamily[]> {
    this.facts = facts;
    this.snapshot = this.reader.read(facts.gauges);
    const metrics = await this.registry.getMetricsAsJSON();
    const families = metrics.map(({ name, help, type, values }): ExposedFamily => {
      const samples = (values as readonly GivenValue[]).map((given) => ({
        name: given.metricName ?? name,
        labels: given.labels,
        value: given.value,
      }));
      return { name, help, type: String(type), samples };
    });
    // A gauge that does not exist at this moment, such as the leader's on a follower, has no family either.
    const shown = families.filter(({ name, samples }) => samples.length > 0 || !PLAIN_GAUGES.has(name));
    return [...shown, ...facts.families];
  }
}

interface GivenValue {
  readonly metricName?: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}
