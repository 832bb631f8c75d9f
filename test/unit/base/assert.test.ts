import { expect, test } from 'vitest';
import { AssertionError, assert, unreachable } from '../../../src/base/assert.js';

test('a condition that holds passes, one that does not throws with its message', () => {
  assert(1, 'truthy');
  expect(() => assert(0, 'zxid must grow')).toThrow(new AssertionError('zxid must grow'));
});

test('unreachable says what got there', () => {
  expect(() => unreachable('third way' as never)).toThrow('unreachable: third way');
});
