/**
 * How a member of an ensemble protects its connections with the others: TLS and SASL together, as plain data for the thread of the
 * quorum peer. Read on the main thread, once, while it starts. Secret as a whole.
 */
import type { Logger } from '../actor/logger.js';
import type { QuorumSaslOptions } from '../peer/quorum-sasl.js';
import type { QuorumTlsOptions, QuorumTlsPart } from '../peer/quorum-tls.js';
import { readQuorumSaslOptions } from './quorum-sasl-config.js';
import { loadQuorumTls, readQuorumTlsOptions } from './quorum-tls-config.js';
import type { Settings } from './settings.js';

export interface PeerSecurity {
  /** Null: plain bytes. */
  readonly tls: QuorumTlsOptions | null;
  /** `tls` with what its stores hold. Null until `withPeerSecurityLoaded` has seen to it. */
  readonly tlsLoaded: QuorumTlsPart | null;
  /** Null: nobody authenticates himself. */
  readonly sasl: QuorumSaslOptions | null;
  /** Servers from addresses of no member are refused. */
  readonly refusesForeign: boolean;
}

export const NO_PEER_SECURITY: PeerSecurity = { tls: null, tlsLoaded: null, sasl: null, refusesForeign: false };

export function readPeerSecurity(settings: Settings, log: Logger): PeerSecurity {
  const foreign = settings.choice('threadkeeper.quorum.foreignAddresses', ['refuse', 'allow']);
  return {
    tls: readQuorumTlsOptions(settings, log),
    tlsLoaded: null,
    sasl: readQuorumSaslOptions(settings),
    // Where members may change, somebody who joins comes from an address that is in no configuration yet.
    refusesForeign: foreign === 'refuse' && !settings.strictBool('reconfigEnabled'),
  };
}

/** The same configuration with the stores read: that they cannot be is found out before anything is started. */
export async function withPeerSecurityLoaded<C extends { readonly peerSecurity: PeerSecurity }>(config: C): Promise<C> {
  const { peerSecurity } = config;
  if (peerSecurity.tls === null) return config;
  const tlsLoaded = await loadQuorumTls(peerSecurity.tls);
  return Object.freeze({ ...config, peerSecurity: { ...peerSecurity, tlsLoaded } });
}
