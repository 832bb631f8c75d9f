/**
 * The built client library against a real server: every call that needs more than a script to be believed. Sessions of
 * their own, so that the order of the tests does not matter.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type * as Client from '../../src/client/open-zookeeper.js';
import { freePort } from '../testing/free-port.js';
import { repositoryRoot } from '../testing/repository-root.js';
import { runTool } from '../testing/run-tool.js';
import type { ServerProcess } from '../testing/server-process.js';
import { provingAgainstApache, startServerUnderTest } from '../testing/server-under-test.js';
import { makeTempDir } from '../testing/temp-dir.js';
import { until } from '../testing/until.js';

const ENTRY = join(repositoryRoot, 'dist/src/client/open-zookeeper.js');
const DEADLINE_MS = 20_000;

let client: typeof Client;
let server: ServerProcess;
const opened: Client.ZooKeeper[] = [];

beforeAll(async () => {
  if (!existsSync(ENTRY)) throw new Error(`${ENTRY} is missing: run npm run build first`);
  client = (await import(pathToFileURL(ENTRY).href)) as typeof Client;
  server = await startServerUnderTest({
    cfg: { tickTime: 500, extendedTypesEnabled: 'true', 'znode.container.checkIntervalMs': 200 },
    // The reference takes the interval as a system property only.
    env: { JDK_JAVA_OPTIONS: '-Dznode.container.checkIntervalMs=200' },
  });
});
afterAll(async () => {
  await Promise.all(opened.map((zk) => zk.close()));
  await server?.stop();
});

function open(chroot = '', options: Client.OpenOptions = {}): Client.ZooKeeper {
  const zk = client.openZooKeeper(`127.0.0.1:${server.port}${chroot}`, { sessionTimeoutMs: 10_000, ...options });
  opened.push(zk);
  return zk;
}

/** An event in few words. */
function textOf({ type, state, path }: Client.WatchedEvent): string {
  const { EventType, KeeperState } = client;
  const nameOf = (table: object, value: number): string =>
    Object.entries(table).find(([, number]) => number === value)?.[0] ?? String(value);
  return type === EventType.None ? nameOf(KeeperState, state) : `${nameOf(EventType, type)} ${path}`;
}

async function take(events: AsyncIterator<Client.WatchedEvent>, count: number): Promise<string[]> {
  const taken: string[] = [];
  while (taken.length < count) {
    const { value, done } = await events.next();
    if (done === true) break;
    taken.push(textOf(value));
  }
  return taken;
}

test('a loop over a subtree sees what another session does', async () => {
  const zk = open();
  const other = open();
  await zk.create('/loop');
  const events = zk.watch('/loop', { recursive: true });
  expect(await take(events, 1)).toEqual(['SyncConnected']);
  await other.create('/loop/a');
  await other.create('/loop/a/b');
  await other.setData('/loop/a', new Uint8Array(3));
  await other.transaction().delete('/loop/a/b').delete('/loop/a').commit();
  expect(await take(events, 5)).toEqual([
    'NodeCreated /loop/a',
    'NodeCreated /loop/a/b',
    'NodeDataChanged /loop/a',
    'NodeDeleted /loop/a/b',
    'NodeDeleted /loop/a',
  ]);
  await events.return();
  await expect(zk.checkWatches('/loop', client.WatcherType.Any)).rejects.toMatchObject({ name: 'NoWatcher' });
});

test('watches that stay, and their removal one by one', async () => {
  const zk = open();
  const other = open();
  await zk.create('/stay');
  const told: string[] = [];
  const first = (event: Client.WatchedEvent): void => {
    told.push(`first ${textOf(event)}`);
  };
  const second = (event: Client.WatchedEvent): void => {
    told.push(`second ${textOf(event)}`);
  };
  const { AddWatchMode, WatcherType } = client;
  await zk.addWatch('/stay', first, AddWatchMode.Persistent);
  await zk.addWatch('/stay', second, AddWatchMode.Persistent);
  await other.create('/stay/child');
  await until('the first events', DEADLINE_MS, async () => told.length === 2);
  await zk.removeWatches('/stay', first, WatcherType.Any);
  await other.setData('/stay', null);
  await until('the event', DEADLINE_MS, async () => told.length === 4);
  await zk.removeWatches('/stay', second, WatcherType.Any);
  await expect(zk.checkWatches('/stay', WatcherType.Any)).rejects.toMatchObject({ name: 'NoWatcher' });
  expect(told).toEqual([
    'first NodeChildrenChanged /stay',
    'second NodeChildrenChanged /stay',
    'first PersistentWatchRemoved /stay',
    'second NodeDataChanged /stay',
    'second PersistentWatchRemoved /stay',
  ]);
});

test('a multiRead has one answer or error per op; a refused multi names its op', async () => {
  const zk = open();
  await zk.create('/reads', client.encodeUtf8('x'));
  const [data, gone, children] = await zk.multiRead().getData('/reads').getData('/none').getChildren('/reads').fetch();
  expect(data).toMatchObject({ data: client.encodeUtf8('x'), stat: { dataLength: 1 } });
  expect(gone).toMatchObject({ name: 'NoNode', path: '/none' });
  expect(children).toEqual([]);
  const refused = zk.transaction().setData('/reads', null, 0).check('/reads', 7).create('/never').commit();
  await expect(refused).rejects.toMatchObject({ name: 'BadVersion', path: '/reads', index: 1 });
  expect(await zk.exists('/never')).toBeNull();
});

test('nodes that go by themselves: containers and times to live', async () => {
  const zk = open();
  const { CreateMode } = client;
  await zk.create('/container', null, { mode: CreateMode.Container });
  await zk.create('/container/child');
  await zk.delete('/container/child');
  await zk.create('/short', null, { mode: CreateMode.PersistentWithTtl, ttlMs: 100 });
  expect(await zk.create('/n-', null, { mode: CreateMode.PersistentSequentialWithTtl, ttlMs: 100 })).toMatch(
    /^\/n-\d{10}$/,
  );
  for (const path of ['/container', '/short']) {
    await until(`${path} to go`, DEADLINE_MS, async () => (await zk.exists(path)) === null);
  }
});

test('what this session owns, counts and is', async () => {
  const zk = open();
  const { CreateMode } = client;
  await zk.create('/own');
  await zk.create('/own/e', null, { mode: CreateMode.Ephemeral });
  await zk.create('/own/p');
  expect([await zk.getEphemerals(), await zk.getEphemerals('/other')]).toEqual([['/own/e'], []]);
  expect(await zk.getAllChildrenNumber('/own')).toBe(2);
  await zk.addAuth('digest', client.encodeUtf8('u:p'));
  expect((await zk.whoAmI()).map(({ authScheme, user }) => `${authScheme} ${user}`).sort()).toEqual([
    'digest u',
    'ip 127.0.0.1',
  ]);
  expect(await zk.sync('/own')).toBe('/own');
  expect((await zk.getConfig()).data).toEqual(new Uint8Array(0));
  await expect(zk.reconfig({ leaving: '1' })).rejects.toMatchObject({ name: 'ReconfigDisabled' });
});

test('a view shows a subtree as the tree, on the same session', async () => {
  const zk = open();
  await zk.create('/view');
  const view = zk.chroot('/view');
  expect(await view.create('/a')).toBe('/a');
  expect(await zk.getChildren('/view')).toEqual(['a']);
  const events = view.watch('/', { recursive: true });
  expect(await take(events, 1)).toEqual(['SyncConnected']);
  await zk.create('/view/b');
  expect(await take(events, 1)).toEqual(['NodeCreated /b']);
  await events.return();
});

test('giving up: an answer that is not wanted any more disturbs nothing', async () => {
  const zk = open();
  await zk.whenConnected();
  const abort = new AbortController();
  const reads = Array.from({ length: 50 }, (_, i) =>
    zk.exists('/', false, i % 2 === 0 ? { signal: abort.signal } : {}),
  );
  abort.abort();
  const outcomes = await Promise.allSettled(reads);
  expect(outcomes.filter(({ status }) => status === 'rejected').length).toBe(25);
  expect(await zk.exists('/')).not.toBeNull();
});

test('a session goes from one process to another, with its ephemerals', async () => {
  const zk = open();
  await zk.create('/handed', null, { mode: client.CreateMode.Ephemeral });
  const { id, password, lastZxid } = zk.detach();
  const script = `
    import { openZooKeeper } from 'threadkeeper/client';
    const session = { id: ${id}n, password: Buffer.from(${JSON.stringify(Buffer.from(password).toString('hex'))}, 'hex'), lastZxid: ${lastZxid}n };
    const zk = openZooKeeper('127.0.0.1:${server.port}', { session, sessionTimeoutMs: 10000 });
    console.log((await zk.getEphemerals()).join(), zk.sessionId === ${id}n);
    await zk.close();`;
  // From the root of the package its own name stands for it, through "exports", as in an application.
  const where = { deadlineMs: DEADLINE_MS, cwd: repositoryRoot };
  const run = await runTool(process.execPath, ['--input-type=module', '-e', script], where);
  expect([run.stdout.trim(), run.stderr, run.code]).toEqual(['/handed true', '', 0]);
  expect(await open().exists('/handed')).toBeNull();
});

test('a session that is over cannot be taken up again', async () => {
  const zk = open();
  await zk.whenConnected();
  const session = { id: zk.sessionId, password: zk.sessionPassword };
  await zk.close();
  const next = open('', { session });
  await expect(next.exists('/')).rejects.toMatchObject({ name: 'SessionExpired' });
  expect(next.state).toBe('CLOSED');
});

test('a node of a chroot that does not exist', async () => {
  const zk = open('/nowhere');
  await expect(zk.create('/a')).rejects.toMatchObject({ name: 'NoNode', path: '/a' });
});

test.skipIf(provingAgainstApache)(
  'after a restart of the server loops go on, and say that something may be missing',
  async () => {
    using dataDir = makeTempDir('client-library');
    const start = (port: number): Promise<ServerProcess> =>
      startServerUnderTest({ cfg: { tickTime: 500 }, port, dataDir: dataDir.path });
    const own = await start(await freePort());
    const zk = client.openZooKeeper(`127.0.0.1:${own.port}`, { sessionTimeoutMs: 20_000, whileDisconnected: 'queue' });
    try {
      await zk.create('/kept');
      const events = zk.watch('/kept');
      expect(await take(events, 1)).toEqual(['SyncConnected']);
      await own.kill();
      expect(await take(events, 1)).toEqual(['Disconnected']);
      const patient = zk.setData('/kept', null);
      const again = await start(own.port);
      try {
        await patient;
        expect(await take(events, 2)).toEqual(['SyncConnected', 'NodeDataChanged /kept']);
        await zk.close();
        expect(await take(events, 2)).toEqual(['Closed']);
      } finally {
        await again.stop();
      }
    } finally {
      await zk.close();
      await own.stop();
    }
  },
);
