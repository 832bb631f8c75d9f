import { describe, expect, it } from 'vitest';
import { parseQuorumConfigText } from '../../../src/election/quorum-config-text.js';

const member = (sid: number, role = 'participant') => `server.${sid}=h${sid}:1:2:${role}\n`;
const quorumOf = (text: string) => {
  const verifier = parseQuorumConfigText(text);
  return (...sids: number[]) => verifier.containsQuorum(new Set(sids));
};

describe('a majority', () => {
  it.each([
    [1, 1],
    [2, 2],
    [3, 2],
    [4, 3],
    [5, 3],
  ])('of %i voters is %i', (voters, needed) => {
    const isQuorum = quorumOf(Array.from({ length: voters }, (_, i) => member(i + 1)).join(''));
    const first = (count: number) => Array.from({ length: count }, (_, i) => i + 1);
    expect(isQuorum(...first(needed))).toBe(true);
    expect(isQuorum(...first(needed - 1))).toBe(false);
  });

  it('does not count observers or strangers', () => {
    const isQuorum = quorumOf(member(1) + member(2) + member(3) + member(4, 'observer'));
    expect(isQuorum(1, 4)).toBe(false);
    expect(isQuorum(1, 9, -1)).toBe(false);
    expect(isQuorum(1, 4, 3)).toBe(true);
  });

  it('gives every id the weight 1', () => {
    const verifier = parseQuorumConfigText(member(1) + member(2, 'observer'));
    expect([1, 2, 3].map((sid) => verifier.weight(sid))).toEqual([1, 1, 1]);
    expect(verifier.voterCount).toBe(1);
    expect([1, 2, 3].map((sid) => verifier.isVoter(sid))).toEqual([true, false, false]);
  });
});

describe('a quorum of groups', () => {
  const nine = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((sid) => member(sid)).join('');

  it('needs more than half of the groups, each by more than half of its weight', () => {
    const isQuorum = quorumOf(`${nine}group.1=1:2:3\ngroup.2=4:5:6\ngroup.3=7:8:9\n`);
    expect(isQuorum(1, 2, 4, 5)).toBe(true);
    expect(isQuorum(1, 2, 3, 4, 7)).toBe(false);
    expect(isQuorum()).toBe(false);
  });

  it('weighs members, and does not count a group without weight', () => {
    const isQuorum = quorumOf(
      `${member(1)}${member(2)}${member(3)}${member(4)}group.1=1:2:3\ngroup.2=4\nweight.1=3\nweight.4=0\n`,
    );
    expect(isQuorum(1)).toBe(true);
    expect(isQuorum(2, 3, 4)).toBe(false);
  });

  it('with no weight at all is never reached', () => {
    const isQuorum = quorumOf(`${member(1)}group.1=1\nweight.1=0\n`);
    expect(isQuorum(1)).toBe(false);
    expect(isQuorum()).toBe(false);
  });

  it('gives nothing to who does not vote', () => {
    const verifier = parseQuorumConfigText(`${member(1)}${member(2, 'observer')}group.1=1\nweight.1=5\n`);
    expect([1, 2, 3].map((sid) => verifier.weight(sid))).toEqual([5, 0, 0]);
  });
});

describe('two configurations are equal', () => {
  const a = parseQuorumConfigText(`${member(1)}${member(2)}version=5`);

  it('if they have the same version, or the same members', () => {
    expect(a.equals(parseQuorumConfigText(`${member(1)}version=5`))).toBe(true);
    expect(a.equals(a.withVersion(0, 6))).toBe(true);
    expect(a.withVersion(0, 6).versionLo).toBe(6);
    expect(a.equals(parseQuorumConfigText(`${member(1)}version=6`))).toBe(false);
    expect(a.equals(parseQuorumConfigText(`${member(1)}${member(2, 'observer')}version=6`))).toBe(false);
    expect(a.equals(parseQuorumConfigText(`${member(1)}server.2=h2:1:2;5\nversion=6`))).toBe(false);
  });

  it('only if they count in the same way', () => {
    const text = `${member(1)}${member(2)}group.1=1:2\nversion=5`;
    const groups = parseQuorumConfigText(text);
    expect(a.equals(groups)).toBe(false);
    expect(groups.equals(a)).toBe(false);
    expect(groups.equals(groups.withVersion(1, 0))).toBe(true);
    expect(groups.equals(parseQuorumConfigText(`${text.replace('=5', '=6')}\nweight.1=2`))).toBe(false);
    expect(groups.equals(parseQuorumConfigText(`${text.replace('=5', '=6')}\nweight.1=1`))).toBe(true);
  });
});
