// A connection shard that fails is made anew alone: its clients lose their connections and nothing else, and the new one
// serves as if it had always been there. The failure is a socket whose write throws in the middle of a turn.

import { describe, expect, test } from 'vitest';
import type { ShardSettings } from '../../../src/net/shard-control.js';
import type { WireClient } from '../../testing/inline/wire-client.js';
import { InlineServer } from '../../testing/inline-server.js';

/** The shard fails while it answers this client. */
function failShardOf(server: InlineServer, client: WireClient): void {
  client.connection.failsNextWrite = true;
  client.create('/failure', { flags: 2 });
  server.run();
}

function reopened(server: InlineServer, client: WireClient): WireClient {
  const again = server.dial();
  again.handshake({ sessionId: client.sessionId, password: client.password });
  server.run();
  return again;
}

describe('a connection shard that is made anew', () => {
  test('has dropped its clients and serves them again, on their sessions', () => {
    const server = InlineServer.start();
    const client = server.connect();
    const neighbour = server.connect();
    failShardOf(server, client);
    expect(client.connection.gone).toBe(true);
    expect(neighbour.connection.gone).toBe(true);
    const again = reopened(server, neighbour);
    again.create('/a');
    server.run();
    expect(again.takeText()).toEqual(['session 30000', 'create Ok @4']);
  });

  test('knows how far its clients may have seen', () => {
    const server = InlineServer.start();
    const client = server.connect();
    failShardOf(server, client);
    expect(server.connect({ lastZxidSeen: 2n }).timeOutMs).toBe(30_000);
  });

  test('leaves the other shards alone', () => {
    const server = InlineServer.start({ connectionShards: 2, placement: 'pipeline' });
    const client = server.connect({ shard: 0 });
    const other = server.connect({ shard: 1 });
    failShardOf(server, client);
    other.create('/a');
    expect(server.reply(other).err).toBe(0);
    expect(server.connect({ shard: 0 }).timeOutMs).toBe(30_000);
  });

  test.each([0, 1])('listens again when it is shard %d of two', (shard) => {
    const server = InlineServer.start({ connectionShards: 2, placement: 'pipeline' });
    failShardOf(server, server.connect({ shard }));
    expect(server.network.isListening(shard)).toBe(true);
    expect(server.connect({ shard }).timeOutMs).toBe(30_000);
  });

  test('does not give to new clients what was meant for those of its predecessor', () => {
    const server = InlineServer.start({ placement: 'pipeline' });
    const first = server.connect();
    const second = server.connect();
    second.connection.failsNextWrite = true;
    second.create('/second');
    server.network.deliverAll();
    for (const thread of ['io-0', 'core', 'log', 'core']) server.turnOf(thread);
    // In one turn: this request leaves, and the answer to the other one makes the shard fail.
    first.create('/first');
    server.network.deliverAll();
    server.turnOf('io-0');
    const next = server.dial();
    next.handshake();
    const afterNext = server.dial();
    afterNext.handshake();
    server.run();
    expect(next.takeText()).toEqual(['session 30000']);
    expect(afterNext.takeText()).toEqual(['session 30000']);
    next.exists('/first');
    expect(server.reply(next).err).toBe(0);
  });

  test('counts its connections and requests from nothing, whatever its predecessor had', () => {
    const server = InlineServer.start({ config: { maxClientCnxns: 3 } });
    server.connect();
    server.connect();
    failShardOf(server, server.connect());
    const three = [server.connect(), server.connect(), server.connect()];
    expect(three.every((client) => client.timeOutMs === 30_000)).toBe(true);
    const fourth = server.dial();
    server.run();
    expect(fourth.connection.refused).toBe(true);
    expect(server.counters().get('connections.0', 'connections')).toBe(3);
    expect(server.counters().get('connections.0', 'outstanding_requests')).toBe(0);
  });

  test('goes on with the settings that were changed since the start', () => {
    const server = InlineServer.start({ config: { maxClientCnxns: 3 } });
    const { config } = server;
    const settings: ShardSettings = {
      ...config,
      ...config.limits,
      maxClientCnxns: 1,
      globalOutstandingLimit: config.outstandingLimit,
    };
    server.changeSettings('connections.0', settings);
    failShardOf(server, server.connect());
    expect(server.connect().timeOutMs).toBe(30_000);
    const second = server.dial();
    server.run();
    expect(second.connection.refused).toBe(true);
  });

  test('ends the server where all shards share one listening socket', () => {
    const server = InlineServer.start({ connectionShards: 2, placement: 'pipeline', shardsShareSocket: true });
    const client = server.connect();
    expect(() => failShardOf(server, client)).toThrow('a write failed as it never should');
  });
});
