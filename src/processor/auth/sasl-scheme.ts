/**
 * The `sasl` scheme in ACLs (client-protocol 6.6): ids are the names that a SASL negotiation ends with. The user called `super`
 * matches every entry of this scheme, and one entry's id may be declared to mean every SASL user. Pure.
 */
import type { AclScheme } from './acl-scheme.js';

const SUPER_USER = 'super';
/** Names of the Kerberos kind; whatever has no @ is a plain name. */
const PRINCIPAL = /^[^/@]*(\/[^/@]*)?@[^/@]*$/;

/** `anyUserId`: the id that stands for all SASL users (`letAnySaslUserDoX`), or null. */
export function saslScheme(anyUserId: string | null): AclScheme {
  return {
    scheme: 'sasl',
    authenticates: true,
    failsOnNullId: true,
    isValidId: (id) => !id.includes('@') || PRINCIPAL.test(id),
    userOf: (identity) => identity,
    matches: (identity, aclId) => identity === SUPER_USER || identity === aclId || aclId === anyUserId,
  };
}
