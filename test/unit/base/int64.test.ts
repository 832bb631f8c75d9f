import { describe, expect, test } from 'vitest';
import {
  compareSigned,
  compareUnsigned,
  hex64,
  hexOf,
  hiOf,
  hiOfNumber,
  int64FromHalves,
  loOf,
  loOfNumber,
  numberFromHalves,
} from '../../../src/base/int64.js';
import { Prng } from '../../../src/base/prng.js';

const EDGES = [
  0n,
  1n,
  -1n,
  0x7fff_ffffn,
  0x8000_0000n,
  0xffff_ffffn,
  0x1_0000_0000n,
  -0x8000_0000n,
  -0x8000_0001n,
  0x7fff_ffff_ffff_ffffn,
  -0x8000_0000_0000_0000n,
  0x1_0000_2b20_1300_00n,
];

function samples(): bigint[] {
  const prng = new Prng(64);
  const drawn = Array.from({ length: 500 }, () => int64FromHalves(prng.next32() | 0, prng.next32() | 0));
  return [...EDGES, ...drawn];
}

describe('halves and bigint', () => {
  test('a value survives being taken apart', () => {
    for (const b of samples()) {
      const expected = BigInt.asIntN(64, b);
      expect(int64FromHalves(hiOf(b), loOf(b))).toBe(expected);
      expect(hiOf(b)).toBe(hiOf(b) | 0);
      expect(loOf(b)).toBe(loOf(b) | 0);
    }
  });

  test('halves may be given unsigned', () => {
    expect(int64FromHalves(0xffff_ffff, 0xffff_fffe)).toBe(-2n);
  });
});

describe('order', () => {
  test('signed and unsigned comparison agree with bigint', () => {
    const list = samples();
    for (const a of list.slice(0, 60)) {
      for (const b of list.slice(0, 60)) {
        const sign = a < b ? -1 : a > b ? 1 : 0;
        expect(compareSigned(hiOf(a), loOf(a), hiOf(b), loOf(b))).toBe(sign);
        const [ua, ub] = [BigInt.asUintN(64, a), BigInt.asUintN(64, b)];
        const unsignedSign = ua < ub ? -1 : ua > ub ? 1 : 0;
        expect(compareUnsigned(hiOf(a), loOf(a), hiOf(b), loOf(b))).toBe(unsignedSign);
      }
    }
  });
});

describe('safe integers', () => {
  test('milliseconds, file sizes and negative numbers survive', () => {
    const numbers = [
      0,
      1,
      -1,
      1_795_316_449_681,
      -1_795_316_449_681,
      2 ** 31,
      2 ** 32,
      -(2 ** 32),
      2 ** 53 - 1,
      -(2 ** 53) + 1,
    ];
    for (const n of numbers) {
      expect(numberFromHalves(hiOfNumber(n), loOfNumber(n))).toBe(n);
      expect(int64FromHalves(hiOfNumber(n), loOfNumber(n))).toBe(BigInt(n));
    }
  });
});

describe('hex', () => {
  test('is unsigned, lower case, without leading zeros', () => {
    for (const b of samples()) {
      expect(hexOf(b)).toBe(BigInt.asUintN(64, b).toString(16));
      expect(hex64(hiOf(b), loOf(b))).toBe(hexOf(b));
    }
    expect(hex64(1, 4)).toBe('100000004');
    expect(hex64(-1, -1)).toBe('ffffffffffffffff');
    expect(hex64(0, 0)).toBe('0');
  });
});
