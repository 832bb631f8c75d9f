import { expect, expectTypeOf, test } from 'vitest';
import { encodeUtf8 } from '../../../src/base/utf8.js';
import type { KeeperError } from '../../../src/client/keeper-error.js';
import type { NodeData } from '../../../src/client/zookeeper-view.js';
import { ErrorCode } from '../../../src/protocol/error-code.js';
import { decodeMultiRequest, encodeMultiResponse } from '../../../src/protocol/multi.js';
import { OpCode } from '../../../src/protocol/op-code.js';
import { STAT } from './canned-replies.js';
import { FakeWorld, hexBytes, reply } from './fake-world.js';

test('one answer or error per op, in order, typed', async () => {
  const world = new FakeWorld('a:1/app');
  const connection = world.accept();
  const fetched = world.zk.multiRead().getData('/a').getChildren('/').getData('/gone').fetch();
  expectTypeOf(fetched).resolves.toEqualTypeOf<
    [NodeData | KeeperError, readonly string[] | KeeperError, NodeData | KeeperError]
  >();
  world.runTurns();
  const [r] = connection.takeFrames();
  if (r === undefined) throw new Error('a frame expected');
  expect([r.readInt(), r.readInt()]).toEqual([1, OpCode.multiRead]);
  expect(decodeMultiRequest(r, OpCode.multiRead)).toEqual([
    { type: OpCode.getData, request: { path: '/app/a', watch: false } },
    { type: OpCode.getChildren, request: { path: '/app', watch: false } },
    { type: OpCode.getData, request: { path: '/app/gone', watch: false } },
  ]);
  connection.answer(
    reply(1, 9n, 0, (w) =>
      encodeMultiResponse(w, [
        { type: OpCode.getData, response: { data: encodeUtf8('x'), stat: STAT } },
        { type: OpCode.getChildren, response: { children: ['a', 'b'] } },
        { type: OpCode.error, response: { err: ErrorCode.NoNode } },
      ]),
    ),
  );
  const [data, children, gone] = await fetched;
  expect([data, children]).toEqual([{ data: encodeUtf8('x'), stat: STAT }, ['a', 'b']]); // also after the buffer is gone
  expect(gone).toMatchObject({ name: 'NoNode', path: '/gone' });
});

test('an empty one is answered on the spot', async () => {
  const world = new FakeWorld();
  const connection = world.accept();
  expect(await world.zk.multiRead().fetch()).toEqual([]);
  world.runTurns();
  expect(connection.takeHex()).toBe('');
});

test('a server that does not take it refuses it as a whole; the empty body behind the error is passed over', async () => {
  const world = new FakeWorld();
  const connection = world.accept();
  const fetched = world.zk.multiRead().getData('/a').fetch();
  world.runTurns();
  connection.answer(hexBytes('00000019 00000001 0000000000000009 fffffffb ffffffff 01 ffffffff'));
  await expect(fetched).rejects.toMatchObject({ name: 'MarshallingError' });
  expect(world.zk.state).toBe('CONNECTED');
});

test('it is used once, and its paths are checked where they are written', async () => {
  const world = new FakeWorld();
  world.accept();
  const read = world.zk.multiRead();
  expect(() => read.getData('x')).toThrow('Path must start with / character');
  await read.fetch();
  expect(() => read.fetch()).toThrow('fetched once');
  expect(() => read.getChildren('/')).toThrow('closed by fetch');
});
