// The ports clients connect to, as connection shards are given them: the client port, then the secure one, each if it is
// configured. A port is known everywhere by its index in this list, which is the same in every thread.
// Pure; any thread. Opens nothing.

import { PortKind } from '../net/client-socket.js';
import type { ClientPort } from '../net/shard-listener.js';
import type { ServerConfig } from './server-config.js';
import { PortError } from './start-error.js';

export function clientPorts(config: ServerConfig): readonly ClientPort[] {
  const ports: ClientPort[] = [];
  const { clientPort, secureClientPort } = config;
  if (clientPort !== null) {
    const kind = config.clientPortUnification ? PortKind.either : PortKind.plain;
    ports.push({ port: clientPort, host: config.clientPortAddress ?? undefined, kind });
  }
  if (secureClientPort !== null) {
    ports.push({ port: secureClientPort, host: config.secureClientPortAddress ?? undefined, kind: PortKind.tls });
  }
  return ports;
}

/** `cause`: the system's, with its code. */
export function clientPortError({ kind, port, host }: ClientPort, cause: Error): PortError {
  const name = kind === PortKind.tls ? 'secure client port' : 'client port';
  return new PortError(`the ${name} cannot be opened`, {
    cause: Object.assign(cause, { port, address: host ?? '0.0.0.0' }),
  });
}
