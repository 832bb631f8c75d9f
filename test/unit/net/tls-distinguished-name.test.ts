/**
 * Subjects of certificates as text: names made by hand, each held against what Java says of the same bytes.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { DerValue } from '../../../src/net/tls-der.js';
import { distinguishedName } from '../../../src/net/tls-distinguished-name.js';
import { repositoryRoot } from '../../testing/repository-root.js';

const VECTORS = readFileSync(join(repositoryRoot, 'test/fixtures/tls/distinguished-names.txt'), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'));

/** As the vectors write it: `\u` and four digits for what is not printable ASCII. */
function visible(text: string): string {
  if (text === '') return '(empty)';
  return text.replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

const PAIRS = VECTORS.flatMap((hex, i) => (i % 2 === 0 ? [{ hex, text: VECTORS[i + 1] }] : []));

it.each(PAIRS)('$text', ({ hex, text }) => {
  // Without the flag u the replacement meets both halves of a pair, as Java's chars do.
  expect(visible(distinguishedName(DerValue.whole(Buffer.from(hex, 'hex'))))).toBe(text);
});

it('there are vectors', () => {
  expect(PAIRS.length).toBeGreaterThan(20);
});

it.each([
  ['3003', 'a value is cut short'],
  ['3080', 'a value of indefinite length'],
  ['30053103', 'a value is cut short'],
  ['30083106300405000500', 'tag 0x5 where 0x6 belongs'],
  ['3004310230ff', 'a length that cannot be'],
])('refuses %s', (hex, message) => {
  expect(() => distinguishedName(DerValue.whole(Buffer.from(hex, 'hex')))).toThrow(message);
});

it.each([
  ['060387670a', '2.919.10'],
  ['0603883703', '2.999.3'],
  ['06082a864886f70d0109', '1.2.840.113549.1.9'],
  ['06012a', '1.2'],
])('the object id in %s is %s', (hex, text) => {
  expect(DerValue.whole(Buffer.from(hex, 'hex')).oid()).toBe(text);
});
