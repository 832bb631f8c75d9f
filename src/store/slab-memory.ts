/**
 * Slabs: the shared memory below the data tree, and how a 32-bit reference names a place in it.
 *
 *   ref (int32, may look negative):   31        23 22                     0
 *                                     +-----------+------------------------+
 *                                     | slab (9)  | unit of 8 bytes (23)   |      0 = no object
 *                                     +-----------+------------------------+
 *
 * A slab is a SharedArrayBuffer of fixed size, 64 MB (a jumbo slab: one object of any size at unit 0). Pages nobody has
 * written cost no memory. One SlabMemory per thread: the writer's adds slabs, a reader's fetches those it has not met
 * from its SlabSource. It must never throw on a garbage reference: an unknown slab reads as VOID_WORDS.
 */
import { assert } from '../base/assert.js';

export const SLAB_BYTES = 64 * 1024 * 1024;
export const SLABS_MAX = 512;
export const SLAB_SHIFT = 23;
export const UNIT_MASK = 0x7fffff;

/** Reader's side: hands out the slab with this index, or undefined while it has not arrived (the reader then retries). */
export interface SlabSource {
  load(index: number): SharedArrayBuffer | undefined;
}

/** Writer's side: called with each new slab (never slab 0) before any reference into it is published. */
export type AnnounceSlab = (index: number, slab: SharedArrayBuffer) => void;

/** What an unknown slab looks like: every read beyond these words is undefined, which the readers' `| 0` makes 0. */
export const VOID_WORDS = new Int32Array(64);
export const VOID_BYTES = new Uint8Array(VOID_WORDS.buffer);

export class SlabMemory {
  /** words[ref >>> SLAB_SHIFT][(ref & UNIT_MASK) << 1] is an object's first word. VOID_WORDS where unknown. */
  readonly words: Int32Array[] = [];
  /** Same memory as bytes; an object's first byte is at (ref & UNIT_MASK) << 3. */
  readonly bytes: Uint8Array[] = [];
  private readonly source: SlabSource | null;

  constructor(slab0: SharedArrayBuffer, source: SlabSource | null) {
    assert(
      new Uint8Array(new Int32Array([1]).buffer)[0] === 1,
      'the node layout keeps wire fields by swapping little-endian words',
    );
    this.source = source;
    for (let i = 0; i < SLABS_MAX; i++) {
      this.words.push(VOID_WORDS);
      this.bytes.push(VOID_BYTES);
    }
    this.add(0, slab0);
  }

  has(index: number): boolean {
    return this.words[index] !== VOID_WORDS;
  }

  add(index: number, slab: SharedArrayBuffer): void {
    assert(index >= 0 && index < SLABS_MAX, 'out of slabs: the data tree is full');
    assert(!this.has(index), 'a slab index was given away twice');
    this.words[index] = new Int32Array(slab);
    this.bytes[index] = new Uint8Array(slab);
  }

  /** Slow path of a reader that met an index it has no view of. slabCount: as published, may be garbage of a torn read. */
  fetch(index: number, slabCount: number): Int32Array {
    if (index >= 0 && index < slabCount && index < SLABS_MAX && this.source !== null && !this.has(index)) {
      const slab = this.source.load(index);
      if (slab !== undefined) this.add(index, slab);
    }
    return this.words[index] ?? VOID_WORDS;
  }
}
