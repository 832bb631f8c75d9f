/** zk.watch: what a `for await` loop sees of changes, reconnects, its own slowness and its end. */
import { expect, test } from 'vitest';
import type { WatchedEvent } from '../../../src/client/watched-event.js';
import { ErrorCode } from '../../../src/protocol/error-code.js';
import { OpCode } from '../../../src/protocol/op-code.js';
import { decodeSetWatches2 } from '../../../src/protocol/requests.js';
import { EventType, eventTypeName, keeperStateName, WatcherType } from '../../../src/protocol/watch-event.js';
import { connectResponse, type FakeConnection, FakeWorld, notification, reply, settled } from './fake-world.js';

const watchAdded = (xid: number): Uint8Array => reply(xid, 9n, 0, (w) => w.writeInt(0));

const textOf = ({ type, state, path }: WatchedEvent): string =>
  type === EventType.None ? keeperStateName(state) : `${eventTypeName(type)} ${path}`;

/** Runs a loop over the stream in the background and notes what it sees. */
function follow(events: AsyncIterable<WatchedEvent>): { seen: string[]; end: unknown } {
  const loop: { seen: string[]; end: unknown } = { seen: [], end: 'looping' };
  const run = async (): Promise<void> => {
    for await (const event of events) loop.seen.push(textOf(event));
  };
  run().then(
    () => {
      loop.end = 'done';
    },
    (error: unknown) => {
      loop.end = error;
    },
  );
  return loop;
}

/** A world with one established stream on /a. */
async function watching(
  options = {},
): Promise<{ world: FakeWorld; connection: FakeConnection; loop: ReturnType<typeof follow> }> {
  const world = new FakeWorld();
  const connection = world.accept();
  const loop = follow(world.zk.watch('/a', options));
  world.runTurns();
  connection.answer(watchAdded(1));
  await settled();
  connection.takeHex();
  return { world, connection, loop };
}

test('first the word that the watch stands, then every change', async () => {
  const world = new FakeWorld();
  const connection = world.accept();
  const loop = follow(world.zk.watch('/a', { recursive: true }));
  world.runTurns();
  await settled();
  expect(loop.seen).toEqual([]);
  expect(connection.takeHex()).toBe('000000120000000' + '10000006a000000022f6100000001');
  connection.answer(
    watchAdded(1),
    notification(EventType.NodeCreated, '/a/b', 10n),
    notification(EventType.NodeDataChanged, '/a/b', 11n),
  );
  connection.answer(notification(EventType.NodeDeleted, '/a/b', 12n));
  await settled();
  expect(loop).toEqual({
    seen: ['SyncConnected', 'NodeCreated /a/b', 'NodeDataChanged /a/b', 'NodeDeleted /a/b'],
    end: 'looping',
  });
});

test('a reconnect is told: changes may be missing from Disconnected to SyncConnected', async () => {
  const { world, connection, loop } = await watching();
  connection.handlers.onClose(new Error('gone'));
  world.advanceToDial();
  const next = world.accept();
  const [frame] = next.takeFrames();
  expect([frame?.readInt(), frame?.readInt()]).toEqual([-8, OpCode.setWatches2]);
  expect(frame === undefined ? null : decodeSetWatches2(frame).persistentWatches).toEqual(['/a']);
  next.answer(reply(-8, 9n), notification(EventType.NodeChildrenChanged, '/a'));
  await settled();
  expect(loop.seen).toEqual(['SyncConnected', 'Disconnected', 'SyncConnected', 'NodeChildrenChanged /a']);
});

test('a connection that is lost before the watch stands is not the end: it is asked for again', async () => {
  const world = new FakeWorld();
  const loop = follow(world.zk.watch('/a'));
  world.connection.handlers.onClose(new Error('refused'));
  world.advanceToDial();
  const connection = world.accept();
  expect(connection.takeHeaders()).toEqual([[1, OpCode.addWatch]]);
  connection.handlers.onClose(new Error('gone'));
  await settled();
  world.advanceToDial();
  const next = world.accept();
  expect(next.takeHeaders()).toEqual([[2, OpCode.addWatch]]);
  next.answer(watchAdded(2));
  await settled();
  expect(loop).toEqual({ seen: ['SyncConnected'], end: 'looping' });
});

test('a refusal is thrown in the loop', async () => {
  const world = new FakeWorld();
  const connection = world.accept();
  const loop = follow(world.zk.watch('/a'));
  world.runTurns();
  connection.answer(reply(1, 9n, ErrorCode.Unimplemented));
  await settled();
  expect(loop.end).toMatchObject({ name: 'Unimplemented', path: '/a' });
});

test('a path that cannot be one is refused at once', () => {
  const world = new FakeWorld();
  expect(() => world.zk.watch('a')).toThrow('Path must start with / character');
});

test('leaving the loop removes the watch, here and at the server', async () => {
  const world = new FakeWorld();
  const connection = world.accept();
  const stream = world.zk.watch('/a', { recursive: true });
  const left = (async () => {
    for await (const event of stream) return textOf(event);
    return 'never';
  })();
  world.runTurns();
  connection.answer(watchAdded(1));
  expect(await left).toBe('SyncConnected');
  world.runTurns();
  connection.takeHeaders();
  expect(await stream.next()).toEqual({ value: undefined, done: true });
  connection.answer(reply(2, 9n));
  await settled();
  connection.handlers.onClose(new Error('gone'));
  world.advanceToDial();
  expect(world.accept().takeHex()).toBe('');
});

test('the exact bytes when the loop is left', async () => {
  const { world, connection } = await watching();
  const stream = world.zk.watch('/b');
  world.runTurns();
  connection.answer(watchAdded(2));
  await settled();
  connection.takeHex();
  await stream.return();
  world.runTurns();
  expect(connection.takeHex()).toBe('0000001200000003' + '00000012' + '000000022f62' + '00000004');
});

test('a loop that is left before the watch stands takes it back', async () => {
  const world = new FakeWorld();
  const connection = world.accept();
  const stream = world.zk.watch('/a');
  world.runTurns();
  await stream.return();
  connection.takeHex();
  connection.answer(watchAdded(1));
  await settled();
  world.runTurns();
  expect(connection.takeHeaders()).toEqual([[2, OpCode.removeWatches]]);
});

test('two loops on one path: the first that is left leaves the other its watch', async () => {
  const { world, connection, loop } = await watching();
  const second = world.zk.watch('/a');
  world.runTurns();
  connection.answer(watchAdded(2));
  await settled();
  connection.takeHex();
  await second.return();
  world.runTurns();
  expect(connection.takeHeaders()).toEqual([[3, OpCode.checkWatches]]);
  connection.answer(reply(3, 9n), notification(EventType.NodeDataChanged, '/a', 10n));
  await settled();
  expect(loop.seen).toEqual(['SyncConnected', 'NodeDataChanged /a']);
});

test('a signal ends the loop with its reason; what was buffered is gone, the watch too', async () => {
  const world = new FakeWorld();
  const connection = world.accept();
  const abort = new AbortController();
  const stream = world.zk.watch('/a', { signal: abort.signal });
  world.runTurns();
  connection.answer(watchAdded(1), notification(EventType.NodeDataChanged, '/a', 10n));
  await settled();
  connection.takeHex();
  abort.abort(new Error('enough'));
  await expect(stream.next()).rejects.toThrow('enough');
  expect(await stream.next()).toEqual({ value: undefined, done: true });
  world.runTurns();
  expect(connection.takeHeaders()).toEqual([[2, OpCode.removeWatches]]);
});

test('a signal that has already been given', async () => {
  const world = new FakeWorld();
  const connection = world.accept();
  const loop = follow(world.zk.watch('/a', { signal: AbortSignal.abort(new Error('early')) }));
  world.runTurns();
  await settled();
  expect(loop.end).toMatchObject({ message: 'early' });
  expect(connection.takeHex()).toBe('');
});

test('a waiting call is told of the signal at once', async () => {
  const abort = new AbortController();
  const { loop } = await watching({ signal: abort.signal });
  abort.abort(new Error('enough'));
  await settled();
  expect(loop).toMatchObject({ seen: ['SyncConnected'], end: { message: 'enough' } });
});

test('a slow loop gets what was buffered, then the error that says the rest is missing', async () => {
  const world = new FakeWorld();
  const connection = world.accept();
  const stream = world.zk.watch('/a', { bufferedEventsMax: 3 });
  world.runTurns();
  connection.answer(watchAdded(1));
  for (let i = 0; i < 5; i++) connection.answer(notification(EventType.NodeDataChanged, '/a', BigInt(10 + i)));
  await settled();
  world.runTurns();
  expect(connection.takeHeaders().at(-1)).toEqual([2, OpCode.removeWatches]); // no more of them
  const zxids: bigint[] = [];
  await expect(async () => {
    for await (const { zxid } of stream) zxids.push(zxid);
  }).rejects.toMatchObject({ name: 'WatchOverflowError' });
  expect(zxids).toEqual([-1n, 10n, 11n]);
});

test('events that a fast loop takes at once never overflow', async () => {
  const { connection, loop } = await watching({ bufferedEventsMax: 1 });
  for (let i = 0; i < 20; i++) {
    connection.answer(notification(EventType.NodeDataChanged, '/a'));
    await settled();
  }
  expect(loop.seen.length).toBe(21);
});

test('close ends the loop, and its last event says why', async () => {
  const { world, connection, loop } = await watching();
  void world.zk.close();
  world.runTurns();
  connection.answer(notification(EventType.NodeDeleted, '/a', 10n), reply(2, 10n));
  await settled();
  expect(loop).toEqual({ seen: ['SyncConnected', 'NodeDeleted /a', 'Closed'], end: 'done' });
});

test('expiry ends the loop, and its last event says why', async () => {
  const { world, connection, loop } = await watching();
  connection.handlers.onClose(new Error('gone'));
  world.advanceToDial();
  world.connection.handlers.onConnect();
  world.connection.answer(connectResponse(0, 0n));
  await settled();
  expect(loop).toEqual({ seen: ['SyncConnected', 'Disconnected', 'Expired'], end: 'done' });
});

test('somebody else removes the watch: the loop ends', async () => {
  const { world, connection, loop } = await watching();
  void world.zk.removeAllWatches('/a', 3);
  world.runTurns();
  connection.answer(reply(2, 10n));
  await settled();
  expect(loop).toEqual({ seen: ['SyncConnected', 'PersistentWatchRemoved /a'], end: 'done' });
});

test('several calls of next wait their turn', async () => {
  const world = new FakeWorld();
  const connection = world.accept();
  const stream = world.zk.watch('/a');
  const [first, second, third] = [stream.next(), stream.next(), stream.next()];
  world.runTurns();
  connection.answer(watchAdded(1), notification(EventType.NodeDataChanged, '/a', 10n));
  expect([(await first).value?.zxid, (await second).value?.zxid]).toEqual([-1n, 10n]);
  await stream.return();
  expect(await third).toEqual({ value: undefined, done: true });
});

test('a server before 3.9 does not know the type: it is told to forget whatever there is', async () => {
  const { world, connection } = await watching();
  const stream = world.zk.watch('/b', { recursive: true });
  world.runTurns();
  connection.answer(watchAdded(2));
  await settled();
  connection.takeHex();
  await stream.return();
  world.runTurns();
  connection.answer(reply(3, 9n, ErrorCode.MarshallingError));
  await settled();
  world.runTurns();
  const frames = connection.takeFrames().map((r) => [r.readInt(), r.readInt(), r.readUstring(), r.readInt()]);
  expect(frames).toEqual([
    [3, OpCode.removeWatches, '/b', WatcherType.PersistentRecursive],
    [4, OpCode.removeWatches, '/b', WatcherType.Any],
  ]);
});

test('a loop that is left while there is no connection takes its watch back on the next one', async () => {
  const { world, connection } = await watching();
  const stream = world.zk.watch('/b');
  world.runTurns();
  connection.answer(watchAdded(2));
  await settled();
  connection.handlers.onClose(new Error('gone'));
  await stream.return();
  world.advanceToDial();
  const next = world.accept();
  expect(next.takeHeaders()).toEqual([
    [-8, OpCode.setWatches2],
    [3, OpCode.removeWatches],
  ]);
  next.answer(reply(-8, 9n), reply(3, 9n));
  await settled();
  next.handlers.onClose(new Error('gone'));
  world.advanceToDial();
  const [frame, ...rest] = world.accept().takeFrames();
  expect([frame?.readInt(), frame?.readInt(), rest.length]).toEqual([-8, OpCode.setWatches2, 0]);
  expect(frame === undefined ? null : decodeSetWatches2(frame).persistentWatches).toEqual(['/a']);
});
