/**
 * Authentication against a real process: what a server with SASL users says to each DIGEST-MD5 response, in which order it
 * lists identities, what it does to a client that has to log in and does not. THREADKEEPER_TEST_SERVER=apache asks the
 * reference, from which all of it was learnt.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DIGEST_MD5_CASES } from '../testing/digest-md5-cases.js';
import { type DigestMd5Message, digestMd5Response } from '../testing/digest-md5-client.js';
import { jaasEnvironment, SASL_PROVIDER, SASL_USERS, writeJaasFile } from '../testing/sasl-users.js';
import type { ServerProcess } from '../testing/server-process.js';
import { startServerUnderTest } from '../testing/server-under-test.js';
import { makeTempDir } from '../testing/temp-dir.js';
import { counted, int32, Op, parseReply, type Reply, request, WireConnection } from '../testing/wire-connection.js';

const AUTH = 100;
const SASL = 102;
const WHO_AM_I = 107;
const AUTH_XID = -4;
const AUTH_FAILED = -115;
const LOGIN_REQUIRED = -124;
const NULL = Buffer.from('ffffffff', 'hex');

const dir = makeTempDir('authentication');
afterAll(() => dir.remove());

async function start(cfg: Readonly<Record<string, string>> = {}): Promise<ServerProcess> {
  return await startServerUnderTest({
    cfg: { ...SASL_PROVIDER, ...cfg },
    env: jaasEnvironment(writeJaasFile(dir.path)),
  });
}

function tokenOf(reply: Reply): string | null {
  return reply.body.equals(NULL) ? null : reply.body.subarray(4).toString();
}

async function challengeOf(connection: WireConnection): Promise<string> {
  return tokenOf(await connection.call(1, SASL, counted(''))) as string;
}

async function login(connection: WireConnection, message: DigestMd5Message = {}): Promise<Reply> {
  const challenge = await challengeOf(connection);
  return await connection.call(2, SASL, counted(digestMd5Response(challenge, message)));
}

async function digestLogin(connection: WireConnection, credentials: string): Promise<void> {
  const { err, zxid } = await connection.call(AUTH_XID, AUTH, int32(0), counted('digest'), counted(credentials));
  expect([err, zxid]).toEqual([0, 0n]);
}

/** `sasl:bob ip:127.0.0.1`, in the server's order. */
async function identitiesOf(connection: WireConnection): Promise<string> {
  const { body } = await connection.call(9, WHO_AM_I);
  const texts: string[] = [];
  for (let at = 4; at < body.length; at += 4 + body.readInt32BE(at)) {
    texts.push(body.subarray(at + 4, at + 4 + body.readInt32BE(at)).toString());
  }
  return texts
    .map((text, i) => (i % 2 === 0 ? `${text}:` : `${text} `))
    .join('')
    .trim();
}

describe('SASL DIGEST-MD5', () => {
  let server: ServerProcess;
  beforeAll(async () => {
    server = await start({ superUser: 'ann' });
  });
  afterAll(() => server?.stop());

  const open = (): Promise<WireConnection> => WireConnection.openSession(server.port);

  test.each(DIGEST_MD5_CASES)('$name: $succeeds', async ({ respond, succeeds }) => {
    const connection = await open();
    const challenge = await challengeOf(connection);
    const reply = await connection.call(2, SASL, counted(respond(challenge)));
    expect(reply.zxid).toBe(0n);
    if (succeeds) {
      expect([reply.err, tokenOf(reply)]).toEqual([0, expect.stringMatching(/^rspauth=[0-9a-f]{32}$/)]);
      expect(await identitiesOf(connection)).toBe('sasl:bob ip:127.0.0.1');
    } else {
      expect([reply.err, tokenOf(reply)]).toEqual([AUTH_FAILED, null]);
      expect(await connection.readToEnd()).toHaveLength(0);
    }
    connection.destroy();
  });

  test.each(SASL_USERS)('user %s', async (user, password) => {
    const connection = await open();
    expect((await login(connection, { user, password })).err).toBe(0);
    const identities = await identitiesOf(connection);
    expect(identities.split(' ').sort()).toEqual(
      ['ip:127.0.0.1', `sasl:${user}`, ...(user === 'ann' ? ['super:'] : [])].sort(),
    );
    connection.destroy();
  });

  test('a second negotiation on the same connection ends it', async () => {
    const connection = await open();
    expect((await login(connection)).err).toBe(0);
    const reply = await connection.call(3, SASL, counted(''));
    expect([reply.err, tokenOf(reply)]).toEqual([AUTH_FAILED, null]);
    expect(await connection.readToEnd()).toHaveLength(0);
    connection.destroy();
  });

  test('no request behind a failed one is done', async () => {
    const connection = await open();
    const challenge = await challengeOf(connection);
    connection.send(
      request(2, SASL, counted(digestMd5Response(challenge, { password: 'x' }))),
      request(
        3,
        Op.Create,
        counted('/behind'),
        counted(''),
        int32(1),
        int32(31),
        counted('world'),
        counted('anyone'),
        int32(0),
      ),
    );
    expect((await connection.nextReply()).err).toBe(AUTH_FAILED);
    expect(await connection.readToEnd()).toHaveLength(0);
    connection.destroy();
    const other = await open();
    expect((await other.call(1, Op.Exists, counted('/behind'), Buffer.of(0))).err).toBe(-101);
    other.destroy();
  });
});

describe('identities', () => {
  let server: ServerProcess;
  beforeAll(async () => {
    server = await start();
  });
  afterAll(() => server?.stop());

  test('come in the order of a hash set', async () => {
    const connection = await WireConnection.openSession(server.port);
    for (let i = 1; i <= 11; i++) await digestLogin(connection, `u${i}:a`);
    expect(await identitiesOf(connection)).toBe(
      'digest:u7 digest:u5 ip:127.0.0.1 digest:u1 digest:u9 digest:u2 digest:u6 digest:u3 digest:u10 digest:u11 digest:u4 digest:u8',
    );
    connection.destroy();
  });
});

describe('enforced authentication', () => {
  let server: ServerProcess;
  beforeAll(async () => {
    // The first connection, by which the harness knows that the server serves, ends with an error: so it does serve.
    server = await start({ 'enforce.auth.enabled': 'true', 'enforce.auth.schemes': 'sasl,digest' });
  });
  afterAll(() => server?.stop());

  test.each([
    ['ping', Op.Ping, -2],
    ['closeSession', Op.Close, 1],
    ['exists', Op.Exists, 1],
    ['an unknown operation', 99, 1],
  ])('refuses %s', async (_name, op, xid) => {
    const connection = await WireConnection.openSession(server.port);
    connection.send(request(xid, op), request(xid, op));
    const payload = await connection.nextFrame();
    expect(payload).toHaveLength(16);
    expect(parseReply(payload as Buffer)).toMatchObject({ xid, zxid: 0n, err: LOGIN_REQUIRED });
    expect(await connection.readToEnd()).toHaveLength(0);
    connection.destroy();
  });

  test('has its own error for a failed SASL login', async () => {
    const connection = await WireConnection.openSession(server.port);
    const reply = await login(connection, { password: 'x' });
    expect([reply.err, reply.zxid, tokenOf(reply)]).toEqual([LOGIN_REQUIRED, 0n, null]);
    expect(await connection.readToEnd()).toHaveLength(0);
    connection.destroy();
  });

  test('serves who has logged in, either way', async () => {
    const bySasl = await WireConnection.openSession(server.port);
    expect((await login(bySasl)).err).toBe(0);
    expect(await identitiesOf(bySasl)).toBe('sasl:bob ip:127.0.0.1');
    await bySasl.closeSession();
    const byDigest = await WireConnection.openSession(server.port);
    await digestLogin(byDigest, 'a:b');
    await byDigest.closeSession();
  });
});
