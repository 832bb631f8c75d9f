import { expect, test } from 'vitest';
import { watchedEventText } from '../../../src/client/watched-event.js';
import { ErrorCode } from '../../../src/protocol/error-code.js';
import { OpCode } from '../../../src/protocol/op-code.js';
import { encodeGetDataResponse } from '../../../src/protocol/replies.js';
import { decodeSetWatches } from '../../../src/protocol/requests.js';
import { EventType } from '../../../src/protocol/watch-event.js';
import { dataReply, STAT, statReply } from './canned-replies.js';
import { FakeWorld, notification, reply, settled } from './fake-world.js';

const childrenReply = (xid: number): Uint8Array => reply(xid, 9n, 0, (w) => w.startVector(0));

test('a watch fires once, with type, path and zxid', async () => {
  const world = new FakeWorld();
  const connection = world.accept();
  const seen: string[] = [];
  const read = world.zk.getData('/a', (event) => seen.push(watchedEventText(event)));
  world.runTurns();
  connection.answer(dataReply(1));
  await read;
  connection.answer(notification(EventType.NodeDataChanged, '/a', 0x1_0000_0002n));
  connection.answer(notification(EventType.NodeDataChanged, '/a', 0x1_0000_0003n));
  await settled();
  expect(seen).toEqual(['WatchedEvent state:SyncConnected type:NodeDataChanged path:/a zxid: 4294967298']);
});

test('true stands for the default watcher', async () => {
  const world = new FakeWorld();
  const connection = world.accept();
  void world.zk.exists('/a', true);
  world.runTurns();
  connection.answer(statReply(1), notification(EventType.NodeDeleted, '/a'));
  await settled();
  expect(world.events.at(-1)).toBe('state:SyncConnected type:NodeDeleted path:/a zxid: -1');
});

test('exists watches a missing node for its creation; a failed read watches nothing', async () => {
  const world = new FakeWorld();
  const connection = world.accept();
  const seen: string[] = [];
  void world.zk.exists('/a', () => seen.push('exists'));
  world.zk.getData('/a', () => seen.push('data')).catch(() => {});
  world.zk.getChildren('/a', () => seen.push('children')).catch(() => {});
  world.zk.exists('/a', () => seen.push('refused')).catch(() => {});
  world.runTurns();
  for (let xid = 1; xid <= 3; xid++) connection.answer(reply(xid, 3n, ErrorCode.NoNode));
  connection.answer(reply(4, 3n, ErrorCode.NoAuth));
  connection.answer(notification(EventType.NodeCreated, '/a'), notification(EventType.NodeDeleted, '/a'));
  await settled();
  expect(seen).toEqual(['exists']);
});

test('events and replies reach the application in wire order', async () => {
  const world = new FakeWorld();
  const connection = world.accept();
  const order: string[] = [];
  void world.zk.getData('/a', () => order.push('event')).then(() => order.push('reply 1'));
  void world.zk.exists('/b').then(() => order.push('reply 2'));
  void world.zk.exists('/c').then(() => order.push('reply 3'));
  world.runTurns();
  connection.answer(dataReply(1), statReply(2), notification(EventType.NodeDataChanged, '/a'), statReply(3));
  await settled();
  expect(order).toEqual(['reply 1', 'reply 2', 'event', 'reply 3']);
});

test('paths of events lose the chroot; outside it they are left alone', async () => {
  const world = new FakeWorld('a:1/app');
  const connection = world.accept();
  const paths: (string | null)[] = [];
  void world.zk.exists('/a', (event) => paths.push(event.path));
  void world.zk.exists('/', (event) => paths.push(event.path));
  void world.zk.getConfig((event) => paths.push(event.path));
  world.runTurns();
  connection.answer(statReply(1), statReply(2), dataReply(3));
  for (const path of ['/app/a', '/app', '/zookeeper/config']) {
    connection.answer(notification(EventType.NodeDataChanged, path));
  }
  await settled();
  expect(paths).toEqual(['/a', '/', '/zookeeper/config']);
});

test('after a reconnect watches are registered again before any request', async () => {
  const world = new FakeWorld('a:1/app');
  const connection = world.accept();
  const { zk } = world;
  const seen: string[] = [];
  void zk.getData('/d', () => seen.push('/d'));
  void zk.exists('/e', () => seen.push('/e'));
  void zk.getChildren('/c', () => seen.push('/c'));
  void zk.exists('/both', () => seen.push('/both'));
  world.runTurns();
  connection.answer(
    dataReply(1),
    reply(2, 0x1_0000_0009n, ErrorCode.NoNode),
    childrenReply(3),
    statReply(4),
    notification(EventType.NodeDataChanged, '/app/both'),
  );
  connection.handlers.onClose(new Error('gone'));
  await settled();
  expect(seen).toEqual(['/both']);
  void zk.exists('/after');
  world.advanceToDial();
  const next = world.accept();
  const [setWatches, request, ...rest] = next.takeFrames();
  expect(rest).toEqual([]);
  if (setWatches === undefined || request === undefined) throw new Error('two frames expected');
  expect([setWatches.readInt(), setWatches.readInt()]).toEqual([-8, OpCode.setWatches]);
  expect(decodeSetWatches(setWatches)).toEqual({
    relativeZxid: 0x1_0000_0009n,
    dataWatches: ['/app/d'],
    existWatches: ['/app/e'],
    childWatches: ['/app/c'],
  });
  expect(setWatches.remaining).toBe(0);
  expect([request.readInt(), request.readInt()]).toEqual([5, OpCode.exists]);
  // What was missed comes as events with zxid -1, then the reply to setWatches itself.
  next.answer(notification(EventType.NodeChildrenChanged, '/app/c'), reply(-8, 0x1_0000_0010n), statReply(5));
  await settled();
  expect(seen).toEqual(['/both', '/c']);
  expect(world.zk.state).toBe('CONNECTED');
});

test('the exact bytes of setWatches', async () => {
  const world = new FakeWorld();
  const connection = world.accept();
  void world.zk.getData('/v', true);
  void world.zk.getChildren('/v', true);
  world.runTurns();
  connection.answer(
    reply(1, 4n, 0, (w) => encodeGetDataResponse(w, { data: null, stat: STAT })),
    reply(2, 4n, 0, (w) => w.startVector(0)),
  );
  connection.handlers.onClose(new Error('gone'));
  world.advanceToDial();
  // Vector V31 of the protocol's specification.
  expect(world.accept().takeHex()).toBe(
    '00000028fffffff8000000650000000000000004' + '00000001000000022f76' + '00000000' + '00000001000000022f76',
  );
});

test('many watches are split over several requests', async () => {
  const world = new FakeWorld();
  const connection = world.accept();
  const count = 3000;
  const path = (i: number): string => `/${'x'.repeat(94)}${String(i).padStart(5, '0')}`;
  for (let i = 0; i < count; i++) void world.zk.exists(path(i), () => {});
  world.runTurns();
  for (let i = 0; i < count; i++) connection.answer(statReply(i + 1));
  connection.handlers.onClose(new Error('gone'));
  world.advanceToDial();
  const frames = world.accept().takeFrames();
  const paths: (string | null)[] = [];
  for (const r of frames) {
    expect(r.remaining).toBeLessThan(160 * 1024);
    expect([r.readInt(), r.readInt()]).toEqual([-8, OpCode.setWatches]);
    paths.push(...(decodeSetWatches(r).dataWatches ?? []));
  }
  expect(frames.length).toBe(3);
  expect(paths).toEqual(Array.from({ length: count }, (_, i) => path(i)));
});

test('a lost connection does not concern node watchers, the end of the session does', async () => {
  const world = new FakeWorld();
  const connection = world.accept();
  const seen: string[] = [];
  void world.zk.exists('/a', (event) => seen.push(watchedEventText(event)));
  world.runTurns();
  connection.answer(statReply(1));
  connection.handlers.onClose(new Error('gone'));
  world.advanceToDial();
  const next = world.accept();
  await settled();
  expect(seen).toEqual([]);
  void world.zk.close();
  world.runTurns();
  next.answer(reply(-8, 9n), reply(2, 10n));
  await settled();
  expect(seen).toEqual(['WatchedEvent state:Closed type:None path:null zxid: -1']);
});
