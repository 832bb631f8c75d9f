/**
 * The `x509` scheme in ACLs (client-protocol 6.6): ids are X.500 names, compared letter by letter with the subject of the
 * client's certificate. The name declared as super user matches every entry of this scheme. Pure.
 */
import type { AclScheme } from './acl-scheme.js';
import { isX500Name } from './x500-name.js';

export function x509Scheme(superUser: string | null): AclScheme {
  return {
    scheme: 'x509',
    authenticates: true,
    failsOnNullId: true,
    isValidId: isX500Name,
    userOf: (identity) => identity,
    matches: (identity, aclId) => identity === aclId || identity === superUser,
  };
}
