/**
 * The Prometheus provider of a real server: its HTTP side, what promtool says of the page, `mntr` and `monitor` in its shape, scrapes while
 * clients are busy, and a port that is somebody else's.
 */
import { spawnSync } from 'node:child_process';
import { request as httpRequest } from 'node:http';
import { createServer } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { METRIC_CATALOGUE } from '../../src/metrics/metric-catalogue.js';
import { fourLetterWord } from '../testing/four-letter-word.js';
import { freePort } from '../testing/free-port.js';
import { mntrLines } from '../testing/mntr-lines.js';
import { requireTool } from '../testing/run-tool.js';
import { ServerProcess } from '../testing/server-process.js';
import { startThreadkeeper, threadkeeperServer } from '../testing/threadkeeper-server.js';
import { counted, Op, WireConnection } from '../testing/wire-connection.js';

const PROMTOOL = '/usr/bin/promtool';
const CLASS = 'org.apache.zookeeper.metrics.prometheus.PrometheusMetricsProvider';
const SCRAPES = 20;

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

let server: ServerProcess;
let metricsPort: number;
let adminPort: number;

beforeAll(async () => {
  requireTool(PROMTOOL, 'prometheus');
  [metricsPort, adminPort] = [await freePort(), await freePort()];
  server = await startThreadkeeper({
    cfg: {
      'metricsProvider.className': CLASS,
      'metricsProvider.httpHost': '127.0.0.1',
      'metricsProvider.httpPort': metricsPort,
      'admin.enableServer': 'true',
      'admin.serverPort': adminPort,
    },
  });
});
afterAll(() => server?.stop());

function ask(path: string, method = 'GET', port = metricsPort): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ host: '127.0.0.1', port, path, method, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (text: string) => {
        body += text;
      });
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, type: response.headers['content-type'] ?? '', body }),
      );
    });
    request.on('error', reject);
    request.end();
  });
}

/** A value of the page, by the whole name of its sample. */
function sampleValue(page: string, sample: string): number {
  const line = page.split('\n').find((text) => text.startsWith(`${sample} `));
  return line === undefined ? Number.NaN : Number(line.slice(sample.length + 1));
}

test('one path, for GET and POST; no other path and no TRACE', async () => {
  const { status, type, body } = await ask('/metrics');
  expect([status, type]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8']);
  expect(body).toMatch(/^# HELP .*\n# TYPE .*\n/);
  expect((await ask('/metrics', 'POST')).body).toContain('# TYPE znode_count gauge\nznode_count 5.0\n');
  expect(await ask('/metrics', 'HEAD')).toMatchObject({ status: 200, body: '' });
  for (const path of ['/', '/metrics/', '/metric', '/commands/monitor']) expect((await ask(path)).status).toBe(404);
  expect((await ask('/metrics', 'TRACE')).status).toBe(403);
  expect((await ask('/metrics', 'PUT')).status).toBe(405);
  const filtered = await ask('/metrics?name[]=znode_count&name%5B%5D=jvm_info');
  expect(filtered.body.split('\n').filter((line) => line.startsWith('# TYPE'))).toEqual([
    '# TYPE znode_count gauge',
    '# TYPE jvm_info gauge',
  ]);
});

test("promtool reads the page, and what it does not like are Apache's names", async () => {
  const { body } = await ask('/metrics');
  const { stdout, stderr, status } = spawnSync(PROMTOOL, ['check', 'metrics'], { input: body, encoding: 'utf8' });
  // 3: it was read, and there is something to complain of. What cannot be read is 1.
  expect(status).toBe(3);
  const complaints = `${stdout}${stderr}`.split('\n').filter((line) => line !== '');
  const apache = new Map(METRIC_CATALOGUE.map((row) => [row.name, row]));
  const others = complaints.filter((line) => {
    const row = apache.get(line.split(' ', 1)[0] as string);
    if (row === undefined) return true;
    if (line.includes('counter metrics should have "_total" suffix')) return row.kind !== 'counter';
    if (line.includes('should not have "_count" suffix')) return !row.name.endsWith('_count');
    return !(line.includes('should not contain abbreviated units') && row.name.endsWith('_ms'));
  });
  expect(others).toEqual([]);
});

test('the process and its memory are there, by the names that dashboards use', async () => {
  const { body } = await ask('/metrics');
  for (const sample of [
    'process_cpu_seconds_total',
    'process_start_time_seconds',
    'process_open_fds',
    'process_max_fds',
    'process_resident_memory_bytes',
    'process_virtual_memory_bytes',
    'jvm_memory_bytes_used{area="heap",}',
    'jvm_memory_bytes_committed{area="heap",}',
    'jvm_memory_bytes_max{area="heap",}',
    'jvm_memory_bytes_used{area="nonheap",}',
    'jvm_threads_current',
  ]) {
    expect(sampleValue(body, sample), sample).toBeGreaterThan(0);
  }
  expect(body).toMatch(/jvm_info\{version="v\d+[^"]*",vendor="Node\.js",runtime="[^"]+",\} 1\.0\n/);
  expect(body).toMatch(/# TYPE threadkeeper_actor_records_total counter\nthreadkeeper_actor_records_total\{actor="/);
  expect(body).not.toContain('leader_uptime');
});

test('mntr and monitor take the shape of the provider, and srst resets nothing', async () => {
  await fourLetterWord(server.port, 'srst');
  const lines = mntrLines(await fourLetterWord(server.port, 'mntr'));
  expect([...lines.keys()].slice(0, 2)).toEqual(['zk_version', 'zk_server_state']);
  expect(lines.get('zk_znode_count')?.value).toBe('5.0');
  expect([...lines.keys()].filter((key) => key.includes('threadkeeper'))).toEqual([]);
  for (const key of ['zk_readlatency{quantile="0.99"}', 'zk_fsynctime_sum', 'zk_jvm_threads_current']) {
    expect(lines.get(key)?.kind, key).toBe('double');
  }
  expect(
    [...lines.keys()].filter((key) => /^zk_(?:avg|min|max|cnt|sum|p\d+)_(?!latency|client|file)/.test(key)),
  ).toEqual([]);
  const { body } = await ask('/commands/monitor', 'GET', adminPort);
  const fields = JSON.parse(body) as Record<string, unknown>;
  expect(fields).toMatchObject({ server_state: 'standalone', znode_count: 5, command: 'monitor', error: null });
  expect(body).toContain('  "znode_count" : 5.0,\n');
});

test('scrapes while a client reads without a pause: every scrape is whole, and every read is answered', async () => {
  const connection = await WireConnection.openSession(server.port);
  let isScraping = true;
  const scraping = (async () => {
    for (let scrape = 0; scrape < SCRAPES; scrape++) {
      const { body } = await ask('/metrics');
      expect(body.endsWith('\n')).toBe(true);
      expect(sampleValue(body, 'packets_received')).toBeGreaterThan(0);
    }
  })().finally(() => {
    isScraping = false;
  });
  let reads = 0;
  while (isScraping) {
    expect((await connection.call(++reads, Op.GetData, counted('/zookeeper'), Uint8Array.of(0))).err).toBe(0);
  }
  await scraping;
  connection.destroy();
  expect(reads).toBeGreaterThan(SCRAPES);
});

test('a port that is taken ends the start with exit code 1 and says so', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => taken.once('listening', resolve));
  const { port } = taken.address() as { port: number };
  const refused = await ServerProcess.attempt(threadkeeperServer, {
    cfg: {
      'metricsProvider.className': CLASS,
      'metricsProvider.httpHost': '127.0.0.1',
      'metricsProvider.httpPort': port,
    },
  });
  taken.close();
  if (refused instanceof ServerProcess) {
    await refused.stop();
    throw new Error('it has started');
  }
  expect(refused.exit?.code).toBe(1);
  expect(refused.log).toMatch(/ERROR .*Cannot start \/metrics server/);
  expect(refused.log).toContain(`Cannot boot MetricsProvider ${CLASS}`);
  expect(refused.log.indexOf('Cannot start /metrics server')).toBeLessThan(
    refused.log.indexOf('Cannot boot MetricsProvider'),
  );
});
