// The order in which one connection is answered (client-protocol 3.4), with everything sent in one burst: each read sees
// exactly the writes before it, a watch event comes before any reply that shows its change, and whatever needs no stage
// keeps its place all the same. On local mailboxes and on rings, with one shard and with several.

import { describe, expect, test } from 'vitest';
import { OPEN_ACL_UNSAFE } from '../../../src/protocol/acl.js';
import { OpCode } from '../../../src/protocol/op-code.js';
import { aclTextOf, childrenOf, dataTextOf, repliesIn, statOf } from '../../testing/inline/reply-bodies.js';
import { InlineServer } from '../../testing/inline-server.js';

describe.each([
  ['inline', 1],
  ['compact', 2],
  ['pipeline', 1],
  ['staged', 3],
] as const)('%s, %d shards', (placement, connectionShards) => {
  const start = (): InlineServer => InlineServer.start({ placement, connectionShards });

  test('W R W R W: each read sees the writes before it and none behind', () => {
    const server = start();
    const client = server.connect();
    client.create('/a', { data: '0' });
    client.getData('/a');
    client.setData('/a', '1');
    client.getData('/a');
    client.setData('/a', '2');
    client.getData('/a');
    client.delete('/a');
    client.getData('/a');
    server.run();
    const replies = repliesIn(client.take());
    expect(
      replies.map((reply) => (reply.op === OpCode.getData && reply.err === 0 ? dataTextOf(reply) : reply.err)),
    ).toEqual([0, '0', 0, '1', 0, '2', 0, -101]);
  });

  test('children read behind their creation are all there', () => {
    const server = start();
    const client = server.connect();
    client.create('/p');
    const names = Array.from({ length: 40 }, (_, i) => `c${String(i).padStart(2, '0')}`);
    for (const name of names) client.create(`/p/${name}`);
    client.getChildren('/p');
    client.getChildren2('/p');
    server.run();
    const [children, children2] = repliesIn(client.take()).slice(-2);
    expect(childrenOf(children as never)).toEqual(names);
    expect(childrenOf(children2 as never)).toEqual(names);
    expect(statOf(children2 as never).numChildren).toBe(40);
  });

  test('the own event comes before the reply to the write that causes it', () => {
    const server = start();
    const client = server.connect();
    client.create('/a');
    client.getData('/a', true);
    client.getChildren('/', true);
    client.setData('/a', 'x');
    client.getData('/a', true);
    client.delete('/a');
    server.run();
    expect(client.takeText()).toEqual([
      'create Ok @2',
      'getData Ok @2',
      'getChildren Ok @2',
      'event NodeDataChanged /a @3',
      'setData Ok @3',
      'getData Ok @3',
      'event NodeDeleted /a @4',
      'event NodeChildrenChanged / @4',
      'delete Ok @4',
    ]);
  });

  test('an event caused by somebody else comes before a read that shows it', () => {
    const server = start();
    const watcher = server.connect();
    const writer = server.connect();
    writer.create('/a');
    server.run();
    writer.take();
    watcher.getData('/a', true);
    server.run();
    watcher.take();
    writer.setData('/a', 'x');
    // Step by step, reading all the time: whenever the new version is seen, the event has been.
    for (let i = 0; i < 30; i++) {
      watcher.getData('/a');
      server.network.deliverAll();
      for (const thread of ['io-0', 'io-1', 'io-2', 'core', 'prep', 'log', 'final', 'main']) {
        if (i % 3 === 0) server.turnOf(thread);
      }
    }
    server.run();
    const frames = watcher.take();
    const event = frames.findIndex((frame) => frame.kind === 'event');
    const versions = frames.map((frame) => (frame.kind === 'reply' ? statOf(frame).version : -1));
    expect(event).toBeGreaterThan(0);
    expect(versions.indexOf(1)).toBeGreaterThan(event);
    expect(versions.lastIndexOf(0)).toBeLessThan(event);
  });

  test('pings, refusals and auth keep their place behind writes', () => {
    const server = start();
    const client = server.connect();
    client.create('/a');
    client.ping();
    client.auth('digest', 'bob:pw');
    client.create('/b');
    client.request(OpCode.reconfig);
    client.ping();
    server.run();
    expect(client.takeText()).toEqual([
      'create Ok @2',
      'ping Ok @2',
      'auth Ok @0',
      'create Ok @3',
      'reconfig MarshallingError @3',
      'ping Ok @3',
    ]);
  });

  test('sync keeps its place and its path', () => {
    const server = start();
    const client = server.connect();
    client.create('/a');
    client.sync('/a');
    client.getData('/a');
    server.run();
    expect(client.takeText()).toEqual(['create Ok @2', 'sync Ok @2', 'getData Ok @2']);
  });

  test('auth counts for the requests behind it and not for those before', () => {
    const server = start();
    const client = server.connect();
    const acl = [{ perms: 31, id: { scheme: 'auth', id: '' } }];
    client.create('/before', { acl });
    client.auth('digest', 'bob:pw');
    client.create('/behind', { acl });
    client.getAcl('/behind');
    server.run();
    const replies = repliesIn(client.take());
    expect(replies.map((reply) => reply.err)).toEqual([-114, 0, 0, 0]);
    expect(aclTextOf(replies[3] as never)).toEqual(['31 digest:bob:ikIaKsbtGweaHnb/jKn7OHqbunM=']);
  });

  test('undecodable requests keep their place', () => {
    const server = start();
    const client = server.connect();
    client.create('/a');
    client.request(OpCode.getData, Uint8Array.of(1));
    client.request(OpCode.create, Uint8Array.of(1));
    client.setAcl('/a', OPEN_ACL_UNSAFE);
    server.run();
    expect(client.takeText()).toEqual([
      'create Ok @2',
      'getData MarshallingError @2',
      'create MarshallingError @2',
      'setACL Ok @3',
    ]);
  });

  test('a read of one connection does not wait for the writes of another', () => {
    const server = start();
    const writer = server.connect({ shard: 0 });
    const reader = server.connect({ shard: 0 });
    writer.create('/a');
    reader.exists('/');
    server.network.deliverAll();
    expect(reader.takeText()).toEqual(['exists Ok @2']);
    server.run();
    expect(writer.takeText()).toEqual(['create Ok @3']);
  });
});

test('zxids on a connection never fall, whichever shard is behind', () => {
  const server = InlineServer.start({ connectionShards: 3, placement: 'staged' });
  const clients = [0, 1, 2].map((shard) => server.connect({ shard }));
  clients[0]?.create('/a');
  for (let i = 0; i < 50; i++) {
    for (const client of clients) {
      client.setData('/a', `${i}`);
      client.getData('/a');
    }
    server.network.deliverAll();
    server.turnOf(`io-${i % 3}`);
    if (i % 4 === 0) for (const thread of ['prep', 'log', 'final']) server.turnOf(thread);
  }
  server.run();
  for (const client of clients) {
    const zxids = repliesIn(client.take()).map((reply) => reply.zxid);
    expect(zxids).toEqual([...zxids].sort((a, b) => Number(a - b)));
    expect(zxids.at(-1)).toBeGreaterThan(100n);
  }
});
