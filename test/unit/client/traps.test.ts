/**
 * The traps of client-protocol 12, one test each, by the sentence they come from; where another file has the test already,
 * it is not repeated: xid mismatch and half replies (requests), jitter, pings, timeouts and zxids (session), the five sets
 * (client-watch-manager), refused credentials (session), empty multi (transaction).
 */
import { describe, expect, test } from 'vitest';
import { ErrorCode } from '../../../src/protocol/error-code.js';
import { OpCode } from '../../../src/protocol/op-code.js';
import { EventType } from '../../../src/protocol/watch-event.js';
import { statReply } from './canned-replies.js';
import {
  connectResponse,
  FakeWorld,
  frame,
  hexBytes,
  notification,
  reply,
  settled,
  watchPromise,
} from './fake-world.js';

describe('frames longer than jute.maxbuffer are an error', () => {
  test('the length alone costs the connection, before the bytes are there', async () => {
    const world = new FakeWorld('a:1', { frameBytesMax: 0xfffff });
    const connection = world.accept();
    const read = watchPromise(world.zk.getData('/a'));
    world.runTurns();
    connection.answer(hexBytes('00100000'));
    await settled();
    expect(connection.isDestroyed).toBe(true);
    expect(read.outcome).toMatchObject({ name: 'ConnectionLoss' });
  });

  test('the longest allowed one is read', async () => {
    const world = new FakeWorld('a:1', { frameBytesMax: 0xfffff });
    const connection = world.accept();
    const read = world.zk.getChildren('/a');
    world.runTurns();
    const name = 'x'.repeat(0xfffff - 16 - 4 - 4);
    connection.answer(
      reply(1, 9n, 0, (w) => {
        w.startVector(1);
        w.writeUstring(name);
      }),
    );
    expect((await read)[0]?.length).toBe(name.length);
  });
});

describe('null where a server should have said something', () => {
  test('strings and vectors read as empty ones', async () => {
    const world = new FakeWorld();
    const connection = world.accept();
    const { zk } = world;
    const outcomes = [zk.create('/a'), zk.getChildren('/a'), zk.getEphemerals(), zk.whoAmI(), zk.sync('/a')].map(
      (call) => watchPromise<unknown>(call),
    );
    world.runTurns();
    for (let xid = 1; xid <= 5; xid++) connection.answer(reply(xid, 9n, 0, (w) => w.writeInt(-1)));
    await settled();
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['', [], [], [], '/a']);
    expect(zk.state).toBe('CONNECTED');
  });

  test('a session without a password is none', async () => {
    const world = new FakeWorld();
    const { connection } = world;
    connection.handlers.onConnect();
    connection.answer(hexBytes('00000015 00000000 00001770 0100002b20130000 ffffffff 00'));
    await settled();
    expect([connection.isDestroyed, world.zk.state]).toEqual([true, 'CONNECTING']);
  });
});

describe('while closing', () => {
  test('events and replies that come before the last reply are delivered, in order', async () => {
    const world = new FakeWorld();
    const connection = world.accept();
    const order: string[] = [];
    void world.zk.exists('/e', (event) => order.push(`event ${event.type}`)).then(() => order.push('watched'));
    world.runTurns();
    connection.answer(statReply(1));
    await settled();
    void world.zk.delete('/e').then(() => order.push('deleted'));
    void world.zk.close().then(() => order.push('closed'));
    world.runTurns();
    connection.answer(notification(EventType.NodeDeleted, '/e', 10n), reply(2, 10n), reply(3, 11n));
    await settled();
    expect(order).toEqual(['watched', 'event 2', 'deleted', 'closed']);
  });

  test('an event behind the last reply is nobody’s any more', async () => {
    const world = new FakeWorld();
    const connection = world.accept();
    const told: number[] = [];
    void world.zk.exists('/e', (event) => told.push(event.state));
    world.runTurns();
    connection.answer(statReply(1));
    void world.zk.close();
    world.runTurns();
    connection.answer(reply(2, 11n), notification(EventType.NodeDeleted, '/e', 12n));
    await settled();
    expect(told).toEqual([7]); // Closed, once
  });

  test('every call of close waits for the same end', async () => {
    const world = new FakeWorld();
    const connection = world.accept();
    const first = watchPromise(world.zk.close());
    const second = watchPromise(world.zk.close());
    world.runTurns();
    await settled();
    expect([first.outcome, second.outcome]).toEqual(['pending', 'pending']);
    expect(connection.takeHeaders()).toEqual([[1, OpCode.closeSession]]);
    connection.answer(reply(1, 11n));
    await settled();
    expect([first.outcome, second.outcome]).toEqual([undefined, undefined]);
    await world.zk.close();
  });

  test('requests behind the close may be answered with SessionExpired: that is what they are told anyway', async () => {
    const world = new FakeWorld();
    world.accept();
    void world.zk.close();
    await expect(world.zk.exists('/a')).rejects.toMatchObject({ name: 'SessionExpired' });
  });
});

describe('paths are checked before anything is sent', () => {
  test.each(['', 'a', '/a/', '//', '/a//b', '/./a', '/a/..', '/a\u0000', '/\u001f', '/\ud800', '/\uf8ff', '/\ufff0'])(
    '%j',
    async (path) => {
      const world = new FakeWorld();
      const connection = world.accept();
      const { zk } = world;
      for (const call of [zk.exists(path), zk.getACL(path), zk.sync(path), zk.removeAllWatches(path, 3)]) {
        await expect(call).rejects.toMatchObject({ name: 'InvalidPathError' });
      }
      expect(() => zk.multiRead().getChildren(path)).toThrow();
      world.runTurns();
      expect(connection.takeHex()).toBe('');
    },
  );

  test.each(['/...', '/.a', '/a..', '/\u00a0', '/\uf900', '/\uffef', '/__proto__', '/constructor'])(
    '%j is fine',
    (path) => {
      const world = new FakeWorld();
      const connection = world.accept();
      void world.zk.exists(path);
      world.runTurns();
      expect(connection.takeHeaders()).toEqual([[1, OpCode.exists]]);
    },
  );
});

test('the response may be followed by RST: nothing is sent before it, and an expiry is not taken for a loss', async () => {
  const world = new FakeWorld('a:1', { session: { id: 5n, password: new Uint8Array(16) } });
  const { connection } = world;
  const queued = watchPromise(world.zk.exists('/a'));
  connection.handlers.onConnect();
  world.runTurns();
  expect(connection.writes.length).toBe(1);
  connection.answer(connectResponse(0, 0n));
  connection.handlers.onClose(new Error('read ECONNRESET'));
  await settled();
  expect(queued.outcome).toMatchObject({ name: 'SessionExpired' });
  expect(world.events).toEqual(['state:Expired type:None path:null zxid: -1']);
});

test('a watcher that throws takes neither the others nor the connection with it', async () => {
  const thrown: unknown[] = [];
  const listeners = process.listeners('unhandledRejection');
  process.removeAllListeners('unhandledRejection');
  process.once('unhandledRejection', (error) => thrown.push(error));
  const world = new FakeWorld();
  const connection = world.accept();
  const seen: string[] = [];
  void world.zk.exists('/a', () => {
    throw new Error('in a watcher');
  });
  void world.zk.exists('/a', () => seen.push('second'));
  world.runTurns();
  connection.answer(statReply(1), statReply(2), notification(EventType.NodeDeleted, '/a'));
  await settled();
  for (const listener of listeners) process.on('unhandledRejection', listener);
  expect([seen, thrown.length, world.zk.state]).toEqual([['second'], 1, 'CONNECTED']);
});

test('a failed operation still moves lastZxidSeen; its watch does not exist', async () => {
  const world = new FakeWorld();
  const connection = world.accept();
  const write = watchPromise(world.zk.setData('/a', null));
  world.runTurns();
  connection.answer(reply(1, 0x2_0000_0001n, ErrorCode.BadVersion));
  await settled();
  expect(write.outcome).toMatchObject({ name: 'BadVersion' });
  expect(world.zk.lastZxid).toBe(0x2_0000_0001n);
});

test('an error code that this release does not know is told by its number', async () => {
  const world = new FakeWorld();
  const connection = world.accept();
  const read = watchPromise(world.zk.exists('/a'));
  world.runTurns();
  connection.answer(reply(1, 9n, -199));
  await settled();
  expect(read.outcome).toMatchObject({
    name: 'Unknown',
    code: -199,
    message: 'KeeperErrorCode = Unknown error -199 for /a',
  });
});

test('the body behind an error is passed over', async () => {
  const world = new FakeWorld();
  const connection = world.accept();
  const read = watchPromise(world.zk.exists('/a'));
  world.runTurns();
  connection.answer(frame((w) => w.writeRaw(hexBytes('00000001 0000000000000009 ffffff9b 0000000100000002'), 0, 24)));
  await settled();
  expect([read.outcome, world.zk.state]).toEqual([null, 'CONNECTED']);
});
