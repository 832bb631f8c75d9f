/**
 * Quotas between Apache ZooKeeper (Debian's 3.8) and us: its zkCli.sh sets, lists and deletes them on our server as on its
 * own, and a data directory with quotas goes from its server to ours and back.
 */
import { afterEach, beforeAll, expect, test } from 'vitest';
import { apacheServer } from '../testing/apache-server.js';
import { requireTool, runTool, type ToolRun } from '../testing/run-tool.js';
import { type ServerKind, ServerProcess } from '../testing/server-process.js';
import { serverUnderTest, startServerUnderTest } from '../testing/server-under-test.js';
import { makeTempDir } from '../testing/temp-dir.js';
import { counted, int32, Op, openAcl, WireConnection } from '../testing/wire-connection.js';

const ZK_CLI = '/usr/share/zookeeper/bin/zkCli.sh';
const DEADLINE_MS = 60_000;
const Q = '/zookeeper/quota';
const QUOTA_EXCEEDED = -125;

const servers: ServerProcess[] = [];

beforeAll(() => requireTool(ZK_CLI, 'zookeeper'));
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
});

async function started(server: Promise<ServerProcess>): Promise<ServerProcess> {
  servers.push(await server);
  return server;
}

function cli(server: ServerProcess, lines: readonly string[]): Promise<ToolRun> {
  return runTool(ZK_CLI, ['-server', `127.0.0.1:${server.port}`], {
    deadlineMs: DEADLINE_MS,
    input: `${lines.join('\n')}\nquit\n`,
  });
}

/** stdout without the greeting. */
function answersOf(run: ToolRun): string[] {
  const greeting = /^(Connecting to .*|Welcome to ZooKeeper!|JLine support is disabled|WATCHER::|WatchedEvent .*|)$/;
  return run.stdout.split('\n').filter((line) => !greeting.test(line));
}

function errorsOf(run: ToolRun): string[] {
  return run.stderr.split('\n').filter((line) => line !== '' && !line.startsWith('SLF4J'));
}

test('zkCli.sh sets, lists and deletes quotas, and meets them', { timeout: DEADLINE_MS }, async () => {
  const server = await started(startServerUnderTest({ cfg: { enforceQuota: 'true' } }));
  const run = await cli(server, [
    'create /q 12345',
    'create /q/a 12345',
    'setquota -N 3 /q',
    'listquota /q',
    'create /q/b',
    'create /q/c',
    'setquota -B 12 /q',
    'listquota /q',
    'set /q/a 1234567',
    'set /q/a 12345678',
    'setquota -n 2 /q',
    'delquota -N /q',
    'create /q/c',
    'listquota /q',
    'setquota -n 9 /q/a',
    `ls -R ${Q}`,
    'delquota /q',
    'listquota /q',
    'set /q/a 12345678901234567890',
    `ls ${Q}`,
  ]);
  expect(answersOf(run)).toEqual([
    'Output quota for /q count=-1,bytes=-1=;byteHardLimit=-1;countHardLimit=3',
    'Output stat for /q count=2,bytes=10',
    'Output quota for /q count=-1,bytes=-1=;byteHardLimit=12;countHardLimit=3',
    'Output stat for /q count=3,bytes=10',
    '[Warning]: the count quota you create is less than the existing count:3',
    'Output quota for /q count=2,bytes=-1=;byteHardLimit=12;countHardLimit=-1',
    'Output stat for /q count=4,bytes=12',
    Q,
    `${Q}/q`,
    `${Q}/q/zookeeper_limits`,
    `${Q}/q/zookeeper_stats`,
    '[]',
  ]);
  const limitsPath = `absolute path is ${Q}/q/zookeeper_limits`;
  expect(errorsOf(run)).toEqual([
    'Created /q',
    'Created /q/a',
    limitsPath,
    'Created /q/b',
    'Quota has exceeded : /q/c',
    limitsPath,
    'Quota has exceeded : /q/a',
    'Created /q/c',
    limitsPath,
    '/q/a has a parent /q which has a quota',
    limitsPath,
    'quota for /q does not exist.',
  ]);
});

class Client {
  private readonly connection: WireConnection;
  private xid = 0;

  constructor(connection: WireConnection) {
    this.connection = connection;
  }

  static async of(server: ServerProcess): Promise<Client> {
    return new Client(await WireConnection.openSession(server.port));
  }

  async create(path: string, data = ''): Promise<number> {
    return (await this.connection.call(++this.xid, Op.Create, counted(path), counted(data), openAcl, int32(0))).err;
  }

  async setData(path: string, data: string): Promise<number> {
    return (await this.connection.call(++this.xid, Op.SetData, counted(path), counted(data), int32(-1))).err;
  }

  async text(path: string): Promise<string> {
    const { body } = await this.connection.call(++this.xid, Op.GetData, counted(path), Uint8Array.of(0));
    return body.subarray(4, 4 + body.readInt32BE(0)).toString();
  }

  close(): Promise<void> {
    return this.connection.closeSession();
  }
}

test.each<[string, ServerKind, ServerKind]>([
  ["Apache's data directory, opened by ours", apacheServer, serverUnderTest],
  ["our data directory, opened by Apache's", serverUnderTest, apacheServer],
])('%s', { timeout: DEADLINE_MS }, async (_name, first, second) => {
  const directory = makeTempDir('quotas');
  try {
    // A snapshot in the middle, so that one part of the quotas comes from it and the other from the log.
    const cfg = { snapCount: 20, enforceQuota: 'true' };
    let server = await started(ServerProcess.start(first, { dataDir: directory.path, cfg }));
    let client = await Client.of(server);
    for (const path of ['/q', '/r']) {
      expect(await client.create(path, 'abc')).toBe(0);
      expect(await client.create(`${Q}${path}`)).toBe(0);
      expect(await client.create(`${Q}${path}/zookeeper_limits`, 'count=-1,bytes=-1=;countHardLimit=31')).toBe(0);
      expect(await client.create(`${Q}${path}/zookeeper_stats`)).toBe(0);
      for (let i = 0; i < 28; i++) expect(await client.create(`${path}/${i}`, 'x'.repeat(i))).toBe(0);
      expect(await client.setData(`${path}/0`, 'changed')).toBe(0);
    }
    expect(await client.text(`${Q}/q/zookeeper_stats`)).toBe('count=29,bytes=388');
    await client.close();
    await server.stop();
    servers.length = 0;

    server = await started(ServerProcess.start(second, { dataDir: directory.path, cfg }));
    client = await Client.of(server);
    for (const path of ['/q', '/r']) {
      expect(await client.text(`${Q}${path}/zookeeper_stats`)).toBe('count=29,bytes=388');
      expect(await client.create(`${path}/a`, '12')).toBe(0);
      expect(await client.create(`${path}/b`, '34')).toBe(0);
      expect(await client.create(`${path}/c`, '56')).toBe(QUOTA_EXCEEDED);
      expect(await client.text(`${Q}${path}/zookeeper_stats`)).toBe('count=31,bytes=392');
    }
    await client.close();
  } finally {
    for (const server of servers.splice(0)) await server.stop();
    directory.remove();
  }
});
