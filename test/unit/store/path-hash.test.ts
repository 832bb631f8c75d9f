import { describe, expect, it } from 'vitest';
import { Prng } from '../../../src/base/prng.js';
import { PathHash } from '../../../src/store/path-hash.js';

/** HalfSipHash-c-d written from its paper with bigints: checked against the reference's c = 2, d = 4 vector below. */
function halfSipHash(c: number, d: number, k0: number, k1: number, bytes: Uint8Array): number {
  const M = 0xffffffffn;
  const rotl = (x: bigint, n: bigint): bigint => ((x << n) | (x >> (32n - n))) & M;
  const key0 = BigInt(k0 >>> 0);
  const key1 = BigInt(k1 >>> 0);
  const v = [key0, key1, 0x6c796765n ^ key0, 0x74656462n ^ key1] as [bigint, bigint, bigint, bigint];
  const round = (): void => {
    v[0] = (v[0] + v[1]) & M;
    v[1] = rotl(v[1], 5n) ^ v[0];
    v[0] = rotl(v[0], 16n);
    v[2] = (v[2] + v[3]) & M;
    v[3] = rotl(v[3], 8n) ^ v[2];
    v[0] = (v[0] + v[3]) & M;
    v[3] = rotl(v[3], 7n) ^ v[0];
    v[2] = (v[2] + v[1]) & M;
    v[1] = rotl(v[1], 13n) ^ v[2];
    v[2] = rotl(v[2], 16n);
  };
  const padded = new Uint8Array((bytes.length & ~3) + 4);
  padded.set(bytes);
  padded[padded.length - 1] = bytes.length;
  for (let i = 0; i < padded.length; i += 4) {
    const m = BigInt(new DataView(padded.buffer).getUint32(i, true));
    v[3] ^= m;
    for (let k = 0; k < c; k++) round();
    v[0] ^= m;
  }
  v[2] ^= 0xffn;
  for (let k = 0; k < d; k++) round();
  return Number(v[1] ^ v[3]) | 0;
}

describe('PathHash', () => {
  it('checks its model against the published HalfSipHash-2-4 vector of the empty message', () => {
    expect(halfSipHash(2, 4, 0x03020100, 0x07060504, new Uint8Array(0))).toBe(0x5b9f35a9);
  });

  it('is HalfSipHash-1-3 at every length and offset', () => {
    const prng = new Prng(1);
    for (let length = 0; length < 70; length++) {
      const keyLo = prng.next32() | 0;
      const keyHi = prng.next32() | 0;
      const offset = prng.below(9);
      const bytes = new Uint8Array(offset + length + 3);
      for (let i = 0; i < bytes.length; i++) bytes[i] = prng.next32();
      const expected = halfSipHash(1, 3, keyLo, keyHi, bytes.slice(offset, offset + length));
      expect(new PathHash(keyLo, keyHi).hash(bytes, offset, length)).toBe(expected);
    }
  });

  it('leaves the path in whole words, zero-padded, however long it is', () => {
    const hash = new PathHash(1, 2);
    const bytes = new Uint8Array(5003).fill(0xab);
    hash.hash(bytes, 0, 5003);
    const packed = new Uint8Array(hash.$words.buffer, 0, 5004);
    expect(packed.subarray(0, 5003)).toEqual(bytes);
    expect(packed[5003]).toBe(0);
  });
});
