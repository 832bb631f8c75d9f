/**
 * More than half of the voting members are a quorum (ensemble-protocol 2.3). Immutable; any thread.
 */

import { hex64 } from '../base/int64.js';
import { formatMember, sameMembers } from './member-text.js';
import type { QuorumMember, QuorumVerifier } from './quorum-verifier.js';

export class QuorumMaj implements QuorumVerifier {
  readonly versionHi: number;
  readonly versionLo: number;
  readonly members: readonly QuorumMember[];
  readonly hierarchical = false;
  readonly voterCount: number;
  private readonly bySid: ReadonlyMap<number, QuorumMember>;

  constructor(members: readonly QuorumMember[], versionHi: number, versionLo: number) {
    this.members = [...members].sort((a, b) => a.sid - b.sid);
    this.versionHi = versionHi | 0;
    this.versionLo = versionLo | 0;
    this.bySid = new Map(this.members.map((member) => [member.sid, member]));
    this.voterCount = this.members.filter((member) => member.type === 'participant').length;
  }

  member(sid: number): QuorumMember | undefined {
    return this.bySid.get(sid);
  }

  isVoter(sid: number): boolean {
    return this.bySid.get(sid)?.type === 'participant';
  }

  weight(_sid: number): number {
    return 1;
  }

  containsQuorum(sids: ReadonlySet<number>): boolean {
    let count = 0;
    for (const sid of sids) if (this.isVoter(sid)) count++;
    return count > this.voterCount >> 1;
  }

  toText(): string {
    const lines = this.members.map((member) => `server.${member.sid}=${formatMember(member)}\n`);
    return `${lines.join('')}version=${hex64(this.versionHi, this.versionLo)}`;
  }

  equals(other: QuorumVerifier): boolean {
    if (other.hierarchical) return false;
    const sameVersion = other.versionHi === this.versionHi && other.versionLo === this.versionLo;
    return sameVersion || sameMembers(this.members, other.members);
  }

  withVersion(versionHi: number, versionLo: number): QuorumMaj {
    return new QuorumMaj(this.members, versionHi, versionLo);
  }
}
