/**
 * The children of a node: an array of references in slab memory that CHILDREN and CAPACITY of the node record tell
 * (node-layout.ts). Keeps numChildren and wire cversion of the parent's stat and POSITION of each child in step. Owned by
 * the tree's writer; every call must stand inside a write section.
 *
 *   parent.CHILDREN -> | ref | ref | ref | ref | (free) | (free) |      numChildren in use of CAPACITY
 *                                     ^ the last child takes the place of one that goes
 *
 * Lists grow by half, into all that the allocator's size class gives, and shrink when three quarters are empty. The
 * snapshot cursor relies on two things: a child is appended at the end, and a removal moves only the last one.
 */
import { assert } from '../base/assert.js';
import type { Allocator } from './allocator.js';
import { allocatedBytes } from './allocator.js';
import { CAPACITY, CHILDREN, CVERSION, POSITION, STAT_CHILD_COUNT, STAT_CVERSION, swapWord } from './node-layout.js';
import type { SlabMemory } from './slab-memory.js';
import { SLAB_SHIFT, UNIT_MASK } from './slab-memory.js';

const SHRINK_CAPACITY_MIN = 64;

export class ChildList {
  private readonly memory: SlabMemory;
  private readonly allocator: Allocator;

  constructor(memory: SlabMemory, allocator: Allocator) {
    this.memory = memory;
    this.allocator = allocator;
  }

  count(parent: number): number {
    return swapWord(this.memory.words[parent >>> SLAB_SHIFT][((parent & UNIT_MASK) << 1) + STAT_CHILD_COUNT]);
  }

  at(parent: number, index: number): number {
    const children = this.memory.words[parent >>> SLAB_SHIFT][((parent & UNIT_MASK) << 1) + CHILDREN];
    return this.memory.words[children >>> SLAB_SHIFT][((children & UNIT_MASK) << 1) + index];
  }

  add(parent: number, ref: number): void {
    const words = this.memory.words[parent >>> SLAB_SHIFT];
    const node = (parent & UNIT_MASK) << 1;
    const count = swapWord(words[node + STAT_CHILD_COUNT]);
    if (count === words[node + CAPACITY]) this.resize(words, node, count, count + (count >> 1) + 2);
    const children = words[node + CHILDREN];
    this.memory.words[children >>> SLAB_SHIFT][((children & UNIT_MASK) << 1) + count] = ref;
    this.setPosition(ref, count);
    words[node + STAT_CHILD_COUNT] = swapWord(count + 1);
    updateWireCversion(words, node);
  }

  remove(parent: number, position: number): void {
    const words = this.memory.words[parent >>> SLAB_SHIFT];
    const node = (parent & UNIT_MASK) << 1;
    const last = swapWord(words[node + STAT_CHILD_COUNT]) - 1;
    assert(position <= last, 'a child stands behind the last');
    const children = words[node + CHILDREN];
    const array = this.memory.words[children >>> SLAB_SHIFT];
    const base = (children & UNIT_MASK) << 1;
    if (position < last) {
      const moved = array[base + last];
      array[base + position] = moved;
      this.setPosition(moved, position);
    }
    words[node + STAT_CHILD_COUNT] = swapWord(last);
    updateWireCversion(words, node);
    const capacity = words[node + CAPACITY];
    const sparse = capacity > SHRINK_CAPACITY_MIN && last < capacity >> 2;
    if (last === 0 || sparse) this.resize(words, node, last, last + (last >> 1));
  }

  /** Moves the list to a block with at least `wanted` places; 0: to none. */
  private resize(words: Int32Array, node: number, count: number, wanted: number): void {
    const oldRef = words[node + CHILDREN];
    const oldCapacity = words[node + CAPACITY];
    if (wanted === 0) {
      words[node + CHILDREN] = 0;
      words[node + CAPACITY] = 0;
    } else {
      const byteCount = allocatedBytes(wanted * 4);
      const ref = this.allocator.allocate(byteCount);
      if (count > 0) this.copyRefs(oldRef, ref, count);
      words[node + CHILDREN] = ref;
      words[node + CAPACITY] = byteCount >>> 2;
    }
    if (oldCapacity > 0) this.allocator.free(oldRef, oldCapacity * 4);
  }

  private copyRefs(fromRef: number, toRef: number, count: number): void {
    const source = this.memory.words[fromRef >>> SLAB_SHIFT];
    const target = this.memory.words[toRef >>> SLAB_SHIFT];
    const from = (fromRef & UNIT_MASK) << 1;
    const to = (toRef & UNIT_MASK) << 1;
    if (count > 64) target.set(source.subarray(from, from + count), to);
    else for (let i = 0; i < count; i++) target[to + i] = source[from + i];
  }

  private setPosition(ref: number, position: number): void {
    this.memory.words[ref >>> SLAB_SHIFT][((ref & UNIT_MASK) << 1) + POSITION] = position;
  }
}

/** 2 * stored - children, in 32 bits: call it whenever one of them has changed. */
export function updateWireCversion(words: Int32Array, node: number): void {
  words[node + STAT_CVERSION] = swapWord(2 * words[node + CVERSION] - swapWord(words[node + STAT_CHILD_COUNT]));
}
