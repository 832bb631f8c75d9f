// Authentication on a server by hand: `auth`, SASL, enforced authentication, and what they do to the requests before and
// behind them on the same connection (client-protocol 3.4, 5.2, 5.6, 6.7, 10.1).

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { JuteReader } from '../../../src/jute/jute-reader.js';
import type { ACL } from '../../../src/protocol/acl.js';
import { OpCode } from '../../../src/protocol/op-code.js';
import { digestMd5Response } from '../../testing/digest-md5-client.js';
import { aclTextOf } from '../../testing/inline/reply-bodies.js';
import type { SimConnectionOptions } from '../../testing/inline/sim-client-network.js';
import type { Reply, WireClient } from '../../testing/inline/wire-client.js';
import { codeName } from '../../testing/inline/wire-names.js';
import { InlineServer, type InlineServerOptions } from '../../testing/inline-server.js';

const PROVIDERS = 'org.apache.zookeeper.server.auth.';
const SASL_PROVIDER = { 'zookeeper.authProvider.sasl': `${PROVIDERS}SASLAuthenticationProvider` };
const BOB = 'bob:ikIaKsbtGweaHnb/jKn7OHqbunM=';
const ALL = 31;

let dir = '';
let withUsers: Record<string, string> = {};

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'authentication-'));
  const jaas = join(dir, 'jaas.conf');
  const users = 'user_bob="bobsecret" user_ann="annsecret" user_super="adminsecret"';
  writeFileSync(jaas, `Server { ${PROVIDERS}DigestLoginModule required ${users}; };`);
  withUsers = { ...SASL_PROVIDER, 'java.security.auth.login.config': jaas };
});
afterAll(() => rmSync(dir, { recursive: true }));

function start(properties: Readonly<Record<string, string>> = {}, options: InlineServerOptions = {}): InlineServer {
  return InlineServer.start({ ...options, properties });
}

function only(scheme: string, id: string, perms = ALL): readonly ACL[] {
  return [{ perms, id: { scheme, id } }];
}

function sasl(client: WireClient, token: string | null, xid?: number): void {
  client.request(OpCode.sasl, (w) => w.writeBuffer(token === null ? null : Buffer.from(token)), xid);
}

/** The token of a `sasl` reply, which has one whatever its error is. */
function tokenOf(reply: Reply): string | null {
  const r = new JuteReader(reply.body);
  const token = r.readBuffer();
  expect(r.remaining).toBe(0);
  return token === null ? null : Buffer.from(token).toString();
}

function challengeOf(server: InlineServer, client: WireClient): string {
  sasl(client, '');
  return tokenOf(server.reply(client)) as string;
}

function login(server: InlineServer, client: WireClient, user: string, password: string): Reply {
  sasl(client, digestMd5Response(challengeOf(server, client), { user, password }));
  return server.reply(client);
}

/** `digest: bob`, one per identity. */
function identitiesOf(server: InlineServer, client: WireClient): string[] {
  client.request(OpCode.whoAmI);
  const r = new JuteReader(server.reply(client).body);
  return Array.from({ length: r.readInt() }, () => `${r.readUstring()}: ${r.readUstring()}`).sort();
}

function ask(server: InlineServer, client: WireClient, path: string): string {
  client.getData(path);
  return codeName(server.reply(client).err);
}

describe('auth', () => {
  test('keeps its place behind writes, and counts for later requests only', () => {
    const server = start();
    const maker = server.connect();
    maker.create('/bob', { acl: only('digest', BOB) });
    server.reply(maker);
    const client = server.connect();
    client.create('/a');
    client.getData('/bob');
    client.auth('digest', 'bob:pw');
    client.getData('/bob');
    client.setData('/bob', 'x');
    client.auth('digest', 'ann:x');
    client.getData('/bob');
    server.run();
    expect(client.takeText()).toEqual([
      'create Ok @4',
      'getData NoAuth @4',
      'auth Ok @0',
      'getData Ok @4',
      'setData Ok @5',
      'auth Ok @0',
      'getData Ok @5',
    ]);
  });

  test('echoes the xid, whatever it is', () => {
    const server = start();
    const client = server.connect();
    client.request(
      OpCode.auth,
      (w) => {
        w.writeInt(7);
        w.writeUstring('digest');
        w.writeBuffer(Buffer.from('a:b'));
      },
      77,
    );
    expect(server.reply(client)).toMatchObject({ xid: 77, err: 0, zxid: 0n });
  });

  test('refused ends the connection in its place: nothing behind it is done', () => {
    const server = start();
    const client = server.connect();
    client.create('/a');
    client.auth('nosuch', 'x');
    client.create('/b');
    client.getData('/a');
    server.run();
    expect(client.takeText()).toEqual(['create Ok @2', 'auth AuthFailed @0']);
    expect(client.connection.ending).toBe('fin');
    expect(ask(server, server.connect(), '/b')).toBe('NoNode');
  });

  test('refused ends the connection also for what comes later than the answer is due', () => {
    const server = start();
    const client = server.connect();
    client.create('/a');
    client.auth('nosuch', 'x');
    server.network.deliverAll();
    client.create('/b');
    server.run();
    expect(client.takeText()).toEqual(['create Ok @2', 'auth AuthFailed @0']);
    expect(ask(server, server.connect(), '/b')).toBe('NoNode');
  });

  test('that does not decode ends the connection without a word', () => {
    for (const op of [OpCode.auth, OpCode.sasl]) {
      for (const body of [[], [0, 0, 0, 9, 1], [0, 0, 0, 0, 0, 0, 0, 1]]) {
        if (op === OpCode.sasl && body.length === 8) continue;
        const server = start();
        const client = server.connect();
        client.request(op, Uint8Array.from(body));
        server.run();
        expect(client.takeText()).toEqual([]);
        expect(client.connection.ending).toBe('fin');
      }
    }
  });

  test.each<[string, Record<string, string>, string, string | null, string]>([
    ['ip, without data', {}, 'ip', null, 'Ok'],
    ['digest, without data', {}, 'digest', null, 'AuthFailed'],
    [
      'digest, switched off',
      { 'zookeeper.DigestAuthenticationProvider.enabled': 'false' },
      'digest',
      'a:b',
      'AuthFailed',
    ],
    ['sasl', SASL_PROVIDER, 'sasl', 'bob', 'AuthFailed'],
    [
      'x509, without a certificate',
      { 'zookeeper.authProvider.x': `${PROVIDERS}X509AuthenticationProvider` },
      'x509',
      'CN=a',
      'AuthFailed',
    ],
    ['ensemble, where it is not configured', {}, 'ensemble', '', 'AuthFailed'],
  ])('%s', (_what, properties, scheme, data, outcome) => {
    const server = start(properties);
    const client = server.connect();
    client.auth(scheme, data);
    expect(codeName(server.reply(client).err)).toBe(outcome);
    expect(client.connection.ending).toBe(outcome === 'Ok' ? 'open' : 'fin');
    if (outcome === 'Ok') expect(identitiesOf(server, client)).toEqual(['ip: 127.0.0.1']);
  });

  test('digests are made with the configured algorithm', () => {
    const server = start({ 'zookeeper.DigestAuthenticationProvider.digestAlg': 'SHA-256' });
    const client = server.connect();
    client.auth('digest', 'bob:pw');
    client.create('/n', { acl: only('auth', '') });
    client.getAcl('/n');
    server.run();
    expect(aclTextOf(client.take()[2] as Reply)).toEqual([
      '31 digest:bob:lXdkgIa9O1CDDWAryQ0pe9wUYi2LkG6M7Uocn/Vyn2g=',
    ]);
  });
});

describe('the ensemble scheme', () => {
  const ENSEMBLE = { 'zookeeper.authProvider.e': `${PROVIDERS}EnsembleAuthenticationProvider` };
  const NAMED = { ...ENSEMBLE, 'zookeeper.ensembleAuthName': 'one, two' };

  test.each<[Record<string, string>, string | null]>([
    [NAMED, 'one'],
    [NAMED, 'two'],
    [NAMED, ''],
    [NAMED, null],
    [ENSEMBLE, 'any'],
  ])('%j takes "%s", and gives no identity', (properties, name) => {
    const server = start(properties);
    const client = server.connect();
    client.auth('ensemble', name);
    expect(server.reply(client)).toMatchObject({ err: 0, zxid: 0n });
    expect(identitiesOf(server, client)).toEqual(['ip: 127.0.0.1']);
  });

  test('sends others away without a word', () => {
    const server = start(NAMED);
    const client = server.connect();
    client.auth('ensemble', 'three');
    client.create('/a');
    server.run();
    expect(client.takeText()).toEqual([]);
    expect(client.connection.ending).toBe('fin');
  });

  test('is nothing for an ACL', () => {
    const server = start(NAMED);
    const client = server.connect();
    client.create('/a', { acl: only('ensemble', 'one') });
    expect(codeName(server.reply(client).err)).toBe('InvalidACL');
  });
});

describe('SASL', () => {
  test('without users answers a null token to everything', () => {
    const server = start(SASL_PROVIDER);
    const client = server.connect();
    for (const token of ['', 'x', null]) {
      sasl(client, token);
      const reply = server.reply(client);
      expect(reply).toMatchObject({ err: 0, zxid: 0n });
      expect(tokenOf(reply)).toBeNull();
    }
  });

  test.each(['', 'anything', null])('begins with a challenge, whatever the first token is: %j', (first) => {
    const server = start(withUsers);
    const client = server.connect();
    sasl(client, first);
    expect(tokenOf(server.reply(client))).toMatch(
      /^realm="zk-sasl-md5",nonce="[\w+/]{40}",charset=utf-8,algorithm=md5-sess$/,
    );
  });

  test('challenges everybody anew', () => {
    const server = start(withUsers);
    const challenges = [0, 1, 2].map(() => challengeOf(server, server.connect()));
    expect(new Set(challenges).size).toBe(3);
  });

  test('gives the identity of the user', () => {
    const server = start(withUsers);
    const client = server.connect();
    const reply = login(server, client, 'bob', 'bobsecret');
    expect(reply).toMatchObject({ err: 0, zxid: 0n });
    expect(tokenOf(reply)).toMatch(/^rspauth=[0-9a-f]{32}$/);
    expect(identitiesOf(server, client)).toEqual(['ip: 127.0.0.1', 'sasl: bob']);
    client.create('/n', { acl: only('auth', '') });
    server.reply(client);
    client.getAcl('/n');
    expect(aclTextOf(server.reply(client))).toEqual(['31 sasl:bob']);
  });

  test('keeps its place behind writes', () => {
    const server = start(withUsers);
    const client = server.connect();
    const challenge = challengeOf(server, client);
    client.create('/a');
    sasl(client, digestMd5Response(challenge));
    client.create('/b');
    client.request(OpCode.whoAmI);
    server.run();
    expect(client.takeText()).toEqual(['create Ok @2', 'sasl Ok @0', 'create Ok @3', 'whoAmI Ok @3']);
  });

  test('failed is answered with a null token in its place, and ends the connection', () => {
    const server = start(withUsers);
    const client = server.connect();
    const challenge = challengeOf(server, client);
    client.create('/a');
    sasl(client, digestMd5Response(challenge, { password: 'x' }));
    client.create('/b');
    server.run();
    const frames = client.take() as Reply[];
    expect(frames.map(({ err }) => codeName(err))).toEqual(['Ok', 'AuthFailed']);
    expect(frames[1]?.zxid).toBe(0n);
    expect(tokenOf(frames[1] as Reply)).toBeNull();
    expect(client.connection.ending).toBe('fin');
    expect(ask(server, server.connect(), '/b')).toBe('NoNode');
  });

  test('that is over fails', () => {
    const server = start(withUsers);
    const client = server.connect();
    login(server, client, 'bob', 'bobsecret');
    sasl(client, '');
    const reply = server.reply(client);
    expect([codeName(reply.err), tokenOf(reply)]).toEqual(['AuthFailed', null]);
    expect(client.connection.ending).toBe('fin');
  });

  test('failed may be forgiven: the client stays, as nobody, and gets no second guess', () => {
    const server = start({ ...withUsers, 'zookeeper.allowSaslFailedClients': 'true' });
    const client = server.connect();
    const challenge = challengeOf(server, client);
    for (const password of ['x', 'bobsecret']) {
      sasl(client, digestMd5Response(challenge, { password }));
      const reply = server.reply(client);
      expect([reply.err, tokenOf(reply)]).toEqual([0, null]);
    }
    expect(identitiesOf(server, client)).toEqual(['ip: 127.0.0.1']);
    expect(client.connection.ending).toBe('open');
  });

  test('does not keep a session alive', () => {
    const server = start(withUsers);
    const client = server.connect({ timeOutMs: 4000 });
    for (let i = 0; i < 5; i++) {
      sasl(client, '');
      client.auth('ip', '');
      server.run();
      client.take();
      if (client.connection.ending !== 'open') break;
      server.advance(2000);
    }
    expect(client.connection.ending).toBe('fin');
  });

  test('tells the log who came, and neither password nor proof', () => {
    const server = start(withUsers);
    const client = server.connect();
    const challenge = challengeOf(server, client);
    const wrong = digestMd5Response(challenge, { password: 'guessed' });
    sasl(client, wrong);
    server.run();
    const other = server.connect();
    login(server, other, 'bob', 'bobsecret');
    other.auth('digest', 'bob:pw');
    server.run();
    const log = [...server.warnings, ...server.sayings].join('\n');
    expect(log).toContain('failed to SASL authenticate: wrong response for user "bob"');
    expect(log).toContain('authorizationID: "bob"');
    for (const secret of ['guessed', 'bobsecret', /response=(\w+)/.exec(wrong)?.[1] as string, ':pw', BOB]) {
      expect(log).not.toContain(secret);
    }
  });
});

describe('who passes a sasl entry', () => {
  test.each<[string, string, string, Record<string, string>, string]>([
    ['the user', 'bob', 'bob', {}, 'Ok'],
    ['not another one', 'ann', 'bob', {}, 'NoAuth'],
    ['the user called super', 'super', 'bob', {}, 'Ok'],
    ['anybody, where the id says so', 'ann', 'everybody', { 'zookeeper.letAnySaslUserDoX': 'everybody' }, 'Ok'],
    ['not anybody, where another id says so', 'ann', 'bob', { 'zookeeper.letAnySaslUserDoX': 'everybody' }, 'NoAuth'],
    ['a super user', 'ann', 'bob', { 'zookeeper.superUser.1': 'ann' }, 'Ok'],
  ])('%s', (_what, user, id, properties, outcome) => {
    const server = start({ ...withUsers, ...properties });
    const maker = server.connect();
    maker.create('/n', { acl: only('sasl', id) });
    expect(codeName(server.reply(maker).err)).toBe('Ok');
    expect(ask(server, maker, '/n')).toBe('NoAuth');
    const client = server.connect();
    login(server, client, user, `${user === 'super' ? 'admin' : user}secret`);
    expect(ask(server, client, '/n')).toBe(outcome);
  });

  test('a super user passes everything, the user called super only sasl entries', () => {
    const server = start({ ...withUsers, 'zookeeper.superUser': 'ann' });
    const maker = server.connect();
    maker.create('/n', { acl: only('digest', BOB) });
    server.reply(maker);
    const ann = server.connect();
    login(server, ann, 'ann', 'annsecret');
    expect(ask(server, ann, '/n')).toBe('Ok');
    expect(identitiesOf(server, ann)).toEqual(['ip: 127.0.0.1', 'sasl: ann', 'super: ']);
    const notSuper = server.connect();
    login(server, notSuper, 'super', 'adminsecret');
    expect(ask(server, notSuper, '/n')).toBe('NoAuth');
  });

  test.each<[string | null, string]>([
    ['bob', 'Ok'],
    ['', 'Ok'],
    ['a/b@C', 'Ok'],
    ['@', 'Ok'],
    ['a/b/c', 'Ok'],
    ['a@b@c', 'InvalidACL'],
    ['a/b/c@d', 'InvalidACL'],
    [null, 'MarshallingError'],
  ])('id %j: %s', (id, outcome) => {
    const server = start(SASL_PROVIDER);
    const client = server.connect();
    client.create('/n', { acl: [{ perms: ALL, id: { scheme: 'sasl', id } }] });
    expect(codeName(server.reply(client).err)).toBe(outcome);
  });
});

describe('x509', () => {
  const X509 = { 'zookeeper.authProvider.x509': `${PROVIDERS}X509AuthenticationProvider` };
  const NAME = 'CN=client one,O=Te\\, st';
  const certified = (id: string): SimConnectionOptions => ({ identities: [{ scheme: 'x509', id }] });

  test('a certificate is an identity from the start, and may be named again', () => {
    const server = start(X509);
    const client = server.connect(certified(NAME));
    expect(identitiesOf(server, client)).toEqual(['ip: 127.0.0.1', `x509: ${NAME}`]);
    client.auth('x509', 'whatever');
    expect(server.reply(client)).toMatchObject({ err: 0, zxid: 0n });
    client.create('/n', { acl: only('auth', '') });
    server.reply(client);
    client.getAcl('/n');
    expect(aclTextOf(server.reply(client))).toEqual([`31 x509:${NAME}`]);
    expect(ask(server, server.connect(certified(NAME)), '/n')).toBe('Ok');
    expect(ask(server, server.connect(certified('CN=client one')), '/n')).toBe('NoAuth');
    expect(ask(server, server.connect(), '/n')).toBe('NoAuth');
  });

  test('the super user’s name matches every x509 entry', () => {
    const server = start({ ...X509, 'zookeeper.X509AuthenticationProvider.superUser': 'CN=root' });
    const maker = server.connect();
    maker.create('/n', { acl: only('x509', NAME) });
    server.reply(maker);
    expect(ask(server, server.connect(certified('CN=root')), '/n')).toBe('Ok');
    expect(ask(server, server.connect(certified('CN=tree')), '/n')).toBe('NoAuth');
  });

  test.each<[string | null, string]>([
    [NAME, 'Ok'],
    ['', 'Ok'],
    ['client one', 'InvalidACL'],
    [null, 'MarshallingError'],
  ])('id %j: %s', (id, outcome) => {
    const server = start(X509);
    const client = server.connect();
    client.create('/n', { acl: [{ perms: ALL, id: { scheme: 'x509', id } }] });
    expect(codeName(server.reply(client).err)).toBe(outcome);
  });
});

describe('enforced authentication', () => {
  const DIGEST = { 'zookeeper.enforce.auth.enabled': 'true', 'zookeeper.enforce.auth.schemes': 'digest' };

  test.each<[string, (c: WireClient) => void]>([
    ['ping', (c) => c.ping()],
    ['closeSession', (c) => c.closeSession()],
    ['getData', (c) => c.getData('/')],
    ['create', (c) => c.create('/a')],
    ['whoAmI', (c) => c.request(OpCode.whoAmI)],
    ['an unknown operation', (c) => c.request(99)],
  ])('refuses %s with SessionClosedRequireSaslAuth, then ends', (_what, send) => {
    const server = start(DIGEST);
    const client = server.connect();
    send(client);
    client.create('/b');
    server.run();
    const [frame, ...more] = client.take();
    expect(frame).toMatchObject({ err: -124, zxid: 0n, body: new Uint8Array(0) });
    expect(more).toEqual([]);
    expect(client.connection.ending).toBe('fin');
    expect(server.zxid).toBe(1n);
  });

  test('serves who has authenticated himself, at once', () => {
    const server = start(DIGEST);
    const client = server.connect();
    client.auth('digest', 'bob:pw');
    client.create('/a');
    client.ping();
    server.run();
    expect(client.takeText()).toEqual(['auth Ok @0', 'create Ok @2', 'ping Ok @2']);
  });

  test('serves everybody by an address, if that is enough', () => {
    const server = start({ ...DIGEST, 'zookeeper.enforce.auth.schemes': 'digest,ip' });
    const client = server.connect();
    client.create('/a');
    expect(codeName(server.reply(client).err)).toBe('Ok');
  });

  test('is not satisfied by another scheme', () => {
    const server = start({ ...withUsers, ...DIGEST });
    const client = server.connect();
    expect(login(server, client, 'bob', 'bobsecret').err).toBe(0);
    client.create('/a');
    expect(server.reply(client).err).toBe(-124);
  });

  test('a certificate counts', () => {
    const server = start({
      ...DIGEST,
      'zookeeper.authProvider.x509': `${PROVIDERS}X509AuthenticationProvider`,
      'zookeeper.enforce.auth.schemes': 'x509',
    });
    const client = server.connect({ identities: [{ scheme: 'x509', id: 'CN=a' }] });
    client.create('/a');
    expect(codeName(server.reply(client).err)).toBe('Ok');
  });

  test('by SASL has its own error for a failed negotiation, forgiven or not', () => {
    for (const forgiving of ['false', 'true']) {
      const server = start({
        ...withUsers,
        'zookeeper.sessionRequireClientSASLAuth': 'true',
        'zookeeper.allowSaslFailedClients': forgiving,
      });
      const client = server.connect();
      const reply = login(server, client, 'bob', 'x');
      expect(reply).toMatchObject({ err: -124, zxid: 0n });
      expect(tokenOf(reply)).toBeNull();
      expect(client.connection.ending).toBe('fin');
      const other = server.connect();
      expect(login(server, other, 'bob', 'bobsecret').err).toBe(0);
      other.create('/a');
      expect(codeName(server.reply(other).err)).toBe('Ok');
    }
  });
});

test('a refusal keeps its place, and nothing follows it, on real rings', () => {
  const server = start(withUsers, { placement: 'pipeline' });
  const client = server.connect();
  for (let i = 0; i < 20; i++) client.create(`/a${i}`);
  sasl(client, null);
  client.auth('digest', 'bob:pw');
  client.auth('nosuch', '');
  for (let i = 0; i < 20; i++) client.create(`/b${i}`);
  server.run();
  const told = client.takeText();
  expect(told).toHaveLength(23);
  expect(told.slice(19)).toEqual(['create Ok @21', 'sasl Ok @0', 'auth Ok @0', 'auth AuthFailed @0']);
  expect(client.connection.ending).toBe('fin');
  expect(server.zxid).toBe(21n);
});
