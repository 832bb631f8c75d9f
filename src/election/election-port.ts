/**
 * What an election wants of the world: messages to peers, and what it has to tell the quorum peer (fast-leader-election.ts). The
 * election actor implements it, on its thread; tests and transcripts write it down. No call comes back in.
 */
import type { QuorumVerifier } from './quorum-verifier.js';
import type { DecidedState, PeerState, Vote } from './vote.js';

/** never: not yet in the life of this election; lost: it was up, and broke. */
export type LinkState = 'never' | 'up' | 'lost';

export interface ElectionPort {
  /** Queues a notification for that server, over an unsent one if need be, and connects if it is not. Never to itself. */
  send(sid: number, state: PeerState, vote: Vote): void;
  /** Some queue is empty: something has gone out at all. */
  haveDelivered(): boolean;
  /** To everybody for whom something is queued. */
  connectAll(): void;
  linkOf(sid: number): LinkState;
  /** Drops the connection to that server for a new one. */
  renewLink(sid: number): void;

  decided(state: DecidedState, vote: Vote, supporters: readonly number[], elapsedMs: number): void;
  /** A newer committed configuration. `gaveUp`: nothing goes on until `configs` with restart. */
  gossip(config: QuorumVerifier, gaveUp: boolean): void;
  /** Nothing has come for long; everybody is told once more, and then waited for so long. */
  notificationTimedOut?(nextMs: number): void;
  /** While LEADING. */
  voterLooking(sid: number): void;
  /** Somebody sent a configuration that is none; its vote counts all the same. */
  configUnreadable(sid: number, reason: string): void;
}
