// The members of an ensemble as zoo.cfg and dynamic configuration files write them: server.N, group.N, weight.N.
// Pure functions from pairs to values; what a line says is read in election/, and every mistake in it becomes here the
// kind of error that a start knows how to report. Used on the main thread while the server starts. Nothing is decided
// about roles: whether a configuration may run is membership-config.ts's business.

import { parseMember, parsePeerType, QuorumConfigError, QuorumConfigValueError } from '../election/member-text.js';
import { isMembershipKey, parseMembership, quorumVerifierOf } from '../election/quorum-config-text.js';
import type { QuorumHierarchy } from '../election/quorum-hierarchical.js';
import type { QuorumMember, QuorumVerifier } from '../election/quorum-verifier.js';
import { BadValueError } from './settings.js';
import { ConfigError } from './start-error.js';

/** Plain data, for every thread. */
export interface QuorumConfig {
  /** By sid, ascending. */
  readonly servers: readonly QuorumMember[];
  /** Groups and weights, if there are any. */
  readonly hierarchy: QuorumHierarchy | null;
}

export function parseQuorumConfig(pairs: ReadonlyMap<string, string>, multiAddress: boolean): QuorumConfig {
  return asStartError(() => {
    const { members, hierarchy } = parseMembership(pairs, multiAddress);
    return { servers: members, hierarchy };
  });
}

/** Version 0 0: as configured, never established. */
export function quorumVerifierOfConfig(config: QuorumConfig, versionHi: number, versionLo: number): QuorumVerifier {
  return quorumVerifierOf({ members: config.servers, hierarchy: config.hierarchy }, versionHi, versionLo);
}

/** A file of members alone, as dynamicConfigFile names it. */
export function checkDynamicKeys(pairs: ReadonlyMap<string, string>): void {
  for (const key of pairs.keys()) {
    if (isMembershipKey(key)) continue;
    if (key === 'version') throw new ConfigError("dynamic file shouldn't have version inside");
    throw new ConfigError(`Unrecognised parameter: ${key}`);
  }
}

export function parseQuorumServer(sid: number, line: string, multiAddress: boolean): QuorumMember {
  return asStartError(() => parseMember(sid, line, multiAddress));
}

export function checkPeerType(text: string): void {
  asStartError(() => parsePeerType(text));
}

function asStartError<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof QuorumConfigValueError) throw new BadValueError(error.message, { cause: error.cause });
    if (error instanceof QuorumConfigError) throw new ConfigError(error.message, { cause: error.cause });
    throw error;
  }
}
