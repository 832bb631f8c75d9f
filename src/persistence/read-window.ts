// Reads a file from front to back through one buffer of bounded size, so that decoders find each piece whole in plain
// bytes. Owned by one reader on one thread. It keeps, if asked to, the running Adler-32 of everything consumed.
//
//   bytes   [ consumed | unread ......... | free ]
//                      ^ start            ^ end
//
// Invariant: start <= end <= bytes.length. What lies before start is gone with the next ensure().

import { adler32OfWords } from '../base/adler32.js';
import { CompressedDataError } from './compressed-data-error.js';
import type { StoredFile } from './file-store.js';

/** The longest piece that is looked for where nothing tells whether it can be there: a node's data, mostly. */
const PIECE_BYTES_MAX = 1 << 28;

/** Where the bytes come from, in order; fewer than asked for only at the end. */
export interface ByteSource {
  /**
   * How many there are in all: nothing is allocated for a length that claims more. Infinity while it is not known, which
   * ends at the latest when a read has found the end.
   */
  readonly byteCount: number;
  read(bytes: Uint8Array, offset: number, length: number): number;
}

export function fileSource(file: StoredFile): ByteSource {
  let position = 0;
  return {
    byteCount: file.size(),
    read(bytes, offset, length) {
      const count = file.read(bytes, offset, length, position);
      position += count;
      return count;
    },
  };
}

export function memorySource(content: Uint8Array): ByteSource {
  let position = 0;
  return {
    byteCount: content.length,
    read(bytes, offset, length) {
      const count = Math.min(length, content.length - position);
      bytes.set(content.subarray(position, position + count), offset);
      position += count;
      return count;
    },
  };
}

export class ReadWindow {
  bytes: Uint8Array;
  start = 0;
  end = 0;
  private words: Int32Array; // the memory of `bytes`
  private readonly source: ByteSource;
  private readonly isSummed: boolean;
  private consumedBefore = 0; // bytes of the source in front of bytes[0]
  private summedTo = 0; // index up to which `sum` counts; Invariant: summedTo <= start
  private sum = 1;

  constructor(source: ByteSource, capacity: number, isSummed = false) {
    this.source = source;
    this.bytes = new Uint8Array(capacity);
    this.words = wordsOf(this.bytes);
    this.isSummed = isSummed;
  }

  /** How far into the source `start` is. */
  get position(): number {
    return this.consumedBefore + this.start;
  }

  /** Bytes of the source from `start` on, read already or not; Infinity while it is not known, see `remainingUpTo`. */
  get remaining(): number {
    return this.source.byteCount - this.position;
  }

  /** The same, looking no further ahead than `max` bytes: never more than that. */
  remainingUpTo(max: number): number {
    return this.ensure(max) ? max : this.remaining;
  }

  /** Makes `count` unread bytes available from `start`; false when the source ends before. */
  ensure(count: number): boolean {
    if (this.end - this.start >= count) return true;
    if (this.remaining < count) return false;
    const isKnown = this.source.byteCount !== Number.POSITIVE_INFINITY;
    if (!isKnown && count > PIECE_BYTES_MAX) throw new CompressedDataError(`it claims a piece of ${count} bytes`);
    // Where a length may claim what is not there, the array grows with what has really come.
    for (let room = isKnown ? count : Math.min(count, this.bytes.length); ; room = Math.min(count, room * 2)) {
      this.moveToFront(room);
      if (!this.fill()) return this.end >= count;
      if (this.end >= count) return true;
    }
  }

  /** Adler-32 of all bytes in front of `start`. */
  checksum(): number {
    this.sum = adler32OfWords(this.words, this.bytes, this.summedTo, this.start - this.summedTo, this.sum);
    this.summedTo = this.start;
    return this.sum;
  }

  /** False when the source ended before the array was full. */
  private fill(): boolean {
    while (this.end < this.bytes.length) {
      const read = this.source.read(this.bytes, this.end, this.bytes.length - this.end);
      if (read === 0) return false;
      this.end += read;
    }
    return true;
  }

  private moveToFront(count: number): void {
    if (this.isSummed) this.checksum();
    const unread = this.bytes.subarray(this.start, this.end);
    if (count > this.bytes.length) {
      const bigger = new Uint8Array(Math.max(count, this.bytes.length * 2));
      bigger.set(unread);
      this.bytes = bigger;
      this.words = wordsOf(bigger);
    } else {
      this.bytes.copyWithin(0, this.start, this.end);
    }
    this.consumedBefore += this.start;
    this.end -= this.start;
    this.start = 0;
    this.summedTo = 0;
  }
}

function wordsOf(bytes: Uint8Array): Int32Array {
  return new Int32Array(bytes.buffer, 0, bytes.length >> 2);
}
