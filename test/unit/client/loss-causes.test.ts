/** What stands behind a ConnectionLoss: its cause is the socket's own error, or what the server's end looked like. */
import { createServer } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { openZooKeeper } from '../../../src/client/open-zookeeper.js';
import type { ZooKeeper } from '../../../src/client/zookeeper.js';
import { freePort } from '../../testing/free-port.js';
import { FakeWorld, hexBytes } from './fake-world.js';

/** The name and the cause of what a call was rejected with. */
async function lossOf(promise: Promise<unknown>): Promise<readonly [string, unknown]> {
  const error = await promise.then(
    () => expect.unreachable(),
    (reason: Error) => reason,
  );
  return [error.name, error.cause];
}

function saying(message: string): Error {
  return expect.objectContaining({ message });
}

describe('the cause of a ConnectionLoss is', () => {
  test("the socket's own error", async () => {
    const world = new FakeWorld('a:1');
    const call = lossOf(world.zk.exists('/a'));
    const error = new Error('connect ECONNREFUSED 192.0.2.1:2181');
    world.connection.handlers.onClose(error);
    expect(await call).toEqual(['ConnectionLoss', error]);
    expect((await lossOf(world.zk.exists('/a', false, { whileDisconnected: 'fail' })))[1]).toBe(error);
  });

  test('the end that the server made of it, before or behind the session', async () => {
    const world = new FakeWorld('a:1');
    const early = lossOf(world.zk.exists('/a'));
    world.connection.handlers.onConnect();
    world.connection.handlers.onClose(null);
    expect(await early).toEqual(['ConnectionLoss', saying('a:1 closed the connection before it gave a session')]);
    world.advanceToDial();
    const connection = world.accept();
    const late = lossOf(world.zk.exists('/a'));
    world.runTurns();
    connection.handlers.onClose(null);
    expect(await late).toEqual(['ConnectionLoss', saying('a:1 closed the connection')]);
  });

  test('its silence: of one that is dialled, of one that is asked for a session, of one that gave it', async () => {
    const world = new FakeWorld('[2001:db8::1]:7', { sessionTimeoutMs: 6000 });
    const dialled = lossOf(world.zk.exists('/a'));
    world.advance(6000);
    expect(await dialled).toEqual(['ConnectionLoss', saying('[2001:db8::1]:7 could not be connected to for 6000 ms')]);
    const asked = lossOf(world.zk.exists('/a'));
    if (world.connection.isDestroyed) world.advanceToDial();
    world.connection.handlers.onConnect();
    world.advance(6000);
    expect(await asked).toEqual(['ConnectionLoss', saying('[2001:db8::1]:7 has said nothing for 6000 ms')]);
    if (world.connection.isDestroyed) world.advanceToDial();
    world.accept(6000);
    const given = lossOf(world.zk.exists('/a'));
    world.advance(4000);
    expect(await given).toEqual(['ConnectionLoss', saying('[2001:db8::1]:7 has said nothing for 4000 ms')]);
  });

  test('bytes that are no reply, with what is wrong with them', async () => {
    const world = new FakeWorld('a:1');
    const connection = world.accept();
    const call = lossOf(world.zk.exists('/a'));
    world.runTurns();
    connection.answer(hexBytes('7fffffff'));
    const [name, cause] = await call;
    expect(name).toBe('ConnectionLoss');
    expect(cause).toMatchObject({ message: expect.stringMatching(/^a:1 sent what no server sends: /) });
    expect((cause as Error).cause).toMatchObject({ name: 'JuteError' });
  });

  test('this client itself, when it lets go of the session', async () => {
    const world = new FakeWorld('a:1');
    world.accept();
    const call = lossOf(world.zk.exists('/a'));
    world.zk.detach();
    expect(await call).toEqual(['ConnectionLoss', saying('this client has let go of the session')]);
  });
});

test('who waits for a session in vain is told why there was none; who has one, of the time alone', async () => {
  const world = new FakeWorld('a:1', { whileDisconnected: 'queue' });
  const waiting = lossOf(world.zk.exists('/a', false, { timeoutMs: 500 }));
  const error = new Error('connect ECONNREFUSED 192.0.2.1:2181');
  world.connection.handlers.onClose(error);
  world.advance(500);
  expect(await waiting).toEqual(['RequestTimeout', error]);
  if (world.connection.isDestroyed) world.advanceToDial();
  world.accept();
  const unanswered = lossOf(world.zk.exists('/a', false, { timeoutMs: 500 }));
  world.advance(500);
  expect(await unanswered).toEqual(['RequestTimeout', undefined]);
});

describe('over real sockets', () => {
  const opened: ZooKeeper[] = [];
  afterEach(async () => {
    for (const zk of opened.splice(0)) await zk.close();
  });

  function open(port: number): ZooKeeper {
    const zk = openZooKeeper(`127.0.0.1:${port}`);
    opened.push(zk);
    return zk;
  }

  test('nobody listens: the error with its code', async () => {
    const port = await freePort();
    const [name, cause] = await lossOf(open(port).exists('/'));
    expect(name).toBe('ConnectionLoss');
    expect(cause).toMatchObject({ code: 'ECONNREFUSED', address: '127.0.0.1', port });
  });

  test('somebody listens who serves nobody', async () => {
    const server = createServer((socket) => socket.on('error', () => {}).once('data', () => socket.end()));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    try {
      expect(await lossOf(open(port).exists('/'))).toEqual([
        'ConnectionLoss',
        saying(`127.0.0.1:${port} closed the connection before it gave a session`),
      ]);
    } finally {
      server.close();
    }
  });
});
