/**
 * Voters in groups, as a hierarchical quorum has them (ensemble-protocol 2.3): a quorum wins more than half of the groups, and each of these
 * by more than half of its voters. With groups of one, two voters of five are enough.
 */
import type { Prng } from '../../../src/base/prng.js';

/** Each has one at least. */
export function drawGroups(prng: Prng, voters: readonly number[]): number[][] {
  const groups: number[][] = [[], [], []];
  const rest = [...voters];
  for (let i = 0; rest.length > 0; i++) {
    const group = groups[i < groups.length ? i : prng.below(groups.length)] as number[];
    group.push(...rest.splice(prng.below(rest.length), 1));
  }
  return groups;
}

/** As a configuration has them. */
export function groupLines(groups: readonly (readonly number[])[]): string[] {
  return groups.map((sids, index) => `group.${index + 1}=${sids.join(':')}`);
}
