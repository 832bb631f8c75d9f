/**
 * A hash table over blocks that grows by one bucket at a time (linear hashing): no growth ever stalls the shard, however
 * many watches it has.
 *
 *   buckets      0     1     2  ..  split  ..  size-1 | size  ..  size+split-1
 *             +-----+-----+-----+- - - - -+- - - - - -+- - - - - - - - - - -+
 *             | split in two    | not yet split       | other halves        |     a bucket holds the first block of a chain
 *             +-----+-----+-----+- - - - -+- - - - - -+- - - - - - - - - - -+     that goes on through the blocks' `nextWord`
 *
 * Each insertion beyond one block per bucket splits the bucket at `split`; when all are split, `size` has doubled. Owned by
 * one table of the WatchManager; never shrinks (4 bytes per block of the largest number there was).
 */
import { assert } from '../base/assert.js';
import type { BlockMemory } from './block-memory.js';

const PAGE_BITS = 12;
const PAGE_MASK = (1 << PAGE_BITS) - 1;
const SIZE_MIN = 16;

export class BucketDirectory {
  private readonly memory: BlockMemory;
  private readonly nextWord: number;
  private readonly hashOf: (ref: number) => number;
  private readonly pages: Int32Array[] = [new Int32Array(1 << PAGE_BITS)];
  private size = SIZE_MIN;
  private split = 0;
  private count = 0;

  constructor(memory: BlockMemory, nextWord: number, hashOf: (ref: number) => number) {
    this.memory = memory;
    this.nextWord = nextWord;
    this.hashOf = hashOf;
  }

  /** The first block among which those with this hash are; the others follow through `nextWord`, 0 ends them. */
  first(hash: number): number {
    return this.bucket(this.indexOf(hash));
  }

  insert(hash: number, ref: number): void {
    if (++this.count > this.size + this.split) this.grow();
    this.push(this.indexOf(hash), ref);
  }

  remove(hash: number, ref: number): void {
    const { memory, nextWord } = this;
    const index = this.indexOf(hash);
    const next = memory.get(ref, nextWord);
    this.count--;
    let before = this.bucket(index);
    if (before === ref) {
      this.setBucket(index, next);
      return;
    }
    for (;;) {
      assert(before !== 0, 'a watch block is missing in its directory');
      const following = memory.get(before, nextWord);
      if (following === ref) break;
      before = following;
    }
    memory.set(before, nextWord, next);
  }

  get bucketCount(): number {
    return this.size + this.split;
  }

  /**
   * The first block of one bucket. Going through all buckets in their order, over any number of changes, misses no block that is
   * there all the time: a bucket is split upwards. A block may come twice.
   */
  firstOf(index: number): number {
    return index < this.bucketCount ? this.bucket(index) : 0;
  }

  private grow(): void {
    const { memory, nextWord, split, size } = this;
    const other = size + split;
    if (other >>> PAGE_BITS === this.pages.length) this.pages.push(new Int32Array(1 << PAGE_BITS));
    let ref = this.bucket(split);
    this.setBucket(split, 0);
    while (ref !== 0) {
      const next = memory.get(ref, nextWord);
      this.push((this.hashOf(ref) & size) === 0 ? split : other, ref);
      ref = next;
    }
    this.split = split + 1;
    if (this.split === size) {
      this.size = size * 2;
      this.split = 0;
    }
  }

  private indexOf(hash: number): number {
    const { size } = this;
    const index = hash & (size - 1);
    return index < this.split ? hash & (size * 2 - 1) : index;
  }

  private push(index: number, ref: number): void {
    this.memory.set(ref, this.nextWord, this.bucket(index));
    this.setBucket(index, ref);
  }

  private bucket(index: number): number {
    return (this.pages[index >>> PAGE_BITS] as Int32Array)[index & PAGE_MASK] as number;
  }

  private setBucket(index: number, ref: number): void {
    (this.pages[index >>> PAGE_BITS] as Int32Array)[index & PAGE_MASK] = ref;
  }
}
