/**
 * What operators have standing around a ZooKeeper server, as Debian packages it, against ours: zktop, collectd, Prometheus,
 * HAProxy's check, Apache's zkServer.sh status, probes as they are written into manifests, and the admin port asked by curl. Each is
 * started once and has to see the server as it sees Apache's.
 */
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort } from '../testing/free-port.js';
import { InteractiveTool } from '../testing/interactive-tool.js';
import { repositoryRoot } from '../testing/repository-root.js';
import { requireTool, runTool } from '../testing/run-tool.js';
import type { ServerProcess } from '../testing/server-process.js';
import { makeTempDir, type TempDir } from '../testing/temp-dir.js';
import { startThreadkeeper } from '../testing/threadkeeper-server.js';
import { until } from '../testing/until.js';

const ZKTOP = '/usr/bin/zktop';
const COLLECTD = '/usr/sbin/collectd';
const PROMETHEUS = '/usr/bin/prometheus';
const HAPROXY = '/usr/sbin/haproxy';
const ZK_SERVER = '/usr/share/zookeeper/bin/zkServer.sh';
const ZK_CLI = join(repositoryRoot, 'dist/bundle/cli/zk-cli.js');
const DEADLINE_MS = 15_000;

let server: ServerProcess;
let adminPort: number;
let metricsPort: number;
let directory: TempDir;

beforeAll(async () => {
  requireTool(ZKTOP, 'zktop');
  requireTool(COLLECTD, 'collectd-core');
  requireTool(HAPROXY, 'haproxy');
  requireTool(PROMETHEUS, 'prometheus');
  requireTool(ZK_SERVER, 'zookeeper');
  directory = makeTempDir('around');
  [adminPort, metricsPort] = [await freePort(), await freePort()];
  server = await startThreadkeeper({
    cfg: {
      'admin.enableServer': 'true',
      'admin.serverPort': adminPort,
      'metricsProvider.className': 'org.apache.zookeeper.metrics.prometheus.PrometheusMetricsProvider',
      'metricsProvider.httpHost': '127.0.0.1',
      'metricsProvider.httpPort': metricsPort,
    },
  });
});
afterAll(async () => {
  await server?.stop();
  directory?.remove();
});

function written(name: string, text: string): string {
  const file = join(directory.path, name);
  writeFileSync(file, text);
  return file;
}

/** Says something to the client port as nc does: the whole of stdin, then the end of it; all that comes back. */
function netcat(text: string, port = server.port): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true }, () => socket.end(text));
    let reply = '';
    socket.setEncoding('latin1');
    socket.on('data', (part: string) => {
      reply += part;
    });
    socket.on('end', () => resolve(reply)).on('error', reject);
  });
}

test('zktop shows the server and its sessions', async () => {
  const command = `stty rows 24 cols 100; exec ${ZKTOP} --servers 127.0.0.1:${server.port}`;
  const zktop = new InteractiveTool('/usr/bin/script', ['-qefc', command, '/dev/null'], { TERM: 'xterm' });
  try {
    await zktop.answers(/Ensemble -- nodecount:5 zxid:0x[0-9a-f]+ sessions:1/);
    // Its only session is the connection on which it asks; S is the mode.
    await zktop.answers(new RegExp(`${server.port} S`));
    zktop.type('q');
    expect(await zktop.exits()).toBe(0);
  } finally {
    zktop.kill();
  }
});

test('HAProxy finds the server up by ruok, and clients go through it', async () => {
  const [front, stats, nobody] = [await freePort(), await freePort(), await freePort()];
  const file = written(
    'haproxy.cfg',
    `defaults
  mode tcp
  timeout connect 1s
  timeout client 5s
  timeout server 5s
frontend clients
  bind 127.0.0.1:${front}
  default_backend zookeeper
frontend stats
  mode http
  bind 127.0.0.1:${stats}
  stats enable
  stats uri /
backend zookeeper
  option tcp-check
  tcp-check send ruok
  tcp-check expect string imok
  server here 127.0.0.1:${server.port} check inter 50ms
  server absent 127.0.0.1:${nobody} check inter 50ms
`,
  );
  const haproxy = new InteractiveTool(HAPROXY, ['-db', '-f', file]);
  try {
    const states = await until('both servers checked', DEADLINE_MS, async () => {
      const table = await fetch(`http://127.0.0.1:${stats}/;csv`).then(
        (response) => response.text(),
        () => '',
      );
      const rows = table.split('\n').map((line) => line.split(','));
      const state = (name: string): string =>
        rows
          .find((row) => row[1] === name)
          ?.slice(17, 37)
          .join(',') ?? '';
      const both = [state('here'), state('absent')];
      return both[0].includes('L7OK') && both[1].includes('L4CON') ? both : undefined;
    });
    expect(states).toEqual([expect.stringMatching(/^UP/), expect.stringMatching(/^DOWN/)]);
    const args = [ZK_CLI, '-server', `127.0.0.1:${front}`, 'ls', '/'];
    const run = await runTool(process.execPath, args, { deadlineMs: DEADLINE_MS });
    expect([run.code, run.stdout.trimEnd().split('\n').at(-1)]).toEqual([0, '[zookeeper]']);
  } finally {
    haproxy.kill();
  }
});

test('collectd’s plugin reads mntr', async () => {
  const file = written(
    'collectd.conf',
    `Hostname "here"
BaseDir "${directory.path}"
PIDFile "${join(directory.path, 'collectd.pid')}"
TypesDB "/usr/share/collectd/types.db"
Interval 0.2
LoadPlugin csv
LoadPlugin zookeeper
<Plugin csv>
  DataDir "stdout"
</Plugin>
<Plugin zookeeper>
  Host "127.0.0.1"
  Port "${server.port}"
</Plugin>
`,
  );
  const collectd = new InteractiveTool('/usr/bin/stdbuf', ['-oL', COLLECTD, '-f', '-C', file]);
  const seen = new Map<string, string>();
  const wanted = [
    'bytes-approximate_data_size',
    'count-quorum',
    'current_connections',
    'file_handles-max',
    'file_handles-open',
    'gauge-ephemerals',
    'gauge-watch',
    'gauge-znode',
    'latency-avg',
    'latency-max',
    'latency-min',
    'packets-received',
    'packets-sent',
    'requests-outstanding',
  ];
  try {
    await until('every value', DEADLINE_MS, async () => {
      const [, name, value] = await collectd.answers(/PUTVAL here\/zookeeper\/(\S+) interval=\S+ [\d.]+:(\S+)/);
      seen.set(name, value);
      return wanted.every((each) => seen.has(each)) || undefined;
    });
  } finally {
    collectd.kill();
  }
  expect([...seen.keys()].sort()).toEqual(wanted);
  expect(Number(seen.get('gauge-znode'))).toBe(5);
  expect(Number(seen.get('packets-received'))).toBeGreaterThan(0);
});

test('Prometheus scrapes the provider, and can be asked what dashboards ask', async () => {
  const port = await freePort();
  const file = written(
    'prometheus.yml',
    `global:
  scrape_interval: 500ms
  scrape_timeout: 500ms
scrape_configs:
  - job_name: zookeeper
    static_configs:
      - targets: ['127.0.0.1:${metricsPort}']
`,
  );
  const prometheus = new InteractiveTool(PROMETHEUS, [
    `--config.file=${file}`,
    `--storage.tsdb.path=${join(directory.path, 'tsdb')}`,
    `--web.listen-address=127.0.0.1:${port}`,
  ]);
  const query = async (text: string): Promise<string | undefined> => {
    const url = `http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(text)}`;
    const response = await fetch(url).catch(() => null);
    if (!response?.ok) return undefined; // it does not listen yet, or is still reading its own files
    const answer = (await response.json()) as { data?: { result?: { value: [number, string] }[] } };
    return answer.data?.result?.[0]?.value[1];
  };
  try {
    expect(await until('a scrape', DEADLINE_MS, () => query('znode_count'))).toBe('5');
    // A scrape that a busy machine makes late takes all values away until the next one.
    for (const name of ['num_alive_connections', 'packets_received', 'watch_count', 'jvm_memory_bytes_used']) {
      expect(Number(await until(name, DEADLINE_MS, () => query(name))), name).toBeGreaterThanOrEqual(0);
    }
    await until('a server that is up', DEADLINE_MS, async () => (await query('up{job="zookeeper"}')) === '1');
  } finally {
    prometheus.kill();
  }
});

test('zkServer.sh status of Apache’s scripts finds the mode', async () => {
  const run = await runTool(ZK_SERVER, ['status', server.configFile], { deadlineMs: DEADLINE_MS });
  expect([run.code, run.stdout]).toEqual([
    0,
    `Client port found: ${server.port}. Client address: 127.0.0.1. Client SSL: false.\nMode: standalone\n`,
  ]);
});

test('probes: words with and without a line end, the connection half closed behind them', async () => {
  expect(await netcat('ruok')).toBe('imok');
  expect(await netcat('ruok\r\n')).toBe('imok');
  expect(await netcat('srvr\n')).toMatch(/^Mode: standalone$/m);
  const mntr = await netcat('mntr\n');
  expect(mntr.split('\n')[0]).toMatch(/^zk_version\t3\.9\.5-/);
  expect(mntr).toMatch(/^zk_server_state\tstandalone$/m);
  // What Telegraf, the Nagios plugins and Datadog's agent take lines apart by.
  const lines = mntr
    .trimEnd()
    .split('\n')
    .filter((line) => !line.includes('{')); // quantiles, which they pass over, as Apache's with this provider
  expect(lines.length).toBeGreaterThan(50);
  expect(lines.filter((line) => !/^zk_(\w[\w.-]*)\t\S/.test(line))).toEqual([]);
  // A connect and a close, as TCP probes do, costs the server nothing.
  expect(await netcat('')).toBe('');
});

test('probes of the admin port, as curl and grep see them', async () => {
  const curl = async (command: string): Promise<[string, string[]]> => {
    const url = `http://127.0.0.1:${adminPort}/commands/${command}`;
    const { stdout } = await runTool('/usr/bin/curl', ['-s', '-w', '\n%{http_code} %{content_type}', url], {
      deadlineMs: DEADLINE_MS,
    });
    const lines = stdout.split('\n');
    return [lines.pop() ?? '', lines];
  };
  const [status, lines] = await curl('ruok');
  expect(status).toBe('200 application/json');
  expect(lines.filter((line) => line.includes('ruok'))).not.toEqual([]);
  expect(lines).toContain('  "error" : null');
  const [, monitor] = await curl('monitor');
  expect(monitor).toContain('  "server_state" : "standalone",');
});
