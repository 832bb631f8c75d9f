/**
 * TLS on client ports as configured: plain data that every connection shard is given. Made by server/tls-config.ts, which
 * knows the keys; acted upon by tls-acceptor.ts. Holds passwords: never logged.
 */
import type { Logger } from '../actor/logger.js';
import type { LoadedTls } from './tls-context.js';
import type { StoreLocation } from './tls-key-store.js';

/** The files whose content the stores depend on. */
export function storeFiles({ keyStore, trustStore }: TlsOptions): string[] {
  const stores = trustStore === null ? [keyStore] : [keyStore, trustStore];
  return stores.flatMap(({ path, passwordPath }) => (passwordPath === '' ? [path] : [path, passwordPath]));
}

/** As Java names them, oldest first. */
export const TLS_PROTOCOLS = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'] as const;
export type TlsProtocol = (typeof TLS_PROTOCOLS)[number];

export const CLIENT_AUTH = ['need', 'want', 'none'] as const;
/** need: no valid certificate, no connection. want: a certificate that is shown must be valid. none: nobody is asked. */
export type ClientAuth = (typeof CLIENT_AUTH)[number];

export interface TlsOptions {
  readonly keyStore: StoreLocation;
  /** Null: the certificate authorities that the runtime brings along. */
  readonly trustStore: StoreLocation | null;
  readonly clientAuth: ClientAuth;
  /** Not empty, oldest first. */
  readonly protocols: readonly TlsProtocol[];
  /** By Java's names, in the order of preference. Empty: the default ones. */
  readonly cipherSuites: readonly string[];
  /** A client's certificate must name the address it comes from, or, with `looksUpClientHost`, the name of that address. */
  readonly verifiesClientHost: boolean;
  readonly looksUpClientHost: boolean;
  /** Stores are read again when their files change. */
  readonly reloadsStores: boolean;
  /** Handshakes of one shard that may be going on at a time. 0: no limit. */
  readonly handshakesMax: number;
}

/** The first is a state, the others count events. */
export const TLS_COUNTERS = [
  'outstanding_tls_handshake',
  'unsuccessful_handshake',
  'tls_handshake_exceeded',
  'auth_failed_count',
  'non_mtls_remote_conn_count',
  'non_mtls_local_conn_count',
] as const;
/** Places among them. */
export const TlsCounter = {
  outstanding: 0,
  unsuccessful: 1,
  exceeded: 2,
  authFailed: 3,
  plainRemote: 4,
  plainLocal: 5,
} as const;

/** What a shard that serves TLS gives to whoever does it. */
export interface TlsPart {
  readonly options: TlsOptions;
  /** As the main thread found them before it started anything: a shard made anew later need not find them good. */
  readonly loaded: LoadedTls;
  readonly log: Logger;
  /** Of `TLS_COUNTERS`. */
  readonly cells: Float64Array;
  /** Of several shards that watch the same files, one says what has become of them. */
  readonly tellsReloads: boolean;
}
