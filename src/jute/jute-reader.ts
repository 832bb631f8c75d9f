// Reads jute, ZooKeeper's binary encoding, from a part of a byte array. Owned by one decoder on one thread. Every length
// is checked against the limit and the bytes that are left before anything is taken or allocated; what does not decode
// throws JuteError and nothing else. Buffers come back as views of the input: copy them before the input is reused.

import { int64FromHalves } from '../base/int64.js';
import { decodeUtf8 } from '../base/utf8.js';
import { JuteError } from './jute-error.js';

/** Longest string or buffer in a frame: jute.maxbuffer plus its extra size, both at their default. */
export const JUTE_LENGTH_MAX_DEFAULT = 0xfffff * 2;

export class JuteReader {
  readonly bytes: Uint8Array;
  readonly end: number;
  position: number; // Invariant: position <= end
  private readonly lengthMax: number;

  constructor(bytes: Uint8Array, offset = 0, end = bytes.length, lengthMax = JUTE_LENGTH_MAX_DEFAULT) {
    this.bytes = bytes;
    this.position = offset;
    this.end = end;
    this.lengthMax = lengthMax;
  }

  get remaining(): number {
    return this.end - this.position;
  }

  readByte(): number {
    const at = this.take(1);
    return (this.bytes[at] << 24) >> 24;
  }

  /** Any byte but zero is true. */
  readBool(): boolean {
    const at = this.take(1);
    return this.bytes[at] !== 0;
  }

  readInt(): number {
    const at = this.take(4);
    const bytes = this.bytes;
    return (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
  }

  /** Cold paths only: elsewhere two readInt, the upper half first. */
  readLong(): bigint {
    const at = this.take(8);
    this.position = at;
    const hi = this.readInt();
    return int64FromHalves(hi, this.readInt());
  }

  /** A view of the input, null when the length is -1. */
  readBuffer(): Uint8Array | null {
    const length = this.skipBuffer();
    return length < 0 ? null : this.bytes.subarray(this.position - length, this.position);
  }

  readUstring(): string | null {
    const length = this.skipBuffer();
    return length < 0 ? null : decodeUtf8(this.bytes, this.position - length, length);
  }

  /** For strings that are never null where they come from: null does not decode. */
  requireUstring(): string {
    const text = this.readUstring();
    if (text === null) throw new JuteError('null string');
    return text;
  }

  /** Moves behind a buffer or string and returns its length, -1 for null: it lies at position - length. */
  skipBuffer(): number {
    const length = this.readInt();
    if (length === -1) return -1;
    if (length < 0 || length > this.lengthMax) throw new JuteError(`length ${length} is out of range`);
    this.take(length);
    return length;
  }

  /**
   * -1 for null; any other negative count reads as an empty list. A count that cannot fit into what is left, given
   * the smallest size of one element, is refused here, before anyone makes an array of that size.
   */
  readVectorCount(elementBytesMin = 1): number {
    const count = this.readInt();
    if (count < 0) return count === -1 ? -1 : 0;
    if (count * elementBytesMin > this.end - this.position) throw new JuteError(`vector of ${count} is cut short`);
    return count;
  }

  private take(byteCount: number): number {
    const at = this.position;
    const next = at + byteCount;
    if (next > this.end) throw new JuteError(`${byteCount} bytes wanted, ${this.end - at} left`);
    this.position = next;
    return at;
  }
}
