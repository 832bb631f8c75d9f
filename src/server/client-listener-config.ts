// Where a server listens for its clients without TLS: by the keys of its own, or by its line among the members, which must
// not contradict each other. Read once by the main thread while the server starts, plain data for the shards afterwards.
// No name is looked up here; the secure port is read with the rest of TLS.

import type { Logger } from '../actor/logger.js';
import type { QuorumMember } from '../election/quorum-verifier.js';
import { checkPort, normalHost } from './port-and-host.js';
import { BadValueError, type Settings } from './settings.js';
import { ConfigError } from './start-error.js';

export interface ClientListenerConfig {
  /** Null: no listener for clients. */
  readonly clientPort: number | null;
  /** Null: all addresses, IPv4 and IPv6. Never has brackets. */
  readonly clientPortAddress: string | null;
}

export function readClientListener(settings: Settings, log: Logger): ClientListenerConfig {
  const port = checkPort(settings.strictInt('clientPort'));
  const address = settings.strictText('clientPortAddress');
  if (port === 0 && address !== null) throw new BadValueError('clientPortAddress is set but clientPort is not set');
  if (port === 0) return { clientPort: null, clientPortAddress: null };
  const host = normalHost(address);
  log.info(`clientPortAddress is ${host ?? '0.0.0.0'}:${port}`);
  return { clientPort: port, clientPortAddress: host };
}

/** An ensemble member's line may carry the client address; the official image relies on it, standalone too. */
export function mergeClientAddress(
  listener: ClientListenerConfig,
  own: QuorumMember | undefined,
): ClientListenerConfig {
  const client = own?.client ?? null;
  if (own === undefined || client === null) return listener;
  const host = normalHost(client.host);
  const { clientPort: port, clientPortAddress: address } = listener;
  if (port !== null && (port !== client.port || (address !== null && address !== host))) {
    throw new ConfigError(
      `client address for this server (id = ${own.sid}) in static config file is ${address ?? '0.0.0.0'}:${port} is ` +
        `different from client address found in dynamic file: ${client.host}:${client.port}`,
    );
  }
  return { clientPort: client.port === 0 ? null : client.port, clientPortAddress: host };
}
