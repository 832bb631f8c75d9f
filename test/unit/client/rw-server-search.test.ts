import { expect, test } from 'vitest';
import { encodeUtf8 } from '../../../src/base/utf8.js';
import { connectResponse, type FakeConnection, FakeWorld, settled, watchPromise } from './fake-world.js';

const ISRO = Buffer.from('isro').toString('hex');

function readOnlyWorld(): FakeWorld {
  const world = new FakeWorld('a:1,b:2,c:3', { canBeReadOnly: true });
  world.connection.handlers.onConnect();
  world.connection.answer(connectResponse(6000, 77n, true));
  world.runTurns();
  return world;
}

/** Keeps the session's own connection alive while time passes. */
function nextQuestion(world: FakeWorld): [FakeConnection, number] {
  const session = world.transport.connections[0] as FakeConnection;
  const before = world.transport.connections.length;
  const start = world.clock.monotonicMs();
  while (world.transport.connections.length === before) {
    if (world.clock.monotonicMs() - start > 100_000) throw new Error('no question asked');
    world.advance(1);
    session.answer(new Uint8Array(0));
  }
  return [world.connection, world.clock.monotonicMs() - start];
}

test('asks the other servers in turn, ever more rarely, up to once a minute', () => {
  const world = readOnlyWorld();
  const waits: number[] = [];
  const hosts: string[] = [];
  for (let i = 0; i < 12; i++) {
    const [question, waitedMs] = nextQuestion(world);
    waits.push(waitedMs);
    hosts.push(question.host);
    question.handlers.onConnect();
    expect(question.takeHex()).toBe(ISRO);
    question.answer(encodeUtf8('ro'));
    question.handlers.onClose(new Error('closed by the server'));
    world.runTurns();
  }
  expect(waits).toEqual([100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 51_200, 60_000, 60_000]);
  expect(new Set(hosts).size).toBe(3);
  expect(world.zk.state).toBe('CONNECTEDREADONLY');
});

test('the first that can write gets the session, a new one, without delay', async () => {
  const world = readOnlyWorld();
  const [session] = world.transport.connections;
  const [question] = nextQuestion(world);
  const lost = watchPromise(world.zk.exists('/a'));
  question.handlers.onConnect();
  question.answer(encodeUtf8('r'));
  question.answer(encodeUtf8('w'));
  world.runTurns();
  await settled();
  expect([session?.isDestroyed, question.isDestroyed]).toEqual([true, true]);
  expect(lost.outcome).toMatchObject({ name: 'ConnectionLoss' });
  expect([world.connection.host, world.transport.connections.length]).toEqual([question.host, 3]);
  world.connection.handlers.onConnect();
  expect(world.connection.takeHex().slice(40, 56)).toBe('0000000000000000'); // ids of read-only servers mean nothing
  world.connection.answer(connectResponse(6000));
  await settled();
  expect(world.zk.state).toBe('CONNECTED');
  const dialed = world.transport.connections.length;
  for (let i = 0; i < 200; i++) {
    world.advance(100);
    world.connection.answer(new Uint8Array(0));
  }
  expect(world.transport.connections.length).toBe(dialed); // the search is over
});

test('no answer for a second counts as a no', () => {
  const world = readOnlyWorld();
  const [silent] = nextQuestion(world);
  silent.handlers.onConnect();
  const [next, waitedMs] = nextQuestion(world);
  expect([silent.isDestroyed, waitedMs]).toEqual([true, 1200]);
  next.handlers.onClose(new Error('refused'));
  expect(nextQuestion(world)[1]).toBe(400);
});

test('when the read-only server goes the search goes with it', () => {
  const world = readOnlyWorld();
  const [question] = nextQuestion(world);
  world.transport.connections[0]?.handlers.onClose(new Error('gone'));
  expect(question.isDestroyed).toBe(true);
  question.handlers.onConnect();
  expect(question.takeHex()).toBe('');
  void world.zk.close();
  expect(world.scheduler.onTurn).toBeNull();
});
