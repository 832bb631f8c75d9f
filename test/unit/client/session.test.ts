import { expect, test } from 'vitest';
import { encodeUtf8 } from '../../../src/base/utf8.js';
import { ErrorCode } from '../../../src/protocol/error-code.js';
import { OpCode } from '../../../src/protocol/op-code.js';
import { connectResponse, FakeWorld, PASSWORD, reply, settled, watchPromise } from './fake-world.js';

const PING = '00000008' + 'fffffffe' + '0000000b';
const LOST = 'state:Disconnected type:None path:null zxid: -1';

function hex(text: string): string {
  return text.replaceAll(/\s/g, '');
}

test('a ping when nothing was sent for the ping time, and again after each', () => {
  const world = new FakeWorld();
  const connection = world.accept(9000); // ping after 2000
  world.advance(1999);
  expect(connection.takeHex()).toBe('');
  world.advance(1);
  expect(connection.takeHex()).toBe(PING);
  connection.answer(reply(-2, 5n));
  world.advance(2000);
  expect(connection.takeHex()).toBe(PING);
});

test('a request takes the place of a ping', () => {
  const world = new FakeWorld();
  const connection = world.accept(9000);
  world.advance(1500);
  void world.zk.exists('/a');
  world.runTurns();
  expect(connection.takeHeaders()).toEqual([[1, OpCode.exists]]);
  world.advance(1999);
  expect(connection.takeHex()).toBe('');
  world.advance(1);
  expect(connection.takeHex()).toBe(PING);
});

test('pings stop while the socket is full: they could not overtake what is in it', () => {
  const world = new FakeWorld();
  const connection = world.accept(9000);
  connection.holdsNextSend = true;
  void world.zk.exists('/a');
  world.runTurns();
  world.advance(4000);
  expect(connection.takeHeaders()).toEqual([[1, OpCode.exists]]);
});

test('silence for two thirds of the timeout: another connection, and the session is opened again', async () => {
  const world = new FakeWorld();
  world.accept(9000);
  const request = watchPromise(world.zk.exists('/a'));
  world.runTurns();
  world.connection.answer(reply(1, 0x1_0000_0007n, ErrorCode.NoNode));
  const lost = watchPromise(world.zk.exists('/b'));
  world.advance(5999);
  expect(world.connection.isDestroyed).toBe(false);
  world.advance(1);
  await settled();
  expect(world.transport.connections[0]?.isDestroyed).toBe(true);
  expect(request.outcome).toBeNull();
  expect(lost.outcome).toMatchObject({ name: 'ConnectionLoss', path: '/b' });
  expect(world.zk.state).toBe('CONNECTING');
  expect(world.events.at(-1)).toBe(LOST);

  // One server: a pause of a second after the round, and up to a second at random.
  const waitedMs = world.advanceToDial();
  expect(waitedMs).toBeGreaterThanOrEqual(1000);
  expect(waitedMs).toBeLessThan(2000);
  world.connection.handlers.onConnect();
  expect(world.connection.takeHex()).toBe(
    hex('0000002d 00000000 0000000100000007 00007530 0100002b20130000 00000010 0102030405060708090a0b0c0d0e0f10 00'),
  );
  world.connection.answer(connectResponse(9000));
  await settled();
  expect(world.zk.state).toBe('CONNECTED');
  expect(world.events.at(-1)).toBe('state:SyncConnected type:None path:null zxid: -1');
});

test('any byte of the server counts as heard', () => {
  const world = new FakeWorld();
  const connection = world.accept(9000);
  for (let i = 0; i < 5; i++) {
    world.advance(5000);
    connection.answer(reply(-2, 5n));
  }
  expect(connection.isDestroyed).toBe(false);
});

test('the random delay comes from the generator that was given', () => {
  const waits = [1, 2, 3, 4, 5, 6].map((seed) => {
    const world = new FakeWorld('a:1', {}, seed);
    world.accept();
    world.connection.handlers.onClose(new Error('gone'));
    return world.advanceToDial();
  });
  expect(new Set(waits).size).toBeGreaterThan(3);
  const again = new FakeWorld('a:1', {}, 1);
  again.accept();
  again.connection.handlers.onClose(new Error('gone'));
  expect(again.advanceToDial()).toBe(waits[0]);
});

test('several servers: the next one at once but for the random delay, a pause after the round', () => {
  const world = new FakeWorld('a:1,b:2,c:3');
  const dialed: [string, boolean][] = [[world.connection.host, false]];
  for (let i = 0; i < 3; i++) {
    world.connection.handlers.onClose(new Error('refused'));
    const waitedMs = world.advanceToDial();
    dialed.push([world.connection.host, waitedMs >= 1000]);
  }
  expect(
    dialed
      .map(([host]) => host)
      .slice(0, 3)
      .sort(),
  ).toEqual(['a', 'b', 'c']);
  expect(dialed[3]).toEqual([dialed[0]?.[0], true]);
  expect(dialed.slice(0, 3).map(([, paused]) => paused)).toEqual([false, false, false]);
});

test('the pause comes after a round counted from the last server that worked', () => {
  const world = new FakeWorld('a:1,b:2,c:3');
  world.connection.handlers.onClose(new Error('refused'));
  world.advanceToDial();
  const second = world.accept().host;
  world.connection.handlers.onClose(new Error('gone'));
  const paused: boolean[] = [];
  for (let i = 0; i < 3; i++) {
    paused.push(world.advanceToDial() >= 1000);
    world.connection.handlers.onClose(new Error('refused'));
  }
  expect(world.connection.host).toBe(second);
  expect(paused).toEqual([false, false, true]);
});

test('half a frame dies with its connection', () => {
  const world = new FakeWorld();
  world.accept().answer(reply(-2, 5n).subarray(0, 11));
  world.connection.handlers.onClose(new Error('gone'));
  world.advanceToDial();
  world.accept();
  expect(world.zk.state).toBe('CONNECTED');
});

test('a server that does not answer has its share of the session timeout, for dialing and for the handshake', async () => {
  const world = new FakeWorld('a:1,b:2,c:3', { sessionTimeoutMs: 9000 });
  const first = world.connection;
  const queued = watchPromise(world.zk.exists('/a'));
  world.advance(2999);
  expect(first.isDestroyed).toBe(false);
  world.advance(1);
  await settled();
  expect(first.isDestroyed).toBe(true);
  expect(queued.outcome).toMatchObject({ name: 'ConnectionLoss' });
  world.advanceToDial();
  const second = world.connection;
  world.advance(2000);
  second.handlers.onConnect();
  world.runTurns();
  world.advance(2999);
  expect(second.isDestroyed).toBe(false);
  world.advance(1);
  expect(second.isDestroyed).toBe(true);
  expect(world.events).toEqual([]); // nobody was connected yet
});

test('nothing heard from anyone for four thirds of the timeout: the client gives the session up', async () => {
  const world = new FakeWorld('a:1,b:2');
  world.accept(9000);
  world.connection.handlers.onClose(new Error('gone'));
  const fate = { atMs: 0 };
  const started = world.clock.monotonicMs();
  const refuse = (): void => {
    if (!world.connection.isDestroyed) world.connection.handlers.onClose(new Error('refused'));
    world.runTurns();
  };
  while (world.zk.isAlive && world.clock.monotonicMs() < 60_000) {
    world.advance(1);
    refuse();
  }
  fate.atMs = world.clock.monotonicMs() - started;
  await settled();
  expect(fate.atMs).toBe(12_000);
  expect(world.zk.state).toBe('CLOSED');
  expect(world.events.at(-1)).toBe('state:Expired type:None path:null zxid: -1');
  await expect(world.zk.exists('/a')).rejects.toMatchObject({ name: 'SessionExpired' });
});

test('a client that never had a session keeps trying', () => {
  const world = new FakeWorld('a:1', { sessionTimeoutMs: 4000 });
  for (let i = 0; i < 30; i++) {
    world.connection.handlers.onClose(new Error('refused'));
    world.advanceToDial();
  }
  expect(world.clock.monotonicMs()).toBeGreaterThan(30_000);
  expect(world.zk.state).toBe('CONNECTING');
});

test('a client that slept through everything is expired, not reconnected', async () => {
  const world = new FakeWorld();
  world.accept(9000);
  world.clock.advance(12_000);
  world.scheduler.onTurn?.();
  await settled();
  expect(world.events.at(-1)).toBe('state:Expired type:None path:null zxid: -1');
});

test('refused re-open: expired', async () => {
  const world = new FakeWorld();
  world.accept(9000);
  const watcher: string[] = [];
  const read = world.zk.getChildren('/a', (event) => watcher.push(`${event.type} ${event.state}`));
  world.runTurns();
  world.connection.answer(reply(1, 3n, 0, (w) => w.startVector(0)));
  await read;
  world.connection.handlers.onClose(new Error('gone'));
  world.advanceToDial();
  world.connection.handlers.onConnect();
  world.connection.answer(connectResponse(0, 0n));
  await settled();
  expect(world.events.slice(-2)).toEqual([LOST, 'state:Expired type:None path:null zxid: -1']);
  expect(watcher).toEqual(['-1 -112']); // once: nothing more will come
});

test('lastZxidSeen: the highest of ordinary replies, never that of a ping or an event', () => {
  const world = new FakeWorld();
  const connection = world.accept();
  for (let i = 0; i < 4; i++) void world.zk.sync('/a');
  world.runTurns();
  const echo = (xid: number, zxid: bigint): Uint8Array => reply(xid, zxid, 0, (w) => w.writeUstring('/a'));
  connection.answer(echo(1, 0x1_8000_0000n), echo(2, 0x1_0000_0005n), echo(3, -1n), echo(4, 0n));
  connection.answer(reply(-2, 0x7_0000_0000n));
  connection.handlers.onClose(new Error('gone'));
  world.advanceToDial();
  world.connection.handlers.onConnect();
  expect(world.connection.takeHex().slice(16, 32)).toBe('0000000180000000');
});

test('handlers of a connection that was given up are deaf', async () => {
  const world = new FakeWorld();
  const old = world.accept(9000);
  old.handlers.onClose(new Error('gone'));
  world.advanceToDial();
  world.accept(9000);
  old.answer(reply(1, 3n));
  old.handlers.onDrain();
  old.handlers.onClose(new Error('again'));
  await settled();
  expect(world.zk.state).toBe('CONNECTED');
  expect(world.transport.connections.length).toBe(2);
});

// ---- close ------------------------------------------------------------------------------------------------------

test('close answers what was asked before, then ends the session', async () => {
  const world = new FakeWorld();
  const connection = world.accept();
  const before = watchPromise(world.zk.exists('/a'));
  const closed = watchPromise(world.zk.close());
  await expect(world.zk.exists('/late')).rejects.toMatchObject({ name: 'SessionExpired' });
  world.runTurns();
  expect(connection.takeHex()).toBe(hex('0000000f 00000001 00000003 000000022f61 00 00000008 00000002 fffffff5'));
  connection.answer(reply(1, 3n, ErrorCode.NoNode), reply(2, 4n));
  await settled();
  expect([before.outcome, closed.outcome]).toEqual([null, undefined]);
  expect(connection.isDestroyed).toBe(true);
  expect(world.zk.state).toBe('CLOSED');
  expect(world.events.at(-1)).toBe('state:Closed type:None path:null zxid: -1');
  expect(world.scheduler.onTurn).toBeNull();
});

test('a connection that breaks while closing closes as well', async () => {
  const world = new FakeWorld();
  const connection = world.accept();
  const closed = watchPromise(world.zk.close());
  world.runTurns();
  connection.handlers.onClose(new Error('reset'));
  await settled();
  expect(closed.outcome).toBeUndefined();
  expect(world.zk.state).toBe('CLOSED');
});

test('without a connection there is nobody to tell', async () => {
  const world = new FakeWorld();
  const queued = watchPromise(world.zk.exists('/a'));
  await world.zk.close();
  await world.zk.close();
  await settled();
  expect(world.connection.isDestroyed).toBe(true);
  expect(queued.outcome).toMatchObject({ name: 'SessionExpired' });
  expect(world.events).toEqual(['state:Closed type:None path:null zxid: -1']);
});

// ---- credentials ------------------------------------------------------------------------------------------------

const AUTH_U = '0000001d fffffffc 00000064 00000000 00000006646967657374 00000003753a70';

test('addAuth goes before the requests made after it, and is repeated on every connection', async () => {
  const world = new FakeWorld();
  const early = watchPromise(world.zk.addAuth('digest', encodeUtf8('u:p')));
  void world.zk.exists('/a');
  const connection = world.accept();
  expect(connection.takeHex()).toBe(hex(`${AUTH_U} 0000000f 00000001 00000003 000000022f61 00`));
  connection.answer(reply(-4, 0n), reply(1, 3n, ErrorCode.NoNode));
  const later = watchPromise(world.zk.addAuth('x', encodeUtf8('y')));
  world.runTurns();
  expect(connection.takeHeaders()).toEqual([[-4, OpCode.auth]]);
  await settled();
  expect([early.outcome, later.outcome]).toEqual([undefined, 'pending']);
  connection.handlers.onClose(new Error('gone'));
  world.advanceToDial();
  world.accept().answer(reply(-4, 0n), reply(-4, 0n)); // kept by the next server
  expect(world.connection.takeHex()).toContain(hex(AUTH_U));
  await settled();
  expect(later.outcome).toBeUndefined();
});

test('no proof at all is null, not an empty one', async () => {
  const world = new FakeWorld();
  void world.zk.addAuth('digest', null);
  expect(world.accept().takeHex()).toBe(hex('0000001a fffffffc 00000064 00000000 00000006646967657374 ffffffff'));
});

test('an answer to auth belongs to what was sent on its own connection', async () => {
  const world = new FakeWorld();
  const first = watchPromise(world.zk.addAuth('a', encodeUtf8('1')));
  const second = watchPromise(world.zk.addAuth('b', encodeUtf8('2')));
  world.accept().answer(reply(-4, 0n));
  world.connection.handlers.onClose(new Error('gone'));
  world.advanceToDial();
  world.accept().answer(reply(-4, 0n)); // the first one's, again
  await settled();
  expect([first.outcome, second.outcome]).toEqual([undefined, 'pending']);
  world.connection.answer(reply(-4, 0n));
  await settled();
  expect(second.outcome).toBeUndefined();
});

test('refused credentials end the session', async () => {
  const world = new FakeWorld();
  const connection = world.accept();
  const auth = watchPromise(world.zk.addAuth('nosuch', encodeUtf8('x')));
  const request = watchPromise(world.zk.exists('/a'));
  world.runTurns();
  connection.answer(reply(-4, 0n, ErrorCode.AuthFailed));
  await settled();
  expect(world.zk.state).toBe('AUTH_FAILED');
  expect(world.zk.isAlive).toBe(false);
  expect(connection.isDestroyed).toBe(true);
  expect(world.events.at(-1)).toBe('state:AuthFailed type:None path:null zxid: -1');
  for (const { outcome } of [auth, request]) expect(outcome).toMatchObject({ name: 'AuthFailed' });
  await expect(world.zk.exists('/a')).rejects.toMatchObject({ name: 'AuthFailed' });
});

test('credentials are kept as they were given, whatever happens to the array', () => {
  const world = new FakeWorld();
  const bytes = encodeUtf8('u:p');
  void world.zk.addAuth('digest', bytes);
  bytes.fill(0);
  expect(world.accept().takeHex()).toBe(hex(AUTH_U));
});

test('session id and password can be handed to another client', () => {
  const world = new FakeWorld();
  world.accept();
  expect([world.zk.sessionId, world.zk.sessionPassword]).toEqual([0x100002b20130000n, PASSWORD]);
});
