// Who leads once a reconfiguration is committed: the one who leads, if his peers still find him, or one who has all of it.

import { expect, test } from 'vitest';
import { parseQuorumConfigText } from '../../../src/election/quorum-config-text.js';
import type { QuorumVerifier } from '../../../src/election/quorum-verifier.js';
import { designatedLeader } from '../../../src/zab/designated-leader.js';

const line = (sid: number, role = 'participant', host = `h${sid}`): string => `server.${sid}=${host}:2888:3888:${role}`;
const configOf = (version: string, ...lines: string[]): QuorumVerifier =>
  parseQuorumConfigText([...lines, `version=${version}`].join('\n'));
const merits =
  (has: Record<number, number>) =>
  (sid: number): number =>
    has[sid] ?? 0;

const BEFORE = configOf('100000000', line(1), line(2), line(3), line(4, 'observer'));
const AFTER = configOf('100000005', line(3), line(4), line(5));

test('the one who leads, while it votes where it was', () => {
  expect(designatedLeader(3, BEFORE, AFTER, merits({ 4: 9, 5: 9 }))).toBe(3);
  expect(designatedLeader(3, AFTER, AFTER, merits({}))).toBe(3);
});

test('a voter with the most of what was proposed, the least sid of those', () => {
  expect(designatedLeader(1, BEFORE, AFTER, merits({ 2: 9, 3: 5, 4: 7, 5: 7 }))).toBe(4);
  expect(designatedLeader(1, BEFORE, AFTER, merits({ 5: 6 }))).toBe(5);
  expect(designatedLeader(1, BEFORE, AFTER, merits({}))).toBe(1);
});

test('another one when the leader moves to another address, or votes no more', () => {
  const moved = configOf('100000005', line(1, 'participant', 'elsewhere'), line(2), line(3));
  expect(designatedLeader(1, BEFORE, moved, merits({ 3: 2 }))).toBe(3);
  const observing = configOf('100000005', line(1, 'observer'), line(2), line(3));
  expect(designatedLeader(1, BEFORE, observing, merits({ 2: 1 }))).toBe(2);
});
