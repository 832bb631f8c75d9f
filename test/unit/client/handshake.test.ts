import { expect, test } from 'vitest';
import { ErrorCode } from '../../../src/protocol/error-code.js';
import { connectResponse, FakeWorld, hexBytes, PASSWORD, settled, watchPromise } from './fake-world.js';

const NEW_SESSION = `
  0000002d 00000000 0000000000000000 00007530 0000000000000000 00000010 00000000000000000000000000000000 00`;
const PASSWORD_V1 = '2fd82f63907782112514b96c591aa5d0';

function hex(text: string): string {
  return text.replaceAll(/\s/g, '');
}

test('the connect request of a new session, and nothing behind it before the response', () => {
  const world = new FakeWorld();
  void world.zk.exists('/queued');
  world.connection.handlers.onConnect();
  world.runTurns();
  expect(world.connection.takeHex()).toBe(hex(NEW_SESSION));
  world.advance(100);
  expect(world.connection.takeHex()).toBe('');
});

test.each([
  ['37 bytes', '00000025 00000000 00007530 0100002b20130000 00000010', '00'],
  ['36 bytes, from a server that does not know readOnly', '00000024 00000000 00007530 0100002b20130000 00000010', ''],
])('a response of %s opens the session', async (_, head, tail) => {
  const world = new FakeWorld();
  const connected = watchPromise(world.zk.whenConnected());
  world.connection.handlers.onConnect();
  world.connection.answer(hexBytes(head + PASSWORD_V1 + tail));
  await settled();
  expect(world.zk.state).toBe('CONNECTED');
  expect(world.zk.sessionId).toBe(0x100002b20130000n);
  expect(Buffer.from(world.zk.sessionPassword).toString('hex')).toBe(PASSWORD_V1);
  expect(world.zk.sessionTimeoutMs).toBe(30_000);
  expect(world.events).toEqual(['state:SyncConnected type:None path:null zxid: -1']);
  expect(connected.outcome).toBeUndefined();
});

test('a response that comes a byte at a time', () => {
  const world = new FakeWorld();
  world.connection.handlers.onConnect();
  for (const byte of connectResponse(4000)) world.connection.answer(Uint8Array.of(byte));
  expect(world.zk.state).toBe('CONNECTED');
  expect(world.zk.sessionTimeoutMs).toBe(4000);
});

test('a session id with the top bit set stays what it is', () => {
  const world = new FakeWorld();
  world.connection.handlers.onConnect();
  world.connection.answer(connectResponse(4000, -0x7effffff00000000n));
  expect(world.zk.sessionId).toBe(-0x7effffff00000000n);
});

test('a session that another client opened is taken over', () => {
  const session = { id: 0x100002b20130000n, password: PASSWORD };
  const world = new FakeWorld('a:1', { session, sessionTimeoutMs: 6000, canBeReadOnly: true });
  world.connection.handlers.onConnect();
  expect(world.connection.takeHex()).toBe(
    hex('0000002d 00000000 0000000000000000 00001770 0100002b20130000 00000010 0102030405060708090a0b0c0d0e0f10 01'),
  );
});

test('timeOut 0: the session is gone, and so is everything that waited', async () => {
  const session = { id: 0x100002b20130000n, password: PASSWORD };
  const world = new FakeWorld('a:1', { session });
  const queued = watchPromise(world.zk.exists('/a'));
  const connected = watchPromise(world.zk.whenConnected());
  const auth = watchPromise(world.zk.addAuth('digest', new Uint8Array(3)));
  world.connection.handlers.onConnect();
  world.connection.answer(connectResponse(0, 0n));
  await settled();
  expect(world.zk.state).toBe('CLOSED');
  expect(world.connection.isDestroyed).toBe(true);
  expect(world.events).toEqual(['state:Expired type:None path:null zxid: -1']);
  for (const { outcome } of [queued, connected, auth]) {
    expect(outcome).toMatchObject({ name: 'SessionExpired', code: ErrorCode.SessionExpired });
  }
  await expect(world.zk.exists('/a')).rejects.toThrow('KeeperErrorCode = Session expired for /a');
});

test('what follows the end of a session in the same chunk is not looked at', async () => {
  const world = new FakeWorld();
  world.connection.handlers.onConnect();
  world.connection.answer(connectResponse(0, 0n), hexBytes('00000010 00000001 0000000000000009 00000000'));
  await settled();
  expect(world.zk.state).toBe('CLOSED');
  expect(world.events).toEqual(['state:Expired type:None path:null zxid: -1']);
});

test('a read-only server is shown as such, and its session id is not taken elsewhere', async () => {
  const world = new FakeWorld('a:1', { canBeReadOnly: true });
  world.connection.handlers.onConnect();
  world.connection.answer(connectResponse(6000, 77n, true));
  await settled();
  expect(world.zk.state).toBe('CONNECTEDREADONLY');
  expect(world.events).toEqual(['state:ConnectedReadOnly type:None path:null zxid: -1']);
  world.connection.handlers.onClose(new Error('gone'));
  world.advanceToDial();
  world.connection.handlers.onConnect();
  expect(world.connection.takeHex().slice(32, 56)).toBe('00007530' + '0000000000000000');
});

test.each([
  ['a password of the wrong length', '00000015 00000000 00007530 0100002b20130000 00000001 00'],
  ['a cut response', '00000008 00000000 00007530'],
  ['a frame length that cannot be', '80000000'],
])('%s ends the attempt, not the client', async (_, bytes) => {
  const world = new FakeWorld();
  const queued = watchPromise(world.zk.exists('/a'));
  world.connection.handlers.onConnect();
  world.connection.answer(hexBytes(bytes));
  await settled();
  expect(world.connection.isDestroyed).toBe(true);
  expect(world.zk.state).toBe('CONNECTING');
  expect(queued.outcome).toMatchObject({ name: 'ConnectionLoss' });
  expect(world.events).toEqual([]);
  world.advanceToDial();
  world.accept();
  expect(world.zk.state).toBe('CONNECTED');
});
