import { expect, test } from 'vitest';
import { Prng } from '../../../src/base/prng.js';
import { SubtreeCounter } from '../../../src/store/subtree-counter.js';
import { TreeFixture } from './tree-fixture.js';

function refOf(f: TreeFixture, path: string): number {
  const bytes = new TextEncoder().encode(path);
  return f.reader.find(bytes, 0, bytes.length);
}

test('everything below a node, however the tree looks', () => {
  const prng = new Prng(5);
  const f = new TreeFixture();
  const paths = [''];
  for (let i = 0; i < 9000; i++) {
    // Mostly wide, here and there deep.
    const parent = paths[prng.below(3) === 0 ? paths.length - 1 : prng.below(Math.min(paths.length, 40))] as string;
    const path = `${parent}/${i}`;
    expect(f.create(path)).toBe(0);
    paths.push(path);
  }
  for (const reader of [f.reader, f.newReader()]) {
    const counter = new SubtreeCounter(reader);
    for (let i = 0; i < 100; i++) {
      const path = paths[prng.below(i < 30 ? 50 : paths.length)] as string;
      const expected = paths.filter((other) => other.startsWith(`${path}/`)).length + (path === '' ? 3 : 0);
      reader.begin();
      expect(counter.count(refOf(f, path), Number.POSITIVE_INFINITY)).toBe(expected);
      expect(counter.count(refOf(f, path), expected)).toBe(expected);
      if (expected > 0) expect(counter.count(refOf(f, path), expected - 1)).toBe(-1);
    }
  }
});

test('a reference that is garbage ends the walk', () => {
  const f = new TreeFixture();
  for (let i = 0; i < 500; i++) f.create(`/${i}`);
  const reader = f.newReader();
  const counter = new SubtreeCounter(reader);
  const prng = new Prng(9);
  for (let i = 0; i < 20_000; i++) {
    reader.begin();
    const count = counter.count(prng.next32() | 0, 4096);
    expect(count >= -1 && count <= 4096).toBe(true);
  }
});
