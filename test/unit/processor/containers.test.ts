// Containers and TTL nodes on a server by hand (client-protocol 3.6, 3.7, 5.4, 6.4): what makes one, what it looks like, and
// when the container manager removes it. checkIntervalMs is 60 s unless a test says otherwise; tickTime 2000.

import { describe, expect, test } from 'vitest';
import { readInt32 } from '../../../src/base/bytes.js';
import { OPEN_ACL_UNSAFE } from '../../../src/protocol/acl.js';
import type { MultiOp } from '../../../src/protocol/multi.js';
import { OpCode } from '../../../src/protocol/op-code.js';
import type { ContainerConfig } from '../../../src/server/container-config.js';
import { NodeKind } from '../../../src/store/node-layout.js';
import { childrenOf, multiResultsOf, pathOf, statOf } from '../../testing/inline/reply-bodies.js';
import type { WireClient } from '../../testing/inline/wire-client.js';
import { codeName } from '../../testing/inline/wire-names.js';
import { InlineServer, type InlineServerOptions } from '../../testing/inline-server.js';

const EXTENDED = { config: { extendedTypesEnabled: true } };
const TTL_MAX = 0xffffffffffn;
const DEFAULTS: ContainerConfig = { checkIntervalMs: 60_000, maxPerMinute: 10_000, maxNeverUsedIntervalMs: 0 };

function started(options: InlineServerOptions = EXTENDED): { server: InlineServer; client: WireClient } {
  const server = InlineServer.start(options);
  return { server, client: server.connect({ timeOutMs: 40_000 }) };
}

/** With that container manager; the session lives on by pinging. */
function withManager(containers: Partial<ContainerConfig>, extendedTypesEnabled = true): InlineServerOptions {
  return { config: { extendedTypesEnabled, containers: { ...DEFAULTS, ...containers } } };
}

function errorOf(server: InlineServer, client: WireClient): string {
  return codeName(server.reply(client).err);
}

function kindOf(server: InlineServer, path: string): number {
  const bytes = new TextEncoder().encode(path);
  const ref = server.tree.find(bytes, 0, bytes.length);
  return ref === 0 ? -1 : server.tree.kind(ref);
}

function pass(server: InlineServer, client: WireClient, ms: number): void {
  for (let rest = ms; rest > 0; rest -= 10_000) {
    server.advance(Math.min(rest, 10_000));
    client.ping();
    server.run();
    client.take();
  }
}

function create(path: string, flags: number, type: 1 | 15 | 19 = 1): MultiOp {
  return { type, request: { path, data: null, acl: OPEN_ACL_UNSAFE, flags } };
}

function createTtl(path: string, flags: number, ttl: bigint): MultiOp {
  return { type: OpCode.createTTL, request: { path, data: null, acl: OPEN_ACL_UNSAFE, flags, ttl } };
}

describe('createContainer', () => {
  test.each([0, 1, 2, 3, 4])('with flags %d makes a container, which belongs to no session', (flags) => {
    const { server, client } = started();
    client.create('/c', { op: OpCode.createContainer, flags });
    const reply = server.reply(client);
    const path = flags === 2 || flags === 3 ? '/c0000000000' : '/c';
    expect(pathOf(reply)).toBe(path);
    expect(statOf(reply)).toMatchObject({ czxid: 2n, ephemeralOwner: 0n, version: 0, cversion: 0, numChildren: 0 });
    expect(kindOf(server, path)).toBe(NodeKind.container);
    client.closeSession();
    server.run();
    expect(kindOf(server, path)).toBe(NodeKind.container);
  });

  test.each([
    [5, true, 'BadArguments'],
    [6, true, 'BadArguments'],
    [5, false, 'Unimplemented'],
    [6, false, 'Unimplemented'],
    [7, true, 'BadArguments'],
    [-1, false, 'BadArguments'],
  ])('with flags %d (extended types %s): %s', (flags, extendedTypesEnabled, error) => {
    const { server, client } = started({ config: { extendedTypesEnabled } });
    client.create('/c', { op: OpCode.createContainer, flags, acl: [] });
    expect(errorOf(server, client)).toBe(error);
    expect(server.zxid).toBe(2n);
  });

  test('children of all kinds may stand below a container and a TTL node', () => {
    const { server, client } = started();
    client.create('/c', { op: OpCode.createContainer });
    client.createTtl('/t', 1000n);
    for (const parent of ['/c', '/t']) {
      client.create(`${parent}/e`, { flags: 1 });
      client.create(`${parent}/s-`, { flags: 2 });
      client.create(`${parent}/c`, { op: OpCode.createContainer });
      client.createTtl(`${parent}/t`, 1n);
    }
    server.run();
    for (const frame of client.take()) expect(frame).toMatchObject({ err: 0 });
    client.getChildren('/t');
    expect(childrenOf(server.reply(client))).toEqual(['c', 'e', 's-0000000001', 't']);
  });
});

describe('createTTL', () => {
  test.each<[number, bigint]>([
    [5, 1n],
    [6, 1n],
    [5, 5000n],
    [6, TTL_MAX],
  ])('with flags %d and ttl %d makes a TTL node, which belongs to no session', (flags, ttl) => {
    const { server, client } = started();
    client.createTtl('/t', ttl, { flags, data: 'x' });
    const reply = server.reply(client);
    const path = flags === 6 ? '/t0000000000' : '/t';
    expect(pathOf(reply)).toBe(path);
    expect(statOf(reply)).toMatchObject({ ephemeralOwner: 0n, dataLength: 1 });
    const ref = server.tree.find(new TextEncoder().encode(path), 0, path.length);
    const stored = (BigInt(server.tree.storedOwnerHi(ref)) << 32n) | BigInt(server.tree.storedOwnerLo(ref) >>> 0);
    expect(BigInt.asUintN(64, stored)).toBe(0xff00000000000000n | ttl);
  });

  test.each<[string, number, bigint, boolean, string]>([
    ['1. flags above 6', 7, 1n, false, 'BadArguments'],
    ['2. extended types off, before the ttl', 5, 0n, false, 'Unimplemented'],
    ['2. ttl 0', 5, 0n, true, 'BadArguments'],
    ['2. negative ttl', 6, -1n, true, 'BadArguments'],
    ['2. least ttl', 5, -(2n ** 63n), true, 'BadArguments'],
    ['2. ttl above 40 bits', 5, TTL_MAX + 1n, true, 'BadArguments'],
    ['2. greatest ttl', 5, 2n ** 63n - 1n, true, 'BadArguments'],
    ['2. other flags with a ttl', 0, 1n, true, 'BadArguments'],
    ['2. other flags with ttl 0', 1, 0n, true, 'BadArguments'],
    ['2. other flags with a negative ttl, which kills the reference', 0, -1n, true, 'BadArguments'],
    ['2. the same with extended types off', 4, -5n, false, 'BadArguments'],
    ['5. then the ACL', 5, 1n, true, 'InvalidACL'],
  ])('%s', (_what, flags, ttl, extendedTypesEnabled, error) => {
    const { server, client } = started({ config: { extendedTypesEnabled } });
    client.createTtl('/nope/x', ttl, { flags, acl: [] });
    expect(errorOf(server, client)).toBe(error);
    expect(server.zxid).toBe(2n);
    client.ping();
    expect(errorOf(server, client)).toBe('Ok');
  });

  test('a body without the ttl does not decode', () => {
    const { server, client } = started();
    client.request(OpCode.createTTL, (w) => {
      w.writeUstring('/t');
      w.writeInt(-1);
      w.writeInt(0);
      w.writeInt(5);
    });
    expect(errorOf(server, client)).toBe('MarshallingError');
    expect(server.zxid).toBe(1n);
  });
});

describe('in a multi', () => {
  test('the flags make containers, the results with a Stat are of type 15', () => {
    const { server, client } = started();
    client.multi([
      create('/plain', 0),
      create('/four', 4),
      create('/four2', 4, 15),
      create('/nineteen', 0, 19),
      create('/nineteen-s', 2, 19),
      createTtl('/ttl', 5, 1000n),
      createTtl('/ttl-s', 6, 1000n),
      createTtl('/dropped', 0, 1000n),
      createTtl('/dropped-', 2, -1n),
      createTtl('/four-ttl', 4, 7n),
      createTtl('/ephemeral', 1, 7n),
    ]);
    const results = multiResultsOf(server.reply(client));
    expect(results.map((result) => [result.type, (result as { response: { path: string } }).response.path])).toEqual([
      [1, '/plain'],
      [15, '/four'],
      [15, '/four2'],
      [15, '/nineteen'],
      [15, '/nineteen-s0000000004'],
      [15, '/ttl'],
      [15, '/ttl-s0000000006'],
      [1, '/dropped'],
      [1, '/dropped-0000000008'],
      [15, '/four-ttl'],
      [1, '/ephemeral'],
    ]);
    const kinds = ['/plain', '/four', '/four2', '/nineteen', '/ttl', '/dropped', '/four-ttl', '/ephemeral'];
    expect(kinds.map((path) => kindOf(server, path))).toEqual([
      NodeKind.persistent,
      NodeKind.container,
      NodeKind.container,
      NodeKind.container,
      NodeKind.ttl,
      NodeKind.persistent,
      NodeKind.container,
      NodeKind.ephemeral,
    ]);
  });

  test.each<[string, MultiOp, string]>([
    ['TTL flags on create', create('/x', 5), 'MarshallingError'],
    ['TTL flags on create2', create('/x', 6, 15), 'MarshallingError'],
    ['TTL flags on createContainer', create('/x', 5, 19), 'MarshallingError'],
    ['bad flags on createContainer', create('/x', 7, 19), 'MarshallingError'],
  ])('%s: the whole does not decode', (_what, op, error) => {
    const { server, client } = started();
    client.multi([create('/before', 0), op]);
    expect(errorOf(server, client)).toBe(error);
    expect(kindOf(server, '/before')).toBe(-1);
  });

  test.each<[string, MultiOp, boolean, string]>([
    ['bad flags on createTTL', createTtl('/x', 7, 1n), true, 'BadArguments'],
    ['a ttl out of range', createTtl('/x', 5, 0n), true, 'BadArguments'],
    ['extended types off', createTtl('/x', 5, 1n), false, 'Unimplemented'],
  ])('%s: an error of that op', (_what, op, extendedTypesEnabled, error) => {
    const { server, client } = started({ config: { extendedTypesEnabled } });
    client.multi([create('/before', 4), op, create('/after', 4)]);
    const codes = multiResultsOf(server.reply(client)).map((result) =>
      result.type === OpCode.error ? codeName(result.response.err) : 'no error',
    );
    expect(codes).toEqual(['Ok', error, 'RuntimeInconsistency']);
    expect(kindOf(server, '/before')).toBe(-1);
  });
});

describe('the container manager', () => {
  test('removes a container that has had a child and has none, at the first round behind that', () => {
    const { server, client } = started(withManager({}));
    client.create('/c', { op: OpCode.createContainer });
    client.create('/c/x');
    server.run();
    pass(server, client, 61_000);
    expect(kindOf(server, '/c')).toBe(NodeKind.container);
    client.delete('/c/x');
    server.run();
    pass(server, client, 50_000);
    expect(kindOf(server, '/c')).toBe(NodeKind.container);
    pass(server, client, 12_000);
    expect(kindOf(server, '/c')).toBe(-1);
  });

  test('removes a TTL node without children once it was not set for longer than its ttl', () => {
    const { server, client } = started(withManager({ checkIntervalMs: 1000 }));
    client.createTtl('/t', 5000n);
    client.createTtl('/parent', 5000n);
    client.create('/parent/x');
    server.run();
    pass(server, client, 4000);
    client.setData('/t', 'again');
    server.run();
    pass(server, client, 4000);
    expect(kindOf(server, '/t')).toBe(NodeKind.ttl);
    pass(server, client, 3100);
    expect(kindOf(server, '/t')).toBe(-1);
    expect(kindOf(server, '/parent')).toBe(NodeKind.ttl);
    client.delete('/parent/x');
    server.run();
    pass(server, client, 2100);
    expect(kindOf(server, '/parent')).toBe(-1);
  });

  test('leaves a container that never had a child, and other nodes', () => {
    const { server, client } = started(withManager({ checkIntervalMs: 1000 }));
    client.create('/c', { op: OpCode.createContainer });
    client.create('/p');
    client.create('/p/x');
    client.delete('/p/x');
    client.create('/e', { flags: 1 });
    server.run();
    pass(server, client, 400_000);
    expect([kindOf(server, '/c'), kindOf(server, '/p'), kindOf(server, '/e')]).toEqual([
      NodeKind.container,
      NodeKind.persistent,
      NodeKind.ephemeral,
    ]);
    expect(server.zxid).toBe(6n);
  });

  test('removes an unused container too, when maxNeverUsedIntervalMs says so, counted from when it was set', () => {
    const { server, client } = started(withManager({ checkIntervalMs: 1000, maxNeverUsedIntervalMs: 10_000 }));
    client.create('/c', { op: OpCode.createContainer });
    server.run();
    pass(server, client, 9000);
    client.setData('/c', '');
    server.run();
    pass(server, client, 9000);
    expect(kindOf(server, '/c')).toBe(NodeKind.container);
    pass(server, client, 2100);
    expect(kindOf(server, '/c')).toBe(-1);
  });

  test('fires watches as a delete does, and the transaction belongs to no session', () => {
    const { server, client } = started(withManager({ checkIntervalMs: 1000 }));
    client.create('/c', { op: OpCode.createContainer });
    client.create('/c/x');
    client.delete('/c/x');
    client.getData('/c', true);
    client.getChildren('/', true);
    server.run();
    client.take();
    server.advance(2000);
    expect(client.takeText()).toEqual(['event NodeDeleted /c @5', 'event NodeChildrenChanged / @5']);
    const { type, sessionId, cxid, entry } = server.logged.at(-1) as (typeof server.logged)[0];
    expect({ type, sessionId, cxid }).toEqual({ type: OpCode.deleteContainer, sessionId: 0n, cxid: 0 });
    expect(new TextDecoder().decode(entry.subarray(36, 36 + readInt32(entry, 32)))).toBe('/c');
    client.exists('/');
    expect(statOf(server.reply(client))).toMatchObject({ numChildren: 1, cversion: 1, pzxid: 5n });
  });

  test('removes no more than maxPerMinute, evenly', () => {
    const { server, client } = started(withManager({ checkIntervalMs: 1000, maxPerMinute: 120 }));
    for (let i = 0; i < 50; i++) client.createTtl(`/t${i}`, 1n);
    server.run();
    client.take();
    const gone = (): number => {
      client.getChildren('/');
      return 51 - childrenOf(server.reply(client)).length;
    };
    server.advance(1100);
    expect(gone()).toBe(1);
    server.advance(5000);
    expect(gone()).toBe(11);
    server.advance(5000);
    expect(gone()).toBe(21);
    pass(server, client, 16_000);
    expect(gone()).toBe(50);
  });

  test('works a long list off in slices', () => {
    const { server, client } = started(withManager({ checkIntervalMs: 1000, maxPerMinute: 60_000_000 }));
    for (let i = 0; i < 3000; i++) client.createTtl(`/t${i}`, 1n);
    server.run();
    client.take();
    server.clock.advance(1000);
    server.turnOf('main');
    server.run();
    const left = server.tree.containerCount();
    expect(left).toBeGreaterThan(2000);
    expect(left).toBeLessThan(3000);
    pass(server, client, 2000);
    expect(server.tree.containerCount()).toBe(0);
  });

  test('with extended types off TTL nodes of before stay, and do not expire', () => {
    const { server, client } = started(withManager({ checkIntervalMs: 1000 }, false));
    client.create('/p');
    server.run();
    client.take();
    const again = InlineServer.start({
      ...withManager({ checkIntervalMs: 1000 }, false),
      prepareTree: (tree) => {
        const path = new TextEncoder().encode('/t');
        tree.create(path, 0, 2, path, 0, 0, null, 0, -1, NodeKind.ttl, 0xff000000 | 0, 5, -1, 0, 1, 0, 1);
      },
    });
    const reader = again.connect();
    pass(again, reader, 30_000);
    reader.exists('/t');
    expect(statOf(again.reply(reader)).ephemeralOwner).toBe(0n);
  });

  test('goes on after a crash, and what it removed stays removed', () => {
    const { server, client } = started(withManager({ checkIntervalMs: 1000 }));
    client.createTtl('/t', 1n);
    client.createTtl('/late', 20_000n);
    client.create('/c', { op: OpCode.createContainer });
    client.create('/c/x');
    server.run();
    pass(server, client, 2000);
    expect(kindOf(server, '/t')).toBe(-1);
    client.delete('/c/x');
    server.run();
    server.crash();
    server.restart();
    expect([kindOf(server, '/t'), kindOf(server, '/late'), kindOf(server, '/c')]).toEqual([
      -1,
      NodeKind.ttl,
      NodeKind.container,
    ]);
    server.advance(2000);
    expect(kindOf(server, '/c')).toBe(-1);
    server.advance(20_000);
    expect(kindOf(server, '/late')).toBe(-1);
  });
});

describe('between the look of the container manager and the judgement', () => {
  /** On threads of their own: the manager has looked and sent, prep has not taken it yet. */
  function raced(prepare: (client: WireClient) => void, meanwhile: (client: WireClient) => void) {
    const server = InlineServer.start({ ...withManager({ checkIntervalMs: 1000 }), placement: 'staged' });
    const client = server.connect();
    prepare(client);
    server.run();
    client.take();
    server.clock.advance(1000);
    meanwhile(client);
    server.network.deliverAll();
    // The request is in the ring of prep before the manager looks at the tree, which does not show it yet.
    server.turnOf('io-0');
    server.turnOf('main');
    server.run();
    return { server, client };
  }

  const usedContainer = (client: WireClient): void => {
    client.create('/c', { op: OpCode.createContainer });
    client.create('/c/x');
    client.delete('/c/x');
  };

  test.each<[string, (c: WireClient) => void, (c: WireClient) => void, string]>([
    ['a container got a child', usedContainer, (c) => c.create('/c/y'), 'NotEmpty'],
    ['it was deleted', usedContainer, (c) => c.delete('/c'), 'NoNode'],
    ['a TTL node was set', (c) => c.createTtl('/c', 1n), (c) => c.setData('/c', 'alive'), 'BadVersion'],
    [
      'an ordinary node has its name',
      usedContainer,
      (c) => {
        c.delete('/c');
        c.create('/c');
      },
      'BadVersion',
    ],
  ])('%s: the node is left as it is', (_what, prepare, meanwhile, error) => {
    const { server, client } = raced(prepare, meanwhile);
    for (const frame of client.take()) expect(frame).toMatchObject({ kind: 'reply', err: 0 });
    const last = server.logged.at(-1) as (typeof server.logged)[0];
    expect([last.type, last.sessionId, codeName(readInt32(last.entry, 32))]).toEqual([OpCode.error, 0n, error]);
    expect(kindOf(server, '/c') === -1).toBe(error === 'NoNode');
  });
});
