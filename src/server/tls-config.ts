// TLS on client ports: the keys secureClientPort, client.portUnification and ssl.*, read into plain data. Used on the main
// thread, once, while the server starts. What this server cannot do for safety (revocation lists, OCSP) is refused with a
// sentence, never let pass; what has no meaning outside a JVM is understood and without effect.

import type { Logger } from '../actor/logger.js';
import type { LoadedTls } from '../net/tls-context.js';
import type { StoreLocation } from '../net/tls-key-store.js';
import { CLIENT_AUTH, TLS_PROTOCOLS, type TlsOptions, type TlsProtocol } from '../net/tls-options.js';
import { checkPort, normalHost } from './port-and-host.js';
import { BadValueError, type Settings } from './settings.js';
import { ConfigError } from './start-error.js';

export interface TlsConfig {
  /** Null: no listener for TLS alone. */
  readonly secureClientPort: number | null;
  /** Null: all addresses. */
  readonly secureClientPortAddress: string | null;
  /** The client port takes TLS as well as plain bytes. */
  readonly clientPortUnification: boolean;
  /** Who connects to the TLS port while nobody is served is not worth a handshake. */
  readonly dropsEarlyHandshakes: boolean;
  /** Null: nobody asks for TLS. */
  readonly tls: TlsOptions | null;
  /** Secret: has the private key. Null until `withTlsLoaded` has seen to it. */
  readonly tlsLoaded: LoadedTls | null;
}

const DEFAULT_SCHEME = 'x509';
const DEFAULT_PROTOCOLS: readonly TlsProtocol[] = ['TLSv1.3'];

/** Keys of client ports, and those of the connections between servers: the same words behind another beginning. */
export type TlsPrefix = 'ssl.' | 'ssl.quorum.';

export function readTlsConfig(settings: Settings, connectionShards: number, log: Logger): TlsConfig {
  const secureClientPort = checkPort(settings.strictInt('secureClientPort'));
  const address = settings.strictText('secureClientPortAddress');
  if (secureClientPort === 0 && address !== null) {
    throw new BadValueError('secureClientPortAddress is set but secureClientPort is not set');
  }
  const host = normalHost(address);
  if (secureClientPort === 0) log.info('secureClientPort is not set');
  else log.info(`secureClientPortAddress is ${host ?? '0.0.0.0'}:${secureClientPort}`);
  const clientPortUnification = settings.lenientBool('client.portUnification');
  const isWanted = secureClientPort !== 0 || clientPortUnification;
  return {
    secureClientPort: secureClientPort === 0 ? null : secureClientPort,
    secureClientPortAddress: secureClientPort === 0 ? null : host,
    clientPortUnification,
    tls: isWanted ? readTlsOptions(settings, connectionShards, log) : null,
    dropsEarlyHandshakes: settings.lenientBool('netty.server.earlyDropSecureConnectionHandshakes'),
    tlsLoaded: null,
  };
}

/**
 * The same configuration with what its stores hold. That they cannot be read is found out before anything is started, and
 * said in one sentence. Whatever does TLS is loaded by those who want TLS: it would take a tenth of the time of a start.
 */
export async function withTlsLoaded<C extends TlsConfig>(config: C): Promise<C> {
  if (config.tls === null) return config;
  const { loadTls } = await import('../net/tls-context.js');
  try {
    return Object.freeze({ ...config, tlsLoaded: loadTls(config.tls) });
  } catch (error) {
    throw new ConfigError('TLS on the client port cannot be served', { cause: error });
  }
}

function readTlsOptions(settings: Settings, connectionShards: number, log: Logger): TlsOptions {
  checkAuthProvider(settings);
  refuseRevocation(settings, 'ssl.');
  const keyStore = readKeyStore(settings, 'ssl.');
  const trustStore = readStore(settings, 'ssl.', 'trustStore');
  if (trustStore === null) {
    log.warn('zookeeper.ssl.trustStore.location not specified: clients are trusted by well-known public authorities');
  }
  const limit = settings.lenientInt('netty.server.outstandingHandshake.limit');
  return {
    keyStore,
    trustStore,
    clientAuth: readClientAuth(settings, 'ssl.'),
    protocols: readProtocols(settings, 'ssl.', DEFAULT_PROTOCOLS),
    cipherSuites: listOf(settings.text('ssl.ciphersuites')),
    verifiesClientHost:
      settings.lenientBool('ssl.hostnameVerification') && settings.lenientBool('ssl.clientHostnameVerification'),
    looksUpClientHost: settings.lenientBool('ssl.allowReverseDnsLookup'),
    reloadsStores: settings.lenientBool('client.certReload'),
    handshakesMax: limit <= 0 ? 0 : Math.ceil(limit / connectionShards),
  };
}

/** Whoever names another provider for TLS wants other identities than certificates give here. */
function checkAuthProvider(settings: Settings): void {
  const scheme = settings.text('ssl.authProvider') || DEFAULT_SCHEME;
  if (scheme === DEFAULT_SCHEME) return;
  if (!settings.properties.has(`zookeeper.authProvider.${scheme}`)) {
    throw new BadValueError(`No auth provider configured for the SSL authentication scheme '${scheme}'.`);
  }
  throw new ConfigError(`ssl.authProvider is ${scheme}, but this server knows the clients of TLS by x509 only`);
}

export function refuseRevocation(settings: Settings, prefix: TlsPrefix): void {
  for (const key of [`${prefix}crl`, `${prefix}ocsp`] as const) {
    if (settings.lenientBool(key)) {
      throw new ConfigError(`${key} is true, but this server cannot check whether certificates have been revoked`);
    }
  }
}

export function readKeyStore(settings: Settings, prefix: TlsPrefix): StoreLocation {
  const keyStore = readStore(settings, prefix, 'keyStore');
  if (keyStore !== null) return keyStore;
  throw new ConfigError(`${prefix}keyStore.location is not set, but TLS needs a private key and its certificate`);
}

export function readStore(
  settings: Settings,
  prefix: TlsPrefix,
  name: 'keyStore' | 'trustStore',
): StoreLocation | null {
  const path = settings.text(`${prefix}${name}.location`);
  if (path === '') return null;
  return {
    path,
    type: settings.text(`${prefix}${name}.type`),
    password: settings.text(`${prefix}${name}.password`),
    passwordPath: settings.text(`${prefix}${name}.passwordPath`),
  };
}

export function readClientAuth(settings: Settings, prefix: TlsPrefix): TlsOptions['clientAuth'] {
  const text = settings.text(`${prefix}clientAuth`) || 'need';
  const found = CLIENT_AUTH.find((choice) => choice === text.toLowerCase());
  if (found === undefined)
    throw new ConfigError(`Invalid option ${text} for ${prefix}clientAuth. Choose need, want or none.`);
  return found;
}

export function readProtocols(
  settings: Settings,
  prefix: TlsPrefix,
  defaults: readonly TlsProtocol[],
): readonly TlsProtocol[] {
  const enabled = listOf(settings.text(`${prefix}enabledProtocols`));
  const single = settings.text(`${prefix}protocol`);
  const names = enabled.length > 0 ? enabled : single === '' ? defaults : [single];
  for (const name of names) {
    if (TLS_PROTOCOLS.some((known) => known === name)) continue;
    throw new ConfigError(`TLS protocol ${name} is not one of ${TLS_PROTOCOLS.join(', ')}`);
  }
  return TLS_PROTOCOLS.filter((protocol) => names.includes(protocol));
}

export function listOf(text: string): string[] {
  return text
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
}
