// Which error an operation is answered with when several apply: every line of client-protocol 5.4 for the operations that
// are served. Each row breaks one rule and, where that is possible, all the rules behind it.
//
// The tree of all rows:
//   /a           open, version 1, aversion 1, with children     /a/c    open, with the child x
//   /a/e         ephemeral                                      /a/s    an ephemeral that nobody may do anything with
//   /shut        nobody may do anything, with the open child k   /read   READ only      /admin   ADMIN only

import { describe, expect, test } from 'vitest';
import { readInt32 } from '../../../src/base/bytes.js';
import { encodeUtf8 } from '../../../src/base/utf8.js';
import type { JuteWriter } from '../../../src/jute/jute-writer.js';
import { type ACL, OPEN_ACL_UNSAFE } from '../../../src/protocol/acl.js';
import { OpCode } from '../../../src/protocol/op-code.js';
import { multiResultsOf, statOf } from '../../testing/inline/reply-bodies.js';
import type { WireClient } from '../../testing/inline/wire-client.js';
import { codeName } from '../../testing/inline/wire-names.js';
import { InlineServer } from '../../testing/inline-server.js';

const NOBODY: readonly ACL[] = [{ perms: 0, id: { scheme: 'world', id: 'anyone' } }];
const READ: readonly ACL[] = [{ perms: 1, id: { scheme: 'world', id: 'anyone' } }];
const ADMIN: readonly ACL[] = [{ perms: 16, id: { scheme: 'world', id: 'anyone' } }];
const INVALID: readonly ACL[] = [];

const server = InlineServer.start();
const client = server.connect();
client.create('/a');
client.setData('/a', 'x');
client.setAcl('/a', OPEN_ACL_UNSAFE);
client.create('/a/c');
client.create('/a/c/x');
client.create('/a/e', { flags: 1 });
client.create('/a/s', { flags: 1, acl: NOBODY });
client.create('/shut');
client.create('/shut/k');
client.setAcl('/shut', NOBODY);
client.create('/read', { acl: READ });
client.create('/admin', { acl: ADMIN });
server.run();
for (const frame of client.take()) expect(frame).toMatchObject({ err: 0 });

type Send = (client: WireClient) => void;

function outcome(send: Send): string {
  send(client);
  return codeName(server.reply(client).err);
}

/** The same request when it has to go down the pipeline. */
function outcomeBehindWrite(send: Send): string {
  client.setData('/nowhere', '');
  send(client);
  server.run();
  const frame = client.take().at(-1);
  return frame?.kind === 'reply' ? codeName(frame.err) : 'nothing';
}

function create(path: string | null, acl: readonly ACL[] | null = OPEN_ACL_UNSAFE, flags = 0): Send {
  return (c) => c.create(path, { acl, flags });
}

describe.each([
  ['create', OpCode.create],
  ['create2', OpCode.create2],
  ['createContainer', OpCode.createContainer],
] as const)('%s', (_name, op) => {
  test.each<[string, string | null, readonly ACL[] | null, number, string]>([
    ['1. flags above 6', 'x', INVALID, 7, 'BadArguments'],
    ['1. flags below 0', 'x', INVALID, -1, 'BadArguments'],
    ['2. TTL flags', 'x', INVALID, 5, 'Unimplemented'],
    ['2. sequential TTL flags', 'x', INVALID, 6, 'Unimplemented'],
    ['4. no slash', 'x', INVALID, 0, 'BadArguments'],
    ['4. empty path', '', INVALID, 0, 'BadArguments'],
    ['4. a NUL', '/nope/\0', INVALID, 0, 'BadArguments'],
    ['4. null path', null, INVALID, 0, 'MarshallingError'],
    ['5. empty ACL', '/nope/..', INVALID, 0, 'InvalidACL'],
    ['5. null ACL', '/nope/..', null, 0, 'InvalidACL'],
    ['6. no parent', '/nope/..', OPEN_ACL_UNSAFE, 0, 'NoNode'],
    ['6. no parent, of a path that ends in a slash', '/nope/', OPEN_ACL_UNSAFE, 0, 'NoNode'],
    ['7. no CREATE on the parent', '/shut/..', OPEN_ACL_UNSAFE, 0, 'NoAuth'],
    ['7. before the ephemeral parent', '/a/s/x', OPEN_ACL_UNSAFE, 0, 'NoAuth'],
    ['8. path that ends in a slash', '/a/', OPEN_ACL_UNSAFE, 0, 'BadArguments'],
    ['8. two slashes', '//x', OPEN_ACL_UNSAFE, 0, 'BadArguments'],
    ['8. relative component below an ephemeral', '/a/e/..', OPEN_ACL_UNSAFE, 0, 'BadArguments'],
    ['8. forbidden character', '/a/\ud800', OPEN_ACL_UNSAFE, 0, 'BadArguments'],
    ['8. control character', '/a/\u0001', OPEN_ACL_UNSAFE, 0, 'BadArguments'],
    ['9. node exists', '/a', OPEN_ACL_UNSAFE, 0, 'NodeExists'],
    ['9. the root', '/', OPEN_ACL_UNSAFE, 0, 'NodeExists'],
    ['9. an ephemeral in its place', '/a/e', OPEN_ACL_UNSAFE, 1, 'NodeExists'],
    ['10. ephemeral parent', '/a/e/x', OPEN_ACL_UNSAFE, 0, 'NoChildrenForEphemerals'],
    ['10. ephemeral parent, sequential', '/a/e/x', OPEN_ACL_UNSAFE, 2, 'NoChildrenForEphemerals'],
  ])('%s', (_what, path, acl, flags, error) => {
    expect(outcome((c) => c.create(path, { acl, flags, op }))).toBe(error);
  });

  test('8. the counter is appended before the path is validated', () => {
    expect(outcome((c) => c.create('/a/', { flags: 2, op }))).toBe('Ok');
    expect(outcome((c) => c.create('/a/..', { flags: 2, op }))).toBe('Ok');
  });

  test('flags 4 make a node that belongs to no session', () => {
    expect(outcome((c) => c.create(`/a/four-${op}`, { flags: 4, op }))).toBe('Ok');
    client.exists(`/a/four-${op}`);
    expect(statOf(server.reply(client)).ephemeralOwner).toBe(0n);
  });
});

describe('reconfig', () => {
  const reconfig: Send = (c) =>
    c.request(OpCode.reconfig, (w) => {
      for (let list = 0; list < 3; list++) w.writeUstring(null);
      w.writeLong(77n);
    });
  const tooShort: Send = (c) => c.request(OpCode.reconfig, new Uint8Array(12));

  test.each<[string, boolean, string]>([
    ['1. while it is disabled', false, 'ReconfigDisabled'],
    ['3. on a standalone server', true, 'Unimplemented'],
  ])('%s: an error that uses up a zxid, and the connection stays', (_what, reconfigEnabled, error) => {
    const own = InlineServer.start({ config: { reconfigEnabled } });
    const asking = own.connect();
    tooShort(asking);
    expect(own.reply(asking)).toMatchObject({ err: -5, zxid: 1n });
    reconfig(asking);
    const reply = own.reply(asking);
    expect([codeName(reply.err), reply.zxid, reply.body.length]).toEqual([error, 2n, 0]);
    asking.ping();
    expect(own.reply(asking).err).toBe(0);
    // 2. behind a close of its own session.
    asking.closeSession();
    reconfig(asking);
    own.run();
    const last = own.logged.at(-1) as (typeof own.logged)[0];
    expect([last.zxid, codeName(readInt32(last.entry, 32))]).toEqual([4n, reconfigEnabled ? 'SessionExpired' : error]);
  });
});

test('create: with extended types on, TTL flags without a ttl are BadArguments', () => {
  const extended = InlineServer.start({ config: { extendedTypesEnabled: true } });
  const asking = extended.connect();
  asking.create('/t', { flags: 5 });
  expect(codeName(extended.reply(asking).err)).toBe('BadArguments');
});

describe('delete', () => {
  test.each<[string, string | null, number, string]>([
    ['1. no slash', 'x', 9, 'BadArguments'],
    ['1. empty path', '', 9, 'BadArguments'],
    ['1. null path', null, 9, 'MarshallingError'],
    ['1. a NUL', '/nope/\0', 9, 'BadArguments'],
    ['1. the root', '/', 9, 'BadArguments'],
    ['1. /zookeeper', '/zookeeper', 9, 'BadArguments'],
    ['1. /zookeeper/quota', '/zookeeper/quota', 9, 'BadArguments'],
    ['1. /zookeeper/config', '/zookeeper/config', 9, 'BadArguments'],
    ['2. no parent', '/nope/x', 9, 'NoNode'],
    ['3. no DELETE on the parent', '/shut/nope', 9, 'NoAuth'],
    ['3. before the version', '/shut/k', 9, 'NoAuth'],
    ['4. no node', '/a/nope', 9, 'NoNode'],
    ['4. a path that ends in a slash', '/a/', 9, 'NoNode'],
    ['5. version', '/a/c', 9, 'BadVersion'],
    ['5. version -2', '/a/c', -2, 'BadVersion'],
    ['6. children', '/a/c', 0, 'NotEmpty'],
    ['6. children, any version', '/a/c', -1, 'NotEmpty'],
  ])('%s', (_what, path, version, error) => {
    expect(outcome((c) => c.delete(path, version))).toBe(error);
  });

  test('asks for nothing on the node itself', () => {
    expect(outcome(create('/a/locked', NOBODY))).toBe('Ok');
    expect(outcome((c) => c.delete('/a/locked', 0))).toBe('Ok');
  });
});

describe('setData', () => {
  test.each<[string, string | null, number, string]>([
    ['1. null path', null, 9, 'BadArguments'],
    ['1. no slash', 'x', 9, 'BadArguments'],
    ['1. empty path', '', 9, 'BadArguments'],
    ['1. a path that ends in a slash', '/a/', 9, 'BadArguments'],
    ['1. relative component', '/nope/.', 9, 'BadArguments'],
    ['2. no node', '/nope', 9, 'NoNode'],
    ['3. no WRITE', '/shut', 9, 'NoAuth'],
    ['3. READ does not do', '/read', 0, 'NoAuth'],
    ['5. version', '/a', 9, 'BadVersion'],
    ['5. version -2', '/a', -2, 'BadVersion'],
    ['the root is allowed', '/', -1, 'Ok'],
    ['/zookeeper/config is not', '/zookeeper/config', -1, 'NoAuth'],
  ])('%s', (_what, path, version, error) => {
    expect(outcome((c) => c.setData(path, 'x', version))).toBe(error);
  });
});

describe('setACL', () => {
  test.each<[string, string | null, readonly ACL[] | null, number, string]>([
    ['1. null path', null, INVALID, 9, 'BadArguments'],
    ['1. path', '/nope//x', INVALID, 9, 'BadArguments'],
    ['2. empty ACL', '/nope', INVALID, 9, 'InvalidACL'],
    ['2. null ACL', '/nope', null, 9, 'InvalidACL'],
    ['3. no node', '/nope', OPEN_ACL_UNSAFE, 9, 'NoNode'],
    ['4. no ADMIN', '/shut', OPEN_ACL_UNSAFE, 9, 'NoAuth'],
    ['4. READ does not do', '/read', OPEN_ACL_UNSAFE, 9, 'NoAuth'],
    ['5. version is compared with aversion', '/admin', ADMIN, 1, 'BadVersion'],
    ['5. and nothing else', '/admin', ADMIN, 0, 'Ok'],
  ])('%s', (_what, path, acl, version, error) => {
    expect(outcome((c) => c.setAcl(path, acl, version))).toBe(error);
  });
});

describe('check, inside a multi', () => {
  test.each<[string, string, number, string]>([
    ['1. path', '/nope//x', 9, 'BadArguments'],
    ['1. empty path', '', 9, 'BadArguments'],
    ['2. no node', '/nope', 9, 'NoNode'],
    ['3. no READ', '/shut', 9, 'NoAuth'],
    ['4. version', '/a', 9, 'BadVersion'],
    ['4. version -2', '/a', -2, 'BadVersion'],
    ['any version', '/a', -1, 'Ok'],
    ['that version', '/a', 1, 'Ok'],
  ])('%s', (_what, path, version, error) => {
    client.multi([{ type: OpCode.check, request: { path, version } }]);
    const reply = server.reply(client);
    const [result] = multiResultsOf(reply);
    expect(codeName(result?.type === OpCode.error ? result.response.err : 0)).toBe(error);
  });

  test('of a null path the whole multi does not decode', () => {
    client.multi([{ type: OpCode.check, request: { path: null, version: 0 } }]);
    expect(codeName(server.reply(client).err)).toBe('MarshallingError');
  });
});

describe.each([
  ['answered by the connection', outcome],
  ['answered in the pipeline', outcomeBehindWrite],
] as const)('reads %s', (_where, ask) => {
  test.each<[string, string | null, string]>([
    ['null path', null, 'MarshallingError'],
    ['1. a NUL', '/nope\0', 'BadArguments'],
    ['2. no READ', '/shut', 'NoAuth'],
    ['2. ADMIN does not do', '/admin', 'NoAuth'],
    ['4. no node', '/nope', 'NoNode'],
    ['4. a malformed path is no node', 'a//b', 'NoNode'],
    ['the empty path is the root', '', 'Ok'],
    ['there', '/read', 'Ok'],
  ])('exists: %s', (_what, path, error) => {
    expect(ask((c) => c.exists(path))).toBe(error);
  });

  describe.each([
    ['getData', (path: string | null) => (c: WireClient) => void c.getData(path)],
    ['getChildren', (path: string | null) => (c: WireClient) => void c.getChildren(path)],
    ['getChildren2', (path: string | null) => (c: WireClient) => void c.getChildren2(path)],
  ] as const)('%s', (_name, read) => {
    test.each<[string, string | null, string]>([
      ['null path', null, 'MarshallingError'],
      ['1. no node', '/nope', 'NoNode'],
      ['1. a NUL is no node', '/a\0', 'NoNode'],
      ['1. a malformed path is no node', '/a/', 'NoNode'],
      ['2. no READ', '/shut', 'NoAuth'],
      ['2. ADMIN does not do', '/admin', 'NoAuth'],
      ['the empty path is the root', '', 'Ok'],
      ['there', '/read', 'Ok'],
    ])('%s', (_what, path, error) => {
      expect(ask(read(path))).toBe(error);
    });
  });

  test.each<[string, string | null, string]>([
    ['null path', null, 'MarshallingError'],
    ['1. no node', '/nope', 'NoNode'],
    ['2. neither READ nor ADMIN', '/shut', 'NoAuth'],
    ['2. READ will do', '/read', 'Ok'],
    ['2. ADMIN will do', '/admin', 'Ok'],
    ['the empty path is the root', '', 'Ok'],
  ])('getACL: %s', (_what, path, error) => {
    expect(ask((c) => c.getAcl(path))).toBe(error);
  });

  test.each<[string, number, (w: JuteWriter) => void]>([
    ['exists without its watch', OpCode.exists, (w) => w.writeUstring('/a')],
    ['getData of a path longer than the frame', OpCode.getData, (w) => w.writeInt(1000)],
    ['getChildren of a path of length -2', OpCode.getChildren, (w) => w.writeInt(-2)],
    ['getACL of nothing', OpCode.getACL, () => {}],
  ])('%s does not decode', (_what, op, body) => {
    expect(ask((c) => void c.request(op, body))).toBe('MarshallingError');
  });

  test('bytes behind the record are ignored', () => {
    const body = [...[0, 0, 0, 2], ...encodeUtf8('/a'), 0, 1, 2, 3];
    expect(ask((c) => void c.request(OpCode.exists, Uint8Array.from(body)))).toBe('Ok');
  });
});

test('sync asks for nothing: its path need not exist nor be one', () => {
  for (const path of ['/nope', '', 'a//b']) expect(outcome((c) => c.sync(path))).toBe('Ok');
});
