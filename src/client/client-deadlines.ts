// What is due in a client, and when something will be: the next attempt to connect, the end of a server's patience or of
// ours, a ping, the local estimate that the session is gone. Owned by one ClientCnxn, which does what is due. It only
// compares times it is told with times it was told (session-timing.ts has the rules) and must never change anything.

import { Phase } from './client-phase.js';
import type { ClientSession } from './client-session.js';
import type { HostProvider } from './host-provider.js';
import type { ServerAttempt } from './server-attempt.js';
import type { ServerLink } from './server-link.js';
import { connectTimeoutMs, expirationTimeoutMs, pingAfterMs, readTimeoutMs } from './session-timing.js';

export const Due = { nothing: 0, expiry: 1, attempt: 2, silence: 3, ping: 4 } as const;
export type Due = (typeof Due)[keyof typeof Due];

export class ClientDeadlines {
  phaseSinceMs: number;
  private readonly session: ClientSession;
  private readonly link: ServerLink;
  private readonly attempt: ServerAttempt;
  private readonly hosts: HostProvider;

  constructor(session: ClientSession, link: ServerLink, attempt: ServerAttempt, hosts: HostProvider, nowMs: number) {
    this.session = session;
    this.link = link;
    this.attempt = attempt;
    this.hosts = hosts;
    this.phaseSinceMs = nowMs;
  }

  dueAt(nowMs: number, phase: Phase): Due {
    if (nowMs >= this.expiryAtMs) return Due.expiry;
    switch (phase) {
      case Phase.Waiting:
        return nowMs >= this.attempt.atMs ? Due.attempt : Due.nothing;
      case Phase.Dialing:
      case Phase.Handshaking:
      case Phase.Authenticating:
        return nowMs >= this.answerByMs ? Due.silence : Due.nothing;
      case Phase.Connected:
        if (nowMs >= this.heardByMs) return Due.silence;
        return nowMs >= this.pingAtMs ? Due.ping : Due.nothing;
      case Phase.Over:
        return Due.nothing;
    }
  }

  nextMs(phase: Phase): number {
    switch (phase) {
      case Phase.Waiting:
        return Math.min(this.attempt.atMs, this.expiryAtMs);
      case Phase.Dialing:
      case Phase.Handshaking:
      case Phase.Authenticating:
        return Math.min(this.answerByMs, this.expiryAtMs);
      case Phase.Connected:
        return Math.min(this.heardByMs, this.pingAtMs);
      case Phase.Over:
        return Number.POSITIVE_INFINITY;
    }
  }

  /** How long nothing has come, in a phase in which something must. */
  silentMs(nowMs: number, phase: Phase): number {
    return nowMs - (phase === Phase.Connected ? this.link.lastHeardMs : this.phaseSinceMs);
  }

  /** The local estimate of when the server must have given the session up; never, while there is none. */
  get expiryAtMs(): number {
    if (this.session.id === 0n) return Number.POSITIVE_INFINITY;
    return this.link.lastHeardMs + expirationTimeoutMs(this.session.timeoutMs);
  }

  private get answerByMs(): number {
    return this.phaseSinceMs + connectTimeoutMs(this.session.timeoutMs, this.hosts.size);
  }

  private get heardByMs(): number {
    return this.link.lastHeardMs + readTimeoutMs(this.session.timeoutMs);
  }

  /** Never, while something is on its way out anyway: that serves as well, and a ping could not overtake it. */
  private get pingAtMs(): number {
    const { outgoing, lastSentMs } = this.link;
    if (!outgoing.isEmpty || outgoing.isBlocked) return Number.POSITIVE_INFINITY;
    return lastSentMs + pingAfterMs(this.session.timeoutMs);
  }
}
