// The text of quota nodes as Apache ZooKeeper 3.8.0 reads and writes it, and what is required where that one dies.

import { describe, expect, test } from 'vitest';
import { QuotaKey, QuotaText } from '../../../src/store/quota-text.js';

function parse(text: string | null, unparsable: -1 | 0 = 0): QuotaText {
  const bytes = new TextEncoder().encode(`,,${text ?? ''},count=99`);
  const quota = new QuotaText();
  quota.parse(bytes, 2, text === null ? -1 : bytes.length - 11, unparsable);
  return quota;
}

function written(quota: QuotaText): string {
  quota.encode();
  return new TextDecoder().decode(quota.bytes.subarray(0, quota.length));
}

describe('usage', () => {
  test.each([
    ['count=3,bytes=9', 'count=3,bytes=9'],
    ['', 'count=-1,bytes=-1'],
    ['count=7', 'count=7,bytes=-1'],
    ['bytes=9', 'count=-1,bytes=9'],
    ['count=1,bytes=2=;foo=3;bar=4', 'count=1,bytes=2=;bar=4;foo=3'],
    ['foo=1', 'count=-1,bytes=-1=;foo=1'],
    ['=5', 'count=-1,bytes=-1=;=5'],
    ['count=1,count=2,bytes=+7', 'count=2,bytes=7'],
    ['bytes=1=2=3,count=4=4', 'count=4,bytes=1'],
    ['Count=3,bytes=1', 'count=-1,bytes=1=;Count=3'],
    ['count=-0,bytes=007,,;,b=1', 'count=0,bytes=7=;b=1'],
    ['b=1;ab=2;a=3;b=4', 'count=-1,bytes=-1=;a=3;ab=2;b=4'],
    ['count=9223372036854775807,bytes=-9223372036854775808', 'count=9223372036854775807,bytes=-9223372036854775808'],
    // [D]: these end the reference's process.
    ['count', 'count=0,bytes=-1'],
    ['count=,bytes=5', 'count=0,bytes=5'],
    ['count= 3,bytes=x', 'count=0,bytes=0'],
    ['count=9223372036854775808', 'count=0,bytes=-1'],
    [';;,count=3;bytes=4', 'count=3,bytes=4'],
    ['garbage', 'count=-1,bytes=-1=;garbage=0'],
    ['\u00e9=1', 'count=-1,bytes=-1=;\u00e9=1'],
  ])('%j is rewritten as %j', (text, expected) => {
    expect(written(parse(text))).toBe(expected);
  });

  test('null data counts as nothing used', () => {
    expect(written(parse(null))).toBe('count=0,bytes=0');
  });

  test('sums wrap as 64-bit integers', () => {
    const quota = parse('count=9223372036854775807,bytes=5');
    quota.add(QuotaKey.count, 1);
    quota.add(QuotaKey.bytes, -7);
    expect(written(quota)).toBe('count=-9223372036854775808,bytes=-2');
  });

  test('an absent value is one below none', () => {
    const quota = parse('');
    quota.add(QuotaKey.count, 1);
    quota.add(QuotaKey.bytes, 2);
    expect(written(quota)).toBe('count=0,bytes=1');
  });

  test('a text of a megabyte is soon a short one', () => {
    const quota = parse(`${Array.from({ length: 100_000 }, (_, i) => `key${i}=1`).join(',')},count=5,bytes=6`);
    const text = written(quota);
    expect(text.startsWith('count=5,bytes=6=;key0=1;')).toBe(true);
    expect(text.split(';').length).toBe(65);
  });
});

describe('limits', () => {
  test.each<[string | null, readonly string[]]>([
    ['count=5,bytes=-1=;byteHardLimit=40;countHardLimit=4', ['5', '-1', '4', '40']],
    ['count=5', ['5', '-1', '-1', '-1']],
    ['count=x,bytes=7,countHardLimit=,byteHardLimit', ['-1', '7', '-1', '-1']],
    ['', ['-1', '-1', '-1', '-1']],
    [null, ['-1', '-1', '-1', '-1']],
  ])('%j', (text, expected) => {
    const quota = parse(text, -1);
    const { count, bytes, countHardLimit, byteHardLimit } = QuotaKey;
    expect([count, bytes, countHardLimit, byteHardLimit].map((key) => String(quota.get(key)))).toEqual(expected);
  });
});
