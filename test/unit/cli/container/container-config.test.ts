import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../../../../src/actor/logger.js';
import { containerConfig } from '../../../../src/cli/container/container-config.js';
import { prepareFiles } from '../../../../src/cli/container/container-entrypoint.js';
import { ContainerEnvironment } from '../../../../src/cli/container/container-environment.js';
import { configLines } from '../../../../src/server/config-check/config-line.js';
import { keyAdvice } from '../../../../src/server/config-check/key-advice.js';
import { loadServerConfig } from '../../../../src/server/server-config.js';
import { makeTempDir, type TempDir } from '../../../testing/temp-dir.js';

const FILES: Readonly<Record<string, string>> = { '/run/secrets/store': 'hunter2\n', '/run/two': 'a\nb' };

function config(variables: Record<string, string>) {
  return containerConfig(
    new ContainerEnvironment(variables, (path) => {
      const text = FILES[path];
      if (text === undefined) throw new Error(`${path} is missing`);
      return text;
    }),
  );
}

function lines(variables: Record<string, string>): string[] {
  return config(variables).zooCfg.trimEnd().split('\n');
}

const DEFAULTS = [
  'dataDir=/data',
  'dataLogDir=/datalog',
  'tickTime=2000',
  'initLimit=5',
  'syncLimit=2',
  'maxClientCnxns=60',
  'autopurge.snapRetainCount=3',
  'autopurge.purgeInterval=0',
  'standaloneEnabled=true',
  'admin.enableServer=true',
  'server.1=localhost:2888:3888;2181',
];

describe('zoo.cfg of a container', () => {
  it('without a variable is that of the official image', () => {
    expect(lines({})).toEqual(DEFAULTS);
    expect(config({})).toMatchObject({
      confDir: '/conf',
      logDir: '/logs',
      myid: '1',
      variables: { ZOOCFGDIR: '/conf' },
    });
    expect(lines({ ZOO_TICK_TIME: '', ZOO_SERVERS: ' ' })).toEqual(DEFAULTS);
  });

  it('has every variable of the official image', () => {
    const variables = {
      ZOO_CONF_DIR: '/c',
      ZOO_DATA_DIR: '/d',
      ZOO_DATA_LOG_DIR: '/dl',
      ZOO_LOG_DIR: '/l',
      ZOO_TICK_TIME: '1000',
      ZOO_INIT_LIMIT: '10',
      ZOO_SYNC_LIMIT: '4',
      ZOO_MAX_CLIENT_CNXNS: '0',
      ZOO_AUTOPURGE_PURGEINTERVAL: '1',
      ZOO_AUTOPURGE_SNAPRETAINCOUNT: '5',
      ZOO_STANDALONE_ENABLED: 'false',
      ZOO_ADMINSERVER_ENABLED: 'false',
      ZOO_SERVERS: 'server.1=zk1:2888:3888;2181 server.2=zk2:2888:3888;2181',
      ZOO_4LW_COMMANDS_WHITELIST: 'srvr, mntr',
      ZOO_CFG_EXTRA: 'preAllocSize=1024  snapCount=5\nreconfigEnabled=true',
      ZOO_MY_ID: '2',
    };
    expect(lines(variables)).toEqual([
      'dataDir=/d',
      'dataLogDir=/dl',
      'tickTime=1000',
      'initLimit=10',
      'syncLimit=4',
      'maxClientCnxns=0',
      'autopurge.snapRetainCount=5',
      'autopurge.purgeInterval=1',
      'standaloneEnabled=false',
      '4lw.commands.whitelist=srvr, mntr',
      'admin.enableServer=false',
      'server.1=zk1:2888:3888;2181',
      'server.2=zk2:2888:3888;2181',
      'preAllocSize=1024',
      'snapCount=5',
      'reconfigEnabled=true',
    ]);
    expect(config(variables)).toMatchObject({
      confDir: '/c',
      dataDir: '/d',
      dataLogDir: '/dl',
      logDir: '/l',
      myid: '2',
      variables: { ZOOCFGDIR: '/c', ZOO_LOG_DIR: '/l' },
    });
  });

  it.each<[line: string, variables: Record<string, string>]>([
    ['clientPort=2281', { ZOO_PORT_NUMBER: '2281' }],
    ['maxCnxns=7', { ZOO_MAX_CNXNS: '7' }],
    ['maxSessionTimeout=40000', { ZOO_MAX_SESSION_TIMEOUT: '40000' }],
    ['preAllocSize=1', { ZOO_PRE_ALLOC_SIZE: '1' }],
    ['snapCount=9', { ZOO_SNAPCOUNT: '9' }],
    ['quorumListenOnAllIPs=true', { ZOO_LISTEN_ALLIPS_ENABLED: 'yes' }],
    ['quorumListenOnAllIPs=false', { ZOO_LISTEN_ALLIPS_ENABLED: 'no' }],
    ['autopurge.purgeInterval=2', { ZOO_AUTOPURGE_INTERVAL: '2' }],
    ['autopurge.snapRetainCount=4', { ZOO_AUTOPURGE_RETAIN_COUNT: '4' }],
    ['admin.enableServer=false', { ZOO_ENABLE_ADMIN_SERVER: 'no' }],
    ['admin.serverAddress=0.0.0.0', { ZOO_ADMIN_SERVER_ADDRESS: '0.0.0.0' }],
    ['admin.serverPort=9090', { ZOO_ADMIN_SERVER_PORT_NUMBER: '9090' }],
    [
      'metricsProvider.httpPort=7001',
      { ZOO_ENABLE_PROMETHEUS_METRICS: 'yes', ZOO_PROMETHEUS_METRICS_PORT_NUMBER: '7001' },
    ],
    ['reconfigEnabled=true', { ZOO_RECONFIG_ENABLED: 'yes' }],
    ['peerType=observer', { ZOO_PEER_TYPE: 'observer' }],
    ['console.threshold=WARN', { ZOO_LOG_LEVEL: 'WARN' }],
    ['fips-mode=false', { ZOO_FIPS_MODE: 'no' }],
    ['secureClientPort=3181', { ZOO_TLS_CLIENT_ENABLE: 'yes' }],
    ['ssl.keyStore.location=/k', { ZOO_TLS_CLIENT_ENABLE: 'yes', ZOO_TLS_CLIENT_KEYSTORE_FILE: '/k' }],
    [
      'ssl.quorum.keyStore.password=hunter2',
      { ZOO_TLS_QUORUM_ENABLE: 'yes', ZOO_TLS_QUORUM_KEYSTORE_PASSWORD_FILE: '/run/secrets/store' },
    ],
    ['ssl.keyStore.type=PEM', { ZOO_TLS_CLIENT_ENABLE: 'yes', ZOO_TLS_CLIENT_KEYSTORE_TYPE: 'PEM' }],
    ['ssl.clientAuth=none', { ZOO_TLS_CLIENT_ENABLE: 'yes', ZOO_TLS_CLIENT_AUTH: 'none' }],
    ['ssl.quorum.clientAuth=want', { ZOO_TLS_QUORUM_ENABLE: 'yes', ZOO_TLS_QUORUM_CLIENT_AUTH: 'want' }],
    ['server.7=zk7:2888:3888;2181', { ZOO_SERVERS: 'zk1:2888:3888::1,zk7:2888:3888::7' }],
    ['server.2=zk7:2888:3888;2281', { ZOO_SERVERS: 'zk1:2888:3888 zk7:2888:3888', ZOO_PORT_NUMBER: '2281' }],
  ])('has Bitnami’s variables: %s', (line, variables) => {
    expect(lines(variables)).toContain(line);
  });

  it('and other values of Bitnami’s that are no lines', () => {
    expect(config({ ZOO_SERVER_ID: '3' }).myid).toBe('3');
    expect(config({ ZOO_HEAP_SIZE: '512' }).variables).toMatchObject({ ZK_SERVER_HEAP: '512' });
    expect(lines({ ZOO_PORT_NUMBER: '2281' }).join()).not.toContain('server.');
  });

  it('takes the number of a pod from its name when told to', () => {
    expect(config({ ZOO_MY_ID: 'hostname', HOSTNAME: 'zk-2' }).myid).toBe('3');
    expect(() => config({ ZOO_MY_ID: 'hostname', HOSTNAME: 'zk' })).toThrow('HOSTNAME does not end in -<number>');
  });

  it('takes any variable from a file, the variable itself first', () => {
    expect(lines({ ZOO_TICK_TIME_FILE: '/run/secrets/store' })).toContain('tickTime=hunter2');
    expect(lines({ ZOO_TICK_TIME_FILE: '/run/secrets/store', ZOO_TICK_TIME: '5' })).toContain('tickTime=5');
    expect(() => config({ ZOO_TICK_TIME_FILE: '/no' })).toThrow('ZOO_TICK_TIME_FILE: /no is missing');
  });

  it('refuses what it cannot mean', () => {
    expect(() => config({ ZOO_TICK_TIME: '5\nskipACL=yes' })).toThrow('ZOO_TICK_TIME has more than one line');
    expect(() => config({ ZOO_TICK_TIME_FILE: '/run/two' })).toThrow('ZOO_TICK_TIME has more than one line');
    expect(() => config({ ZOO_SERVERS: 'a=b=c' })).toThrow(/^ZOO_SERVERS: a=b=c is neither/);
  });
});

describe('the files of a container', () => {
  let dir: TempDir;
  beforeEach(() => {
    dir = makeTempDir('container');
  });
  afterEach(() => dir.remove());

  const variables = (more: Record<string, string> = {}): Record<string, string> => ({
    ZOO_CONF_DIR: join(dir.path, 'conf'),
    ZOO_DATA_DIR: join(dir.path, 'data'),
    ZOO_DATA_LOG_DIR: join(dir.path, 'datalog'),
    ZOO_LOG_DIR: join(dir.path, 'logs'),
    ...more,
  });
  const read = (name: string) => readFileSync(join(dir.path, name), 'utf8');

  it('are written once, and a server takes them', () => {
    expect(prepareFiles(config(variables()))).toBe(true);
    expect(read('data/myid')).toBe('1\n');
    expect(existsSync(join(dir.path, 'logs'))).toBe(true);
    const path = join(dir.path, 'conf/zoo.cfg');
    // Passwords may stand in it.
    expect(statSync(path).mode & 0o007).toBe(0);
    const loaded = loadServerConfig({ argv: [path], env: {}, coreCount: 2, log: silentLogger });
    expect(loaded).toMatchObject({ clientPort: 2181, quorumPeer: null, tickMs: 2000 });
    expect(keyAdvice(configLines(path, readFileSync(path)))).toEqual([]);
    prepareFiles(config(variables({ ZOO_MY_ID: '9', ZOO_TICK_TIME: '9' })));
    expect(read('data/myid')).toBe('1\n');
    expect(read('conf/zoo.cfg')).toContain('tickTime=2000\n');
  });

  it('that are there already stay as they are', () => {
    mkdirSync(join(dir.path, 'conf'));
    writeFileSync(join(dir.path, 'conf/zoo.cfg'), 'dataDir=/mine\n');
    expect(prepareFiles(config(variables({ ZOO_MY_ID: '4' })))).toBe(false);
    expect(read('conf/zoo.cfg')).toBe('dataDir=/mine\n');
    expect(read('data/myid')).toBe('4\n');
  });
});
