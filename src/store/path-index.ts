/**
 * The path index: extendible hashing from a path's keyed hash to its node. Writer's half; readers look up in
 * tree-reader.ts. Owned by the tree's writer; every call must stand inside a write section.
 *
 *   directory (one block, 2^bits refs; grows by copying)        segment (32 KB block, 4096 slots of 8 bytes)
 *   +-----+-----+-----+-----+ - - +-----+                       +-----------+----------+
 *   |  0  |  1  |  2  |  3  |     |     |  -- hash >>> (32 -    | full hash | node ref |  home slot = hash & 4095,
 *   +--+--+--+--+--+--+--+--+ - - +-----+         bits)  -->    +-----------+----------+  linear probing with
 *      |     |     |     |                                      | 0         | 0 = free |  wrap-around
 *      v     +--+--+     v                                      +-----------+----------+
 *   segment A   B     segment C        (B: one bit less deep, so two neighbours point to it)
 *
 * A segment that gets fuller than about 80 % is split in two by its next hash bit: 4096 slots of work, never more.
 * Deletion shifts back what stood behind, so there are no tombstones. Segments are not merged again when the tree
 * shrinks (17 bytes per node of the largest size it had); clear() starts afresh.
 */
import { assert } from '../base/assert.js';
import type { Allocator } from './allocator.js';
import { DIRECTORY_BITS, DIRECTORY_REF } from './control-layout.js';
import { HASH, PATH, PATH_LENGTH } from './node-layout.js';
import type { SlabMemory } from './slab-memory.js';
import { SLAB_SHIFT, UNIT_MASK } from './slab-memory.js';

export const SEGMENT_SLOTS = 4096;
export const SLOT_MASK = SEGMENT_SLOTS - 1;
export const SEGMENT_BYTES = SEGMENT_SLOTS * 8;
/** Enough for 3 * 10^9 nodes; a garbage value above it is not a directory. */
export const DIRECTORY_BITS_MAX = 20;
const DIRECTORY_BITS_MIN = 1;
const SEGMENT_LOAD_MAX = 3276;
/** On the average over all segments: so low that by chance hardly one of them gets beyond the maximum. */
const SEGMENT_LOAD_RESERVED = 3000;

export class PathIndex {
  private readonly memory: SlabMemory;
  private readonly allocator: Allocator;
  private readonly control: Int32Array;
  private directoryRef = 0;
  private bits = 0;
  /** By directory position: the depth of the segment there. */
  private depth = new Uint8Array(0);
  /** By the first directory position that points to a segment: its used slots. */
  private used = new Int32Array(0);

  constructor(memory: SlabMemory, allocator: Allocator, control: Int32Array) {
    this.memory = memory;
    this.allocator = allocator;
    this.control = control;
  }

  /** Starts an empty index. The allocator was new or cleared just before: nothing is given back. */
  create(): void {
    this.bits = DIRECTORY_BITS_MIN;
    const count = 1 << this.bits;
    this.depth = new Uint8Array(count).fill(this.bits);
    this.used = new Int32Array(count);
    this.directoryRef = this.allocator.allocate(count * 4);
    for (let i = 0; i < count; i++) this.setSegment(i, this.allocateSegment());
    this.publish();
  }

  /**
   * Makes room for so many nodes in all at once, so that filling it splits nothing; never less than there is. A guess that was
   * too high costs memory for good.
   */
  reserve(nodeCount: number): void {
    let bits = this.bits;
    while (bits < DIRECTORY_BITS_MAX && nodeCount > SEGMENT_LOAD_RESERVED * 2 ** bits) bits++;
    if (bits === this.bits) return;
    const oldBits = this.bits;
    const oldDirectory = this.directoryRef;
    const oldDepth = this.depth;
    const oldSegments: number[] = [];
    for (let at = 0; at < 1 << oldBits; at += 1 << (oldBits - oldDepth[at])) oldSegments.push(this.segmentAt(at));
    this.bits = bits;
    const count = 1 << bits;
    this.depth = new Uint8Array(count).fill(bits);
    this.used = new Int32Array(count);
    this.directoryRef = this.allocator.allocate(count * 4);
    for (let i = 0; i < count; i++) this.setSegment(i, this.allocateSegment());
    for (const old of oldSegments) {
      const slots = this.memory.words[old >>> SLAB_SHIFT];
      const base = (old & UNIT_MASK) << 1;
      for (let slot = 0; slot < SEGMENT_SLOTS; slot++) {
        const ref = slots[base + (slot << 1) + 1];
        if (ref === 0) continue;
        const hash = slots[base + (slot << 1)];
        const position = hash >>> (32 - bits);
        this.used[position]++;
        this.put(this.segmentAt(position), hash, ref);
      }
      this.allocator.free(old, SEGMENT_BYTES);
    }
    this.allocator.free(oldDirectory, 4 << oldBits);
    this.publish();
  }

  /** The node with this path, or 0. pathWords: the path as PathHash packed it. */
  find(hash: number, pathWords: Int32Array, length: number): number {
    const segment = this.segmentAt(hash >>> (32 - this.bits));
    const slots = this.memory.words[segment >>> SLAB_SHIFT];
    const base = (segment & UNIT_MASK) << 1;
    for (let slot = hash & SLOT_MASK; ; slot = (slot + 1) & SLOT_MASK) {
      const ref = slots[base + (slot << 1) + 1];
      if (ref === 0) return 0;
      if (slots[base + (slot << 1)] === hash && this.hasPath(ref, pathWords, length)) return ref;
    }
  }

  /** The path is not there yet. */
  insert(hash: number, ref: number): void {
    let position = hash >>> (32 - this.bits);
    let first = this.firstPosition(position);
    if (this.used[first] >= SEGMENT_LOAD_MAX) {
      this.split(position);
      position = hash >>> (32 - this.bits);
      first = this.firstPosition(position);
      // A split may leave all slots on one side; keys are secret, so that happens by chance only, far from twice.
      assert(this.used[first] < SEGMENT_SLOTS - 1, 'an index segment is full');
    }
    this.used[first]++;
    this.put(this.segmentAt(position), hash, ref);
  }

  remove(hash: number, ref: number): void {
    const position = hash >>> (32 - this.bits);
    const segment = this.segmentAt(position);
    const slots = this.memory.words[segment >>> SLAB_SHIFT];
    const base = (segment & UNIT_MASK) << 1;
    let hole = hash & SLOT_MASK;
    while (slots[base + (hole << 1) + 1] !== ref) {
      assert(slots[base + (hole << 1) + 1] !== 0, 'a node is missing in the index');
      hole = (hole + 1) & SLOT_MASK;
    }
    // Backward shift: whatever stands behind the hole and may stand in it, moves there and leaves the next hole.
    for (let slot = (hole + 1) & SLOT_MASK; ; slot = (slot + 1) & SLOT_MASK) {
      const other = slots[base + (slot << 1) + 1];
      if (other === 0) break;
      const tag = slots[base + (slot << 1)];
      const home = tag & SLOT_MASK;
      if (((slot - home) & SLOT_MASK) >= ((slot - hole) & SLOT_MASK)) {
        slots[base + (hole << 1)] = tag;
        slots[base + (hole << 1) + 1] = other;
        hole = slot;
      }
    }
    slots[base + (hole << 1)] = 0;
    slots[base + (hole << 1) + 1] = 0;
    this.used[this.firstPosition(position)]--;
  }

  /** For tests: every slot reachable from its home, counts right. Returns the number of nodes. */
  checkInvariants(): number {
    let total = 0;
    for (let position = 0; position < 1 << this.bits; ) {
      const span = 1 << (this.bits - this.depth[position]);
      assert((position & (span - 1)) === 0, 'a segment is not aligned in the directory');
      const segment = this.segmentAt(position);
      for (let i = 1; i < span; i++) {
        assert(this.segmentAt(position + i) === segment, 'directory entries of one segment differ');
        assert(this.depth[position + i] === this.depth[position], 'depths of one segment differ');
      }
      const slots = this.memory.words[segment >>> SLAB_SHIFT];
      const base = (segment & UNIT_MASK) << 1;
      let used = 0;
      for (let slot = 0; slot < SEGMENT_SLOTS; slot++) {
        const ref = slots[base + (slot << 1) + 1];
        const tag = slots[base + (slot << 1)];
        if (ref === 0) continue;
        used++;
        assert(
          this.memory.words[ref >>> SLAB_SHIFT][((ref & UNIT_MASK) << 1) + HASH] === tag,
          'a slot has another hash',
        );
        const at = tag >>> (32 - this.bits);
        assert(at >= position && at < position + span, 'a slot in the wrong segment');
        for (let k = tag & SLOT_MASK; k !== slot; k = (k + 1) & SLOT_MASK) {
          assert(slots[base + (k << 1) + 1] !== 0, 'a hole before a slot');
        }
      }
      assert(used === this.used[position], 'used slots miscounted');
      total += used;
      position += span;
    }
    return total;
  }

  private hasPath(ref: number, pathWords: Int32Array, length: number): boolean {
    const words = this.memory.words[ref >>> SLAB_SHIFT];
    const node = (ref & UNIT_MASK) << 1;
    if (words[node + PATH_LENGTH] !== length) return false;
    const path = node + PATH;
    for (let i = (length - 1) >> 2; i >= 0; i--) if (words[path + i] !== pathWords[i]) return false;
    return true;
  }

  private put(segment: number, hash: number, ref: number): void {
    const slots = this.memory.words[segment >>> SLAB_SHIFT];
    const base = (segment & UNIT_MASK) << 1;
    let slot = hash & SLOT_MASK;
    while (slots[base + (slot << 1) + 1] !== 0) slot = (slot + 1) & SLOT_MASK;
    slots[base + (slot << 1)] = hash;
    slots[base + (slot << 1) + 1] = ref;
  }

  /** The segment at `position` becomes two, told apart by one bit more of the hash. */
  private split(position: number): void {
    if (this.depth[position] === this.bits) {
      this.growDirectory();
      position <<= 1;
    }
    const first = this.firstPosition(position);
    const depth = this.depth[position] + 1;
    const half = 1 << (this.bits - depth);
    const old = this.segmentAt(first);
    const low = this.allocateSegment();
    const high = this.allocateSegment();
    for (let i = 0; i < half; i++) {
      this.setSegment(first + i, low);
      this.setSegment(first + half + i, high);
    }
    this.depth.fill(depth, first, first + 2 * half);
    const slots = this.memory.words[old >>> SLAB_SHIFT];
    const base = (old & UNIT_MASK) << 1;
    let lowUsed = 0;
    let highUsed = 0;
    for (let slot = 0; slot < SEGMENT_SLOTS; slot++) {
      const ref = slots[base + (slot << 1) + 1];
      if (ref === 0) continue;
      const hash = slots[base + (slot << 1)];
      if (((hash >>> (32 - depth)) & 1) === 0) {
        this.put(low, hash, ref);
        lowUsed++;
      } else {
        this.put(high, hash, ref);
        highUsed++;
      }
    }
    this.used[first] = lowUsed;
    this.used[first + half] = highUsed;
    this.allocator.free(old, SEGMENT_BYTES);
  }

  private growDirectory(): void {
    assert(this.bits < DIRECTORY_BITS_MAX, 'the path index has outgrown its directory');
    const oldRef = this.directoryRef;
    const oldCount = 1 << this.bits;
    const oldWords = this.memory.words[oldRef >>> SLAB_SHIFT];
    const oldBase = (oldRef & UNIT_MASK) << 1;
    const depth = new Uint8Array(oldCount * 2);
    const used = new Int32Array(oldCount * 2);
    this.directoryRef = this.allocator.allocate(oldCount * 8);
    for (let i = 0; i < oldCount; i++) {
      this.setSegment(i * 2, oldWords[oldBase + i]);
      this.setSegment(i * 2 + 1, oldWords[oldBase + i]);
      depth[i * 2] = this.depth[i];
      depth[i * 2 + 1] = this.depth[i];
      used[i * 2] = this.used[i];
    }
    this.depth = depth;
    this.used = used;
    this.bits++;
    this.allocator.free(oldRef, oldCount * 4);
    this.publish();
  }

  private publish(): void {
    this.control[DIRECTORY_REF] = this.directoryRef;
    this.control[DIRECTORY_BITS] = this.bits;
  }

  private firstPosition(position: number): number {
    return position & ~((1 << (this.bits - this.depth[position])) - 1);
  }

  private segmentAt(position: number): number {
    return this.memory.words[this.directoryRef >>> SLAB_SHIFT][((this.directoryRef & UNIT_MASK) << 1) + position];
  }

  private setSegment(position: number, segment: number): void {
    this.memory.words[this.directoryRef >>> SLAB_SHIFT][((this.directoryRef & UNIT_MASK) << 1) + position] = segment;
  }

  private allocateSegment(): number {
    const segment = this.allocator.allocate(SEGMENT_BYTES);
    const base = (segment & UNIT_MASK) << 1;
    this.memory.words[segment >>> SLAB_SHIFT].fill(0, base, base + SEGMENT_SLOTS * 2);
    return segment;
  }
}
