// Watches in numbers on a server by hand: a thousand watchers of one node, a session with many watches that dies, and one
// whose end is itself many events.

import { describe, expect, test } from 'vitest';
import { Prng } from '../../../src/base/prng.js';
import { OpCode } from '../../../src/protocol/op-code.js';
import type { WireClient } from '../../testing/inline/wire-client.js';
import { InlineServer } from '../../testing/inline-server.js';
import { addWatch, checkWatches, RECURSIVE, setWatches2, Type } from './watch-calls.js';

test.each([1, 3])('a thousand watchers of one node, on %d shards, hear of it once each', (connectionShards) => {
  const server = InlineServer.start({ connectionShards });
  const watchers = Array.from({ length: 1000 }, () => server.dial());
  for (const watcher of watchers) watcher.handshake();
  const writer = server.connect();
  writer.create('/a');
  server.run();
  for (const watcher of watchers) watcher.getData('/a', true);
  server.run();
  for (const watcher of watchers) watcher.take();
  expect(server.counters().sum('watch_count')).toBe(1000);
  writer.setData('/a', 'x');
  writer.setData('/a', 'y');
  server.run();
  const zxid = server.zxid - 1n;
  for (const watcher of watchers) expect(watcher.takeText()).toEqual([`event NodeDataChanged /a @${zxid}`]);
  expect(server.counters().sum('watch_count')).toBe(0);
});

describe('a session with many watches that dies', () => {
  const count = 20_000;

  function dying(): { server: InlineServer; rich: WireClient; other: WireClient } {
    const server = InlineServer.start();
    const rich = server.connect();
    const other = server.connect();
    const paths = Array.from({ length: count }, (_, i) => `/watched/${i}`);
    setWatches2(rich, { existWatches: paths });
    expect(server.reply(rich).err).toBe(0);
    other.exists('/watched/7', true);
    server.reply(other);
    expect(server.counters().sum('watch_count')).toBe(count + 1);
    return { server, rich, other };
  }

  test('takes them along at once as far as anybody can see', () => {
    const { server, rich, other } = dying();
    server.drop(rich.connection);
    expect(server.counters().sum('watch_count')).toBe(1);
    other.create('/watched');
    other.create('/watched/7');
    server.run();
    expect(other.takeText().filter((line) => line.startsWith('event'))).toEqual(['event NodeCreated /watched/7 @4']);
  });

  test('does not hold up the others while they are being taken away', () => {
    const { server, rich, other } = dying();
    rich.connection.destroy();
    server.network.deliverAll();
    // One turn takes away a part only; what others ask in between is answered.
    server.turnOf('main');
    checkWatches(other, '/watched/7', Type.Data);
    server.network.deliverAll();
    expect(other.takeText()).toEqual(['checkWatches Ok @2']);
    let steps = 1;
    for (const prng = new Prng(1); server.stepAtRandom(prng); steps++);
    expect(steps).toBeGreaterThan(5);
  });
});

test('a connection closes behind the events of its own ephemerals, however many watched', () => {
  const server = InlineServer.start();
  const client = server.connect();
  const paths = Array.from({ length: 500 }, (_, i) => `/e${i}`);
  client.multi(
    paths.map((path) => ({
      type: OpCode.create,
      request: { path, data: null, acl: [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }], flags: 1 },
    })),
  );
  addWatch(client, '/', RECURSIVE);
  client.closeSession();
  server.run();
  const lines = client.takeText();
  expect(lines.slice(0, 2)).toEqual(['multi Ok @2', 'addWatch Ok @2']);
  expect(lines.slice(2, -1).sort()).toEqual(paths.map((path) => `event NodeDeleted ${path} @3`).sort());
  expect(lines.at(-1)).toBe('closeSession Ok @3');
});
