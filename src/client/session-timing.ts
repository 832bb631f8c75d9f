// The times a client lives by, all derived from the session timeout and the number of servers. Pure arithmetic on
// milliseconds, kept apart so that every rule can be read and tested in one place.
//
//   0          at most 1/3            2/3                1                4/3    of the session timeout
//   |---------------|------------------|-----------------|-----------------|
//   last         ping due         nothing heard:   server expires   client gives the
//   heard                           reconnect        the session    session up itself

const PING_SILENCE_MS_MAX = 10_000;

/** Nothing heard for this long on an open session: the connection is given up and another server is tried. */
export function readTimeoutMs(sessionTimeoutMs: number): number {
  return Math.floor((sessionTimeoutMs * 2) / 3);
}

/** For dialing, and again for the handshake; in one session timeout every server gets its turn. */
export function connectTimeoutMs(sessionTimeoutMs: number, serverCount: number): number {
  return Math.floor(sessionTimeoutMs / serverCount);
}

/** Nothing heard for this long at all: the server must have expired the session, wherever it is. */
export function expirationTimeoutMs(sessionTimeoutMs: number): number {
  return Math.floor((sessionTimeoutMs * 4) / 3);
}

/**
 * How long after the last send a ping is due. Half the read timeout; a second earlier where that leaves more than a
 * second, so that a second ping still fits when the first one is late; and never more than ten seconds.
 */
export function pingAfterMs(sessionTimeoutMs: number): number {
  const half = Math.floor(readTimeoutMs(sessionTimeoutMs) / 2);
  if (half <= 1000) return half;
  return Math.min(Math.max(1001, half - 1000), PING_SILENCE_MS_MAX);
}
