// Two paths, or two ACL lists, with the same 32-bit hash under the tree's key: one in four thousand million pairs, so
// these tests look for one among 200,000 candidates (some five are to be expected).
import { describe, expect, it } from 'vitest';
import { encodeUtf8 } from '../../../src/base/utf8.js';
import { HASH_KEY_HI, HASH_KEY_LO } from '../../../src/store/control-layout.js';
import { PathHash } from '../../../src/store/path-hash.js';
import { aclOf, TreeFixture } from './tree-fixture.js';

function collidingPairs(t: TreeFixture, bytesOf: (i: number) => Uint8Array): [number, number][] {
  const control = new Int32Array(t.memory.control);
  const hash = new PathHash(control[HASH_KEY_LO], control[HASH_KEY_HI]);
  const seen = new Map<number, number>();
  const pairs: [number, number][] = [];
  for (let i = 0; i < 200_000; i++) {
    const bytes = bytesOf(i);
    const value = hash.hash(bytes, 0, bytes.length);
    const other = seen.get(value);
    if (other === undefined) seen.set(value, i);
    else pairs.push([other, i]);
  }
  return pairs;
}

describe('hash collisions', () => {
  it('keep two paths apart', () => {
    const t = new TreeFixture();
    const pairs = collidingPairs(t, (i) => encodeUtf8(`/n${100_000 + i}`));
    expect(pairs.length).toBeGreaterThan(0);
    for (const [a, b] of pairs) {
      const [pathA, pathB] = [`/n${100_000 + a}`, `/n${100_000 + b}`];
      t.create(pathA, { data: encodeUtf8('a') });
      expect(t.find(pathB)).toBe(0);
      t.create(pathB, { data: encodeUtf8('b') });
      expect([t.data(pathA), t.data(pathB)]).toEqual(['a', 'b']);
      t.tree.checkInvariants();
      t.delete(pathA);
      expect(t.find(pathA)).toBe(0);
      expect(t.data(pathB)).toBe('b');
    }
    t.tree.checkInvariants();
  });

  it('keep two ACL lists apart, whichever goes first', () => {
    const t = new TreeFixture();
    const acl = (i: number): Uint8Array => aclOf(1, 'digest', `user${i}`);
    const pairs = collidingPairs(t, acl);
    expect(pairs.length).toBeGreaterThan(0);
    const [a, b] = pairs[0];
    for (const [first, second] of [
      [a, b],
      [b, a],
    ]) {
      t.create('/a', { acl: acl(first) });
      t.create('/b', { acl: acl(second) });
      expect(t.acl('/a')).toEqual(acl(first));
      expect(t.acl('/b')).toEqual(acl(second));
      expect(t.tree.aclListCount).toBe(3);
      t.delete('/b');
      t.create('/c', { acl: acl(first) });
      expect(t.tree.aclListCount).toBe(2);
      t.create('/b', { acl: acl(second) });
      t.delete('/a');
      t.delete('/c');
      t.create('/d', { acl: acl(second) });
      expect(t.tree.aclListCount).toBe(2);
      t.delete('/b');
      t.delete('/d');
      expect(t.tree.aclListCount).toBe(1);
    }
  });
});
