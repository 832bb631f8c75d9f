// The content of a .snappy file, read from front to back, a block at a time. Owned by whoever reads the snapshot; any thread
// that may block. A block may claim to hold no more than its bytes can, and no block is longer than BLOCK_BYTES_MAX, so
// memory stays bounded whatever a file claims. The end of the file within a block is the end of the content; the seals of a
// snapshot tell whether that is all of it.

import { equalBytes, readInt32 } from '../base/bytes.js';
import { CompressedDataError } from './compressed-data-error.js';
import type { StoredFile } from './file-store.js';
import { type ByteSource, fileSource, ReadWindow } from './read-window.js';
import { decompressSnappy, snappyContentLength } from './snappy-block.js';
import {
  SNAPPY_BLOCK_BYTES,
  SNAPPY_HEADER_BYTES,
  SNAPPY_MAGIC,
  SNAPPY_MAGIC_INT,
  SNAPPY_VERSION,
} from './snappy-format.js';

const WINDOW_BYTES = 1 << 18;
/** snappy-java writes 32 kB; its buffer can be set up to 512 MB, which nobody does for snapshots. */
const BLOCK_BYTES_MAX = 1 << 25;

export class SnappySource implements ByteSource {
  /** Not known before the end is reached. */
  byteCount = Number.POSITIVE_INFINITY;
  private readonly packed: ReadWindow;
  private block = new Uint8Array(SNAPPY_BLOCK_BYTES);
  private blockAt = 0; // Invariant: blockAt <= blockEnd <= block.length
  private blockEnd = 0;
  private position = 0; // in the content

  constructor(file: StoredFile) {
    this.packed = new ReadWindow(fileSource(file), WINDOW_BYTES);
    this.readHeader();
  }

  read(bytes: Uint8Array, offset: number, length: number): number {
    while (this.blockAt === this.blockEnd) {
      if (this.readBlock()) continue;
      this.byteCount = this.position;
      return 0;
    }
    const count = Math.min(length, this.blockEnd - this.blockAt);
    bytes.set(this.block.subarray(this.blockAt, this.blockAt + count), offset);
    this.blockAt += count;
    this.position += count;
    return count;
  }

  private readHeader(): void {
    const { packed } = this;
    if (!packed.ensure(SNAPPY_HEADER_BYTES) || !equalBytes(packed.bytes, packed.start, SNAPPY_MAGIC, 0, 8)) {
      throw new CompressedDataError('it does not begin as a snappy file');
    }
    const version = readInt32(packed.bytes, packed.start + 8);
    if (version < SNAPPY_VERSION) throw new CompressedDataError(`it has version ${version} of the snappy stream`);
    packed.start += SNAPPY_HEADER_BYTES;
  }

  /** False at the end. */
  private readBlock(): boolean {
    const { packed } = this;
    if (!packed.ensure(4)) return false;
    const length = readInt32(packed.bytes, packed.start);
    if (length === SNAPPY_MAGIC_INT) {
      this.readHeader();
      return true;
    }
    if (length < 0 || length > BLOCK_BYTES_MAX) throw new CompressedDataError(`a block has the length ${length}`);
    if (!packed.ensure(4 + length)) return false;
    const at = packed.start + 4;
    const contentLength = snappyContentLength(packed.bytes, at, length);
    if (contentLength > BLOCK_BYTES_MAX) throw new CompressedDataError(`a block claims ${contentLength} bytes`);
    if (contentLength > this.block.length) this.block = new Uint8Array(contentLength);
    decompressSnappy(packed.bytes, at, length, this.block, contentLength);
    packed.start = at + length;
    this.blockAt = 0;
    this.blockEnd = contentLength;
    return true;
  }
}
