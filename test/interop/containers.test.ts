// The container manager of Apache's server and ours, over real time: the same nodes go, the same stay, and a watcher is told
// the same. Also a data directory of TTL nodes that the reference wrote, opened by us with and without extended types.

import { describe, expect, test } from 'vitest';
import { startApache } from '../testing/apache-server.js';
import type { ServerProcess } from '../testing/server-process.js';
import { makeTempDir } from '../testing/temp-dir.js';
import { startThreadkeeper } from '../testing/threadkeeper-server.js';
import { counted, int32, int64, Op, openAcl, WireConnection } from '../testing/wire-connection.js';

const CREATE_CONTAINER = 19;
const CREATE_TTL = 21;
const CONTAINER_FLAGS = 4;
const TTL_FLAGS = 5;
const EVENT_XID = -1;
const SHORT_TTL_MS = 1500n;
const LONG_TTL_MS = 3_600_000n;

/** Apache takes these as -D only, we take them either way. */
const OFTEN = { 'znode.container.checkIntervalMs': 200 };
const OFTEN_IN_JAVA = { JAVA_TOOL_OPTIONS: '-Dznode.container.checkIntervalMs=200' };

class Script {
  readonly events: string[] = [];
  private readonly connection: WireConnection;
  private xid = 1;

  constructor(connection: WireConnection) {
    this.connection = connection;
  }

  async call(op: number, ...body: Uint8Array[]): Promise<Buffer> {
    const { err, body: answer } = await this.connection.call(this.xid++, op, ...body);
    expect(err).toBe(0);
    return answer;
  }

  async makeNodes(): Promise<void> {
    const container = [counted(''), openAcl, int32(CONTAINER_FLAGS)];
    const ttl = (ms: bigint): Buffer[] => [counted(''), openAcl, int32(TTL_FLAGS), int64(ms)];
    await this.call(CREATE_CONTAINER, counted('/used'), ...container);
    await this.call(CREATE_CONTAINER, counted('/unused'), ...container);
    await this.call(Op.Create, counted('/used/x'), counted(''), openAcl, int32(0));
    await this.call(CREATE_TTL, counted('/long'), ...ttl(LONG_TTL_MS));
    await this.call(CREATE_TTL, counted('/full'), ...ttl(1n));
    await this.call(Op.Create, counted('/full/x'), counted(''), openAcl, int32(0));
    await this.call(CREATE_TTL, counted('/short'), ...ttl(SHORT_TTL_MS));
  }

  /** Sets a watch on each of them, makes `/used` a candidate, and waits until two of them are gone. */
  async watchThemGo(): Promise<void> {
    for (const path of ['/used', '/short']) await this.call(Op.Exists, counted(path), Uint8Array.of(1));
    await this.call(Op.Delete, counted('/used/x'), int32(-1));
    while (this.events.length < 2) {
      const { xid, body } = await this.connection.nextReply();
      expect(xid).toBe(EVENT_XID);
      this.events.push(`${body.readInt32BE(0)} ${body.subarray(12).toString()}`);
    }
  }

  /** Names below the root, and its cversion and number of children as clients see them. */
  async root(): Promise<unknown> {
    const children = await this.call(Op.GetChildren, counted('/'), Uint8Array.of(0));
    const stat = await this.call(Op.Exists, counted('/'), Uint8Array.of(0));
    const names = children.toString('latin1').match(/[a-z]+/g) ?? [];
    return { names: names.sort(), cversion: stat.readInt32BE(36), numChildren: stat.readInt32BE(56) };
  }
}

async function runScript(server: ServerProcess): Promise<unknown> {
  const connection = await WireConnection.openSession(server.port);
  const script = new Script(connection);
  await script.makeNodes();
  await script.watchThemGo();
  const root = await script.root();
  await connection.closeSession();
  return { events: script.events.sort(), root };
}

describe('the container manager', () => {
  test('removes what the reference removes', async () => {
    await using apache = await startApache({ cfg: { extendedTypesEnabled: 'true' }, env: OFTEN_IN_JAVA });
    await using own = await startThreadkeeper({ cfg: { extendedTypesEnabled: 'true', ...OFTEN } });
    const [theirs, ours] = await Promise.all([runScript(apache), runScript(own)]);
    expect(ours).toEqual(theirs);
    expect(theirs).toEqual({
      events: ['2 /short', '2 /used'],
      root: { names: ['full', 'long', 'unused', 'zookeeper'], cversion: 6, numChildren: 4 },
    });
  });

  test('TTL nodes that the reference wrote are kept without extended types, with a warning, and expire with them', async () => {
    using directory = makeTempDir('ttl-nodes');
    {
      await using apache = await startApache({ cfg: { extendedTypesEnabled: 'true' }, dataDir: directory.path });
      const connection = await WireConnection.openSession(apache.port);
      await new Script(connection).makeNodes();
      await connection.closeSession();
    }
    const all = ['full', 'long', 'short', 'unused', 'used', 'zookeeper'];
    {
      await using own = await startThreadkeeper({ cfg: OFTEN, dataDir: directory.path });
      const connection = await WireConnection.openSession(own.port);
      expect(await new Script(connection).root()).toMatchObject({ names: all });
      expect(own.log()).toMatch(/WARN .*The database holds 3 nodes with a time to live/);
      await connection.closeSession();
    }
    await using own = await startThreadkeeper({
      cfg: { ...OFTEN, extendedTypesEnabled: 'true' },
      dataDir: directory.path,
    });
    const connection = await WireConnection.openSession(own.port);
    const script = new Script(connection);
    await script.call(Op.Delete, counted('/used/x'), int32(-1));
    await expect
      .poll(async () => ((await script.root()) as { names: string[] }).names, { timeout: 10_000 })
      .toEqual(['full', 'long', 'unused', 'zookeeper']);
    expect(own.log()).not.toContain('time to live');
    await connection.closeSession();
  });
});
