/** chroot(): views of subtrees that share one session. */
import { expect, test } from 'vitest';
import { ErrorCode } from '../../../src/protocol/error-code.js';
import { decodeMultiRequest, encodeMultiResponse } from '../../../src/protocol/multi.js';
import { OpCode } from '../../../src/protocol/op-code.js';
import { encodeCreateResponse, encodeGetEphemeralsResponse } from '../../../src/protocol/replies.js';
import { AddWatchMode, EventType } from '../../../src/protocol/watch-event.js';
import { FakeWorld, notification, reply, settled, watchPromise } from './fake-world.js';

const noNode = (xid: number): Uint8Array => reply(xid, 3n, ErrorCode.NoNode);

test('a view of a view: paths go out whole and come back as the view sees them', async () => {
  const world = new FakeWorld('a:1/app');
  const connection = world.accept();
  const view = world.zk.chroot('/team').chroot('/one');
  const created = view.create('/n');
  const read = watchPromise(view.getData('/x'));
  void world.zk.exists('/n');
  void view.chroot('/').exists('/');
  world.runTurns();
  const paths = connection.takeFrames().map((r) => {
    r.readInt();
    r.readInt();
    return r.readUstring();
  });
  expect(paths).toEqual(['/app/team/one/n', '/app/team/one/x', '/app/n', '/app/team/one']);
  connection.answer(
    reply(1, 3n, 0, (w) => encodeCreateResponse(w, { path: '/app/team/one/n' })),
    noNode(2),
    noNode(3),
    noNode(4),
  );
  await settled();
  expect(await created).toBe('/n');
  expect(read.outcome).toMatchObject({ name: 'NoNode', path: '/x' });
});

test('a chroot must be a path', () => {
  const world = new FakeWorld();
  expect(() => world.zk.chroot('app')).toThrow('Path must start with / character');
});

test('each watcher sees the path through the view that registered it; true sees what the client sees', async () => {
  const world = new FakeWorld('a:1/app');
  const connection = world.accept();
  const view = world.zk.chroot('/team');
  const paths: (string | null)[] = [];
  void view.exists('/n', (event) => paths.push(event.path));
  void world.zk.exists('/team/n', (event) => paths.push(event.path));
  void world.zk.chroot('/team/n').addWatch('/', (event) => paths.push(event.path), AddWatchMode.Persistent);
  void view.exists('/n', true);
  world.runTurns();
  connection.answer(
    noNode(1),
    noNode(2),
    reply(3, 3n, 0, (w) => w.writeInt(0)),
    noNode(4),
  );
  connection.answer(notification(EventType.NodeCreated, '/app/team/n', 4n));
  await settled();
  expect(paths).toEqual(['/n', '/team/n', '/']);
  expect(world.events.at(-1)).toBe('state:SyncConnected type:NodeCreated path:/team/n zxid: 4');
});

test('a loop over changes in a view', async () => {
  const world = new FakeWorld();
  const connection = world.accept();
  const stream = world.zk.chroot('/app').watch('/a', { recursive: true });
  world.runTurns();
  connection.answer(
    reply(1, 3n, 0, (w) => w.writeInt(0)),
    notification(EventType.NodeCreated, '/app/a/b', 4n),
  );
  await stream.next();
  expect((await stream.next()).value).toMatchObject({ type: EventType.NodeCreated, path: '/a/b' });
});

test('a transaction of a view stays inside', async () => {
  const world = new FakeWorld();
  const connection = world.accept();
  const view = world.zk.chroot('/app');
  const committed = view.transaction().create('/n').delete('/').commit();
  world.runTurns();
  const [r] = connection.takeFrames();
  if (r === undefined) throw new Error('a frame expected');
  expect([r.readInt(), r.readInt()]).toEqual([1, OpCode.multi]);
  expect(decodeMultiRequest(r).map((op) => op.request.path)).toEqual(['/app/n', '/app']);
  connection.answer(
    reply(1, 3n, 0, (w) =>
      encodeMultiResponse(w, [
        { type: OpCode.create, response: { path: '/app/n' } },
        { type: OpCode.delete, response: null },
      ]),
    ),
  );
  expect(await committed).toEqual(['/n', null]);
});

test('getEphemerals: the prefix of a chroot does not let in its neighbours', async () => {
  const world = new FakeWorld('a:1/app');
  const connection = world.accept();
  const found = world.zk.getEphemerals();
  world.runTurns();
  connection.answer(
    reply(1, 3n, 0, (w) => encodeGetEphemeralsResponse(w, { ephemerals: ['/app/e', '/apple/e', '/app'] })),
  );
  expect(await found).toEqual(['/e', '/']);
});
