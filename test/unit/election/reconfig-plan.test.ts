/**
 * What becomes of a reconfig request: which members follow, and which error each mistake gets, in the reference's order.
 */
import { describe, expect, it } from 'vitest';
import { parseQuorumConfigText } from '../../../src/election/quorum-config-text.js';
import type { QuorumVerifier } from '../../../src/election/quorum-verifier.js';
import { planReconfig, type ReconfigRequest, type ReconfigState } from '../../../src/election/reconfig-plan.js';
import { ErrorCode } from '../../../src/protocol/error-code.js';

const line = (sid: number, role = 'participant'): string =>
  `server.${sid}=10.0.0.${sid}:2888:3888:${role};0.0.0.0:2181`;
const configOf = (version: string, ...lines: string[]): QuorumVerifier =>
  parseQuorumConfigText([...lines, `version=${version}`].join('\n'));

const THREE = configOf('100000000', line(1), line(2), line(3));
const NOTHING: ReconfigRequest = {
  joining: null,
  leaving: null,
  newMembers: null,
  fromVersionHi: -1,
  fromVersionLo: -1,
};

function plan(request: Partial<ReconfigRequest>, state: Partial<ReconfigState> = {}): string | number {
  const result = planReconfig(
    { ...NOTHING, ...request },
    { committed: THREE, lastSeen: THREE, standaloneEnabled: true, isQuorumSynced: () => true, ...state },
  );
  return result.error === ErrorCode.Ok ? result.config.toText() : result.error;
}

const textOf = (...lines: string[]): string => [...lines, 'version=0'].join('\n');

describe('a reconfig request', () => {
  it('takes members away', () => {
    expect(plan({ leaving: '3' })).toBe(textOf(line(1), line(2)));
    expect(plan({ leaving: ' 3 , 9' })).toBe(textOf(line(1), line(2)));
  });

  it('adds members, and replaces one of the same id', () => {
    expect(plan({ joining: `${line(4)},${line(5, 'observer')}` })).toBe(
      textOf(line(1), line(2), line(3), line(4), line(5, 'observer')),
    );
    expect(plan({ joining: line(3, 'observer') })).toBe(textOf(line(1), line(2), line(3, 'observer')));
  });

  it('has no host that would read otherwise, or not at all, in the text that all members get', () => {
    const written = ['10.0.\\u12.4', '10.0\\.0.4', 'a\nb'];
    for (const host of written) {
      expect(plan({ joining: `server.4=${host}:2888:3888:participant;0.0.0.0:2181` })).toBe(ErrorCode.BadArguments);
    }
    expect(plan({ newMembers: `${line(1)},${line(2)},server.4=a\\\\u1:2888:3888;2181` })).toBe(ErrorCode.BadArguments);
  });

  it('takes away before it adds', () => {
    expect(plan({ leaving: '3', joining: line(3, 'observer') })).toBe(textOf(line(1), line(2), line(3, 'observer')));
  });

  it('brings a whole configuration, of whatever kind', () => {
    expect(plan({ newMembers: `${line(1)},${line(4)}` })).toBe(textOf(line(1), line(4)));
    const hierarchical = plan({ newMembers: `${line(1)},${line(2)},group.1=1:2,weight.1=2` });
    expect(hierarchical).toContain('group.1=1:2\n');
    expect(hierarchical).toContain('weight.1=2\n');
  });

  it('is told what is under way and what is out of date, before it is read', () => {
    const pending = THREE.withVersion(1, 7);
    expect(plan({ newMembers: 'nonsense' }, { lastSeen: pending })).toBe(ErrorCode.ReconfigInProgress);
    expect(plan({ newMembers: 'nonsense', fromVersionHi: 1, fromVersionLo: 7 })).toBe(ErrorCode.BadVersion);
    expect(plan({ leaving: '3', fromVersionHi: 1, fromVersionLo: 0 })).toBe(textOf(line(1), line(2)));
  });

  it.each([
    ['a line without a client address', { joining: 'server.4=10.0.0.4:2888:3888' }],
    ['a line without an election port', { joining: 'server.4=10.0.0.4:2888;2181' }],
    ['a word that is no line', { joining: 'server.4' }],
    ['an id that is no number', { leaving: 'x' }],
    ['an address that is another member’s', { joining: 'server.4=10.0.0.1:2888:3889;2182' }],
    ['a key that is none of a configuration', { newMembers: `${line(1)},${line(2)},clientPort=2181` }],
    ['members without a participant', { newMembers: line(1, 'observer') }],
    ['one participant, where a server of its own is another thing', { leaving: '2,3' }],
  ])('is refused: %s', (_what, request) => {
    expect(plan(request)).toBe(ErrorCode.BadArguments);
  });

  it('may leave one participant where standaloneEnabled is false', () => {
    expect(plan({ leaving: '2,3' }, { standaloneEnabled: false })).toBe(textOf(line(1)));
  });

  it('lets loopback addresses stand twice', () => {
    const local = configOf('0', 'server.1=127.0.0.1:1:2;3', 'server.2=127.0.0.1:4:5;6');
    const joining = 'server.3=127.0.0.1:1:2:participant;0.0.0.0:3';
    expect(plan({ joining }, { committed: local, lastSeen: local })).toContain(joining);
  });

  it('changes members with weights only as a whole', () => {
    const weighty = configOf('0', line(1), line(2), line(3), 'group.1=1:2:3', 'weight.1=2');
    expect(plan({ leaving: '3' }, { committed: weighty, lastSeen: weighty })).toBe(ErrorCode.BadArguments);
    expect(plan({ newMembers: `${line(1)},${line(2)}` }, { committed: weighty, lastSeen: weighty })).toBe(
      textOf(line(1), line(2)),
    );
  });

  it('needs a quorum of the new members that is there', () => {
    const asked: string[] = [];
    const isQuorumSynced = (config: QuorumVerifier): boolean => {
      asked.push(config.toText());
      return false;
    };
    expect(plan({ leaving: '3' }, { isQuorumSynced })).toBe(ErrorCode.NewConfigNoQuorum);
    expect(asked).toEqual([textOf(line(1), line(2))]);
  });
});
