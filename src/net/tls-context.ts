/**
 * What a TLS server of node:tls is made of, from our options and the files they name. Reads the stores, so it is a shell;
 * synchronous, used at the start and when a file has changed. Throws a StoreError that says what is wrong (a cipher suite, a store).
 *
 * Nothing of a session outlives its connection: tickets would let a client come back on the strength of a certificate that
 * is no longer trusted, and ZooKeeper's connections live long enough not to need them.
 */
import { constants } from 'node:crypto';
import { createSecureContext, getCiphers, type SecureContextOptions, type SecureVersion } from 'node:tls';
import { usableCiphers } from './tls-cipher-suites.js';
import { loadKeyStore, loadTrustStore } from './tls-key-store.js';
import { storeFiles, TLS_PROTOCOLS, type TlsOptions, type TlsProtocol } from './tls-options.js';
import { StoreError } from './tls-store-entries.js';
import { stampOf } from './tls-store-watch.js';

const SWITCHES: Readonly<Record<TlsProtocol, number>> = {
  TLSv1: constants.SSL_OP_NO_TLSv1,
  'TLSv1.1': constants.SSL_OP_NO_TLSv1_1,
  'TLSv1.2': constants.SSL_OP_NO_TLSv1_2,
  'TLSv1.3': constants.SSL_OP_NO_TLSv1_3,
};

/** Added in Node 22.9, unknown to older type definitions; where it is unknown it has no effect. */
interface WithPartialChains {
  readonly allowPartialTrustChain: boolean;
}

/** What the stores held at a moment, ready for use; plain data, with the private key in it. */
export interface LoadedTls {
  readonly context: SecureContextOptions;
  /** Tells whether the files have changed since. */
  readonly stamp: string;
}

export function loadTls(options: TlsOptions): LoadedTls {
  // What is written while it is being read is seen as a change later.
  const stamp = stampOf(storeFiles(options));
  return { context: loadTlsContext(options), stamp };
}

export function loadTlsContext(options: TlsOptions): SecureContextOptions {
  const { protocols, suites } = usableCiphers(options.cipherSuites, options.protocols, getCiphers());
  const pairs = loadKeyStore(options.keyStore);
  const authorities = options.trustStore === null ? undefined : loadTrustStore(options.trustStore);
  let switches =
    constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_CIPHER_SERVER_PREFERENCE;
  for (const protocol of TLS_PROTOCOLS) if (!protocols.includes(protocol)) switches |= SWITCHES[protocol];
  const isOld = protocols.includes('TLSv1') || protocols.includes('TLSv1.1');
  const context: SecureContextOptions & WithPartialChains = {
    key: pairs.map(({ key }) => key),
    cert: pairs.map(({ cert }) => cert),
    ...(authorities === undefined ? {} : { ca: authorities }),
    // OpenSSL has these two at its lowest level of security only.
    ciphers: [...suites, ...(isOld ? ['@SECLEVEL=0'] : [])].join(':'),
    minVersion: protocols[0] as SecureVersion,
    maxVersion: protocols[protocols.length - 1] as SecureVersion,
    secureOptions: switches,
    // As Java: any certificate of a trust store is trusted, whether it is the root of its chain or not.
    allowPartialTrustChain: true,
  };
  try {
    createSecureContext(context);
  } catch (error) {
    throw new StoreError(`TLS cannot be set up: ${(error as Error).message}`, { cause: error });
  }
  return context;
}
