// Node records and their stats without a tree around them: no transactions, no readers, no digest.

import { describe, expect, it } from 'vitest';
import { AssertionError } from '../../../src/base/assert.js';
import { encodeUtf8 } from '../../../src/base/utf8.js';
import { Allocator } from '../../../src/store/allocator.js';
import { CVERSION, NodeKind, STAT_CVERSION, STAT_PZXID, swapWord } from '../../../src/store/node-layout.js';
import { NodeRecords, nameOffsetOf } from '../../../src/store/node-records.js';
import { NodeStat } from '../../../src/store/node-stat.js';
import { SLAB_SHIFT, SlabMemory, UNIT_MASK } from '../../../src/store/slab-memory.js';
import { createTreeMemory } from '../../../src/store/tree-memory.js';
import { aclOf } from './tree-fixture.js';

class Records {
  private readonly memory = createTreeMemory(1, 2);
  private readonly slabs = new SlabMemory(this.memory.slab0, null);
  readonly allocator = new Allocator(this.slabs, () => {});
  readonly records = new NodeRecords(new Int32Array(this.memory.control), this.slabs, this.allocator);
  readonly stat = new NodeStat(this.slabs, null);

  constructor() {
    this.records.clear();
  }

  find(path: string): number {
    const bytes = encodeUtf8(path);
    return this.records.lookUp(bytes, 0, bytes.length);
  }

  add(path: string, kind: NodeKind = NodeKind.persistent, ownerLo = 0): number {
    const bytes = encodeUtf8(path);
    const nameOffset = nameOffsetOf(bytes, 0, bytes.length);
    const parent = this.records.lookUp(bytes, 0, nameOffset - 1);
    expect(this.find(path)).toBe(0);
    return this.records.add(bytes.length, nameOffset, parent, 0, kind, 0, ownerLo);
  }

  word(ref: number, word: number): number {
    return this.slabs.words[ref >>> SLAB_SHIFT]?.[((ref & UNIT_MASK) << 1) + word] as number;
  }
}

describe('node records', () => {
  it('are found by path, know their parent, and are the root for "" and "/"', () => {
    const r = new Records();
    const a = r.add('/a');
    const b = r.add('/a/b');
    expect([r.find('/a'), r.find('/a/b'), r.find('/b')]).toEqual([a, b, 0]);
    expect([r.records.parentOf(b), r.records.parentOf(a)]).toEqual([a, r.records.root]);
    expect([r.find(''), r.find('/')]).toEqual([r.records.root, r.records.root]);
  });

  it('leave nothing behind: no byte, no list, no place in an index', () => {
    const r = new Records();
    const parent = r.add('/p');
    const used = r.allocator.stats().usedBytes;
    const bytes = r.records.byteCount;
    const data = new Uint8Array(5000);
    const acl = aclOf(1, 'ip', '::1');
    const kinds = [NodeKind.persistent, NodeKind.ephemeral, NodeKind.container, NodeKind.ttl];
    for (const kind of kinds) {
      const ref = r.add('/p/n', kind, 7);
      expect(r.records.storeData(ref, data, 0, data.length)).toBe(5000);
      r.records.setAcl(ref, acl, 0, acl.length);
      expect([r.records.kinds.ephemeralCount, r.records.kinds.ttlNodeCount]).toEqual([
        kind === NodeKind.ephemeral ? 1 : 0,
        kind === NodeKind.ttl ? 1 : 0,
      ]);
      expect(r.records.remove(ref)).toBe(5000);
      expect(r.find('/p/n')).toBe(0);
    }
    expect([r.records.count, r.records.byteCount, r.records.acls.count]).toEqual([2, bytes, 0]);
    expect(r.records.kinds.containers.count + r.records.kinds.ephemerals.sessionCount).toBe(0);
    expect(r.records.children.count(parent)).toBe(0);
    // The container index keeps its smallest array.
    expect(r.allocator.stats().usedBytes - used).toBeLessThan(1024);
  });

  it('below a node go from the leaves up', () => {
    const r = new Records();
    const top = r.add('/a');
    for (const path of ['/a/b', '/a/b/c', '/a/d', '/a/d/e', '/a/d/e/f']) r.add(path);
    let removed = 0;
    for (let leaf = 0; leaf !== top; removed++) {
      leaf = r.records.leafOf(top);
      r.records.remove(leaf);
    }
    expect([removed, r.records.count]).toEqual([6, 1]);
    expect(() => r.records.remove(r.records.root)).toThrow(AssertionError);
  });
});

describe('the stat of a parent', () => {
  it('has cversion and pzxid raised together, and only upward', () => {
    const r = new Records();
    const a = r.add('/a');
    const figures = (): number[] => [
      r.word(a, CVERSION),
      ...[STAT_CVERSION, STAT_PZXID + 1].map((w) => swapWord(r.word(a, w))),
    ];
    r.stat.raiseCversion(a, -1, 0, 5);
    expect(figures()).toEqual([1, 2, 5]);
    r.stat.raiseCversion(a, 7, 0, 6);
    expect(figures()).toEqual([7, 14, 6]);
    r.stat.raiseCversion(a, 7, 0, 9);
    expect(figures()).toEqual([7, 14, 6]);
    r.stat.raisePzxid(a, 0, 8);
    r.stat.raisePzxid(a, 0, 3);
    expect(figures()).toEqual([7, 14, 8]);
  });
});
