/**
 * What holds while a reconfiguration is proposed and not committed: a quorum in both configurations, the voters of either.
 */
import { describe, expect, it } from 'vitest';
import {
  hasSameQuorumAddresses,
  isNewerConfig,
  isQuorumOf,
  isVoterOfEither,
  memberOfEither,
  verifiersOf,
  votersOfEither,
} from '../../../src/election/config-pair.js';
import { parseQuorumConfigText } from '../../../src/election/quorum-config-text.js';
import type { QuorumMember, QuorumVerifier } from '../../../src/election/quorum-verifier.js';

const line = (sid: number, role = 'participant', host = `h${sid}`): string => `server.${sid}=${host}:2888:3888:${role}`;
const configOf = (version: string, ...lines: string[]): QuorumVerifier =>
  parseQuorumConfigText([...lines, `version=${version}`].join('\n'));
const memberOf = (text: string): QuorumMember => configOf('0', text).members[0] as QuorumMember;

const BEFORE = configOf('100000000', line(1), line(2), line(3), line(4, 'observer'));
const AFTER = configOf('100000005', line(3), line(4), line(5));
const PENDING = { committed: BEFORE, lastSeen: AFTER };
const SETTLED = { committed: AFTER, lastSeen: AFTER };

describe('two configurations', () => {
  it('need a quorum in both while the later one is pending', () => {
    expect(verifiersOf(PENDING)).toEqual([BEFORE, AFTER]);
    expect(verifiersOf(SETTLED)).toEqual([AFTER]);
    expect(isQuorumOf(PENDING, new Set([1, 2, 3]))).toBe(false);
    expect(isQuorumOf(PENDING, new Set([3, 4, 5]))).toBe(false);
    expect(isQuorumOf(PENDING, new Set([2, 3, 5]))).toBe(true);
    expect(isQuorumOf(SETTLED, new Set([4, 5]))).toBe(true);
  });

  it('an older one that was seen does not count, versions being signed', () => {
    expect(verifiersOf({ committed: AFTER, lastSeen: BEFORE })).toEqual([AFTER]);
    expect(isNewerConfig(AFTER, AFTER)).toBe(false);
    expect(isNewerConfig(configOf('1ffffffff', line(1)), BEFORE)).toBe(true);
    expect(isNewerConfig(configOf('ffffffffffffffff', line(1)), configOf('0', line(1)))).toBe(false);
  });

  it('have the voters of either', () => {
    expect(votersOfEither(PENDING)).toEqual([1, 2, 3, 4, 5]);
    expect([4, 5, 6].map((sid) => isVoterOfEither(PENDING, sid))).toEqual([true, true, false]);
    expect(memberOfEither(PENDING, 4)?.type).toBe('observer');
    expect(memberOfEither(PENDING, 5)?.type).toBe('participant');
    expect(memberOfEither(PENDING, 6)).toBeUndefined();
  });

  it('have a member where it was, whatever the order of its addresses and its election ports', () => {
    const one = memberOf('server.1=a:2888:3888|b:2888:3888');
    expect(hasSameQuorumAddresses(one, memberOf('server.1=b:2888:3889|a:2888:3888'))).toBe(true);
    expect(hasSameQuorumAddresses(one, memberOf('server.1=a:2888:3888'))).toBe(false);
    expect(hasSameQuorumAddresses(one, memberOf('server.1=a:2889:3888|b:2888:3888'))).toBe(false);
  });
});
