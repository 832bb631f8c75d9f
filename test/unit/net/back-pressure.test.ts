// What the server takes on when somebody is slow (client-protocol 9.1, 1.2): a client that does not read, a log that does
// not get on, a limit that is reached, frames that come in crumbs or are as large as they may be. Nothing is refused to the
// client, nothing is lost or exchanged, and memory stays within bounds.

import { describe, expect, test } from 'vitest';
import { Prng } from '../../../src/base/prng.js';
import type { ConnectionReport } from '../../../src/net/shard-control.js';
import { OPEN_ACL_UNSAFE } from '../../../src/protocol/acl.js';
import { encodeMultiRequest, type MultiOp } from '../../../src/protocol/multi.js';
import { OpCode } from '../../../src/protocol/op-code.js';
import { encodeCreateRequest } from '../../../src/protocol/requests.js';
import { dataTextOf, repliesIn, statOf } from '../../testing/inline/reply-bodies.js';
import { Ending } from '../../testing/inline/sim-client-network.js';
import { InlineServer } from '../../testing/inline-server.js';

const MB = 1 << 20;

function reports(server: InlineServer, shard = 0): readonly ConnectionReport[] {
  const answer = server.control(`connections.${shard}`, { kind: 'connections', isFirst: true });
  return (answer as { readonly reports: readonly ConnectionReport[] }).reports;
}

describe('a client that does not read', () => {
  test('is read no more once some megabytes wait for it, and goes on where it stopped', () => {
    const server = InlineServer.start();
    const client = server.connect({ systemBytesMax: 1000 });
    client.create('/big', { data: 'x'.repeat(100_000) });
    server.reply(client);
    client.connection.reading = false;
    for (let i = 0; i < 200; i++) client.getData('/big');
    server.run();
    expect(client.connection.queuedBytes).toBeLessThan(4 * MB);
    expect(client.connection.isPaused).toBe(true);
    expect(client.connection.unreadBytes).toBeGreaterThan(0);
    client.connection.reading = true;
    server.run();
    const replies = repliesIn(client.take());
    expect(replies).toHaveLength(200);
    expect(replies.every((reply) => dataTextOf(reply)?.length === 100_000)).toBe(true);
    expect(client.connection.isPaused).toBe(false);
  });

  test('cannot have an answer made for every read that it sends behind a write', () => {
    const server = InlineServer.start({ placement: 'pipeline' });
    const client = server.connect({ systemBytesMax: 1000 });
    client.create('/big', { data: new Uint8Array(200_000) });
    server.reply(client);
    client.connection.reading = false;
    client.setData('/nope', '');
    for (let i = 0; i < 300; i++) client.getData('/big');
    server.run();
    expect(client.connection.queuedBytes).toBeLessThan(70 * 200_000);
    client.connection.reading = true;
    server.run();
    expect(client.take()).toHaveLength(301);
  });

  test('nor one of many nodes for every multiRead', () => {
    const server = InlineServer.start({ placement: 'pipeline' });
    const client = server.connect({ systemBytesMax: 1000 });
    client.create('/big', { data: new Uint8Array(200_000) });
    server.reply(client);
    client.connection.reading = false;
    client.setData('/nope', '');
    const part: MultiOp = { type: OpCode.getData, request: { path: '/big', watch: false } };
    for (let i = 0; i < 12; i++) client.request(OpCode.multiRead, (w) => encodeMultiRequest(w, Array(10).fill(part)));
    server.run();
    expect(client.connection.queuedBytes).toBeLessThan(6 * 10 * 200_000);
    client.connection.reading = true;
    server.run();
    expect(client.take()).toHaveLength(13);
  });

  test('does not hold up anybody else', () => {
    const server = InlineServer.start();
    const client = server.connect({ systemBytesMax: 1000 });
    const other = server.connect();
    client.create('/big', { data: 'x'.repeat(100_000) });
    server.reply(client);
    client.connection.reading = false;
    for (let i = 0; i < 200; i++) client.getData('/big');
    server.run();
    other.getData('/big');
    other.setData('/big', 'y');
    server.run();
    expect(other.takeText()).toEqual(['getData Ok @3', 'setData Ok @4']);
  });

  test('loses its session when that is due, and its connection with it', () => {
    const server = InlineServer.start();
    const client = server.connect({ systemBytesMax: 1000, timeOutMs: 4000 });
    client.create('/big', { data: 'x'.repeat(100_000) });
    server.reply(client);
    client.connection.reading = false;
    for (let i = 0; i < 200; i++) client.getData('/big');
    for (let i = 0; i < 60; i++) {
      if (!client.connection.gone) client.ping();
      server.advance(1000);
    }
    expect(client.connection.gone).toBe(true);
    expect(server.sessions.openCount).toBe(0);
  });

  test('is cut off when events for it have become too many to keep', () => {
    const server = InlineServer.start();
    const watcher = server.connect({ systemBytesMax: 1000 });
    const writer = server.connect();
    const paths = Array.from({ length: 40 }, (_, i) => `/${String(i).padStart(2, '0')}${'n'.repeat(900_000)}`);
    for (const path of paths) watcher.exists(path, true);
    server.run();
    watcher.take();
    watcher.connection.reading = false;
    for (const path of paths) {
      writer.create(path);
      server.run();
    }
    expect(watcher.connection.gone).toBe(true);
    expect(repliesIn(writer.take()).every((reply) => reply.err === 0)).toBe(true);
  });
});

describe('the pipeline behind a log that does not get on', () => {
  test('takes what it has room for and leaves the rest with the clients', () => {
    const server = InlineServer.start({ placement: 'pipeline', ringBytes: 4096 });
    const client = server.connect();
    client.create('/a');
    server.reply(client);
    for (let i = 0; i < 2000; i++) client.setData('/a', `${i}`);
    for (let round = 0; round < 50; round++) {
      server.network.deliverAll();
      server.turnOf('io-0');
      server.turnOf('core');
    }
    expect(client.connection.isPaused).toBe(true);
    const [report] = reports(server);
    expect(report?.outstanding).toBeLessThan(200);
    expect(client.connection.unreadBytes).toBeGreaterThan(1500 * 26);
    server.run();
    const versions = repliesIn(client.take()).map((reply) => statOf(reply).version);
    expect(versions).toEqual(Array.from({ length: 2000 }, (_, i) => i + 1));
  });

  test('keeps sessions alive whose pings still come through', () => {
    const server = InlineServer.start({ placement: 'pipeline' });
    const client = server.connect({ timeOutMs: 4000 });
    client.create('/a');
    // The log is stuck; all other threads go on.
    for (let i = 0; i < 10; i++) {
      client.ping();
      server.network.deliverAll();
      server.clock.advance(1500);
      for (const thread of ['io-0', 'core', 'main']) server.turnOf(thread);
    }
    server.run();
    expect(client.takeText()).toEqual(['create Ok @2', ...new Array<string>(10).fill('ping Ok @2')]);
    expect(server.sessions.openCount).toBe(1);
  });

  test('answers reads of others meanwhile', () => {
    const server = InlineServer.start({ placement: 'pipeline' });
    const writer = server.connect();
    const reader = server.connect();
    writer.create('/a');
    server.network.deliverAll();
    for (const thread of ['io-0', 'core', 'io-0']) server.turnOf(thread);
    reader.exists('/a');
    reader.exists('/');
    server.network.deliverAll();
    expect(reader.takeText()).toEqual(['exists NoNode @2', 'exists Ok @2']);
    server.run();
  });

  test('gives up nothing of a client that leaves while it waits', () => {
    const server = InlineServer.start({ placement: 'pipeline', ringBytes: 4096 });
    const client = server.connect();
    const other = server.connect();
    for (let i = 0; i < 500; i++) client.create('/s-', { flags: 2 });
    for (let round = 0; round < 10; round++) {
      server.network.deliverAll();
      for (const thread of ['io-0', 'core']) server.turnOf(thread);
    }
    client.connection.destroy();
    server.run();
    other.ping();
    expect(server.reply(other).err).toBe(0);
    expect(server.counters().get('connections.0', 'outstanding_requests')).toBe(0);
    expect(reports(server)).toHaveLength(1);
  });
});

describe('globalOutstandingLimit', () => {
  test('leaves each connection one request, whatever the others have', () => {
    const server = InlineServer.start({ placement: 'pipeline', config: { outstandingLimit: 3 } });
    const clients = [server.connect(), server.connect(), server.connect(), server.connect()];
    for (const client of clients) {
      for (let i = 0; i < 5; i++) client.create('/s-', { flags: 2 });
      server.network.deliverAll();
    }
    expect(reports(server).map((report) => report.outstanding)).toEqual([3, 1, 1, 1]);
    server.run();
    expect(clients.map((client) => client.take().length)).toEqual([5, 5, 5, 5]);
  });

  test('counts the requests of all shards', () => {
    const server = InlineServer.start({
      placement: 'pipeline',
      connectionShards: 2,
      config: { outstandingLimit: 3 },
    });
    const first = server.connect({ shard: 0 });
    const second = server.connect({ shard: 1 });
    for (let i = 0; i < 5; i++) first.create('/s-', { flags: 2 });
    server.network.deliverAll();
    for (let i = 0; i < 5; i++) second.create('/s-', { flags: 2 });
    server.network.deliverAll();
    expect([reports(server, 0)[0]?.outstanding, reports(server, 1)[0]?.outstanding]).toEqual([3, 1]);
    server.run();
    expect([first.take().length, second.take().length]).toEqual([5, 5]);
  });

  test('of 1 still serves everybody, one after the other', () => {
    const server = InlineServer.start({ config: { outstandingLimit: 1 }, connectionShards: 3, placement: 'staged' });
    const clients = [0, 1, 2].map((shard) => server.connect({ shard }));
    for (const client of clients) {
      client.create(`/n${client.sessionId}`);
      for (let i = 0; i < 20; i++) {
        client.setData(`/n${client.sessionId}`, `${i}`);
        client.getData(`/n${client.sessionId}`);
      }
    }
    server.run();
    for (const client of clients) {
      const reads = repliesIn(client.take()).filter((reply) => reply.op === OpCode.getData);
      expect(reads.map(dataTextOf)).toEqual(Array.from({ length: 20 }, (_, i) => `${i}`));
    }
  });
});

describe('frames', () => {
  test('byte by byte, from two clients in turn', () => {
    const server = InlineServer.start();
    const clients = [server.connect(), server.connect()];
    const streams = clients.map((client, i) => [
      ...client.requestFrame(OpCode.create, (w) =>
        encodeCreateRequest(w, { path: `/c${i}`, data: new Uint8Array(40).fill(i), acl: OPEN_ACL_UNSAFE, flags: 0 }),
      ),
      ...client.requestFrame(OpCode.ping, () => {}),
    ]);
    for (let at = 0; at < (streams[0] as number[]).length; at++) {
      for (const [i, client] of clients.entries()) {
        client.connection.send(Uint8Array.of((streams[i] as number[])[at] as number));
      }
      server.run();
    }
    expect(clients.map((client) => client.takeText())).toEqual([
      ['create Ok @3', 'ping Ok @4'],
      ['create Ok @4', 'ping Ok @4'],
    ]);
  });

  test.each([
    ['inline', undefined],
    ['inline', 1024],
    ['compact', 4096],
    ['pipeline', undefined],
    ['staged', 1024],
  ] as const)('as large as jute.maxbuffer allows, in crumbs, %s with rings of %s', (placement, ringBytes) => {
    const server = InlineServer.start({ placement, ...(ringBytes === undefined ? {} : { ringBytes }) });
    const client = server.connect();
    const fixed = 8 + 4 + 2 + 4 + 27 + 4;
    const data = new Uint8Array(1_048_575 - fixed);
    const prng = new Prng(5);
    for (let i = 0; i < data.length; i += 997) data[i] = prng.below(256);
    const frame = client.requestFrame(OpCode.create, (w) =>
      encodeCreateRequest(w, { path: '/b', data, acl: OPEN_ACL_UNSAFE, flags: 0 }),
    );
    expect(frame.length).toBe(4 + 1_048_575);
    for (let at = 0; at < frame.length; ) {
      const count = 1 + prng.below(9000);
      client.connection.send(frame.subarray(at, at + count));
      at += count;
    }
    client.getData('/b');
    server.run();
    const [created, read] = repliesIn(client.take());
    expect(created?.err).toBe(0);
    // Length and then the bytes themselves.
    expect(Buffer.compare(read?.body.subarray(4, 4 + data.length) as Uint8Array, data)).toBe(0);
    client.getData('/b');
    expect(Buffer.compare(server.reply(client).body.subarray(4, 4 + data.length), data)).toBe(0);
    server.crash();
    server.restart();
    const after = server.connect();
    after.getData('/b');
    expect(Buffer.compare(server.reply(after).body.subarray(4, 4 + data.length), data)).toBe(0);
  });

  test('a large one among many small ones keeps its place', () => {
    const server = InlineServer.start({ placement: 'staged', ringBytes: 2048 });
    const client = server.connect();
    client.create('/a');
    for (let i = 0; i < 30; i++) client.setData('/a', i % 5 === 0 ? new Uint8Array(50_000) : `${i}`, i);
    client.getData('/a');
    server.run();
    const replies = repliesIn(client.take());
    expect(replies.every((reply) => reply.err === 0)).toBe(true);
    expect(dataTextOf(replies.at(-1) as never)).toBe('29');
  });

  test('a length without its frame costs nothing and nobody', () => {
    const server = InlineServer.start();
    const idle = server.connect();
    const other = server.connect();
    idle.connection.send(Uint8Array.of(0, 0x0f, 0xff, 0xff));
    server.run();
    other.create('/a');
    expect(server.reply(other).err).toBe(0);
    expect(idle.connection.ending).toBe(Ending.open);
  });

  test('many requests in one segment are all answered, in order', () => {
    const server = InlineServer.start();
    const client = server.connect();
    const frames: number[] = [];
    for (let i = 0; i < 300; i++) frames.push(...client.requestFrame(OpCode.ping, () => {}));
    client.connection.send(Uint8Array.from(frames));
    server.run();
    expect(client.take()).toHaveLength(300);
  });
});
