// The request throttler and the budget for large requests (client-protocol 9.2 to 9.4), on whole servers: who waits, what is
// answered ThrottledOp and where, what is dropped, and that nothing of it is lost, exchanged or executed by mistake.

import { describe, expect, test } from 'vitest';
import { concatBytes } from '../../../src/base/bytes.js';
import type { JuteWriter } from '../../../src/jute/jute-writer.js';
import { OPEN_ACL_UNSAFE } from '../../../src/protocol/acl.js';
import { ErrorCode } from '../../../src/protocol/error-code.js';
import { OpCode } from '../../../src/protocol/op-code.js';
import { encodeCreateRequest, encodeDeleteRequest, encodeGetDataRequest } from '../../../src/protocol/requests.js';
import type { LimitsConfig } from '../../../src/server/limits-config.js';
import { repliesIn } from '../../testing/inline/reply-bodies.js';
import { Ending, type SimConnection } from '../../testing/inline/sim-client-network.js';
import { InlineServer, type InlineServerOptions } from '../../testing/inline-server.js';

function startWith(limits: Partial<LimitsConfig>, options: InlineServerOptions = {}): InlineServer {
  const plain = InlineServer.start();
  const defaults = plain.config.limits;
  plain.stop();
  return InlineServer.start({ ...options, config: { limits: { ...defaults, ...limits } } });
}

function throttled(options: Partial<LimitsConfig['requestThrottler']>): Partial<LimitsConfig> {
  return {
    requestThrottler: {
      requestsMax: 2,
      stallMs: 100,
      dropStale: true,
      checkLatency: false,
      opWaitMs: 0,
      ...options,
    },
  };
}

/** The pipeline takes what it is given but does not work. */
function deliverOnly(server: InlineServer): void {
  for (let i = 0; i < 4; i++) {
    server.network.deliverAll();
    server.turnOf('io-0');
  }
}

describe('the request throttler', () => {
  test('lets so many requests into the pipeline, and the others later, all in order', () => {
    const server = startWith(throttled({}), { placement: 'pipeline' });
    const clients = [server.connect(), server.connect()];
    for (const client of clients) for (let i = 0; i < 5; i++) client.create('/s-', { flags: 2 });
    deliverOnly(server);
    expect(server.counters().get('connections.0', 'outstanding_requests')).toBe(2);
    expect(server.counters().get('connections.0', 'request_throttle_wait_count')).toBe(2);
    server.run();
    for (const client of clients) {
      const replies = repliesIn(client.take());
      expect(replies.map((reply) => reply.err)).toEqual([0, 0, 0, 0, 0]);
    }
    expect(server.zxid).toBe(12n);
    expect(server.counters().get('connections.0', 'throttled_ops')).toBe(0);
  });

  test('makes reads and pings wait as well, but nobody who comes later passes by', () => {
    const server = startWith(throttled({ requestsMax: 1 }), { placement: 'pipeline' });
    const writer = server.connect();
    const reader = server.connect();
    writer.create('/a');
    writer.create('/b');
    deliverOnly(server);
    reader.exists('/b');
    reader.ping();
    deliverOnly(server);
    expect(reader.take()).toEqual([]);
    server.run();
    expect(writer.takeText()).toEqual(['create Ok @3', 'create Ok @4']);
    expect(reader.takeText()).toEqual(['exists Ok @4', 'ping Ok @4']);
  });

  test('answers what has waited too long, without executing it, between the ordinary replies', () => {
    const server = startWith(throttled({ requestsMax: 1, opWaitMs: 500 }), { placement: 'pipeline' });
    const client = server.connect();
    const path = (text: string) => (w: JuteWriter) => encodeGetDataRequest(w, { path: text, watch: false });
    // In one piece, as a client that does not wait sends them: all of it is read before the first one waits.
    client.connection.send(
      concatBytes([
        client.requestFrame(OpCode.create, (w) =>
          encodeCreateRequest(w, { path: '/a', data: null, acl: OPEN_ACL_UNSAFE, flags: 0 }),
        ),
        client.requestFrame(OpCode.delete, (w) => encodeDeleteRequest(w, { path: '/a', version: -1 })),
        client.requestFrame(OpCode.getData, path('/a')),
        client.requestFrame(OpCode.ping, () => {}, -2),
        client.requestFrame(OpCode.closeSession, () => {}),
      ]),
    );
    deliverOnly(server);
    server.clock.advance(501);
    server.run();
    // Neither ping nor closeSession is ever throttled, and what is takes no zxid.
    expect(client.takeText()).toEqual([
      'create Ok @2',
      'delete ThrottledOp @2',
      'getData ThrottledOp @2',
      'ping Ok @2',
      'closeSession Ok @3',
    ]);
    expect(server.counters().get('connections.0', 'throttled_ops')).toBe(2);
  });

  test('does not throttle what waited less, nor what comes after all that waited was taken', () => {
    const server = startWith(throttled({ requestsMax: 1, opWaitMs: 500 }), { placement: 'pipeline' });
    const client = server.connect();
    client.create('/a');
    client.create('/b');
    deliverOnly(server);
    server.clock.advance(500);
    server.run();
    server.clock.advance(5000);
    client.create('/c');
    server.run();
    expect(client.takeText()).toEqual(['create Ok @2', 'create Ok @3', 'create Ok @4']);
  });

  test('refuses an unknown operation as ever, however long it has waited', () => {
    const server = startWith(throttled({ requestsMax: 1, opWaitMs: 500 }), { placement: 'pipeline' });
    const client = server.connect();
    client.create('/a');
    client.request(77);
    deliverOnly(server);
    server.clock.advance(501);
    server.run();
    expect(client.takeText()).toEqual(['create Ok @2', 'unknown 77 Unimplemented @-1']);
    expect(client.connection.ending).toBe(Ending.fin);
  });

  test('drops a stale request together with its connection when it is told to look at their age', () => {
    const server = startWith(throttled({ requestsMax: 1, checkLatency: true }), { placement: 'pipeline' });
    const client = server.connect({ timeOutMs: 4000 });
    const other = server.connect({ timeOutMs: 40_000 });
    other.create('/a');
    deliverOnly(server);
    client.create('/b');
    client.create('/c');
    deliverOnly(server);
    server.clock.advance(4001);
    server.run();
    expect(repliesIn(client.take())).toEqual([]);
    expect(client.connection.ending).toBe(Ending.fin);
    expect(server.counters().get('connections.0', 'stale_requests_dropped')).toBe(1);
    expect(other.takeText()).toEqual(['create Ok @3']);
    other.exists('/b');
    expect(server.reply(other).err).toBe(ErrorCode.NoNode);
  });

  test('goes on when the one who waits has gone', () => {
    const server = startWith(throttled({ requestsMax: 1 }), { placement: 'pipeline' });
    const [busy, leaver, stayer] = [server.connect(), server.connect(), server.connect()];
    busy.create('/a');
    deliverOnly(server);
    leaver.create('/b');
    stayer.create('/c');
    deliverOnly(server);
    server.drop(leaver.connection);
    server.run();
    expect(stayer.takeText()).toEqual(['create Ok @5']);
    stayer.ping();
    expect(server.reply(stayer).err).toBe(ErrorCode.Ok);
  });

  test('counts the requests of all shards, and looks again although nobody tells it of room', () => {
    const server = startWith(throttled({ requestsMax: 1 }), { placement: 'pipeline', connectionShards: 2 });
    const first = server.connect({ shard: 0 });
    const second = server.connect({ shard: 1 });
    first.create('/a');
    server.network.deliverAll();
    server.turnOf('io-0');
    second.create('/b');
    server.network.deliverAll();
    server.turnOf('io-1');
    expect(server.counters().get('connections.1', 'outstanding_requests')).toBe(0);
    server.run();
    server.advance(200);
    expect(first.takeText()).toEqual(['create Ok @3']);
    expect(second.takeText()).toEqual(['create Ok @4']);
  });
});

describe('large requests', () => {
  const largeRequests = { largeBytesThreshold: 1000, largeBytesMax: 2500 };

  test('pass as long as those in flight fit, and count no longer once they are answered', () => {
    const server = startWith({ largeRequests });
    const client = server.connect();
    for (let i = 0; i < 5; i++) {
      client.create(`/n${i}`, { data: new Uint8Array(2000) });
      expect(server.reply(client).err).toBe(ErrorCode.Ok);
    }
  });

  test('beyond the budget end their connection, and nobody else', () => {
    const server = startWith({ largeRequests }, { placement: 'pipeline' });
    const client = server.connect();
    const other = server.connect();
    client.create('/a', { data: new Uint8Array(1500) });
    client.create('/b', { data: new Uint8Array(1500) });
    deliverOnly(server);
    other.create('/small', { data: new Uint8Array(900) });
    server.run();
    expect(client.connection.ending).toBe(Ending.fin);
    expect(other.takeText()).toEqual(['create Ok @4']);
    other.create('/large', { data: new Uint8Array(2000) });
    expect(server.reply(other).err).toBe(ErrorCode.Ok);
    expect(server.counters().get('connections.0', 'large_requests_rejected')).toBe(1);
  });

  test('are refused when their length is read, before the rest has come', () => {
    const server = startWith({ largeRequests });
    const client = server.connect();
    const frame = client.requestFrame(OpCode.create, new Uint8Array(5000));
    client.connection.send(frame.slice(0, 100));
    server.run();
    expect(client.connection.ending).toBe(Ending.fin);
  });
});

describe('a connection without a session', () => {
  test('goes after one to two of its times since it was last heard of', () => {
    const server = InlineServer.start();
    const silent = server.dial();
    const slow = server.dial();
    server.run();
    server.advance(9000);
    slow.connection.send(Uint8Array.of(0));
    server.run();
    const goneAfterMs = (connection: SimConnection): number => {
      const beganMs = server.clock.monotonicMs();
      while (!connection.gone && server.clock.monotonicMs() - beganMs < 60_000) server.advance(500);
      return server.clock.monotonicMs() - beganMs;
    };
    expect(silent.connection.gone).toBe(false);
    const silentMs = 9000 + goneAfterMs(silent.connection);
    expect(silentMs).toBeGreaterThanOrEqual(10_000);
    expect(silentMs).toBeLessThanOrEqual(21_500);
    const slowMs = silentMs - 9000 + goneAfterMs(slow.connection);
    expect(slowMs).toBeGreaterThanOrEqual(10_000);
    expect(slowMs).toBeLessThanOrEqual(21_500);
    expect(server.counters().get('connections.0', 'sessionless_connections_expired')).toBe(2);
  });
});
