/**
 * Command: node dist/test/interop/zookeeper-package.js [directory]. The npm package `zookeeper`, the C client under Node,
 * makes its basic calls against our server. Installs the package into a temporary directory, which compiles C and takes
 * half a minute, unless a directory is named where it is installed already; hence by hand and not among the tests.
 * THREADKEEPER_TEST_SERVER=apache proves the expectations.
 */
import { deepStrictEqual, rejects, strictEqual } from 'node:assert/strict';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { exitOnSignals } from '../testing/exit-on-signals.js';
import { runTool } from '../testing/run-tool.js';
import { startServerUnderTest } from '../testing/server-under-test.js';
import { makeTempDir } from '../testing/temp-dir.js';
import { until, within } from '../testing/until.js';

const PACKAGE = 'zookeeper@7.3.0';
const INSTALL_MS = 300_000;
const DEADLINE_MS = 20_000;

interface Stat {
  readonly version: number;
  readonly dataLength: number;
  readonly numChildren: number;
}

/** What is used of the package. */
interface NativeClient {
  init(options: object): void;
  once(event: 'connect' | 'close', listener: () => void): void;
  close(): void;
  create(path: string, data: Buffer, flags: number): Promise<string>;
  pathExists(path: string, watch: boolean): Promise<boolean>;
  w_exists(path: string, watcher: (type: number, state: number, path: string) => void): Promise<Stat>;
  get(path: string, watch: boolean): Promise<[Stat, Buffer]>;
  w_get(path: string, watcher: (type: number, state: number, path: string) => void): Promise<[Stat, Buffer]>;
  set(path: string, data: Buffer, version: number): Promise<Stat>;
  get_children(path: string, watch: boolean): Promise<string[]>;
  get_children2(path: string, watch: boolean): Promise<[string[], Stat]>;
  get_acl(path: string): Promise<[acl: readonly object[], Stat]>;
  delete_(path: string, version: number): Promise<void>;
  mkdirp(path: string, callback: (error: Error | undefined, created: boolean) => void): void;
}

const Flags = { persistent: 0, ephemeral: 1, sequence: 2 } as const;
const EventType = { deleted: 2, changed: 3 } as const;

exitOnSignals();
using scratch = makeTempDir('zookeeper-package');
const directory = process.argv[2] ?? scratch.path;
if (process.argv[2] === undefined) {
  const run = await runTool(
    'npm',
    ['install', '--no-save', '--no-audit', '--no-fund', '--prefix', directory, PACKAGE],
    {
      deadlineMs: INSTALL_MS,
      cwd: directory,
    },
  );
  if (run.code !== 0) throw new Error(`${PACKAGE} could not be installed\n${run.stdout}\n${run.stderr}`);
}
const NativeClientClass = createRequire(join(directory, 'package.json'))('zookeeper') as new () => NativeClient;

await using server = await startServerUnderTest();

async function connected(): Promise<NativeClient> {
  const client = new NativeClientClass();
  await within(
    'connection',
    DEADLINE_MS,
    new Promise<void>((resolve) => {
      client.once('connect', resolve);
      client.init({
        connect: `127.0.0.1:${server.port}`,
        timeout: 6000,
        debug_level: 1,
        host_order_deterministic: false,
        data_as_buffer: true,
      });
    }),
  );
  return client;
}

const text = (value: string): Buffer => Buffer.from(value);
const client = await connected();
const told: string[] = [];
const watcher = (type: number, _state: number, path: string): void => void told.push(`${type} ${path}`);

strictEqual(await client.create('/node', text('one'), Flags.persistent), '/node');
await rejects(client.create('/node', text('one'), Flags.persistent));
strictEqual(await client.pathExists('/node', false), true);
strictEqual(await client.pathExists('/absent', false), false);
const [stat, data] = await client.w_get('/node', watcher);
deepStrictEqual([stat.version, stat.dataLength, String(data)], [0, 3, 'one']);
strictEqual((await client.set('/node', text('two!'), 0)).version, 1);
await until('the change', DEADLINE_MS, () => told.length === 1);
await rejects(client.set('/node', text('x'), 0));
strictEqual(String((await client.get('/node', false))[1]), 'two!');
strictEqual(await client.create('/node/s-', text(''), Flags.ephemeral | Flags.sequence), '/node/s-0000000000');
deepStrictEqual(await client.get_children('/node', false), ['s-0000000000']);
strictEqual((await client.get_children2('/node', false))[1].numChildren, 1);
deepStrictEqual((await client.get_acl('/node'))[0], [{ perms: 31, scheme: 'world', auth: 'anyone' }]);
await rejects(client.delete_('/node', -1));

const other = await connected();
await within(
  'mkdirp',
  DEADLINE_MS,
  new Promise<void>((resolve, reject) => {
    other.mkdirp('/a/b/c', (error) => (error ? reject(error) : resolve()));
  }),
);
strictEqual(await other.pathExists('/a/b/c', false), true);
strictEqual((await other.w_exists('/node/s-0000000000', watcher)).version, 0);
// Its ephemeral goes with the first client's session.
client.close();
await until('the end of the ephemeral', DEADLINE_MS, () => told.length === 2);
await other.delete_('/node', 1);
strictEqual(await other.pathExists('/node', false), false);
other.close();
deepStrictEqual(told, [`${EventType.changed} /node`, `${EventType.deleted} /node/s-0000000000`]);
console.log(`${PACKAGE} against ${server.kind}: all calls as expected`);
