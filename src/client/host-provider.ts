// Says which server to try next: the list is shuffled once, so that many clients spread over an ensemble, then walked
// round and round. Owned by one ClientCnxn. It hands out names, not addresses: whoever dials resolves them anew at each
// attempt. Must never skip a server, and must say when a full round has failed, since that is where a client pauses.

import { assert } from '../base/assert.js';
import type { Prng } from '../base/prng.js';
import type { ServerAddress } from './connect-string.js';

export interface HostAttempt {
  readonly server: ServerAddress;
  /** Every server was tried since the last success (or since the start): time to pause. */
  readonly roundIsOver: boolean;
}

export class HostProvider {
  private readonly servers: ServerAddress[];
  private current = -1; // Invariant: -1 before the first attempt, then an index
  private last = -1; // the index at which the round began: that of the last success, or of the first attempt

  constructor(servers: readonly ServerAddress[], prng: Prng) {
    assert(servers.length > 0, 'no servers to connect to');
    this.servers = [...servers];
    for (let i = this.servers.length - 1; i > 0; i--) {
      const j = prng.below(i + 1);
      const moved = this.servers[i];
      this.servers[i] = this.servers[j];
      this.servers[j] = moved;
    }
  }

  get size(): number {
    return this.servers.length;
  }

  next(): HostAttempt {
    this.current = (this.current + 1) % this.servers.length;
    const roundIsOver = this.current === this.last;
    if (this.last < 0) this.last = 0;
    return { server: this.servers[this.current], roundIsOver };
  }

  onConnected(): void {
    this.last = this.current;
  }
}
