// What the key and trust stores of a configuration hold, for whoever checks certificates before a server needs them: texts in
// PEM, or the sentence that says why there are none. Reads files; synchronous. Private keys stay in here: that each fits its
// certificate was checked when it was read.

import { loadKeyStore, loadTrustStore, type StoreLocation } from '../../net/tls-key-store.js';
import type { ServerConfig } from '../server-config.js';

export interface StoreContents {
  /** `ssl.quorum.keyStore` */
  readonly name: string;
  readonly path: string;
  /** Empty: it could be read. */
  readonly error: string;
  /** Of a key store: the certificate of each key, without its chain. Of a trust store: all. */
  readonly certificates: readonly string[];
}

export function readStoreContents(config: ServerConfig): StoreContents[] {
  const { tls, peerSecurity } = config;
  const contents: StoreContents[] = [];
  const stores = [
    { prefix: 'ssl', options: tls },
    { prefix: 'ssl.quorum', options: peerSecurity.tls?.tls ?? null },
  ];
  for (const { prefix, options } of stores) {
    if (options === null) continue;
    contents.push(readStore(`${prefix}.keyStore`, options.keyStore, leavesOf));
    if (options.trustStore !== null)
      contents.push(readStore(`${prefix}.trustStore`, options.trustStore, loadTrustStore));
  }
  return contents;
}

function leavesOf(location: StoreLocation): string[] {
  return loadKeyStore(location).map(
    ({ cert }) => `${cert.split('-----END CERTIFICATE-----')[0]}-----END CERTIFICATE-----\n`,
  );
}

function readStore(name: string, location: StoreLocation, read: (location: StoreLocation) => string[]): StoreContents {
  try {
    return { name, path: location.path, error: '', certificates: read(location) };
  } catch (error) {
    return {
      name,
      path: location.path,
      error: error instanceof Error ? error.message : String(error),
      certificates: [],
    };
  }
}
