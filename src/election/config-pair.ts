/**
 * The two configurations that a member knows at any moment (ensemble-protocol 9.1): the committed one, by which peers are found,
 * and the last one seen, which may be proposed only. While that is the newer one, a quorum has to be one in both (9.4): whichever
 * of the two turns out to hold, its members had their say. Pure; any thread.
 */
import { compareSigned } from '../base/int64.js';
import type { QuorumMember, QuorumVerifier } from './quorum-verifier.js';

export interface ConfigPair {
  readonly committed: QuorumVerifier;
  /** The committed one when none is pending. */
  readonly lastSeen: QuorumVerifier;
}

export function isNewerConfig(config: QuorumVerifier, than: QuorumVerifier): boolean {
  return compareSigned(config.versionHi, config.versionLo, than.versionHi, than.versionLo) > 0;
}

/** Those that each have to agree. */
export function verifiersOf({ committed, lastSeen }: ConfigPair): readonly QuorumVerifier[] {
  return isNewerConfig(lastSeen, committed) ? [committed, lastSeen] : [committed];
}

export function isQuorumOf(configs: ConfigPair, sids: ReadonlySet<number>): boolean {
  return verifiersOf(configs).every((verifier) => verifier.containsQuorum(sids));
}

export function isVoterOfEither({ committed, lastSeen }: ConfigPair, sid: number): boolean {
  return committed.isVoter(sid) || lastSeen.isVoter(sid);
}

/** By rising sid. */
export function votersOfEither({ committed, lastSeen }: ConfigPair): readonly number[] {
  const sids = new Set<number>();
  for (const config of [committed, lastSeen]) {
    for (const { sid, type } of config.members) if (type === 'participant') sids.add(sid);
  }
  return [...sids].sort((a, b) => a - b);
}

/** As a configuration lists it, voter or observer; as the committed one does if both do. */
export function memberOfEither({ committed, lastSeen }: ConfigPair, sid: number): QuorumMember | undefined {
  return committed.member(sid) ?? lastSeen.member(sid);
}

/** Whether its peers find it where it was: the same quorum addresses, in whatever order. */
export function hasSameQuorumAddresses(a: QuorumMember, b: QuorumMember): boolean {
  return quorumAddresses(a) === quorumAddresses(b);
}

function quorumAddresses({ addresses }: QuorumMember): string {
  return addresses
    .map(({ host, quorumPort }) => `${host} ${quorumPort}`)
    .sort()
    .join();
}
