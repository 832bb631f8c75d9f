/**
 * Records that have to wait, in the order in which they came, as bytes in one piece of memory: nothing is allocated per record.
 * Each keeps its type and its payload, at an offset that is a multiple of 8, as in a mailbox.
 *
 *   bytes   [ . . . . | record | record | record | . . . . . ]     record: length, type, payload, padding up to a multiple of 8
 *                     ^ start                    ^ end
 *
 * Owned by one stage. Empty means start == end, and then both go back to 0.
 */
import { assert } from '../base/assert.js';
import { copyBytes } from '../base/bytes.js';

const HEADER_BYTES = 8;
const CAPACITY_MIN_BYTES = 16 * 1024;
/** An empty queue above this size gives its memory back. */
const KEEP_BYTES_MAX = 1024 * 1024;

export class RecordQueue {
  bytes: Uint8Array;
  words: Int32Array;
  /** Of the records in it. */
  count = 0;
  private start = 0;
  private end = 0; // Invariant: start <= end <= bytes.length, both multiples of 8

  constructor() {
    const memory = new ArrayBuffer(CAPACITY_MIN_BYTES);
    this.bytes = new Uint8Array(memory);
    this.words = new Int32Array(memory);
  }

  get isEmpty(): boolean {
    return this.start === this.end;
  }

  /** Copies the record, which does not lie in this queue. */
  push(type: number, bytes: Uint8Array, offset: number, length: number): void {
    this.count++;
    this.reserve(sizeOf(length));
    const at = this.end >> 2;
    this.words[at] = length;
    this.words[at + 1] = type;
    copyBytes(bytes, offset, this.bytes, this.end + HEADER_BYTES, length);
    this.end += sizeOf(length);
  }

  /** Of the oldest record; valid until the next push. */
  frontType(): number {
    assert(!this.isEmpty, 'front of an empty queue');
    return this.words[(this.start >> 2) + 1] as number;
  }

  frontOffset(): number {
    return this.start + HEADER_BYTES;
  }

  frontLength(): number {
    return this.words[this.start >> 2] as number;
  }

  /** Its bytes are gone: the queue may have given its memory back. */
  dropFront(): void {
    assert(!this.isEmpty, 'front of an empty queue');
    this.count--;
    this.start += sizeOf(this.frontLength());
    if (this.start < this.end) return;
    this.start = 0;
    this.end = 0;
    if (this.bytes.length > KEEP_BYTES_MAX) this.replace(CAPACITY_MIN_BYTES);
  }

  private reserve(byteCount: number): void {
    if (this.end + byteCount <= this.bytes.length) return;
    const kept = this.end - this.start;
    let capacity = this.bytes.length;
    // Moving to the front is enough when it frees half; otherwise each move would free less and less.
    while (kept + byteCount > capacity / 2) capacity *= 2;
    const old = this.bytes.subarray(this.start, this.end);
    if (capacity > this.bytes.length) this.replace(capacity);
    this.bytes.set(old, 0);
    this.start = 0;
    this.end = kept;
  }

  private replace(capacity: number): void {
    const memory = new ArrayBuffer(capacity);
    this.bytes = new Uint8Array(memory);
    this.words = new Int32Array(memory);
  }
}

function sizeOf(length: number): number {
  return (HEADER_BYTES + length + 7) & ~7;
}
