import { beforeEach, expect, it } from 'vitest';
import { CounterSet } from '../../../src/actor/counters/counters.js';
import { createCountersBuffer } from '../../../src/actor/counters/counters-layout.js';
import { MetricSet } from '../../../src/actor/counters/metric-set.js';
import { createMetricsBuffer, KEYS_DEFAULT_MAX, metricsBytes } from '../../../src/actor/counters/metrics-layout.js';
import { encodeUtf8 } from '../../../src/base/utf8.js';
import { METRIC_CATALOGUE } from '../../../src/metrics/metric-catalogue.js';
import { expositionText, sampleKey } from '../../../src/metrics/prometheus/exposition.js';
import { PrometheusRegistry } from '../../../src/metrics/prometheus/prometheus-registry.js';
import type { ScrapeFacts } from '../../../src/metrics/prometheus/scrape-message.js';
import { WINDOW_COPIES } from '../../../src/metrics/sliding-windows.js';

const FACTS: ScrapeFacts = {
  gauges: { values: { znode_count: 7, avg_latency: 0.5 }, sets: {} },
  threads: [],
  families: [],
};

let set: MetricSet;
let registry: PrometheusRegistry;

beforeEach(() => {
  const [counters, metrics] = [
    createCountersBuffer(),
    createMetricsBuffer(metricsBytes(70, KEYS_DEFAULT_MAX, KEYS_DEFAULT_MAX, KEYS_DEFAULT_MAX)),
  ];
  set = new MetricSet(metrics, new CounterSet(counters));
  registry = new PrometheusRegistry({
    memory: { counters: { a: counters }, metrics: { a: metrics } },
    showsProcess: false,
  });
});

async function page(names: string[] | null = null, facts = FACTS): Promise<string> {
  return expositionText(await registry.families(facts), names === null ? null : new Set(names));
}

async function family(name: string, facts = FACTS): Promise<string> {
  const text = await page(null, facts);
  const start = text.indexOf(`# HELP ${name} `);
  const end = text.indexOf('# HELP', start + 1);
  return start < 0 ? '' : text.slice(start, end < 0 ? text.length : end);
}

it('writes families as the reference does: the name for a help, a comma behind labels, values as Java writes them', async () => {
  for (const value of [2, 2, 2, 2, 2, 18, 18]) set.summary('readlatency').add(value);
  expect(await family('readlatency')).toBe(
    '# HELP readlatency readlatency\n# TYPE readlatency summary\n' +
      'readlatency{quantile="0.5",} 2.0\nreadlatency{quantile="0.9",} 18.0\nreadlatency{quantile="0.99",} 18.0\n' +
      'readlatency_count 7.0\nreadlatency_sum 46.0\n',
  );
  expect(await family('znode_count')).toBe(
    '# HELP znode_count znode_count\n# TYPE znode_count gauge\nznode_count 7.0\n',
  );
  set.counter('bytes_received_count').add(17_430_848);
  expect(await family('bytes_received_count')).toMatch(/counter\nbytes_received_count 1\.7430848E7\n$/);
});

it('has one quantile for basic summaries, and NaN where nothing was recorded', async () => {
  expect(await family('fsynctime')).toBe(
    '# HELP fsynctime fsynctime\n# TYPE fsynctime summary\nfsynctime{quantile="0.5",} NaN\nfsynctime_count 0.0\nfsynctime_sum 0.0\n',
  );
});

it('labels samples of sets by their key, and shows sets without keys by their head alone', async () => {
  expect(await family('read_per_namespace')).toBe(
    '# HELP read_per_namespace read_per_namespace\n# TYPE read_per_namespace summary\n',
  );
  for (let i = 0; i < 5; i++) set.keyed('read_per_namespace').add(encodeUtf8('a"b\\'), 0, 4, 25);
  expect(await family('read_per_namespace')).toBe(
    '# HELP read_per_namespace read_per_namespace\n# TYPE read_per_namespace summary\n' +
      'read_per_namespace{key="a\\"b\\\\",quantile="0.5",} 25.0\n' +
      'read_per_namespace_count{key="a\\"b\\\\",} 5.0\nread_per_namespace_sum{key="a\\"b\\\\",} 125.0\n',
  );
  const sets = { quota_count_limit_per_namespace: { app: 100 } };
  expect(await family('quota_count_limit_per_namespace', { ...FACTS, gauges: { values: {}, sets } })).toMatch(
    /gauge\nquota_count_limit_per_namespace\{key="app",\} 100\.0\n$/,
  );
});

it('leaves out gauges that do not exist at this moment', async () => {
  expect(await family('leader_uptime')).toBe('');
  const values = { leader_uptime: 5 };
  expect(await family('leader_uptime', { ...FACTS, gauges: { values, sets: {} } })).toContain('leader_uptime 5.0');
});

it('has a family for every counter and summary of the catalogue', async () => {
  const text = await page();
  const absent = METRIC_CATALOGUE.filter(({ kind }) => kind !== 'gauge').filter(
    ({ name }) => !text.includes(`# TYPE ${name} `),
  );
  expect(absent).toEqual([]);
  expect(text.endsWith('\n')).toBe(true);
});

it('filters by names of samples', async () => {
  set.summary('readlatency').add(4);
  expect(await page(['readlatency_sum', 'znode_count', 'unheard_of'])).toBe(
    '# HELP znode_count znode_count\n# TYPE znode_count gauge\nznode_count 7.0\n' +
      '# HELP readlatency readlatency\n# TYPE readlatency summary\nreadlatency_sum 4.0\n',
  );
});

it('forgets in its quantiles what is older than the window, but not in its counts', async () => {
  set.summary('updatelatency').addMany(20, 100);
  for (let i = 0; i < WINDOW_COPIES; i++) registry.rotate();
  set.summary('updatelatency').addMany(3, 2);
  expect(await family('updatelatency')).toMatch(
    /\{quantile="0.5",\} 3.0\n.*\n.*\{quantile="0.99",\} 3.0\nupdatelatency_count 102.0\nupdatelatency_sum 2006.0\n$/,
  );
});

it('shows our own latencies as histograms with exact counts, in seconds', async () => {
  for (const ms of [0.015, 0.5, 0.6, 1, 7, 65_000, 70_000]) set.summary('fsynctime').add(ms);
  const text = await family('threadkeeper_log_sync_seconds');
  expect(text).toContain('# TYPE threadkeeper_log_sync_seconds histogram\n');
  const counts = [...text.matchAll(/_bucket\{le="([^"]+)",\} (\S+)/g)].map(([, le, count]) => `${le}: ${count}`);
  expect(counts.filter((_, i) => i % 4 === 0 || i > 20)).toEqual([
    '0.000015625: 1.0',
    '0.00025: 1.0',
    '0.004: 4.0',
    '0.064: 5.0',
    '1.024: 5.0',
    '16.384: 5.0',
    '32.768: 5.0',
    '65.536: 6.0',
    '+Inf: 7.0',
  ]);
  expect(text).toContain('threadkeeper_log_sync_seconds_count 7.0\n');
  expect(text).toMatch(/threadkeeper_log_sync_seconds_sum 135\.00911/);
});

it('gives mntr its keys with labels and without the last comma', async () => {
  set.summary('fsynctime').add(1);
  const samples = (await registry.families(FACTS)).flatMap((shown) => shown.samples);
  const keys = samples.map(sampleKey).filter((key) => key.startsWith('fsynctime') || key === 'znode_count');
  expect(keys).toEqual(['znode_count', 'fsynctime{quantile="0.5"}', 'fsynctime_count', 'fsynctime_sum']);
});
