// Backup and restore of a running server by HTTP, on real threads in each placement: clients that write all the while and stay
// connected, sessions that the backup knows and others, and what a restart shows afterwards, here and on Apache's server.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import type * as Client from '../../src/client/open-zookeeper.js';
import { startApache } from '../testing/apache-server.js';
import { freePort } from '../testing/free-port.js';
import { repositoryRoot } from '../testing/repository-root.js';
import { runTool } from '../testing/run-tool.js';
import type { ServerProcess } from '../testing/server-process.js';
import { makeTempDir } from '../testing/temp-dir.js';
import { SERVER_MAIN, startThreadkeeper } from '../testing/threadkeeper-server.js';
import { until } from '../testing/until.js';

const ENTRY = join(repositoryRoot, 'dist/src/client/open-zookeeper.js');
const DEADLINE_MS = 20_000;
const AUTH = { Authorization: 'digest admin:secret' };

let client: typeof Client;
const text = (value: string): Uint8Array => new TextEncoder().encode(value);

beforeAll(async () => {
  if (!existsSync(ENTRY)) throw new Error(`${ENTRY} is missing: run npm run build first`);
  client = (await import(pathToFileURL(ENTRY).href)) as typeof Client;
});

interface Running {
  readonly server: ServerProcess;
  readonly url: string;
}

async function start(dataDir: string, cfg: Record<string, string | number> = {}): Promise<Running> {
  const port = await freePort();
  const server = await startThreadkeeper({
    dataDir,
    cfg: {
      'admin.enableServer': 'true',
      'admin.serverPort': port,
      'admin.snapshot.enabled': 'true',
      'admin.restore.enabled': 'true',
      'admin.rateLimiterIntervalInMS': 0,
      ...cfg,
    },
  });
  const url = `http://127.0.0.1:${port}/commands`;
  await until('the admin port', DEADLINE_MS, () =>
    fetch(`${url}/ruok`).then(
      (answer) => answer.ok,
      () => false,
    ),
  );
  return { server, url };
}

async function backUp({ url }: Running): Promise<Uint8Array> {
  const answer = await fetch(`${url}/snapshot`, { headers: AUTH });
  expect(answer.status).toBe(200);
  const bytes = new Uint8Array(await answer.arrayBuffer());
  expect(answer.headers.get('snapshot_size')).toBe(String(bytes.length));
  return bytes;
}

function restore({ url }: Running, body: Uint8Array): Promise<Response> {
  return fetch(`${url}/restore`, { method: 'POST', headers: AUTH, body });
}

async function open(port: number, onEvent: (event: Client.WatchedEvent) => void = () => {}): Promise<Client.ZooKeeper> {
  const zk = client.openZooKeeper(`127.0.0.1:${port}`, { sessionTimeoutMs: 20_000, watcher: onEvent });
  await zk.whenConnected({ timeoutMs: DEADLINE_MS });
  return zk;
}

async function tree(zk: Client.ZooKeeper): Promise<Record<string, string>> {
  const nodes: Record<string, string> = {};
  for (const name of [...(await zk.getChildren('/'))].sort()) {
    if (name === 'zookeeper') continue;
    const { data } = await zk.getData(`/${name}`);
    nodes[name] = new TextDecoder().decode(data ?? new Uint8Array(0));
  }
  return nodes;
}

async function treeAt(port: number): Promise<Record<string, string>> {
  const zk = await open(port);
  try {
    return await tree(zk);
  } finally {
    await zk.close();
  }
}

describe.each(['compact', 'staged'])('%s', (placement) => {
  test('a restore under load, and what is there afterwards', async () => {
    const temp = makeTempDir('backup');
    const cfg = { 'threadkeeper.placement': placement };
    let running = await start(temp.path, cfg);
    const { server } = running;
    const interruptions: number[] = [];
    const kept = await open(server.port, ({ type, state }) => {
      if (type === client.EventType.None) interruptions.push(state);
    });
    const writers = [await open(server.port), await open(server.port)];
    for (let i = 0; i < 20; i++) await kept.create(`/n${i}`, text('then'));
    await kept.create('/mine', text('then'), { mode: client.CreateMode.Ephemeral });
    const backup = await backUp(running);
    interruptions.length = 0;

    const late = await open(server.port);
    await late.create('/late', text(''), { mode: client.CreateMode.Ephemeral });
    for (let i = 0; i < 20; i++) await kept.setData(`/n${i}`, text('now'));
    await kept.create('/later', text('now'));
    let isDone = false;
    let written = 0;
    const load = writers.map(async (zk, w) => {
      while (!isDone) {
        await Promise.all(Array.from({ length: 20 }, () => zk.setData('/n0', text(`by ${w}: ${written++}`))));
      }
    });
    const answer = await restore(running, backup);
    expect(answer.status).toBe(200);
    expect(await answer.text()).toMatch(
      /^\{\n {2}"last_zxid" : \d+,\n {2}"command" : "restore",\n {2}"error" : null\n\}$/,
    );
    const before = written;
    await until('writes to go on', DEADLINE_MS, () => written > before + 100);
    isDone = true;
    await Promise.all(load);

    const expected: Record<string, string> = { mine: 'then' };
    for (let i = 1; i < 20; i++) expected[`n${i}`] = 'then';
    const found = await tree(kept);
    expect(found.n0).toMatch(/^by /);
    delete found.n0;
    expect(found).toEqual(expected);
    // In the backup, so nothing has happened to it.
    expect(interruptions).toEqual([]);
    await until('the session that came later to end', DEADLINE_MS, () => !late.isAlive);
    expect(readdirSync(join(temp.path, 'version-2')).filter((name) => name.startsWith('before-restore.'))).toHaveLength(
      1,
    );

    const refused = await restore(running, backup.subarray(0, -9));
    expect(refused.status).toBe(500);
    const last = await tree(kept);
    await Promise.all([kept, ...writers].map((zk) => zk.close()));
    delete last.mine;
    await server.kill();
    running = await start(temp.path, cfg);
    expect(await treeAt(running.server.port)).toEqual(last);
    await running.server.stop();
    if (placement === 'compact') {
      const apache = await startApache({ dataDir: temp.path });
      expect(await treeAt(apache.port)).toEqual(last);
      await apache.stop();
    }
    temp.remove();
  });
});

test('only for those who have all permissions on the root (CVE-2025-58457)', async () => {
  const temp = makeTempDir('backup');
  const running = await start(temp.path);
  const zk = await open(running.server.port);
  await zk.addAuth('digest', text('admin:secret'));
  const id = { scheme: 'auth', id: '' };
  await zk.setACL('/', [
    { perms: 31, id },
    { perms: 1, id: { scheme: 'world', id: 'anyone' } },
  ]);
  const ask = async (headers: Record<string, string>): Promise<number> =>
    (await fetch(`${running.url}/snapshot?streaming=false`, { headers })).status;
  expect(await ask({})).toBe(401);
  expect(await ask({ Authorization: 'ip' })).toBe(403);
  expect(await ask({ Authorization: 'digest admin:wrong' })).toBe(403);
  expect(await ask(AUTH)).toBe(200);
  await zk.close();
  await running.server.stop();
  temp.remove();
});

test('kill -9 around a restore: the old database or the restored one', async () => {
  const temp = makeTempDir('backup');
  let running = await start(temp.path);
  let zk = await open(running.server.port);
  await zk.create('/state', text('then'));
  const backup = await backUp(running);
  for (const delayMs of [20, 60]) {
    await zk.setData('/state', text('now'));
    const answered = restore(running, backup).then(
      ({ status }) => status,
      () => 0,
    );
    await Promise.race([answered, new Promise((resolve) => setTimeout(resolve, delayMs))]);
    await running.server.kill();
    const status = await answered;
    zk.close().catch(() => {});
    running = await start(temp.path);
    zk = await open(running.server.port);
    const { state, ...rest } = await tree(zk);
    expect(rest).toEqual({});
    expect(status === 200 ? ['then'] : ['then', 'now']).toContain(state);
  }
  await zk.close();
  await running.server.stop();
  temp.remove();
});

test('a port that is taken ends the start with exit code 4', async () => {
  const temp = makeTempDir('backup');
  const running = await start(temp.path);
  const other = makeTempDir('backup');
  const admin = new URL(running.url).port;
  const { code, stderr } = await runTool(
    process.execPath,
    [SERVER_MAIN, `-Dzookeeper.admin.serverPort=${admin}`, String(await freePort()), other.path],
    { deadlineMs: DEADLINE_MS },
  );
  expect(code).toBe(4);
  expect(stderr).toContain('Unable to start AdminServer, exiting abnormally: ');
  expect(stderr).toContain(`cannot bind to 127.0.0.1:${admin}: Address already in use`);
  await running.server.stop();
  other.remove();
  temp.remove();
});

test('a server without a client port still has its AdminServer, which says that no client is served', async () => {
  const temp = makeTempDir('backup');
  const port = await freePort();
  const configFile = join(temp.path, 'zoo.cfg');
  writeFileSync(configFile, `dataDir=${join(temp.path, 'data')}\nadmin.serverPort=${port}\n`);
  const child = spawn(process.execPath, [SERVER_MAIN, configFile], { stdio: 'ignore' });
  const exited = once(child, 'exit');
  try {
    let answer = '';
    await until('the admin port', DEADLINE_MS, async () => {
      answer = await fetch(`http://127.0.0.1:${port}/commands/ruok`).then(
        (response) => response.text(),
        () => '',
      );
      return answer !== '';
    });
    expect(answer).toContain('"error" : "This ZooKeeper instance is not currently serving requests"');
  } finally {
    child.kill('SIGKILL');
    await exited;
    temp.remove();
  }
});
