/**
 * Where a node is entered for what it is: an ephemeral under its session (ephemeral-index.ts), containers and TTL nodes among
 * those that may go by themselves (container-index.ts), a persistent one nowhere. Owned by the tree's writer; every call that
 * changes something must stand inside a write section. It never makes or frees a record.
 *
 * Invariant outside of the mutators: each node of these kinds stands in exactly one of the two, and is counted here.
 */
import type { Allocator } from './allocator.js';
import { ContainerIndex } from './container-index.js';
import { EphemeralIndex } from './ephemeral-index.js';
import { KIND_MASK, NodeKind, PATH_LENGTH, SHAPE, STAT_OWNER, swapWord, tailWord } from './node-layout.js';
import type { SlabMemory } from './slab-memory.js';
import { SLAB_SHIFT, UNIT_MASK } from './slab-memory.js';

export class KindIndex {
  readonly ephemerals: EphemeralIndex;
  readonly containers: ContainerIndex;
  private readonly memory: SlabMemory;
  private ephemeralNodes = 0;
  private ttlNodes = 0;

  constructor(memory: SlabMemory, allocator: Allocator, control: Int32Array) {
    this.memory = memory;
    this.ephemerals = new EphemeralIndex(memory, allocator, control);
    this.containers = new ContainerIndex(memory, allocator, control);
  }

  get ephemeralCount(): number {
    return this.ephemeralNodes;
  }

  get ttlNodeCount(): number {
    return this.ttlNodes;
  }

  /** Starts empty; the allocator was new or cleared just before. */
  create(): void {
    this.ephemerals.create();
    this.containers.create();
    this.ephemeralNodes = 0;
    this.ttlNodes = 0;
  }

  /** Stores the owner and enters the node where its kind is indexed. The record has room for it. */
  enter(ref: number, kind: NodeKind, ownerHi: number, ownerLo: number): void {
    if (kind === NodeKind.persistent) return;
    const words = this.memory.words[ref >>> SLAB_SHIFT];
    const node = (ref & UNIT_MASK) << 1;
    if (kind === NodeKind.ephemeral) {
      words[node + STAT_OWNER] = swapWord(ownerHi);
      words[node + STAT_OWNER + 1] = swapWord(ownerLo);
      this.ephemerals.add(ref);
      this.ephemeralNodes++;
      return;
    }
    if (kind === NodeKind.ttl) {
      const owner = node + tailWord(words[node + PATH_LENGTH]);
      words[owner] = ownerHi;
      words[owner + 1] = ownerLo;
      this.ttlNodes++;
    }
    this.containers.add(ref);
  }

  leave(ref: number): void {
    const kind = this.memory.words[ref >>> SLAB_SHIFT][((ref & UNIT_MASK) << 1) + SHAPE] & KIND_MASK;
    if (kind === NodeKind.persistent) return;
    if (kind === NodeKind.ephemeral) {
      this.ephemerals.remove(ref);
      this.ephemeralNodes--;
      return;
    }
    this.containers.remove(ref);
    if (kind === NodeKind.ttl) this.ttlNodes--;
  }
}
