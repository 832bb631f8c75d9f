// Sessions on a server by hand: what keeps one alive, how it ends, what goes with it (client-protocol 2.8, 6.4, 11.2), and
// the races between a touch, an expiry, a close and a re-opening. tickTime 2000, timeouts from 4000.

import { describe, expect, test } from 'vitest';
import { readInt32 } from '../../../src/base/bytes.js';
import { OPEN_ACL_UNSAFE } from '../../../src/protocol/acl.js';
import { OpCode } from '../../../src/protocol/op-code.js';
import { childrenOf } from '../../testing/inline/reply-bodies.js';
import { Ending } from '../../testing/inline/sim-client-network.js';
import type { WireClient } from '../../testing/inline/wire-client.js';
import { codeName } from '../../testing/inline/wire-names.js';
import { InlineServer } from '../../testing/inline-server.js';

const SHORT = { timeOutMs: 4000 };

function exists(server: InlineServer, client: WireClient, path: string): boolean {
  client.exists(path);
  return server.reply(client).err === 0;
}

describe('a session is kept alive', () => {
  test.each<[string, (c: WireClient) => void]>([
    ['ping', (c) => c.ping()],
    ['a read', (c) => c.getData('/')],
    ['a write', (c) => c.setData('/', 'x')],
    ['a write that fails', (c) => c.delete('/nope')],
    ['a request that does not decode', (c) => c.request(OpCode.create, new Uint8Array(1))],
    ['sync', (c) => c.sync('/')],
    ['a question about the connection itself', (c) => c.request(OpCode.whoAmI)],
  ])('by %s', (_what, send) => {
    const server = InlineServer.start();
    const client = server.connect(SHORT);
    for (let i = 0; i < 10; i++) {
      server.advance(3000);
      send(client);
      server.run();
    }
    expect(client.connection.ending).toBe(Ending.open);
    expect(server.sessions.openCount).toBe(1);
  });

  test('but not by auth', () => {
    const server = InlineServer.start();
    const client = server.connect(SHORT);
    client.auth('digest', 'bob:pw');
    server.run();
    server.advance(3000);
    client.auth('digest', 'bob:pw');
    server.run();
    server.advance(3250);
    expect(server.sessions.openCount).toBe(0);
  });

  test('nor by sasl', () => {
    const server = InlineServer.start();
    const client = server.connect(SHORT);
    for (let i = 0; i < 3; i++) {
      client.request(OpCode.sasl, (w) => w.writeBuffer(new Uint8Array(0)));
      server.run();
      server.advance(2000);
    }
    server.advance(400);
    expect(client.takeText()).toEqual(['sasl Ok @0', 'sasl Ok @0', 'sasl Ok @0']);
    expect(server.sessions.openCount).toBe(0);
  });

  test('nor by bytes that make no whole request', () => {
    const server = InlineServer.start();
    const client = server.connect(SHORT);
    client.connection.send(Uint8Array.of(0, 0, 0, 100));
    for (let i = 0; i < 6; i++) {
      client.connection.send(Uint8Array.of(0));
      server.run();
      server.advance(1040);
    }
    expect(server.sessions.openCount).toBe(0);
  });

  test('a touch counts from when it came, though its request waits in the pipeline', () => {
    const server = InlineServer.start({ placement: 'pipeline' });
    const client = server.connect(SHORT);
    server.advance(3900);
    client.create('/a');
    server.network.deliverAll();
    server.clock.advance(2500);
    server.turnOf('main');
    server.run();
    expect(codeName(client.takeReply().err)).toBe('Ok');
    expect(server.sessions.openCount).toBe(1);
  });
});

describe('a re-opened session', () => {
  test.each([
    [40_000, 4000],
    [4000, 40_000],
    [4000, 0],
    [40_000, 1_000_000],
  ])('of %d ms lives by what its new connection has negotiated: %d', (firstMs, secondMs) => {
    const server = InlineServer.start();
    const first = server.connect({ timeOutMs: firstMs });
    const { sessionId, password } = first;
    const second = server.connect({ sessionId, password, timeOutMs: secondMs });
    const grantedMs = Math.min(Math.max(secondMs, 4000), 40_000);
    expect(second.timeOutMs).toBe(grantedMs);
    server.advance(1000);
    second.ping();
    server.run();
    const touchedMs = server.clock.monotonicMs();
    while (server.sessions.openCount === 1) server.advance(100);
    const tookMs = server.clock.monotonicMs() - touchedMs;
    expect(tookMs).toBeGreaterThanOrEqual(grantedMs);
    expect(tookMs).toBeLessThanOrEqual(grantedMs + 2000 + 300);
  });
});

describe('expiry', () => {
  test('comes between timeout and timeout plus tick, at a multiple of the tick', () => {
    const server = InlineServer.start();
    server.advance(500);
    const client = server.connect(SHORT);
    const beganMs = server.clock.monotonicMs();
    while (client.connection.ending === Ending.open) server.advance(50);
    const tookMs = server.clock.monotonicMs() - beganMs;
    expect(tookMs).toBeGreaterThanOrEqual(4000);
    expect(tookMs).toBeLessThanOrEqual(6000 + 250);
  });

  test('closes the connection without a frame', () => {
    const server = InlineServer.start();
    const client = server.connect(SHORT);
    server.advance(8000);
    expect(client.connection.takeReceived()).toHaveLength(0);
    expect(client.connection.ending).toBe(Ending.fin);
  });

  test('closes the connection on whichever shard it is', () => {
    const server = InlineServer.start({ connectionShards: 3, placement: 'staged' });
    const clients = [0, 1, 2].map((shard) => server.connect({ ...SHORT, shard }));
    server.advance(8000);
    expect(clients.map((client) => client.connection.ending)).toEqual([Ending.fin, Ending.fin, Ending.fin]);
  });

  test('takes the ephemerals along', () => {
    const server = InlineServer.start();
    const owner = server.connect(SHORT);
    const other = server.connect();
    owner.create('/e', { flags: 1 });
    owner.create('/s-', { flags: 3 });
    server.run();
    server.drop(owner.connection);
    expect(exists(server, other, '/e')).toBe(true);
    server.advance(8000);
    expect(exists(server, other, '/e')).toBe(false);
    expect(exists(server, other, '/s-0000000001')).toBe(false);
  });

  test('is called off by a touch between the tracker and prep', () => {
    const server = InlineServer.start({ placement: 'pipeline' });
    const client = server.connect(SHORT);
    server.clock.advance(6500);
    // The tracker has found the session due; before prep hears of it the client's ping comes in.
    server.turnOf('main');
    client.ping();
    server.network.deliverAll();
    server.run();
    expect(client.takeText()).toEqual(['ping Ok @1']);
    server.advance(3000);
    expect(server.sessions.openCount).toBe(1);
  });

  test('is called off by a re-opening on the way', () => {
    const server = InlineServer.start({ placement: 'pipeline', connectionShards: 2 });
    const client = server.connect({ ...SHORT, shard: 0 });
    server.clock.advance(6500);
    const again = server.dial({ shard: 1 });
    again.handshake({ sessionId: client.sessionId, password: client.password, timeOutMs: 4000 });
    server.network.deliverAll();
    server.turnOf('io-1');
    server.turnOf('main');
    server.run();
    const text = again.takeText();
    // Either the re-opening came first and holds, or the expiry did and the answer says so.
    expect(text).toEqual([server.sessions.openCount === 1 ? 'session 4000' : 'session invalid']);
    server.advance(3000);
    expect(again.connection.ending === Ending.open).toBe(server.sessions.openCount === 1);
  });

  test('requests that come behind the marking are dropped without a reply', () => {
    const server = InlineServer.start({ placement: 'staged' });
    const client = server.connect(SHORT);
    server.clock.advance(6500);
    server.turnOf('main');
    server.turnOf('prep');
    client.create('/late');
    server.network.deliverAll();
    server.run();
    expect(client.take()).toEqual([]);
    expect(exists(server, server.connect(), '/late')).toBe(false);
  });

  test('sessions of before a crash have their full timeout again', () => {
    const server = InlineServer.start();
    const client = server.connect(SHORT);
    server.advance(3500);
    client.ping();
    server.run();
    server.advance(3500);
    server.crash();
    server.restart();
    server.advance(3900);
    expect(server.sessions.openCount).toBe(1);
    server.advance(2300);
    expect(server.sessions.openCount).toBe(0);
  });
});

describe('closeSession', () => {
  test('is answered, then the connection ends; the session is gone', () => {
    const server = InlineServer.start();
    const client = server.connect();
    client.closeSession();
    const reply = server.reply(client);
    expect(reply).toMatchObject({ err: 0, zxid: 2n });
    expect(reply.body).toHaveLength(0);
    expect(client.connection.ending).toBe(Ending.fin);
    expect(server.sessions.openCount).toBe(0);
  });

  test('takes all ephemerals, applied and outstanding, in one burst', () => {
    const server = InlineServer.start();
    const client = server.connect();
    const other = server.connect();
    client.create('/old', { flags: 1 });
    server.run();
    client.create('/p');
    client.create('/p/new', { flags: 1 });
    client.create('/p/n-', { flags: 3 });
    client.create('/gone', { flags: 1 });
    client.delete('/gone');
    client.setData('/old', 'changed');
    client.create('/stays');
    client.closeSession();
    server.run();
    expect(client.take()).toHaveLength(9);
    other.getChildren('/');
    expect(childrenOf(server.reply(other))).toEqual(['p', 'stays', 'zookeeper']);
    other.getChildren('/p');
    expect(childrenOf(server.reply(other))).toEqual([]);
  });

  test('the names of what it took can be used at once', () => {
    const server = InlineServer.start();
    const client = server.connect();
    const other = server.connect();
    client.create('/lock', { flags: 1 });
    server.run();
    client.take();
    client.closeSession();
    other.create('/lock', { flags: 1 });
    other.delete('/lock');
    server.run();
    expect(other.takeText()).toEqual(['create Ok @5', 'delete Ok @6']);
  });

  test('a node of that name made by somebody else meanwhile stays', () => {
    const server = InlineServer.start();
    const client = server.connect();
    const other = server.connect();
    client.create('/x', { flags: 1 });
    server.run();
    other.delete('/x');
    other.create('/x');
    server.network.deliverAll();
    client.closeSession();
    server.run();
    other.take();
    expect(exists(server, other, '/x')).toBe(true);
  });

  test('leaves other sessions and their ephemerals alone', () => {
    const server = InlineServer.start();
    const client = server.connect();
    const other = server.connect();
    other.create('/theirs', { flags: 1 });
    client.create('/mine', { flags: 1 });
    server.run();
    other.take();
    client.closeSession();
    server.run();
    expect(exists(server, other, '/theirs')).toBe(true);
    expect(exists(server, other, '/mine')).toBe(false);
  });

  test('lists what it takes in its transaction', () => {
    const server = InlineServer.start();
    const client = server.connect();
    client.create('/e', { flags: 1 });
    client.closeSession();
    server.run();
    const { entry, type } = server.logged.at(-1) as { entry: Uint8Array; type: number };
    expect(type).toBe(OpCode.closeSession);
    expect([readInt32(entry, 32), readInt32(entry, 36)]).toEqual([1, 2]);
    expect(new TextDecoder().decode(entry.subarray(40, 42))).toBe('/e');
  });

  test('without closeSessionTxn the list is left out, and the ephemerals go all the same', () => {
    const server = InlineServer.start({ config: { closeSessionTxnEnabled: false } });
    const client = server.connect();
    client.create('/e', { flags: 1 });
    client.closeSession();
    server.run();
    // What is left is the header and the digest.
    expect(server.logged.at(-1)?.entry).toHaveLength(32 + 12);
    expect(exists(server, server.connect(), '/e')).toBe(false);
    server.crash();
    server.restart();
    expect(exists(server, server.connect(), '/e')).toBe(false);
  });

  test('by a connection that the session has left closes it for everyone', () => {
    const server = InlineServer.start({ placement: 'pipeline', connectionShards: 2 });
    const first = server.connect({ shard: 0 });
    const second = server.dial({ shard: 1 });
    second.handshake({ sessionId: first.sessionId, password: first.password });
    server.network.deliverAll();
    server.turnOf('io-1');
    server.turnOf('core');
    // The re-opening is on its way; the old connection does not know of it yet.
    first.closeSession();
    server.run();
    expect(server.sessions.openCount).toBe(0);
    expect(second.connection.ending).toBe(Ending.fin);
  });

  test('twice in one burst: the second is refused or dropped, and uses up nothing', () => {
    const server = InlineServer.start();
    const client = server.connect();
    client.closeSession();
    client.closeSession();
    server.run();
    expect(client.take()).toHaveLength(1);
    expect(server.zxid).toBe(2n);
  });

  test('writes behind it in the pipeline fail with SessionExpired and make nothing', () => {
    const server = InlineServer.start();
    const client = server.connect();
    client.closeSession();
    client.create('/late', { flags: 1 });
    client.multi([{ type: OpCode.create, request: { path: '/m', data: null, acl: OPEN_ACL_UNSAFE, flags: 1 } }]);
    server.run();
    const errors = server.logged
      .slice(2)
      .map(({ type, entry }) => [type, type === OpCode.error ? readInt32(entry, 32) : 0]);
    expect(errors[0]).toEqual([OpCode.error, -112]);
    const other = server.connect();
    expect(exists(server, other, '/late')).toBe(false);
    expect(exists(server, other, '/m')).toBe(false);
  });
});

describe('ephemerals', () => {
  test('survive a re-opened connection', () => {
    const server = InlineServer.start();
    const first = server.connect(SHORT);
    first.create('/e', { flags: 1 });
    server.run();
    server.drop(first.connection);
    const again = server.dial();
    again.handshake({ sessionId: first.sessionId, password: first.password, timeOutMs: 4000 });
    server.run();
    again.take();
    expect(exists(server, again, '/e')).toBe(true);
  });

  test('survive a crash and go when their session expires after it', () => {
    const server = InlineServer.start();
    server.connect(SHORT).create('/e', { flags: 1 });
    server.run();
    server.crash();
    server.restart();
    const other = server.connect();
    expect(exists(server, other, '/e')).toBe(true);
    server.advance(8000);
    expect(exists(server, other, '/e')).toBe(false);
  });

  test('may be deleted by anyone with the right to', () => {
    const server = InlineServer.start();
    const owner = server.connect();
    owner.create('/e', { flags: 1 });
    const other = server.connect();
    other.delete('/e');
    expect(server.reply(other).err).toBe(0);
    owner.closeSession();
    server.run();
    expect(server.zxid).toBe(5n);
  });
});

describe('ids', () => {
  test("are never given twice, though the machine's clock was set back over a restart", () => {
    const server = InlineServer.start();
    const before = [server.connect(), server.connect(), server.connect()].map((client) => client.sessionId);
    server.crash();
    server.clock.jumpWall(-3_600_000);
    server.restart();
    const after = [server.connect(), server.connect()].map((client) => client.sessionId);
    // Far behind one that is in use: others may have been given behind that, and closed.
    const [first, second] = after as [bigint, bigint];
    expect(first - (before[0] as bigint)).toBeGreaterThan(1n << 32n);
    expect(second).toBe(first + 1n);
    expect(server.sessions.openCount).toBe(5);
  });

  test('follow the clock again when it has gone on', () => {
    const server = InlineServer.start();
    const before = server.connect().sessionId;
    server.crash();
    server.clock.advance(1000);
    server.restart();
    expect(server.connect().sessionId).toBe(before + (1000n << 16n));
  });
});

describe('slots', () => {
  test('are used again once the close has been applied, and the table does not grow', () => {
    const server = InlineServer.start();
    for (let i = 0; i < 50; i++) {
      const client = server.connect();
      client.create(`/e${i}`, { flags: 1 });
      client.closeSession();
      server.run();
    }
    expect(server.sessions.slotCountUsed).toBeLessThanOrEqual(3);
    expect(server.sessions.openCount).toBe(0);
  });

  test('a connection of a session that is gone cannot touch or use the next session of its slot', () => {
    const server = InlineServer.start({ placement: 'pipeline' });
    const old = server.connect({ ...SHORT, systemBytesMax: 1 });
    old.connection.reading = false;
    server.advance(8000);
    // The old connection cannot get its end through and goes on sending.
    const next = server.connect(SHORT);
    for (let i = 0; i < 8; i++) {
      if (old.connection.ending === Ending.open) old.create(`/ghost${i}`);
      server.advance(1000);
    }
    expect(next.connection.ending).toBe(Ending.fin);
    const other = server.connect();
    expect(exists(server, other, '/ghost0')).toBe(false);
  });
});
