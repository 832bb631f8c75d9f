/**
 * Which schemes this server knows, as data: from the names in the configuration to the rules of each (client-protocol 6.6).
 * `world`, `auth` and `super` are no providers: acl.ts knows them itself. Pure; every thread makes its own.
 */
import type { AclScheme } from './acl-scheme.js';
import { digestScheme } from './digest-scheme.js';
import { ensembleScheme } from './ensemble-scheme.js';
import { IpScheme } from './ip-scheme.js';
import { saslScheme } from './sasl-scheme.js';
import { x509Scheme } from './x509-scheme.js';

export const SCHEME_NAMES = ['ip', 'digest', 'sasl', 'x509', 'ensemble'] as const;
export type SchemeName = (typeof SCHEME_NAMES)[number];

export interface AclSchemeOptions {
  readonly schemes: readonly SchemeName[];
  /** `letAnySaslUserDoX`; null: there is no such id. */
  readonly anySaslUserId: string | null;
  /** The subject whose bearer is super; null: there is none. */
  readonly x509SuperUser: string | null;
}

export function aclSchemes(options: AclSchemeOptions): readonly AclScheme[] {
  return options.schemes.map((name) => aclScheme(name, options));
}

function aclScheme(name: SchemeName, options: AclSchemeOptions): AclScheme {
  switch (name) {
    case 'ip':
      return new IpScheme();
    case 'digest':
      return digestScheme;
    case 'sasl':
      return saslScheme(options.anySaslUserId);
    case 'x509':
      return x509Scheme(options.x509SuperUser);
    case 'ensemble':
      return ensembleScheme;
  }
}
