/**
 * What the ACL rules ask of one authentication scheme (client-protocol 6.6): the reference's AuthenticationProvider, without
 * the login. Pure; one object per scheme and thread, made by acl-schemes.ts. How a client proves who it is lies in net/auth.
 */
export interface AclScheme {
  readonly scheme: string;
  /** Its identities take the place of an `auth` entry. */
  readonly authenticates: boolean;
  /** A null id makes the reference's provider fail inside, which the client sees as MarshallingError [Q] (5.3). */
  readonly failsOnNullId: boolean;
  /** Whether an ACL entry of this scheme may have this id. */
  isValidId(id: string): boolean;
  /** The name behind an identity, as whoAmI shows it. */
  userOf(identity: string): string;
  /** Whether a connection with this identity is meant by an ACL entry of the same scheme with this id. */
  matches(identity: string, aclId: string): boolean;
}
