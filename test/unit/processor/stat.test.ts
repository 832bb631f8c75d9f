// What a node's Stat shows after each kind of change, and how sequential nodes are named (client-protocol 6.2, 6.3, 6.5).
// Null and empty data differ and come back as they were written (1.1).

import { describe, expect, test } from 'vitest';
import { OPEN_ACL_UNSAFE } from '../../../src/protocol/acl.js';
import { OpCode } from '../../../src/protocol/op-code.js';
import type { Stat } from '../../../src/protocol/stat.js';
import type { DataTree } from '../../../src/store/data-tree.js';
import { childrenOf, dataTextOf, pathOf, statOf } from '../../testing/inline/reply-bodies.js';
import type { CreateOptions, WireClient } from '../../testing/inline/wire-client.js';
import { codeName } from '../../testing/inline/wire-names.js';
import { InlineServer, type InlineServerOptions } from '../../testing/inline-server.js';
import { loadNode } from '../../testing/load-node.js';

const T0 = 1_700_000_000_000n;

function started(options: InlineServerOptions = {}): { server: InlineServer; client: WireClient } {
  const server = InlineServer.start(options);
  return { server, client: server.connect() };
}

function statNow(server: InlineServer, client: WireClient, path: string): Stat {
  client.exists(path);
  return statOf(server.reply(client));
}

describe('Stat', () => {
  test('of a new node', () => {
    const { server, client } = started();
    client.create('/a', { data: 'hello', op: OpCode.create2 });
    const created = statOf(server.reply(client));
    expect(created).toEqual({
      czxid: 2n,
      mzxid: 2n,
      ctime: T0,
      mtime: T0,
      version: 0,
      cversion: 0,
      aversion: 0,
      ephemeralOwner: 0n,
      dataLength: 5,
      numChildren: 0,
      pzxid: 2n,
    });
    expect(statNow(server, client, '/a')).toEqual(created);
  });

  test('of an ephemeral names its session', () => {
    const { server, client } = started();
    client.create('/e', { flags: 1, op: OpCode.create2 });
    expect(statOf(server.reply(client)).ephemeralOwner).toBe(client.sessionId);
  });

  test('setData changes version, mzxid, mtime and the length', () => {
    const { server, client } = started();
    client.create('/a', { op: OpCode.create2 });
    const before = statOf(server.reply(client));
    server.clock.advance(50);
    client.setData('/a', 'abc');
    const after = statOf(server.reply(client));
    expect(after).toEqual({ ...before, version: 1, mzxid: 3n, mtime: T0 + 50n, dataLength: 3 });
    expect(statNow(server, client, '/a')).toEqual(after);
  });

  test('setACL changes aversion and nothing else', () => {
    const { server, client } = started();
    client.create('/a', { op: OpCode.create2 });
    const before = statOf(server.reply(client));
    server.clock.advance(50);
    client.setAcl('/a', OPEN_ACL_UNSAFE, 0);
    expect(statOf(server.reply(client))).toEqual({ ...before, aversion: 1 });
    expect(statNow(server, client, '/a')).toEqual({ ...before, aversion: 1 });
  });

  test('a new child changes its parent: cversion, pzxid, numChildren', () => {
    const { server, client } = started();
    client.create('/a', { op: OpCode.create2 });
    const before = statOf(server.reply(client));
    server.clock.advance(50);
    client.create('/a/x');
    server.reply(client);
    expect(statNow(server, client, '/a')).toEqual({ ...before, cversion: 1, pzxid: 3n, numChildren: 1 });
  });

  test('a deleted child too: the wire cversion counts creations and deletions', () => {
    const { server, client } = started();
    client.create('/a', { op: OpCode.create2 });
    const before = statOf(server.reply(client));
    client.create('/a/x');
    client.delete('/a/x');
    server.run();
    client.take();
    expect(statNow(server, client, '/a')).toEqual({ ...before, cversion: 2, pzxid: 4n, numChildren: 0 });
  });

  test('children that go with their session change their parent at the close', () => {
    const { server, client } = started();
    const other = server.connect();
    client.create('/a', { op: OpCode.create2 });
    const before = statOf(server.reply(client));
    other.create('/a/e', { flags: 1 });
    other.create('/a/f', { flags: 1 });
    other.closeSession();
    server.run();
    expect(statNow(server, client, '/a')).toEqual({ ...before, cversion: 4, pzxid: 6n, numChildren: 0 });
  });

  test('failed writes change nothing', () => {
    const { server, client } = started();
    client.create('/a', { op: OpCode.create2 });
    const before = statOf(server.reply(client));
    server.clock.advance(50);
    client.create('/a');
    client.setData('/a', 'x', 9);
    client.setAcl('/a', [], 0);
    client.create('/a/b/c');
    client.delete('/a/x');
    server.run();
    client.take();
    expect(statNow(server, client, '/a')).toEqual(before);
  });

  test('survives a crash', () => {
    const { server, client } = started();
    client.create('/a', { data: 'x' });
    client.create('/a/b');
    client.setAcl('/a', [{ perms: 31, id: { scheme: 'ip', id: '127.0.0.1' } }]);
    client.setData('/a', 'yy');
    client.delete('/a/b');
    server.run();
    client.take();
    const before = statNow(server, client, '/a');
    server.crash();
    server.restart();
    expect(statNow(server, server.connect(), '/a')).toEqual(before);
  });

  test('of the system nodes at the beginning', () => {
    const { server, client } = started();
    const zeros = {
      czxid: 0n,
      mzxid: 0n,
      ctime: 0n,
      mtime: 0n,
      version: 0,
      ephemeralOwner: 0n,
      dataLength: 0,
      pzxid: 0n,
    };
    const expected: [string, Partial<Stat>][] = [
      ['/', { ...zeros, cversion: -1, aversion: 0, numChildren: 1 }],
      ['/zookeeper', { ...zeros, cversion: -2, aversion: 0, numChildren: 2 }],
      ['/zookeeper/quota', { ...zeros, cversion: 0, aversion: 0, numChildren: 0 }],
      ['/zookeeper/config', { ...zeros, cversion: 0, aversion: -1, numChildren: 0 }],
    ];
    for (const [path, stat] of expected) expect(statNow(server, client, path)).toEqual(stat);
  });
});

describe('data', () => {
  test.each([
    ['null', null],
    ['empty', ''],
    ['text', 'x'],
  ])('%s comes back as it was created', (_what, data) => {
    const { server, client } = started();
    client.create('/a', { data });
    client.getData('/a');
    server.run();
    const read = client.take().at(-1) as never;
    expect(dataTextOf(read)).toBe(data);
    expect(statOf(read).dataLength).toBe(data?.length ?? 0);
  });

  test.each([
    ['null', null],
    ['empty', ''],
  ])('%s comes back as it was set', (_what, data) => {
    const { server, client } = started();
    client.create('/a', { data: 'full' });
    client.setData('/a', data);
    server.run();
    client.take();
    client.getData('/a');
    expect(dataTextOf(server.reply(client))).toBe(data);
  });
});

describe('sequential names', () => {
  function createdPath(server: InlineServer, client: WireClient, path: string, options: CreateOptions = {}): string {
    client.create(path, { flags: 2, ...options });
    const reply = server.reply(client);
    return reply.err === 0 ? (pathOf(reply) ?? 'null') : codeName(reply.err);
  }

  test('count the creations of children, sequential or not', () => {
    const { server, client } = started();
    client.create('/p');
    server.reply(client);
    expect(createdPath(server, client, '/p/s-')).toBe('/p/s-0000000000');
    client.create('/p/plain');
    server.reply(client);
    expect(createdPath(server, client, '/p/t-', { flags: 3 })).toBe('/p/t-0000000002');
  });

  test('are not moved by deletions or failures', () => {
    const { server, client } = started();
    client.create('/p');
    client.create('/p/x');
    client.delete('/p/x');
    client.create('/p/y/z');
    client.create('/p/..');
    server.run();
    client.take();
    expect(createdPath(server, client, '/p/')).toBe('/p/0000000001');
  });

  test('count what is in flight', () => {
    const { server, client } = started();
    client.create('/p');
    for (let i = 0; i < 5; i++) client.create('/p/n', { flags: 2 });
    client.getChildren('/p');
    server.run();
    expect(childrenOf(client.take().at(-1) as never)).toEqual([0, 1, 2, 3, 4].map((i) => `n000000000${i}`));
  });

  test('go on after a crash', () => {
    const { server, client } = started();
    client.create('/p');
    client.create('/p/a');
    client.create('/p/b');
    client.delete('/p/a');
    client.delete('/p/b');
    server.run();
    server.crash();
    server.restart();
    expect(createdPath(server, server.connect(), '/p/s')).toBe('/p/s0000000002');
  });

  test.each([
    [7, '/p/0000000007'],
    [2147483646, '/p/2147483646'],
    [2147483647, '/p/2147483647'],
    [-2147483648, '/p/-2147483648'],
    [-5, '/p/-000000005'],
    [-1, '/p/-000000001'],
  ])('from a counter of %d: %s', (counter, name) => {
    const { server, client } = started({ prepareTree: (tree) => placeParent(tree, counter) });
    expect(createdPath(server, client, '/p/')).toBe(name);
  });
});

/** A node /p whose stored cversion is given, as an old snapshot might bring it. */
function placeParent(tree: DataTree, cversion: number): void {
  const stat = new Uint8Array(60);
  new DataView(stat.buffer).setInt32(36, cversion);
  loadNode(tree, '/p', stat);
}
