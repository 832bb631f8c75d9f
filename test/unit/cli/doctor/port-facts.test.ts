import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { silentLogger } from '../../../../src/actor/logger.js';
import { portsOf } from '../../../../src/cli/doctor/port-facts.js';
import { parseQuorumConfig } from '../../../../src/server/quorum-config.js';
import { loadServerConfig } from '../../../../src/server/server-config.js';
import { makeTempDir, type TempDir } from '../../../testing/temp-dir.js';

let dir: TempDir;
beforeEach(() => {
  dir = makeTempDir('port-facts');
});
afterEach(() => dir.remove());

function ports(lines: string): string[] {
  mkdirSync(join(dir.path, 'data'), { recursive: true });
  writeFileSync(join(dir.path, 'data/myid'), '2');
  const path = join(dir.path, 'zoo.cfg');
  writeFileSync(path, `dataDir=${dir.path}/data\n${lines}`);
  const config = loadServerConfig({ argv: [path], env: {}, coreCount: 2, log: silentLogger });
  const pairs = lines.split('\n').map((line) => line.split('=') as [string, string]);
  const own = parseQuorumConfig(new Map(pairs), true).servers.find(({ sid }) => sid === 2);
  return portsOf(config, own).map(({ name, host, port }) => `${name} ${host ?? '*'}:${port}`);
}

const PROMETHEUS = 'metricsProvider.className=org.apache.zookeeper.metrics.prometheus.PrometheusMetricsProvider\n';
const MEMBERS = 'server.1=a:1:2\nserver.2=b:3:4\nserver.3=c:5:6\ninitLimit=5\nsyncLimit=2\n';

it('a standalone server opens those of clients, the admin server and metrics', () => {
  expect(ports('clientPort=2181')).toEqual(['client port *:2181', 'admin port 127.0.0.1:8080']);
  expect(ports('clientPort=2181\nclientPortAddress=::1\nadmin.enableServer=false')).toEqual(['client port ::1:2181']);
  expect(ports(`${PROMETHEUS}metricsProvider.httpPort=7001\nadmin.serverPort=0`)).toEqual(['metrics port *:7001']);
});

it('a member opens those of its line as well', () => {
  const off = 'admin.enableServer=false\n';
  expect(ports(`${MEMBERS}${off}`)).toEqual(['quorum port b:3', 'election port b:4']);
  expect(ports(`${MEMBERS}${off}quorumListenOnAllIPs=true\nobserverMasterPort=9`)).toEqual([
    'quorum port *:3',
    'election port *:4',
    'observer master port *:9',
  ]);
});
