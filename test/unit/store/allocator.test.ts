import { describe, expect, it } from 'vitest';
import { AssertionError } from '../../../src/base/assert.js';
import { Prng } from '../../../src/base/prng.js';
import {
  Allocator,
  allocatedBytes,
  BLOCK_BYTES_MAX,
  PAGE_BYTES,
  RUN_BYTES_MAX,
  sizeClassBytes,
  sizeClassOf,
} from '../../../src/store/allocator.js';
import { SLAB_BYTES, SLAB_SHIFT, SlabMemory, UNIT_MASK } from '../../../src/store/slab-memory.js';

function newAllocator(): { allocator: Allocator; memory: SlabMemory; announced: number[] } {
  const memory = new SlabMemory(new SharedArrayBuffer(SLAB_BYTES), null);
  const announced: number[] = [];
  return { allocator: new Allocator(memory, (index) => announced.push(index)), memory, announced };
}

describe('size classes', () => {
  it('are the smallest that fit, with an eighth of waste at most above 256 bytes', () => {
    for (let size = 1; size <= BLOCK_BYTES_MAX; size += size < 600 ? 1 : 13) {
      const sizeClass = sizeClassOf(size);
      expect(sizeClassBytes(sizeClass)).toBeGreaterThanOrEqual(size);
      if (sizeClass > 0) expect(sizeClassBytes(sizeClass - 1)).toBeLessThan(size);
      if (size > 256) expect(sizeClassBytes(sizeClass) - size).toBeLessThanOrEqual(size / 8);
      expect(sizeClassBytes(sizeClass) % 8).toBe(0);
    }
  });
});

describe('Allocator', () => {
  it('never hands out 0, nor the same bytes twice, under random use', () => {
    const { allocator, memory } = newAllocator();
    const prng = new Prng(7);
    const live: { ref: number; size: number; mark: number }[] = [];
    const fill = (ref: number, size: number, mark: number): void => {
      const from = (ref & UNIT_MASK) << 3;
      memory.bytes[ref >>> SLAB_SHIFT].fill(mark, from, from + size);
    };
    const check = (ref: number, size: number, mark: number): void => {
      const from = (ref & UNIT_MASK) << 3;
      const bytes = memory.bytes[ref >>> SLAB_SHIFT];
      for (let i = from; i < from + size; i++) if (bytes[i] !== mark) throw new Error(`byte ${i} was overwritten`);
    };
    for (let step = 0; step < 20_000; step++) {
      if (live.length > 0 && prng.below(100) < (step < 10_000 ? 40 : 60)) {
        const at = prng.below(live.length);
        const victim = live[at];
        live[at] = live[live.length - 1];
        live.pop();
        check(victim.ref, victim.size, victim.mark);
        allocator.free(victim.ref, victim.size);
      } else {
        const kind = prng.below(100);
        const size = 1 + prng.below(kind < 70 ? 300 : kind < 99 ? 8000 : 400_000);
        const ref = allocator.allocate(size);
        expect(ref).not.toBe(0);
        const mark = prng.below(256);
        fill(ref, size, mark);
        live.push({ ref, size, mark });
      }
      if (step % 2000 === 0) allocator.checkInvariants();
    }
    for (const { ref, size, mark } of live) {
      check(ref, size, mark);
      allocator.free(ref, size);
    }
    allocator.checkInvariants();
    expect(allocator.stats()).toMatchObject({ usedBytes: 0, reservedBytes: 0, pageCount: 0 });
  });

  it('gives a page back when its last block goes, and reuses it for another class', () => {
    const { allocator } = newAllocator();
    const refs = Array.from({ length: PAGE_BYTES / 64 }, () => allocator.allocate(64));
    expect(allocator.stats().pageCount).toBe(1);
    for (const ref of refs) allocator.free(ref, 64);
    expect(allocator.stats().pageCount).toBe(0);
    const other = allocator.allocate(4096);
    expect(refs).toContain(other);
  });

  it('uses the room in a page that was full before it opens another', () => {
    const { allocator } = newAllocator();
    const refs = Array.from({ length: (PAGE_BYTES / 128) * 2 }, () => allocator.allocate(128));
    expect(allocator.stats().pageCount).toBe(2);
    allocator.free(refs[5], 128);
    allocator.free(refs[700], 128);
    expect(new Set([allocator.allocate(128), allocator.allocate(128)])).toEqual(new Set([refs[5], refs[700]]));
    expect(allocator.stats().pageCount).toBe(2);
    allocator.checkInvariants();
  });

  it('fills holes first: runs are placed at the lowest pages that fit', () => {
    const { allocator } = newAllocator();
    const a = allocator.allocate(3 * PAGE_BYTES);
    const b = allocator.allocate(PAGE_BYTES);
    allocator.free(a, 3 * PAGE_BYTES);
    expect(allocator.allocate(4 * PAGE_BYTES)).not.toBe(a);
    expect(allocator.allocate(2 * PAGE_BYTES + 1)).toBe(a);
    expect(b).not.toBe(a);
    allocator.checkInvariants();
  });

  it('announces a new slab before it hands out a reference into it', () => {
    const { allocator, announced } = newAllocator();
    allocator.allocate(RUN_BYTES_MAX);
    expect(announced).toEqual([]);
    const ref = allocator.allocate(RUN_BYTES_MAX);
    expect(announced).toEqual([1]);
    expect(ref >>> SLAB_SHIFT).toBe(1);
    allocator.checkInvariants();
  });

  it('gives an object above 32 MB a jumbo slab at unit 0 and keeps the slab for the next one', () => {
    const { allocator, announced } = newAllocator();
    const ref = allocator.allocate(SLAB_BYTES + 1);
    expect(announced).toEqual([1]);
    expect(ref & UNIT_MASK).toBe(0);
    expect(allocator.stats().reservedBytes).toBe(2 * SLAB_BYTES);
    allocator.checkInvariants();
    allocator.free(ref, SLAB_BYTES + 1);
    expect(allocator.stats()).toMatchObject({ usedBytes: 0, reservedBytes: 0, jumboCount: 0 });
    expect(allocator.allocate(RUN_BYTES_MAX + 1)).toBe(ref);
    allocator.clear();
    expect(allocator.stats()).toMatchObject({ usedBytes: 0, reservedBytes: 0, jumboCount: 0 });
    expect(allocator.allocate(RUN_BYTES_MAX + 1)).toBe(ref);
    allocator.checkInvariants();
  });

  it('stops at a free with a wrong size', () => {
    const { allocator } = newAllocator();
    const ref = allocator.allocate(100);
    expect(() => allocator.free(ref, 200)).toThrow(AssertionError);
    const run = allocator.allocate(PAGE_BYTES * 2);
    expect(() => allocator.free(run, PAGE_BYTES * 3)).toThrow(AssertionError);
  });

  it('says what an object of a size really gets', () => {
    expect(allocatedBytes(1)).toBe(8);
    expect(allocatedBytes(257)).toBe(288);
    expect(allocatedBytes(BLOCK_BYTES_MAX)).toBe(BLOCK_BYTES_MAX);
    expect(allocatedBytes(BLOCK_BYTES_MAX + 1)).toBe(PAGE_BYTES);
  });
});
