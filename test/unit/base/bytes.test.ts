import { describe, expect, test } from 'vitest';
import { concatBytes, copyBytes, equalBytes, readInt32, writeInt32 } from '../../../src/base/bytes.js';

describe('int32', () => {
  test('is big-endian and signed', () => {
    const bytes = new Uint8Array(8);
    for (const v of [0, 1, -1, 0x0102_0304, -0x8000_0000, 0x7fff_ffff]) {
      writeInt32(bytes, 3, v);
      expect(readInt32(bytes, 3)).toBe(v);
      expect(new DataView(bytes.buffer).getInt32(3)).toBe(v);
    }
  });
});

describe('equalBytes', () => {
  test('compares only the given ranges', () => {
    const a = Uint8Array.of(9, 1, 2, 3, 9);
    const b = Uint8Array.of(1, 2, 3, 4);
    expect(equalBytes(a, 1, b, 0, 3)).toBe(true);
    expect(equalBytes(a, 1, b, 0, 4)).toBe(false);
    expect(equalBytes(a, 0, b, 0, 0)).toBe(true);
  });
});

describe('copyBytes', () => {
  test('copies short and long ranges, and nothing around them', () => {
    for (const length of [0, 1, 47, 48, 49, 1000]) {
      const src = Uint8Array.from({ length: length + 4 }, (_, i) => i + 1);
      const dst = new Uint8Array(length + 6);
      copyBytes(src, 2, dst, 3, length);
      expect(dst.subarray(3, 3 + length)).toEqual(src.subarray(2, 2 + length));
      expect([...dst.subarray(0, 3), ...dst.subarray(3 + length)]).toEqual([0, 0, 0, 0, 0, 0]);
    }
  });
});

describe('concatBytes', () => {
  test('joins in order', () => {
    expect(concatBytes([Uint8Array.of(1), new Uint8Array(0), Uint8Array.of(2, 3)])).toEqual(Uint8Array.of(1, 2, 3));
    expect(concatBytes([])).toEqual(new Uint8Array(0));
  });
});
