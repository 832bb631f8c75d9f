/**
 * The members of an ensemble from pairs or from a text (ensemble-protocol 2.2) to a QuorumVerifier:
 *
 *   server.1=127.0.0.1:2888:3888:participant\n
 *   server.2=...\n
 *   group.1=1:2\n   weight.1=1\n              only where members have weights
 *   version=100000000                         hexadecimal; last, and nothing behind it
 *
 * The other direction is `QuorumVerifier.toText`. Pure functions, any thread; used for zoo.cfg and dynamic files (by
 * server/quorum-config.ts), and for what peers and `/zookeeper/config` say.
 */
import { PropertiesSyntaxError, parsePropertiesText, trimProperties } from '../base/java-properties.js';
import { javaSplit, parseMember, parseSid, QuorumConfigError, QuorumConfigValueError } from './member-text.js';
import { QuorumHierarchical, type QuorumHierarchy } from './quorum-hierarchical.js';
import { QuorumMaj } from './quorum-maj.js';
import type { QuorumMember, QuorumVerifier } from './quorum-verifier.js';

/** Plain data: what a configuration says of its members. */
export interface Membership {
  /** By rising sid. */
  readonly members: readonly QuorumMember[];
  /** Null: majorities count. */
  readonly hierarchy: QuorumHierarchy | null;
}

export function isMembershipKey(key: string): boolean {
  return key.startsWith('server.') || key.startsWith('group') || key.startsWith('weight');
}

/** Keys that are of nothing of the kind are passed over. Throws QuorumConfigError. */
export function parseMembership(pairs: ReadonlyMap<string, string>, multiAddress: boolean): Membership {
  const members = new Map<number, QuorumMember>();
  for (const [key, value] of pairs) {
    if (!key.startsWith('server.')) continue;
    const sid = parseSid(key.slice('server.'.length));
    members.set(sid, parseMember(sid, value, multiAddress));
  }
  const sorted = [...members.values()].sort((a, b) => a.sid - b.sid);
  return { members: sorted, hierarchy: parseHierarchy(pairs, sorted) };
}

export function quorumVerifierOf(membership: Membership, versionHi: number, versionLo: number): QuorumVerifier {
  const { members, hierarchy } = membership;
  if (hierarchy === null) return new QuorumMaj(members, versionHi, versionLo);
  return new QuorumHierarchical(members, hierarchy, versionHi, versionLo);
}

/** A whole text. Throws QuorumConfigError for whatever is not one, also for one without any voting member. */
export function parseQuorumConfigText(text: string): QuorumVerifier {
  const pairs = pairsOf(text);
  let versionHi = 0;
  let versionLo = 0;
  for (const [key, value] of pairs) {
    if (key === 'version') [versionHi, versionLo] = parseVersion(value);
    else if (!isMembershipKey(key)) throw new QuorumConfigError(`Unrecognised parameter: ${key}`);
  }
  const membership = parseMembership(pairs, true);
  if (!membership.members.some((member) => member.type === 'participant')) {
    throw new QuorumConfigError('a configuration has at least one participant');
  }
  return quorumVerifierOf(membership, versionHi, versionLo);
}

function pairsOf(text: string): Map<string, string> {
  try {
    return trimProperties(parsePropertiesText(text));
  } catch (error) {
    if (error instanceof PropertiesSyntaxError) throw new QuorumConfigError(error.message, { cause: error });
    throw error;
  }
}

/** Hexadecimal, the two's complement of 64 bits: what Long.toHexString prints. */
function parseVersion(text: string): readonly [hi: number, lo: number] {
  if (!/^[0-9a-fA-F]+$/.test(text)) throw new QuorumConfigValueError(`For input string: "${text}"`);
  const digits = text.replace(/^0+/, '').padStart(16, '0');
  if (digits.length > 16) throw new QuorumConfigValueError(`For input string: "${text}"`);
  return [Number.parseInt(digits.slice(0, 8), 16) | 0, Number.parseInt(digits.slice(8), 16) | 0];
}

function parseHierarchy(pairs: ReadonlyMap<string, string>, members: readonly QuorumMember[]): QuorumHierarchy | null {
  const groups = new Map<number, number[]>();
  const weights = new Map<number, number>();
  const grouped = new Set<number>();
  let hierarchical = false;
  for (const [key, value] of pairs) {
    if (key.startsWith('weight')) {
      hierarchical = true;
      weights.set(parseSid(key.slice(key.indexOf('.') + 1)), parseSid(value));
    }
    if (!key.startsWith('group')) continue;
    hierarchical = true;
    const sids = javaSplit(value, ':').map(parseSid);
    for (const sid of sids) {
      // The missing blank is the reference's.
      if (grouped.has(sid)) throw new QuorumConfigError(`Server ${sid}is in multiple groups`);
      grouped.add(sid);
    }
    groups.set(parseSid(key.slice(key.indexOf('.') + 1)), sids);
  }
  if (!hierarchical) return null;
  for (const { sid, type } of members) {
    if (type === 'participant' && !grouped.has(sid)) throw new QuorumConfigError(`Server ${sid}is not in a group`);
  }
  return {
    groups: [...groups].map(([id, sids]) => ({ id, sids })),
    weights: [...weights].map(([sid, weight]) => ({ sid, weight })),
  };
}
