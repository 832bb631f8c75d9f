/**
 * Cipher suites, configured by the names Java and IANA give them, for OpenSSL, which has names of its own for those before TLS 1.3.
 * Any thread; pure.
 *
 *   TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256   ->   ECDHE-RSA-AES128-GCM-SHA256
 *   TLS_RSA_WITH_AES_256_CBC_SHA            ->   AES256-SHA
 *   TLS_AES_128_GCM_SHA256                  ->   (the same)
 */
import type { TlsProtocol } from './tls-options.js';
import { StoreError } from './tls-store-entries.js';

const IANA_BEFORE_13 = /^(?:TLS|SSL)_([A-Z0-9_]+?)_WITH_([A-Z0-9_]+)$/;
const CIPHERS: readonly (readonly [RegExp, string])[] = [
  [/^AES_(128|256)_CBC_/, 'AES$1-'],
  [/^AES_(128|256)_(GCM|CCM)/, 'AES$1-$2'],
  [/^CHACHA20_POLY1305_SHA256$/, 'CHACHA20-POLY1305'],
  [/^3DES_EDE_CBC_/, 'DES-CBC3-'],
];

/** Null: a name that cannot be translated. Names that are OpenSSL's already stay as they are. */
export function openSslName(name: string): string | null {
  const match = IANA_BEFORE_13.exec(name);
  if (match === null) return /^[A-Za-z0-9_-]+$/.test(name) ? name : null;
  const [, exchange, cipher] = match;
  const prefix = exchange === 'RSA' ? '' : `${exchange.replaceAll('_', '-')}-`;
  const translation = CIPHERS.find(([pattern]) => pattern.test(cipher));
  if (translation === undefined) return null;
  const [pattern, replacement] = translation;
  return prefix + cipher.replace(pattern, replacement).replaceAll('_', '-');
}

/** The reference's list, its order of preference included; the suites of TLS 1.3 lead, since they are all that it speaks. */
const DEFAULT_CIPHER_SUITES: readonly string[] = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_AES_128_GCM_SHA256',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256',
  'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256',
  'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384',
  'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384',
  'TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256',
  'TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256',
  'TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA',
  'TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA',
  'TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384',
  'TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384',
  'TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA',
  'TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA',
];

export interface UsableCiphers {
  /** OpenSSL's names. */
  readonly suites: readonly string[];
  /** Those of the protocols that have a suite. */
  readonly protocols: readonly TlsProtocol[];
}

/** `served`: OpenSSL's names, in any case. Throws when a name is not among them, or when no protocol is left. */
export function usableCiphers(
  configured: readonly string[],
  protocols: readonly TlsProtocol[],
  served: readonly string[],
): UsableCiphers {
  const known = new Set(served.map((name) => name.toUpperCase()));
  const suites = (configured.length > 0 ? configured : DEFAULT_CIPHER_SUITES).map((name) => {
    const translated = openSslName(name);
    if (translated === null || !known.has(translated.toUpperCase())) {
      throw new StoreError(`cipher suite ${name} is not known to this server`);
    }
    return translated;
  });
  const serves13 = suites.some((name) => name.startsWith('TLS_'));
  const servesOlder = suites.some((name) => !name.startsWith('TLS_'));
  const usable = protocols.filter((protocol) => (protocol === 'TLSv1.3' ? serves13 : servesOlder));
  if (usable.length === 0) throw new StoreError(`no cipher suite can be used with ${protocols.join(', ')}`);
  return { suites, protocols: usable };
}
