// Writes jute, ZooKeeper's binary encoding, into a byte array that grows. Owned by one encoder on one thread, reused
// with reset(). All integers are big-endian; null strings, buffers and vectors have the length -1. Bytes in front of
// `length` are final, those behind it garbage. `bytes` is replaced when it grows: take it after the last write.

import { copyBytes } from '../base/bytes.js';
import { hiOf, loOf } from '../base/int64.js';
import { encodeUtf8Into, utf8Length } from '../base/utf8.js';

const CAPACITY_DEFAULT = 256;

/** Strings from here on are measured first rather than given three times their room. */
const MEASURE_CHARS_MIN = 1024;

export class JuteWriter {
  bytes: Uint8Array;
  length = 0; // Invariant: length <= bytes.length

  constructor(capacity = CAPACITY_DEFAULT) {
    this.bytes = new Uint8Array(capacity);
  }

  reset(): void {
    this.length = 0;
  }

  writeByte(v: number): void {
    const at = this.claim(1);
    this.bytes[at] = v;
  }

  writeBool(v: boolean): void {
    const at = this.claim(1);
    this.bytes[at] = v ? 1 : 0;
  }

  writeInt(v: number): void {
    const at = this.claim(4);
    const bytes = this.bytes;
    bytes[at] = v >>> 24;
    bytes[at + 1] = v >>> 16;
    bytes[at + 2] = v >>> 8;
    bytes[at + 3] = v;
  }

  writeLongHalves(hi: number, lo: number): void {
    const at = this.claim(8);
    const bytes = this.bytes;
    bytes[at] = hi >>> 24;
    bytes[at + 1] = hi >>> 16;
    bytes[at + 2] = hi >>> 8;
    bytes[at + 3] = hi;
    bytes[at + 4] = lo >>> 24;
    bytes[at + 5] = lo >>> 16;
    bytes[at + 6] = lo >>> 8;
    bytes[at + 7] = lo;
  }

  /** Cold paths only. */
  writeLong(v: bigint): void {
    this.writeLongHalves(hiOf(v), loOf(v));
  }

  writeBuffer(v: Uint8Array | null): void {
    if (v === null) {
      this.writeInt(-1);
      return;
    }
    this.writeInt(v.length);
    this.writeRaw(v, 0, v.length);
  }

  writeUstring(v: string | null): void {
    if (v === null) {
      this.writeInt(-1);
      return;
    }
    // Room for the longest encoding (3 bytes per UTF-16 unit), so that a short string is walked only once; the length
    // in front is filled in afterwards.
    const room = v.length < MEASURE_CHARS_MIN ? v.length * 3 : utf8Length(v);
    const at = this.claim(4 + room);
    const byteLength = encodeUtf8Into(v, this.bytes, at + 4);
    this.length = at;
    this.writeInt(byteLength);
    this.length = at + 4 + byteLength;
  }

  /** Bytes without a length in front. */
  writeRaw(bytes: Uint8Array, off: number, len: number): void {
    const at = this.claim(len);
    copyBytes(bytes, off, this.bytes, at, len);
  }

  /** The count of a vector (-1 = null); its elements follow. */
  startVector(count: number): void {
    this.writeInt(count);
  }

  /** A copy of what was written, which outlives the next reset. */
  toBytes(): Uint8Array {
    return this.bytes.slice(0, this.length);
  }

  private claim(byteCount: number): number {
    const at = this.length;
    const end = at + byteCount;
    if (end > this.bytes.length) this.grow(end);
    this.length = end;
    return at;
  }

  private grow(needed: number): void {
    const bigger = new Uint8Array(Math.max(needed, this.bytes.length * 2));
    bigger.set(this.bytes.subarray(0, this.length));
    this.bytes = bigger;
  }
}
