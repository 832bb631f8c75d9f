/** addWatch, removeWatches and their kin: the five local sets, and what the server is told of them. */
import { expect, test } from 'vitest';
import { type WatchedEvent, type Watcher, watchedEventText } from '../../../src/client/watched-event.js';
import { ErrorCode } from '../../../src/protocol/error-code.js';
import { OpCode } from '../../../src/protocol/op-code.js';
import { decodeSetWatches2 } from '../../../src/protocol/requests.js';
import { AddWatchMode, EventType, WatcherType } from '../../../src/protocol/watch-event.js';
import { statReply } from './canned-replies.js';
import { type FakeConnection, FakeWorld, hexBytes, notification, reply, settled, watchPromise } from './fake-world.js';

/** A good reply to addWatch carries an ErrorResponse. */
const watchAdded = (xid: number): Uint8Array => reply(xid, 9n, 0, (w) => w.writeInt(0));

function recorder(): { seen: string[]; watcher: Watcher } {
  const seen: string[] = [];
  return {
    seen,
    watcher: (event: WatchedEvent) => seen.push(watchedEventText(event).replace('WatchedEvent state:', '')),
  };
}

function lastFrame(connection: FakeConnection): [number, number, string | null, number] {
  const r = connection.takeFrames().at(-1);
  if (r === undefined) throw new Error('a frame expected');
  return [r.readInt(), r.readInt(), r.readUstring(), r.readInt()];
}

test('the exact bytes of addWatch', () => {
  const world = new FakeWorld('a:1/c');
  const connection = world.accept();
  void world.zk.addWatch('/w', () => {}, AddWatchMode.PersistentRecursive);
  void world.zk.addWatch('/', () => {}, AddWatchMode.Persistent);
  world.runTurns();
  expect(connection.takeHex()).toBe(
    '00000014000000010000006a000000042f632f7700000001' + '00000012000000020000006a000000022f6300000000',
  );
});

test('a persistent watch stays, a recursive one hears of the subtree but not of lists of children', async () => {
  const world = new FakeWorld();
  const connection = world.accept();
  const persistent = recorder();
  const recursive = recorder();
  const added = [
    world.zk.addWatch('/a', persistent.watcher, AddWatchMode.Persistent),
    world.zk.addWatch('/a', recursive.watcher, AddWatchMode.PersistentRecursive),
  ];
  world.runTurns();
  connection.answer(watchAdded(1), watchAdded(2));
  await Promise.all(added);
  for (const [type, path] of [
    [EventType.NodeCreated, '/a/b'],
    [EventType.NodeChildrenChanged, '/a'],
    [EventType.NodeDataChanged, '/a'],
    [EventType.NodeDataChanged, '/a'],
    [EventType.NodeChildrenChanged, '/a/b'],
    [EventType.NodeCreated, '/ab'],
  ] as const) {
    connection.answer(notification(type, path, 5n));
  }
  await settled();
  expect(persistent.seen).toEqual([
    'SyncConnected type:NodeChildrenChanged path:/a zxid: 5',
    'SyncConnected type:NodeDataChanged path:/a zxid: 5',
    'SyncConnected type:NodeDataChanged path:/a zxid: 5',
  ]);
  expect(recursive.seen).toEqual([
    'SyncConnected type:NodeCreated path:/a/b zxid: 5',
    'SyncConnected type:NodeDataChanged path:/a zxid: 5',
    'SyncConnected type:NodeDataChanged path:/a zxid: 5',
  ]);
});

test('a watch that was refused is none', async () => {
  const world = new FakeWorld();
  const connection = world.accept();
  const { seen, watcher } = recorder();
  const added = watchPromise(world.zk.addWatch('/a', watcher, AddWatchMode.Persistent));
  world.runTurns();
  connection.answer(reply(1, 9n, ErrorCode.MarshallingError), notification(EventType.NodeDataChanged, '/a'));
  await settled();
  expect(added.outcome).toMatchObject({ name: 'MarshallingError', path: '/a' });
  expect(seen).toEqual([]);
});

test('with a persistent watch the re-registration is a setWatches2', async () => {
  const world = new FakeWorld('a:1/c');
  const connection = world.accept();
  void world.zk.addWatch('/p', true, AddWatchMode.Persistent);
  void world.zk.addWatch('/r', true, AddWatchMode.PersistentRecursive);
  void world.zk.exists('/d', true);
  world.runTurns();
  connection.answer(watchAdded(1), watchAdded(2), statReply(3));
  connection.handlers.onClose(new Error('gone'));
  world.advanceToDial();
  const [frame, ...rest] = world.accept().takeFrames();
  if (frame === undefined) throw new Error('a frame expected');
  expect(rest).toEqual([]);
  expect([frame.readInt(), frame.readInt()]).toEqual([-8, OpCode.setWatches2]);
  expect(decodeSetWatches2(frame)).toEqual({
    relativeZxid: 9n,
    dataWatches: ['/c/d'],
    existWatches: [],
    childWatches: [],
    persistentWatches: ['/c/p'],
    persistentRecursiveWatches: ['/c/r'],
  });
  expect(frame.remaining).toBe(0);
});

test('watches that a server refuses to register again would be silent for ever: the connection is dropped', async () => {
  const world = new FakeWorld();
  const connection = world.accept();
  void world.zk.exists('/d', true);
  world.runTurns();
  connection.answer(statReply(1));
  connection.handlers.onClose(new Error('gone'));
  world.advanceToDial();
  const next = world.accept();
  next.answer(reply(-8, 9n, ErrorCode.ThrottledOp));
  await settled();
  expect([next.isDestroyed, world.zk.state]).toEqual([true, 'CONNECTING']);
  world.advanceToDial();
  expect(world.accept().takeHeaders()).toEqual([[-8, OpCode.setWatches]]);
});

test('the last watcher of a kind is removed at the server too, one of several only asked for', async () => {
  const world = new FakeWorld();
  const connection = world.accept();
  const one = recorder();
  const two = recorder();
  void world.zk.exists('/a', one.watcher);
  void world.zk.exists('/a', two.watcher);
  world.runTurns();
  connection.answer(statReply(1), statReply(2));
  await settled();
  const first = watchPromise(world.zk.removeWatches('/a', one.watcher, WatcherType.Data));
  world.runTurns();
  expect(lastFrame(connection)).toEqual([3, OpCode.checkWatches, '/a', WatcherType.Data]);
  connection.answer(reply(3, 9n));
  await settled();
  expect(first.outcome).toBeUndefined();
  const second = watchPromise(world.zk.removeWatches('/a', two.watcher, WatcherType.Data));
  world.runTurns();
  expect(lastFrame(connection)).toEqual([4, OpCode.removeWatches, '/a', WatcherType.Data]);
  connection.answer(reply(4, 9n), notification(EventType.NodeDataChanged, '/a'));
  await settled();
  expect(second.outcome).toBeUndefined();
  for (const { seen } of [one, two]) {
    expect(seen).toEqual(['SyncConnected type:DataWatchRemoved path:/a zxid: -1']);
  }
});

test('a watch that is just being registered keeps the one at the server', async () => {
  const world = new FakeWorld();
  const connection = world.accept();
  const old = recorder();
  const fresh = recorder();
  void world.zk.exists('/a', old.watcher);
  world.runTurns();
  connection.answer(statReply(1));
  await settled();
  void world.zk.exists('/a', fresh.watcher);
  void world.zk.removeWatches('/a', old.watcher, WatcherType.Data);
  world.runTurns();
  expect(lastFrame(connection)).toEqual([3, OpCode.checkWatches, '/a', WatcherType.Data]);
  connection.answer(statReply(2), reply(3, 9n), notification(EventType.NodeDeleted, '/a'));
  await settled();
  expect(old.seen).toEqual(['SyncConnected type:DataWatchRemoved path:/a zxid: -1']);
  expect(fresh.seen).toEqual(['SyncConnected type:NodeDeleted path:/a zxid: -1']);
});

test('removing all: every set of the path is empty, each watcher is told once per kind', async () => {
  const world = new FakeWorld('a:1/c');
  const connection = world.accept();
  const { seen, watcher } = recorder();
  void world.zk.exists('/a', watcher);
  void world.zk.exists('/a', watcher).catch(() => {});
  void world.zk.getChildren('/a', watcher);
  void world.zk.addWatch('/a', watcher, AddWatchMode.Persistent);
  void world.zk.addWatch('/a', watcher, AddWatchMode.PersistentRecursive);
  world.runTurns();
  connection.answer(
    statReply(1),
    reply(2, 9n, ErrorCode.NoNode),
    reply(3, 9n, 0, (w) => w.startVector(0)),
    watchAdded(4),
    watchAdded(5),
  );
  const removed = watchPromise(world.zk.removeAllWatches('/a', WatcherType.Any));
  world.runTurns();
  expect(lastFrame(connection)).toEqual([6, OpCode.removeWatches, '/c/a', WatcherType.Any]);
  connection.answer(reply(6, 9n));
  await settled();
  expect(removed.outcome).toBeUndefined();
  expect(seen).toEqual([
    'SyncConnected type:DataWatchRemoved path:/a zxid: -1',
    'SyncConnected type:ChildWatchRemoved path:/a zxid: -1',
    'SyncConnected type:PersistentWatchRemoved path:/a zxid: -1',
  ]);
  connection.handlers.onClose(new Error('gone'));
  world.advanceToDial();
  expect(world.accept().takeHex()).toBe(''); // nothing is left to register
});

test('NoWatcher: what the server does not know, or what is not here', async () => {
  const world = new FakeWorld();
  const connection = world.accept();
  const { seen, watcher } = recorder();
  void world.zk.exists('/a', watcher);
  world.runTurns();
  connection.answer(statReply(1));
  const refused = watchPromise(world.zk.removeWatches('/a', watcher, WatcherType.Data));
  const absent = watchPromise(world.zk.removeWatches('/a', () => {}, WatcherType.Any));
  const other = watchPromise(world.zk.removeWatches('/a', watcher, WatcherType.Children));
  const asked = watchPromise(world.zk.checkWatches('/a', WatcherType.Children));
  world.runTurns();
  connection.answer(
    reply(2, 9n, ErrorCode.NoWatcher),
    reply(3, 9n),
    reply(4, 9n),
    reply(5, 9n, ErrorCode.NoWatcher),
    notification(EventType.NodeDataChanged, '/a'),
  );
  await settled();
  for (const { outcome } of [refused, absent, other, asked]) {
    expect(outcome).toMatchObject({ name: 'NoWatcher', path: '/a' });
  }
  expect(seen).toEqual(['SyncConnected type:NodeDataChanged path:/a zxid: -1']); // it was still there
});

test('local: the watcher leaves although the server cannot be asked', async () => {
  const world = new FakeWorld();
  const connection = world.accept();
  const { seen, watcher } = recorder();
  void world.zk.getChildren('/a', watcher);
  world.runTurns();
  connection.answer(reply(1, 9n, 0, (w) => w.startVector(0)));
  const remote = watchPromise(world.zk.removeWatches('/a', watcher, WatcherType.Children));
  const local = watchPromise(world.zk.removeWatches('/a', watcher, WatcherType.Children, { local: true }));
  world.runTurns();
  connection.handlers.onClose(new Error('gone'));
  await settled();
  expect(remote.outcome).toMatchObject({ name: 'ConnectionLoss' });
  expect(local.outcome).toBeUndefined();
  expect(seen).toEqual(['Disconnected type:ChildWatchRemoved path:/a zxid: -1']);
  const again = watchPromise(
    world.zk.removeWatches('/a', watcher, WatcherType.Children, { local: true, whileDisconnected: 'fail' }),
  );
  await settled();
  expect(again.outcome).toMatchObject({ name: 'NoWatcher' });
  world.advanceToDial();
  expect(world.accept().takeHex()).toBe('');
});

test('a removal that nobody waits for any more still takes effect', async () => {
  const world = new FakeWorld();
  const connection = world.accept();
  const { seen, watcher } = recorder();
  void world.zk.exists('/a', watcher);
  world.runTurns();
  connection.answer(statReply(1));
  const removed = watchPromise(world.zk.removeWatches('/a', watcher, WatcherType.Data, { timeoutMs: 10 }));
  world.advance(10);
  connection.answer(reply(2, 9n));
  await settled();
  expect(removed.outcome).toMatchObject({ name: 'RequestTimeout' });
  expect(seen).toEqual(['SyncConnected type:DataWatchRemoved path:/a zxid: -1']);
});

test('an event of a type or a path that cannot be is nobody’s', async () => {
  const world = new FakeWorld();
  const connection = world.accept();
  const { seen, watcher } = recorder();
  void world.zk.addWatch('/', watcher, AddWatchMode.PersistentRecursive);
  world.runTurns();
  connection.answer(watchAdded(1));
  await settled();
  connection.answer(
    notification(17, '/a'),
    notification(EventType.None, '/a'),
    hexBytes('0000001c ffffffff ffffffffffffffff 00000000 00000003 00000003 ffffffff'), // a null path
  );
  await settled();
  expect(world.zk.state).toBe('CONNECTED');
  expect(seen.filter((text) => text.includes('path:/a'))).toEqual([]);
});
