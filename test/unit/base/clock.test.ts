import { expect, test } from 'vitest';
import { AssertionError } from '../../../src/base/assert.js';
import { ManualClock } from '../../../src/base/clock.js';

test('a manual clock moves only when moved', () => {
  const clock = new ManualClock(100, 5000);
  expect([clock.monotonicMs(), clock.wallMs()]).toEqual([100, 5000]);
  clock.advance(25);
  expect([clock.monotonicMs(), clock.wallMs()]).toEqual([125, 5025]);
});

test('the calendar may jump, the deadline clock may not run back', () => {
  const clock = new ManualClock(100, 5000);
  clock.jumpWall(-3000);
  expect([clock.monotonicMs(), clock.wallMs()]).toEqual([100, 2000]);
  expect(() => clock.advance(-1)).toThrow(AssertionError);
});
