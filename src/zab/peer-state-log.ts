/**
 * What the log says of a member's states, in the words of the reference: operators search for them, and their tools do. Nothing else
 * is logged here, and nothing is decided.
 */
import type { Logger } from '../actor/logger.js';
import { type DecidedState, PeerState } from '../election/vote.js';

const NAMES = {
  [PeerState.looking]: 'LOOKING',
  [PeerState.following]: 'FOLLOWING',
  [PeerState.leading]: 'LEADING',
  [PeerState.observing]: 'OBSERVING',
} as const;
const OVER = {
  [PeerState.looking]: 'LOOKING is over',
  [PeerState.following]: 'Exception when following the leader',
  [PeerState.leading]: 'LEADING is over',
  [PeerState.observing]: 'Exception when observing the leader',
} as const;
const SHUTDOWN = {
  [PeerState.following]: 'shutdown Follower',
  [PeerState.leading]: 'Shutting down',
  [PeerState.observing]: 'shutdown Observer',
} as const;

export class PeerStateLog {
  private readonly log: Logger;

  constructor(log: Logger) {
    this.log = log;
  }

  onElected(state: DecidedState, leader: number, elapsedMs: number): void {
    this.log.info(`${NAMES[state]} - LEADER ELECTION TOOK - ${elapsedMs} MS`, { leader });
  }

  onState(state: PeerState): void {
    this.log.info(NAMES[state]);
    this.changed(state, '');
  }

  onBroadcast(state: DecidedState): void {
    this.changed(state, ' - broadcast');
  }

  onOver(state: PeerState, reason: string): void {
    this.log.warn(`${OVER[state]}: ${reason}`);
    if (state !== PeerState.looking) this.log.info(SHUTDOWN[state]);
  }

  beginReadOnly(): void {
    this.log.info('Attempting to start ReadOnlyZooKeeperServer');
  }

  onReadOnly(): void {
    this.log.info('Read-only server started');
  }

  private changed(state: PeerState, suffix: string): void {
    this.log.info(`Peer state changed: ${NAMES[state].toLowerCase()}${suffix}`);
  }
}
