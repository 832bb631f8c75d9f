/** The text of quota nodes, both ways. What setquota, listquota and delquota do with a server is a system test's affair. */
import { expect, test } from 'vitest';
import { QuotaStats } from '../../../src/cli/zk-cli/quota-stats.js';

test.each([
  ['count=5,bytes=6', 'count=5,bytes=6'],
  ['count=-1,bytes=-1=;byteHardLimit=40;countHardLimit=5', 'count=-1,bytes=-1=;byteHardLimit=40;countHardLimit=5'],
  ['countHardLimit=5;byteHardLimit=40,bytes=3;;count=2', 'count=2,bytes=3=;byteHardLimit=40;countHardLimit=5'],
  ['count=1,bytes=2,foo=9', 'count=1,bytes=2=;foo=9'],
  ['', 'count=-1,bytes=-1'],
  ['bytes=7', 'count=-1,bytes=7'],
  ['count=many,bytes', 'count=-1,bytes=-1'],
])('%s reads as %s', (text, written) => {
  expect(new QuotaStats(text).text).toBe(written);
});

test('a limit that is set stands where it belongs', () => {
  const limits = new QuotaStats('count=1,bytes=2');
  limits.set('countHardLimit', 9n);
  limits.set('bytes', 9_223_372_036_854_775_807n);
  expect(limits.text).toBe('count=1,bytes=9223372036854775807=;countHardLimit=9');
});

test.each([
  ['count=2,bytes=-1', true],
  ['count=3,bytes=-1', false],
  ['count=-1,bytes=-1=;countHardLimit=2', true],
  ['count=-1,bytes=0', false],
  ['count=9,bytes=-1=;countHardLimit=1', true],
])('with 3 nodes in use %s is exceeded: %s', (text, isExceeded) => {
  const use = new QuotaStats('count=3,bytes=8');
  expect(new QuotaStats(text).isExceededBy(use, 'count', 'countHardLimit')).toBe(isExceeded);
});
