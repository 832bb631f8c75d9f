/**
 * TLS on the admin port: admin.forceHttps, admin.portUnification, admin.needClientAuth with the stores of ssl.quorum.* (operations
 * 3.1), read into plain data. Main thread, once, while the server starts. What is wrong with it keeps the AdminServer from
 * starting, never the server: it is kept as a sentence for when that is tried.
 */
import { CLIENT_AUTH, type TlsOptions } from '../net/tls-options.js';
import { BadValueError, type Settings } from './settings.js';
import { ConfigError } from './start-error.js';
import { listOf, readKeyStore, readProtocols, readStore, refuseRevocation, type TlsPrefix } from './tls-config.js';

const PREFIX: TlsPrefix = 'ssl.quorum.';
const [NEED, , NONE] = CLIENT_AUTH;

export interface AdminTlsConfig {
  /** Plain HTTP is spoken as well, on the same port. */
  readonly takesPlain: boolean;
  /** Secret: has passwords. Null: see `fault`. */
  readonly options: TlsOptions | null;
  /** Why there is no TLS; null: there is. */
  readonly fault: string | null;
  /** Until what comes first on a connection says which of both it speaks. */
  readonly detectionMs: number;
}

/** Null: plain HTTP only. */
export function readAdminTlsConfig(settings: Settings): AdminTlsConfig | null {
  const isForced = settings.lenientBool('admin.forceHttps');
  if (!isForced && !settings.lenientBool('admin.portUnification')) return null;
  const common = {
    takesPlain: !isForced,
    detectionMs: Math.max(1, settings.lenientInt('ssl.quorum.handshakeDetectionTimeoutMillis')),
  };
  try {
    return { ...common, options: readOptions(settings), fault: null };
  } catch (error) {
    if (!(error instanceof ConfigError) && !(error instanceof BadValueError)) throw error;
    return { ...common, options: null, fault: error.message };
  }
}

function readOptions(settings: Settings): TlsOptions {
  refuseRevocation(settings, PREFIX);
  const needsClient = settings.lenientBool('admin.needClientAuth');
  const trustStore = readStore(settings, PREFIX, 'trustStore');
  if (needsClient && trustStore === null) {
    throw new ConfigError('admin.needClientAuth is true, but ssl.quorum.trustStore.location is not set');
  }
  return {
    keyStore: readKeyStore(settings, PREFIX),
    trustStore,
    clientAuth: needsClient ? NEED : NONE,
    protocols: readProtocols(settings, PREFIX, ['TLSv1.2', 'TLSv1.3']),
    cipherSuites: listOf(settings.text('ssl.quorum.ciphersuites')),
    verifiesClientHost: false,
    looksUpClientHost: false,
    reloadsStores: settings.strictBool('sslQuorumReloadCertFiles'),
    handshakesMax: 0,
  };
}
