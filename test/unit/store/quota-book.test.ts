import { expect, test } from 'vitest';
import { Prng } from '../../../src/base/prng.js';
import { QuotaBook } from '../../../src/store/quota-book.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (path: Uint8Array | undefined): string | null =>
  path === undefined ? null : new TextDecoder().decode(path);

function deepest(book: QuotaBook, path: string): string | null {
  const inside = bytes(`..${path}/more`);
  return textOf(book.deepest(inside, 2, bytes(path).length)?.path);
}

test('the deepest quota at or above a path', () => {
  const book = new QuotaBook();
  for (const path of ['/a/b', '/a', '/a/b', '/ab/c']) book.add(bytes(path), 0, path.length);
  expect(book.count).toBe(3);
  expect(deepest(book, '/a')).toBe('/a');
  expect(deepest(book, '/a/x/y')).toBe('/a');
  expect(deepest(book, '/a/b')).toBe('/a/b');
  expect(deepest(book, '/a/b/c/d')).toBe('/a/b');
  expect(deepest(book, '/a/bc')).toBe('/a');
  expect(deepest(book, '/ab')).toBe(null);
  expect(deepest(book, '/')).toBe(null);
  expect(textOf(book.deepest(bytes('/a/b'), 0, 4)?.statsPath)).toBe('/zookeeper/quota/a/b/zookeeper_stats');
  book.remove(bytes('/a/b'), 0, 4);
  expect([deepest(book, '/a/b/c'), book.count]).toEqual(['/a', 2]);
  book.remove(bytes('/a/b'), 0, 4);
  book.clear();
  expect([deepest(book, '/a'), book.count]).toEqual([null, 0]);
});

test('many quotas that come and go', () => {
  const prng = new Prng(3);
  const book = new QuotaBook();
  const model = new Set<string>();
  const path = (): string => Array.from({ length: 1 + prng.below(3) }, () => `/${prng.below(12)}`).join('');
  for (let i = 0; i < 20_000; i++) {
    const changed = path();
    if (prng.below(2) === 0) {
      book.add(bytes(changed), 0, changed.length);
      model.add(changed);
    } else {
      book.remove(bytes(changed), 0, changed.length);
      model.delete(changed);
    }
    let asked: string | null = path();
    const got = deepest(book, asked);
    while (asked !== '' && !model.has(asked)) asked = asked.slice(0, asked.lastIndexOf('/'));
    expect(got).toBe(asked === '' ? null : asked);
    expect(book.count).toBe(model.size);
  }
});
