// EntryRing against a plain list, in random sequences: without a bound, and with one.

import { describe, expect, test } from 'vitest';
import { Prng } from '../../../src/base/prng.js';
import { EntryRing } from '../../../src/persistence/entry-ring.js';

function entry(length: number, fill: number): Uint8Array {
  return new Uint8Array(length).fill(fill);
}

function textAt(ring: EntryRing, index: number): string {
  ring.look(index);
  const bytes = ring.bytes.subarray(ring.entryOffset, ring.entryOffset + ring.entryLength);
  expect(new Set(bytes).size).toBeLessThanOrEqual(1);
  return `${ring.zxidHi}.${ring.zxidLo} ${bytes.length}x${bytes[0] ?? '-'}`;
}

describe('EntryRing', () => {
  test.each([1, 2, 3, 4, 5, 6])('holds what a list holds: seed %i', (seed) => {
    const prng = new Prng(seed);
    const ring = new EntryRing();
    const list: string[] = [];
    let counter = 0;
    for (let step = 0; step < 4000; step++) {
      const isFilling = step % 1000 < 600;
      if (prng.below(100) < (isFilling ? 60 : 25)) {
        const length = prng.below(50) === 0 ? prng.below(200_000) : prng.below(300);
        counter++;
        const fill = counter & 0xff;
        ring.push(7, counter, entry(length, fill), 0, length);
        list.push(`7.${counter} ${length}x${length === 0 ? '-' : fill}`);
      } else if (list.length > 0) {
        expect(textAt(ring, 0)).toBe(list.shift());
        ring.shift();
      }
      expect(ring.length).toBe(list.length);
      if (list.length > 0) {
        const index = prng.below(list.length);
        expect(textAt(ring, index)).toBe(list[index]);
      }
      if (prng.below(900) === 0) {
        ring.clear();
        list.length = 0;
      }
    }
    expect(list.map((_, i) => textAt(ring, i))).toEqual(list);
  });

  test('large memory is given back once nothing is left', () => {
    const ring = new EntryRing();
    for (let i = 1; i <= 20_000; i++) ring.push(1, i, entry(1000, i), 0, 1000);
    expect(ring.bytes.length).toBeGreaterThanOrEqual(20_000_000);
    for (let i = 1; i <= 20_000; i++) ring.shift();
    ring.push(1, 20_001, entry(10, 9), 0, 10);
    expect(ring.bytes.length).toBe(4 << 20);
    expect(textAt(ring, 0)).toBe('1.20001 10x9');
  });

  test('one with a bound says so when it is full, and takes as much as fits when older ones go', () => {
    const ring = new EntryRing(100_000);
    let count = 0;
    while (ring.push(1, ++count, entry(1000, count), 0, 1000));
    expect(count).toBe(101);
    expect(ring.bytes.length).toBe(100_000);
    ring.shift();
    expect(ring.push(1, count, entry(1001, 7), 0, 1001)).toBe(false);
    expect(ring.push(1, count, entry(1000, 7), 0, 1000)).toBe(true);
    expect([textAt(ring, 0), textAt(ring, 99)]).toEqual(['1.2 1000x2', '1.101 1000x7']);
  });
});
