import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Logger } from '../../../src/actor/logger.js';
import { loadServerConfig, type ServerConfig } from '../../../src/server/server-config.js';
import { ConfigError, causeChain, InvocationError, reportStartFailure } from '../../../src/server/start-error.js';

let dir = '';
let lines: string[] = [];
const log: Logger = {
  debug: (message) => lines.push(`DEBUG ${message}`),
  info: (message) => lines.push(`INFO ${message}`),
  warn: (message) => lines.push(`WARN ${message}`),
  error: (message) => lines.push(`ERROR ${message}`),
};

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'server-config-'));
});
afterAll(() => rmSync(dir, { recursive: true }));
beforeEach(() => {
  lines = [];
  rmSync(join(dir, 'data'), { recursive: true, force: true });
  mkdirSync(join(dir, 'data'));
});

function load(argv: readonly string[], env: Record<string, string> = {}, coreCount = 2): ServerConfig {
  return loadServerConfig({ argv, env, coreCount, log });
}

/** A file with the two lines nobody can do without, unless the text brings its own. */
function loadText(text: string, argv: readonly string[] = [], env: Record<string, string> = {}): ServerConfig {
  return load([...argv, file(text)], env);
}

function file(text: string): string {
  const path = join(dir, 'zoo.cfg');
  const dataDir = /^\s*dataDir/m.test(text) ? '' : `dataDir=${join(dir, 'data')}\n`;
  writeFileSync(path, dataDir + text);
  return path;
}

function failure(action: () => unknown): { exitCode: number; chain: string; error: unknown } {
  try {
    action();
  } catch (error) {
    return { exitCode: reportStartFailure(error, log).exitCode, chain: causeChain(error), error };
  }
  throw new Error('nothing was thrown');
}

describe('a standalone configuration', () => {
  it('has the defaults of the table', () => {
    const config = loadText('clientPort=2181');
    expect(config).toMatchObject({
      configFile: join(dir, 'zoo.cfg'),
      myid: '',
      serverId: 0,
      tickMs: 3000,
      minSessionTimeoutMs: 6000,
      maxSessionTimeoutMs: 60000,
      dataDir: join(dir, 'data'),
      dataLogDir: join(dir, 'data'),
      clientPort: 2181,
      clientPortAddress: null,
      clientPortListenBacklog: -1,
      maxClientCnxns: 60,
      maxCnxns: 0,
      snapCount: 100000,
      snapLogBytesMax: 4194304 * 1024,
      txnLogBytesMax: 0,
      preAllocBytes: 64 * 2 ** 20,
      forceSync: true,
      flushDelayMs: 0,
      writeQueuePollMsMax: 0,
      batchCountMax: 1000,
      frameBytesMax: 1048575,
      recordExtraBytes: 1048575,
      outstandingLimit: 1000,
      skipAcl: false,
      auth: { schemes: ['ip', 'digest'], superDigest: null, sasl: null, enforcedSchemes: [] },
      fourLetterWhitelist: '',
      admin: {
        enabled: true,
        host: '127.0.0.1',
        port: 8080,
        commandUrl: '/commands',
        idleTimeoutMs: 30_000,
        rateLimiterIntervalMs: 300_000,
        snapshotEnabled: false,
        restoreEnabled: false,
        serializeLastZxid: true,
      },
      placement: 'compact',
      connectionShards: 1,
      logging: { format: 'pattern', level: 'INFO', console: 'TRACE', file: null, toMainThread: false },
    });
  });

  it('is frozen plain data that survives a trip to a worker', () => {
    const config = loadText('clientPort=2181\nfooBar=x');
    expect(Object.isFrozen(config) && Object.isFrozen(config.properties)).toBe(true);
    expect(structuredClone(config)).toEqual(config);
    expect(config.properties['zookeeper.fooBar']).toBe('x');
  });

  it('reads every kind of key', () => {
    const config = loadText(
      [
        `dataDir=${join(dir, 'data')}`,
        `dataLogDir=${join(dir, 'log')}`,
        'tickTime=2000',
        'minSessionTimeout=100',
        'maxSessionTimeout=200000',
        'clientPort=2182',
        'clientPortAddress=[::1]',
        'clientPortListenBacklog=128',
        'maxClientCnxns=0',
        'maxCnxns=-3',
        'preAllocSize=0',
        'forceSync=no',
        'flushDelay=20',
        'jute.maxbuffer=0x100',
        'jute.maxbuffer.extrasize=1',
        'skipACL=yes',
        'DigestAuthenticationProvider.superDigest=super:abc=',
        '4lw.commands.whitelist=ruok, stat',
        'admin.enableServer=false',
        'threadkeeper.placement=Pipeline',
        'threadkeeper.connectionShards=3',
        'threadkeeper.log.format=json',
        'console.threshold=WARN',
        'autopurge.snapRetainCount=5',
        'autopurge.purgeInterval=24',
      ].join('\n'),
    );
    expect(config).toMatchObject({
      dataLogDir: join(dir, 'log'),
      minSessionTimeoutMs: 100,
      maxSessionTimeoutMs: 200000,
      clientPortAddress: '::1',
      clientPortListenBacklog: 128,
      maxClientCnxns: 0,
      maxCnxns: 0,
      preAllocBytes: 0,
      forceSync: false,
      writeQueuePollMsMax: 6,
      frameBytesMax: 256,
      recordExtraBytes: 1024,
      skipAcl: true,
      auth: { superDigest: 'super:abc=' },
      fourLetterWhitelist: 'ruok, stat',
      admin: { enabled: false },
      placement: 'pipeline',
      connectionShards: 3,
      logging: { format: 'json', level: 'WARN' },
      snapRetainCount: 5,
      purgeIntervalHours: 24,
    });
  });

  it('may do without a client port', () => {
    expect(loadText('clientPort=0').clientPort).toBeNull();
    expect(lines).toContain('INFO clientPort is not set');
  });

  it('takes 0.0.0.0 and :: for all addresses', () => {
    expect(loadText('clientPort=1\nclientPortAddress=0.0.0.0').clientPortAddress).toBeNull();
    expect(loadText('clientPort=1\nclientPortAddress=::').clientPortAddress).toBeNull();
  });

  it('says what operators look for', () => {
    loadText('clientPort=2181\nautopurge.snapRetainCount=1\nsnapCount=1\ndataDir=relative/data');
    expect(lines).toEqual(
      expect.arrayContaining([
        `INFO Reading configuration from: ${join(dir, 'zoo.cfg')}`,
        'INFO clientPortAddress is 0.0.0.0:2181',
        'INFO secureClientPort is not set',
        'INFO observerMasterPort is not set',
        'WARN Invalid autopurge.snapRetainCount: 1. Defaulting to 3',
        'WARN SnapCount should be 2 or more. Now, snapCount is reset to 2',
        "WARN relative/data is relative. Prepend ./ to indicate that you're sure!",
        'WARN Either no config or no quorum defined in config, running in standalone mode',
      ]),
    );
  });
});

describe('options', () => {
  it('zoo.cfg over the command line over JVMFLAGS over SERVER_JVMFLAGS', () => {
    const env = {
      SERVER_JVMFLAGS:
        '-Dzookeeper.maxBatchSize=1 -Dzookeeper.snapCount=11 -Dzookeeper.maxCnxns=21 -Djute.maxbuffer=31',
      JVMFLAGS: '-Dzookeeper.snapCount=12 -Dzookeeper.maxCnxns=22 -Djute.maxbuffer=32',
    };
    const argv = ['-Dzookeeper.maxCnxns=23', '-Djute.maxbuffer=33'];
    const config = loadText('clientPort=1\njute.maxbuffer=34', argv, env);
    expect(config).toMatchObject({ batchCountMax: 1, snapCount: 12, maxCnxns: 23, frameBytesMax: 34 });
  });

  it('what only a JVM understands is let pass, with one DEBUG line', () => {
    loadText('clientPort=1', ['-XX:+UseG1GC'], { JVMFLAGS: '-javaagent:jmx.jar=7000:x.yml -Xmx1g' });
    expect(lines.filter((line) => line.startsWith('DEBUG'))).toEqual([
      'DEBUG Options without a meaning for this server: -javaagent:jmx.jar=7000:x.yml -XX:+UseG1GC',
    ]);
  });

  it('ZOO_LOG4J_PROP gives the level, unless the configuration does', () => {
    const env = { ZOO_LOG4J_PROP: 'DEBUG,CONSOLE' };
    expect(loadText('clientPort=1', [], env).logging.level).toBe('DEBUG');
    expect(loadText('clientPort=1\nconsole.threshold=ERROR', [], env).logging.level).toBe('ERROR');
    expect(loadText('clientPort=1', [], { ZOO_LOG4J_PROP: 'whatever' }).logging.level).toBe('INFO');
  });
});

describe('words instead of a file', () => {
  it('port, datadir, ticktime and maxcnxns', () => {
    expect(load(['2181', '/d'])).toMatchObject({
      configFile: null,
      clientPort: 2181,
      dataDir: '/d',
      dataLogDir: '/d',
      tickMs: 3000,
      maxClientCnxns: 0,
    });
    expect(load(['2181', '/d', '500', '7'])).toMatchObject({
      tickMs: 500,
      maxSessionTimeoutMs: 10000,
      maxClientCnxns: 7,
    });
  });

  it.each([[[]], [['1', '2', '3', '4', '5']], [['port', '/d']], [['2181', '/d', '2s']], [['70000', '/d']]])(
    '%j is a usage error',
    (argv) => {
      const { exitCode, error } = failure(() => load(argv));
      expect(exitCode).toBe(2);
      expect(error).toBeInstanceOf(InvocationError);
      expect(reportStartFailure(error, log).stderrLine).toBe(
        'Usage: ZooKeeperServerMain configfile | port datadir [ticktime] [maxcnxns]',
      );
    },
  );
});

describe('standalone or ensemble', () => {
  const three = 'server.1=a:1:2\nserver.2=b:1:2\nserver.3=c:1:2\ninitLimit=5\nsyncLimit=2\nclientPort=2181\n';

  it('the official image: one server line that carries the client port', () => {
    writeFileSync(join(dir, 'data', 'myid'), '1\n');
    const config = loadText('server.1=localhost:2888:3888;2181\nstandaloneEnabled=true');
    expect(config).toMatchObject({ clientPort: 2181, clientPortAddress: null, myid: '1', serverId: 0 });
    expect(lines).toContain('ERROR Invalid configuration, only one server specified (ignoring)');
  });

  it('its port is not ours without a matching myid', () => {
    writeFileSync(join(dir, 'data', 'myid'), '2');
    expect(loadText('server.1=localhost:2888:3888;2181').clientPort).toBeNull();
  });

  it('a client address of its own in the line', () => {
    writeFileSync(join(dir, 'data', 'myid'), '1');
    expect(loadText('server.1=a:2888:3888;127.0.0.1:2182').clientPortAddress).toBe('127.0.0.1');
    expect(loadText('clientPort=2182\nserver.1=a:2888:3888;127.0.0.1:2182').clientPortAddress).toBe('127.0.0.1');
    expect(failure(() => loadText('clientPort=2181\nserver.1=a:2888:3888;2182')).chain).toBe(
      'client address for this server (id = 1) in static config file is 0.0.0.0:2181 is different from client address ' +
        'found in dynamic file: 0.0.0.0:2182',
    );
  });

  it('members in a file of their own', () => {
    const dynamic = join(dir, 'zoo.cfg.dynamic');
    writeFileSync(dynamic, 'server.1=a:2888:3888:participant;2181\n');
    writeFileSync(join(dir, 'data', 'myid'), '1');
    expect(loadText(`dynamicConfigFile=${dynamic}`).clientPort).toBe(2181);

    writeFileSync(dynamic, 'server.1=a:1:2;2181\nclientPort=2181');
    expect(failure(() => loadText(`dynamicConfigFile=${dynamic}`)).chain).toBe('Unrecognised parameter: clientPort');
    writeFileSync(dynamic, 'version=100000000');
    expect(failure(() => loadText(`dynamicConfigFile=${dynamic}`)).chain).toBe(
      "dynamic file shouldn't have version inside",
    );
    expect(failure(() => loadText(`dynamicConfigFile=${dynamic}.no`)).chain).toBe(
      `Error processing ${dynamic}.no: ${dynamic}.no (No such file or directory)`,
    );
    expect(failure(() => loadText(`dynamicConfigFile=${dynamic}\nserver.1=a:1:2`)).chain).toBe(
      'parameter: server.1 must be in a separate dynamic config file',
    );
  });

  it('a member of an ensemble', () => {
    writeFileSync(join(dir, 'data', 'myid'), '2');
    const config = loadText(`${three}server.4=d:1:2`);
    expect(config).toMatchObject({ serverId: 2, myid: '2', clientPort: 2181 });
    expect(config.quorumPeer).toMatchObject({
      myId: 2,
      membersText:
        'server.1=a:1:2:participant\nserver.2=b:1:2:participant\nserver.3=c:1:2:participant\n' +
        'server.4=d:1:2:participant\nversion=0',
      lastSeenText: null,
      hasDynamicFile: false,
      initLimitTicks: 5,
      syncLimitTicks: 2,
      electionHandshakeTimeoutMs: 6000,
      leaderServes: true,
    });
    expect(lines).toContain('WARN Non-optimal configuration, consider an odd number of servers.');
    expect(loadText('server.1=a:1:2\nserver.2=b:1:2\ninitLimit=5\nsyncLimit=2\n').quorumPeer).not.toBeNull();
    expect(lines).toContain('WARN No server failure will be tolerated. You need at least 3 servers.');
    const alone = 'server.2=a:1:2\nstandaloneEnabled=false\ninitLimit=5\nsyncLimit=2\n';
    expect(loadText(alone).quorumPeer?.membersText).toBe('server.2=a:1:2:participant\nversion=0');
    expect(loadText('server.2=a:1:2;2181').quorumPeer).toBeNull();
  });

  it('the version of a dynamic file is in its name, what is proposed in the one beside it', () => {
    writeFileSync(join(dir, 'data', 'myid'), '1');
    const dynamic = join(dir, 'zoo.cfg.dynamic.100000003');
    writeFileSync(dynamic, 'server.1=a:1:2;2181\nserver.2=b:1:2;2181');
    writeFileSync(join(dir, 'zoo.cfg.dynamic.next'), 'server.1=a:1:2;2181\nversion=200000001');
    const config = loadText(`dynamicConfigFile=${dynamic}\ninitLimit=5\nsyncLimit=2`);
    expect(config.quorumPeer).toMatchObject({
      membersText:
        'server.1=a:1:2:participant;0.0.0.0:2181\nserver.2=b:1:2:participant;0.0.0.0:2181\nversion=100000003',
      lastSeenText: 'server.1=a:1:2;2181\nversion=200000001',
      hasDynamicFile: true,
    });
  });

  it('limits of a member', () => {
    writeFileSync(join(dir, 'data', 'myid'), '1');
    const lines = 'quorumCnxnTimeoutMs=700\nleaderServes=no\n';
    expect(loadText(`${three}${lines}connectToLearnerMasterLimit=3`).quorumPeer).toMatchObject({
      electionHandshakeTimeoutMs: 700,
      leaderServes: false,
      connectLimitTicks: 3,
      electionBindTries: 3,
    });
    expect(loadText(`${three}electionPortBindRetry=0`).quorumPeer?.electionBindTries).toBe(0);
    expect(loadText(three).quorumPeer).toMatchObject({ leaderNoDelay: true, followerNoDelay: true });
    const delaying = ['-Dleader.nodelay=TRUE', '-Dfollower.nodelay=false'];
    expect(loadText(three, delaying).quorumPeer).toMatchObject({ leaderNoDelay: false, followerNoDelay: false });
    const logs = (text: string, flags: string[] = []) => loadText(`${three}${text}`, flags).quorumPeer?.observerLogs;
    expect([logs(''), logs('syncEnabled=false')]).toEqual([true, false]);
    expect(logs('syncEnabled=false', ['-Dzookeeper.observer.syncEnabled=TRUE'])).toBe(true);
    expect(logs('syncEnabled=true', ['-Dzookeeper.observer.syncEnabled=no'])).toBe(false);
    expect(loadText(`${three}electionPortBindRetry=-1`).quorumPeer?.electionBindTries).toBe(3);
  });

  it('the list of members is stronger than peerType, and a difference is told', () => {
    const warnings = () => lines.filter((line) => line.startsWith('WARN Peer type'));
    writeFileSync(join(dir, 'data', 'myid'), '1');
    loadText(three);
    expect(warnings()).toEqual([]);
    const other = (role: string, peerType: string) =>
      `WARN Peer type from servers list (${role}) doesn't match peerType (${peerType}). Defaulting to servers list.`;
    loadText(`${three}peerType=observer`);
    expect(warnings()).toEqual([other('PARTICIPANT', 'OBSERVER')]);
    lines.length = 0;
    writeFileSync(join(dir, 'data', 'myid'), '4');
    loadText(`${three}server.4=d:1:2:observer`);
    expect(warnings()).toEqual([other('OBSERVER', 'PARTICIPANT')]);
    lines.length = 0;
    loadText(`${three}server.4=d:1:2:observer\npeerType=observer`);
    expect(warnings()).toEqual([]);
  });

  it('an oracle is refused', () => {
    writeFileSync(join(dir, 'data', 'myid'), '1');
    const { exitCode, chain } = failure(() => loadText(`${three}oraclePath=/oracle`));
    expect(exitCode).toBe(2);
    expect(chain).toBe('oraclePath is set, but this server knows no oracle: two members are a quorum together only');
  });

  it.each([
    ['initLimit is not set', three.replace('initLimit=5\n', '')],
    ['syncLimit is not set', three.replace('syncLimit=2\n', '')],
    ['myid file is missing', three],
    ['standaloneEnabled = false then number of participants should be >0', 'standaloneEnabled=false'],
    ['Observers w/o participants is an invalid configuration', 'server.1=a:1:2:observer'],
    ['Observers w/o quorum is an invalid configuration', 'server.1=a:1:2\nserver.2=b:1:2:observer'],
  ])('%s', (sentence, text) => {
    const { exitCode, chain } = failure(() => loadText(text));
    expect(exitCode).toBe(2);
    expect(chain).toBe(`Error processing ${join(dir, 'zoo.cfg')}: ${sentence}`);
  });
});

describe('mistakes in the file', () => {
  const wrapped: [sentence: string, text: string][] = [
    ['dataDir is not set', 'dataDir=\nclientPort=1'],
    ['tickTime is not set', 'tickTime=0'],
    ['tickTime must be positive, not -5', 'tickTime=-5'],
    ['For input string: "2s"', 'tickTime=2s'],
    ['For input string: ""', 'clientPort='],
    ['For input string: "x"', 'server.x=a:1:2'],
    ['port out of range:70000', 'clientPort=70000'],
    ['minSessionTimeout must not be larger than maxSessionTimeout', 'minSessionTimeout=10\nmaxSessionTimeout=5'],
    ['clientPortAddress is set but clientPort is not set', 'clientPortAddress=127.0.0.1'],
    ['secureClientPortAddress is set but secureClientPort is not set', 'clientPort=1\nsecureClientPortAddress=a'],
    ['metrics provider class was not found: com.example.Metrics', 'metricsProvider.className=com.example.Metrics'],
    [
      'quorum.auth.enableSasl is disabled, so cannot enable quorum.auth.learnerRequireSasl',
      'quorum.auth.learnerRequireSasl=true',
    ],
    [
      'quorum.auth.learnerRequireSasl is disabled, so cannot enable quorum.auth.serverRequireSasl',
      'quorum.auth.enableSasl=true\nquorum.auth.serverRequireSasl=true',
    ],
    ['Malformed \\uxxxx encoding.', 'a=\\u00zz'],
  ];
  it.each(wrapped)('%s', (sentence, text) => {
    const { exitCode, chain, error } = failure(() => loadText(text));
    expect(exitCode).toBe(2);
    expect(error).toBeInstanceOf(ConfigError);
    expect(chain).toBe(`Error processing ${join(dir, 'zoo.cfg')}: ${sentence}`);
  });

  const direct: [sentence: string, text: string][] = [
    ["Invalid option maybe for standaloneEnabled. Choose 'true' or 'false.'", 'standaloneEnabled=maybe'],
    ["Invalid option 1 for reconfigEnabled. Choose 'true' or 'false.'", 'reconfigEnabled=1'],
    ['Invalid electionAlg value. Only 3 is supported.', 'electionAlg=1'],
    ['Unrecognised peertype: spectator', 'peerType=spectator'],
    [
      'ssl.keyStore.location is not set, but TLS needs a private key and its certificate',
      'clientPort=1\nsecureClientPort=2281',
    ],
    [
      'Invalid option fast for threadkeeper.placement. Choose auto, inline, compact, pipeline or staged.',
      'threadkeeper.placement=fast',
    ],
  ];
  it.each(direct)('%s', (sentence, text) => {
    const { exitCode, chain } = failure(() => loadText(text));
    expect(exitCode).toBe(2);
    expect(chain).toBe(sentence);
  });

  it.each([
    ['x1', 'serverid x1 is not a number'],
    ['1 \n', 'serverid 1  is not a number'],
    ['', 'serverid null is not a number'],
  ])('a myid file with %j', (content, sentence) => {
    writeFileSync(join(dir, 'data', 'myid'), content);
    expect(failure(() => loadText('clientPort=1')).chain).toBe(`Error processing ${join(dir, 'zoo.cfg')}: ${sentence}`);
  });

  it('a data directory that is a file is not this page’s business', () => {
    expect(loadText(`dataDir=${file('clientPort=1')}\nclientPort=1`).myid).toBe('');
  });

  it('a file that is missing, a directory, or closed to us', () => {
    const missing = join(dir, 'no.cfg');
    expect(failure(() => load([missing])).chain).toBe(`Error processing ${missing}: ${missing} file is missing`);
    expect(failure(() => load([dir])).chain).toBe(`Error processing ${dir}: ${dir} (Is a directory)`);
    if (process.getuid?.() === 0) return;
    const closed = file('clientPort=1');
    chmodSync(closed, 0);
    expect(failure(() => load([closed])).chain).toBe(`Error processing ${closed}: ${closed} (Permission denied)`);
    chmodSync(closed, 0o600);
  });

  it('tells the sentence, the file and the reason in one line on stderr', () => {
    const { error } = failure(() => loadText('dataDir='));
    expect(reportStartFailure(error, log).stderrLine).toBe(
      `Invalid config, exiting abnormally: Error processing ${join(dir, 'zoo.cfg')}: dataDir is not set`,
    );
    expect(lines.at(-1)).toBe('ERROR Invalid config, exiting abnormally');
  });
});
