// Nothing is acknowledged before the sync that covers it, and everything acknowledged is there after a crash: the sync
// stage on a simulated disk that is slow, fails, or loses what was not synced (persistence 1.3, 10.1). Threads are worked
// one by one, so that the others can go on while one is stuck or dead.

import { describe, expect, test } from 'vitest';
import { childrenOf, dataTextOf, repliesIn } from '../../testing/inline/reply-bodies.js';
import type { WireClient } from '../../testing/inline/wire-client.js';
import { InlineServer, type InlineServerOptions } from '../../testing/inline-server.js';

const THREADS = ['io-0', 'core', 'log', 'core', 'io-0', 'main'];

function syncsOf(server: InlineServer): number {
  return server.counters().get('sync', 'log_syncs');
}

/** Turns every thread a few times; whoever is dead does nothing. */
function turnAll(server: InlineServer, threads: readonly string[] = THREADS): void {
  for (let round = 0; round < 5; round++) {
    server.network.deliverAll();
    for (const thread of threads) {
      try {
        server.turnOf(thread);
      } catch {
        // Looked at by the test itself: a real process would be about to end, and the other threads run on until it does.
      }
    }
  }
}

function names(server: InlineServer, client: WireClient): string[] {
  client.getChildren('/');
  return childrenOf(server.reply(client)).filter((name) => name !== 'zookeeper');
}

describe('an acknowledgement', () => {
  test('waits for the log', () => {
    const server = InlineServer.start({ placement: 'pipeline' });
    const client = server.connect();
    client.create('/a');
    client.getData('/a');
    turnAll(
      server,
      THREADS.filter((thread) => thread !== 'log'),
    );
    expect(client.take()).toEqual([]);
    server.run();
    expect(client.takeText()).toEqual(['create Ok @2', 'getData Ok @2']);
  });

  test('until then nobody sees the change either', () => {
    const server = InlineServer.start({ placement: 'pipeline' });
    const client = server.connect();
    const other = server.connect();
    client.create('/a');
    turnAll(
      server,
      THREADS.filter((thread) => thread !== 'log'),
    );
    other.exists('/a');
    server.network.deliverAll();
    expect(other.takeText()).toEqual(['exists NoNode @2']);
  });

  test('one sync covers all that has come', () => {
    const server = InlineServer.start({ placement: 'pipeline' });
    const clients = [server.connect(), server.connect()];
    const before = syncsOf(server);
    for (const client of clients) for (let i = 0; i < 50; i++) client.create('/s-', { flags: 2 });
    server.run();
    expect(clients.map((client) => client.take().length)).toEqual([50, 50]);
    expect(syncsOf(server) - before).toBe(1);
  });

  test('reads alone need none', () => {
    const server = InlineServer.start({ placement: 'pipeline' });
    const client = server.connect();
    const before = syncsOf(server);
    client.sync('/');
    client.getData('/');
    server.run();
    expect(client.take()).toHaveLength(2);
    expect(syncsOf(server)).toBe(before);
  });
});

describe('a disk that fails', () => {
  test.each(['syncData', 'write'] as const)(
    'at %s: nothing of that batch is acknowledged, whoever still runs',
    (call) => {
      const server = InlineServer.start({ placement: 'pipeline' });
      const client = server.connect();
      const other = server.connect();
      client.create('/before');
      server.reply(client);
      server.disk.onCall = ({ name }) => (name === call ? 'EIO' : 'ok');
      client.create('/a');
      client.create('/b');
      turnAll(server);
      expect(server.failure?.actorName).toBe('sync');
      expect(client.take()).toEqual([]);
      other.exists('/a');
      server.network.deliverAll();
      expect(other.takeText()).toEqual(['exists NoNode @3']);
    },
  );

  test('takes the server down, once, with the disk as the reason', () => {
    const server = InlineServer.start();
    const client = server.connect();
    server.disk.onCall = ({ name }) => (name === 'syncData' ? 'ENOSPC' : 'ok');
    client.create('/a');
    expect(() => server.run()).toThrow(/^sync: cannot sync .*ENOSPC/);
  });
});

describe('after a crash', () => {
  const SNAPSHOTS: InlineServerOptions = { config: { snapCount: 6 } };

  test('what was acknowledged is there, and what was not may be', () => {
    const server = InlineServer.start({ placement: 'pipeline' });
    const client = server.connect();
    for (let i = 0; i < 10; i++) client.create(`/acknowledged${i}`);
    server.run();
    expect(client.take()).toHaveLength(10);
    client.create('/underway');
    server.network.deliverAll();
    for (const thread of ['io-0', 'core']) server.turnOf(thread);
    server.crash();
    server.restart();
    const found = names(server, server.connect());
    expect(found.filter((name) => name !== 'underway')).toHaveLength(10);
  });

  test('with snapshots in between the same holds, again and again', () => {
    const server = InlineServer.start(SNAPSHOTS);
    for (let life = 0; life < 8; life++) {
      const client = server.connect();
      for (let i = 0; i < 7; i++) client.create(`/n${life}-${i}`, { data: `${life}` });
      client.setData('/n0-0', `${life}`);
      server.run();
      expect(repliesIn(client.take()).every((reply) => reply.err === 0)).toBe(true);
      server.crash();
      server.clock.advance(100);
      server.restart();
      const after = server.connect();
      expect(names(server, after)).toHaveLength((life + 1) * 7);
      after.getData('/n0-0');
      expect(dataTextOf(server.reply(after))).toBe(`${life}`);
    }
    const snapshots = server.disk.list('/data/version-2').filter((name) => name.startsWith('snapshot.'));
    expect(snapshots.length).toBeGreaterThan(5);
  });

  test('ZOOKEEPER-3144: a session whose close was acknowledged stays closed, though a snapshot came right behind it', () => {
    const server = InlineServer.start({ placement: 'pipeline', config: { snapCount: 2 } });
    const other = server.connect();
    const closer = server.connect();
    other.create('/a');
    server.run();
    // Every second transaction makes a snapshot due: this one does, and it is taken when the close has been applied.
    closer.closeSession();
    turnAll(server);
    expect(server.disk.list('/data/version-2')).toContain('snapshot.4');
    server.crash();
    server.restart();
    expect(server.recoveredZxid).toBe(4n);
    const again = server.dial();
    again.handshake({ sessionId: closer.sessionId, password: closer.password });
    server.run();
    expect(again.takeText()).toEqual(['session invalid']);
    expect(server.sessions.openCount).toBe(1);
  });

  test('an orderly stop is no different', () => {
    const server = InlineServer.start(SNAPSHOTS);
    const client = server.connect();
    for (let i = 0; i < 20; i++) client.create(`/n${i}`);
    server.run();
    server.stop();
    server.restart();
    expect(names(server, server.connect())).toHaveLength(20);
  });
});

describe('group commit', () => {
  test('with flushDelay a sync waits until so long after the one before', () => {
    const server = InlineServer.start({ config: { flushDelayMs: 20, writeQueuePollMsMax: 5 } });
    server.advance(50);
    const client = server.connect();
    server.advance(50);
    client.create('/a');
    server.run();
    expect(client.takeText()).toEqual(['create Ok @2']);
    client.create('/b');
    server.run();
    expect(client.take()).toEqual([]);
    server.advance(10);
    client.create('/c');
    server.run();
    expect(client.take()).toEqual([]);
    server.advance(15);
    expect(client.takeText()).toEqual(['create Ok @3', 'create Ok @4']);
  });

  test('with maxBatchSize a sync covers no more than that', () => {
    const server = InlineServer.start({ placement: 'pipeline', config: { batchCountMax: 10 } });
    const client = server.connect();
    const before = syncsOf(server);
    for (let i = 0; i < 35; i++) client.create('/s-', { flags: 2 });
    server.run();
    expect(client.take()).toHaveLength(35);
    expect(syncsOf(server) - before).toBe(4);
  });
});
