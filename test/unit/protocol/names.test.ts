// Numbers and the words that users, logs and scripts know them by.

import { expect, test } from 'vitest';
import {
  CreateMode,
  createModeName,
  isCreateMode,
  isEphemeral,
  isSequential,
  isTtl,
} from '../../../src/protocol/create-mode.js';
import { ErrorCode, errorName } from '../../../src/protocol/error-code.js';
import { OpCode, opName } from '../../../src/protocol/op-code.js';
import { Perms, permOfLetter, permsText } from '../../../src/protocol/perms.js';
import { EventType, eventTypeName, KeeperState, keeperStateName } from '../../../src/protocol/watch-event.js';

test('errors are printed as Java prints them', () => {
  expect(errorName(ErrorCode.Ok)).toBe('ok');
  expect(errorName(-4)).toBe('ConnectionLoss');
  expect(errorName(-101)).toBe('NoNode');
  expect(errorName(-111)).toBe('Directory not empty');
  expect(errorName(-121)).toBe('No such watcher');
  expect(errorName(-123)).toBe('Reconfig is disabled');
  expect(errorName(-122)).toBe('Unknown error REQUESTTIMEOUT');
  expect(errorName(-999)).toBe('Unknown error -999');
});

test('no two errors and no two operations share a number', () => {
  for (const numbers of [Object.values(ErrorCode), Object.values(OpCode)]) {
    expect(new Set<number>(numbers).size).toBe(numbers.length);
  }
});

test('operations have names', () => {
  expect(opName(OpCode.createTTL)).toBe('createTTL');
  expect(opName(-11)).toBe('closeSession');
  expect(opName(99)).toBe('unknown 99');
});

test('modes say what they are', () => {
  const modes = Object.values(CreateMode);
  expect(modes.filter(isEphemeral)).toEqual([1, 3]);
  expect(modes.filter(isSequential)).toEqual([2, 3, 6]);
  expect(modes.filter(isTtl)).toEqual([5, 6]);
  expect([-1, 0, 6, 7].map(isCreateMode)).toEqual([false, true, true, false]);
  expect(createModeName(CreateMode.PersistentSequentialWithTtl)).toBe('persistent_sequential_with_ttl');
});

test('permissions are printed in the order cdrwa', () => {
  expect(permsText(Perms.All)).toBe('cdrwa');
  expect(permsText(Perms.Read | Perms.Admin)).toBe('ra');
  expect(permsText(0)).toBe('');
  expect(permOfLetter('w')).toBe(Perms.Write);
  expect(permOfLetter('z')).toBe(0);
});

test('events and states have names', () => {
  expect(eventTypeName(EventType.NodeChildrenChanged)).toBe('NodeChildrenChanged');
  expect(keeperStateName(KeeperState.Expired)).toBe('Expired');
  expect(eventTypeName(42)).toBe('unknown 42');
});
