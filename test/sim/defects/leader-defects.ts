/**
 * Leaders with a part that is wrong.
 */
import type { LeaderBroadcast } from '../../../src/zab/leader-broadcast.js';
import type { LeadershipProof } from '../../../src/zab/leadership-proof.js';
import type { KnownDefect } from './known-defect.js';
import { patch, withRole } from './spoiling.js';
import { deserting } from './telling-seeds.js';

/** Of the parts that a leader is made of. */
export function leaderDefect(
  name: string,
  spoil: (leader: { readonly broadcast: LeaderBroadcast }) => void,
): KnownDefect {
  const spoilRole: Parameters<typeof withRole>[0] = (role, isLeader) => {
    if (isLeader) spoil(role as unknown as { broadcast: LeaderBroadcast });
  };
  return { name, spoil: () => ({ openRole: withRole(spoilRole) }) };
}

export const LEADER_DEFECTS: readonly KnownDefect[] = [
  {
    ...leaderDefect('answers its own clients’ syncs without a proof', ({ broadcast }) =>
      patch(broadcast.syncs, 'joinOwn', () => () => 0),
    ),
    plan: deserting,
  },
  {
    ...leaderDefect('answers its learners’ syncs without a proof', ({ broadcast }) => {
      const { proof } = broadcast.syncs as unknown as { proof: LeadershipProof };
      patch(proof, 'join', () => () => 0);
    }),
    plan: deserting,
  },
];
