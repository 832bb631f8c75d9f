/**
 * The `digest` scheme in ACLs (client-protocol 6.6): ids are `user:hash`, and equal or not. Pure: whoever computes hashes is
 * net/auth/digest-login.ts.
 */
import type { AclScheme } from './acl-scheme.js';

export const digestScheme: AclScheme = {
  scheme: 'digest',
  authenticates: true,
  failsOnNullId: true,
  isValidId: hasTwoParts,
  userOf: (identity) => identity.split(':', 1)[0] as string,
  matches: (identity, aclId) => identity === aclId,
};

/** Java's `split(":")` drops trailing empty parts: `a:b:` has two parts, `a:` one. */
function hasTwoParts(id: string): boolean {
  const parts = id.split(':');
  while (parts.length > 0 && parts[parts.length - 1] === '') parts.pop();
  return parts.length === 2;
}
