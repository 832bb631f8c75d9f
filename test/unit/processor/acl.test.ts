// ACLs on a server by hand (client-protocol 6.6): what becomes of a list in create and setACL, who passes a check, how
// getACL shows digests. Lists are written as `31 world:anyone`.

import { describe, expect, test } from 'vitest';
import type { ACL } from '../../../src/protocol/acl.js';
import { OpCode } from '../../../src/protocol/op-code.js';
import { aclTextOf } from '../../testing/inline/reply-bodies.js';
import type { WireClient } from '../../testing/inline/wire-client.js';
import { codeName } from '../../testing/inline/wire-names.js';
import { InlineServer } from '../../testing/inline-server.js';

const BOB = 'bob:ikIaKsbtGweaHnb/jKn7OHqbunM=';
const SUPER = 'super:lK75jTNcA+U9vtVEw5vB51mj/w4=';
const WORLD = '31 world:anyone';

/** `31 digest:a:b` and `null` for a null id. */
function acl(...entries: string[]): ACL[] {
  return entries.map((entry) => {
    const [, perms, scheme, id] = /^(-?\d+) ([^:]*)(?::(.*))?$/.exec(entry) as RegExpExecArray;
    return { perms: Number(perms), id: { scheme: scheme as string, id: id ?? null } };
  });
}

function stored(server: InlineServer, client: WireClient, ...entries: string[]): string[] | string {
  client.create('/n-', { acl: acl(...entries), flags: 2 });
  const created = server.reply(client);
  if (created.err !== 0) return codeName(created.err);
  client.getAcl(`/n-${String(sequence(server)).padStart(10, '0')}`);
  const reply = server.reply(client);
  return reply.err === 0 ? aclTextOf(reply) : codeName(reply.err);
}

/** Of the sequential child of the root made last. */
function sequence(server: InlineServer): number {
  const root = server.tree.find(new Uint8Array(0), 0, 0);
  return server.tree.cversion(root) - 1;
}

describe('what is stored', () => {
  const server = InlineServer.start();
  const client = server.connect();
  const login = server.connect();
  login.auth('digest', 'bob:pw');
  login.auth('digest', 'ann:x');
  login.auth('digest', 'bob:pw');
  login.auth('ip', '');
  server.run();
  login.take();

  test.each<[string, string[], string[] | string]>([
    ['the open list', [WORLD], [WORLD]],
    ['the open list twice', [WORLD, WORLD], [WORLD]],
    ['two lists of the world', [WORLD, '1 world:anyone'], [WORLD, '1 world:anyone']],
    ['exact duplicates, the first kept', ['1 ip:10.0.0.1', WORLD, '1 ip:10.0.0.1'], ['1 ip:10.0.0.1', WORLD]],
    [
      'perms that mean nothing',
      ['0 world:anyone', '-1 ip:10.0.0.1', WORLD],
      ['0 world:anyone', '-1 ip:10.0.0.1', WORLD],
    ],
    ['world with another id', ['31 world:all'], 'InvalidACL'],
    ['world with a null id', ['31 world'], 'MarshallingError'],
    ['digest with a null id', ['31 digest'], 'MarshallingError'],
    ['ip with a null id', ['31 ip'], 'MarshallingError'],
    ['an unknown scheme', ['31 nosuch:x'], 'InvalidACL'],
    ['super', ['31 super:x'], 'InvalidACL'],
    ['sasl, which is not configured', ['31 sasl:bob'], 'InvalidACL'],
    ['auth without a login', ['31 auth:'], 'InvalidACL'],
    ['auth with a null id, without a login', ['31 auth'], 'InvalidACL'],
    ['a null id behind an entry of the same perms and scheme', ['31 auth:', '31 auth'], 'MarshallingError'],
    ['the same with other perms', ['31 auth:', '30 auth'], 'InvalidACL'],
    ['the first bad entry decides', ['31 nosuch:x', '31 world'], 'InvalidACL'],
  ])('%s', (_what, entries, result) => {
    expect(stored(server, client, ...entries)).toEqual(result);
  });

  test('a null scheme is InvalidACL, behind an entry of the same perms MarshallingError', () => {
    const nothing: ACL = { perms: 31, id: { scheme: null, id: 'a' } };
    for (const [list, error] of [
      [[nothing], 'InvalidACL'],
      [[...acl('30 world:anyone'), nothing], 'InvalidACL'],
      [[...acl(WORLD), nothing], 'MarshallingError'],
    ] as const) {
      client.create('/x', { acl: list });
      expect(codeName(server.reply(client).err)).toBe(error);
    }
  });

  test.each(['a:b', ':b', 'a:b:', 'a:b::'])('digest id %s is valid', (id) => {
    expect(stored(server, client, WORLD, `1 digest:${id}`)).toEqual([WORLD, `1 digest:${id}`]);
  });

  test.each(['a:', 'a::b', 'ab', '', ':', 'a:b:c'])('digest id "%s" is not', (id) => {
    expect(stored(server, client, WORLD, `1 digest:${id}`)).toBe('InvalidACL');
  });

  test.each(['10.0.0.1', '10.0.0.0/8', '10.0.0.1/32', '0.0.0.0/0', '::1', '1:2:3:4:5:6:7:8/128', 'fe80::/10'])(
    'ip id %s is valid',
    (id) => {
      expect(stored(server, client, WORLD, `1 ip:${id}`)).toEqual([WORLD, `1 ip:${id}`]);
    },
  );

  test.each([
    '10.0.0',
    '10.0.0.256',
    '10.0.0.1/33',
    '10.0.0.1/-1',
    '10.0.0.1/',
    'x',
    '::1/129',
    '1::2::3',
    '::ffff:1.2.3.4',
  ])('ip id %s is not', (id) => {
    expect(stored(server, client, WORLD, `1 ip:${id}`)).toBe('InvalidACL');
  });

  test('auth becomes one entry per login, with the same perms; its id is ignored', () => {
    const result = stored(server, login, '21 auth:whatever');
    expect(result).toEqual([`21 digest:${BOB}`, expect.stringMatching(/^21 digest:ann:.{27}=$/)]);
    expect(stored(server, login, '21 auth')).toEqual(result);
  });

  test('there is no second removal of duplicates after the expansion', () => {
    expect(stored(server, login, `31 digest:${BOB}`, '31 auth:')).toHaveLength(3);
    expect(stored(server, login, '31 auth:', '31 auth:a')).toHaveLength(4);
  });

  test('setACL stores by the same rules', () => {
    client.create('/set');
    server.reply(client);
    client.setAcl('/set', acl(WORLD, '1 ip:10.0.0.1', WORLD));
    expect(codeName(server.reply(client).err)).toBe('Ok');
    client.getAcl('/set');
    expect(aclTextOf(server.reply(client))).toEqual([WORLD, '1 ip:10.0.0.1']);
  });

  test('lists survive a crash', () => {
    const crashing = InlineServer.start();
    const first = crashing.connect();
    first.create('/a', { acl: acl(WORLD, `1 digest:${BOB}`) });
    first.create('/b', { acl: acl(WORLD) });
    crashing.run();
    crashing.crash();
    crashing.restart();
    const second = crashing.connect();
    second.auth('digest', 'bob:pw');
    second.getAcl('/a');
    second.getAcl('/b');
    crashing.run();
    const frames = second.take().slice(1);
    expect(frames.map((frame) => aclTextOf(frame as never))).toEqual([[WORLD, `1 digest:${BOB}`], [WORLD]]);
  });
});

describe('who passes', () => {
  /** Makes a node with that list and asks for its data from that address. */
  function outcome(entries: string[], from: string, login?: string): string {
    const server = InlineServer.start({ properties: { 'zookeeper.DigestAuthenticationProvider.superDigest': SUPER } });
    const maker = server.connect();
    maker.create('/n', { acl: acl(...entries) });
    server.run();
    const client = server.connect({ address: from });
    if (login !== undefined) client.auth('digest', login);
    client.getData('/n');
    server.run();
    return codeName((client.take().at(-1) as { err: number }).err);
  }

  test.each<[string, string[], string, string | undefined, string]>([
    ['world', ['1 world:anyone'], '10.0.0.1', undefined, 'Ok'],
    ['world without the bit', ['30 world:anyone'], '10.0.0.1', undefined, 'NoAuth'],
    ['one of several entries', ['30 world:anyone', '1 ip:10.0.0.1'], '10.0.0.1', undefined, 'Ok'],
    ['the digest', [`1 digest:${BOB}`], '10.0.0.1', 'bob:pw', 'Ok'],
    ['another password', [`1 digest:${BOB}`], '10.0.0.1', 'bob:px', 'NoAuth'],
    ['no login', [`1 digest:${BOB}`], '10.0.0.1', undefined, 'NoAuth'],
    ['the super user, whatever the list', ['0 world:anyone'], '10.0.0.1', 'super:secret', 'Ok'],
    ['somebody who is only called so', ['0 world:anyone'], '10.0.0.1', 'super:other', 'NoAuth'],
    ['the address', ['1 ip:10.0.0.1'], '10.0.0.1', undefined, 'Ok'],
    ['another address', ['1 ip:10.0.0.2'], '10.0.0.1', undefined, 'NoAuth'],
    ['the network', ['1 ip:10.0.0.0/8'], '10.9.8.7', undefined, 'Ok'],
    ['another network', ['1 ip:10.0.0.0/8'], '11.0.0.1', undefined, 'NoAuth'],
    ['bits inside a byte', ['1 ip:10.0.16.0/20'], '10.0.31.255', undefined, 'Ok'],
    ['just beyond them', ['1 ip:10.0.16.0/20'], '10.0.32.0', undefined, 'NoAuth'],
    ['no bits at all', ['1 ip:1.2.3.4/0'], '10.0.0.1', undefined, 'Ok'],
    ['the IPv4-mapped form of the address', ['1 ip:10.0.0.1'], '::ffff:10.0.0.1', undefined, 'Ok'],
    ['IPv6, however it is written', ['1 ip:0:0:0:0:0:0:0:1'], '::1', undefined, 'Ok'],
    ['an IPv6 network', ['1 ip:fe80::/10'], 'febf::1', undefined, 'Ok'],
    ['families do not mix', ['1 ip:0.0.0.0/0'], '::1', undefined, 'NoAuth'],
    ['a scope never matches', ['1 ip:fe80::/10'], 'fe80::1%eth0', undefined, 'NoAuth'],
  ])('%s', (_what, entries, from, login, result) => {
    expect(outcome(entries, from, login)).toBe(result);
  });

  test('skipACL lets everybody', () => {
    const server = InlineServer.start({ config: { skipAcl: true } });
    const client = server.connect();
    client.create('/n', { acl: acl('0 world:anyone') });
    client.setData('/n', 'x');
    client.create('/n/c');
    server.run();
    expect(client.takeText()).toEqual(['create Ok @2', 'setData Ok @3', 'create Ok @4']);
  });

  test('lists in flight count: what setACL forbids is forbidden to the write behind it', () => {
    const server = InlineServer.start();
    const client = server.connect();
    client.create('/n');
    client.setAcl('/n', acl('1 world:anyone'));
    client.setData('/n', 'x');
    client.create('/n/c');
    client.getData('/n');
    server.run();
    expect(client.takeText()).toEqual([
      'create Ok @2',
      'setACL Ok @3',
      'setData NoAuth @4',
      'create NoAuth @5',
      'getData Ok @5',
    ]);
  });

  test.each<[number, string, (c: WireClient) => void]>([
    [4, 'create', (c) => c.create('/n/new')],
    [8, 'delete', (c) => c.delete('/n/c')],
    [2, 'setData', (c) => c.setData('/n', 'x')],
    [16, 'setACL', (c) => c.setAcl('/n', acl(WORLD))],
    [1, 'getData', (c) => c.getData('/n')],
    [1, 'exists', (c) => c.exists('/n')],
    [1, 'getChildren', (c) => c.getChildren('/n')],
    [1, 'getACL', (c) => c.getAcl('/n')],
    [1, 'check', (c) => c.multi([{ type: OpCode.check, request: { path: '/n', version: -1 } }])],
  ])('bit %d is enough for %s, and all others are not', (bit, name, ask) => {
    const server = InlineServer.start();
    const maker = server.connect();
    maker.create('/n');
    maker.create('/n/c');
    server.run();
    for (const [perms, result] of [
      // READ or ADMIN will do for getACL.
      [31 & ~(bit | (name === 'getACL' ? 16 : 0)), -102],
      [bit, 0],
    ] as const) {
      maker.auth('digest', 'bob:pw');
      maker.setAcl('/n', acl(`${perms} world:anyone`, `16 digest:${BOB}`));
      server.run();
      const client = server.connect();
      ask(client);
      const reply = server.reply(client);
      const error = name === 'check' ? (reply.body.at(12) === 0x9a ? -102 : 0) : reply.err;
      expect([perms, error]).toEqual([perms, result]);
    }
  });
});

describe('getACL', () => {
  test('masks digests from who has READ but not ADMIN', () => {
    const server = InlineServer.start();
    const client = server.connect();
    client.create('/n', { acl: acl('1 world:anyone', `16 digest:${BOB}`, '2 ip:10.0.0.1') });
    client.getAcl('/n');
    server.run();
    expect(aclTextOf(client.take()[1] as never)).toEqual(['1 world:anyone', '16 digest:bob:x', '2 ip:10.0.0.1']);
    client.auth('digest', 'bob:pw');
    client.getAcl('/n');
    server.run();
    expect(aclTextOf(client.take()[1] as never)).toEqual(['1 world:anyone', `16 digest:${BOB}`, '2 ip:10.0.0.1']);
  });

  test('shows a node without a list as open, and /zookeeper/config as readable', () => {
    const server = InlineServer.start();
    const client = server.connect();
    client.getAcl('/zookeeper');
    client.getAcl('/zookeeper/config');
    server.run();
    expect(client.take().map((frame) => aclTextOf(frame as never))).toEqual([[WORLD], ['1 world:anyone']]);
  });
});

describe('auth', () => {
  test.each<[string, string | null, string | null]>([
    ['an unknown scheme', 'nosuch', 'x'],
    ['a null scheme', null, 'x'],
    ['digest without data', 'digest', null],
    ['super', 'super', 'x'],
    ['world', 'world', 'anyone'],
  ])('%s fails and ends the connection', (_what, scheme, data) => {
    const server = InlineServer.start();
    const client = server.connect();
    client.auth(scheme, data);
    expect(server.reply(client)).toMatchObject({ err: -115, zxid: 0n });
    expect(client.connection.ending).toBe('fin');
  });

  test.each(['bob:pw', 'nocolon', '', ':', 'a:b:c'])('digest with "%s" succeeds', (data) => {
    const server = InlineServer.start();
    const client = server.connect();
    client.auth('digest', data);
    expect(server.reply(client)).toMatchObject({ err: 0, zxid: 0n, xid: -4 });
  });
});
