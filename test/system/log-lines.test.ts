// The lines that operators and log shippers search for (operations 10.1), each after what causes it, in the logs of real servers; where
// the log goes; and that no secret is in any log, dump or answer, whatever the level.

import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CONFIG_KEYS } from '../../src/server/config-keys.js';
import { EnsembleProcess } from '../testing/ensemble-process.js';
import { fourLetterWord } from '../testing/four-letter-word.js';
import { freePort } from '../testing/free-port.js';
import { makeTempDir, type TempDir } from '../testing/temp-dir.js';
import { startThreadkeeper } from '../testing/threadkeeper-server.js';
import { until } from '../testing/until.js';
import { counted, int32, Op, openAcl, WireConnection } from '../testing/wire-connection.js';

let dir: TempDir;
beforeAll(() => {
  dir = makeTempDir('log-lines');
});
afterAll(() => dir.remove());

/** Those that the server does not turn away at once. */
async function openAll(port: number, count: number): Promise<WireConnection[]> {
  const opening = Array.from({ length: count }, () => WireConnection.open(port));
  const opened = await Promise.allSettled(opening);
  return opened.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
}

function expectLines(log: string, patterns: readonly (string | RegExp)[]): void {
  const missing = patterns.filter((pattern) =>
    typeof pattern === 'string' ? !log.includes(pattern) : !pattern.test(log),
  );
  expect(missing).toEqual([]);
}

test('of a standalone server', async () => {
  const adminPort = await freePort();
  await using server = await startThreadkeeper({
    cfg: {
      'admin.enableServer': 'true',
      'admin.serverPort': adminPort,
      maxClientCnxns: 3,
      'fsync.warningthresholdms': 0,
      minSessionTimeout: 100,
      tickTime: 200,
      snapCount: 4,
    },
  });
  // A port that is merely looked at costs one line.
  const before = server.log().length;
  const probe = connect({ port: server.port, host: '127.0.0.1' });
  await new Promise((resolve) => probe.once('connect', resolve));
  probe.end();
  const told = await until('the line of the probe', 30_000, () => {
    const more = server.log().slice(before);
    return more.includes('session = 0x0') ? more : undefined;
  });
  expect(told.split('\n').filter((line) => line.includes('address = '))).toHaveLength(1);
  const expiring = await WireConnection.openSession(server.port, { timeOutMs: 400 });
  await expiring.call(1, Op.Create, counted('/e'), counted(''), openAcl, int32(1));
  for (let xid = 2; xid < 10; xid++) {
    await expiring.call(xid, Op.Create, counted(`/n${xid}`), counted(''), openAcl, int32(0));
  }
  expiring.destroy();
  const stranger = await WireConnection.open(server.port);
  await stranger.handshake({ sessionId: 0x1234n, password: Buffer.alloc(16) });
  stranger.destroy();
  const rude = await WireConnection.openSession(server.port);
  rude.send(int32(-5));
  await rude.readToEnd();
  rude.destroy();
  await fourLetterWord(server.port, 'ruok');
  await until('the admin port', 10_000, () =>
    fetch(`http://127.0.0.1:${adminPort}/commands/ruok`).catch(() => undefined),
  );
  const crowd = await openAll(server.port, 5);
  const log = await until('the last lines', 10_000, () => {
    const text = server.log();
    return text.includes('Too many connections') && text.includes('Expiring session') && text.includes('Snapshot taken')
      ? text
      : undefined;
  });
  for (const connection of crowd) connection.destroy();
  expectLines(log, [
    `Reading configuration from: ${server.configFile}`,
    '[main:QuorumPeerMain@-] - Starting server\n',
    'Server environment:zookeeper.version=',
    ' - zookeeper.snapCount = 4\n',
    ' - zookeeper.commitLogCount = 500\n',
    'Created server with tickTime 200 ms minSessionTimeout 100 ms maxSessionTimeout 4000 ms clientPortListenBacklog -1 dataLogdir ',
    `binding to port 127.0.0.1:${server.port}`,
    /Started AdminServer on address \S+/,
    /Snapshotting: 0x\w+ to \S+snapshot\.\w+\n/,
    /Snapshot taken in \d+ ms/,
    /Snapshot loaded in \d+ ms, highest zxid is 0x0, digest is \d+/,
    'Creating new log file: log.1\n',
    /WARN .* - fsync-ing the write ahead log in SyncThread:0 took \d+ms which will adversely effect operation latency\.File size is \d+ bytes\. See the ZooKeeper troubleshooting guide\n/,
    /INFO .* - Unable to read additional data from client, it probably closed the socket: address = \/127\.0\.0\.1:\d+, session = 0x1/,
    /WARN .* - Len error\. /,
    /INFO .* - Expiring session 0x1[0-9a-f]+, timeout of 400ms exceeded\n/,
    /INFO .* - Invalid session 0x1234 for client \/127\.0\.0\.1:\d+, probably expired\n/,
    /INFO .* - Processing ruok command from \/127\.0\.0\.1:\d+\n/,
    'The list of enabled four letter word commands is : [[',
    /WARN .* - Too many connections from 127\.0\.0\.1 - max is 3\n/,
    'ZooKeeper audit is disabled.',
  ]);
});

test('of an ensemble, in which the leader goes', async () => {
  await using ensemble = await EnsembleProcess.startOurs({ cfg: { tickTime: 500, maxCnxns: 1 } });
  await ensemble.awaitServing();
  const leader = await ensemble.leader();
  const [follower = 0] = [1, 2, 3].filter((sid) => sid !== leader);
  const first = ensemble.member(leader).log();
  await ensemble.stopMember(leader);
  await ensemble.awaitServing();
  const clients = await openAll(ensemble.member(follower).clientPort, 2);
  await until('a refusal', 10_000, () => ensemble.member(follower).log().includes('Too many connections max'));
  for (const client of clients) client.destroy();
  // Alone it calls the others again and again, and nobody listens there.
  const [other = 0] = [1, 2, 3].filter((sid) => sid !== leader && sid !== follower);
  await ensemble.stopMember(other);
  const unheard = new RegExp(`WARN .* - Cannot open channel to ${leader} at election address 127\\.0\\.0\\.1:\\d+`);
  const log = await until('the last lines', 10_000, () => {
    const text = ensemble.member(follower).log();
    return unheard.test(text) ? text : undefined;
  });
  expectLines(first, [
    `Starting quorum peer, myid=${leader}\n`,
    new RegExp(
      `\\[myid:${leader}\\] - INFO .* - ${leader} is accepting connections now, my election bind port: 127\\.0\\.0\\.1:\\d+`,
    ),
    /INFO .* - LOOKING\n/,
    'Peer state changed: looking\n',
    /INFO .* - LEADING - LEADER ELECTION TOOK - \d+ MS/,
    'Peer state changed: leading\n',
    'Peer state changed: leading - broadcast\n',
    /Notification: my state:LOOKING; n\.sid:\d, n\.state:LOOKING, n\.leader:\d, n\.round:0x1, /,
    /Synchronizing with Learner sid: \d maxCommittedLog=0x\w+ minCommittedLog=0x\w+ lastProcessedZxid=0x\w+ peerLastZxid=0x\w+/,
  ]);
  expectLines(log, [
    /FOLLOWING - LEADER ELECTION TOOK - \d+ MS/,
    'Learner received NEWLEADER message',
    'Learner received UPTODATE message',
    /WARN .* - Exception when following the leader/,
    'shutdown Follower',
    unheard,
    'Too many connections max allowed is 1',
  ]);
});

test('go into a file that rolls, if that is asked for, and nothing else goes to the console', async () => {
  const logs = join(dir.path, 'rolled');
  await using server = await startThreadkeeper({
    cfg: { 'log.dir': logs, 'log.file': 'zk.log', 'log.maxfilesize': '8KB', 'log.maxbackupindex': 3 },
    env: { ZOO_LOG4J_PROP: 'INFO,ROLLINGFILE' },
  });
  for (let i = 0; i < 60; i++) await fourLetterWord(server.port, 'ruok');
  await until('the files to roll', 30_000, () => existsSync(join(logs, 'zk.log.2')));
  expect(readdirSync(logs).sort()).toEqual(expect.arrayContaining(['zk.log', 'zk.log.1', 'zk.log.2']));
  expect(readFileSync(join(logs, 'zk.log'), 'utf8')).toContain('Processing ruok command');
  expect(
    server
      .log()
      .split('\n')
      .filter((line) => line.includes('Processing')),
  ).toEqual([]);
});

test('hold no secret at any level, nor does any answer of the server (CVE-2026-24308)', async () => {
  const adminPort = await freePort();
  const jaas = join(dir.path, 'jaas.conf');
  const module = 'org.apache.zookeeper.server.auth.DigestLoginModule required';
  writeFileSync(jaas, `Server { ${module} user_bob="HUSH-jaas"; };`);
  const secrets = CONFIG_KEYS.filter((key) => 'secret' in key && key.secret === true).map(({ name }) => name);
  expect(secrets.length).toBeGreaterThan(5);
  await using server = await startThreadkeeper({
    cfg: {
      ...Object.fromEntries(
        secrets.map((name) => [name, name.includes('superDigest') ? 'super:HUSH-digest' : `HUSH-${name}`]),
      ),
      'some.other.password': 'HUSH-unknown-key',
      'console.threshold': 'TRACE',
      'audit.enable': 'true',
      'log.dir': dir.path,
      'admin.enableServer': 'true',
      'admin.serverPort': adminPort,
      'threadkeeper.admin.control': 'true',
    },
    env: { SERVER_JVMFLAGS: `-Dsome.password=HUSH-flag -Djava.security.auth.login.config=${jaas}` },
  });
  const client = await WireConnection.openSession(server.port);
  await client.call(1, 100, int32(0), counted('digest'), counted('bob:HUSH-client'));
  await client.call(2, Op.Create, counted('/a'), counted('HUSH-data'), openAcl, int32(0));
  const base = `http://127.0.0.1:${adminPort}/commands`;
  const listing = await until('the admin port', 10_000, () =>
    fetch(base).then(
      (response) => response.text(),
      () => undefined,
    ),
  );
  const names = [...listing.matchAll(/\/commands\/(\w+)"/g)].map(([, name]) => name as string);
  expect(names).toContain('settings');
  const answers: string[] = [];
  // Where Apache's server shows what stands in the file and in its options, as it is.
  const frank = ['initial_configuration', 'system_properties'];
  for (const name of names.filter((known) => !frank.includes(known))) {
    const headers = { authorization: 'digest root:HUSH-admin' };
    answers.push(`${name}: ${await (await fetch(`${base}/${name}`, { headers })).text()}`);
  }
  for (const word of ['conf', 'cons', 'dump', 'envi', 'srvr', 'stat', 'mntr', 'wchs']) {
    answers.push(`${word}: ${await fourLetterWord(server.port, word)}`);
  }
  server.signal('SIGQUIT');
  await until('the report', 30_000, () => server.log().includes('Full thread dump'));
  client.destroy();
  expect(answers.filter((answer) => answer.includes('HUSH')).map((answer) => /.*HUSH.*/.exec(answer)?.[0])).toEqual([]);
  expect(
    server
      .log()
      .split('\n')
      .filter((line) => line.includes('HUSH')),
  ).toEqual([]);
  expect(readFileSync(join(dir.path, 'zookeeper_audit.log'), 'utf8')).not.toContain('HUSH');
});
