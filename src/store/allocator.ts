/**
 * The allocator of the data tree's slabs. Used by the tree's writer only, inside a write section (handing out or taking
 * back memory is a write to whoever still reads it). Its own state lives in the writer's heap; only the links of free
 * blocks are kept in the free blocks themselves. It never touches a page before something is put there.
 *
 *   slab, 64 MB = 1024 pages of 64 KB            page of a size class: blocks of one size
 *   +------+------+------+-- ... --+------+      +--------+--------+--------+---- ... ---+-------+
 *   | page | page | run of 3 pages | free |      | block  | (free) | block  | never used | waste |
 *   +------+------+------+-- ... --+------+      +--------+--------+--------+---- ... ---+-------+
 *                                                          free list -^      ^- next fresh
 *
 * Size classes: every multiple of 8 up to 256 bytes, then 8 steps per doubling up to 32 KB. Larger objects take runs of
 * whole pages, first fit; above 32 MB a jumbo slab of their own, which is kept for the next such object when freed.
 * A page whose last block is freed goes back to the pool.
 */
import { assert } from '../base/assert.js';
import type { AnnounceSlab, SlabMemory } from './slab-memory.js';
import { SLAB_BYTES, SLAB_SHIFT, SLABS_MAX, UNIT_MASK } from './slab-memory.js';

export const PAGE_BYTES = 65536;
export const BLOCK_BYTES_MAX = 32768;
export const RUN_BYTES_MAX = SLAB_BYTES / 2;

const PAGE_UNITS = PAGE_BYTES / 8;
const PAGE_UNIT_SHIFT = 13;
const PAGES_PER_SLAB = SLAB_BYTES / PAGE_BYTES;
const PAGE_SHIFT = 10;
const EXACT_CLASSES = 32;
const CLASS_COUNT = EXACT_CLASSES + 7 * 8;

/** pageState: 0 free, 1 .. CLASS_COUNT a page of class state - 1, then: */
const FREE = 0;
const RUN_HEAD = 250;
const RUN_REST = 251;
/** Page 0 of slab 0, so that no object ever has reference 0, and all pages of jumbo slabs. */
const RESERVED = 252;

const NO_UNIT = 0xffff;
const NO_PAGE = -1;

export interface AllocatorStats {
  readonly slabCount: number;
  readonly pageCount: number;
  /** What the objects asked for, rounded up to their class or to pages. */
  readonly usedBytes: number;
  /** Pages that are not free, and jumbo slabs in use. */
  readonly reservedBytes: number;
  readonly jumboCount: number;
}

/** 1 .. 32768 bytes -> 0 .. CLASS_COUNT - 1, the smallest class that fits. */
export function sizeClassOf(byteCount: number): number {
  if (byteCount <= 256) return ((byteCount + 7) >>> 3) - 1;
  const doubling = 31 - Math.clz32(byteCount - 1);
  return EXACT_CLASSES + ((doubling - 8) << 3) + ((byteCount - 1 - (1 << doubling)) >>> (doubling - 3));
}

export function sizeClassBytes(sizeClass: number): number {
  if (sizeClass < EXACT_CLASSES) return (sizeClass + 1) << 3;
  const doubling = 8 + ((sizeClass - EXACT_CLASSES) >>> 3);
  return (1 << doubling) + ((((sizeClass - EXACT_CLASSES) & 7) + 1) << (doubling - 3));
}

/** What an object of this size really gets: growing within it costs nothing. */
export function allocatedBytes(byteCount: number): number {
  if (byteCount <= BLOCK_BYTES_MAX) return sizeClassBytes(sizeClassOf(byteCount));
  return Math.ceil(byteCount / PAGE_BYTES) * PAGE_BYTES;
}

export class Allocator {
  private readonly memory: SlabMemory;
  private readonly announceSlab: AnnounceSlab;
  /** Next slab index to give away; normal and jumbo slabs share the numbers. */
  private slabCount = 1;

  // Per page, indexed by slab << PAGE_SHIFT | page. Grown when slabs are added.
  private pageState = new Uint8Array(PAGES_PER_SLAB);
  private pageUsed = new Uint16Array(PAGES_PER_SLAB);
  /** First unit of the free list, within the page; NO_UNIT = empty. */
  private pageFree = new Uint16Array(PAGES_PER_SLAB);
  /** First unit never handed out. Invariant: units from here on belong to no block and to no free list. */
  private pageFresh = new Uint16Array(PAGES_PER_SLAB);
  /** Links of the list of pages with room of one class; of a run's head: next = the run's page count. */
  private pageNext = new Int32Array(PAGES_PER_SLAB);
  private pagePrevious = new Int32Array(PAGES_PER_SLAB);
  /** Free pages of each slab; -1 for jumbo slabs. */
  private readonly freePages = new Int32Array(SLABS_MAX);
  /** No page below this one is free. */
  private firstFree = 0;

  // Per size class.
  private readonly withRoom = new Int32Array(CLASS_COUNT).fill(NO_PAGE);
  private readonly classUnits = new Int32Array(CLASS_COUNT);
  private readonly classBlocks = new Int32Array(CLASS_COUNT);

  /** Byte capacity and use of each jumbo slab, by slab index. */
  private readonly jumboBytes = new Map<number, number>();
  private readonly jumboFree = new Set<number>();
  private usedBytes = 0;
  private reservedPages = 0;

  /** announceSlab is called before any reference into the new slab exists. */
  constructor(memory: SlabMemory, announceSlab: AnnounceSlab) {
    this.memory = memory;
    this.announceSlab = announceSlab;
    for (let i = 0; i < CLASS_COUNT; i++) {
      this.classUnits[i] = sizeClassBytes(i) >>> 3;
      this.classBlocks[i] = Math.floor(PAGE_UNITS / this.classUnits[i]);
    }
    this.clear();
  }

  get slabs(): number {
    return this.slabCount;
  }

  /** Takes everything back at once. Slabs are kept. */
  clear(): void {
    this.pageState.fill(FREE);
    this.pageUsed.fill(0);
    this.withRoom.fill(NO_PAGE);
    for (let slab = 0; slab < this.slabCount; slab++) {
      const jumbo = this.jumboBytes.has(slab);
      if (jumbo) this.jumboFree.add(slab);
      this.freePages[slab] = jumbo ? -1 : PAGES_PER_SLAB;
      if (jumbo) this.pageState.fill(RESERVED, slab << PAGE_SHIFT, (slab + 1) << PAGE_SHIFT);
    }
    this.pageState[0] = RESERVED;
    this.freePages[0] = PAGES_PER_SLAB - 1;
    this.firstFree = 1;
    this.usedBytes = 0;
    this.reservedPages = 0;
  }

  /** The block's bytes are whatever they were before. */
  allocate(byteCount: number): number {
    assert(byteCount > 0, 'an object of no bytes has no place');
    if (byteCount > BLOCK_BYTES_MAX) return this.allocateLarge(byteCount);
    const sizeClass = sizeClassOf(byteCount);
    const units = this.classUnits[sizeClass];
    let page = this.withRoom[sizeClass];
    if (page === NO_PAGE) page = this.openPage(sizeClass);
    let unit = this.pageFree[page];
    const firstUnit = (page & (PAGES_PER_SLAB - 1)) << PAGE_UNIT_SHIFT;
    const slab = page >>> PAGE_SHIFT;
    if (unit !== NO_UNIT) {
      this.pageFree[page] = this.memory.words[slab][(firstUnit + unit) << 1];
    } else {
      unit = this.pageFresh[page];
      this.pageFresh[page] = unit + units;
    }
    const used = this.pageUsed[page] + 1;
    this.pageUsed[page] = used;
    if (used === this.classBlocks[sizeClass]) this.unlinkPage(page, sizeClass);
    this.usedBytes += units << 3;
    return (slab << SLAB_SHIFT) | (firstUnit + unit);
  }

  /** byteCount as it was allocated (or any size of the same class). */
  free(ref: number, byteCount: number): void {
    assert(ref !== 0, 'freed nothing');
    if (byteCount > BLOCK_BYTES_MAX) {
      this.freeLarge(ref, byteCount);
      return;
    }
    const sizeClass = sizeClassOf(byteCount);
    const slab = ref >>> SLAB_SHIFT;
    const slabUnit = ref & UNIT_MASK;
    const page = (slab << PAGE_SHIFT) | (slabUnit >>> PAGE_UNIT_SHIFT);
    assert(this.pageState[page] === sizeClass + 1, 'freed with another size than allocated');
    const used = this.pageUsed[page];
    if (used === this.classBlocks[sizeClass]) this.linkPage(page, sizeClass);
    this.memory.words[slab][slabUnit << 1] = this.pageFree[page];
    this.pageFree[page] = slabUnit & (PAGE_UNITS - 1);
    this.pageUsed[page] = used - 1;
    this.usedBytes -= this.classUnits[sizeClass] << 3;
    if (used === 1) {
      this.unlinkPage(page, sizeClass);
      this.releasePages(page, 1);
    }
  }

  stats(): AllocatorStats {
    let jumboBytes = 0;
    for (const [slab, bytes] of this.jumboBytes) if (!this.jumboFree.has(slab)) jumboBytes += bytes;
    return {
      slabCount: this.slabCount,
      pageCount: this.reservedPages,
      usedBytes: this.usedBytes,
      reservedBytes: this.reservedPages * PAGE_BYTES + jumboBytes,
      jumboCount: this.jumboBytes.size - this.jumboFree.size,
    };
  }

  /** Walks all metadata; for tests and for the curious, not for the hot path. */
  checkInvariants(): void {
    let reserved = 0;
    let usedBytes = 0;
    for (let slab = 0; slab < this.slabCount; slab++) {
      let free = 0;
      for (let i = 0; i < PAGES_PER_SLAB; i++) {
        const page = (slab << PAGE_SHIFT) | i;
        const state = this.pageState[page];
        if (state === FREE) {
          free++;
          assert(page >= this.firstFree, 'a free page below firstFree');
        } else if (state <= CLASS_COUNT) {
          reserved++;
          usedBytes += this.checkPage(page, state - 1);
        } else if (state === RUN_HEAD) {
          const count = this.pageNext[page];
          reserved += count;
          usedBytes += count * PAGE_BYTES;
          for (let k = 1; k < count; k++) assert(this.pageState[page + k] === RUN_REST, 'a run is interrupted');
          assert(i + count <= PAGES_PER_SLAB, 'a run leaves its slab');
          i += count - 1;
        } else {
          assert(state === RESERVED, 'a run without a head');
        }
      }
      if (this.freePages[slab] >= 0) assert(free === this.freePages[slab], 'free pages miscounted');
    }
    assert(reserved === this.reservedPages, 'reserved pages miscounted');
    for (const [slab, bytes] of this.jumboBytes) if (!this.jumboFree.has(slab)) usedBytes += bytes;
    assert(usedBytes === this.usedBytes, 'used bytes miscounted');
    for (let sizeClass = 0; sizeClass < CLASS_COUNT; sizeClass++) {
      let previous = NO_PAGE;
      for (let page = this.withRoom[sizeClass]; page !== NO_PAGE; page = this.pageNext[page]) {
        assert(this.pageState[page] === sizeClass + 1, 'a page in the list of another class');
        assert(this.pagePrevious[page] === previous, 'page list links disagree');
        assert(this.pageUsed[page] < this.classBlocks[sizeClass], 'a full page in the list of pages with room');
        previous = page;
      }
    }
  }

  private checkPage(page: number, sizeClass: number): number {
    const units = this.classUnits[sizeClass];
    const used = this.pageUsed[page];
    assert(used > 0 && used <= this.classBlocks[sizeClass], 'a page of a class is empty or overfull');
    const words = this.memory.words[page >>> PAGE_SHIFT];
    const firstUnit = (page & (PAGES_PER_SLAB - 1)) << PAGE_UNIT_SHIFT;
    const fresh = this.pageFresh[page];
    assert(fresh % units === 0, 'fresh blocks out of step');
    const seen = new Set<number>();
    for (let unit = this.pageFree[page]; unit !== NO_UNIT; unit = words[(firstUnit + unit) << 1]) {
      assert(unit % units === 0 && unit < fresh, 'the free list leaves its page');
      assert(!seen.has(unit), 'the free list runs in a circle');
      seen.add(unit);
    }
    assert(seen.size + used === fresh / units, 'a block is lost');
    return used * units * 8;
  }

  private openPage(sizeClass: number): number {
    const page = this.takePages(1);
    this.pageState[page] = sizeClass + 1;
    this.pageUsed[page] = 0;
    this.pageFree[page] = NO_UNIT;
    this.pageFresh[page] = 0;
    this.linkPage(page, sizeClass);
    return page;
  }

  private linkPage(page: number, sizeClass: number): void {
    const next = this.withRoom[sizeClass];
    this.pageNext[page] = next;
    this.pagePrevious[page] = NO_PAGE;
    if (next !== NO_PAGE) this.pagePrevious[next] = page;
    this.withRoom[sizeClass] = page;
  }

  private unlinkPage(page: number, sizeClass: number): void {
    const next = this.pageNext[page];
    const previous = this.pagePrevious[page];
    if (next !== NO_PAGE) this.pagePrevious[next] = previous;
    if (previous !== NO_PAGE) this.pageNext[previous] = next;
    else this.withRoom[sizeClass] = next;
  }

  /** First fit. The pages come back with the state of a run; the caller of a single page overwrites it. */
  private takePages(count: number): number {
    let page = this.findPages(count);
    if (page === NO_PAGE) {
      const slab = this.addSlab(SLAB_BYTES);
      this.freePages[slab] = PAGES_PER_SLAB;
      page = slab << PAGE_SHIFT;
    }
    this.pageState[page] = RUN_HEAD;
    this.pageNext[page] = count;
    for (let i = 1; i < count; i++) this.pageState[page + i] = RUN_REST;
    this.freePages[page >>> PAGE_SHIFT] -= count;
    this.reservedPages += count;
    // First fit for one page means that everything below it is taken.
    if (count === 1 || page === this.firstFree) this.firstFree = page + count;
    return page;
  }

  private findPages(count: number): number {
    for (let slab = this.firstFree >>> PAGE_SHIFT; slab < this.slabCount; slab++) {
      if (this.freePages[slab] < count) continue;
      const end = (slab + 1) << PAGE_SHIFT;
      let length = 0;
      for (let page = Math.max(slab << PAGE_SHIFT, this.firstFree); page < end; page++) {
        length = this.pageState[page] === FREE ? length + 1 : 0;
        if (length === count) return page - count + 1;
      }
    }
    return NO_PAGE;
  }

  private releasePages(page: number, count: number): void {
    this.pageState.fill(FREE, page, page + count);
    this.freePages[page >>> PAGE_SHIFT] += count;
    this.reservedPages -= count;
    if (page < this.firstFree) this.firstFree = page;
  }

  private allocateLarge(byteCount: number): number {
    if (byteCount > RUN_BYTES_MAX) return this.allocateJumbo(byteCount);
    const count = Math.ceil(byteCount / PAGE_BYTES);
    const page = this.takePages(count);
    this.usedBytes += count * PAGE_BYTES;
    return ((page >>> PAGE_SHIFT) << SLAB_SHIFT) | ((page & (PAGES_PER_SLAB - 1)) << PAGE_UNIT_SHIFT);
  }

  private freeLarge(ref: number, byteCount: number): void {
    const slab = ref >>> SLAB_SHIFT;
    if (byteCount > RUN_BYTES_MAX) {
      const bytes = this.jumboBytes.get(slab) ?? 0;
      assert(bytes >= byteCount && !this.jumboFree.has(slab), 'freed with another size than allocated');
      this.jumboFree.add(slab);
      this.usedBytes -= bytes;
      return;
    }
    const page = (slab << PAGE_SHIFT) | ((ref & UNIT_MASK) >>> PAGE_UNIT_SHIFT);
    const count = Math.ceil(byteCount / PAGE_BYTES);
    assert(
      this.pageState[page] === RUN_HEAD && this.pageNext[page] === count,
      'freed with another size than allocated',
    );
    this.usedBytes -= count * PAGE_BYTES;
    this.releasePages(page, count);
  }

  /** The smallest free jumbo slab that fits, or a new one. */
  private allocateJumbo(byteCount: number): number {
    let best = 0;
    for (const slab of this.jumboFree) {
      const bytes = this.jumboBytes.get(slab) ?? 0;
      if (bytes >= byteCount && (best === 0 || bytes < (this.jumboBytes.get(best) ?? 0))) best = slab;
    }
    if (best === 0) {
      const bytes = Math.ceil(byteCount / SLAB_BYTES) * SLAB_BYTES;
      best = this.addSlab(bytes);
      this.jumboBytes.set(best, bytes);
      this.freePages[best] = -1;
      this.pageState.fill(RESERVED, best << PAGE_SHIFT, (best + 1) << PAGE_SHIFT);
    }
    this.jumboFree.delete(best);
    this.usedBytes += this.jumboBytes.get(best) ?? 0;
    return best << SLAB_SHIFT;
  }

  private addSlab(bytes: number): number {
    const index = this.slabCount;
    assert(index < SLABS_MAX, 'out of slabs: the data tree is full');
    const slab = new SharedArrayBuffer(bytes);
    this.memory.add(index, slab);
    this.slabCount = index + 1;
    if (this.slabCount > this.pageState.length >>> PAGE_SHIFT) this.growPages();
    this.announceSlab(index, slab);
    return index;
  }

  private growPages(): void {
    const length = this.pageState.length * 2;
    const grow8 = new Uint8Array(length);
    grow8.set(this.pageState);
    this.pageState = grow8;
    this.pageUsed = grow16(this.pageUsed, length);
    this.pageFree = grow16(this.pageFree, length);
    this.pageFresh = grow16(this.pageFresh, length);
    this.pageNext = grow32(this.pageNext, length);
    this.pagePrevious = grow32(this.pagePrevious, length);
  }
}

function grow16(old: Uint16Array<ArrayBuffer>, length: number): Uint16Array<ArrayBuffer> {
  const grown = new Uint16Array(length);
  grown.set(old);
  return grown;
}

function grow32(old: Int32Array<ArrayBuffer>, length: number): Int32Array<ArrayBuffer> {
  const grown = new Int32Array(length);
  grown.set(old);
  return grown;
}
