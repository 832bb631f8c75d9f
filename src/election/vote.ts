/**
 * What servers vote for, and the order of votes (ensemble-protocol 4.2, 4.3). Pure values; any thread.
 */
import { compareSigned } from '../base/int64.js';
import type { QuorumVerifier } from './quorum-verifier.js';

/** The numbers of the wire. */
export const PeerState = { looking: 0, following: 1, leading: 2, observing: 3 } as const;
export type PeerState = (typeof PeerState)[keyof typeof PeerState];
export type DecidedState = Exclude<PeerState, 0>;

/** Long.MIN_VALUE: leader and epoch of who may not be elected. Exact as a double, and the only value beyond the safe integers. */
export const NOBODY = -(2 ** 63);

export interface Vote {
  readonly leader: number;
  readonly zxidHi: number;
  readonly zxidLo: number;
  /** Of the election it belongs to; upstream's electionEpoch. */
  readonly round: number;
  readonly peerEpoch: number;
}

/** A vote as it is kept: with the state of the one who cast it, and the version of its notification (0 in a round's own set). */
export interface CastVote extends Vote {
  readonly state: PeerState;
  readonly version: number;
}

/** 4.2: rounds and zxids of those who are no longer looking are deliberately not looked at (ZOOKEEPER-1805, -1818). */
export function sameVote(a: CastVote, b: CastVote): boolean {
  if (a.leader !== b.leader) return false;
  if (a.state === PeerState.looking || b.state === PeerState.looking) {
    return a.zxidHi === b.zxidHi && a.zxidLo === b.zxidLo && a.round === b.round && a.peerEpoch === b.peerEpoch;
  }
  const onlyOneIsOld = (a.version === 0) !== (b.version === 0);
  return onlyOneIsOld || a.peerEpoch === b.peerEpoch;
}

/** 4.3: epoch, then zxid, then sid; nobody without weight. Equal never beats. */
export function beats(vote: Vote, other: Vote, config: QuorumVerifier): boolean {
  if (config.weight(vote.leader) === 0) return false;
  if (vote.peerEpoch !== other.peerEpoch) return vote.peerEpoch > other.peerEpoch;
  const order = compareSigned(vote.zxidHi, vote.zxidLo, other.zxidHi, other.zxidLo);
  return order !== 0 ? order > 0 : vote.leader > other.leader;
}
