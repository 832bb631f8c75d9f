/**
 * What a reconfig request makes of the members (ensemble-protocol 9.2, 9.3): another configuration, or the error that it is
 * refused with. Decided on the leader, in the order of the reference's checks; whether reconfiguration is enabled, the session
 * and the permission are the prep stage's. Pure; the version is given when the transaction has its zxid.
 */
import { compareSigned } from '../base/int64.js';
import { ErrorCode } from '../protocol/error-code.js';
import { parseMember, parseSid, QuorumConfigError } from './member-text.js';
import { parseQuorumConfigText } from './quorum-config-text.js';
import { QuorumMaj } from './quorum-maj.js';
import type { QuorumMember, QuorumVerifier } from './quorum-verifier.js';

export interface ReconfigRequest {
  /** Members that come or change, `server.N=...` with commas between. Null: none. */
  readonly joining: string | null;
  /** Ids of members that go, with commas between. Null: none. */
  readonly leaving: string | null;
  /** The whole new configuration instead, with commas for newlines. Null: joining and leaving count. */
  readonly newMembers: string | null;
  /** The version that the client thinks is the present one; both halves -1: whichever. */
  readonly fromVersionHi: number;
  readonly fromVersionLo: number;
}

export interface ReconfigState {
  readonly committed: QuorumVerifier;
  readonly lastSeen: QuorumVerifier;
  /** Then two voting members are the least. */
  readonly standaloneEnabled: boolean;
  /** The leader and every follower that is synced and follows it now. */
  isQuorumSynced(config: QuorumVerifier): boolean;
}

export type ReconfigPlan =
  | { readonly error: typeof ErrorCode.Ok; readonly config: QuorumVerifier }
  | { readonly error: Exclude<ErrorCode, typeof ErrorCode.Ok>; readonly reason: string };

const WILDCARDS: readonly string[] = ['0.0.0.0', '::', '0:0:0:0:0:0:0:0'];

export function planReconfig(request: ReconfigRequest, state: ReconfigState): ReconfigPlan {
  const { committed, lastSeen } = state;
  if (compareVersions(committed, lastSeen) !== 0) {
    return refuse(ErrorCode.ReconfigInProgress, 'a reconfiguration is under way');
  }
  const { fromVersionHi, fromVersionLo } = request;
  const isAnyVersion = fromVersionHi === -1 && fromVersionLo === -1;
  if (!isAnyVersion && compareSigned(fromVersionHi, fromVersionLo, lastSeen.versionHi, lastSeen.versionLo) !== 0) {
    return refuse(ErrorCode.BadVersion, 'the configuration has changed since the client read it');
  }
  let config: QuorumVerifier;
  try {
    config = request.newMembers === null ? changed(lastSeen, request) : wholeConfig(request.newMembers);
    refuseUnwritable(config);
  } catch (error) {
    if (!(error instanceof QuorumConfigError)) throw error;
    return refuse(ErrorCode.BadArguments, error.message);
  }
  const voterCountMin = state.standaloneEnabled ? 2 : 1;
  if (config.voterCount < voterCountMin) {
    return refuse(ErrorCode.BadArguments, `a new configuration has at least ${voterCountMin} participants`);
  }
  if (!state.isQuorumSynced(config)) {
    return refuse(ErrorCode.NewConfigNoQuorum, 'no quorum of the new configuration is connected and synced');
  }
  return { error: ErrorCode.Ok, config };
}

function refuse(error: Exclude<ErrorCode, typeof ErrorCode.Ok>, reason: string): ReconfigPlan {
  return { error, reason };
}

function compareVersions(a: QuorumVerifier, b: QuorumVerifier): number {
  return compareSigned(a.versionHi, a.versionLo, b.versionHi, b.versionLo);
}

function wholeConfig(text: string): QuorumVerifier {
  return parseQuorumConfigText(text.replaceAll(',', '\n')).withVersion(0, 0);
}

function changed(lastSeen: QuorumVerifier, request: ReconfigRequest): QuorumVerifier {
  if (lastSeen.hierarchical) throw new QuorumConfigError('members with weights are only changed as a whole');
  const members = new Map(lastSeen.members.map((member) => [member.sid, member]));
  for (const text of listOf(request.leaving)) members.delete(parseSid(text));
  for (const text of listOf(request.joining)) {
    const joining = parseJoining(text);
    for (const member of members.values()) if (member.sid !== joining.sid) refuseDuplicates(joining, member);
    members.set(joining.sid, joining);
  }
  return new QuorumMaj([...members.values()], 0, 0);
}

/** Every member reads the transaction's text: a host with a backslash or a line feed in it is another one there, or none. */
function refuseUnwritable(config: QuorumVerifier): void {
  const text = config.toText();
  if (parseQuorumConfigText(text).toText() !== text) throw new QuorumConfigError(`${text} reads otherwise`);
}

/** Blanks around and empty words do not count. */
function listOf(text: string | null): string[] {
  return (text ?? '')
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
}

function parseJoining(text: string): QuorumMember {
  const words = text.split('=').filter((word) => word !== '');
  const [key, value] = words;
  if (words.length !== 2 || key === undefined || value === undefined) {
    throw new QuorumConfigError(`Wrong format of server string: ${text}`);
  }
  const member = parseMember(parseSid(key.slice(key.lastIndexOf('.') + 1).trim()), value.trim(), true);
  if (member.client === null) {
    throw new QuorumConfigError('Wrong format of server string - each server should have 3 ports specified');
  }
  return member;
}

/** Loopback and wildcard addresses are everybody's. */
function refuseDuplicates(joining: QuorumMember, other: QuorumMember): void {
  const taken = new Set(endpointsOf(other));
  for (const endpoint of endpointsOf(joining)) {
    if (!taken.has(endpoint)) continue;
    throw new QuorumConfigError(`server.${joining.sid} would have ${endpoint}, which is server.${other.sid}'s`);
  }
}

function endpointsOf(member: QuorumMember): string[] {
  const endpoints = member.addresses.flatMap(({ host, quorumPort, electionPort }) => [
    { host, port: quorumPort },
    { host, port: electionPort },
  ]);
  if (member.client !== null) endpoints.push(member.client);
  return endpoints.filter(({ host }) => !isShared(host)).map(({ host, port }) => `${host}:${port}`);
}

function isShared(host: string): boolean {
  return WILDCARDS.includes(host) || host === 'localhost' || host === '::1' || /^127(\.\d+){3}$/.test(host);
}
