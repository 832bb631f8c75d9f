/**
 * The npm package node-zookeeper-client, the other client in JavaScript, against our server: every call it has, its watches,
 * its sessions. It brings no types; what is used of it is written down here.
 */
import { createRequire } from 'node:module';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { ServerProcess } from '../testing/server-process.js';
import { startServerUnderTest } from '../testing/server-under-test.js';
import { until, within } from '../testing/until.js';

interface Stat {
  readonly version: number;
  readonly cversion: number;
  readonly aversion: number;
  readonly dataLength: number;
  readonly numChildren: number;
}

interface WatchEvent {
  readonly name: string;
  readonly path: string;
}

interface Acl {
  readonly permission: number;
  readonly id: { readonly scheme: string; readonly id: string };
}

type Callback<Values extends unknown[]> = (error: { name: string; code: number } | null, ...values: Values) => void;
type Watcher = (event: WatchEvent) => void;

interface Transaction {
  create(path: string, data?: Buffer, mode?: number): Transaction;
  setData(path: string, data: Buffer, version?: number): Transaction;
  check(path: string, version?: number): Transaction;
  remove(path: string, version?: number): Transaction;
  commit(callback: Callback<[{ type: number; err?: number }[]]>): void;
}

interface Client {
  connect(): void;
  close(): void;
  once(event: 'connected' | 'disconnected', listener: () => void): void;
  getSessionId(): Buffer;
  getSessionTimeout(): number;
  addAuthInfo(scheme: string, auth: Buffer): void;
  create(path: string, data: Buffer, mode: number, callback: Callback<[string]>): void;
  mkdirp(path: string, callback: Callback<[string]>): void;
  exists(path: string, watcher: Watcher | null, callback: Callback<[Stat | null]>): void;
  getData(path: string, watcher: Watcher | null, callback: Callback<[Buffer, Stat]>): void;
  setData(path: string, data: Buffer, version: number, callback: Callback<[Stat]>): void;
  getChildren(path: string, watcher: Watcher | null, callback: Callback<[string[], Stat]>): void;
  getACL(path: string, callback: Callback<[Acl[], Stat]>): void;
  setACL(path: string, acls: readonly Acl[], version: number, callback: Callback<[Stat]>): void;
  remove(path: string, version: number, callback: Callback<[]>): void;
  removeRecursive(path: string, version: number, callback: Callback<[]>): void;
  transaction(): Transaction;
}

interface Package {
  createClient(connection: string, options?: { sessionTimeout?: number }): Client;
  readonly CreateMode: Readonly<Record<'PERSISTENT' | 'PERSISTENT_SEQUENTIAL' | 'EPHEMERAL', number>>;
  readonly ACL: { readonly CREATOR_ALL_ACL: readonly Acl[]; readonly OPEN_ACL_UNSAFE: readonly Acl[] };
}

const { createClient, CreateMode, ACL } = createRequire(import.meta.url)('node-zookeeper-client') as Package;
const DEADLINE_MS = 20_000;

let server: ServerProcess;
const clients: Client[] = [];

beforeAll(async () => {
  server = await startServerUnderTest();
});
afterEach(async () => {
  for (const client of clients.splice(0)) await closed(client);
});
afterAll(() => server?.stop());

async function connected(chroot = ''): Promise<Client> {
  const client = createClient(`127.0.0.1:${server.port}${chroot}`, { sessionTimeout: 6000 });
  clients.push(client);
  await within(
    'connection',
    DEADLINE_MS,
    new Promise<void>((resolve) => {
      client.once('connected', resolve);
      client.connect();
    }),
  );
  return client;
}

async function closed(client: Client): Promise<void> {
  await within(
    'end of the session',
    DEADLINE_MS,
    new Promise<void>((resolve) => {
      client.once('disconnected', resolve);
      client.close();
    }),
  );
}

/** What the call answers, error and values: `[null, ...]` when it succeeded, else the error's name. */
function answer<Values extends unknown[]>(
  call: (callback: Callback<Values>) => void,
): Promise<[null, ...Values] | [string]> {
  return within(
    'answer',
    DEADLINE_MS,
    new Promise((resolve) => {
      call((error, ...values) => resolve(error === null || error === undefined ? [null, ...values] : [error.name]));
    }),
  );
}

const text = (value: string): Buffer => Buffer.from(value);

test('a node from its creation to its end, and what the watches of another session tell of it', async () => {
  const writer = await connected();
  const reader = await connected();
  expect(writer.getSessionTimeout()).toBe(6000);
  expect(writer.getSessionId().equals(reader.getSessionId())).toBe(false);
  const told: string[] = [];
  const watcher: Watcher = (event) => told.push(`${event.name} ${event.path}`);

  expect(await answer((done) => reader.exists('/node', watcher, done))).toEqual([null, null]);
  expect(await answer((done) => writer.create('/node', text('one'), CreateMode.PERSISTENT, done))).toEqual([
    null,
    '/node',
  ]);
  await until('NODE_CREATED', DEADLINE_MS, () => told.length === 1);
  expect(await answer((done) => writer.create('/node', text(''), CreateMode.PERSISTENT, done))).toEqual([
    'NODE_EXISTS',
  ]);
  expect(await answer((done) => reader.getData('/node', watcher, done))).toMatchObject([
    null,
    text('one'),
    { version: 0, dataLength: 3 },
  ]);
  expect(await answer((done) => writer.setData('/node', text('two!'), 0, done))).toMatchObject([
    null,
    { version: 1, dataLength: 4 },
  ]);
  await until('NODE_DATA_CHANGED', DEADLINE_MS, () => told.length === 2);
  expect(await answer((done) => writer.setData('/node', text('x'), 0, done))).toEqual(['BAD_VERSION']);

  expect(await answer((done) => reader.getChildren('/node', watcher, done))).toMatchObject([null, [], { cversion: 0 }]);
  const sequential = CreateMode.PERSISTENT_SEQUENTIAL;
  expect(await answer((done) => writer.create('/node/s-', text(''), sequential, done))).toEqual([
    null,
    '/node/s-0000000000',
  ]);
  await until('NODE_CHILDREN_CHANGED', DEADLINE_MS, () => told.length === 3);
  expect(await answer((done) => writer.remove('/node', -1, done))).toEqual(['NOT_EMPTY']);
  expect(await answer((done) => reader.getChildren('/node', null, done))).toMatchObject([
    null,
    ['s-0000000000'],
    { cversion: 1, numChildren: 1 },
  ]);

  expect(await answer((done) => reader.exists('/node', watcher, done))).toMatchObject([null, { version: 1 }]);
  expect(await answer((done) => writer.removeRecursive('/node', -1, done))).toMatchObject([null]);
  await until('NODE_DELETED', DEADLINE_MS, () => told.length === 4);
  expect(told).toEqual([
    'NODE_CREATED /node',
    'NODE_DATA_CHANGED /node',
    'NODE_CHILDREN_CHANGED /node',
    'NODE_DELETED /node',
  ]);
  expect(await answer((done) => writer.getData('/node', null, done))).toEqual(['NO_NODE']);
});

test('transactions: all or nothing', async () => {
  const client = await connected();
  const good = client
    .transaction()
    .create('/all', text('a'))
    .create('/all/child', text('b'))
    .setData('/all', text('c'), -1)
    .check('/all/child', -1)
    .remove('/all/child', -1);
  expect(await answer((done) => good.commit(done))).toMatchObject([
    null,
    [{ type: 1 }, { type: 1 }, { type: 5 }, { type: 13 }, { type: 2 }],
  ]);
  expect(await answer((done) => client.getData('/all', null, done))).toMatchObject([null, text('c'), { version: 1 }]);

  const bad = client.transaction().create('/nothing', text('')).setData('/absent', text(''), -1).remove('/all', -1);
  expect(await answer((done) => bad.commit(done))).toEqual(['NO_NODE']);
  expect(await answer((done) => client.exists('/nothing', null, done))).toEqual([null, null]);
  expect(await answer((done) => client.exists('/all', null, done))).toMatchObject([null, { version: 1 }]);
});

test('ephemerals go with their session', async () => {
  const watching = await connected();
  const passing = await connected();
  const told: string[] = [];
  expect(await answer((done) => passing.create('/passing', text(''), CreateMode.EPHEMERAL, done))).toEqual([
    null,
    '/passing',
  ]);
  expect(await answer((done) => watching.exists('/passing', (event) => told.push(event.name), done))).toMatchObject([
    null,
    { version: 0 },
  ]);
  clients.splice(clients.indexOf(passing), 1);
  await closed(passing);
  await until('NODE_DELETED', DEADLINE_MS, () => told.length === 1);
  expect(told).toEqual(['NODE_DELETED']);
  expect(await answer((done) => watching.exists('/passing', null, done))).toEqual([null, null]);
});

test('digest authentication guards what its creator alone may touch', async () => {
  const owner = await connected();
  const stranger = await connected();
  owner.addAuthInfo('digest', text('ann:secret'));
  expect(await answer((done) => owner.create('/guarded', text('x'), CreateMode.PERSISTENT, done))).toEqual([
    null,
    '/guarded',
  ]);
  expect(await answer((done) => owner.setACL('/guarded', ACL.CREATOR_ALL_ACL, -1, done))).toMatchObject([
    null,
    { aversion: 1 },
  ]);
  expect(await answer((done) => owner.getACL('/guarded', done))).toMatchObject([
    null,
    [{ permission: 31, id: { scheme: 'digest', id: expect.stringMatching(/^ann:/) } }],
    { aversion: 1 },
  ]);
  expect(await answer((done) => stranger.getData('/guarded', null, done))).toEqual(['NO_AUTH']);
  expect(await answer((done) => stranger.setData('/guarded', text('y'), -1, done))).toEqual(['NO_AUTH']);
  expect(await answer((done) => owner.getData('/guarded', null, done))).toMatchObject([null, text('x'), {}]);
});

test('a root of its own, and paths made whole', async () => {
  const plain = await connected();
  expect(await answer((done) => plain.mkdirp('/root/a/b', done))).toEqual([null, '/root/a/b']);
  const rooted = await connected('/root');
  expect(await answer((done) => rooted.create('/a/c', text(''), CreateMode.PERSISTENT, done))).toEqual([null, '/a/c']);
  expect(await answer((done) => plain.getChildren('/root/a', null, done))).toMatchObject([
    null,
    expect.arrayContaining(['b', 'c']),
    { numChildren: 2 },
  ]);
});
