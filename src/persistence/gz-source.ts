// The content of a .gz file, read from front to back in memory of a fixed size: one gzip member after the other, as
// gzip itself and Java take them (RFC 1952). Owned by whoever reads the snapshot; any thread that may block.
//
// It says nothing about whether the content is whole. The end of the file within a member is the end of the content, and
// what stands behind the last member is left alone, since the seals of a snapshot tell better: Java does not look at
// trailers it need not read. Only `isStrict` compares each member's trailer, for those who are to vouch for a file.

import { crc32 } from '../base/crc32.js';
import { CompressedDataError } from './compressed-data-error.js';
import type { StoredFile } from './file-store.js';
import { Inflate, type PackedInput } from './inflate.js';
import type { ByteSource } from './read-window.js';

const DEFLATE = 8;
const FLAG_HEADER_CRC = 2;
const FLAG_EXTRA = 4;
const FLAG_NAME = 8;
const FLAG_COMMENT = 16;
const FLAGS_UNKNOWN = 0xe0;
const FIXED_REST_BYTES = 6; // time, extra flags, operating system

export class GzSource implements ByteSource {
  /** Not known before the end is reached. */
  byteCount = Number.POSITIVE_INFINITY;
  private readonly inflate: Inflate;
  private readonly isStrict: boolean;
  private position = 0; // in the content
  private memberStart = 0; // there
  private sum = 0; // CRC-32 of this member; 0 unless strict

  constructor(file: StoredFile, isStrict: boolean) {
    this.inflate = new Inflate(fileInput(file));
    this.isStrict = isStrict;
    if (!this.readHeader()) throw new CompressedDataError('it does not begin as a gzip file');
    this.inflate.begin();
  }

  read(bytes: Uint8Array, offset: number, length: number): number {
    while (this.byteCount === Number.POSITIVE_INFINITY && length > 0) {
      const count = this.inflate.read(bytes, offset, length);
      if (count > 0) {
        if (this.isStrict) this.sum = crc32(bytes, offset, count, this.sum);
        this.position += count;
        return count;
      }
      this.endMember();
    }
    return 0;
  }

  private endMember(): void {
    const { inflate } = this;
    if (inflate.isCut && this.isStrict) throw new CompressedDataError('its gzip data is cut');
    const isWhole = !inflate.isCut && this.readTrailer();
    if (isWhole && this.readHeader()) {
      this.memberStart = this.position;
      this.sum = 0;
      inflate.begin();
    } else {
      this.byteCount = this.position;
    }
  }

  private readTrailer(): boolean {
    const sum = this.takeInt();
    const size = this.takeInt();
    const isThere = sum !== null && size !== null;
    if (!this.isStrict) return isThere;
    if (!isThere) throw new CompressedDataError('its gzip trailer is cut');
    const length = (this.position - this.memberStart) % 0x1_0000_0000;
    if (sum !== this.sum || size !== length) throw new CompressedDataError('its gzip trailer is wrong');
    return true;
  }

  /** Little-endian, unsigned; null at the end of the file. */
  private takeInt(): number | null {
    let value = 0;
    for (let shift = 0; shift < 32; shift += 8) {
      const byte = this.inflate.takeByte();
      if (byte < 0) return null;
      value |= byte << shift;
    }
    return value >>> 0;
  }

  /** False when no member begins here. */
  private readHeader(): boolean {
    const { inflate } = this;
    if (inflate.takeByte() !== 0x1f || inflate.takeByte() !== 0x8b || inflate.takeByte() !== DEFLATE) return false;
    const flags = inflate.takeByte();
    if (flags < 0 || (flags & FLAGS_UNKNOWN) !== 0) return false;
    if (!this.skip(FIXED_REST_BYTES)) return false;
    if ((flags & FLAG_EXTRA) !== 0) {
      const low = inflate.takeByte();
      const high = inflate.takeByte();
      if (high < 0 || !this.skip(low | (high << 8))) return false;
    }
    if ((flags & FLAG_NAME) !== 0 && !this.skipText()) return false;
    if ((flags & FLAG_COMMENT) !== 0 && !this.skipText()) return false;
    return (flags & FLAG_HEADER_CRC) === 0 || this.skip(2);
  }

  private skip(count: number): boolean {
    for (let i = 0; i < count; i++) if (this.inflate.takeByte() < 0) return false;
    return true;
  }

  /** Behind the next zero byte. */
  private skipText(): boolean {
    for (;;) {
      const byte = this.inflate.takeByte();
      if (byte <= 0) return byte === 0;
    }
  }
}

function fileInput(file: StoredFile): PackedInput {
  let position = 0;
  return {
    read(bytes) {
      const count = file.read(bytes, 0, bytes.length, position);
      position += count;
      return count;
    },
  };
}
