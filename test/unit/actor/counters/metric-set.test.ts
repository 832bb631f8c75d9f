import { expect, test } from 'vitest';
import { CounterSet } from '../../../../src/actor/counters/counters.js';
import { createCountersBuffer } from '../../../../src/actor/counters/counters-layout.js';
import { CountersReader } from '../../../../src/actor/counters/counters-reader.js';
import { valueAt } from '../../../../src/actor/counters/log-linear-histogram.js';
import { MetricSet } from '../../../../src/actor/counters/metric-set.js';
import { emptyCells, MetricSetReader, OTHER_KEYS } from '../../../../src/actor/counters/metric-set-reader.js';
import {
  createMetricsBuffer,
  KEY_BYTES_MAX,
  KEYS_DEFAULT_MAX,
  metricsBytes,
  SLOT_BYTES,
  SummaryCell,
} from '../../../../src/actor/counters/metrics-layout.js';
import { encodeUtf8 } from '../../../../src/base/utf8.js';

class Owner {
  readonly counters = createCountersBuffer();
  readonly metrics: SharedArrayBuffer;

  constructor(bytes?: number) {
    this.metrics = createMetricsBuffer(bytes ?? metricsBytes(8, KEYS_DEFAULT_MAX));
  }

  attach(): MetricSet {
    return new MetricSet(this.metrics, new CounterSet(this.counters));
  }
}

function summaryOf(reader: MetricSetReader, name: string): Record<string, number> {
  const cells = emptyCells();
  reader.addSummary(name, cells);
  return figures(cells);
}

function figures(cells: Float64Array): Record<string, number> {
  const { count, sum, least, greatest, last, histogram } = SummaryCell;
  const median = Math.floor(valueAt(cells.subarray(histogram), 0.5));
  return {
    count: cells[count],
    sum: cells[sum],
    least: cells[least],
    greatest: cells[greatest],
    last: cells[last],
    median,
  };
}

test('a summary is what was added to it by all its owners', () => {
  const [a, b] = [new Owner(), new Owner()];
  const reader = new MetricSetReader([a.metrics, b.metrics]);
  const [ofA, ofB] = [a.attach().summary('readlatency'), b.attach().summary('readlatency')];
  ofA.add(3);
  ofA.addMany(5, 4);
  ofA.addMany(1000, 0);
  ofB.add(100);
  expect(summaryOf(reader, 'readlatency')).toEqual({
    count: 6,
    sum: 123,
    least: 3,
    greatest: 100,
    last: 100,
    median: 5,
  });
  expect(summaryOf(reader, 'unheard_of')).toMatchObject({ count: 0, least: Number.POSITIVE_INFINITY });
});

test('what is below 0 counts as 0, and fractions count in the sum', () => {
  const owner = new Owner();
  const summary = owner.attach().summary('propagation_latency');
  summary.add(-7);
  summary.add(Number.NaN);
  summary.add(2.5);
  const reader = new MetricSetReader([owner.metrics]);
  expect(summaryOf(reader, 'propagation_latency')).toEqual({
    count: 3,
    sum: 2.5,
    least: 0,
    greatest: 2.5,
    last: 2.5,
    median: 0,
  });
});

test('a counter is one of its owner, also if it is counted there already', () => {
  const owner = new Owner();
  const counters = new CounterSet(owner.counters);
  const cells = counters.registerBlock(['packets_received', 'throttled_ops']);
  cells[1] += 2;
  const counter = new MetricSet(owner.metrics, counters).counter('throttled_ops');
  counter.increment();
  counter.add(4);
  expect(counter.value).toBe(7);
  expect(new CountersReader({ owner: owner.counters }).get('owner', 'throttled_ops')).toBe(7);
});

test('keys are told apart by all of their bytes, and come in the order in which they were first seen', () => {
  const owner = new Owner();
  const keyed = owner.attach().keyed('read_per_namespace');
  const path = encodeUtf8('/app/a/bé/ap/');
  const add = (from: number, to: number, value: number): void => keyed.add(path, from, to - from, value);
  add(1, 4, 10); // app
  add(1, 4, 20);
  add(1, 3, 5); // ap
  add(7, 10, 7); // bé
  add(11, 13, 1); // ap
  add(1, 4, 30);
  const read = new MetricSetReader([owner.metrics]).keyed('read_per_namespace');
  expect([...read.keys()]).toEqual(['app', 'ap', 'bé']);
  expect(figures(read.get('app') as Float64Array)).toEqual({
    count: 3,
    sum: 60,
    least: 10,
    greatest: 30,
    last: 30,
    median: 20,
  });
  expect(read.get('ap')?.[SummaryCell.sum]).toBe(6);
});

test('keys beyond the bound, and keys that are too long, are counted together', () => {
  const owner = new Owner();
  const keyed = owner.attach().keyed('ack_latency', 3);
  const add = (key: string, value: number): void => {
    const bytes = encodeUtf8(key);
    keyed.add(bytes, 0, bytes.length, value);
  };
  add('x'.repeat(KEY_BYTES_MAX + 1), 100);
  for (const key of ['1', '2', '3', '4', '4', '5', '1']) add(key, 1);
  const read = new MetricSetReader([owner.metrics]).keyed('ack_latency');
  const counts = [...read].map(([key, cells]) => [key, cells[SummaryCell.count], cells[SummaryCell.sum]]);
  expect(counts).toEqual([
    ['1', 2, 2],
    ['2', 1, 1],
    ['3', 1, 1],
    [OTHER_KEYS, 4, 103],
  ]);
});

test('many keys with the same beginning are all found again', () => {
  const owner = new Owner();
  const keyed = owner.attach().keyed('write_per_namespace');
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 256; i++) {
      const bytes = encodeUtf8(`namespace-${i}`);
      keyed.add(bytes, 0, bytes.length, i);
    }
  }
  const read = new MetricSetReader([owner.metrics]).keyed('write_per_namespace');
  expect(read.size).toBe(256);
  for (let i = 0; i < 256; i++) {
    expect(read.get(`namespace-${i}`)?.subarray(0, 4)).toEqual(Float64Array.of(3, 3 * i, i, i));
  }
});

test('a new owner of the memory goes on with the values and keys of the one before', () => {
  const owner = new Owner();
  const key = encodeUtf8('1');
  for (let incarnation = 1; incarnation <= 3; incarnation++) {
    const metrics = owner.attach();
    metrics.summary('sync_process_time').add(incarnation);
    metrics.keyed('ack_latency').add(key, 0, 1, incarnation);
  }
  const reader = new MetricSetReader([owner.metrics]);
  expect(summaryOf(reader, 'sync_process_time')).toMatchObject({ count: 3, sum: 6, least: 1, greatest: 3 });
  expect(reader.keyed('ack_latency').get('1')?.[SummaryCell.sum]).toBe(6);
});

test('asking for a name again gives the same summary, and a reader sees what is registered later', () => {
  const owner = new Owner();
  const metrics = owner.attach();
  const reader = new MetricSetReader([owner.metrics]);
  expect(reader.addSummary('late', emptyCells())).toBe(false);
  expect(metrics.summary('late')).toBe(metrics.summary('late'));
  metrics.summary('late').add(1);
  expect(summaryOf(reader, 'late')).toMatchObject({ count: 1 });
});

test('a reset forgets everything but the names, and shows that it happened', () => {
  const owner = new Owner();
  const metrics = owner.attach();
  const reader = new MetricSetReader([owner.metrics]);
  const key = encodeUtf8('app');
  metrics.counter('commit_count').add(3);
  metrics.summary('readlatency').add(3);
  metrics.keyed('read_per_namespace').add(key, 0, 3, 3);
  const before = reader.resetCount();
  metrics.reset();
  expect(reader.resetCount()).toBe(before + 1);
  expect(metrics.counter('commit_count').value).toBe(0);
  expect(summaryOf(reader, 'readlatency')).toMatchObject({ count: 0, sum: 0, greatest: 0, median: 0 });
  expect(reader.keyed('read_per_namespace').get('app')?.[SummaryCell.count]).toBe(0);

  metrics.summary('readlatency').add(8);
  metrics.keyed('read_per_namespace').add(key, 0, 3, 9);
  expect(summaryOf(reader, 'readlatency')).toEqual({ count: 1, sum: 8, least: 8, greatest: 8, last: 8, median: 8 });
  expect(reader.keyed('read_per_namespace').get('app')?.[SummaryCell.least]).toBe(9);
});

test('what does not fit or changes its kind is a mistake of ours', () => {
  const metrics = new Owner(SLOT_BYTES + 1024).attach();
  metrics.summary('first');
  expect(() => metrics.summary('second')).toThrow(/no room for metric second/);
  expect(() => metrics.keyed('first')).toThrow(/another kind/);
});
