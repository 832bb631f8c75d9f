// The zxid in the header of every kind of reply, and which requests use one up (client-protocol 3.3). The session of the
// client has zxid 1; each test begins with `last` as the one applied last.

import { describe, expect, test } from 'vitest';
import type { JuteWriter } from '../../../src/jute/jute-writer.js';
import { OPEN_ACL_UNSAFE } from '../../../src/protocol/acl.js';
import { OpCode } from '../../../src/protocol/op-code.js';
import { encodeExistsRequest } from '../../../src/protocol/requests.js';
import type { WireClient } from '../../testing/inline/wire-client.js';
import { InlineServer } from '../../testing/inline-server.js';

const server = InlineServer.start();
const client = server.connect();
client.create('/a');
client.create('/c');
server.run();
client.take();

function zxidOf(send: (client: WireClient) => void): bigint {
  send(client);
  return server.reply(client).zxid;
}

describe('a write uses up one and is answered with it', () => {
  test.each<[string, (c: WireClient) => void]>([
    ['create', (c) => c.create('/a/x')],
    ['create2', (c) => c.create('/a/y', { op: OpCode.create2 })],
    ['setData', (c) => c.setData('/a', 'x')],
    ['setACL', (c) => c.setAcl('/a', OPEN_ACL_UNSAFE)],
    ['delete', (c) => c.delete('/a/x')],
    ['multi', (c) => c.multi([{ type: OpCode.delete, request: { path: '/a/y', version: -1 } }])],
    ['an empty multi', (c) => c.multi([])],
    ['a failed create', (c) => c.create('/a')],
    ['a create with a null path', (c) => c.create(null)],
    ['a create with a bad ACL', (c) => c.create('/x', { acl: [{ perms: 31, id: { scheme: 'digest', id: null } }] })],
    ['a failed delete', (c) => c.delete('/nope')],
    ['a failed setData', (c) => c.setData('/nope', 'x')],
    ['a failed setACL', (c) => c.setAcl('/nope', OPEN_ACL_UNSAFE)],
    ['a failed multi', (c) => c.multi([{ type: OpCode.delete, request: { path: '/nope', version: -1 } }])],
    ['a multi that does not decode', (c) => c.request(OpCode.multi, Uint8Array.of(1, 2, 3))],
  ])('%s', (_what, send) => {
    const last = server.zxid;
    expect(zxidOf(send)).toBe(last + 1n);
    expect(server.zxid).toBe(last + 1n);
  });
});

function endlessAcl(w: JuteWriter): void {
  w.writeUstring('/a');
  w.writeInt(1 << 30);
}

describe('what does not decode uses up none and is answered with the last', () => {
  test.each<[string, number, (w: JuteWriter) => void]>([
    ['create', OpCode.create, (w) => w.writeUstring('/x')],
    ['create2', OpCode.create2, (w) => w.writeInt(-2)],
    ['delete', OpCode.delete, (w) => w.writeUstring('/x')],
    ['setData', OpCode.setData, (w) => w.writeUstring('/x')],
    ['setACL', OpCode.setACL, (w) => w.writeUstring('/x')],
    ['an ACL of more entries than the frame has bytes', OpCode.setACL, endlessAcl],
    ['exists', OpCode.exists, (w) => w.writeUstring('/x')],
    ['sync', OpCode.sync, () => {}],
    ['setWatches', OpCode.setWatches, (w) => w.writeInt(0)],
  ])('%s', (_what, op, body) => {
    const last = server.zxid;
    client.request(op, body);
    expect(server.reply(client)).toMatchObject({ err: -5, zxid: last });
    expect(server.zxid).toBe(last);
  });

  test('the write behind it has the next one', () => {
    const last = server.zxid;
    client.request(OpCode.create, Uint8Array.of(1));
    client.setData('/a', '1');
    server.run();
    expect(client.take()).toMatchObject([{ zxid: last }, { zxid: last + 1n }]);
  });
});

describe('everything else carries the last applied and uses up none', () => {
  test.each<[string, (c: WireClient) => void]>([
    ['exists', (c) => c.exists('/a')],
    ['exists of nothing', (c) => c.exists('/nope')],
    ['getData', (c) => c.getData('/a')],
    ['getChildren', (c) => c.getChildren('/a')],
    ['getChildren2', (c) => c.getChildren2('/a')],
    ['getACL', (c) => c.getAcl('/a')],
    ['sync', (c) => c.sync('/a')],
    ['ping', (c) => c.ping()],
    ['setWatches', (c) => c.setWatches({ relativeZxid: 0n, dataWatches: [], existWatches: [], childWatches: [] })],
  ])('%s', (_what, send) => {
    const last = server.zxid;
    expect(zxidOf(send)).toBe(last);
    client.setData('/nope', '');
    send(client);
    server.run();
    expect(client.take().map((frame) => (frame.kind === 'reply' ? frame.zxid : -1n))).toEqual([last + 1n, last + 1n]);
  });

  test('auth has 0', () => {
    expect(zxidOf((c) => c.auth('digest', 'a:b'))).toBe(0n);
  });

  test('a ping is answered with xid -2, whatever it was sent with', () => {
    for (const xid of [5, -2, 0]) {
      client.request(OpCode.ping, () => {}, xid);
      expect(server.reply(client).xid).toBe(-2);
    }
  });

  test.each([0, -3, 2147483647, -2147483648])('xid %d is echoed', (xid) => {
    client.request(OpCode.exists, (w) => encodeExistsRequest(w, { path: '/a', watch: false }), xid);
    expect(server.reply(client).xid).toBe(xid);
  });
});

test('createSession and closeSession use up one each, a re-opened session none', () => {
  const before = server.zxid;
  const other = server.connect();
  expect(server.zxid).toBe(before + 1n);
  const again = server.dial();
  again.handshake({ sessionId: other.sessionId, password: other.password });
  server.run();
  expect(server.zxid).toBe(before + 1n);
  again.take();
  again.closeSession();
  expect(server.reply(again)).toMatchObject({ err: 0, zxid: before + 2n });
});

test('zxids go on behind those of before a crash', () => {
  const crashing = InlineServer.start();
  const first = crashing.connect();
  first.create('/a');
  crashing.run();
  crashing.crash();
  crashing.restart();
  const second = crashing.connect();
  second.create('/b');
  expect(crashing.reply(second).zxid).toBe(4n);
});

test('an expiring session uses up one', () => {
  const expiring = InlineServer.start();
  expiring.connect({ timeOutMs: 4000 });
  expiring.advance(8000);
  expect(expiring.zxid).toBe(2n);
});
