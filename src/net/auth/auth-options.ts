/**
 * Who may prove to be whom, and how: the authentication settings of a server, as plain data that every thread gets a copy of.
 * Made once by server/auth-config.ts. Holds passwords and digests: none of it may reach a log.
 */
import type { AclSchemeOptions } from '../../processor/auth/acl-schemes.js';

/** DIGEST-MD5 over the `sasl` operation (client-protocol 10.1). */
export interface SaslOptions {
  /** Of the users that may log in. */
  readonly passwords: ReadonlyMap<string, string>;
  /** Users that get the super identity as well. */
  readonly superUsers: readonly string[];
}

export interface AuthOptions extends AclSchemeOptions {
  /** The digest scheme's algorithm, by its OpenSSL name. */
  readonly digestAlgorithm: string;
  /** The whole id that makes its owner super. Null: there is none. */
  readonly superDigest: string | null;
  /** Null: any name will do. */
  readonly ensembleNames: readonly string[] | null;
  /** Null: no SASL login is configured. */
  readonly sasl: SaslOptions | null;
  /** Who fails to log in by SASL may stay, as nobody. */
  readonly allowSaslFailedClients: boolean;
  /** A connection serves nobody before it has an identity of one of these schemes. Empty: everybody is served. */
  readonly enforcedSchemes: readonly string[];
}
