// What the log says of digests that are wrong: an error for the first, later a warning each quarter of an hour at most.
import { expect, test } from 'vitest';
import { silentLogger } from '../../../src/actor/logger.js';
import { ManualClock } from '../../../src/base/clock.js';
import { DigestMismatchLog } from '../../../src/processor/digest-mismatch-log.js';

const MINUTE_MS = 60_000;

test('one error, then a warning every 15 minutes at most, which counts what was not told', () => {
  const clock = new ManualClock();
  const lines: string[] = [];
  const log = new DigestMismatchLog(clock, {
    ...silentLogger,
    error: (message) => lines.push(`error ${message}`),
    warn: (message) => lines.push(`warn ${message}`),
  });
  const report = (zxidLo: number): void =>
    log.report({ zxidHi: 1, zxidLo, expectedHi: 0, expectedLo: -1, actualHi: -1, actualLo: -1, of: 'the snapshot' });
  report(1);
  expect(lines.splice(0)).toEqual([
    'error First digest mismatch on txn 0x100000001, expected digest is 4294967295, actual digest is -1 (that of the snapshot)',
  ]);
  report(2);
  clock.advance(15 * MINUTE_MS - 1);
  report(3);
  expect(lines).toEqual([]);
  clock.advance(1);
  report(4);
  expect(lines.splice(0)).toEqual([
    'warn Digests are not matching. Value is Zxid. 0x100000004: ' +
      'expected digest is 4294967295, actual digest is -1, and 2 more since the last report',
  ]);
  clock.advance(15 * MINUTE_MS);
  report(5);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/actual digest is -1$/);
});
