// Our inflate against zlib's: the same bytes from every whole stream, and the same verdict on every broken one; in bounded
// memory, whatever a stream claims.

import { createGzip, deflateRawSync, gzipSync, inflateRawSync, constants as zlib } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { Prng } from '../../../src/base/prng.js';
import { CompressedDataError } from '../../../src/persistence/compressed-data-error.js';
import { GzSource } from '../../../src/persistence/gz-source.js';
import { Inflate } from '../../../src/persistence/inflate.js';
import { SimFileStore } from '../../../src/persistence/sim-file-store.js';

/** Text-like, repetitive or random, so that all kinds of blocks and matches occur. */
function someContent(prng: Prng): Uint8Array {
  const bytes = new Uint8Array(prng.below(200_000));
  const alphabet = 1 + prng.below(256);
  let at = 0;
  while (at < bytes.length) {
    const length = Math.min(1 + prng.below(400), bytes.length - at);
    const back = 1 + prng.below(40_000);
    if (prng.below(2) === 0 && back <= at) for (let i = 0; i < length; i++) bytes[at + i] = bytes[at + i - back];
    else for (let i = 0; i < length; i++) bytes[at + i] = prng.below(alphabet);
    at += length;
  }
  return bytes;
}

const STRATEGIES = [zlib.Z_DEFAULT_STRATEGY, zlib.Z_FILTERED, zlib.Z_HUFFMAN_ONLY, zlib.Z_RLE, zlib.Z_FIXED];

function someDeflated(prng: Prng): { content: Uint8Array; packed: Uint8Array } {
  const content = someContent(prng);
  const strategy = STRATEGIES[prng.below(STRATEGIES.length)];
  return { content, packed: deflateRawSync(content, { level: prng.below(10), strategy, memLevel: 1 + prng.below(9) }) };
}

/** Null when it refuses or the stream is cut. */
function inflated(packed: Uint8Array, prng: Prng): Uint8Array | null {
  let position = 0;
  const inflate = new Inflate({
    read(bytes) {
      const count = Math.min(1 + prng.below(bytes.length), packed.length - position);
      bytes.set(packed.subarray(position, position + count));
      position += count;
      return count;
    },
  });
  inflate.begin();
  const pieces: Uint8Array[] = [];
  const piece = new Uint8Array(1 + prng.below(100_000));
  try {
    for (;;) {
      const count = inflate.read(piece, 0, piece.length);
      if (count === 0) return inflate.isCut ? null : Buffer.concat(pieces);
      pieces.push(piece.slice(0, count));
    }
  } catch (error) {
    if (!(error instanceof CompressedDataError)) throw error;
    return null;
  }
}

function inflatedByZlib(packed: Uint8Array): Uint8Array | null {
  try {
    return inflateRawSync(packed);
  } catch {
    return null;
  }
}

function isSame(a: Uint8Array | null, b: Uint8Array | null): boolean {
  return a === null || b === null ? a === b : Buffer.compare(a, b) === 0;
}

describe('Inflate', () => {
  test('what zlib deflated, at any level and with any strategy', () => {
    const prng = new Prng(1);
    for (let round = 0; round < 150; round++) {
      const { content, packed } = someDeflated(prng);
      if (!isSame(inflated(packed, prng), content)) expect.fail(`round ${round} differs`);
    }
  });

  test('broken streams: the same verdict as zlib, and the same bytes', () => {
    const prng = new Prng(2);
    let refused = 0;
    for (let round = 0; round < 1500; round++) {
      const content = someContent(prng).subarray(0, 1 + prng.below(3000));
      const packed = deflateRawSync(content, { level: prng.below(10), strategy: STRATEGIES[prng.below(5)] });
      for (let i = prng.below(3); i >= 0; i--) packed[prng.below(Math.min(packed.length, 200))] ^= 1 << prng.below(8);
      const broken = prng.below(4) === 0 ? packed.subarray(0, prng.below(packed.length)) : packed;
      const ours = inflated(broken, prng);
      if (!isSame(ours, inflatedByZlib(broken))) expect.fail(`round ${round}: ${Buffer.from(broken).toString('hex')}`);
      if (ours === null) refused++;
    }
    expect(refused).toBeGreaterThan(500);
    expect(refused).toBeLessThan(1500);
  });
});

/** The content of a .gz file, null when it is refused. */
function gunzipped(bytes: Uint8Array, isStrict: boolean): Uint8Array | null {
  const store = new SimFileStore(new Prng(1));
  store.place('/x.gz', bytes);
  const pieces: Uint8Array[] = [];
  try {
    const source = new GzSource(store.openForRead('/x.gz'), isStrict);
    const piece = new Uint8Array(50_000);
    for (let count = source.read(piece, 0, piece.length); count > 0; count = source.read(piece, 0, piece.length)) {
      expect(source.byteCount).toBe(Number.POSITIVE_INFINITY);
      pieces.push(piece.slice(0, count));
    }
    const content = Buffer.concat(pieces);
    expect(source.byteCount).toBe(content.length);
    return content;
  } catch (error) {
    if (!(error instanceof CompressedDataError)) throw error;
    return null;
  }
}

describe('GzSource', () => {
  const first = Buffer.from('one member '.repeat(100));
  const second = Buffer.from('and another');

  test('several members are one content', () => {
    const both = Buffer.concat([gzipSync(first), gzipSync(second)]);
    expect(gunzipped(both, true)?.toString()).toBe(first.toString() + second.toString());
  });

  test('what stands behind the last member is left alone', () => {
    expect(gunzipped(Buffer.concat([gzipSync(first), Buffer.alloc(100)]), true)).toEqual(first);
    expect(gunzipped(Buffer.concat([gzipSync(first), Buffer.from([0x1f, 0x8b, 8])]), true)).toEqual(first);
  });

  test('every part a header may have', () => {
    const plain = gzipSync(first);
    const parts = Buffer.from([0x1f, 0x8b, 8, 2 | 4 | 8 | 16, 1, 2, 3, 4, 0, 3, 2, 0, 9, 9, 65, 66, 0, 67, 0, 7, 7]);
    expect(gunzipped(Buffer.concat([parts, plain.subarray(10)]), true)).toEqual(first);
  });

  test('a trailer that is wrong or cut matters only to those who are to vouch for the file', () => {
    const whole = gzipSync(first);
    for (const at of [whole.length - 1, whole.length - 8]) {
      const wrong = Buffer.from(whole);
      wrong[at] ^= 1;
      expect(gunzipped(wrong, false)).toEqual(first);
      expect(gunzipped(wrong, true)).toBeNull();
    }
    for (const length of [whole.length - 1, whole.length - 8]) {
      expect(gunzipped(whole.subarray(0, length), false)).toEqual(first);
      expect(gunzipped(whole.subarray(0, length), true)).toBeNull();
    }
  });

  test('data that is cut ends early; what is no gzip file is refused', () => {
    const whole = gzipSync(someContent(new Prng(5)));
    const part = gunzipped(whole.subarray(0, whole.length >> 1), false);
    expect(part?.length).toBeGreaterThan(0);
    expect(gunzipped(whole.subarray(0, whole.length >> 1), true)).toBeNull();
    expect(gunzipped(Buffer.from('plain text, not gzip'), false)).toBeNull();
    expect(gunzipped(new Uint8Array(0), false)).toBeNull();
  });

  test('a bomb is inflated in the memory of any other file', async () => {
    const gzip = createGzip();
    const packed: Buffer[] = [];
    gzip.on('data', (piece: Buffer) => packed.push(piece));
    const zeros = Buffer.alloc(1 << 20);
    for (let i = 0; i < 64; i++) gzip.write(zeros);
    await new Promise<void>((resolve) => gzip.end(resolve));
    const store = new SimFileStore(new Prng(1));
    store.place('/bomb.gz', Buffer.concat(packed));
    const before = process.memoryUsage().arrayBuffers;
    const source = new GzSource(store.openForRead('/bomb.gz'), false);
    const piece = new Uint8Array(1 << 16);
    let total = 0;
    for (let count = source.read(piece, 0, piece.length); count > 0; count = source.read(piece, 0, piece.length)) {
      total += count;
    }
    expect(total).toBe(64 << 20);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 << 20);
  });
});
