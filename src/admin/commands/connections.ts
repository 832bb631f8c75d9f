// connections (cons): every client connection, those with TLS apart (operations 3.4). The order of the fields is the reference's.
// Main thread; the shards are asked in pieces.
// Whoever is being answered a four-letter word is none of them.

import { int64FromHalves } from '../../base/int64.js';
import type { ConnectionStatus } from '../../server/status/server-status.js';
import type { Command, MakeCommand } from '../command.js';
import type { JsonObject } from '../json-text.js';

export const connections: MakeCommand = ({ status }): Command => ({
  names: ['connections', 'cons'],
  method: 'GET',
  needsServer: true,
  needsRoot: false,
  run: async () => ({ fields: connectionLists(await status.connections(), 'full') }),
});

/** Also for `stats`, in brief. */
export function connectionLists(all: readonly ConnectionStatus[], length: 'brief' | 'full'): JsonObject {
  return {
    connections: listOf(all, false, length),
    secure_connections: listOf(all, true, length),
  };
}

/** Whoever is being answered a four-letter word is no client. */
function listOf(all: readonly ConnectionStatus[], isSecure: boolean, length: 'brief' | 'full'): Iterable<JsonObject> {
  return {
    *[Symbol.iterator]() {
      for (const connection of all) {
        if (connection.isEncrypted === isSecure && connection.interestOps !== 0) yield fieldsOf(connection, length);
      }
    },
  };
}

function fieldsOf(connection: ConnectionStatus, length: 'brief' | 'full'): JsonObject {
  const { address, port, session } = connection;
  const brief: JsonObject = {
    remote_socket_address: `${address.includes(':') ? `[${address}]` : address}:${port}`,
    interest_ops: connection.interestOps,
    outstanding_requests: connection.queuedCount,
    packets_received: connection.receivedCount,
    packets_sent: connection.sentCount,
  };
  if (length === 'brief' || session === null) return brief;
  return {
    ...brief,
    session_id: int64FromHalves(session.sessionHi, session.sessionLo),
    last_operation: session.lastOperation,
    established: session.establishedWallMs,
    session_timeout: session.timeoutMs,
    last_cxid: session.lastCxid,
    last_zxid: int64FromHalves(session.lastZxidHi, session.lastZxidLo),
    last_response_time: Math.trunc(session.lastResponseMonotonicMs),
    last_latency: session.lastLatencyMs,
    min_latency: session.minLatencyMs,
    avg_latency: Math.trunc(session.avgLatencyMs),
    max_latency: session.maxLatencyMs,
  };
}
