// The index of containers and TTL nodes: whoever follows it finds exactly them, also while they come and go between two
// looks of a walk from the end to the beginning, and after the tree was cleared.

import { describe, expect, it } from 'vitest';
import { Prng } from '../../../src/base/prng.js';
import { NodeKind } from '../../../src/store/node-layout.js';
import { TreeFixture } from './tree-fixture.js';

const CONTAINER = { kind: NodeKind.container, ownerHi: 0x80000000 | 0 };
const TTL = { kind: NodeKind.ttl, ownerHi: 0xff000000 | 0, ownerLo: 5000 };

function indexed(t: TreeFixture): string[] {
  const reader = t.newReader();
  const found: string[] = [];
  for (let place = 0; place < reader.containerCount(); place++) found.push(t.pathOf(reader.containerAt(place), reader));
  return found.sort();
}

describe('the container index', () => {
  it('holds containers and TTL nodes, and no others', () => {
    const t = new TreeFixture();
    t.create('/c', CONTAINER);
    t.create('/t', TTL);
    t.create('/p');
    t.create('/e', { kind: NodeKind.ephemeral, ownerLo: 9 });
    expect(indexed(t)).toEqual(['/c', '/t']);
    expect(t.tree.ttlNodeCount).toBe(1);
    expect(t.newReader().containerAt(2)).toBe(0);
    expect(t.newReader().containerAt(-1)).toBe(0);
  });

  it('loses them when they are deleted, or go with what stands above them', () => {
    const t = new TreeFixture();
    for (const path of ['/a', '/b', '/c', '/d']) t.create(path, path < '/c' ? CONTAINER : TTL);
    t.create('/b/under', CONTAINER);
    t.delete('/a');
    t.delete('/b');
    expect(indexed(t)).toEqual(['/c', '/d']);
    t.tree.checkInvariants();
  });

  it('keeps data beside the place that a node has in it', () => {
    const t = new TreeFixture();
    const data = Uint8Array.of(1, 2, 3);
    t.create('/c', { ...CONTAINER, data });
    t.create('/t', { ...TTL, data });
    t.delete('/c');
    t.setData('/t', Uint8Array.of(9, 8, 7, 6), 1);
    expect(t.data('/t')).toBe('\u0009\u0008\u0007\u0006');
    expect(t.reader.storedOwnerLo(t.find('/t'))).toBe(5000);
    t.tree.checkInvariants();
  });

  it('is empty after a clear', () => {
    const t = new TreeFixture();
    for (let i = 0; i < 100; i++) t.create(`/c${i}`, CONTAINER);
    t.tree.beginWrite();
    t.tree.clear();
    t.tree.endWrite(0, 0);
    expect(indexed(t)).toEqual([]);
    expect(t.tree.ttlNodeCount).toBe(0);
    t.tree.checkInvariants();
  });

  it('grows and shrinks with thousands of them', () => {
    const t = new TreeFixture();
    const prng = new Prng(7);
    const there = new Set<string>();
    for (let i = 0; i < 6000; i++) {
      const path = `/n${prng.below(1000)}`;
      if (!there.has(path) && i < 4000) {
        t.create(path, prng.below(2) === 0 ? CONTAINER : TTL);
        there.add(path);
      } else if (there.has(path)) {
        t.delete(path);
        there.delete(path);
      }
    }
    expect(indexed(t)).toEqual([...there].sort());
    for (const path of there) t.delete(path);
    expect(t.newReader().containerCount()).toBe(0);
    t.tree.checkInvariants();
  });

  it('a walk from the end misses nobody who was there from its beginning to its end', () => {
    const t = new TreeFixture();
    const reader = t.newReader();
    const prng = new Prng(3);
    for (let i = 0; i < 200; i++) t.create(`/old${i}`, CONTAINER);
    const gone = new Set<string>();
    const seen = new Set<string>();
    for (let place = reader.containerCount() - 1; place >= 0; place--) {
      const ref = reader.containerAt(place);
      if (ref !== 0) seen.add(t.pathOf(ref, reader));
      const victim = `/old${prng.below(200)}`;
      if (t.find(victim) !== 0 && prng.below(2) === 0) {
        t.delete(victim);
        gone.add(victim);
      }
      t.create(`/new${place}`, TTL);
    }
    for (let i = 0; i < 200; i++) expect(gone.has(`/old${i}`) || seen.has(`/old${i}`)).toBe(true);
  });
});
