/**
 * How one thread looks into the tree's memory: the words behind a reference, under the seqlock or, on the writer's own
 * thread, without it. The ground floor of TreeReader, and nothing by itself: NodeReader, ChildReader and TreeReader stand
 * on it by inheritance, so that a reader is one object and no look at a node goes through a second one.
 *
 * It must survive garbage references: never throw, never read outside a slab, never write outside the room it was given.
 */
import { NODE_COUNT, SEQUENCE, SLAB_COUNT } from './control-layout.js';
import { swapWord } from './node-layout.js';
import { SeqlockReader } from './seqlock.js';
import { SlabCopier } from './slab-copier.js';
import type { SlabSource } from './slab-memory.js';
import { SLAB_SHIFT, SlabMemory, UNIT_MASK, VOID_WORDS } from './slab-memory.js';
import type { TreeMemory } from './tree-memory.js';

export class SlabView {
  protected readonly control: Int32Array;
  private readonly memory: SlabMemory;
  private readonly slabs: Int32Array[];
  /** null on the writer's own thread, where nothing can change under a reader. */
  private readonly lock: SeqlockReader | null;
  /**
   * A reference led into a slab that this thread does not have. It may have been garbage; but a new slab is announced by
   * another way than its references, so the tree may be whole and the slab late: then what was read is not an answer.
   */
  private slabMissed = false;
  private readonly copier = new SlabCopier();

  /** A guarded reader for a thread that is not the writer's. */
  constructor(memory: TreeMemory, source: SlabSource);
  /** The writer's own one, over the writer's view of the slabs. */
  constructor(memory: TreeMemory, slabs: SlabMemory);
  constructor(memory: TreeMemory, slabs: SlabSource | SlabMemory) {
    this.control = new Int32Array(memory.control);
    const own = slabs instanceof SlabMemory;
    this.memory = own ? slabs : new SlabMemory(memory.slab0, slabs);
    this.slabs = this.memory.words;
    this.lock = own ? null : new SeqlockReader(this.control, SEQUENCE);
  }

  /** An even sequence, or -1 when the writer stayed inside its section for the whole (bounded) spin. */
  begin(): number {
    this.slabMissed = false;
    return this.lock === null ? 0 : this.lock.begin();
  }

  /** True when nothing was written since begin, and nothing led into a slab that has not arrived here yet. */
  valid(sequence: number): boolean {
    return this.lock === null || (!this.slabMissed && this.lock.valid(sequence));
  }

  /** What isStale compares with in the middle of a long loop. */
  protected hint(): number {
    return this.lock === null ? 0 : this.lock.begin();
  }

  protected isStale(sequence: number): boolean {
    return this.lock?.isStale(sequence) === true;
  }

  /** The writer itself needs no bound, and inside a section the published number of nodes is not yet its own. */
  protected boundedByNodes(count: number): number {
    return this.lock === null ? count : bounded(count, this.control[NODE_COUNT]);
  }

  /** The words of the slab a reference points into; VOID_WORDS while it is unknown. */
  protected slab(ref: number): Int32Array {
    const words = this.slabs[ref >>> SLAB_SHIFT];
    return words === VOID_WORDS ? this.fetchSlab(ref >>> SLAB_SHIFT) : words;
  }

  /** The same slab as bytes: looked up by its words first, which fetches one that is not here yet. */
  protected slabBytes(ref: number): Uint8Array {
    this.slab(ref);
    return this.memory.bytes[ref >>> SLAB_SHIFT];
  }

  protected word(ref: number, word: number): number {
    return this.slab(ref)[((ref & UNIT_MASK) << 1) + word] | 0;
  }

  protected statWord(ref: number, word: number): number {
    return swapWord(this.slab(ref)[((ref & UNIT_MASK) << 1) + word]);
  }

  /** length bytes from word `word` of an object on, as far as its slab reaches. */
  protected copyWords(ref: number, word: number, out: Uint8Array, pos: number, length: number): void {
    const words = this.slab(ref);
    const from = ((ref & UNIT_MASK) << 1) + word;
    const room = Math.min(length, (words.length - from) << 2);
    if (room > 0) this.copier.copyOut(words, this.memory.bytes[ref >>> SLAB_SHIFT], from, out, pos, room);
  }

  private fetchSlab(index: number): Int32Array {
    const words = this.memory.fetch(index, this.control[SLAB_COUNT]);
    if (words === VOID_WORDS) this.slabMissed = true;
    return words;
  }
}

/** length if it is between 0 and max, else the nearest of these. */
export function bounded(length: number, max: number): number {
  return length < 0 ? 0 : Math.min(length, max);
}
