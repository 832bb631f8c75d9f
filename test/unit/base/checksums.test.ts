// Checked against the platform's zlib: its crc32, and the Adler-32 at the end of every zlib stream.

import { deflateSync, crc32 as platformCrc32 } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { adler32, adler32OfWords } from '../../../src/base/adler32.js';
import { CRC_SHIFT_MAX, CRC_START, crc32, crcOfView, crcOfWords, crcShifted } from '../../../src/base/crc32.js';
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

describe('adler32OfWords', () => {
  test('agrees with adler32 at every offset and length', () => {
    const bytes = randomBytes(4, 9000);
    const words = new Int32Array(bytes.buffer);
    for (let i = 0; i < 400; i++) {
      const offset = i % 9;
      const length = i < 100 ? i : (i * 37) % 8900;
      expect(adler32OfWords(words, bytes, offset, length, i + 1)).toBe(adler32(bytes, offset, length, i + 1));
    }
  });

  test('does not overflow on the largest bytes and the largest seed', () => {
    const bytes = new Uint8Array(1 << 20).fill(0xff);
    const words = new Int32Array(bytes.buffer);
    const seed = (65520 * 65536 + 65520) >>> 0;
    for (const [offset, length] of [
      [0, 1 << 20],
      [3, (1 << 20) - 4],
      [1, 1281],
    ]) {
      expect(adler32OfWords(words, bytes, offset, length, seed)).toBe(adler32(bytes, offset, length, seed));
    }
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

describe('crc32 registers', () => {
  const bytes = randomBytes(3, 4096);
  const words = new Int32Array(bytes.buffer);
  const view = new DataView(bytes.buffer);

  test('of words agree with zlib for every kind of length, and touch nothing behind it', () => {
    for (const length of [...Array(40).keys(), 63, 64, 65, 1000, 4001]) {
      const expected = platformCrc32(bytes.subarray(8, 8 + length));
      expect(~crcOfWords(words, 2, length, CRC_START) >>> 0).toBe(expected);
    }
  });

  test('of a view agree with zlib at every offset, and go on from a register', () => {
    for (let offset = 0; offset < 20; offset++) {
      for (const length of [0, 1, 3, 4, 15, 16, 17, 31, 100, 1001]) {
        const first = crcOfView(view, 0, offset, CRC_START);
        const expected = platformCrc32(bytes.subarray(0, offset + length));
        expect(~crcOfView(view, offset, length, first) >>> 0).toBe(expected);
      }
    }
  });

  test('a shifted word is what its difference changes, wherever it stands', () => {
    for (let zeros = 0; zeros <= CRC_SHIFT_MAX; zeros++) {
      const message = randomBytes(zeros, 100);
      const changed = message.slice();
      const at = message.length - zeros - 4;
      const difference = 0x9e3779b9 + zeros;
      const wordView = new DataView(changed.buffer);
      wordView.setInt32(at, wordView.getInt32(at, true) ^ difference, true);
      const expected = platformCrc32(message) ^ platformCrc32(changed);
      expect(crcShifted(difference, zeros)).toBe(expected | 0);
    }
  });

  test('a shifted register is the register behind zeros', () => {
    const register = crcOfView(view, 0, 77, CRC_START);
    expect(~crcShifted(register, 56) >>> 0).toBe(platformCrc32(new Uint8Array(60), ~register >>> 0));
  });
});
