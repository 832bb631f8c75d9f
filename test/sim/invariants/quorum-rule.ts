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

/** Of the members that `/zookeeper/config` tells; `version=` and addresses say nothing here. */
export function ruleOfText(text: string): QuorumRule {
  const voters: number[] = [];
  const groups: number[][] = [];
  const weights = new Map<number, number>();
  for (const line of text.split('\n')) {
    const [key, value = ''] = line.split('=') as [string, string?];
    const number = Number(key.slice(key.indexOf('.') + 1));
    if (key.startsWith('server.') && value.includes(':participant')) voters.push(number);
    else if (key.startsWith('group.')) groups.push(value.split(':').map(Number));
    else if (key.startsWith('weight.')) weights.set(number, Number(value));
  }
  if (groups.length === 0) return majorityOf(voters);
  return hierarchyOf(
    groups.map((group) => group.filter((sid) => voters.includes(sid))),
    weights,
  );
}
