/**
 * A client cannot have the server write without bounds what it has sent once: a name that it has given itself is copied into
 * every `auth` entry of every ACL, and a frame holds tens of thousands of those.
 */
import { expect, test } from 'vitest';
import type { ACL } from '../../../src/protocol/acl.js';
import { ErrorCode } from '../../../src/protocol/error-code.js';
import { OpCode } from '../../../src/protocol/op-code.js';
import { Ending } from '../../testing/inline/sim-client-network.js';
import type { WireClient } from '../../testing/inline/wire-client.js';
import { InlineServer } from '../../testing/inline-server.js';

const AUTH: ACL[] = [{ perms: 31, id: { scheme: 'auth', id: '' } }];
const LONG_USER = 'u'.repeat(40_000);

function call(server: InlineServer, client: WireClient, ask: (client: WireClient) => void): number {
  ask(client);
  return server.reply(client).err;
}

function createPart(path: string): Parameters<WireClient['multi']>[0][number] {
  return { type: OpCode.create, request: { path, data: null, acl: AUTH, flags: 0 } };
}

test('a multi whose transaction would outgrow its request many times over is refused as a whole', () => {
  const server = InlineServer.start();
  const client = server.connect();
  expect(call(server, client, (c) => c.auth('digest', `${LONG_USER}:pw`))).toBe(ErrorCode.Ok);
  const few = [createPart('/a'), createPart('/b')];
  expect(call(server, client, (c) => c.multi(few))).toBe(ErrorCode.Ok);
  const many = Array.from({ length: 200 }, (_, i) => createPart(`/many-${i}`));
  const zxid = server.zxid;
  expect(call(server, client, (c) => c.multi(many))).toBe(ErrorCode.MarshallingError);
  expect(server.zxid).toBe(zxid + 1n);
  expect(call(server, client, (c) => c.exists('/many-0'))).toBe(ErrorCode.NoNode);
  // Nothing of it is left behind in the outstanding changes either.
  expect(call(server, client, (c) => c.create('/many-0', { acl: AUTH }))).toBe(ErrorCode.Ok);
});

test('so is an ACL whose entries for the client itself would do the same', () => {
  const server = InlineServer.start();
  const client = server.connect();
  expect(call(server, client, (c) => c.auth('digest', `${LONG_USER}:pw`))).toBe(ErrorCode.Ok);
  const entries = (count: number): ACL[] =>
    Array.from({ length: count }, (_, i) => ({ perms: 16 + i, id: { scheme: 'auth', id: '' } }));
  expect(call(server, client, (c) => c.create('/few', { acl: entries(3) }))).toBe(ErrorCode.Ok);
  expect(call(server, client, (c) => c.setAcl('/few', entries(2)))).toBe(ErrorCode.Ok);
  expect(call(server, client, (c) => c.create('/many', { acl: entries(60) }))).toBe(ErrorCode.InvalidACL);
  expect(call(server, client, (c) => c.setAcl('/few', entries(60)))).toBe(ErrorCode.InvalidACL);
});

test('what a connection may be known as has a limit: every request carries it', () => {
  const server = InlineServer.start();
  const one = server.connect();
  one.auth('digest', `${'u'.repeat(100_000)}:pw`);
  server.run();
  expect(one.take()).toMatchObject([{ kind: 'reply', err: ErrorCode.AuthFailed }]);
  expect(one.connection.ending).not.toBe(Ending.open);

  const many = server.connect();
  let accepted = 0;
  while (call(server, many, (c) => c.auth('digest', `user-${accepted}:pw`)) === ErrorCode.Ok) accepted++;
  expect(accepted).toBeGreaterThan(500);
  expect(accepted).toBeLessThan(5000);
});
