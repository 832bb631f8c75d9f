/**
 * Members in groups, with weights (ensemble-protocol 2.3): a group is won by more than half of its weight, and more than half of
 * the groups that have a weight at all are a quorum. Immutable; any thread.
 */
import { hex64 } from '../base/int64.js';
import { formatMember, sameMembers } from './member-text.js';
import type { QuorumMember, QuorumVerifier } from './quorum-verifier.js';

/** As configured: disjoint groups, and the weights that are given. Plain data. */
export interface QuorumHierarchy {
  readonly groups: readonly { readonly id: number; readonly sids: readonly number[] }[];
  readonly weights: readonly { readonly sid: number; readonly weight: number }[];
}

export class QuorumHierarchical implements QuorumVerifier {
  readonly versionHi: number;
  readonly versionLo: number;
  readonly members: readonly QuorumMember[];
  readonly hierarchical = true;
  readonly voterCount: number;
  /** By rising id, and of rising sids. */
  readonly hierarchy: QuorumHierarchy;
  private readonly bySid: ReadonlyMap<number, QuorumMember>;
  private readonly groupOf: ReadonlyMap<number, number>;
  private readonly weights: ReadonlyMap<number, number>;
  /** Of each group that has one above zero. */
  private readonly groupWeights: ReadonlyMap<number, number>;

  /** Every participant is in a group, and nobody in two: whoever made `hierarchy` has seen to it. */
  constructor(members: readonly QuorumMember[], hierarchy: QuorumHierarchy, versionHi: number, versionLo: number) {
    this.members = [...members].sort((a, b) => a.sid - b.sid);
    this.versionHi = versionHi | 0;
    this.versionLo = versionLo | 0;
    this.bySid = new Map(this.members.map((member) => [member.sid, member]));
    this.voterCount = this.members.filter((member) => member.type === 'participant').length;
    const weights = new Map(hierarchy.weights.map(({ sid, weight }) => [sid, weight]));
    for (const member of this.members) {
      if (member.type === 'participant' && !weights.has(member.sid)) weights.set(member.sid, 1);
    }
    this.weights = weights;
    this.hierarchy = {
      groups: hierarchy.groups
        .map(({ id, sids }) => ({ id, sids: [...sids].sort((a, b) => a - b) }))
        .sort((a, b) => a.id - b.id),
      weights: [...weights].map(([sid, weight]) => ({ sid, weight })).sort((a, b) => a.sid - b.sid),
    };
    this.groupOf = new Map(hierarchy.groups.flatMap(({ id, sids }) => sids.map((sid) => [sid, id] as const)));
    const groupWeights = new Map<number, number>();
    for (const [sid, id] of this.groupOf) groupWeights.set(id, (groupWeights.get(id) ?? 0) + (weights.get(sid) ?? 0));
    for (const [id, weight] of groupWeights) if (weight === 0) groupWeights.delete(id);
    this.groupWeights = groupWeights;
  }

  member(sid: number): QuorumMember | undefined {
    return this.bySid.get(sid);
  }

  isVoter(sid: number): boolean {
    return this.bySid.get(sid)?.type === 'participant';
  }

  weight(sid: number): number {
    return this.isVoter(sid) ? (this.weights.get(sid) ?? 0) : 0;
  }

  containsQuorum(sids: ReadonlySet<number>): boolean {
    const won = new Map<number, number>();
    for (const sid of sids) {
      const group = this.groupOf.get(sid);
      if (group !== undefined) won.set(group, (won.get(group) ?? 0) + this.weight(sid));
    }
    let count = 0;
    for (const [group, weight] of won) {
      const whole = this.groupWeights.get(group);
      if (whole !== undefined && weight > Math.floor(whole / 2)) count++;
    }
    return count > this.groupWeights.size >> 1;
  }

  toText(): string {
    const { groups, weights } = this.hierarchy;
    return [
      ...this.members.map((member) => `server.${member.sid}=${formatMember(member)}\n`),
      ...groups.map(({ id, sids }) => `group.${id}=${sids.join(':')}\n`),
      ...weights.map(({ sid, weight }) => `weight.${sid}=${weight}\n`),
      `version=${hex64(this.versionHi, this.versionLo)}`,
    ].join('');
  }

  equals(other: QuorumVerifier): boolean {
    if (!(other instanceof QuorumHierarchical)) return false;
    if (other.versionHi === this.versionHi && other.versionLo === this.versionLo) return true;
    return sameMembers(this.members, other.members) && sameHierarchy(this.hierarchy, other.hierarchy);
  }

  withVersion(versionHi: number, versionLo: number): QuorumHierarchical {
    return new QuorumHierarchical(this.members, this.hierarchy, versionHi, versionLo);
  }
}

/** Both in the order in which the constructor above puts them. */
function sameHierarchy(a: QuorumHierarchy, b: QuorumHierarchy): boolean {
  return hierarchyText(a) === hierarchyText(b);
}

function hierarchyText({ groups, weights }: QuorumHierarchy): string {
  const groupTexts = groups.map(({ id, sids }) => `${id}=${sids.join(':')}`);
  const weightTexts = weights.map(({ sid, weight }) => `${sid}=${weight}`);
  return `${groupTexts.join(',')};${weightTexts.join(',')}`;
}
