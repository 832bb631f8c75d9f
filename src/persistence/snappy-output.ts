// Compresses what is written through it into snappy-java's stream (snappy-format.ts). Owned by one snapshot writer, on its
// thread. The writer hands on a megabyte at a time, so blocks are whole but for the last of each; it never keeps bytes back
// from one call to the next.

import { writeInt32 } from '../base/bytes.js';
import { SnappyCompressor, snappyBytesMax } from './snappy-block.js';
import { encodeSnappyHeader, SNAPPY_BLOCK_BYTES } from './snappy-format.js';
import type { PackedOutput } from './snapshot-file-output.js';

const BLOCKS_PER_WRITE = 32;
const PACKED_BLOCK_BYTES_MAX = 4 + snappyBytesMax(SNAPPY_BLOCK_BYTES);

export class SnappyOutput implements PackedOutput {
  private readonly out: PackedOutput;
  private readonly compressor = new SnappyCompressor();
  private readonly packed = new Uint8Array(BLOCKS_PER_WRITE * PACKED_BLOCK_BYTES_MAX);

  constructor(out: PackedOutput) {
    this.out = out;
    const header = encodeSnappyHeader();
    out.write(header, 0, header.length);
  }

  write(bytes: Uint8Array, offset: number, length: number): void {
    const { packed } = this;
    const end = offset + length;
    let to = 0;
    for (let at = offset; at < end; at += SNAPPY_BLOCK_BYTES) {
      if (to + PACKED_BLOCK_BYTES_MAX > packed.length) {
        this.out.write(packed, 0, to);
        to = 0;
      }
      const blockEnd = this.compressor.compress(bytes, at, Math.min(SNAPPY_BLOCK_BYTES, end - at), packed, to + 4);
      writeInt32(packed, to, blockEnd - to - 4);
      to = blockEnd;
    }
    if (to > 0) this.out.write(packed, 0, to);
  }

  end(): void {
    this.out.end();
  }
}
