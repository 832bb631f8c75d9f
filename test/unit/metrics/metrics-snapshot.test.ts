import { describe, expect, it } from 'vitest';
import { CounterSet } from '../../../src/actor/counters/counters.js';
import { createCountersBuffer } from '../../../src/actor/counters/counters-layout.js';
import { MetricSet } from '../../../src/actor/counters/metric-set.js';
import { createMetricsBuffer, KEYS_DEFAULT_MAX, metricsBytes } from '../../../src/actor/counters/metrics-layout.js';
import { encodeUtf8 } from '../../../src/base/utf8.js';
import { addFigures, defaultFigures, figureText, type MetricFigure } from '../../../src/metrics/default-figures.js';
import { METRIC_CATALOGUE } from '../../../src/metrics/metric-catalogue.js';
import { MetricsReader, NO_GAUGES } from '../../../src/metrics/metrics-reader.js';

class Server {
  readonly sets: MetricSet[] = [];
  readonly reader: MetricsReader;

  constructor(actors: readonly string[]) {
    const counters = Object.fromEntries(actors.map((name) => [name, createCountersBuffer()]));
    const metrics = Object.fromEntries(
      actors.map((name) => [
        name,
        createMetricsBuffer(metricsBytes(70, KEYS_DEFAULT_MAX, KEYS_DEFAULT_MAX, KEYS_DEFAULT_MAX)),
      ]),
    );
    for (const name of actors) {
      this.sets.push(
        new MetricSet(metrics[name] as SharedArrayBuffer, new CounterSet(counters[name] as SharedArrayBuffer)),
      );
    }
    this.reader = new MetricsReader({ counters, metrics });
  }

  lines(gauges = NO_GAUGES): string[] {
    return defaultFigures(this.reader.read(gauges)).map((figure) => `${figure.key} ${figureText(figure)}`);
  }

  linesOf(name: string): string[] {
    return this.lines().filter((line) => line.includes(name));
  }
}

describe('the catalogue', () => {
  it('has each name once, as many of each kind as the reference', () => {
    const count = (kind: string): number => METRIC_CATALOGUE.filter((row) => row.kind === kind).length;
    expect(new Set(METRIC_CATALOGUE.map(({ name }) => name)).size).toBe(METRIC_CATALOGUE.length);
    expect(METRIC_CATALOGUE.filter(({ kind, scope }) => kind === 'gauge' && scope === 'always')).toHaveLength(24);
    expect(count('counter')).toBe(51);
    expect(count('basic')).toBe(42);
    expect(count('advanced')).toBe(23);
    expect([count('gauge-set'), count('counter-set'), count('basic-set'), count('advanced-set')]).toEqual([4, 1, 3, 2]);
  });

  it('has every name that the alert examples and dashboards of the reference use', () => {
    const used =
      'znode_count num_alive_connections approximate_data_size watch_count election_time_count open_file_descriptor_count ' +
      'max_file_descriptor_count fsynctime_sum snapshottime_sum avg_latency max_latency min_latency outstanding_requests ' +
      'packets_received packets_sent global_sessions local_sessions ephemerals_count quorum_size synced_followers ' +
      'synced_observers learners pending_syncs leader_uptime uptime readlatency updatelatency proposal_count commit_count ' +
      'connection_drop_count connection_rejected stale_sessions_expired looking_count unavailable_time_sum jvm_pause_time_ms_sum';
    const samples = METRIC_CATALOGUE.flatMap(({ name, kind }) =>
      /basic|advanced/.test(kind) ? [name, `${name}_count`, `${name}_sum`] : [name],
    );
    expect(used.split(' ').filter((name) => !samples.includes(name))).toEqual([]);
  });

  it('says something of each, as a sentence', () => {
    for (const { name, sentence } of METRIC_CATALOGUE) expect(sentence, name).toMatch(/^[A-Z\d(].+\.$|^sync .+\.$/);
  });
});

describe('figures', () => {
  it('are the same read family by family as read at once', () => {
    const server = new Server(['sync', 'final']);
    for (const [i, set] of server.sets.entries()) {
      set.counter('commit_count').add(3);
      set.keyed('read_per_namespace').add(encodeUtf8('app'), 0, 3, 30 + i);
      for (const name of ['fsynctime', 'readlatency']) set.summary(name).addMany(5 * i, 7);
    }
    const figures: MetricFigure[] = [];
    for (const family of server.reader.families(NO_GAUGES)) addFigures(figures, family);
    expect(figures).toEqual(defaultFigures(server.reader.read(NO_GAUGES)));
  });

  it('are there from the start, with 0: 468 of them, and the 24 gauges and two lines of a standalone server', () => {
    const lines = new Server(['prep']).lines();
    expect(lines).toHaveLength(494 - 24 - 2);
    expect(lines.filter((line) => !/ 0(?:\.0)?$/.test(line))).toEqual([]);
    expect(lines.filter((line) => line.startsWith('avg_')).every((line) => line.endsWith(' 0.0'))).toBe(true);
  });

  it('are added up over all actors', () => {
    const server = new Server(['connections.0', 'connections.1']);
    for (const [shard, set] of server.sets.entries()) {
      set.counter('bytes_received_count').add(100 + shard);
      for (let value = 1; value <= 100; value++) set.summary('readlatency').add(value * (shard + 1));
    }
    expect(server.linesOf('bytes_received_count')).toEqual(['bytes_received_count 201']);
    expect(server.linesOf('readlatency')).toEqual([
      'avg_readlatency 75.75',
      'min_readlatency 1',
      'max_readlatency 200',
      'cnt_readlatency 200',
      'sum_readlatency 15150',
      'p50_readlatency 66', // 67 by the list: as near as its cell
      'p95_readlatency 180',
      'p99_readlatency 196',
      'p999_readlatency 200',
    ]);
  });

  it('are whole however they were measured, and the average stays between least and greatest', () => {
    const server = new Server(['sync']);
    const [set] = server.sets as [MetricSet];
    set.summary('fsynctime').add(0.4);
    set.summary('fsynctime').add(1.3);
    expect(server.linesOf('fsynctime')).toEqual([
      'avg_fsynctime 0.85',
      'min_fsynctime 0',
      'max_fsynctime 2',
      'cnt_fsynctime 2',
      'sum_fsynctime 2',
    ]);
    set.summary('snapshottime').addMany(1, 2);
    set.summary('snapshottime').add(2);
    expect(server.linesOf('avg_snapshottime')).toEqual(['avg_snapshottime 1.3333']);
  });

  it('of a set have the key in front of the name', () => {
    const server = new Server(['final']);
    const [set] = server.sets as [MetricSet];
    set.keyed('write_per_namespace').add(encodeUtf8('app'), 0, 3, 30);
    set.keyed('quota_exceeded_error_per_namespace').add(encodeUtf8('app'), 0, 3, 1);
    set.keyed('quota_exceeded_error_per_namespace').add(encodeUtf8('app'), 0, 3, 1);
    set.keyed('ack_latency').add(encodeUtf8('2'), 0, 1, 5);
    expect(server.linesOf('_per_namespace')).toEqual([
      'app_quota_exceeded_error_per_namespace 2',
      'avg_app_write_per_namespace 30.0',
      'min_app_write_per_namespace 30',
      'max_app_write_per_namespace 30',
      'cnt_app_write_per_namespace 1',
      'sum_app_write_per_namespace 30',
    ]);
    expect(server.linesOf('2_ack_latency')).toHaveLength(9);
  });

  it('show gauges as they are given, and leave out what has no value', () => {
    const sets = { quota_count_limit_per_namespace: { app: 100, other: -1 } };
    const lines = new Server(['prep']).lines({ values: { avg_latency: 3, uptime: 17, unheard_of: 1 }, sets });
    expect(lines.slice(0, 4)).toEqual([
      'avg_latency 3.0',
      'uptime 17',
      'app_quota_count_limit_per_namespace 100',
      'other_quota_count_limit_per_namespace -1',
    ]);
    expect(lines).toHaveLength(468 + 4);
  });
});
