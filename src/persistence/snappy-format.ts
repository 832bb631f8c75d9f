// The stream that snappy-java writes around Snappy blocks, and so a .snappy snapshot (persistence 4.5). Pure layout.
//
//   82 53 4e 41 50 50 59 00 | int version 1 | int lowest compatible version 1      16 bytes
//   int n | n bytes: one raw block, at most 32768 bytes uncompressed
//   ...
//
// Streams put one behind the other are one stream: where a length should stand the magic number begins anew.

import { writeInt32 } from '../base/bytes.js';

export const SNAPPY_MAGIC: Uint8Array = Uint8Array.of(0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00);
/** The first four bytes of the magic number, where a length is read. */
export const SNAPPY_MAGIC_INT = 0x82534e41 | 0;
export const SNAPPY_HEADER_BYTES = 16;
export const SNAPPY_VERSION = 1;
export const SNAPPY_BLOCK_BYTES = 32768;

export function encodeSnappyHeader(): Uint8Array {
  const header = new Uint8Array(SNAPPY_HEADER_BYTES);
  header.set(SNAPPY_MAGIC);
  writeInt32(header, 8, SNAPPY_VERSION);
  writeInt32(header, 12, SNAPPY_VERSION);
  return header;
}
