import { expect, test } from 'vitest';
import { encodeUtf8 } from '../../../src/base/utf8.js';
import type { KeeperError } from '../../../src/client/keeper-error.js';
import type { JuteWriter } from '../../../src/jute/jute-writer.js';
import { CreateMode } from '../../../src/protocol/create-mode.js';
import { ErrorCode } from '../../../src/protocol/error-code.js';
import { OpCode } from '../../../src/protocol/op-code.js';
import { encodeCreateResponse, encodeGetDataResponse } from '../../../src/protocol/replies.js';
import { FakeWorld, frame, hexBytes, reply, settled, watchPromise } from './fake-world.js';

const STAT = {
  czxid: 3n,
  mzxid: 0x7fff_ffff_ffff_ffffn,
  ctime: 1795316449579n,
  mtime: 1795316449579n,
  version: 0,
  cversion: -1,
  aversion: 0,
  ephemeralOwner: -0x7effffff00000000n,
  dataLength: 5,
  numChildren: 0,
  pzxid: 3n,
};

function dataReply(xid: number, text: string | null, zxid = 9n): Uint8Array {
  const data = text === null ? null : encodeUtf8(text);
  return reply(xid, zxid, 0, (w: JuteWriter) => encodeGetDataResponse(w, { data, stat: STAT }));
}

function connected(options = {}, connectString = 'a:1'): FakeWorld {
  const world = new FakeWorld(connectString, options);
  world.accept();
  return world;
}

test('requests made in one turn leave in one write, numbered from 1', () => {
  const world = connected();
  void world.zk.exists('/v');
  void world.zk.getChildren('/v', true);
  world.runTurns();
  expect(world.connection.writes.length).toBe(2); // the handshake's and this one
  expect(world.connection.takeHex()).toBe(
    '0000000f00000001' + '00000003' + '000000022f76' + '00' + '0000000f00000002' + '00000008' + '000000022f76' + '01',
  );
});

test('requests made before there is a session follow the handshake', () => {
  const world = new FakeWorld();
  void world.zk.exists('/v');
  const connection = world.accept();
  expect(connection.takeHex()).toBe('0000000f00000001' + '00000003' + '000000022f76' + '00');
});

test('replies settle the requests in order; several may come in one chunk, cut anywhere', async () => {
  const world = connected();
  const reads = ['a', 'b', 'c'].map((name) => watchPromise(world.zk.getData(`/${name}`)));
  world.runTurns();
  const bytes = Buffer.concat([dataReply(1, 'one'), dataReply(2, null), dataReply(3, '')]);
  world.connection.answer(bytes.subarray(0, 150));
  world.connection.answer(bytes.subarray(150));
  await settled();
  expect(reads.map(({ outcome }) => outcome)).toEqual([
    { data: encodeUtf8('one'), stat: STAT },
    { data: null, stat: STAT },
    { data: new Uint8Array(0), stat: STAT },
  ]);
});

test('errors carry code, name and the path as the caller wrote it', async () => {
  const world = connected({}, 'a:1/app');
  const read = watchPromise(world.zk.getData('/v'));
  world.runTurns();
  expect(world.connection.takeHex()).toContain(Buffer.from('/app/v').toString('hex'));
  world.connection.answer(reply(1, 4n, ErrorCode.NoAuth));
  await settled();
  const error = read.outcome as KeeperError;
  expect([error.code, error.name, error.path]).toEqual([-102, 'NoAuth', '/v']);
  expect(error.message).toBe('KeeperErrorCode = NoAuth for /v');
});

test('exists makes NoNode an answer', async () => {
  const world = connected();
  const stat = world.zk.exists('/v');
  world.runTurns();
  world.connection.answer(reply(1, 4n, ErrorCode.NoNode));
  expect(await stat).toBeNull();
});

test('xids wrap from 2^31 - 1 to 1', async () => {
  const world = connected({ xidFirst: 0x7fff_fffe });
  const names = ['a', 'b', 'c', 'd'];
  const reads = names.map((name) => watchPromise(world.zk.getData(`/${name}`)));
  world.runTurns();
  expect(world.connection.takeHeaders().map(([xid]) => xid)).toEqual([0x7fff_fffe, 0x7fff_ffff, 1, 2]);
  world.connection.answer(...[0x7fff_fffe, 0x7fff_ffff, 1, 2].map((xid, i) => dataReply(xid, names[i] as string)));
  await settled();
  expect(reads.map(({ outcome }) => outcome)).toEqual(names.map((name) => ({ data: encodeUtf8(name), stat: STAT })));
});

test.each([
  ['one that overtakes', [dataReply(2, 'x')]],
  ['one that was never asked for', [dataReply(7, 'x')]],
  ['one too many', [dataReply(1, 'x'), dataReply(2, 'x'), dataReply(3, 'x')]],
  ['one that is cut short', [frame((w) => w.writeRaw(hexBytes('00000001 0000000000000009 00000000 00000063'), 0, 20))]],
  ['one without a whole header', [hexBytes('00000004 00000001')]],
  ['a frame length that cannot be', [hexBytes('ffffffff')]],
  ['an auth reply that was not asked for', [reply(-4, 0n)]],
])('a bad reply - %s - drops the connection', async (_, frames) => {
  const world = connected();
  const reads = [watchPromise(world.zk.getData('/a')), watchPromise(world.zk.getData('/b'))];
  world.runTurns();
  world.connection.answer(...frames);
  await settled();
  expect(world.connection.isDestroyed).toBe(true);
  const unanswered = reads.filter(({ outcome }) => outcome instanceof Error);
  expect(unanswered.length).toBe(frames.length === 3 ? 0 : 2);
  for (const { outcome } of unanswered) expect(outcome).toMatchObject({ name: 'ConnectionLoss' });
  expect(world.events.at(-1)).toBe('state:Disconnected type:None path:null zxid: -1');
});

test('data outlives the buffer it was read from', async () => {
  const world = connected();
  const read = world.zk.getData('/a');
  world.runTurns();
  world.connection.answer(dataReply(1, 'stays')); // the fake overwrites the chunk after the call
  expect((await read).data).toEqual(encodeUtf8('stays'));
});

test('a path that cannot be one is refused without a round trip', async () => {
  const world = connected();
  const { zk } = world;
  await expect(zk.getData('v')).rejects.toMatchObject({ name: 'InvalidPathError', path: 'v' });
  await expect(zk.exists('/v/')).rejects.toThrow('Path must not end with / character');
  await expect(zk.create('/a//b')).rejects.toThrow('empty node name specified @3');
  await expect(zk.create('/q/')).rejects.toThrow('Path must not end with / character');
  expect(() => zk.transaction().delete('/..')).toThrow('relative paths not allowed @2');
  const created = watchPromise(zk.create('/q/', null, { mode: CreateMode.PersistentSequential }));
  world.runTurns();
  expect(world.connection.takeHeaders()).toEqual([[1, OpCode.create]]);
  expect(created.outcome).toBe('pending');
});

test('a request that cannot be encoded leaves the stream whole', async () => {
  const world = connected();
  const broken = { length: 3 } as unknown as Uint8Array; // not bytes at all
  const bad = watchPromise(world.zk.setData('/a', broken, Symbol('version') as unknown as number));
  const good = watchPromise(world.zk.exists('/b'));
  world.runTurns();
  await settled();
  expect(bad.outcome).toBeInstanceOf(TypeError);
  expect(world.connection.takeHeaders()).toEqual([[1, OpCode.exists]]);
  world.connection.answer(reply(1, 4n, ErrorCode.NoNode));
  await settled();
  expect(good.outcome).toBeNull();
});

test.each([
  [CreateMode.Persistent, undefined, OpCode.create, OpCode.create2],
  [CreateMode.Ephemeral, undefined, OpCode.create, OpCode.create2],
  [CreateMode.PersistentSequential, undefined, OpCode.create, OpCode.create2],
  [CreateMode.EphemeralSequential, undefined, OpCode.create, OpCode.create2],
  [CreateMode.Container, undefined, OpCode.createContainer, OpCode.createContainer],
  [CreateMode.PersistentWithTtl, 5000, OpCode.createTTL, OpCode.createTTL],
  [CreateMode.PersistentSequentialWithTtl, 5000, OpCode.createTTL, OpCode.createTTL],
])('create mode %i with ttl %s uses operation %i, with a Stat %i', (mode, ttlMs, create, create2) => {
  const world = connected();
  const options = ttlMs === undefined ? { mode } : { mode, ttlMs };
  void world.zk.create('/n', null, options);
  void world.zk.create2('/n', null, options);
  world.runTurns();
  const frames = world.connection.takeFrames();
  for (const [i, type] of [create, create2].entries()) {
    const r = frames[i] as (typeof frames)[0];
    expect([r.readInt(), r.readInt()]).toEqual([i + 1, type]);
    expect([r.readUstring(), r.readBuffer(), r.readVectorCount()]).toEqual(['/n', null, 1]);
    expect([r.readInt(), r.readUstring(), r.readUstring(), r.readInt()]).toEqual([31, 'world', 'anyone', mode]);
    if (ttlMs !== undefined) expect(r.readLong()).toBe(5000n);
    expect(r.remaining).toBe(0);
  }
});

test('a ttl without its mode, or the mode without its ttl, is a mistake', async () => {
  const { zk } = connected();
  await expect(zk.create('/n', null, { ttlMs: 5 })).rejects.toThrow(TypeError);
  await expect(zk.create('/n', null, { mode: CreateMode.PersistentWithTtl })).rejects.toThrow(TypeError);
});

test('with a chroot, paths come back without it', async () => {
  const world = connected({}, 'a:1/app');
  const created = world.zk.create('/s-', null, { mode: CreateMode.PersistentSequential });
  const root = watchPromise(world.zk.exists('/'));
  world.runTurns();
  world.connection.answer(
    reply(1, 4n, 0, (w) => encodeCreateResponse(w, { path: '/app/s-0000000000' })),
    reply(2, 4n, ErrorCode.NoNode),
  );
  expect(await created).toBe('/s-0000000000');
  await settled();
  expect(root.outcome).toBeNull();
});

test('while the socket is full nothing is lost and order is kept', async () => {
  const world = connected();
  const { connection } = world;
  connection.holdsNextSend = true;
  void world.zk.exists('/a');
  world.runTurns();
  void world.zk.exists('/b');
  world.runTurns();
  void world.zk.exists('/c');
  world.runTurns();
  expect(connection.takeHeaders().map(([xid]) => xid)).toEqual([1]);
  connection.handlers.onDrain();
  world.runTurns();
  expect(connection.takeHeaders().map(([xid]) => xid)).toEqual([2, 3]);
});

test('a connection that is paused is told so', () => {
  const world = connected();
  world.zk.pauseReading();
  expect(world.connection.isPaused).toBe(true);
  world.zk.resumeReading();
  expect(world.connection.isPaused).toBe(false);
});
