/** What a client offers a server of the session that it had. */
import { expect, test } from 'vitest';
import { ClientSession, type SessionSettings } from '../../../src/client/client-session.js';
import { JuteReader } from '../../../src/jute/jute-reader.js';
import { JuteWriter } from '../../../src/jute/jute-writer.js';
import { type ConnectRequest, type ConnectResponse, decodeConnectRequest } from '../../../src/protocol/connect.js';

const SETTINGS: SessionSettings = {
  sessionTimeoutMs: 30_000,
  canBeReadOnly: true,
  sessionId: 0n,
  password: new Uint8Array(16),
  lastZxid: 0n,
  frameBytesMax: 1024,
  xidFirst: 1,
  requestTimeoutMs: 0,
  whileDisconnected: 'queue',
};
const PASSWORD = new Uint8Array(16).fill(7);
const RESPONSE: ConnectResponse = {
  protocolVersion: 0,
  timeOut: 4000,
  sessionId: 0x1234n,
  passwd: PASSWORD,
  readOnly: false,
};

function offered(session: ClientSession): ConnectRequest {
  const w = new JuteWriter();
  session.encodeConnectRequest(w, SETTINGS);
  const bytes = w.toBytes();
  return decodeConnectRequest(new JuteReader(bytes, 0, bytes.length, 1024));
}

test('a server that can write gives a session that every later one is asked to go on with', () => {
  const session = new ClientSession(SETTINGS);
  expect(offered(session)).toMatchObject({ sessionId: 0n, timeOut: 30_000, lastZxidSeen: 0n });
  session.onOpened(RESPONSE);
  expect(session).toMatchObject({ id: 0x1234n, timeoutMs: 4000, isReadOnly: false });
  // What is asked for stays what the application wants, whatever the last server granted.
  expect(offered(session)).toMatchObject({ sessionId: 0x1234n, timeOut: 30_000, passwd: PASSWORD });
});

test('the id that a read-only server gave is offered to nobody, unless one that can write has taken it', () => {
  const session = new ClientSession(SETTINGS);
  session.onOpened({ ...RESPONSE, readOnly: true });
  expect(session).toMatchObject({ id: 0x1234n, isReadOnly: true });
  expect(offered(session).sessionId).toBe(0n);
  session.onOpened(RESPONSE);
  session.onOpened({ ...RESPONSE, readOnly: true });
  expect(offered(session).sessionId).toBe(0x1234n);
});

test('what it has seen never falls', () => {
  const session = new ClientSession({ ...SETTINGS, lastZxid: 0x1_0000_0005n });
  session.onReplied(1, 4);
  session.onReplied(-1, -1);
  expect(session.zxidSeen).toBe(0x1_0000_0005n);
  session.onReplied(1, 6);
  session.onReplied(0, 0x7fff_ffff);
  expect(offered(session).lastZxidSeen).toBe(0x1_0000_0006n);
});

test('an answer without a password changes nothing', () => {
  const session = new ClientSession(SETTINGS);
  for (const passwd of [null, new Uint8Array(15)]) {
    expect(() => session.onOpened({ ...RESPONSE, passwd })).toThrow('session password');
  }
  expect(session).toMatchObject({ id: 0n, timeoutMs: 30_000 });
});

test('its password is given away in copies', () => {
  const session = new ClientSession(SETTINGS);
  session.onOpened(RESPONSE);
  session.password.fill(0);
  expect(session.password).toEqual(PASSWORD);
});
