import { describe, expect, test } from 'vitest';
import { DecimalLong } from '../../../src/base/decimal-long.js';
import { int64FromHalves } from '../../../src/base/int64.js';
import { Prng } from '../../../src/base/prng.js';

const MIN = -(2n ** 63n);
const MAX = 2n ** 63n - 1n;

function parsed(text: string): bigint | null {
  const value = new DecimalLong();
  const bytes = new TextEncoder().encode(`x${text}y`);
  return value.parse(bytes, 1, bytes.length - 1) ? int64FromHalves(value.hi, value.lo) : null;
}

describe('DecimalLong', () => {
  test.each<[string, bigint | null]>([
    ['0', 0n],
    ['-0', 0n],
    ['+7', 7n],
    ['007', 7n],
    ['-1', -1n],
    ['4294967295', 2n ** 32n - 1n],
    ['4294967296', 2n ** 32n],
    ['-4294967296', -(2n ** 32n)],
    ['9223372036854775807', MAX],
    ['-9223372036854775808', MIN],
    ['9223372036854775808', null],
    ['-9223372036854775809', null],
    ['-92233720368547758080', null],
    ['99999999999999999999999999', null],
    ['', null],
    ['-', null],
    ['+', null],
    ['+-1', null],
    [' 3', null],
    ['3 ', null],
    ['0x1', null],
    ['1.0', null],
    ['١', null],
  ])('%j is %s', (text, expected) => {
    expect(parsed(text)).toBe(expected);
  });

  test('what is no number changes nothing', () => {
    const value = new DecimalLong();
    value.set(-5);
    expect(value.parse(new TextEncoder().encode('12x'), 0, 3)).toBe(false);
    expect(value.toString()).toBe('-5');
  });

  test('text, sums and wrap-around are those of 64-bit integers', () => {
    const prng = new Prng(7);
    const edges = [MIN, MIN + 1n, -1n, 0n, 1n, 999_999_999n, 10n ** 9n, 10n ** 18n, 10n ** 18n - 1n, MAX];
    for (let i = 0; i < 20_000; i++) {
      const random = BigInt.asIntN(64, (BigInt(prng.next32()) << 32n) | BigInt(prng.next32() >>> 0));
      const start = i % 3 === 0 ? (edges[prng.below(edges.length)] as bigint) : random >> BigInt(prng.below(64));
      const value = new DecimalLong();
      expect(value.parse(new TextEncoder().encode(String(start)), 0, String(start).length)).toBe(true);
      expect(value.toString()).toBe(String(start));
      const amount = (prng.next32() | 0) * (1 + prng.below(0x10_0000));
      value.add(amount);
      expect(value.toString()).toBe(String(BigInt.asIntN(64, start + BigInt(amount))));
      value.set(amount);
      expect(value.toString()).toBe(String(amount));
    }
  });
});
