// What was parsed is found again by its bytes, and only by them: changed bytes, other bytes of the same hash and length, and
// bytes that are written over afterwards are parsed anew.

import { expect, test } from 'vitest';
import { Prng } from '../../../src/base/prng.js';
import { RecentlyParsed } from '../../../src/processor/recently-parsed.js';

function counting() {
  const calls = { count: 0 };
  const recent = new RecentlyParsed((bytes, offset, length) => {
    calls.count++;
    return [...bytes.subarray(offset, offset + length)].join(' ');
  });
  return { calls, recent };
}

test('the same bytes are parsed once, wherever they stand', () => {
  const { calls, recent } = counting();
  const first = recent.get(Uint8Array.of(9, 1, 2, 3), 1, 3);
  expect(recent.get(Uint8Array.of(1, 2, 3, 9, 9), 0, 3)).toBe(first);
  expect(recent.get(new Uint8Array(0), 0, 0)).toBe('');
  expect(calls.count).toBe(2);
});

test('the bytes may be written over after they were parsed', () => {
  const { recent } = counting();
  const bytes = Uint8Array.of(1, 2, 3);
  recent.get(bytes, 0, 3);
  bytes[1] = 7;
  expect(recent.get(bytes, 0, 3)).toBe('1 7 3');
  bytes[1] = 2;
  expect(recent.get(bytes, 0, 3)).toBe('1 2 3');
});

test('bytes in shared memory are kept as they were', () => {
  const { recent } = counting();
  const shared = new Uint8Array(new SharedArrayBuffer(8));
  expect(recent.get(shared, 0, 2)).toBe('0 0');
  shared[0] = 5;
  expect(recent.get(shared, 0, 2)).toBe('5 0');
});

test('long ones that differ in the middle alone are told apart', () => {
  const { recent } = counting();
  const a = new Uint8Array(200);
  const b = new Uint8Array(200);
  b[100] = 1;
  expect(recent.get(a, 0, 200)).not.toBe(recent.get(b, 0, 200));
});

test('whatever is asked, the answer is that of the parser', () => {
  const { calls, recent } = counting();
  const prng = new Prng(11);
  const texts = Array.from({ length: 300 }, () => Uint8Array.from({ length: prng.below(90) }, () => prng.below(3)));
  for (let i = 0; i < 5000; i++) {
    const bytes = texts[prng.below(texts.length)] as Uint8Array;
    expect(recent.get(bytes, 0, bytes.length)).toBe([...bytes].join(' '));
  }
  expect(calls.count).toBeLessThan(5000);
});
