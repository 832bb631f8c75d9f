/**
 * All metrics of one moment, for whoever shows them: `mntr`, the admin command `monitor`, the page for Prometheus, our own page. Counters
 * and summaries come from the shared memory of all actors, added up; gauges are given. Any thread; asks nobody and waits for nobody.
 */

import { CountersReader } from '../actor/counters/counters-reader.js';
import { emptyCells, MetricSetReader } from '../actor/counters/metric-set-reader.js';
import { SummaryCell } from '../actor/counters/metrics-layout.js';
import type { MetricRow } from './catalogue/metric-row.js';
import { METRIC_CATALOGUE } from './metric-catalogue.js';

/** What somebody else has computed. A gauge that is not among them has no value at this moment. Cloneable. */
export interface GaugeFigures {
  readonly values: Readonly<Record<string, number>>;
  /** By the name of the set, then by key. */
  readonly sets: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

export const NO_GAUGES: GaugeFigures = { values: {}, sets: {} };

export interface MetricSample {
  /** Of a set; else null. */
  readonly key: string | null;
  /** Of gauges and counters; of a summary its count. */
  readonly value: number;
  /** Of a summary: a copy of its cells, as metrics-layout.ts draws them. */
  readonly cells: Float64Array | null;
}

export interface MetricFamily {
  readonly row: MetricRow;
  /** None: a gauge without a value, a set without keys. */
  readonly samples: readonly MetricSample[];
}

/** In the order of the catalogue. */
export type MetricsSnapshot = readonly MetricFamily[];

/** The memory that all actors record in. */
export interface MetricsMemory {
  /** By owner. */
  readonly counters: Readonly<Record<string, SharedArrayBuffer>>;
  readonly metrics: Readonly<Record<string, SharedArrayBuffer>>;
}

export class MetricsReader {
  private readonly counters: CountersReader;
  private readonly summaries: MetricSetReader;

  constructor(memory: MetricsMemory) {
    this.counters = new CountersReader(memory.counters);
    this.summaries = new MetricSetReader(Object.values(memory.metrics));
  }

  /** Everything there is, as copies. */
  read(gauges: GaugeFigures): MetricsSnapshot {
    const sums = this.counterSums();
    return METRIC_CATALOGUE.map((row) => ({ row, samples: this.samples(row, gauges, sums, emptyCells) }));
  }

  /** The same family by family, for who must not take long. The cells of a summary are good until the next one is asked for. */
  *families(gauges: GaugeFigures): Generator<MetricFamily, void> {
    const sums = this.counterSums();
    const scratch = emptyCells();
    const cleared = (): Float64Array => {
      scratch.fill(0);
      scratch[SummaryCell.least] = Number.POSITIVE_INFINITY;
      return scratch;
    };
    for (const row of METRIC_CATALOGUE) yield { row, samples: this.samples(row, gauges, sums, cleared) };
  }

  /** The summary of that name, whether the catalogue has it or not. */
  summary(name: string): Float64Array {
    const cells = emptyCells();
    this.summaries.addSummary(name, cells);
    return cells;
  }

  /** By key; whether the catalogue has it or not. */
  keyed(name: string): Map<string, Float64Array> {
    return this.summaries.keyed(name);
  }

  /** How often counting began anew. */
  resetCount(): number {
    return this.summaries.resetCount();
  }

  private samples(
    row: MetricRow,
    gauges: GaugeFigures,
    sums: ReadonlyMap<string, number>,
    newCells: () => Float64Array,
  ): MetricSample[] {
    const { name, kind } = row;
    switch (kind) {
      case 'gauge': {
        const value = gauges.values[name];
        return value === undefined ? [] : [{ key: null, value, cells: null }];
      }
      case 'gauge-set':
        return Object.entries(gauges.sets[name] ?? {}).map(([key, value]) => ({ key, value, cells: null }));
      case 'counter':
        return [{ key: null, value: sums.get(name) ?? 0, cells: null }];
      case 'counter-set':
        return [...this.keyed(name)].map(([key, cells]) => ({ key, value: cells[SummaryCell.sum], cells: null }));
      case 'basic':
      case 'advanced': {
        const cells = newCells();
        this.summaries.addSummary(name, cells);
        return [summarySample(null, cells)];
      }
      case 'basic-set':
      case 'advanced-set':
        return [...this.keyed(name)].map(([key, cells]) => summarySample(key, cells));
    }
  }

  /** By name, over all owners. */
  private counterSums(): Map<string, number> {
    const sums = new Map<string, number>();
    this.counters.forEach((_owner, name, value) => {
      sums.set(name, (sums.get(name) ?? 0) + value);
    });
    return sums;
  }
}

function summarySample(key: string | null, cells: Float64Array): MetricSample {
  return { key, value: cells[SummaryCell.count], cells };
}
