// Snappy blocks there and back, the examples of the format's description, and broken ones, none of which may do more than be
// refused. That others read what we write and the reverse: test/interop/snapshot-compression.test.ts.

import { describe, expect, test } from 'vitest';
import { Prng } from '../../../src/base/prng.js';
import { CompressedDataError } from '../../../src/persistence/compressed-data-error.js';
import {
  decompressSnappy,
  SnappyCompressor,
  snappyBytesMax,
  snappyContentLength,
} from '../../../src/persistence/snappy-block.js';

function decompressed(block: Uint8Array): Uint8Array {
  const length = snappyContentLength(block, 0, block.length);
  const out = new Uint8Array(length);
  decompressSnappy(block, 0, block.length, out, length);
  return out;
}

function compressed(content: Uint8Array): Uint8Array {
  const out = new Uint8Array(snappyBytesMax(content.length));
  return out.slice(0, new SnappyCompressor().compress(content, 0, content.length, out, 0));
}

function someContent(prng: Prng): Uint8Array {
  const bytes = new Uint8Array(prng.below(65_537));
  const alphabet = 1 + prng.below(256);
  for (let at = 0; at < bytes.length; ) {
    const length = Math.min(1 + prng.below(200), bytes.length - at);
    const back = 1 + prng.below(65_536);
    if (prng.below(2) === 0 && back <= at) for (let i = 0; i < length; i++) bytes[at + i] = bytes[at + i - back];
    else for (let i = 0; i < length; i++) bytes[at + i] = prng.below(alphabet);
    at += length;
  }
  return bytes;
}

describe('a Snappy block', () => {
  test('comes back as it was', () => {
    const prng = new Prng(3);
    for (let round = 0; round < 400; round++) {
      const content = someContent(prng);
      const block = compressed(content);
      expect(block.length).toBeLessThanOrEqual(snappyBytesMax(content.length));
      if (Buffer.compare(decompressed(block), content) !== 0) expect.fail(`round ${round} differs`);
    }
  });

  test.each([0, 1, 2, 4, 8, 9, 59, 60, 61, 64, 65, 255, 256, 257, 258, 65_535, 65_536])('of %i bytes', (length) => {
    const same = new Uint8Array(length).fill(7);
    const rising = Uint8Array.from({ length }, (_, i) => (i * 167) >> 3);
    expect(decompressed(compressed(same))).toEqual(same);
    expect(decompressed(compressed(rising))).toEqual(rising);
  });

  test('what repeats becomes short', () => {
    expect(compressed(new Uint8Array(32_768)).length).toBeLessThan(2000);
  });

  test('every kind of element is understood', () => {
    const block = Uint8Array.of(
      ...[24], // 24 bytes
      ...[3 << 2, 0x61, 0x62, 0x63, 0x64], // literal abcd
      ...[(0 << 5) | (0 << 2) | 1, 4], // copy 4 from 4 back
      ...[(4 << 2) | 2, 3, 0], // copy 5 from 3 back
      ...[(2 << 2) | 3, 13, 0, 0, 0], // copy 3 from 13 back, 32 bits of distance
      ...[60 << 2, 2, 0x78, 0x79, 0x7a], // literal of 3, one byte of length
      ...[61 << 2, 0, 0, 0x21], // of 1, two bytes
      ...[62 << 2, 0, 0, 0, 0x22], // three
      ...[63 << 2, 2, 0, 0, 0, 0x23, 0x24, 0x25], // four
    );
    expect(Buffer.from(decompressed(block)).toString()).toBe('abcdabcdbcdbcabcxyz!"#$%');
  });

  test.each([
    ['nothing at all', []],
    ['a length without an end', [0x80, 0x80, 0x80, 0x80, 0x80, 0x01]],
    ['a claim of more than it can hold', [0xff, 0xff, 0xff, 0xff, 0x0f, 0]],
    ['a literal beyond the block', [4, 3 << 2, 1, 2]],
    ['a literal beyond its claim', [1, 3 << 2, 1, 2, 3, 4]],
    ['a copy with nothing before it', [4, 1, 4]],
    ['a copy from no distance', [5, 0, 9, 1, 0]],
    ['a copy beyond its claim', [2, 0, 9, 1, 1]],
    ['less than it claims', [3, 0, 9]],
    ['an end within an element', [8, 0, 9, (6 << 2) | 2, 1]],
    ['an end within the length of a literal', [8, 61 << 2, 3]],
  ])('%s is refused', (_, bytes) => {
    expect(() => decompressed(Uint8Array.from(bytes))).toThrow(CompressedDataError);
  });

  test('whatever is broken is refused or gives as many bytes as it claims', () => {
    const prng = new Prng(4);
    let refused = 0;
    for (let round = 0; round < 3000; round++) {
      const block = compressed(someContent(prng).subarray(0, 2000));
      for (let i = prng.below(4); i >= 0; i--) block[prng.below(block.length)] = prng.below(256);
      try {
        decompressed(prng.below(3) === 0 ? block.subarray(0, prng.below(block.length)) : block);
      } catch (error) {
        if (!(error instanceof CompressedDataError)) throw error;
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(300);
  });
});
