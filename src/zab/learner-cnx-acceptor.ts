/**
 * LearnerCnxAcceptor: the port at which a leader, or an observer master, waits for its learners. It listens on all of its addresses
 * or on none: whoever finds the port at one of a server's addresses must find it at the others.
 *
 *   closed --open--> opening --all of them listen--> open
 *     ^                 |                             |
 *     +---- one fails: all are closed, `onFailed` ----+     a little later it is due again: the port may still be in the hands of
 *                                                           the role before
 *
 * Owned by its master, on the quorum peer's thread, which asks on its ticks whether it is due and knows the addresses of the moment.
 * It never gives up by itself.
 */
import type { Clock } from '../base/clock.js';
import type { PeerAddress, PeerListener, PeerNetwork, PeerSocket, PeerSocketEvents } from '../election/peer-network.js';

export interface LearnerCnxAcceptorEvents {
  /** Null: it is refused at once. */
  onSocket(socket: PeerSocket): PeerSocketEvents | null;
  /** It listens on all of its addresses, for the first time or again. */
  onOpen(): void;
  onFailed(failure: string): void;
}

export class LearnerCnxAcceptor {
  private readonly network: PeerNetwork;
  private readonly clock: Clock;
  private readonly retryMs: number;
  private readonly events: LearnerCnxAcceptorEvents;
  // Of the present attempt.
  private listeners: PeerListener[] = [];
  private listening = 0; // Invariant: listening <= listeners.length once `open` has returned
  private retryAtMs = 0; // 0: not due

  constructor(network: PeerNetwork, clock: Clock, retryMs: number, events: LearnerCnxAcceptorEvents) {
    this.network = network;
    this.clock = clock;
    this.retryMs = retryMs;
    this.events = events;
  }

  /** `isEverywhere` (quorumListenOnAllIPs): at every address of this machine, under the ports of these. */
  open(addresses: readonly PeerAddress[], isEverywhere: boolean): void {
    this.retryAtMs = 0;
    const listeners: PeerListener[] = [];
    this.listeners = listeners;
    this.listening = 0;
    const bound = new Set<string>();
    for (const { host, port } of addresses) {
      const place = isEverywhere ? String(port) : `${host} ${port}`;
      if (bound.has(place)) continue;
      bound.add(place);
      const listener = this.network.listen(
        isEverywhere ? undefined : host,
        port,
        (socket) => this.events.onSocket(socket),
        () => this.onListening(listeners),
        (error) => this.onError(listeners, `${host}:${port}: ${error.message}`),
      );
      listeners.push(listener);
    }
  }

  isDue(nowMs: number): boolean {
    return this.retryAtMs !== 0 && nowMs >= this.retryAtMs;
  }

  close(): void {
    for (const listener of this.listeners) listener.close();
    this.listeners = [];
    this.listening = 0;
  }

  private onListening(attempt: readonly PeerListener[]): void {
    if (attempt !== this.listeners) return;
    this.listening++;
    if (this.listening === attempt.length) this.events.onOpen();
  }

  private onError(attempt: readonly PeerListener[], failure: string): void {
    if (attempt !== this.listeners) return;
    this.close();
    this.retryAtMs = this.clock.monotonicMs() + this.retryMs;
    this.events.onFailed(failure);
  }
}
