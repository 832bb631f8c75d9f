/**
 * The `ensemble` scheme in ACLs: it has none. Clients use it to say which ensemble they want (net/auth/ensemble-login.ts); it
 * gives no identity, and no ACL may name it (client-protocol 6.6).
 */
import type { AclScheme } from './acl-scheme.js';

export const ensembleScheme: AclScheme = {
  scheme: 'ensemble',
  authenticates: true,
  failsOnNullId: false,
  isValidId: () => false,
  userOf: (identity) => identity,
  matches: () => false,
};
