import { describe, expect, it } from 'vitest';
import { Prng } from '../../../src/base/prng.js';
import { encodeUtf8 } from '../../../src/base/utf8.js';
import { DIRECTORY_BITS, DIRECTORY_REF, ROOT_REF, SESSIONS_REF } from '../../../src/store/control-layout.js';
import { DataTree } from '../../../src/store/data-tree.js';
import { NodeKind } from '../../../src/store/node-layout.js';
import { createTreeMemory } from '../../../src/store/tree-memory.js';
import { TreeReader } from '../../../src/store/tree-reader.js';
import { TreeFixture } from './tree-fixture.js';

const GUARD = 0x5a;

/** Calls everything a reader has; returns how many bytes lie outside the room [pos, pos + length) that it was given. */
function readEverything(
  reader: TreeReader,
  ref: number,
  path: Uint8Array,
  out: Uint8Array,
  pos: number,
  length: number,
): number {
  out.fill(GUARD);
  const sequence = reader.begin();
  reader.find(path, 0, path.length);
  reader.childCount(ref);
  reader.containerAt(ref);
  reader.version(ref);
  reader.cversion(ref);
  reader.aversion(ref);
  reader.digestWord(ref);
  reader.storedOwnerHi(ref);
  reader.storedOwnerLo(ref);
  reader.kind(ref);
  reader.copyPath(ref, out, pos, length);
  reader.copyName(ref, out, pos, length);
  reader.copyData(ref, out, pos, Math.min(reader.dataLength(ref), length));
  if (length >= 68) {
    reader.copyStat(ref, out, pos);
    reader.copyStatPersisted(ref, out, pos);
  }
  const acl = reader.aclRef(ref);
  reader.aclSerial(acl);
  reader.aclLength(acl);
  reader.copyAcl(acl, out, pos, length);
  reader.childNamesLength(ref);
  reader.copyChildNames(ref, out, pos, pos + length);
  reader.copyChildRefs(ref, new Int32Array(8));
  reader.childAt(ref, 3);
  reader.nextEphemeral(ref);
  reader.parent(ref);
  reader.firstEphemeralOf(ref, ref);
  reader.ephemeralCountOf(ref, 7);
  reader.valid(sequence);
  let outside = 0;
  for (let i = 0; i < out.length; i++) if (out[i] !== GUARD && (i < pos || i >= pos + length)) outside++;
  return outside;
}

describe('TreeReader on garbage', () => {
  it('neither throws, nor loops for long, nor writes outside the room it was given', () => {
    const t = new TreeFixture();
    for (let i = 0; i < 300; i++) {
      t.create(`/n${i}`, {
        data: new Uint8Array(i),
        kind: i % 3 === 0 ? NodeKind.ephemeral : NodeKind.persistent,
        ownerLo: i,
      });
    }
    const reader = t.newReader();
    const prng = new Prng(5);
    const words = new Int32Array(t.memory.slab0);
    const bytes = new Uint8Array(t.memory.slab0);
    const control = new Int32Array(t.memory.control);
    const USED = 2 * 1024 * 1024;
    const out = new Uint8Array(700);
    const paths = ['/n1', '/n299', '/', '/nothing/at/all', `/${'x'.repeat(600)}`].map(encodeUtf8);
    for (let round = 0; round < 18; round++) {
      // Three kinds of garbage: noise, small numbers (they look like lengths), and references that lead somewhere.
      for (let i = 0; i < USED / 4; i += 1 + prng.below(3)) {
        const x = prng.next32();
        words[i] = round % 3 === 0 ? x : round % 3 === 1 ? x % 4000 : x % (USED / 8);
      }
      for (const word of [DIRECTORY_REF, SESSIONS_REF, ROOT_REF]) {
        control[word] = round % 2 === 0 ? prng.next32() : prng.below(USED / 8);
      }
      control[DIRECTORY_BITS] = round % 5 === 0 ? prng.next32() : 1 + prng.below(20);
      for (let i = 0; i < 200; i++) {
        const dice = prng.below(4);
        const ref = dice === 0 ? prng.next32() | 0 : dice === 1 ? 0x7fffff - prng.below(8) : prng.below(USED / 8);
        expect(readEverything(reader, ref, paths[i % paths.length], out, 100, 68 + prng.below(200))).toBe(0);
      }
    }
    expect(bytes.length).toBe(64 * 1024 * 1024);
  });

  it('treats a slab it cannot get as torn, asks again, and never asks for one that does not exist', () => {
    const memory = createTreeMemory(1, 2);
    const slabs = new Map<number, SharedArrayBuffer>();
    const tree = new DataTree(memory, (index, slab) => slabs.set(index, slab));
    const asked: number[] = [];
    let arrived = false;
    const reader = new TreeReader(memory, {
      load(index) {
        asked.push(index);
        return arrived ? slabs.get(index) : undefined;
      },
    });
    const big = new Uint8Array(20 * 1024 * 1024).fill(3);
    for (let i = 0; i < 4; i++) {
      const path = encodeUtf8(`/big${i}`);
      tree.beginWrite();
      tree.create(path, 0, path.length, big, 0, big.length, null, 0, -1, NodeKind.persistent, 0, 0, -1, 0, i + 1, 0, 0);
      tree.endWrite(0, i + 1);
    }
    expect(slabs.size).toBe(1);
    const path = encodeUtf8('/big3');
    const out = new Uint8Array(big.length);
    let sequence = reader.begin();
    const ref = reader.find(path, 0, path.length);
    expect(reader.valid(sequence)).toBe(true);
    reader.copyData(ref, out, 0, big.length);
    expect(out[0]).toBe(0);
    expect(asked).toContain(1);
    // Nothing was written, and yet this must not count: the slab is late.
    expect(reader.valid(sequence)).toBe(false);
    sequence = reader.begin();
    expect(reader.valid(sequence)).toBe(true);
    expect(reader.version(5 << 23)).toBe(0);
    expect(reader.valid(sequence)).toBe(false);
    expect(new Set(asked)).toEqual(new Set([1]));
    arrived = true;
    sequence = reader.begin();
    reader.copyData(reader.find(path, 0, path.length), out, 0, big.length);
    expect(out[big.length - 1]).toBe(3);
    expect(reader.valid(sequence)).toBe(true);
    const count = asked.length;
    reader.copyData(reader.find(path, 0, path.length), out, 0, 10);
    expect(asked).toHaveLength(count);
  });
});

describe('TreeReader beside a writer', () => {
  it('sees nothing before the first section ends, and retries while one is open', () => {
    const memory = createTreeMemory(3, 4);
    const reader = new TreeReader(memory, { load: () => undefined });
    expect(reader.begin()).toBe(-1);
    const tree = new DataTree(memory, () => undefined);
    const sequence = reader.begin();
    expect(reader.find(encodeUtf8('/zookeeper'), 0, 10)).not.toBe(0);
    expect(reader.valid(sequence)).toBe(true);
    tree.beginWrite();
    expect(reader.begin()).toBe(-1);
    expect(reader.valid(sequence)).toBe(false);
    expect(tree.reader.valid(tree.reader.begin())).toBe(true);
    tree.endWrite(0, 1);
    expect(reader.valid(sequence)).toBe(false);
  });

  it('gives children by index, in blocks, and names up to the room there is', () => {
    const t = new TreeFixture();
    t.create('/p');
    for (let i = 0; i < 200; i++) t.create(`/p/child-${String(i).padStart(3, '0')}`);
    const reader = t.newReader();
    const p = t.find('/p', reader);
    const refs = new Int32Array(500);
    expect(reader.copyChildRefs(p, refs)).toBe(200);
    expect(t.pathOf(refs[17], reader)).toBe('/p/child-017');
    expect(reader.childAt(p, 199)).toBe(refs[199]);
    expect(reader.childAt(p, 200)).toBe(0);
    const few = new Int32Array(10);
    expect(reader.copyChildRefsFrom(p, 195, few, 2, 100)).toBe(5);
    expect([...few.subarray(2, 7)]).toEqual([...refs.subarray(195, 200)]);
    expect(reader.childNamesLength(p)).toBe(200 * 13);
    expect(reader.copyChildNames(p, new Uint8Array(1000), 10, 10 + 13 * 3 + 12)).toBe(39);
    expect(reader.nameLength(t.find('/p/child-001', reader))).toBe(9);
    expect(reader.nameLength(t.find('/', reader))).toBe(0);
    expect(reader.parent(refs[3])).toBe(p);
  });
});

describe('inside a write section', () => {
  it("the writer's own reader sees every new child and ephemeral, though no figure is published yet", () => {
    const t = new TreeFixture();
    t.tree.beginWrite();
    const bytes = new TextEncoder().encode('/e');
    for (let i = 0; i < 20; i++) {
      bytes[1] = 0x61 + i;
      t.tree.create(bytes, 0, 2, bytes, 0, 0, null, 0, -1, NodeKind.ephemeral, 0, 7, -1, 0, 1, 0, 1);
    }
    const root = t.find('/');
    expect(t.reader.childCount(root)).toBe(21);
    expect(t.children('/')).toHaveLength(21);
    expect(t.reader.childAt(root, 20)).not.toBe(0);
    expect(t.reader.ephemeralCountOf(0, 7)).toBe(20);
    t.tree.endWrite(0, 1);
  });
});
