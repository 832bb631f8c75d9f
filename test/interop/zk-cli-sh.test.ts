/**
 * Apache's own zkCli.sh (the Java client) against our server: one command per process, and a script piped into its stdin.
 * Its answers are those it gives against Apache's server.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { requireTool, runTool, type ToolRun } from '../testing/run-tool.js';
import type { ServerProcess } from '../testing/server-process.js';
import { startServerUnderTest } from '../testing/server-under-test.js';

const ZK_CLI = '/usr/share/zookeeper/bin/zkCli.sh';
const DEADLINE_MS = 40_000;

let server: ServerProcess;

beforeAll(async () => {
  requireTool(ZK_CLI, 'zookeeper');
  server = await startServerUnderTest();
});
afterAll(() => server?.stop());

function cli(args: readonly string[], input = ''): Promise<ToolRun> {
  return runTool(ZK_CLI, ['-server', `127.0.0.1:${server.port}`, ...args], { deadlineMs: DEADLINE_MS, input });
}

/** stdout without the greeting and the watch events, which come whenever they come. */
function answersOf(run: ToolRun): string[] {
  const greeting = /^(Connecting to .*|Welcome to ZooKeeper!|JLine support is disabled|WATCHER::|WatchedEvent .*|)$/;
  return run.stdout.split('\n').filter((line) => !greeting.test(line));
}

/** stderr without what the logging library of the Java client has to say about itself. */
function errorsOf(run: ToolRun): string[] {
  return run.stderr.split('\n').filter((line) => line !== '' && !line.startsWith('SLF4J'));
}

const DATE = expect.stringMatching(/^[cm]time = \w{3} \w{3} \d\d \d\d:\d\d:\d\d \w+ \d{4}$/);

test('one command per process', async () => {
  const created = await cli(['create', '/single', 'one']);
  expect([created.code, errorsOf(created)]).toEqual([0, ['Created /single']]);

  const got = await cli(['get', '-s', '/single']);
  expect(got.code).toBe(0);
  const [data, cZxid, cTime, mZxid, mTime, pZxid, ...rest] = answersOf(got);
  expect(data).toBe('one');
  expect(cZxid).toMatch(/^cZxid = 0x[1-9a-f][0-9a-f]*$/);
  expect([mZxid, pZxid]).toEqual([cZxid?.replace('c', 'm'), cZxid?.replace('c', 'p')]);
  expect([cTime, mTime]).toEqual([DATE, DATE]);
  expect(rest).toEqual([
    'cversion = 0',
    'dataVersion = 0',
    'aclVersion = 0',
    'ephemeralOwner = 0x0',
    'dataLength = 3',
    'numChildren = 0',
  ]);

  const missing = await cli(['delete', '/nothing']);
  expect([missing.code, errorsOf(missing)]).toEqual([1, ['Node does not exist: /nothing']]);
});

test('a piped script', async () => {
  const script = [
    'create /piped first',
    'get /piped',
    'set /piped second',
    'get /piped',
    'create -s /piped/s-',
    'create -e /piped/e',
    'create /piped/e/child',
    'create /piped',
    'ls /piped',
    'ls -w /piped',
    'create /piped/watched',
    'delete /piped',
    'set -v 9 /piped never',
    'sync /piped',
    'getAcl /piped',
    'deleteall /piped',
    'ls /piped',
    'quit',
  ];
  const run = await cli([], `${script.join('\n')}\n`);
  expect(answersOf(run)).toEqual([
    'first',
    'second',
    '[e, s-0000000000]',
    '[e, s-0000000000]',
    'Sync is OK',
    "'world,'anyone",
    ': cdrwa',
  ]);
  expect(errorsOf(run)).toEqual([
    'Created /piped',
    'Created /piped/s-0000000000',
    'Created /piped/e',
    'Ephemerals cannot have children: /piped/e/child',
    'Node already exists: /piped',
    'Created /piped/watched',
    'Node not empty: /piped',
    'version No is not valid : /piped',
    'Node does not exist: /piped',
  ]);
  expect(run.stdout).toContain('WatchedEvent state:SyncConnected type:NodeChildrenChanged path:/piped\n');
  // The code of the last command, an ls of what is no longer there.
  expect(run.code).toBe(1);
});

test('ephemerals of a closed session are gone, its sequence goes on', async () => {
  await cli([], 'create /left\ncreate -e /left/e\ncreate -s /left/s-\nquit\n');
  const run = await cli([], 'ls /left\ncreate -s /left/s-\nquit\n');
  expect(answersOf(run)).toEqual(['[s-0000000001]']);
  expect(errorsOf(run)).toEqual(['Created /left/s-0000000002']);
});
