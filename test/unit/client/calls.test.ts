/** Call options: timeouts, AbortSignal, and what becomes of calls while there is no session. */
import { expect, test } from 'vitest';
import { encodeUtf8 } from '../../../src/base/utf8.js';
import { ErrorCode } from '../../../src/protocol/error-code.js';
import { OpCode } from '../../../src/protocol/op-code.js';
import { EventType } from '../../../src/protocol/watch-event.js';
import { dataReply } from './canned-replies.js';
import { connectResponse, FakeWorld, notification, reply, settled, watchPromise } from './fake-world.js';

test('an aborted call on the wire rejects at once; its reply is swallowed in its place', async () => {
  const world = new FakeWorld();
  const connection = world.accept();
  const abort = new AbortController();
  const seen: string[] = [];
  const given = watchPromise(world.zk.getData('/a', () => seen.push('event'), { signal: abort.signal }));
  const next = watchPromise(world.zk.exists('/b'));
  world.runTurns();
  expect(connection.takeHeaders().length).toBe(2);
  const reason = new Error('changed my mind');
  abort.abort(reason);
  await settled();
  expect([given.outcome, next.outcome]).toEqual([reason, 'pending']);
  connection.answer(dataReply(1), reply(2, 10n, ErrorCode.NoNode), notification(EventType.NodeDataChanged, '/a'));
  await settled();
  expect(next.outcome).toBeNull();
  expect(seen).toEqual([]); // the caller was told that there is no watch
  expect([world.zk.state, world.zk.outstandingCount, world.zk.lastZxid]).toEqual(['CONNECTED', 0, 10n]);
});

test('the reply to an aborted call may be anything: it is not even decoded', async () => {
  const world = new FakeWorld();
  const connection = world.accept();
  const abort = new AbortController();
  const given = watchPromise(world.zk.getData('/a', false, { signal: abort.signal }));
  world.runTurns();
  abort.abort();
  connection.answer(reply(1, 9n)); // without the record it should have
  await settled();
  expect(given.outcome).toMatchObject({ name: 'AbortError' });
  expect(world.zk.state).toBe('CONNECTED');
});

test('a call that was aborted before, or before it was sent, is never sent', async () => {
  const world = new FakeWorld();
  const abort = new AbortController();
  const waiting = watchPromise(world.zk.setData('/a', null, -1, { signal: abort.signal }));
  const other = watchPromise(world.zk.exists('/b'));
  abort.abort();
  const late = watchPromise(world.zk.delete('/c', -1, { signal: abort.signal }));
  const connection = world.accept();
  await settled();
  for (const { outcome } of [waiting, late]) expect(outcome).toMatchObject({ name: 'AbortError' });
  expect(connection.takeHeaders()).toEqual([[1, OpCode.exists]]);
  connection.answer(reply(1, 3n, ErrorCode.NoNode));
  await settled();
  expect(other.outcome).toBeNull();
});

test('a signal shared by many calls has one listener while any of them waits, then none', async () => {
  const world = new FakeWorld();
  const connection = world.accept();
  const abort = new AbortController();
  const { signal } = abort;
  const listeners: string[] = [];
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (type: string, listener: () => void) => {
    listeners.push('added');
    addEventListener.call(signal, type, listener);
  };
  signal.removeEventListener = (type: string, listener: () => void) => {
    listeners.push('removed');
    removeEventListener.call(signal, type, listener);
  };
  const calls = [
    world.zk.exists('/a', false, { signal }),
    world.zk.exists('/b', false, { signal }),
    world.zk.exists('/c', false, { signal, timeoutMs: 100 }),
    world.zk.exists('/d', false, { signal }),
  ].map((call) => watchPromise(call));
  const stream = world.zk.watch('/w', { signal });
  world.runTurns();
  connection.answer(reply(1, 3n, ErrorCode.NoNode), reply(2, 3n, ErrorCode.NoAuth));
  world.advance(100);
  connection.handlers.onClose(new Error('gone'));
  await settled();
  expect(calls.map(({ outcome }) => outcome)).toMatchObject([
    null,
    { name: 'NoAuth' },
    { name: 'RequestTimeout' },
    { name: 'ConnectionLoss' },
  ]);
  expect(listeners).toEqual(['added']);
  await stream.return();
  expect(listeners).toEqual(['added', 'removed']);
  const late = watchPromise(world.zk.exists('/e', false, { signal }));
  const later = watchPromise(world.zk.exists('/f', false, { signal }));
  abort.abort(new Error('all of you'));
  await settled();
  for (const { outcome } of [late, later]) expect(outcome).toMatchObject({ message: 'all of you' });
  expect(listeners).toEqual(['added', 'removed', 'added', 'removed']);
});

test('a call has its own time, from the call on; the connection lives on', async () => {
  const world = new FakeWorld();
  const connection = world.accept();
  const short = watchPromise(world.zk.exists('/a', false, { timeoutMs: 50 }));
  const long = watchPromise(world.zk.exists('/b', false, { timeoutMs: 200 }));
  const patient = watchPromise(world.zk.exists('/c'));
  world.advance(49);
  await settled();
  expect(short.outcome).toBe('pending');
  world.advance(1);
  await settled();
  expect(short.outcome).toMatchObject({ name: 'RequestTimeout', code: -122, path: '/a' });
  expect([long.outcome, patient.outcome]).toEqual(['pending', 'pending']);
  world.advance(150);
  await settled();
  expect(long.outcome).toMatchObject({ name: 'RequestTimeout', path: '/b' });
  connection.answer(...[1, 2, 3].map((xid) => reply(xid, 3n, ErrorCode.NoNode)));
  await settled();
  expect(patient.outcome).toBeNull();
  expect(world.zk.state).toBe('CONNECTED');
});

test("the client's own request timeout holds for calls that name none, and 0 lifts it", async () => {
  const world = new FakeWorld('a:1', { requestTimeoutMs: 100 });
  world.accept();
  const usual = watchPromise(world.zk.exists('/a'));
  const unlimited = watchPromise(world.zk.exists('/b', false, { timeoutMs: 0 }));
  world.advance(100);
  await settled();
  expect(usual.outcome).toMatchObject({ name: 'RequestTimeout' });
  expect(unlimited.outcome).toBe('pending');
});

test('close does not hurry because of the request timeout', async () => {
  const world = new FakeWorld('a:1', { requestTimeoutMs: 100 });
  const connection = world.accept();
  const closed = watchPromise(world.zk.close());
  world.advance(500);
  await settled();
  expect([closed.outcome, connection.isDestroyed]).toEqual(['pending', false]);
  connection.answer(reply(1, 3n));
  await settled();
  expect(closed.outcome).toBeUndefined();
});

test('time also runs while there is no session', async () => {
  const world = new FakeWorld('a:1', { whileDisconnected: 'queue' });
  const waiting = watchPromise(world.zk.exists('/a', false, { timeoutMs: 500 }));
  world.connection.handlers.onClose(new Error('refused'));
  world.advance(499);
  await settled();
  expect(waiting.outcome).toBe('pending');
  world.advance(1);
  await settled();
  expect(waiting.outcome).toMatchObject({ name: 'RequestTimeout' });
  while (!world.connection.isDestroyed && world.transport.connections.length < 2) world.advance(100);
  expect(world.accept().takeHex()).toBe('');
});

test("'fail': without a session a call is rejected at once", async () => {
  const world = new FakeWorld('a:1', { whileDisconnected: 'fail' });
  const early = watchPromise(world.zk.exists('/a'));
  const patient = watchPromise(world.zk.exists('/b', false, { whileDisconnected: 'attempt' }));
  await settled();
  expect(early.outcome).toMatchObject({ name: 'ConnectionLoss', path: '/a' });
  expect(patient.outcome).toBe('pending');
  const connection = world.accept();
  expect(connection.takeHeaders()).toEqual([[1, OpCode.exists]]);
  connection.handlers.onClose(new Error('gone'));
  await expect(world.zk.exists('/c')).rejects.toMatchObject({ name: 'ConnectionLoss' });
});

test("'attempt': a call waits for the attempt under way, and fails with it", async () => {
  const world = new FakeWorld('a:1');
  const call = watchPromise(world.zk.exists('/a'));
  await settled();
  expect(call.outcome).toBe('pending');
  world.connection.handlers.onClose(new Error('refused'));
  await settled();
  expect(call.outcome).toMatchObject({ name: 'ConnectionLoss', path: '/a' });
});

test("'queue': calls wait through failed attempts, in order, with the data they were given", async () => {
  const world = new FakeWorld('a:1', { whileDisconnected: 'queue' });
  const data = encodeUtf8('as it was');
  const write = watchPromise(world.zk.setData('/a', data));
  data.fill(0);
  world.connection.handlers.onClose(new Error('refused'));
  world.advanceToDial();
  const read = watchPromise(world.zk.exists('/a'));
  world.connection.handlers.onClose(new Error('refused'));
  world.advanceToDial();
  await settled();
  expect([write.outcome, read.outcome, world.zk.outstandingCount]).toEqual(['pending', 'pending', 2]);
  const [first, second, ...rest] = world.accept().takeFrames();
  if (first === undefined || second === undefined) throw new Error('two frames expected');
  expect([first.readInt(), first.readInt(), first.readUstring()]).toEqual([1, OpCode.setData, '/a']);
  expect(first.readBuffer()).toEqual(Buffer.from('as it was'));
  expect([second.readInt(), second.readInt(), rest.length]).toEqual([2, OpCode.exists, 0]);
});

test("'queue': what was written to a connection fails with it nevertheless", async () => {
  const world = new FakeWorld('a:1', { whileDisconnected: 'queue' });
  const connection = world.accept();
  const sent = watchPromise(world.zk.exists('/a'));
  world.runTurns();
  connection.handlers.onClose(new Error('gone'));
  await settled();
  expect(sent.outcome).toMatchObject({ name: 'ConnectionLoss' });
});

test("'queue': the end of the session ends the waiting", async () => {
  const world = new FakeWorld('a:1', { whileDisconnected: 'queue' });
  const queued = watchPromise(world.zk.exists('/a'));
  world.connection.handlers.onConnect();
  world.connection.answer(connectResponse(0, 0n));
  await settled();
  expect(queued.outcome).toMatchObject({ name: 'SessionExpired' });
});

test('a call that cannot be encoded is refused in every state, and leaves the others whole', async () => {
  const world = new FakeWorld('a:1', { whileDisconnected: 'queue' });
  const broken = { length: 3 } as unknown as Uint8Array;
  const bad = watchPromise(world.zk.setData('/a', broken, Symbol('version') as unknown as number));
  const good = world.zk.exists('/b');
  await settled();
  expect(bad.outcome).toBeInstanceOf(TypeError);
  expect(world.accept().takeHeaders()).toEqual([[1, OpCode.exists]]);
  world.connection.answer(reply(1, 3n, ErrorCode.NoNode));
  expect(await good).toBeNull();
});

test('whenConnected: with a limit of its own, and through failed attempts without', async () => {
  const world = new FakeWorld('a:1', { requestTimeoutMs: 10 });
  const abort = new AbortController();
  const [patient, late, aborted] = [
    world.zk.whenConnected(),
    world.zk.whenConnected({ timeoutMs: 400 }),
    world.zk.whenConnected({ signal: abort.signal }),
  ].map((call) => watchPromise(call));
  world.connection.handlers.onClose(new Error('refused'));
  world.advance(399);
  await settled();
  expect([patient?.outcome, late?.outcome]).toEqual(['pending', 'pending']);
  world.advance(1);
  abort.abort(new Error('enough'));
  await settled();
  expect(patient?.outcome).toBe('pending');
  expect(late?.outcome).toMatchObject({ name: 'RequestTimeout' });
  expect(aborted?.outcome).toMatchObject({ message: 'enough' });
  await expect(world.zk.whenConnected({ signal: abort.signal })).rejects.toThrow('enough');
  if (world.transport.connections.length < 2) world.advanceToDial();
  world.accept();
  await settled();
  expect(patient?.outcome).toBeUndefined();
  await world.zk.whenConnected({ signal: abort.signal }); // it is: nobody waits
});

// ---- the session as a thing to hold ------------------------------------------------------------------------------

test('expiresInMs: 4/3 of the timeout after the last word of a server', async () => {
  const world = new FakeWorld();
  expect(world.zk.expiresInMs).toBe(Number.POSITIVE_INFINITY);
  const connection = world.accept(9000);
  expect(world.zk.expiresInMs).toBe(12_000);
  world.clock.advance(2500);
  expect(world.zk.expiresInMs).toBe(9500);
  connection.answer(reply(-2, 0n));
  expect(world.zk.expiresInMs).toBe(12_000);
  await world.zk.detach();
  expect(world.zk.expiresInMs).toBe(0);
});

test('a session is handed over: the next client goes on where the first stopped', async () => {
  const world = new FakeWorld();
  const connection = world.accept();
  const answered = world.zk.exists('/a');
  world.runTurns();
  connection.answer(reply(1, 0x1_0000_0007n, ErrorCode.NoNode));
  expect(await answered).toBeNull();
  const unanswered = watchPromise(world.zk.exists('/b'));
  world.runTurns();
  connection.takeHex();
  const session = world.zk.detach();
  await settled();
  expect([world.zk.state, connection.isDestroyed, connection.takeHex()]).toEqual(['CLOSED', true, '']);
  expect(unanswered.outcome).toMatchObject({ name: 'ConnectionLoss' });
  await expect(world.zk.exists('/c')).rejects.toMatchObject({ name: 'SessionExpired' });

  const next = new FakeWorld('a:1', { session, sessionTimeoutMs: 6000 });
  next.connection.handlers.onConnect();
  expect(next.connection.takeHex()).toBe(
    '0000002d00000000' +
      '0000000100000007' +
      '00001770' +
      '0100002b20130000' +
      '000000100102030405060708090a0b0c0d0e0f1000',
  );
});
