// How connections end on a server by hand: bad frames, operations that end them, ends from either side, and what must not
// happen any more afterwards (client-protocol 1.2, 2.8, 3.5, 5.2, 5.6).

import { describe, expect, test } from 'vitest';
import { OpCode } from '../../../src/protocol/op-code.js';
import { Ending } from '../../testing/inline/sim-client-network.js';
import { framed, type WireClient } from '../../testing/inline/wire-client.js';
import { InlineServer } from '../../testing/inline-server.js';

const BAD_LENGTH = Uint8Array.of(0xff, 0xff, 0xff, 0xff);

describe('a bad frame closes and sends nothing', () => {
  test.each([
    ['negative length', BAD_LENGTH],
    ['length above the limit', Uint8Array.of(0, 0x10, 0, 0)],
    ['empty frame', framed(new Uint8Array(0))],
    ['frame of 7 bytes', framed(new Uint8Array(7))],
  ])('%s', (_what, bytes) => {
    const server = InlineServer.start();
    const client = server.connect();
    client.connection.send(bytes);
    server.run();
    expect(client.connection.takeReceived()).toHaveLength(0);
    expect(client.connection.ending).toBe(Ending.fin);
  });

  test('a frame of exactly jute.maxbuffer is no bad frame', () => {
    const server = InlineServer.start();
    const client = server.connect();
    const payload = new Uint8Array(1_048_575);
    new DataView(payload.buffer).setInt32(0, 1);
    new DataView(payload.buffer).setInt32(4, OpCode.ping);
    client.connection.send(framed(payload));
    server.run();
    expect(client.connection.takeReceived()).toHaveLength(20);
  });

  test('four letters after the handshake are a length', () => {
    const server = InlineServer.start();
    const client = server.connect();
    client.connection.send(new TextEncoder().encode('ruok'));
    server.run();
    expect(client.connection.takeReceived()).toHaveLength(0);
    expect(client.connection.ending).toBe(Ending.fin);
    expect(server.words).toEqual([]);
  });

  test('one that follows the ConnectRequest at once closes the connection for good', () => {
    const server = InlineServer.start();
    const client = server.dial();
    client.handshake();
    client.connection.send(BAD_LENGTH);
    server.network.deliverAll();
    // The session is opened meanwhile; its connection must not come back to life.
    server.run();
    expect(client.connection.ending).toBe(Ending.fin);
    expect(client.connection.writesAfterEnd).toBe(0);
  });

  test('what the client sends after that is not executed', () => {
    const server = InlineServer.start();
    const client = server.dial();
    client.handshake();
    client.connection.send(BAD_LENGTH);
    // The client goes on sending before it has seen the end.
    client.connection.reading = false;
    server.run();
    client.create('/late');
    server.run();
    const other = server.connect();
    other.exists('/late');
    expect(server.reply(other).err).toBe(-101);
  });
});

describe('operations that end the connection', () => {
  test.each([
    ['an unknown code', 99],
    ['notification', OpCode.notification],
    ['check', OpCode.check],
    ['error', OpCode.error],
    ['createSession', OpCode.createSession],
    ['deleteContainer', OpCode.deleteContainer],
  ])('%s: Unimplemented with zxid -1, then the end', (_what, op) => {
    const server = InlineServer.start();
    const client = server.connect();
    const xid = client.request(op, new Uint8Array(8));
    server.run();
    const [frame] = client.take();
    expect(frame).toMatchObject({ kind: 'reply', xid, zxid: -1n, err: -6 });
    expect(client.connection.ending).toBe(Ending.fin);
    expect(server.zxid).toBe(1n);
  });

  test('behind a write the refusal keeps its place, and nothing follows it', () => {
    const server = InlineServer.start();
    const client = server.connect();
    client.create('/a');
    client.request(99);
    client.getData('/a');
    server.run();
    expect(client.takeText()).toEqual(['create Ok @2', 'unknown 99 Unimplemented @-1']);
    expect(client.connection.ending).toBe(Ending.fin);
  });

  test('createTTL without extended types is Unimplemented, but the connection stays', () => {
    const server = InlineServer.start();
    const client = server.connect();
    client.createTtl('/t', 1n);
    client.ping();
    server.run();
    expect(client.takeText()).toEqual(['createTTL Unimplemented @2', 'ping Ok @2']);
    expect(client.connection.ending).toBe(Ending.open);
  });

  test('a failed auth behind a write: its reply keeps its place, and nothing follows it', () => {
    const server = InlineServer.start();
    const client = server.connect();
    client.create('/a');
    client.auth('nosuch', 'x');
    client.create('/b');
    server.run();
    expect(client.takeText()).toEqual(['create Ok @2', 'auth AuthFailed @0']);
    expect(client.connection.ending).toBe(Ending.fin);
  });
});

describe('ends from the client', () => {
  test('a closed half is answered in kind, and its session lives on', () => {
    const server = InlineServer.start();
    const client = server.connect();
    client.connection.end();
    server.run();
    expect(client.connection.gone).toBe(true);
    expect(server.sessions.openCount).toBe(1);
    expect(server.counters().get('connections.0', 'connections')).toBe(0);
  });

  test('a connection that breaks with requests under way: they are executed, and nobody else is answered', () => {
    const server = InlineServer.start();
    const client = server.connect();
    const other = server.connect();
    client.create('/a');
    client.create('/b');
    server.network.deliverAll();
    client.connection.destroy();
    other.ping();
    server.run();
    expect(other.takeText()).toEqual(['ping Ok @2']);
    other.exists('/b');
    expect(server.reply(other).err).toBe(0);
    expect(server.counters().get('connections.0', 'outstanding_requests')).toBe(0);
  });

  test.each([
    ['its session', (client: WireClient) => client.closeSession()],
    ['its connection', (client: WireClient) => client.connection.end()],
  ])('ZOOKEEPER-1382: a watch that waits behind a write is left by nobody when %s closes meanwhile', (_what, close) => {
    const server = InlineServer.start();
    const client = server.connect();
    client.create('/a');
    client.exists('/b', true);
    client.getChildren('/', true);
    close(client);
    server.run();
    const other = server.connect();
    other.exists('/a');
    expect(server.reply(other).err).toBe(0);
    expect(server.counters().get('connections.0', 'watch_count')).toBe(0);
  });

  test('its watches go with it', () => {
    const server = InlineServer.start();
    const client = server.connect();
    client.exists('/a', true);
    client.getChildren('/', true);
    server.run();
    expect(server.counters().get('connections.0', 'watch_count')).toBe(2);
    server.drop(client.connection);
    server.connect().ping();
    server.run();
    expect(server.counters().get('connections.0', 'watch_count')).toBe(0);
  });
});

describe('a client that does not read', () => {
  test('does not keep a closed connection open for ever', () => {
    const server = InlineServer.start();
    const client = server.connect({ timeOutMs: 4000, systemBytesMax: 1000 });
    client.connection.reading = false;
    for (let i = 0; i < 100; i++) client.getChildren2('/');
    server.run();
    // The session expires, the connection is to end, and its end cannot get through.
    server.advance(60_000);
    expect(server.sessions.openCount).toBe(0);
    expect(client.connection.gone).toBe(true);
    expect(server.counters().get('connections.0', 'connections')).toBe(0);
  });

  test('but is read no more itself: its own end is seen all the same', () => {
    const server = InlineServer.start();
    const client = server.connect({ timeOutMs: 4000, systemBytesMax: 1000 });
    client.create('/big', { data: new Uint8Array(500_000) });
    client.connection.reading = false;
    for (let i = 0; i < 10; i++) client.getData('/big');
    server.run();
    for (let i = 0; i < 10; i++) client.getData('/big');
    server.run();
    expect(client.connection.isPaused).toBe(true);
    server.advance(8000);
    expect(server.sessions.openCount).toBe(0);
    client.connection.reading = true;
    server.run();
    expect(client.connection.ending).toBe(Ending.fin);
    expect(client.connection.gone).toBe(true);
  });

  test('may take its time to read the last replies', () => {
    const server = InlineServer.start();
    const client = server.connect({ systemBytesMax: 1000 });
    client.connection.reading = false;
    for (let i = 0; i < 100; i++) client.getChildren2('/');
    client.closeSession();
    server.run();
    server.advance(5000);
    client.connection.reading = true;
    server.run();
    expect(client.take()).toHaveLength(101);
    expect(client.connection.ending).toBe(Ending.fin);
  });
});

describe('four-letter words', () => {
  test('are passed on with what stands behind them, and answered as plain text before the end', () => {
    const server = InlineServer.start();
    const client = server.dial();
    client.connection.send(new TextEncoder().encode('stmk12345678'));
    server.run();
    const [asked] = server.words;
    expect(asked?.word).toBe(0x73746d6b);
    expect(new TextDecoder().decode(asked?.payload)).toBe('12345678');
    server.control('connections.0', { kind: 'answer-word', connection: asked?.connection, text: 'well', isLast: true });
    server.run();
    expect(new TextDecoder().decode(client.connection.takeReceived())).toBe('well');
    expect(client.connection.ending).toBe(Ending.fin);
  });

  test('are answered although the asker has closed its half', () => {
    const server = InlineServer.start();
    const client = server.dial();
    client.connection.send(new TextEncoder().encode('ruok'));
    client.connection.end();
    server.run();
    expect(client.connection.gone).toBe(false);
    server.control('connections.0', {
      kind: 'answer-word',
      connection: server.words[0]?.connection,
      text: 'imok',
      isLast: true,
    });
    server.run();
    expect(new TextDecoder().decode(client.connection.takeReceived())).toBe('imok');
  });

  test('are answered in parts, with a word of what is still to be taken, to a client that may be gone', () => {
    const server = InlineServer.start();
    const client = server.dial();
    client.connection.send(new TextEncoder().encode('wchc'));
    client.connection.end();
    server.run();
    const connection = server.words[0]?.connection;
    const answer = (text: string, isLast: boolean): unknown =>
      server.control('connections.0', { kind: 'answer-word', connection, text, isLast });
    client.connection.reading = false;
    expect(answer('a'.repeat(1_000_000), false)).toBeGreaterThan(500_000);
    expect(answer('', false)).toBeGreaterThan(500_000);
    client.connection.reading = true;
    server.run();
    expect(answer('', false)).toBe(0);
    answer('the end', true);
    server.run();
    expect(client.connection.takeReceived()).toHaveLength(1_000_007);
    expect(client.connection.ending).toBe(Ending.fin);
    expect(answer('more', true)).toBe(-1);
    const other = server.dial();
    other.connection.send(new TextEncoder().encode('wchc'));
    server.run();
    server.control('connections.0', { kind: 'drop-word', connection: server.words[1]?.connection });
    server.run();
    expect(other.connection.gone).toBe(true);
  });

  test('other letters are a length', () => {
    const server = InlineServer.start();
    const client = server.dial();
    client.connection.send(new TextEncoder().encode('xyzw'));
    server.run();
    expect(server.words).toEqual([]);
    expect(client.connection.ending).toBe(Ending.fin);
  });
});
