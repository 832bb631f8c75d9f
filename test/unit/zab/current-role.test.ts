// A role's end: it is said once, at any moment, and what the role says or is told behind it counts for nothing.

import { expect, test } from 'vitest';
import { PeerState } from '../../../src/election/vote.js';
import { EpochFileError } from '../../../src/persistence/epoch-files.js';
import { CurrentRole } from '../../../src/zab/current-role.js';
import type { OpenedRole } from '../../../src/zab/open-role.js';
import type { Role } from '../../../src/zab/role.js';

const FOLLOWING = { state: PeerState.following, leader: 2 } as const;

function opened(told: string[]): OpenedRole {
  const role: Pick<Role, 'close'> = { close: () => told.push('close') };
  return { role: role as Role, onVoterLooking: (sid) => told.push(`looking ${sid}`) };
}

function roleOf(told: string[]): CurrentRole {
  return new CurrentRole((reason) => told.push(`over: ${reason}`));
}

test('is over once, however often it says so, and closed when the quorum peer says so', () => {
  const told: string[] = [];
  const current = roleOf(told);
  expect([current.role, current.decided, current.takeEnd()]).toEqual([null, null, null]);
  current.open(FOLLOWING, () => opened(told));
  expect(current.role).not.toBeNull();
  current.onVoterLooking(3);
  current.over('lost');
  current.over('lost again');
  current.onVoterLooking(4);
  expect(current.role).toBeNull();
  expect(current.decided).toBe(FOLLOWING);
  expect(told).toEqual(['looking 3', 'over: lost']);
  expect(current.takeEnd()).toEqual({ appointed: null, restMs: 0 });
  expect(current.takeEnd()).toBeNull();
  current.close();
  expect(current.decided).toBeNull();
  expect(told).toEqual(['looking 3', 'over: lost', 'close']);
});

test('a disk that refuses an epoch ends it, also while it is opened; a defect of ours ends more', () => {
  const told: string[] = [];
  const current = roleOf(told);
  const refuse = (): never => {
    current.restBeforeNext(2000);
    throw new EpochFileError('no room');
  };
  current.open(FOLLOWING, refuse);
  expect(told).toEqual(['over: no room']);
  expect(current.takeEnd()).toEqual({ appointed: null, restMs: 2000 });
  current.open(FOLLOWING, () => opened(told));
  expect(() =>
    current.guarded(() => {
      throw new Error('a defect');
    }),
  ).toThrow('a defect');
  expect(current.role).not.toBeNull();
  current.over('again');
  expect(current.takeEnd()).toEqual({ appointed: null, restMs: 0 });
});

test('whom a reconfiguration appoints is told with the end of that role, and of no other one', () => {
  const told: string[] = [];
  const current = roleOf(told);
  current.open(FOLLOWING, () => opened(told));
  current.appoint(3);
  current.over('a major change');
  expect(current.takeEnd()).toEqual({ appointed: 3, restMs: 0 });
  current.open(FOLLOWING, () => opened(told));
  current.over('lost');
  expect(current.takeEnd()?.appointed).toBeNull();
});
