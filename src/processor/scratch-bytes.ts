/**
 * A growing byte area that is written again and again: stages build what they are about to send in it.
 *
 * Owned by one stage on one thread. `length` is what has been written since `reset`; the memory is kept. Integers are
 * big-endian, as on the wire.
 */
import { decodeUtf8, encodeUtf8Into, utf8Length } from '../base/utf8.js';

export class ScratchBytes {
  bytes: Uint8Array;
  length = 0;

  constructor(capacity = 1024) {
    this.bytes = new Uint8Array(capacity);
  }

  reset(): void {
    this.length = 0;
  }

  /** Makes room for `count` bytes behind `length` and returns where they begin; the caller writes them and adds to `length`. */
  reserve(count: number): number {
    const needed = this.length + count;
    if (needed > this.bytes.length) {
      const grown = new Uint8Array(Math.max(needed, this.bytes.length * 2));
      grown.set(this.bytes.subarray(0, this.length));
      this.bytes = grown;
    }
    return this.length;
  }

  writeInt(value: number): void {
    const at = this.reserve(4);
    const bytes = this.bytes;
    bytes[at] = value >>> 24;
    bytes[at + 1] = value >>> 16;
    bytes[at + 2] = value >>> 8;
    bytes[at + 3] = value;
    this.length = at + 4;
  }

  writeByte(value: number): void {
    const at = this.reserve(1);
    this.bytes[at] = value;
    this.length = at + 1;
  }

  writeBytes(source: Uint8Array, offset: number, count: number): void {
    const at = this.reserve(count);
    const bytes = this.bytes;
    if (count < 64) for (let i = 0; i < count; i++) bytes[at + i] = source[offset + i] as number;
    else bytes.set(source.subarray(offset, offset + count), at);
    this.length = at + count;
  }

  /** A client's own string back to it: it is read before it is written, so what is not UTF-8 in it comes as U+FFFD. */
  writeEcho(source: Uint8Array, offset: number, count: number): void {
    for (let i = offset; i < offset + count; i++) {
      if ((source[i] as number) >= 0x80) {
        this.writeUstring(decodeUtf8(source, offset, count));
        return;
      }
    }
    this.writeInt(count);
    this.writeBytes(source, offset, count);
  }

  writeUstring(text: string): void {
    const count = utf8Length(text);
    this.writeInt(count);
    const at = this.reserve(count);
    encodeUtf8Into(text, this.bytes, at);
    this.length = at + count;
  }

  /** The bytes of the text alone, without a length before them. */
  writeText(text: string): void {
    const count = utf8Length(text);
    const at = this.reserve(count);
    encodeUtf8Into(text, this.bytes, at);
    this.length = at + count;
  }
}
