// What strangers cause is told once in a while, by kind, with how often it was not told.

import { expect, test } from 'vitest';
import { silentLogger } from '../../../src/actor/logger.js';
import { SeldomLogger } from '../../../src/actor/seldom-logger.js';
import { ManualClock } from '../../../src/base/clock.js';

test('one line of each kind per interval, and the next one tells how many there were', () => {
  const lines: string[] = [];
  const clock = new ManualClock();
  const log = new SeldomLogger({ ...silentLogger, warn: (message) => void lines.push(message) }, clock, 1000);
  for (let i = 0; i < 5; i++) log.warn('a', `a${i}`);
  log.warn('b', 'b0');
  expect(lines).toEqual(['a0', 'b0']);
  clock.advance(999);
  log.warn('a', 'a5');
  clock.advance(1);
  log.warn('a', 'a6');
  log.warn('b', 'b1');
  clock.advance(1000);
  log.warn('a', 'a7');
  expect(lines).toEqual(['a0', 'b0', 'a6 (and 5 more of this kind before)', 'b1', 'a7']);
});
