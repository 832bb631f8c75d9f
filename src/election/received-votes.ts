/**
 * The last vote of each server that was heard of in one call of the election (ensemble-protocol 4.4), and who of them says the same.
 * The reference has two of these, by the same names: `recvset`, the votes of this round, and `outofelection`, those of servers that
 * look no longer, of any round. Pure; owned by the election.
 */
import { type CastVote, PeerState, sameVote, type Vote } from './vote.js';

export class ReceivedVotes {
  private readonly bySid = new Map<number, CastVote>();

  /** Instead of what that server said before. */
  set(sid: number, vote: Vote, state: PeerState, version: number): void {
    this.bySid.set(sid, castVote(vote, state, version));
  }

  supporters(vote: Vote, state: PeerState, version: number): ReadonlySet<number> {
    const cast = castVote(vote, state, version);
    const sids = new Set<number>();
    for (const [sid, other] of this.bySid) if (sameVote(cast, other)) sids.add(sid);
    return sids;
  }

  /** That server has said itself that it leads. */
  isLeading(sid: number): boolean {
    return this.bySid.get(sid)?.state === PeerState.leading;
  }

  clear(): void {
    this.bySid.clear();
  }
}

function castVote(vote: Vote, state: PeerState, version: number): CastVote {
  const { leader, zxidHi, zxidLo, round, peerEpoch } = vote;
  return { leader, zxidHi, zxidLo, round, peerEpoch, state, version };
}
