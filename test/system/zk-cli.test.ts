/**
 * The built zkCli as users run it, against a server process: one command per process with streams and exit codes, scripts
 * piped into stdin, chroots, and sessions that outlive their process or their server.
 */
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort } from '../testing/free-port.js';
import { InteractiveTool } from '../testing/interactive-tool.js';
import { repositoryRoot } from '../testing/repository-root.js';
import { runTool, type ToolRun } from '../testing/run-tool.js';
import type { ServerProcess } from '../testing/server-process.js';
import { startServerUnderTest } from '../testing/server-under-test.js';
import { makeTempDir } from '../testing/temp-dir.js';
import { until } from '../testing/until.js';

const ZK_CLI = join(repositoryRoot, 'dist/bundle/cli/zk-cli.js');
const DEADLINE_MS = 20_000;

let server: ServerProcess;

beforeAll(async () => {
  if (!existsSync(ZK_CLI)) throw new Error(`${ZK_CLI} is missing: run npm run build first`);
  server = await startServerUnderTest({ cfg: { tickTime: 500 } });
});
afterAll(() => server?.stop());

function cli(args: readonly string[], input = '', chroot = ''): Promise<ToolRun> {
  const argv = [ZK_CLI, '-server', `127.0.0.1:${server.port}${chroot}`, ...args];
  return runTool(process.execPath, argv, { deadlineMs: DEADLINE_MS, input, env: { TZ: 'UTC' } });
}

/** stdout without the greeting and the events, which come whenever they come. */
function answersOf(run: ToolRun): string[] {
  const greeting = /^(Connecting to .*|Welcome to ZooKeeper!|JLine support is disabled|WATCHER::|WatchedEvent .*|)$/;
  return run.stdout.split('\n').filter((line) => !greeting.test(line));
}

function errorsOf(run: ToolRun): string[] {
  return run.stderr.split('\n').filter((line) => line !== '');
}

const DATE = expect.stringMatching(/^[cm]time = \w{3} \w{3} \d\d \d\d:\d\d:\d\d UTC \d{4}$/);

test('one command per process: streams and exit codes', async () => {
  const created = await cli(['create', '/single', 'one']);
  expect([created.code, answersOf(created), errorsOf(created)]).toEqual([0, [], ['Created /single']]);
  expect(created.stdout.split('\n')[0]).toBe(`Connecting to 127.0.0.1:${server.port}`);

  const got = await cli(['get', '-s', '/single']);
  const [data, cZxid, cTime, mZxid, mTime, pZxid, ...rest] = answersOf(got);
  expect([got.code, data]).toEqual([0, 'one']);
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
  expect([missing.code, answersOf(missing), errorsOf(missing)]).toEqual([1, [], ['Node does not exist: /nothing']]);
  const unknown = await cli(['foo']);
  expect([unknown.code, errorsOf(unknown).at(-1)]).toEqual([127, 'Command not found: Command not found foo']);
  expect(errorsOf(unknown)[0]).toBe('ZooKeeper -server host:port -client-configuration properties-file cmd args');
});

test('a piped script', async () => {
  const script = [
    'create /piped first',
    'get /piped',
    "set /piped 'second value'",
    'get /piped',
    'create -s /piped/s-',
    'create -e /piped/e',
    'create /piped/e/child',
    'create /piped',
    'ls -w /piped',
    'create /piped/watched äöü',
    'get -b /piped/watched',
    'delete /piped',
    'set -v 9 /piped never',
    'stat /piped/none',
    'sync /piped',
    'create /piped/watched/deep',
    'ls -R /piped',
    'deleteall /piped',
    'ls /piped',
    'quit',
    'create /after-quit',
  ];
  const run = await cli([], `${script.join('\n')}\n`);
  expect(answersOf(run)).toEqual([
    'first',
    'second value',
    '[e, s-0000000000]',
    'w6TDtsO8',
    'Sync is OK',
    '/piped',
    '/piped/e',
    '/piped/s-0000000000',
    '/piped/watched',
    '/piped/watched/deep',
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
    'Node does not exist: /piped/none',
    'Created /piped/watched/deep',
    'Node does not exist: /piped',
  ]);
  expect(run.stdout).toMatch(/^WatchedEvent state:SyncConnected type:NodeChildrenChanged path:\/piped zxid: -?\d+$/m);
  expect(run.code).toBe(1); // of the last command before quit
  expect((await cli(['stat', '/after-quit'])).code).toBe(1);
});

test('with a chroot the subtree is the whole tree', async () => {
  await cli([], 'create /jail\ncreate /jail/in x\n');
  const run = await cli([], 'ls /\ncreate /made\nget /in\ncreate -s /s-\nls -R /\nquit\n', '/jail');
  expect(answersOf(run)).toEqual(['[in]', 'x', '/', '/in', '/made', '/s-0000000002']);
  expect(errorsOf(run)).toEqual(['Created /made', 'Created /s-0000000002']);
  expect(answersOf(await cli(['ls', '/jail']))).toEqual(['[in, made, s-0000000002]']);
});

test('quotas: set, listed, counted, lifted', async () => {
  const set = ['create /u', 'create /u/a 12345', 'setquota -n 1 /u', 'setquota -B 40 /u', 'setquota -n 9 /u/a'];
  const show = [
    'listquota /u',
    'delquota -n /u',
    'listquota /u',
    'delquota /u',
    'listquota /u',
    'ls -R /zookeeper',
    'quit',
  ];
  const run = await cli([], `${[...set, ...show].join('\n')}\n`);
  const warning = '[Warning]: the count quota you create is less than the existing count:2';
  expect(answersOf(run)).toEqual([
    warning,
    warning,
    'Output quota for /u count=1,bytes=-1=;byteHardLimit=40;countHardLimit=-1',
    'Output stat for /u count=2,bytes=5',
    'Output quota for /u count=-1,bytes=-1=;byteHardLimit=40;countHardLimit=-1',
    'Output stat for /u count=2,bytes=5',
    '/zookeeper',
    '/zookeeper/config',
    '/zookeeper/quota',
  ]);
  const path = 'absolute path is /zookeeper/quota/u/zookeeper_limits';
  expect(errorsOf(run)).toEqual([
    'Created /u',
    'Created /u/a',
    '/u/a has a parent /u which has a quota',
    path,
    path,
    path,
    'quota for /u does not exist.',
  ]);
});

test('watches that stay, identities, and what the server knows of the session', async () => {
  const script = [
    'create /w',
    'addWatch -m PERSISTENT_RECURSIVE /w',
    'create -e /w/e',
    'set /w/e x',
    'removewatches /w -a',
    'set /w/e y',
    'removewatches /w -d',
    'getEphemerals',
    'getAllChildrenNumber /w',
    'addauth digest u:p',
    'config -c',
    'quit',
  ];
  const run = await cli([], `${script.join('\n')}\n`);
  expect(answersOf(run)).toEqual(['[/w/e]', '1', ' ']);
  expect(errorsOf(run)).toEqual(['Created /w', 'Created /w/e', 'KeeperErrorCode = No such watcher for /w']);
  const events = run.stdout.split('\n').filter((line) => line.includes('path:/w'));
  expect(events.map((line) => line.replace(/ zxid: -?\d+$/, ''))).toEqual([
    'WatchedEvent state:SyncConnected type:NodeCreated path:/w/e',
    'WatchedEvent state:SyncConnected type:NodeDataChanged path:/w/e',
    'WatchedEvent state:SyncConnected type:PersistentWatchRemoved path:/w',
  ]);
  expect(answersOf(await cli(['whoami']))).toEqual(['Auth scheme: User', 'ip: 127.0.0.1']);
  const reconfig = await cli(['reconfig', '-remove', '2']);
  expect([reconfig.code, errorsOf(reconfig)]).toEqual([1, ['KeeperErrorCode = Reconfig is disabled']]);
});

test('ACLs: who adds its identity may, who does not may not', async () => {
  const run = await cli([], 'addauth digest bob:pw\ncreate /mine x auth::cdrwa\ngetAcl /mine\nget /mine\n');
  expect(answersOf(run)).toEqual(["'digest,'bob:ikIaKsbtGweaHnb/jKn7OHqbunM=", ': cdrwa', 'x']);
  const other = await cli(['get', '/mine']);
  expect([other.code, errorsOf(other)]).toEqual([1, ['Insufficient permission : /mine']]);
  // No password at all is no empty password: Apache's server, too, ends the session.
  const without = await cli([], 'addauth digest\nget /mine\n');
  expect(without.stdout).toContain('state:AuthFailed');
  expect(without.stdout).not.toMatch(/^x$/m);
});

test("a one-shot's ephemeral lives until its session expires; one of a script that quits goes at once", async () => {
  await cli(['-timeout', '3000', 'create', '-e', '/lingers']);
  expect((await cli(['stat', '/lingers'])).code).toBe(0);
  await cli([], 'create -e /quits\nquit\n');
  expect((await cli(['stat', '/quits'])).code).toBe(1);
  await until('the session to expire', DEADLINE_MS, async () => (await cli(['stat', '/lingers'])).code === 1);
});

test('--json: one object to the line, and nothing else on stdout', async () => {
  const script = [
    'create /j one',
    'create -s /j/s-',
    'get /j',
    'get /j/s-0000000000',
    'get -b /j',
    'get -x /j',
    'ls /j',
    'ls -R /j',
    'stat /j',
    'set -b /j /w==',
    'get /j',
    'getAcl /j',
    'setAcl /j world:anyone:cdrw',
    'setquota -n 5 /j',
    'listquota /j',
    'getEphemerals',
    'getAllChildrenNumber /j',
    'config',
    'whoami',
    'sync /j',
    'version',
    'addWatch /j',
    'delquota /j',
    'deleteall /j',
    'get /j',
    'quit',
  ];
  const run = await cli(['--json'], `${script.join('\n')}\n`);
  const answers = run.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const stat = {
    cZxid: expect.stringMatching(/^0x[0-9a-f]+$/),
    ctime: expect.any(Number),
    mZxid: expect.stringMatching(/^0x[0-9a-f]+$/),
    mtime: expect.any(Number),
    pZxid: expect.stringMatching(/^0x[0-9a-f]+$/),
    cversion: 1,
    dataVersion: 0,
    aclVersion: 0,
    ephemeralOwner: '0x0',
    dataLength: 3,
    numChildren: 1,
  };
  const event = (type: string, path: string): unknown => ({
    event: { type, state: 'SyncConnected', path, zxid: expect.stringMatching(/^0x/) },
  });
  const [number, membership, identities, synced, version, ...events] = answers.slice(15);
  expect(answers.slice(0, 15)).toEqual([
    { path: '/j' },
    { path: '/j/s-0000000000' },
    { path: '/j', data: 'one', encoding: 'utf8', stat },
    { path: '/j/s-0000000000', data: null, stat: { ...stat, cversion: 0, dataLength: 0, numChildren: 0 } },
    { path: '/j', data: 'b25l', encoding: 'base64', stat },
    { path: '/j', data: '6f6e65', encoding: 'hex', stat },
    { path: '/j', children: ['s-0000000000'], stat },
    { path: '/j', paths: ['/j', '/j/s-0000000000'] },
    { path: '/j', stat },
    { path: '/j', stat: { ...stat, dataVersion: 1, dataLength: 1 } },
    { path: '/j', data: '/w==', encoding: 'base64', stat: { ...stat, dataVersion: 1, dataLength: 1 } },
    {
      path: '/j',
      acl: [{ scheme: 'world', id: 'anyone', perms: 'cdrwa' }],
      stat: { ...stat, dataVersion: 1, dataLength: 1 },
    },
    { path: '/j', stat: { ...stat, dataVersion: 1, aclVersion: 1, dataLength: 1 } },
    {
      path: '/j',
      quota: { count: 5, bytes: -1, countHardLimit: -1, byteHardLimit: -1 },
      stat: expect.objectContaining({ count: 2, bytes: 1 }),
    },
    { ephemerals: [] },
  ]);
  expect([number, membership, identities, synced, version]).toEqual([
    { path: '/j', number: 1 },
    expect.objectContaining({ version: null, servers: {} }),
    { identities: [{ scheme: 'ip', user: '127.0.0.1' }] },
    { path: '/j', rc: 0 },
    { version: expect.stringMatching(/^\d+\.\d+/) },
  ]);
  expect(events).toEqual([event('NodeDeleted', '/j/s-0000000000'), event('NodeDeleted', '/j')]);
  expect(errorsOf(run).at(-1)).toBe('Node does not exist: /j');
  expect(run.code).toBe(1);

  const single = await cli(['--json', 'ls', '/zookeeper']);
  expect(JSON.parse(single.stdout)).toMatchObject({ path: '/zookeeper', children: ['config', 'quota'] });
});

test('a big subtree, and data of half a megabyte', async () => {
  const creates = Array.from({ length: 1100 }, (_, i) => `create /big/n${i}`);
  await cli([], `create /big\n${creates.join('\n')}\n`);
  expect(answersOf(await cli(['ls', '-R', '/big'])).length).toBe(1101);
  const text = 'x'.repeat(500_000);
  expect((await cli([], `set /big ${text}\n`)).code).toBe(0);
  expect(answersOf(await cli(['get', '/big']))).toEqual([text]);
  const all = await cli(['deleteall', '/big']);
  expect([all.code, errorsOf(all)]).toEqual([0, []]);
  expect((await cli(['stat', '/big'])).code).toBe(1);
});

test('nobody there', async () => {
  const nobody = `127.0.0.1:${await freePort()}`;
  const run = async (...args: string[]): Promise<[number | null, string[]]> => {
    const result = await runTool(process.execPath, [ZK_CLI, '-server', nobody, ...args], { deadlineMs: DEADLINE_MS });
    return [result.code, errorsOf(result)];
  };
  const why = `${nobody}: cannot be reached: connect ECONNREFUSED ${nobody}`;
  expect(await run('ls', '/')).toEqual([1, ['KeeperErrorCode = ConnectionLoss for /', why]]);
  expect(await run('-timeout', '1000', '-waitforconnection', 'ls', '/')).toEqual([
    1,
    [
      'java.io.IOException: org.apache.zookeeper.KeeperException$ConnectionLossException: ' +
        'KeeperErrorCode = ConnectionLoss',
      why,
    ],
  ]);
  // Somebody else's port, and a member without a quorum.
  for (const [reply, told] of [
    ['HTTP/1.1 400 Bad Request\r\n\r\n', 'somebody listens, who gives no session'],
    ['This ZooKeeper instance is not currently serving requests\n', 'a server that serves nobody at the moment'],
  ] as const) {
    const listener = createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => socket.end(reply));
    });
    await new Promise<void>((listening) => listener.listen(Number(nobody.split(':')[1]), '127.0.0.1', listening));
    try {
      const [code, errors] = await run('ls', '/');
      expect(code).toBe(1);
      expect(errors.at(-1)).toContain(`${nobody}: ${told}`);
    } finally {
      listener.close();
    }
  }
  expect(await run('create')).toEqual([1, ['create [-s] [-e] [-c] [-t ttl] path [data] [acl]']]);
});

test('a session outlives its server: re-opened, watches and identity renewed', async () => {
  using dataDir = makeTempDir('zk-cli-data');
  const port = await freePort();
  const start = (): Promise<ServerProcess> => startServerUnderTest({ dataDir: dataDir.path, port });
  const first = await start();
  const tool = new InteractiveTool(process.execPath, [ZK_CLI, '-server', `127.0.0.1:${port}`, '-timeout', '20000']);
  try {
    await tool.answers(/state:SyncConnected/);
    for (const line of ['addauth digest u:p', 'create /kept v1', 'create -e /mine x auth::cdrwa', 'get -w /kept']) {
      tool.type(line);
    }
    await tool.answers(/Created \/mine[\s\S]*v1/);
    await first.kill();
    await tool.answers(/state:Disconnected/);
    const second = await start();
    try {
      await tool.answers(/state:SyncConnected/);
      tool.type('get /mine');
      await tool.answers(/^x$/m);
      tool.type('set /kept v2');
      await tool.answers(/type:NodeDataChanged path:\/kept/);
      tool.type('quit');
      expect(await tool.exits()).toBe(0);
    } finally {
      await second.stop();
    }
  } finally {
    tool.kill();
    await first.stop();
  }
});

test('at a terminal: prompt, completion, history, an event over the prompt', async () => {
  using home = makeTempDir('zk-cli-home');
  const command = `stty cols 200; exec ${process.execPath} ${ZK_CLI} -server 127.0.0.1:${server.port}`;
  const start = (): InteractiveTool =>
    new InteractiveTool('/usr/bin/script', ['-qefc', command, '/dev/null'], { HOME: home.path, TERM: 'xterm' });
  const prompt = (n: number): RegExp => new RegExp(`\\[zk: 127\\.0\\.0\\.1:${server.port}\\(CONNECTED\\) ${n}\\] `);
  const first = start();
  try {
    await first.answers(/JLine support is enabled/);
    await first.answers(/state:SyncConnected/);
    await first.answers(prompt(0));
    first.press('crea\t');
    await first.answers(/create/);
    first.press(' /terminal value\r');
    await first.answers(/Created \/terminal/);
    await first.answers(prompt(1));
    first.press('get -w /term\t');
    await first.answers(/\/terminal|inal/);
    first.press('\r');
    await first.answers(/value/);
    await first.answers(prompt(2));
    first.press('\r');
    await first.answers(prompt(2)); // an empty line does not count
    first.press('getE\t');
    await first.answers(/phemerals/);
    first.press('\u0015'); // the line is given up
    await cli(['set', '/terminal', 'other']);
    await first.answers(/type:NodeDataChanged path:\/terminal/);
    await first.answers(prompt(2));
    first.press('addauth digest me:secret\r');
    first.press('quit\r');
    expect(await first.exits()).toBe(0);
  } finally {
    first.kill();
  }
  const second = start();
  try {
    await second.answers(prompt(0));
    // Up: past quit, and addauth was never kept.
    second.press('\u001b[A\u001b[A\r');
    await second.answers(/get -w \/terminal[\s\S]*other/);
    second.press('\u0004'); // the end of what is typed
    expect(await second.exits()).toBe(0);
  } finally {
    second.kill();
  }
});
