// The end of a server by hand: what was asked is answered and durable, every connection ends in order, and sessions are still there
// afterwards (operations 11.3).

import { expect, test } from 'vitest';
import type { DrainReport } from '../../../src/net/shard-control.js';
import { Ending } from '../../testing/inline/sim-client-network.js';
import { InlineServer } from '../../testing/inline-server.js';

function drain(server: InlineServer): DrainReport {
  return server.control('connections.0', { kind: 'drain' }) as DrainReport;
}

test('requests in the pipeline are answered, then the connection ends; later ones are not taken', () => {
  const server = InlineServer.start({ placement: 'staged' });
  const busy = server.connect();
  const idle = server.connect();
  const dialled = server.dial();
  server.run();
  busy.create('/a');
  busy.create('/b');
  server.network.deliverAll();
  expect(drain(server)).toMatchObject({ unanswered: 2, open: 3 });
  busy.create('/late');
  server.run();
  expect(busy.takeText()).toHaveLength(2);
  expect([busy, idle, dialled].map(({ connection }) => connection.ending)).toEqual([
    Ending.fin,
    Ending.fin,
    Ending.fin,
  ]);
  expect(drain(server)).toEqual({ unanswered: 0, unflushed: 0, open: 0 });
  expect(server.zxid).toBe(4n);
});

test('nobody new is taken, and sessions outlive it', () => {
  const server = InlineServer.start();
  const client = server.connect();
  client.create('/e', { flags: 1 });
  server.run();
  drain(server);
  server.run();
  const late = server.dial();
  server.run();
  expect(late.connection.refused).toBe(true);
  server.crash();
  server.restart();
  const again = server.connect({ sessionId: client.sessionId, password: client.password });
  expect(again.sessionId).toBe(client.sessionId);
  again.exists('/e');
  expect(server.reply(again).err).toBe(0);
});

test('a client that does not read keeps its bytes, and is reported', () => {
  const server = InlineServer.start();
  const client = server.connect({ systemBytesMax: 64 });
  client.connection.reading = false;
  client.create('/a', { data: new Uint8Array(1000) });
  client.getData('/a');
  server.run();
  drain(server);
  server.run();
  expect(drain(server)).toMatchObject({ unanswered: 0, unflushed: 1, open: 1 });
});
