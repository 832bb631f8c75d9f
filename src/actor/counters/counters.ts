/**
 * The writer's side of one actor's (or thread's) counters, in shared memory. Registered by name when the owner is
 * built, then changed by plain adds: one thread writes, so no Atomics; any thread reads (`counters-reader.ts`).
 * Lives on the owner's thread. Never registers while records are being handled: that allocates.
 */

import { assert } from '../../base/assert.js';
import { CAPACITY_WORD, COUNT_WORD, HEADER_BYTES, labelOffset, readLabel, writeLabel } from './counters-layout.js';

export class CounterSet {
  readonly buffer: SharedArrayBuffer;
  /** One value per counter. `values[index] += n` is what `add` does. */
  readonly values: Float64Array;
  private readonly words: Int32Array;
  private readonly bytes: Uint8Array;
  private readonly capacity: number;
  private readonly indexByName = new Map<string, number>();

  /** Attaches to memory made by `createCountersBuffer`; what a previous owner registered keeps its value. */
  constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer;
    this.words = new Int32Array(buffer, 0, HEADER_BYTES / 4);
    this.bytes = new Uint8Array(buffer);
    this.capacity = this.words[CAPACITY_WORD];
    this.values = new Float64Array(buffer, HEADER_BYTES, this.capacity);
    const count = Atomics.load(this.words, COUNT_WORD);
    for (let i = 0; i < count; i++) this.indexByName.set(readLabel(this.bytes, labelOffset(this.capacity, i)), i);
  }

  /** The index of the counter of that name, made on first asking. */
  register(name: string): number {
    const known = this.indexByName.get(name);
    if (known !== undefined) return known;
    const index = this.indexByName.size;
    assert(index < this.capacity, `no room for counter ${name}: ${this.capacity} are the most`);
    writeLabel(this.bytes, labelOffset(this.capacity, index), name);
    // The label first, then the count that covers it: a reader never sees a counter without its name.
    Atomics.store(this.words, COUNT_WORD, index + 1);
    this.indexByName.set(name, index);
    return index;
  }

  /** Registers neighbours; the view shows just their values, for owners that count by constant index. */
  registerBlock(names: readonly string[]): Float64Array {
    assert(names.length > 0, 'an empty block of counters');
    const first = this.register(names[0]);
    names.forEach((name, position) => {
      assert(this.register(name) === first + position, `counter ${name} is not a neighbour of ${names[0]}`);
    });
    return this.values.subarray(first, first + names.length);
  }

  add(index: number, amount: number): void {
    this.values[index] += amount;
  }

  increment(index: number): void {
    this.values[index] += 1;
  }

  set(index: number, value: number): void {
    this.values[index] = value;
  }

  /** Keeps the larger of the two. */
  max(index: number, value: number): void {
    if (value > this.values[index]) this.values[index] = value;
  }

  get(index: number): number {
    return this.values[index];
  }
}
