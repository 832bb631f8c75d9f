/**
 * Where a node's data is kept: in the tail of its record while it fits, else in a block of its own (DATA, DATA_LENGTH and
 * SHAPE of node-layout.ts). Owned by the tree's writer; every call must stand inside a write section.
 */

import type { Allocator } from './allocator.js';
import { allocatedBytes } from './allocator.js';
import { DATA_BYTES_MAX } from './control-layout.js';
import {
  DATA,
  DATA_LENGTH,
  inlineWord,
  KIND_MASK,
  type NodeKind,
  PATH_LENGTH,
  SHAPE,
  SHAPE_SHIFT,
  STAT_DATA_LENGTH,
  swapWord,
} from './node-layout.js';
import type { SlabCopier } from './slab-copier.js';
import type { SlabMemory } from './slab-memory.js';
import { SLAB_SHIFT, UNIT_MASK } from './slab-memory.js';

export class NodeData {
  private readonly memory: SlabMemory;
  private readonly allocator: Allocator;
  private readonly control: Int32Array;
  private readonly copier: SlabCopier;

  constructor(memory: SlabMemory, allocator: Allocator, control: Int32Array, copier: SlabCopier) {
    this.memory = memory;
    this.allocator = allocator;
    this.control = control;
    this.copier = copier;
  }

  /** length -1: null. A block is kept when the new data needs one of the same size. Returns by how much the data grew. */
  store(ref: number, data: Uint8Array, offset: number, length: number): number {
    const words = this.memory.words[ref >>> SLAB_SHIFT];
    const node = (ref & UNIT_MASK) << 1;
    const oldLength = words[node + DATA_LENGTH];
    let block = words[node + DATA];
    const oldBytes = block !== 0 ? allocatedBytes(oldLength) : 0;
    const newBytes = length > inlineRoom(words, node) ? allocatedBytes(length) : 0;
    if (oldBytes !== newBytes) {
      if (oldBytes > 0) this.allocator.free(block, oldLength);
      block = newBytes > 0 ? this.allocator.allocate(length) : 0;
      words[node + DATA] = block;
    }
    if (length > 0) {
      const slab = (block !== 0 ? block : ref) >>> SLAB_SHIFT;
      const word = block !== 0 ? (block & UNIT_MASK) << 1 : node + inlineOffset(words, node);
      this.copier.copyIn(data, offset, length, this.memory.words[slab], this.memory.bytes[slab], word);
      if (length > this.control[DATA_BYTES_MAX]) this.control[DATA_BYTES_MAX] = length;
    }
    words[node + DATA_LENGTH] = length < 0 ? -1 : length;
    words[node + STAT_DATA_LENGTH] = length > 0 ? swapWord(length) : 0;
    return Math.max(length, 0) - Math.max(oldLength, 0);
  }

  /** The node goes. Returns how many bytes of data go with it. */
  release(ref: number): number {
    const words = this.memory.words[ref >>> SLAB_SHIFT];
    const node = (ref & UNIT_MASK) << 1;
    if (words[node + DATA] !== 0) this.allocator.free(words[node + DATA], words[node + DATA_LENGTH]);
    return Math.max(words[node + DATA_LENGTH], 0);
  }
}

/** Bytes of data that the record's tail can hold. */
export function inlineRoom(words: Int32Array, node: number): number {
  return (words[node + SHAPE] >>> SHAPE_SHIFT) * 8 - inlineOffset(words, node) * 4;
}

function inlineOffset(words: Int32Array, node: number): number {
  return inlineWord(words[node + PATH_LENGTH], (words[node + SHAPE] & KIND_MASK) as NodeKind);
}
