// What an operator changes on a running server (operations 8): settings, log levels, single clients, statistics; who may, and that
// nobody may unless it is switched on.

import { expect, test } from 'vitest';
import { freePort } from '../testing/free-port.js';
import { saboteur } from '../testing/saboteur.js';
import { makeTempDir } from '../testing/temp-dir.js';
import { startThreadkeeper } from '../testing/threadkeeper-server.js';
import { until } from '../testing/until.js';
import { counted, int32, Op, openAcl, WireConnection } from '../testing/wire-connection.js';

type Json = Record<string, unknown>;

function asker(
  port: number,
): (method: 'GET' | 'POST', target: string, authorization?: string | null) => Promise<{ status: number; body: Json }> {
  return async (method, target, authorization = 'ip') => {
    const headers: Record<string, string> = authorization === null ? {} : { authorization };
    const response = await fetch(`http://127.0.0.1:${port}/commands/${target}`, { method, headers });
    const text = await response.text();
    return { status: response.status, body: text.startsWith('{') ? (JSON.parse(text) as Json) : {} };
  };
}

test('settings, levels, clients and statistics of a server that serves', async () => {
  const adminPort = await freePort();
  using dir = makeTempDir('runtime-control');
  const { nodeOptions, strike } = saboteur(dir.path, 'io-0');
  await using server = await startThreadkeeper({
    env: { NODE_OPTIONS: nodeOptions },
    cfg: {
      'admin.enableServer': 'true',
      'admin.serverPort': adminPort,
      'threadkeeper.admin.control': 'true',
      'threadkeeper.placement': 'pipeline',
      maxClientCnxns: 60,
      flushDelay: 1,
    },
  });
  const ask = asker(adminPort);
  await until('the admin port', 10_000, () => ask('GET', 'ruok').catch(() => undefined));

  // Only for who owns the root.
  expect(await ask('GET', 'settings', null)).toMatchObject({ status: 401 });
  expect(await ask('POST', 'change_settings?maxClientCnxns=1', null)).toMatchObject({ status: 401 });
  expect((await ask('GET', 'settings')).body).toMatchObject({
    settings: {
      maxClientCnxns: 60,
      maxBatchSize: 1000,
      largeRequestThreshold: -1,
      connection_throttle_drop_increase: 0.02,
    },
    log_levels: { root: 'INFO' },
    command: 'settings',
    error: null,
  });

  // All or nothing, and in the words of the configuration file.
  for (const [query, words] of [
    ['maxClientCnxns=2&dataDir=/x', 'dataDir cannot be changed while the server runs'],
    ['maxClientCnxns=-1', 'maxClientCnxns must be a whole number from 0 on, not -1'],
    ['minSessionTimeout=50000', 'minSessionTimeout must not be larger than maxSessionTimeout'],
    ['flushDelay=0', 'flushDelay can be changed, but neither begun nor ended, while the server runs'],
    ['log_level=LOUD', 'LOUD is no log level: TRACE, DEBUG, INFO, WARN, ERROR, OFF'],
    ['', 'no setting is named'],
  ] as const) {
    expect(await ask('POST', `change_settings?${query}`)).toMatchObject({ status: 400, body: { error: words } });
  }
  const first = await WireConnection.open(server.port);
  const grant = await first.handshake({ timeOutMs: 30_000 });
  const changed = await ask(
    'POST',
    'change_settings?maxClientCnxns=2&maxSessionTimeout=5000&snapCount=500&flushDelay=2&request_throttle_max_requests=1000',
  );
  expect(changed).toMatchObject({
    status: 200,
    body: { settings: { maxClientCnxns: 2, maxSessionTimeout: 5000, snapCount: 500 } },
  });
  const second = await WireConnection.open(server.port);
  expect((await second.handshake({ timeOutMs: 30_000 })).timeOutMs).toBe(5000);
  // Closed at once, sometimes before its connect is told.
  const third = await WireConnection.open(server.port).catch(() => null);
  await third?.readToEnd();
  expect(server.log()).toContain('maxClientCnxns is 2 from now on, it was 60');
  const conf = await ask('GET', 'configuration');
  if (conf.body.error === null) expect(conf.body).toMatchObject({ max_client_cnxns: 2, max_session_timeout: 5000 });
  await ask('POST', 'change_settings?maxClientCnxns=60');

  // A logger on another thread, while it runs.
  expect((await ask('POST', 'change_settings?log_level=WARN')).body).toMatchObject({ log_levels: { root: 'WARN' } });
  expect((await ask('POST', 'change_settings?log_level=INFO&logger=ZooKeeperServer')).body).toMatchObject({
    log_levels: { root: 'WARN', ZooKeeperServer: 'INFO' },
  });
  await ask('POST', 'change_settings?log_level=INFO');

  // A connection ends, its session goes on; a session ends with its nodes.
  await first.call(1, Op.Create, counted('/e'), counted(''), openAcl, int32(1));
  const id = `0x${grant.sessionId.toString(16)}`;
  expect(await ask('POST', `terminate_connection?session=${id}`)).toMatchObject({ status: 200, body: { session: id } });
  await first.readToEnd();
  expect(await first.closed).toBe(true);
  const again = await WireConnection.open(server.port);
  const { sessionId, password } = grant;
  expect((await again.handshake({ sessionId, password })).sessionId).toBe(sessionId);
  expect((await again.call(1, Op.Exists, counted('/e'), Uint8Array.of(0))).err).toBe(0);
  expect((await ask('POST', `terminate_session?session=${id}`)).status).toBe(200);
  await again.readToEnd();
  expect((await second.call(1, Op.Exists, counted('/e'), Uint8Array.of(0))).err).toBe(-101);
  expect((await ask('POST', `terminate_session?session=${id}`)).status).toBe(404);
  expect((await ask('POST', 'terminate_session?session=what')).status).toBe(400);

  for (const kind of ['latency', 'max_latency', 'connections', 'statistics']) {
    expect(await ask('POST', `reset_statistics?kind=${kind}`)).toMatchObject({ status: 200, body: { kind } });
  }
  expect((await ask('POST', 'reset_statistics')).status).toBe(400);

  // A shard's thread that is made anew goes on with what was changed.
  strike();
  await until('the thread to be replaced', 20_000, () => server.log().includes('thread io-0 failed and is replaced'));
  const granted = await until('the new thread to serve', 20_000, async () => {
    const opened = await WireConnection.open(server.port).catch(() => null);
    const granted = await opened?.handshake({ timeOutMs: 30_000 }).catch(() => undefined);
    opened?.destroy();
    return granted;
  });
  expect(granted.timeOutMs).toBe(5000);
  second.destroy();
});

test('without threadkeeper.admin.control nobody changes anything', async () => {
  const adminPort = await freePort();
  await using _server = await startThreadkeeper({
    cfg: { 'admin.enableServer': 'true', 'admin.serverPort': adminPort },
  });
  const ask = asker(adminPort);
  await until('the admin port', 10_000, () => ask('GET', 'ruok').catch(() => undefined));
  for (const [method, target] of [
    ['GET', 'settings'],
    ['POST', 'change_settings?maxClientCnxns=1'],
    ['POST', 'terminate_session?session=1'],
    ['POST', 'terminate_connection?session=1'],
    ['POST', 'reset_statistics?kind=latency'],
  ] as const) {
    expect((await ask(method, target)).status).toBe(503);
  }
});
