// Checked against the platform's zlib: its crc32, and the Adler-32 at the end of every zlib stream.

import { deflateSync, crc32 as platformCrc32 } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { adler32 } from '../../../src/base/adler32.js';
import { crc32 } from '../../../src/base/crc32.js';
import { Prng } from '../../../src/base/prng.js';

function randomBytes(seed: number, length: number): Uint8Array {
  const prng = new Prng(seed);
  return Uint8Array.from({ length }, () => prng.below(256));
}

function platformAdler32(bytes: Uint8Array): number {
  const stream = deflateSync(bytes, { level: 0 });
  return stream.readUInt32BE(stream.length - 4);
}

const LENGTHS = [0, 1, 2, 7, 8, 9, 15, 16, 17, 5551, 5552, 5553, 11_104, 70_001];

describe('adler32', () => {
  test('agrees with zlib for every kind of length', () => {
    for (const length of LENGTHS) {
      const bytes = randomBytes(length, length);
      expect(adler32(bytes, 0, length)).toBe(platformAdler32(bytes));
    }
  });

  test('does not overflow on the largest bytes', () => {
    const bytes = new Uint8Array(1 << 20).fill(0xff);
    expect(adler32(bytes, 0, bytes.length)).toBe(platformAdler32(bytes));
  });

  test('goes on from a seed, in pieces at any offset', () => {
    const bytes = randomBytes(1, 20_000);
    let sum = adler32(bytes, 0, 3);
    sum = adler32(bytes, 3, 6000, sum);
    sum = adler32(bytes, 6003, 13_997, sum);
    expect(sum).toBe(platformAdler32(bytes));
  });
});

describe('crc32', () => {
  test('agrees with zlib for every kind of length', () => {
    for (const length of LENGTHS) {
      const bytes = randomBytes(length + 1, length);
      expect(crc32(bytes, 0, length)).toBe(platformCrc32(bytes));
    }
  });

  test('goes on from a seed, in pieces at any offset', () => {
    const bytes = randomBytes(2, 1000);
    expect(crc32(bytes, 13, 987, crc32(bytes, 0, 13))).toBe(platformCrc32(bytes));
  });
});
