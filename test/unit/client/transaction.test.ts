import { expect, expectTypeOf, test } from 'vitest';
import { encodeUtf8 } from '../../../src/base/utf8.js';
import { MultiError } from '../../../src/client/multi-error.js';
import type { CreatedInTransaction } from '../../../src/client/transaction.js';
import { CreateMode } from '../../../src/protocol/create-mode.js';
import { ErrorCode } from '../../../src/protocol/error-code.js';
import { decodeMultiRequest, encodeMultiResponse, type MultiResult } from '../../../src/protocol/multi.js';
import { OpCode } from '../../../src/protocol/op-code.js';
import type { Stat } from '../../../src/protocol/stat.js';
import { EventType } from '../../../src/protocol/watch-event.js';
import { FakeWorld, hexBytes, notification, reply, settled } from './fake-world.js';

const STAT: Stat = {
  czxid: 16n,
  mzxid: 16n,
  ctime: 1n,
  mtime: 1n,
  version: 1,
  cversion: 0,
  aversion: 0,
  ephemeralOwner: 0n,
  dataLength: 0,
  numChildren: 0,
  pzxid: 16n,
};

test('ops go in order, results come back typed and without the chroot', async () => {
  const world = new FakeWorld('a:1/app');
  const connection = world.accept();
  const committed = world.zk
    .transaction()
    .create('/m', encodeUtf8('x'))
    .create2('/m/s-', null, { mode: CreateMode.PersistentSequential })
    .create('/c', null, { mode: CreateMode.Container })
    .create('/t', null, { mode: CreateMode.PersistentWithTtl, ttlMs: 5 })
    .setData('/m', null, 0)
    .check('/m', 1)
    .delete('/m/old')
    .commit();
  expectTypeOf(committed).resolves.toEqualTypeOf<[string, CreatedInTransaction, string, string, Stat, null, null]>();
  world.runTurns();
  const [r] = connection.takeFrames();
  if (r === undefined) throw new Error('a frame expected');
  expect([r.readInt(), r.readInt()]).toEqual([1, OpCode.multi]);
  expect(decodeMultiRequest(r).map((op) => [op.type, op.request.path])).toEqual([
    [OpCode.create, '/app/m'],
    [OpCode.create2, '/app/m/s-'],
    [OpCode.createContainer, '/app/c'],
    [OpCode.createTTL, '/app/t'],
    [OpCode.setData, '/app/m'],
    [OpCode.check, '/app/m'],
    [OpCode.delete, '/app/m/old'],
  ]);
  const results: MultiResult[] = [
    { type: OpCode.create, response: { path: '/app/m' } },
    { type: OpCode.create2, response: { path: '/app/m/s-0000000000', stat: STAT } },
    { type: OpCode.create2, response: { path: '/app/c', stat: STAT } },
    { type: OpCode.create2, response: { path: '/app/t', stat: STAT } },
    { type: OpCode.setData, response: { stat: STAT } },
    { type: OpCode.check, response: null },
    { type: OpCode.delete, response: null },
  ];
  connection.answer(reply(1, 16n, 0, (w) => encodeMultiResponse(w, results)));
  expect(await committed).toEqual(['/m', { path: '/m/s-0000000000', stat: STAT }, '/c', '/t', STAT, null, null]);
});

test('a server before 3.9 sends no Stat with create2', async () => {
  const world = new FakeWorld();
  const connection = world.accept();
  const committed = world.zk.transaction().create2('/m').commit();
  world.runTurns();
  connection.answer(
    reply(1, 16n, 0, (w) => encodeMultiResponse(w, [{ type: OpCode.create, response: { path: '/m' } }])),
  );
  expect(await committed).toEqual([{ path: '/m', stat: null }]);
});

test('a refused multi rejects with the error of the op that failed', async () => {
  const world = new FakeWorld();
  const connection = world.accept();
  const committed = world.zk.transaction().create('/m2').check('/m', 9).create('/m3').commit();
  world.runTurns();
  // Vector V28 of the protocol's specification: a good header, the failure in the body.
  connection.answer(
    hexBytes(`00000040 00000001 0000000000000011 00000000
      ffffffff 00 00000000 00000000  ffffffff 00 ffffff99 ffffff99  ffffffff 00 fffffffe fffffffe  ffffffff 01 ffffffff`),
  );
  const error = await committed.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(MultiError);
  expect(error).toMatchObject({
    name: 'BadVersion',
    message: 'KeeperErrorCode = BadVersion for /m',
    path: '/m',
    index: 1,
    codes: [ErrorCode.Ok, ErrorCode.BadVersion, ErrorCode.RuntimeInconsistency],
  });
  expect(world.zk.state).toBe('CONNECTED');
});

test('a multi that the server cannot decode fails as a whole', async () => {
  const world = new FakeWorld();
  const connection = world.accept();
  const committed = world.zk.transaction().create('/m').commit();
  world.runTurns();
  connection.answer(reply(1, 16n, ErrorCode.MarshallingError));
  await expect(committed).rejects.toMatchObject({ name: 'MarshallingError', path: null });
});

test('an empty transaction is answered on the spot', async () => {
  const world = new FakeWorld();
  const connection = world.accept();
  expect(await world.zk.transaction().commit()).toEqual([]);
  world.runTurns();
  expect(connection.takeHex()).toBe('');
});

test('a transaction is used once', async () => {
  const world = new FakeWorld();
  const transaction = world.zk.transaction();
  await transaction.commit();
  expect(() => transaction.commit()).toThrow('committed once');
  expect(() => transaction.delete('/a')).toThrow('closed by commit');
});

test('what comes behind a transaction on the wire cannot overtake it', async () => {
  const world = new FakeWorld();
  const connection = world.accept();
  const order: string[] = [];
  void world.zk.exists('/w', () => order.push('event'));
  world.runTurns();
  connection.answer(reply(1, 16n, ErrorCode.NoNode));
  void world.zk
    .transaction()
    .delete('/m')
    .commit()
    .then(() => order.push('transaction'));
  void world.zk
    .multiRead()
    .getChildren('/m')
    .fetch()
    .then(() => order.push('reads'));
  world.runTurns();
  connection.answer(
    reply(2, 17n, 0, (w) => encodeMultiResponse(w, [{ type: OpCode.delete, response: null }])),
    reply(3, 17n, 0, (w) => encodeMultiResponse(w, [{ type: OpCode.getChildren, response: { children: [] } }])),
    notification(EventType.NodeCreated, '/w', 18n),
  );
  await settled();
  expect(order).toEqual(['transaction', 'reads', 'event']);
});
