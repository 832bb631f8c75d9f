// One raw Snappy block, both ways (the format description of google/snappy): the uncompressed length, then elements, each
// either literal bytes or a copy of something that stood before. Pure; any thread; allocates nothing per block.
//
// Own code, since it is this little: the packages that do it are either bound to a native library or no longer kept.
//
//   varint length | element*
//   tag & 3 = 0   literal: length - 1 in the tag's upper six bits, or (60..63) in the 1..4 bytes behind it; the bytes
//           1     copy: length 4..11, distance of 11 bits
//           2     copy: length 1..64, distance of 16 bits, little-endian
//           3     copy: length 1..64, distance of 32 bits
//
// The compressor writes tags 0, 1 and 2, and looks for repetitions by a table of hashes of four bytes each.

import { copyBytes } from '../base/bytes.js';
import { CompressedDataError } from './compressed-data-error.js';

const TABLE_BITS = 14;
const HASH_FACTOR = 0x1e35a7bd;
/** So many bytes at the end are always literal: a look-up reads four. */
const TAIL_BYTES = 8;
/** Distances are written in 16 bits. */
export const SNAPPY_BLOCK_BYTES_MAX = 65536;
const COPY_BYTES_MAX = 64;
/** No element makes more of its bytes: a copy of 64 takes three. */
const GROWTH_MAX = 22;

/** What a block of so many bytes may take, compressed. */
export function snappyBytesMax(length: number): number {
  return 32 + length + Math.ceil(length / 6);
}

export class SnappyCompressor {
  private readonly table = new Uint16Array(1 << TABLE_BITS); // hash -> position in the block

  /** Compresses bytes[offset..offset+length) to `out`, which has room; returns where the block ends there. */
  compress(bytes: Uint8Array, offset: number, length: number, out: Uint8Array, outOffset: number): number {
    if (length > SNAPPY_BLOCK_BYTES_MAX) throw new RangeError('a block is no longer than distances of 16 bits');
    const { table } = this;
    table.fill(0);
    let to = writeVarint(length, out, outOffset);
    const end = offset + length;
    const searchEnd = end - TAIL_BYTES;
    let literalStart = offset;
    let at = offset + 1; // position 0 stands for "none" in the table, and is found all the same
    let misses = 32;
    while (at < searchEnd) {
      const word = wordAt(bytes, at);
      const slot = Math.imul(word, HASH_FACTOR) >>> (32 - TABLE_BITS);
      const candidate = offset + table[slot];
      table[slot] = at - offset;
      if (wordAt(bytes, candidate) !== word) {
        at += misses++ >> 5; // bytes that do not compress are gone through ever faster
        continue;
      }
      let matched = 4;
      while (at + matched < end && bytes[candidate + matched] === bytes[at + matched]) matched++;
      to = writeLiteral(bytes, literalStart, at - literalStart, out, to);
      to = writeCopy(at - candidate, matched, out, to);
      at += matched;
      literalStart = at;
      misses = 32;
    }
    return writeLiteral(bytes, literalStart, end - literalStart, out, to);
  }
}

/** What the block claims to hold. Throws CompressedDataError, also when a block of this size cannot hold so much. */
export function snappyContentLength(bytes: Uint8Array, offset: number, length: number): number {
  let value = 0;
  for (let i = 0; i < 5 && i < length; i++) {
    const byte = bytes[offset + i];
    value += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) {
      if (value > length * GROWTH_MAX) throw new CompressedDataError('a block claims more than it can hold');
      return value;
    }
  }
  throw new CompressedDataError('a block has no length');
}

/** Into out[0..contentLength), the length from snappyContentLength. Throws CompressedDataError. */
export function decompressSnappy(
  bytes: Uint8Array,
  offset: number,
  length: number,
  out: Uint8Array,
  contentLength: number,
): void {
  const end = offset + length;
  let at = offset;
  while (bytes[at++] >= 0x80);
  let to = 0;
  while (at < end) {
    const tag = bytes[at++];
    const kind = tag & 3;
    if (kind === 0) {
      let count = (tag >> 2) + 1;
      if (count > 60) {
        const lengthBytes = count - 60;
        if (at + lengthBytes > end) throw new CompressedDataError('a block ends within an element');
        count = littleEndian(bytes, at, lengthBytes) + 1;
        at += lengthBytes;
      }
      if (at + count > end || to + count > contentLength) throw new CompressedDataError('a literal is too long');
      copyBytes(bytes, at, out, to, count);
      at += count;
      to += count;
      continue;
    }
    const distanceBytes = kind === 3 ? 4 : kind;
    if (at + distanceBytes > end) throw new CompressedDataError('a block ends within an element');
    const count = kind === 1 ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1;
    const distance = kind === 1 ? ((tag >> 5) << 8) | bytes[at] : littleEndian(bytes, at, distanceBytes);
    at += distanceBytes;
    if (distance === 0 || distance > to || to + count > contentLength) {
      throw new CompressedDataError('a copy of what is not there');
    }
    for (let i = 0; i < count; i++) out[to + i] = out[to + i - distance];
    to += count;
  }
  if (to !== contentLength) throw new CompressedDataError('a block holds less than it claims');
}

function wordAt(bytes: Uint8Array, at: number): number {
  return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
}

function littleEndian(bytes: Uint8Array, at: number, count: number): number {
  let value = 0;
  for (let i = count - 1; i >= 0; i--) value = value * 256 + bytes[at + i];
  return value;
}

function writeVarint(value: number, out: Uint8Array, offset: number): number {
  let to = offset;
  let rest = value;
  while (rest >= 0x80) {
    out[to++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  out[to++] = rest;
  return to;
}

function writeLiteral(bytes: Uint8Array, offset: number, length: number, out: Uint8Array, outOffset: number): number {
  if (length === 0) return outOffset;
  let to = outOffset;
  const stored = length - 1;
  if (stored < 60) {
    out[to++] = stored << 2;
  } else if (stored < 256) {
    out[to++] = 60 << 2;
    out[to++] = stored;
  } else {
    out[to++] = 61 << 2;
    out[to++] = stored & 0xff;
    out[to++] = stored >> 8;
  }
  copyBytes(bytes, offset, out, to, length);
  return to + length;
}

function writeCopy(distance: number, length: number, out: Uint8Array, outOffset: number): number {
  let to = outOffset;
  let left = length;
  while (left > 0) {
    const count = Math.min(left, COPY_BYTES_MAX);
    if (count >= 4 && count <= 11 && distance < 2048) {
      out[to++] = ((distance >> 8) << 5) | ((count - 4) << 2) | 1;
      out[to++] = distance & 0xff;
    } else {
      out[to++] = ((count - 1) << 2) | 2;
      out[to++] = distance & 0xff;
      out[to++] = distance >> 8;
    }
    left -= count;
  }
  return to;
}
