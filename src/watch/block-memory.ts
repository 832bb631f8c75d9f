/**
 * Memory for a shard's watches: blocks of 32-bit words, handed out and taken back, outside the JavaScript heap's objects so
 * that a million watches are nothing to a garbage collector.
 *
 *   ref = chunk << 15 | unit                 chunk (256 KB)
 *                                            +----------+----+--------------+ - - - +
 *   a block begins at a unit of 8 bytes      | block    | .. | block        | unused|
 *                                            +----------+----+--------------+ - - - +
 *
 * A block that was given back waits in a list of its size, linked through its first word, and serves the next one of that
 * size; memory is never returned. A block that is long for a chunk gets a chunk of its own, which goes when it goes. Ref 0 is
 * no block. Owned by one WatchManager; contents are not cleared.
 */
import { assert } from '../base/assert.js';

const UNIT_BITS = 15;
const UNIT_MASK = (1 << UNIT_BITS) - 1;
const CHUNK_WORDS = 1 << (UNIT_BITS + 1);
/** Longer blocks are alone in their chunk. */
const SHARED_UNITS_MAX = 512;
const CHUNKS_MAX = 1 << (31 - UNIT_BITS);
const NOTHING = new Int32Array(0);

export class BlockMemory {
  /** The first place stays unused, so that no block has ref 0. */
  private readonly chunks: Int32Array[] = [NOTHING];
  /** By number of units: the first free block of that size. */
  private readonly freeOfSize = new Int32Array(SHARED_UNITS_MAX + 1);
  /** Places in `chunks` that chunks of one block have left. */
  private readonly freePlaces: number[] = [];
  /** What is left of the chunk begun last. */
  private tailRef = 0;
  private tailUnits = 0;

  allocate(wordCount: number): number {
    const units = (wordCount + 1) >>> 1;
    if (units > SHARED_UNITS_MAX) return this.place(new Int32Array(units << 1)) << UNIT_BITS;
    const free = this.freeOfSize[units] as number;
    if (free !== 0) {
      this.freeOfSize[units] = this.get(free, 0);
      return free;
    }
    if (this.tailUnits < units) this.beginChunk();
    const ref = this.tailRef;
    this.tailRef += units;
    this.tailUnits -= units;
    return ref;
  }

  /** `wordCount` as it was when the block was allocated. */
  free(ref: number, wordCount: number): void {
    const units = (wordCount + 1) >>> 1;
    if (units > SHARED_UNITS_MAX) {
      this.chunks[ref >>> UNIT_BITS] = NOTHING;
      this.freePlaces.push(ref >>> UNIT_BITS);
      return;
    }
    this.set(ref, 0, this.freeOfSize[units] as number);
    this.freeOfSize[units] = ref;
  }

  get(ref: number, word: number): number {
    return (this.chunks[ref >>> UNIT_BITS] as Int32Array)[((ref & UNIT_MASK) << 1) + word] as number;
  }

  set(ref: number, word: number, value: number): void {
    (this.chunks[ref >>> UNIT_BITS] as Int32Array)[((ref & UNIT_MASK) << 1) + word] = value;
  }

  private beginChunk(): void {
    const { tailRef, tailUnits } = this;
    // Its rest serves a smaller block some time.
    if (tailUnits > 0) this.free(tailRef, tailUnits << 1);
    this.tailRef = this.place(new Int32Array(CHUNK_WORDS)) << UNIT_BITS;
    this.tailUnits = UNIT_MASK + 1;
  }

  private place(chunk: Int32Array): number {
    const free = this.freePlaces.pop();
    if (free !== undefined) {
      this.chunks[free] = chunk;
      return free;
    }
    assert(this.chunks.length < CHUNKS_MAX, 'the watches have used up their memory');
    return this.chunks.push(chunk) - 1;
  }
}
