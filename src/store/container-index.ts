/**
 * Which nodes may go by themselves one day: all containers and TTL nodes, as one array of references in slab memory. Owned
 * by the tree's writer, every call inside a write section; in shared memory so that the container manager, on whatever
 * thread, looks at these alone and never walks the tree.
 *
 *   control.CONTAINERS_REF -> | ref | ref | ref | ref | (free) | (free) |      CONTAINER_COUNT in use
 *                                      ^ the last one takes the place of one that goes
 *
 * Invariant: the word behind a node's own tail words (placeWord of node-layout.ts) is its place in the array. New nodes come
 * at the end, so a reader that walks from the end to the beginning misses nobody who was there when it began; at worst it
 * meets one twice.
 */
import { assert } from '../base/assert.js';
import { type Allocator, allocatedBytes } from './allocator.js';
import { CONTAINER_COUNT, CONTAINERS_REF } from './control-layout.js';
import { KIND_MASK, type NodeKind, PATH_LENGTH, placeWord, SHAPE } from './node-layout.js';
import { SLAB_SHIFT, type SlabMemory, UNIT_MASK } from './slab-memory.js';

const CAPACITY_MIN = 16;

export class ContainerIndex {
  private readonly memory: SlabMemory;
  private readonly allocator: Allocator;
  private readonly control: Int32Array;
  private capacity = 0;

  constructor(memory: SlabMemory, allocator: Allocator, control: Int32Array) {
    this.memory = memory;
    this.allocator = allocator;
    this.control = control;
  }

  get count(): number {
    return this.control[CONTAINER_COUNT];
  }

  /** Starts empty, and without memory of its own; the allocator was new or cleared just before. */
  create(): void {
    this.capacity = 0;
    this.control[CONTAINERS_REF] = 0;
    this.control[CONTAINER_COUNT] = 0;
  }

  at(place: number): number {
    const array = this.control[CONTAINERS_REF];
    return this.memory.words[array >>> SLAB_SHIFT][((array & UNIT_MASK) << 1) + place];
  }

  /** The node's kind and path are set. */
  add(ref: number): void {
    const place = this.count;
    if (place === this.capacity) this.resize(place + (place >> 1) + CAPACITY_MIN);
    this.put(place, ref);
    this.control[CONTAINER_COUNT] = place + 1;
  }

  remove(ref: number): void {
    const last = this.count - 1;
    const place = this.placeOf(ref);
    assert(place >= 0 && place <= last && this.at(place) === ref, 'a container does not know its place');
    if (place < last) this.put(place, this.at(last));
    this.control[CONTAINER_COUNT] = last;
    const isSparse = this.capacity > CAPACITY_MIN * 4 && last < this.capacity >> 2;
    if (last === 0 || isSparse) this.resize(last === 0 ? 0 : last + (last >> 1));
  }

  placeOf(ref: number): number {
    return this.memory.words[ref >>> SLAB_SHIFT][this.placeWordOf(ref)];
  }

  private put(place: number, ref: number): void {
    const array = this.control[CONTAINERS_REF];
    this.memory.words[array >>> SLAB_SHIFT][((array & UNIT_MASK) << 1) + place] = ref;
    this.memory.words[ref >>> SLAB_SHIFT][this.placeWordOf(ref)] = place;
  }

  private placeWordOf(ref: number): number {
    const words = this.memory.words[ref >>> SLAB_SHIFT];
    const node = (ref & UNIT_MASK) << 1;
    return node + placeWord(words[node + PATH_LENGTH], (words[node + SHAPE] & KIND_MASK) as NodeKind);
  }

  /** Moves the array to a block with at least `wanted` places; 0: to none. */
  private resize(wanted: number): void {
    const oldRef = this.control[CONTAINERS_REF];
    const oldCapacity = this.capacity;
    const count = Math.min(this.count, wanted);
    let ref = 0;
    this.capacity = 0;
    if (wanted > 0) {
      const byteCount = allocatedBytes(wanted * 4);
      ref = this.allocator.allocate(byteCount);
      this.capacity = byteCount >>> 2;
      const from = (oldRef & UNIT_MASK) << 1;
      const to = (ref & UNIT_MASK) << 1;
      const words = this.memory.words[ref >>> SLAB_SHIFT];
      if (count > 0) words.set(this.memory.words[oldRef >>> SLAB_SHIFT].subarray(from, from + count), to);
    }
    this.control[CONTAINERS_REF] = ref;
    if (oldCapacity > 0) this.allocator.free(oldRef, oldCapacity * 4);
  }
}
