/**
 * Records that have to wait, in the order in which they came, as bytes in one piece of memory of one thread: nothing is allocated per
 * record. It stands in front of a full ring (its sender's spill), and keeps back in a stage what may not go on yet. It grows as it
 * must, and dies with its thread.
 *
 *   bytes   [ . . . . | record | record | record | . . . . . ]     records as in `ring-layout.ts`, without padding
 *                     ^ start                    ^ end
 *
 * Empty means start == end, and then both go back to 0.
 */
import { assert } from '../../base/assert.js';
import { copyBytes } from '../../base/bytes.js';
import { RECORD_HEADER_BYTES, recordBytes } from './ring-layout.js';

const CAPACITY_MIN_BYTES = 16 * 1024;
/** An empty queue above this size gives its memory back. */
const KEEP_BYTES_MAX = 1024 * 1024;

export class RecordQueue {
  bytes = new Uint8Array(0);
  words = new Int32Array(0);
  /** Of the records in it. */
  count = 0;
  private start = 0;
  private end = 0; // Invariant: start <= end <= bytes.length, both multiples of 8

  get isEmpty(): boolean {
    return this.start === this.end;
  }

  /** Copies the record, which does not lie in this queue. */
  push(type: number, bytes: Uint8Array, offset: number, length: number): void {
    const at = this.claim(type, length);
    copyBytes(bytes, offset, this.bytes, at, length);
    this.commit(length);
  }

  /** Opens a record; returns the offset of its payload. Nothing counts until `commit`. */
  claim(type: number, length: number): number {
    this.reserve(recordBytes(length));
    this.words[(this.end >> 2) + 1] = type;
    return this.end + RECORD_HEADER_BYTES;
  }

  commit(length: number): void {
    this.words[this.end >> 2] = length;
    this.end += recordBytes(length);
    this.count++;
  }

  /** Of the oldest record, as its length and the offset of its payload; valid until the next push or claim. */
  frontType(): number {
    assert(!this.isEmpty, 'front of an empty queue');
    return this.words[(this.start >> 2) + 1] as number;
  }

  frontOffset(): number {
    return this.start + RECORD_HEADER_BYTES;
  }

  frontLength(): number {
    return this.words[this.start >> 2] as number;
  }

  /** Its bytes are gone: the queue may have given its memory back. */
  dropFront(): void {
    assert(!this.isEmpty, 'front of an empty queue');
    this.count--;
    this.start += recordBytes(this.frontLength());
    if (this.start < this.end) return;
    this.start = 0;
    this.end = 0;
    if (this.bytes.length > KEEP_BYTES_MAX) this.replace(CAPACITY_MIN_BYTES);
  }

  private reserve(byteCount: number): void {
    if (this.end + byteCount <= this.bytes.length) return;
    const kept = this.end - this.start;
    let capacity = Math.max(CAPACITY_MIN_BYTES, this.bytes.length);
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
