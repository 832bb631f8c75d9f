// The package `threadkeeper` as another program uses it: servers within this process, on ports of the system's choice, with the client
// of `threadkeeper/client`. Also that such a program ends by itself, and keeps its signals.

import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type EmbeddedServer, type StartServerOptions, startServer } from 'threadkeeper';
import { openZooKeeper } from 'threadkeeper/client';
import { afterAll, beforeAll, expect, expectTypeOf, test } from 'vitest';
import { freePort } from '../testing/free-port.js';
import { repositoryRoot } from '../testing/repository-root.js';
import { makeTempDir, type TempDir } from '../testing/temp-dir.js';
import { until } from '../testing/until.js';
import { WireConnection } from '../testing/wire-connection.js';

let dir: TempDir;
beforeAll(() => {
  dir = makeTempDir('embedding');
});
afterAll(() => dir.remove());

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test('two servers in one process, each with its own tree, and one of them once more on its data', async () => {
  const lines: string[] = [];
  const tell = (_fields: object, message: string): void => void lines.push(message);
  const logger = { debug: tell, info: tell, warn: tell, error: tell };
  const signals = process.listenerCount('SIGTERM');
  const dataDir = join(dir.path, 'a');
  const a = await startServer({ dataDir, adminPort: 0, logger });
  const b = await startServer({ dataDir: join(dir.path, 'b'), properties: { 'threadkeeper.placement': 'pipeline' } });
  expect(process.listenerCount('SIGTERM')).toBe(signals);
  expect(a.port).toBeGreaterThan(0);
  expect(b.port).not.toBe(a.port);
  expect([a.securePort, b.adminPort]).toEqual([null, null]);
  expect(a.connectString).toBe(`127.0.0.1:${a.port}`);

  for (const [server, text] of [
    [a, 'of a'],
    [b, 'of b'],
  ] as const) {
    await using zk = openZooKeeper(server.connectString);
    await zk.create('/node', bytes(text));
    expect(new TextDecoder().decode((await zk.getData('/node')).data)).toBe(text);
  }
  const response = await fetch(`http://127.0.0.1:${a.adminPort}/commands/ruok`);
  expect(await response.json()).toMatchObject({ command: 'ruok', error: null });

  const idle = await WireConnection.openSession(a.port as number);
  const closed = a.close();
  await idle.readToEnd();
  expect(await idle.closed).toBe(true);
  await closed;
  await a.close();
  await expect(WireConnection.open(a.port as number)).rejects.toThrow('ECONNREFUSED');
  await using again = await startServer({ dataDir });
  await using zk = openZooKeeper(again.connectString);
  expect(new TextDecoder().decode((await zk.getData('/node')).data)).toBe('of a');
  await b.close();
  expect(lines.some((line) => line.startsWith('Snapshot loaded in '))).toBe(true);
});

test('a start that fails says why, and leaves nothing behind', async () => {
  await expect(startServer({})).rejects.toThrow('dataDir is not set');
  await expect(startServer({ dataDir: dir.path, properties: { tickTime: 'x' } })).rejects.toThrow(/For input string/);
  const dataDir = join(dir.path, 'taken');
  await using first = await startServer({ dataDir });
  const second = startServer({ dataDir: join(dir.path, 'other'), clientPort: first.port as number });
  await expect(second).rejects.toThrow('the client port cannot be opened');
  await expect(startServer({ dataDir })).rejects.toThrow(`version-2 is in use by the server of process ${process.pid}`);
  await using zk = openZooKeeper(first.connectString);
  expect(await zk.exists('/zookeeper')).not.toBeNull();
});

test('a configuration file serves as well', async () => {
  const configFile = join(dir.path, 'zoo.cfg');
  const dataDir = join(dir.path, 'from-file');
  mkdirSync(dataDir);
  writeFileSync(configFile, `dataDir=${dataDir}\nadmin.enableServer=false\n`);
  await using server = await startServer({ configFile });
  expect([server.port, server.adminPort]).toEqual([null, null]);
});

test('three members in one process, from objects: writes outlive the leader; mistakes are rejections', async () => {
  const ports = await Promise.all(Array.from({ length: 6 }, freePort));
  const servers = Object.fromEntries(
    [1, 2, 3].map((id) => [id, `127.0.0.1:${ports[2 * id - 2]}:${ports[2 * id - 1]}`] as const),
  );
  const start = (id: number, more: Partial<StartServerOptions> = {}): Promise<EmbeddedServer> =>
    startServer({
      dataDir: join(dir.path, `member-${id}`),
      member: { id, servers },
      properties: { tickTime: 200, 'threadkeeper.placement': 'compact' },
      ...more,
    });
  const members = await Promise.all([1, 2, 3].map((id) => start(id)));
  await until('all to serve', 20_000, () => members.every((member) => member.mode !== null));
  const leader = members.findIndex((member) => member.mode === 'leader');
  const others = members.filter((_, i) => i !== leader);
  const write = async (text: string): Promise<void> => {
    await using zk = openZooKeeper(others.map((member) => member.connectString).join(','));
    await zk.create(`/${text}`, bytes(text));
  };
  await write('before');

  // An address that is taken is told at once, not by a member that nobody can talk to.
  const taken = start(4, { member: { id: 4, servers: { ...servers, 4: servers[leader + 1] ?? '' } } });
  await expect(taken).rejects.toThrow('the election port cannot be opened');
  await expect(start(4)).rejects.toThrow('My id 4 not in the peer list');
  await expect(start(1, { properties: { reconfigEnabled: true } })).rejects.toThrow(/reconfigEnabled needs a config/);
  writeFileSync(join(dir.path, 'member-1', 'myid'), '7');
  await expect(start(1)).rejects.toThrow(/myid says 7: the directory is not that of member 1/);
  rmSync(join(dir.path, 'member-1', 'myid'));

  await members[leader]?.close();
  expect(members[leader]?.mode).toBeNull();
  await until('another leader', 20_000, () => {
    const modes = others.map((member) => member.mode).sort();
    return modes.join() === 'follower,leader';
  });
  await write('after');
  await using again = await start(leader + 1);
  await until('it follows', 20_000, () => again.mode === 'follower');
  await using own = openZooKeeper(again.connectString);
  expect([...(await own.getChildren('/'))].sort()).toEqual(['after', 'before', 'zookeeper']);
  await Promise.all(others.map((member) => member.close()));
}, 60_000);

test('a program that closes its server ends by itself', () => {
  const script = `
    import { startServer } from 'threadkeeper';
    const server = await startServer({ dataDir: ${JSON.stringify(join(dir.path, 'script'))}, adminPort: 0 });
    await server.close();
    console.log('closed');
  `;
  const run = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    cwd: repositoryRoot,
    encoding: 'utf8',
    timeout: 20_000,
  });
  expect(run).toMatchObject({ status: 0, stdout: 'closed\n', stderr: '' });
});

test('the types say what is what', () => {
  expectTypeOf(startServer).parameter(0).toEqualTypeOf<StartServerOptions>();
  expectTypeOf(startServer).returns.resolves.toEqualTypeOf<EmbeddedServer>();
  expectTypeOf<EmbeddedServer['port']>().toEqualTypeOf<number | null>();
  expectTypeOf<EmbeddedServer>().toExtend<AsyncDisposable>();
});
