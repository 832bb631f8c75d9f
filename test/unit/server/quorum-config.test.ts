import { describe, expect, it } from 'vitest';
import type { QuorumMember } from '../../../src/election/quorum-verifier.js';
import { parseQuorumConfig, parseQuorumServer } from '../../../src/server/quorum-config.js';

const FORM =
  ' does not have the form server_config or server_config;client_config where server_config is the pipe separated list ' +
  'of host:port:port or host:port:port:type and client_config is port or host:port';

function thrownBy(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    return (error as Error).message;
  }
  return 'nothing was thrown';
}

describe('a server line', () => {
  it.each<[string, Partial<QuorumMember>]>([
    ['h:1:2', { type: 'participant', addresses: [{ host: 'h', quorumPort: 1, electionPort: 2 }], client: null }],
    ['h:1:2:Observer', { type: 'observer' }],
    ['h:1:2;2181', { client: { host: '0.0.0.0', port: 2181 } }],
    ['h:1:2:participant;c:2181', { client: { host: 'c', port: 2181 } }],
    [
      '[::1]:1:2;[fe80::2]:2181',
      { addresses: [{ host: '::1', quorumPort: 1, electionPort: 2 }], client: { host: 'fe80::2', port: 2181 } },
    ],
    ['h:1:2;', { client: null }],
  ])('%s', (line, expected) => {
    expect(parseQuorumServer(7, line, false)).toMatchObject({ sid: 7, ...expected });
  });

  it('has several addresses where that is allowed', () => {
    expect(parseQuorumServer(1, 'a:1:2|b:3:4', true).addresses).toEqual([
      { host: 'a', quorumPort: 1, electionPort: 2 },
      { host: 'b', quorumPort: 3, electionPort: 4 },
    ]);
  });

  it.each<[line: string, sentence: string]>([
    ['h', `h${FORM}`],
    ['h:1', `h:1${FORM}`],
    ['h:1:2:participant:x', `h:1:2:participant:x${FORM}`],
    ['h:1:2;2181;x', `h:1:2;2181;x${FORM}`],
    ['h:1:2;c:1:2', `h:1:2;c:1:2${FORM}`],
    ['', FORM],
    ['h:x:2', 'Address unresolved: h:x'],
    ['h:1:y', 'Address unresolved: h:y'],
    ['h:1:2;port', 'Address unresolved: 0.0.0.0:port'],
    ['h:1:70000', 'port out of range:70000'],
    ['h:5:5', 'Client and election port must be different! Please update the configuration file on server.9'],
    ['h:1:2:leader', 'Unrecognised peertype: leader'],
    ['a:1:2|b:1:2', 'Multiple address feature is disabled, but multiple addresses were specified for sid 9'],
    ['[::1:1:2', "[::1:1:2 starts with '[' but has no matching ']'"],
  ])('%j is refused', (line, sentence) => {
    expect(thrownBy(() => parseQuorumServer(9, line, false))).toBe(sentence);
  });

  it('has one role for all its addresses', () => {
    expect(() => parseQuorumServer(1, 'a:1:2:observer|b:1:2:participant', true)).toThrow(
      'Multiple addresses should have similar roles: OBSERVER vs PARTICIPANT',
    );
  });
});

describe('a membership', () => {
  const parse = (pairs: Record<string, string>) => parseQuorumConfig(new Map(Object.entries(pairs)), false);

  it('comes in the order of server ids, whatever the order of lines', () => {
    const { servers } = parse({ 'server.10': 'a:1:2', 'server.9': 'b:1:2', other: 'x' });
    expect(servers.map((server) => server.sid)).toEqual([9, 10]);
  });

  it('has every participant in exactly one group, if there are groups', () => {
    const members = { 'server.1': 'a:1:2', 'server.2': 'b:1:2', 'server.3': 'c:1:2:observer' };
    expect(parse({ ...members, 'group.1': '1:2', 'weight.1': '5' }).servers).toHaveLength(3);
    expect(() => parse({ ...members, 'group.1': '1' })).toThrow('Server 2is not in a group');
    expect(() => parse({ ...members, 'group.1': '1:2', 'group.2': '2' })).toThrow('Server 2is in multiple groups');
    expect(() => parse({ ...members, 'group.1': 'a' })).toThrow('For input string: "a"');
  });
});
