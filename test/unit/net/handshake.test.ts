// The handshake on a server by hand, byte for byte where bytes count (client-protocol section 2): what a ConnectRequest
// may look like, what is negotiated, who is refused without a byte, and what re-opening a session does to its owner.
// Times: tickTime 2000, so timeouts lie between 4000 and 40000.

import { describe, expect, test } from 'vitest';
import { hiOf, loOf } from '../../../src/base/int64.js';
import { JuteWriter } from '../../../src/jute/jute-writer.js';
import type { ClientSocket } from '../../../src/net/client-socket.js';
import { ServerCnxn } from '../../../src/net/server-cnxn.js';
import { encodeConnectRequest } from '../../../src/protocol/connect.js';
import { sessionPassword } from '../../../src/protocol/session-password.js';
import { Ending } from '../../testing/inline/sim-client-network.js';
import { framed, type WireClient } from '../../testing/inline/wire-client.js';
import { InlineServer } from '../../testing/inline-server.js';

const INVALID = 'session invalid';

function connectBytes(client: WireClient): Uint8Array {
  const [frame] = client.take();
  if (frame?.kind !== 'connect') throw new Error('no ConnectResponse');
  return frame.bytes;
}

/** A handshake for a session that exists, on another connection. */
function reopen(
  server: InlineServer,
  owner: WireClient,
  options: { password?: Uint8Array; timeOutMs?: number; shard?: number } = {},
): WireClient {
  const client = server.dial(options.shard === undefined ? {} : { shard: options.shard });
  client.handshake({
    sessionId: owner.sessionId,
    password: options.password ?? owner.password,
    timeOutMs: options.timeOutMs ?? 10_000,
  });
  server.run();
  return client;
}

describe('the frames', () => {
  test('45 bytes are answered with 37', () => {
    const server = InlineServer.start();
    const client = server.dial();
    client.handshake({ readOnly: false });
    server.run();
    expect(connectBytes(client)).toHaveLength(37);
  });

  test('44 bytes, without readOnly, are answered with 36', () => {
    const server = InlineServer.start();
    const client = server.dial();
    client.handshake({ readOnly: null });
    server.run();
    expect(connectBytes(client)).toHaveLength(36);
  });

  test('readOnly is answered with false by a server that writes', () => {
    const server = InlineServer.start();
    const client = server.dial();
    client.handshake({ readOnly: true });
    server.run();
    expect(connectBytes(client).at(-1)).toBe(0);
  });

  test('the password is the function of the session id that every server knows', () => {
    const client = InlineServer.start().connect();
    expect(client.password).toEqual(sessionPassword(hiOf(client.sessionId), loOf(client.sessionId)));
  });

  test.each([
    ['null', null],
    ['empty', new Uint8Array(0)],
    ['long', new Uint8Array(100)],
  ])('for a new session a %s password will do', (_what, password) => {
    const server = InlineServer.start();
    const client = server.dial();
    client.handshake({ password });
    server.run();
    expect(client.takeText()).toEqual(['session 30000']);
  });

  test('protocolVersion is ignored', () => {
    const server = InlineServer.start();
    const client = server.dial();
    client.handshake({});
    const w = new JuteWriter();
    encodeConnectRequest(w, {
      protocolVersion: 77,
      lastZxidSeen: 0n,
      timeOut: 5000,
      sessionId: 0n,
      passwd: new Uint8Array(16),
      readOnly: null,
    });
    const other = server.dial();
    other.connection.send(framed(w.toBytes()));
    server.run();
    expect(other.connection.takeReceived()).toHaveLength(40);
  });

  test.each([0, 8, 27])('a ConnectRequest of %d bytes closes without a byte', (length) => {
    const server = InlineServer.start();
    const client = server.dial();
    client.connection.send(framed(new Uint8Array(length)));
    server.run();
    expect(client.connection.takeReceived()).toHaveLength(0);
    expect(client.connection.ending).toBe(Ending.fin);
  });

  test('a password that runs past the frame closes without a byte', () => {
    const server = InlineServer.start();
    const client = server.dial();
    const payload = new Uint8Array(44);
    new DataView(payload.buffer).setInt32(24, 17);
    client.connection.send(framed(payload));
    server.run();
    expect(client.connection.takeReceived()).toHaveLength(0);
    expect(client.connection.ending).toBe(Ending.fin);
  });

  test('a ConnectRequest may come byte by byte', () => {
    const server = InlineServer.start();
    const client = server.dial();
    const w = new JuteWriter();
    encodeConnectRequest(w, {
      protocolVersion: 0,
      lastZxidSeen: 0n,
      timeOut: 30_000,
      sessionId: 0n,
      passwd: new Uint8Array(16),
      readOnly: false,
    });
    for (const byte of framed(w.toBytes())) {
      expect(client.connection.takeReceived()).toHaveLength(0);
      client.connection.send(Uint8Array.of(byte));
      server.run();
    }
    expect(client.connection.takeReceived()).toHaveLength(41);
  });
});

describe('the timeout', () => {
  test.each([
    [0, 4000],
    [-1, 4000],
    [-2147483648, 4000],
    [3999, 4000],
    [4001, 4001],
    [40_000, 40_000],
    [40_001, 40_000],
    [2147483647, 40_000],
  ])('asked for %d it becomes %d', (asked, given) => {
    const server = InlineServer.start();
    expect(server.connect({ timeOutMs: asked }).timeOutMs).toBe(given);
  });

  test('is negotiated anew when the session is re-opened', () => {
    const server = InlineServer.start();
    const first = server.connect({ timeOutMs: 30_000 });
    const second = reopen(server, first, { timeOutMs: 5000 });
    expect(second.takeText()).toEqual(['session 5000']);
    server.advance(8000);
    expect(second.connection.ending).toBe(Ending.fin);
  });
});

describe('lastZxidSeen', () => {
  test('above the last zxid applied here closes without a byte', () => {
    const server = InlineServer.start();
    server.connect();
    const client = server.dial();
    client.handshake({ lastZxidSeen: 2n });
    server.run();
    expect(client.connection.takeReceived()).toHaveLength(0);
    expect(client.connection.ending).toBe(Ending.fin);
    expect(server.zxid).toBe(1n);
  });

  test('equal to it is welcome', () => {
    const server = InlineServer.start();
    server.connect();
    expect(server.connect({ lastZxidSeen: 1n }).timeOutMs).toBe(30_000);
  });

  test('is compared as a signed number', () => {
    expect(InlineServer.start().connect({ lastZxidSeen: -1n }).timeOutMs).toBe(30_000);
  });

  test('counts on every shard, also on one that has sent nothing yet', () => {
    const server = InlineServer.start({ connectionShards: 2 });
    server.connect({ shard: 0 });
    expect(server.connect({ shard: 1, lastZxidSeen: 1n }).timeOutMs).toBe(30_000);
  });
});

describe('a new session', () => {
  test('consumes one zxid', () => {
    const server = InlineServer.start();
    server.connect();
    server.connect();
    expect(server.zxid).toBe(2n);
  });

  test('has the id behind the one before', () => {
    const server = InlineServer.start();
    const first = server.connect();
    expect(server.connect().sessionId).toBe(first.sessionId + 1n);
  });

  test('serves what was sent behind the ConnectRequest, in order', () => {
    const server = InlineServer.start();
    const client = server.dial();
    client.handshake();
    client.create('/a');
    client.getData('/a');
    client.ping();
    server.run();
    expect(client.takeText()).toEqual(['session 30000', 'create Ok @2', 'getData Ok @2', 'ping Ok @2']);
  });

  test('exists and expires even if its connection breaks in between', () => {
    const server = InlineServer.start();
    const client = server.dial();
    client.handshake({ timeOutMs: 4000 });
    server.network.deliverAll();
    client.connection.destroy();
    server.run();
    expect(server.sessions.openCount).toBe(1);
    server.advance(8000);
    expect(server.sessions.openCount).toBe(0);
    expect(server.zxid).toBe(2n);
  });
});

describe('re-opening', () => {
  test('gives the same id and password and consumes no zxid', () => {
    const server = InlineServer.start();
    const first = server.connect();
    const second = reopen(server, first);
    expect(second.takeText()).toEqual(['session 10000']);
    expect(second.sessionId).toBe(first.sessionId);
    expect(second.password).toEqual(first.password);
    expect(server.zxid).toBe(1n);
  });

  test.each([
    ['the same shard', 0],
    ['another shard', 1],
  ])('closes the old connection on %s without a frame', (_where, shard) => {
    const server = InlineServer.start({ connectionShards: 2 });
    const first = server.connect({ shard: 0 });
    reopen(server, first, { shard });
    expect(first.connection.ending).toBe(Ending.fin);
    expect(first.take()).toEqual([]);
  });

  test('works after the old connection has gone', () => {
    const server = InlineServer.start({ connectionShards: 2 });
    const first = server.connect({ shard: 0 });
    server.drop(first.connection);
    const second = reopen(server, first, { shard: 1 });
    second.create('/a');
    server.run();
    expect(second.takeText()).toEqual(['session 10000', 'create Ok @2']);
  });

  test('leaves watches and identities behind with the old connection', () => {
    const server = InlineServer.start();
    const first = server.connect();
    first.auth('digest', 'bob:pw');
    first.create('/sec', { acl: [{ perms: 31, id: { scheme: 'auth', id: '' } }] });
    first.create('/open');
    first.getData('/open', true);
    server.run();
    const second = reopen(server, first);
    second.getData('/sec');
    second.setData('/open', 'x');
    server.run();
    expect(second.takeText()).toEqual(['session 10000', 'getData NoAuth @3', 'setData Ok @4']);
  });

  test.each([
    ['wrong', (password: Uint8Array) => password.map((byte) => byte ^ 1)],
    ['short', (password: Uint8Array) => password.slice(0, 15)],
    ['empty', () => new Uint8Array(0)],
  ])('with a %s password is answered as invalid, and its owner is not cut off', (_what, change) => {
    const server = InlineServer.start();
    const owner = server.connect();
    const thief = reopen(server, owner, { password: change(owner.password) });
    const response = connectBytes(thief);
    expect([...response]).toEqual([...new Uint8Array(16), 0, 0, 0, 16, ...new Uint8Array(17)]);
    expect(thief.connection.ending).toBe(Ending.fin);
    owner.create('/a');
    expect(server.reply(owner).err).toBe(0);
  });

  test('of an unknown session is answered as invalid, although the password is right', () => {
    const server = InlineServer.start();
    const client = server.dial();
    client.handshake({ sessionId: 0x1234n, password: sessionPassword(0, 0x1234) });
    server.run();
    expect(client.takeText()).toEqual([INVALID]);
    expect(client.connection.ending).toBe(Ending.fin);
  });

  test('that is refused is logged with the id it asked for, though others have asked since', () => {
    const server = InlineServer.start();
    const client = server.dial({ address: '10.0.0.9' });
    client.handshake({ sessionId: 0xabcdn, password: sessionPassword(0, 0xabcd) });
    const other = server.dial();
    other.handshake();
    server.run();
    expect(server.sayings).toContainEqual(
      expect.stringMatching(/^Invalid session 0xabcd for client \/10\.0\.0\.9:\d+, probably expired$/),
    );
  });

  test('of a closed session is answered as invalid', () => {
    const server = InlineServer.start();
    const first = server.connect();
    first.closeSession();
    server.run();
    const second = reopen(server, first);
    expect(second.takeText()).toEqual([INVALID]);
    expect(second.connection.ending).toBe(Ending.fin);
  });

  test('of an expired session is answered as invalid', () => {
    const server = InlineServer.start();
    const first = server.connect({ timeOutMs: 4000 });
    server.advance(8000);
    expect(reopen(server, first).takeText()).toEqual([INVALID]);
  });

  test('the invalid answer leaves readOnly out when the request did', () => {
    const server = InlineServer.start();
    const client = server.dial();
    client.handshake({ sessionId: 5n, readOnly: null });
    server.run();
    expect(connectBytes(client)).toHaveLength(36);
  });

  test('after a crash of the server goes on with the session', () => {
    const server = InlineServer.start();
    const first = server.connect();
    first.create('/e', { flags: 1 });
    server.run();
    server.crash();
    server.restart();
    const second = reopen(server, first);
    second.exists('/e');
    server.run();
    expect(second.takeText()).toEqual(['session 10000', 'exists Ok @2']);
  });
});

describe('admission', () => {
  test('maxClientCnxns refuses further connections of the address at once', () => {
    const server = InlineServer.start({ config: { maxClientCnxns: 2 }, connectionShards: 2 });
    server.connect();
    const second = server.connect();
    const third = server.dial();
    const elsewhere = server.connect({ address: '10.0.0.1' });
    expect(third.connection.refused).toBe(true);
    expect(elsewhere.timeOutMs).toBe(30_000);
    server.drop(second.connection);
    expect(server.connect().timeOutMs).toBe(30_000);
  });

  test('an IPv4-mapped address counts as the IPv4 address', () => {
    const server = InlineServer.start({ config: { maxClientCnxns: 1 } });
    server.connect({ address: '10.0.0.1' });
    const second = server.dial({ address: '::ffff:10.0.0.1' });
    server.run();
    expect(second.connection.refused).toBe(true);
  });

  test('an IPv4-mapped address is told as the IPv4 address', () => {
    const socket = { remoteAddress: '::ffff:10.0.0.1', remotePort: 53122 } as ClientSocket;
    expect(new ServerCnxn(1, socket, 0).peer).toBe('/10.0.0.1:53122');
  });

  test('maxCnxns refuses whatever the address', () => {
    const server = InlineServer.start({ config: { maxCnxns: 1 }, connectionShards: 2 });
    server.connect({ address: '10.0.0.1' });
    const second = server.dial({ address: '10.0.0.2' });
    server.run();
    expect(second.connection.refused).toBe(true);
  });

  test('a connection that never becomes a session is closed', () => {
    const server = InlineServer.start();
    const idle = server.dial();
    const started = server.dial();
    started.connection.send(Uint8Array.of(0, 0, 0, 45));
    const client = server.connect();
    server.advance(9000);
    expect(idle.connection.gone).toBe(false);
    server.advance(11_000);
    expect(idle.connection.gone).toBe(true);
    expect(started.connection.gone).toBe(true);
    expect(client.connection.gone).toBe(false);
  });
});
