// Reads that keep their place behind writes of one burst: final answers them between its writes, with its write section still
// open (one node) or ended first (lists), and they show every change before them and none behind them.

import { expect, test } from 'vitest';
import { readInt32 } from '../../../src/base/bytes.js';
import { OpCode } from '../../../src/protocol/op-code.js';
import { encodeGetAllChildrenNumberRequest } from '../../../src/protocol/requests.js';
import { childrenOf, repliesIn, statOf } from '../../testing/inline/reply-bodies.js';
import { InlineServer } from '../../testing/inline-server.js';

test.each(['inline', 'compact', 'staged'] as const)('%s: a burst of creates with reads between them', (placement) => {
  const server = InlineServer.start({ placement });
  const client = server.connect();
  const watcher = server.connect();
  watcher.getChildren('/', true);
  server.run();
  watcher.take();
  client.create('/p');
  for (let i = 0; i < 12; i++) {
    client.create(`/p/c${i}`, { flags: 1 });
    client.exists('/p');
    client.getChildren2('/p');
  }
  client.delete('/p/c3');
  client.getChildren2('/p');
  client.exists('/p/c3', true);
  client.create('/p/c3');
  server.run();
  const frames = client.take();
  const lists = repliesIn(frames).filter((reply) => reply.op === 12);
  expect(lists.map((reply) => childrenOf(reply).length)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 11]);
  expect(lists.map((reply) => statOf(reply).numChildren)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 11]);
  const stats = repliesIn(frames).filter((reply) => reply.op === OpCode.exists && reply.err === 0);
  expect(stats.map((reply) => statOf(reply).numChildren)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  expect(lists.map((reply) => reply.zxid)).toEqual(lists.map((reply) => BigInt(statOf(reply).pzxid)));
  expect(client.takeText()).toEqual([]);
  expect(frames.at(-2)).toMatchObject({ kind: 'event', path: '/p/c3' });
  expect(watcher.takeText()).toEqual(['event NodeChildrenChanged / @3']);
});

test('the number of all nodes is that of this moment, too', () => {
  const server = InlineServer.start();
  const client = server.connect();
  for (const path of ['/a', '/b', '/c']) {
    client.create(path);
    client.request(OpCode.getAllChildrenNumber, (w) => encodeGetAllChildrenNumberRequest(w, { path: '/' }));
  }
  client.delete('/b');
  client.request(OpCode.getAllChildrenNumber, (w) => encodeGetAllChildrenNumberRequest(w, { path: '/' }));
  server.run();
  const numbers = repliesIn(client.take()).filter((reply) => reply.op === OpCode.getAllChildrenNumber);
  expect(numbers.map((reply) => readInt32(reply.body, 0))).toEqual([4, 5, 6, 5]);
});
