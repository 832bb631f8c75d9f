// `cons`: one full line per connection, with its session if it has one, and the line itself for `stat`.
// Pure text from a status, on the thread that answers.
// Tools parse by the order of the fields: never change it. Averages are whole numbers here, unlike in `srvr`.

import { hex64 } from '../../base/int64.js';
import { javaSocketAddress } from '../../base/java-address.js';
import type { ConnectionStatus, ServerStatus, SessionStatus } from '../status/server-status.js';

export function* cons(status: ServerStatus): Iterable<string> {
  for (const connection of status.connections) yield `${connectionLine(connection, 'full')}\n`;
  yield '\n';
}

export function connectionLine(connection: ConnectionStatus, length: 'brief' | 'full'): string {
  const { address, port, interestOps, queuedCount, receivedCount, sentCount, session } = connection;
  const more = length === 'full' && session !== null ? sessionFields(session) : '';
  return (
    ` ${javaSocketAddress(address, port)}[${interestOps.toString(16)}]` +
    `(queued=${queuedCount},recved=${receivedCount},sent=${sentCount}${more})`
  );
}

function sessionFields(session: SessionStatus): string {
  const lastCxid = session.lastCxid >= 0 ? `,lcxid=0x${session.lastCxid.toString(16)}` : '';
  return (
    `,sid=0x${hex64(session.sessionHi, session.sessionLo)},lop=${session.lastOperation}` +
    `,est=${session.establishedWallMs},to=${session.timeoutMs}${lastCxid}` +
    `,lzxid=0x${hex64(session.lastZxidHi, session.lastZxidLo)},lresp=${Math.trunc(session.lastResponseMonotonicMs)}` +
    `,llat=${session.lastLatencyMs},minlat=${session.minLatencyMs}` +
    `,avglat=${Math.trunc(session.avgLatencyMs)},maxlat=${session.maxLatencyMs}`
  );
}
