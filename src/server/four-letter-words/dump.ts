// `dump`: who expires when, who owns which ephemerals, and until when connections are kept. Text in pieces, from a status, on the
// thread that answers. On a learner the leader alone knows when sessions expire, so their timeouts are shown instead.
// Tools take session ids and paths out of it by the tabulators in front of them: never change those.

import { hex64, hexOf } from '../../base/int64.js';
import { javaSocketAddress } from '../../base/java-address.js';
import { JavaDates } from '../java-date.js';
import type { ConnectionStatus, EphemeralStatus, ExpiryStatus, ServerStatus } from '../status/server-status.js';

/** Connections are looked after in steps of this, as the reference does by default. */
const CONNECTION_STEP_MS = 10_000;
const CONNECTIONS_PER_LOOK = 256;
/** No text: whoever sends the pieces may do something else. */
const PAUSE = '';

export function* dump(status: ServerStatus): Iterable<string> {
  const { sessions } = status;
  if (sessions === null) return;
  const dates = new JavaDates();
  const dateOf = (ms: number): string => dates.long(sessions.wallMs + ms - sessions.nowMs);
  const ids = (id: bigint): string => `\t0x${hexOf(id)}\n`;
  yield 'SessionTracker dump:\n';
  if (sessions.local !== null) yield* sets('Local Session ', sessions.local, dateOf, ids);
  const isApart = sessions.local !== null;
  if (sessions.expiring !== null) {
    yield* sets(isApart ? 'Global Session ' : 'Session ', sessions.expiring, dateOf, ids);
  }
  if (sessions.known !== null) {
    yield `Global Sessions(${sessions.known.length}):\n`;
    for (const { id, timeoutMs } of sessions.known) yield `0x${hexOf(id)}\t${timeoutMs}ms\n`;
  }
  yield* ephemerals(status.ephemerals);
  yield 'Connections dump:\n';
  const byExpiry = yield* connectionsByExpiry(status.connections);
  yield* sets('Connections ', byExpiry, dateOf, connectionLine);
}

function* ephemerals(bySession: EphemeralStatus): Iterable<string> {
  yield `ephemeral nodes dump:\nSessions with Ephemerals (${bySession.size}):\n`;
  for (const [id, paths] of bySession) {
    yield `0x${hexOf(id)}:\n`;
    for (const path of paths) yield `\t${path}\n`;
  }
}

function* sets<T>(
  name: string,
  byExpiry: ExpiryStatus<T>,
  dateOf: (ms: number) => string,
  lineOf: (member: T) => string,
): Iterable<string> {
  let count = 0;
  for (const members of byExpiry.values()) count += members.length;
  yield `${name}Sets (${byExpiry.size})/(${count}):\n`;
  for (const [expiresMs, members] of byExpiry) {
    yield `${members.length} expire at ${dateOf(expiresMs)}:\n`;
    for (const member of members) yield lineOf(member);
  }
}

function* connectionsByExpiry(
  connections: readonly ConnectionStatus[],
): Generator<string, ExpiryStatus<ConnectionStatus>> {
  const buckets = new Map<number, ConnectionStatus[]>();
  for (const [index, connection] of connections.entries()) {
    if (index % CONNECTIONS_PER_LOOK === CONNECTIONS_PER_LOOK - 1) yield PAUSE;
    const bucketMs = (Math.floor(connection.expiresMs / CONNECTION_STEP_MS) + 1) * CONNECTION_STEP_MS;
    const bucket = buckets.get(bucketMs);
    if (bucket === undefined) buckets.set(bucketMs, [connection]);
    else bucket.push(connection);
  }
  return new Map([...buckets].sort(([a], [b]) => a - b));
}

function connectionLine({ address, port, session }: ConnectionStatus): string {
  const id = session === null ? '0' : hex64(session.sessionHi, session.sessionLo);
  return `\tip: ${javaSocketAddress(address, port)} sessionId: 0x${id}\n`;
}
