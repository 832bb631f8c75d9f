// Which server is tried next, and when: the first at once, every later one at random within a second, and more when a whole
// round was in vain. Owned by one ClientCnxn, for which the host provider names the servers. It dials nobody and reads no
// clock; it must never let two attempts follow each other without a pause, unless the client knows where it wants to go.

import type { Prng } from '../base/prng.js';
import type { ServerAddress } from './connect-string.js';
import type { HostProvider } from './host-provider.js';

/** Before every attempt but the first, at random below this: clients of a dead server must not return as one. */
const RECONNECT_DELAY_MS_MAX = 1000;
/** More, when every server was tried in vain. */
const ROUND_PAUSE_MS = 1000;

export class ServerAttempt {
  /** The next one, or the one that is running. */
  server: ServerAddress;
  /** While the client waits for it. */
  atMs: number;
  private readonly hosts: HostProvider;
  private readonly prng: Prng;

  constructor(hosts: HostProvider, prng: Prng, nowMs: number) {
    this.hosts = hosts;
    this.prng = prng;
    this.server = hosts.next().server;
    this.atMs = nowMs;
  }

  onFailed(nowMs: number): void {
    const { server, roundIsOver } = this.hosts.next();
    this.server = server;
    this.atMs = nowMs + this.prng.below(RECONNECT_DELAY_MS_MAX) + (roundIsOver ? ROUND_PAUSE_MS : 0);
  }

  /** A server that is known to be a better one. */
  goTo(server: ServerAddress, nowMs: number): void {
    this.server = server;
    this.atMs = nowMs;
  }
}
