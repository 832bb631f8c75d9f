/**
 * Which sets of members are a quorum, in the words of the paper, for the checkers: written apart from the server's own, which it
 * judges.
 */
export interface QuorumRule {
  readonly voters: ReadonlySet<number>;
  isQuorum(sids: Iterable<number>): boolean;
}

export function majorityOf(voters: readonly number[]): QuorumRule {
  const set = new Set(voters);
  return {
    voters: set,
    isQuorum: (sids) => new Set([...sids].filter((sid) => set.has(sid))).size * 2 > set.size,
  };
}

/** Groups, each won by more than half of its weight, and more than half of those that have any weight. */
export function hierarchyOf(groups: readonly (readonly number[])[], weights: ReadonlyMap<number, number>): QuorumRule {
  const weightOf = (sid: number): number => weights.get(sid) ?? 1;
  const sumOf = (sids: readonly number[]): number => sids.reduce((sum, sid) => sum + weightOf(sid), 0);
  const voting = groups.filter((group) => sumOf(group) > 0);
  return {
    voters: new Set(groups.flat()),
    isQuorum: (sids) => {
      const there = new Set(sids);
      const won = voting.filter((group) => sumOf(group.filter((sid) => there.has(sid))) * 2 > sumOf(group));
      return won.length * 2 > voting.length;
    },
  };
}
