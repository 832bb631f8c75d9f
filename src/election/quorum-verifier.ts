/**
 * Who the members are and which sets of them are a quorum (ensemble-protocol 2.1 to 2.3). An immutable value: a change of
 * members is another one. Pure; any thread.
 */

export interface MemberAddress {
  readonly host: string;
  readonly quorumPort: number;
  readonly electionPort: number;
}

export interface QuorumMember {
  /** A safe integer: an id beyond that is nobody's. */
  readonly sid: number;
  readonly type: 'participant' | 'observer';
  readonly addresses: readonly MemberAddress[];
  /** Null: as the member's own zoo.cfg has it; not told in texts. */
  readonly client: { readonly host: string; readonly port: number } | null;
}

export interface QuorumVerifier {
  readonly versionHi: number;
  readonly versionLo: number;
  /** By rising sid, observers included. */
  readonly members: readonly QuorumMember[];
  readonly hierarchical: boolean;

  member(sid: number): QuorumMember | undefined;
  /** A voting member. */
  isVoter(sid: number): boolean;
  readonly voterCount: number;
  /** Of no voter: 0 where members have weights, else 1 (2.3). */
  weight(sid: number): number;
  containsQuorum(sids: ReadonlySet<number>): boolean;
  /** The canonical text (2.2), `version=` last and without a newline behind it. */
  toText(): string;
  /** Same kind, and same version or same members with the same groups and weights. */
  equals(other: QuorumVerifier): boolean;
  withVersion(versionHi: number, versionLo: number): QuorumVerifier;
}
