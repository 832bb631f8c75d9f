/**
 * Who leads once a reconfiguration is committed (ensemble-protocol 9.4). The leader names him in COMMITANDACTIVATE, and whoever is
 * named takes the role without an election. Pure.
 */
import { hasSameQuorumAddresses } from '../election/config-pair.js';
import type { QuorumVerifier } from '../election/quorum-verifier.js';

/**
 * `myId` leads on while it votes in the next configuration under the address it has; else one of that configuration's voters with
 * the most merit, and the least sid among those. `merit`: how much a voter has of what was proposed; 0: does not have the
 * configuration itself. When nobody has any, nobody else is named.
 */
export function designatedLeader(
  myId: number,
  before: QuorumVerifier,
  next: QuorumVerifier,
  merit: (sid: number) => number,
): number {
  const now = before.member(myId);
  const then = next.member(myId);
  const isReachable = now === undefined || then === undefined || hasSameQuorumAddresses(now, then);
  if (next.isVoter(myId) && isReachable) return myId;
  let best = myId;
  let most = 0;
  for (const { sid } of next.members) {
    if (sid === myId || !next.isVoter(sid)) continue;
    const has = merit(sid);
    if (has > most) {
      most = has;
      best = sid;
    }
  }
  return best;
}
