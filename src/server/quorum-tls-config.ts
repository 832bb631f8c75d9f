/**
 * TLS between servers: the keys sslQuorum, portUnification and ssl.quorum.*, read into plain data (ensemble-protocol 10.2). Used on
 * the main thread, once, while a member of an ensemble starts. As for clients: what this server cannot do for safety is refused.
 *
 * Where we differ: both TLS 1.2 and 1.3 are spoken unless the keys say otherwise, because older releases of ZooKeeper know the
 * former only by default; and no address is ever looked up backwards, whatever ssl.quorum.allowReverseDnsLookup says.
 */
import type { Logger } from '../actor/logger.js';
import type { QuorumTlsOptions, QuorumTlsPart } from '../peer/quorum-tls.js';
import type { Settings } from './settings.js';
import { ConfigError } from './start-error.js';
import {
  listOf,
  readClientAuth,
  readKeyStore,
  readProtocols,
  readStore,
  refuseRevocation,
  type TlsPrefix,
} from './tls-config.js';

const PREFIX: TlsPrefix = 'ssl.quorum.';

/** Null: servers speak in plain bytes, and take nothing else. */
export function readQuorumTlsOptions(settings: Settings, log: Logger): QuorumTlsOptions | null {
  const isRequired = settings.strictBool('sslQuorum');
  const takesPlain = settings.strictBool('portUnification');
  if (!isRequired && !takesPlain) return null;
  refuseRevocation(settings, PREFIX);
  if (settings.lenientBool('ssl.quorum.allowReverseDnsLookup')) {
    log.warn('ssl.quorum.allowReverseDnsLookup has no effect: addresses of servers are never looked up backwards');
  }
  const trustStore = readStore(settings, PREFIX, 'trustStore');
  if (trustStore === null) {
    log.warn(
      'zookeeper.ssl.quorum.trustStore.location not specified: servers are trusted by well-known public authorities',
    );
  }
  const verifiesServerHost = settings.lenientBool('ssl.quorum.hostnameVerification');
  return {
    tls: {
      keyStore: readKeyStore(settings, PREFIX),
      trustStore,
      clientAuth: readClientAuth(settings, PREFIX),
      protocols: readProtocols(settings, PREFIX, ['TLSv1.2', 'TLSv1.3']),
      cipherSuites: listOf(settings.text('ssl.quorum.ciphersuites')),
      // Who may call from where is judged by the ensemble's own rule, not by that for clients.
      verifiesClientHost: false,
      looksUpClientHost: false,
      reloadsStores: settings.strictBool('sslQuorumReloadCertFiles'),
      // The network has its own limit: there the oldest goes, so that strangers cannot keep members out.
      handshakesMax: 0,
    },
    isRequired,
    takesPlain,
    verifiesServerHost,
    verifiesClientHost: verifiesServerHost && settings.lenientBool('ssl.quorum.clientHostnameVerification'),
    detectionMs: Math.max(1, settings.lenientInt('ssl.quorum.handshakeDetectionTimeoutMillis')),
  };
}

/** With what the stores hold; a store that cannot be read is found out before anything is started, and said in one sentence. */
export async function loadQuorumTls(options: QuorumTlsOptions | null): Promise<QuorumTlsPart | null> {
  if (options === null) return null;
  const { loadTls } = await import('../net/tls-context.js');
  try {
    return { options, loaded: loadTls(options.tls) };
  } catch (error) {
    throw new ConfigError('TLS between servers cannot be served', { cause: error });
  }
}
