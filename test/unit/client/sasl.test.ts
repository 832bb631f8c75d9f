/** SASL DIGEST-MD5: the mechanism alone, and how a client carries it. */
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { encodeUtf8 } from '../../../src/base/utf8.js';
import { DigestMd5Mechanism, type SaslCredentials } from '../../../src/client/digest-md5-mechanism.js';
import { SaslError } from '../../../src/client/sasl-mechanism.js';
import { ErrorCode } from '../../../src/protocol/error-code.js';
import { OpCode } from '../../../src/protocol/op-code.js';
import {
  connectResponse,
  type FakeConnection,
  FakeWorld,
  hexBytes,
  reply,
  settled,
  watchPromise,
} from './fake-world.js';

const BOB: SaslCredentials = { username: 'bob', password: 'bobsecret' };
const NONCE = 'XRLjRyW4LFlksOOiMUXMllhf8eMOtnZlD2cvSrXs';
const CHALLENGE = `realm="zk-sasl-md5",nonce="${NONCE}",charset=utf-8,algorithm=md5-sess`;
const RSPAUTH = 'rspauth=5b4868684a0367e43ceb6e3d8644ef63';

function mechanism(credentials = BOB, cnonce = '0123456789abcdef'): DigestMd5Mechanism {
  return new DigestMd5Mechanism(credentials, cnonce, (bytes) => createHash('md5').update(bytes).digest());
}

const answerTo = (challenge: string, credentials = BOB): string =>
  Buffer.from(mechanism(credentials).onToken(Buffer.from(challenge, 'latin1')) ?? []).toString('latin1');

describe('the mechanism', () => {
  test('vector V55 of the protocol’s specification', () => {
    const bob = mechanism();
    expect(bob.firstToken()).toEqual(new Uint8Array(0));
    const answer = bob.onToken(encodeUtf8(CHALLENGE));
    expect(Buffer.from(answer ?? []).toString()).toBe(
      `charset=utf-8,username="bob",realm="zk-sasl-md5",nonce="${NONCE}",nc=00000001,cnonce="0123456789abcdef",` +
        'digest-uri="zookeeper/zk-sasl-md5",maxbuf=65536,response=a25f227c331370141dc433ef204aa511,qop=auth',
    );
    expect(bob.onToken(encodeUtf8(RSPAUTH))).toBeNull();
  });

  test('a server that does not know the password is found out', () => {
    const bob = mechanism();
    bob.onToken(encodeUtf8(CHALLENGE));
    expect(() => bob.onToken(encodeUtf8(RSPAUTH.replace('5b', '5c')))).toThrow(SaslError);
    const again = mechanism();
    again.onToken(encodeUtf8(CHALLENGE));
    expect(() => again.onToken(new Uint8Array(0))).toThrow('does not know the password');
  });

  test.each([
    ['no nonce', 'realm="r",algorithm=md5-sess', 'without a nonce'],
    ['two nonces', 'nonce="a",nonce="b",algorithm=md5-sess', 'nonce stands in the token twice'],
    ['another algorithm', 'nonce="a",algorithm=md5', 'another algorithm'],
    ['no algorithm', 'nonce="a"', 'another algorithm'],
    ['integrity or nothing', 'nonce="a",algorithm=md5-sess,qop="auth-int,auth-conf"', 'protection of the messages'],
    ['no directives', '\u0000\u0001', 'no list of directives'],
    ['a quote that does not end', 'nonce="a', 'no list of directives'],
    ['no end', `nonce="${'a'.repeat(5000)}"`, 'a token of'],
  ])('a challenge with %s is refused', (_, challenge, message) => {
    expect(() => answerTo(challenge)).toThrow(message);
  });

  test('blanks, empty elements, escapes, keys in capitals and several offers are taken as they are meant', () => {
    const answer = answerTo(' Realm="a\\"b" ,, NONCE=n , qop="auth-int, auth" , Algorithm=md5-sess, stale=true ,');
    expect(answer).toContain('realm="a\\"b",nonce="n",');
    expect(answer).not.toContain('charset');
    expect(answerTo('nonce="n",algorithm=md5-sess')).not.toContain('realm=');
  });

  test('names beyond ASCII: UTF-8 on the wire, hashed as one byte each while they fit', () => {
    // RFC 2831, 2.1.2.1. Worked out with an independent implementation of its formulas.
    const latin = answerTo(CHALLENGE, { username: 'jürgen', password: 'geheim' });
    expect(latin).toContain(`username="${Buffer.from('jürgen').toString('latin1')}"`);
    const response = (text: string, encoding: BufferEncoding): string => {
      const md5 = (input: Buffer | string): Buffer => createHash('md5').update(input).digest();
      const secret = md5(Buffer.from(text, encoding));
      const a1 = md5(Buffer.concat([secret, Buffer.from(`:${NONCE}:0123456789abcdef`)])).toString('hex');
      const a2 = md5('AUTHENTICATE:zookeeper/zk-sasl-md5').toString('hex');
      return md5(`${a1}:${NONCE}:00000001:0123456789abcdef:auth:${a2}`).toString('hex');
    };
    expect(latin).toContain(`response=${response('jürgen:zk-sasl-md5:geheim', 'latin1')}`);
    const wide = answerTo(CHALLENGE, { username: 'bob', password: 'пароль' });
    expect(wide).toContain(`response=${response('bob:zk-sasl-md5:пароль', 'utf8')}`);
    expect(() => answerTo('nonce="n",algorithm=md5-sess', { username: 'пётр', password: 'x' })).toThrow('user name');
  });
});

describe('the client', () => {
  const token = (xid: number, text: string): Uint8Array => reply(xid, 0n, 0, (w) => w.writeBuffer(encodeUtf8(text)));

  function world(options = {}): FakeWorld {
    return new FakeWorld('a:1', options, 1, { createSaslMechanism: () => mechanism() });
  }

  function opened(of: FakeWorld): FakeConnection {
    const { connection } = of;
    connection.handlers.onConnect();
    connection.takeHex();
    connection.answer(connectResponse(6000));
    of.runTurns();
    return connection;
  }

  test('nothing but tokens until both sides are satisfied, then credentials, watches and requests', async () => {
    const w = world();
    const auth = watchPromise(w.zk.addAuth('digest', encodeUtf8('u:p')));
    const connected = watchPromise(w.zk.whenConnected());
    const read = watchPromise(w.zk.exists('/a'));
    const connection = opened(w);
    expect(connection.takeHex()).toBe('0000000c' + '00000001' + '00000066' + '00000000');
    w.advance(3000); // a ping would be due
    await settled();
    expect([w.zk.state, connected.outcome, w.events]).toEqual(['CONNECTING', 'pending', []]);
    connection.answer(token(1, CHALLENGE));
    void w.zk.exists('/b');
    w.runTurns();
    const frames = connection.takeFrames();
    expect(frames.map((r) => [r.readInt(), r.readInt()])).toEqual([[2, OpCode.sasl]]);
    connection.answer(token(2, RSPAUTH));
    w.runTurns();
    await settled();
    expect([w.zk.state, connected.outcome]).toEqual(['CONNECTED', undefined]);
    expect(w.events).toEqual([
      'state:SyncConnected type:None path:null zxid: -1',
      'state:SaslAuthenticated type:None path:null zxid: -1',
    ]);
    expect(connection.takeHeaders()).toEqual([
      [-4, OpCode.auth],
      [3, OpCode.exists],
      [4, OpCode.exists],
    ]);
    connection.answer(reply(-4, 0n), reply(3, 5n, ErrorCode.NoNode));
    await settled();
    expect([auth.outcome, read.outcome, w.zk.lastZxid]).toEqual([undefined, null, 5n]);
  });

  test('each connection has its own conversation', async () => {
    const w = world();
    let connection = opened(w);
    connection.answer(token(1, CHALLENGE));
    w.runTurns();
    connection.handlers.onClose(new Error('gone'));
    w.advanceToDial();
    connection = opened(w);
    expect(connection.takeHex()).toBe('0000000c' + '00000003' + '00000066' + '00000000');
    connection.answer(token(3, CHALLENGE));
    w.runTurns();
    connection.answer(token(4, RSPAUTH));
    expect(w.zk.state).toBe('CONNECTED');
  });

  test.each([
    // Vector V56 of the protocol's specification.
    ['a refusal', '00000014 00000001 0000000000000000 ffffff8d ffffffff'],
    ['a refusal by a server that insists', '00000014 00000001 0000000000000000 ffffff84 ffffffff'],
    ['a server that lets everybody in', '00000014 00000001 0000000000000000 00000000 ffffffff'],
    ['a challenge without sense', '00000015 00000001 0000000000000000 00000000 00000001 2c'],
  ])('%s ends the session: AUTH_FAILED', async (_, hex) => {
    const w = world({ whileDisconnected: 'queue' });
    const read = watchPromise(w.zk.exists('/a'));
    const connection = opened(w);
    connection.takeHex();
    connection.answer(hexBytes(hex));
    await settled();
    expect([w.zk.state, connection.isDestroyed, connection.takeHex()]).toEqual(['AUTH_FAILED', true, '']);
    expect(w.events).toEqual(['state:AuthFailed type:None path:null zxid: -1']);
    expect(read.outcome).toMatchObject({ name: 'AuthFailed' });
  });

  test('an answer to something else drops the connection', async () => {
    const w = world();
    const connection = opened(w);
    connection.answer(token(7, CHALLENGE));
    await settled();
    expect([connection.isDestroyed, w.zk.state]).toEqual([true, 'CONNECTING']);
  });

  test('a server that stops answering in the middle costs its share of the timeout, not the session', async () => {
    const w = world({ sessionTimeoutMs: 6000 });
    const connection = opened(w);
    connection.answer(token(1, CHALLENGE));
    w.advance(5999);
    expect(connection.isDestroyed).toBe(false);
    w.advance(1);
    expect([connection.isDestroyed, w.zk.isAlive]).toEqual([true, true]);
  });

  test('closing in the middle is closing', async () => {
    const w = world();
    const connection = opened(w);
    await w.zk.close();
    expect([connection.isDestroyed, w.zk.state]).toEqual([true, 'CLOSED']);
  });
});
