// Who has every permission on the root node: what snapshot and restore over HTTP ask of their caller (CVE-2025-58457).

import { expect, it } from 'vitest';
import { AclPolicy, type Identity, Permission } from '../../../src/processor/acl.js';
import { aclSchemes } from '../../../src/processor/auth/acl-schemes.js';
import type { ACL } from '../../../src/protocol/acl.js';
import { ownsRoot } from '../../../src/server/root-owner.js';
import { InlineServer } from '../../testing/inline-server.js';

const BOB = 'bob:ikIaKsbtGweaHnb/jKn7OHqbunM=';
const HERE: Identity = { scheme: 'ip', id: '127.0.0.1' };
const WHO = { nobody: [HERE], bob: [HERE, { scheme: 'digest', id: BOB }] } as const;

function owners(...acl: ACL[]): string[] {
  const server = InlineServer.start();
  if (acl.length > 0) {
    const client = server.connect();
    client.setAcl('/', acl);
    expect(server.reply(client).err).toBe(0);
  }
  const policy = new AclPolicy(false, aclSchemes(InlineServer.defaults().auth));
  return Object.entries(WHO).flatMap(([name, identities]) =>
    ownsRoot(server.tree, policy, identities) === true ? [name] : [],
  );
}

const bobs = (perms: number): ACL => ({ perms, id: { scheme: 'digest', id: BOB } });
const anyones = (perms: number): ACL => ({ perms, id: { scheme: 'world', id: 'anyone' } });

it('who has all of them, in one entry or in several, owns the root', () => {
  expect(owners(bobs(31))).toEqual(['bob']);
  expect(owners(bobs(31), anyones(1))).toEqual(['bob']);
  expect(owners(bobs(16), anyones(15))).toEqual(['bob']);
});

it.each(['read', 'write', 'create', 'delete', 'admin'] as const)(
  'who lacks %s alone does not (CVE-2025-58457)',
  (lacked) => {
    const rest = 31 & ~Permission[lacked];
    expect(owners(bobs(rest), anyones(rest))).toEqual([]);
    expect(owners(bobs(rest), anyones(31))).toEqual(['nobody', 'bob']);
  },
);

it('the list that a new database has makes owners of all who say who they are', () => {
  expect(owners()).toEqual(['nobody', 'bob']);
});
