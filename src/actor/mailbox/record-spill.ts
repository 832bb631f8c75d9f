/**
 * The private queue in front of a full ring: records in order, in memory of the producing thread alone. It grows as it
 * must; what keeps it small is that nobody feeds an actor whose outbox is spilled. It dies with its thread: a producer
 * that is replaced loses what it had spilled. Only `RingSender` uses it.
 *
 *   bytes   [ . . . . | record | record | record | . . . . . ]     records as in `ring-layout.ts`, without padding
 *                     ^ start                    ^ end
 *
 * Empty means start == end, and then both go back to 0.
 */

import { assert } from '../../base/assert.js';
import { RECORD_HEADER_BYTES, recordBytes } from './ring-layout.js';

const CAPACITY_MIN_BYTES = 16 * 1024;
/** An empty spill above this size gives its memory back. */
const KEEP_BYTES_MAX = 1024 * 1024;

export class RecordSpill {
  bytes = new Uint8Array(0);
  words = new Int32Array(0);
  private start = 0;
  private end = 0; // Invariant: start <= end <= bytes.length, both multiples of 8

  get isEmpty(): boolean {
    return this.start === this.end;
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
  }

  /** Length, type and payload offset of the oldest record. */
  frontLength(): number {
    assert(!this.isEmpty, 'front of an empty spill');
    return this.words[this.start >> 2];
  }

  frontType(): number {
    return this.words[(this.start >> 2) + 1];
  }

  frontOffset(): number {
    return this.start + RECORD_HEADER_BYTES;
  }

  dropFront(): void {
    this.start += recordBytes(this.frontLength());
    if (this.start < this.end) return;
    this.start = 0;
    this.end = 0;
    if (this.bytes.length > KEEP_BYTES_MAX) this.replace(new ArrayBuffer(CAPACITY_MIN_BYTES));
  }

  private reserve(byteCount: number): void {
    if (this.end + byteCount <= this.bytes.length) return;
    const kept = this.end - this.start;
    let capacity = Math.max(CAPACITY_MIN_BYTES, this.bytes.length);
    // Moving to the front is enough when it frees half; otherwise each move would free less and less.
    while (kept + byteCount > capacity / 2) capacity *= 2;
    const old = this.bytes.subarray(this.start, this.end);
    if (capacity > this.bytes.length) this.replace(new ArrayBuffer(capacity));
    this.bytes.set(old, 0);
    this.start = 0;
    this.end = kept;
  }

  private replace(memory: ArrayBuffer): void {
    this.bytes = new Uint8Array(memory);
    this.words = new Int32Array(memory);
  }
}
