import { describe, expect, it } from 'vitest';
import { equalBytes } from '../../../src/base/bytes.js';
import { Prng } from '../../../src/base/prng.js';
import { decodeUtf8, encodeUtf8 } from '../../../src/base/utf8.js';
import { NO_ACL, UNRESOLVED_ACL } from '../../../src/persistence/snapshot-content-decoder.js';
import { NodeKind } from '../../../src/store/node-layout.js';
import { SnapshotCursor } from '../../../src/store/snapshot-cursor.js';
import { loadNode } from '../../testing/load-node.js';
import { aclOf, TreeFixture } from './tree-fixture.js';

function neverBackOff(): never {
  throw new Error('the cursor had to wait although nobody writes');
}

function pathOf(cursor: SnapshotCursor): string {
  return decodeUtf8(cursor.path, 0, cursor.pathLength);
}

/** Copies what the cursor gives into another tree, as a snapshot file would. */
function restore(
  cursor: SnapshotCursor,
  between: () => void = () => undefined,
  onNode: (path: string) => void = () => undefined,
): TreeFixture {
  const to = new TreeFixture();
  to.tree.beginWrite();
  to.tree.clear();
  while (cursor.next()) {
    onNode(pathOf(cursor));
    const data = cursor.dataLength < 0 ? null : cursor.data.subarray(0, cursor.dataLength);
    const isOpen = cursor.aclSerial === 0;
    const acl = isOpen ? NO_ACL : cursor.aclLength === 0 ? UNRESOLVED_ACL : cursor.acl.slice(0, cursor.aclLength);
    const isLoaded = loadNode(to.tree, pathOf(cursor), cursor.stat.subarray(0, 60), acl, data);
    if (!isLoaded) throw new Error(`${pathOf(cursor)} came before its parent`);
    between();
  }
  to.tree.endWrite(cursor.startZxidHi, cursor.startZxidLo);
  to.tree.checkInvariants();
  return to;
}

function listPaths(t: TreeFixture, from = ''): string[] {
  return [from, ...t.children(from).flatMap((name) => listPaths(t, `${from}/${name}`))];
}

describe('SnapshotCursor', () => {
  it('gives every node once, parents first, with data, ACL and StatPersisted', () => {
    const t = new TreeFixture();
    const prng = new Prng(3);
    for (let i = 0; i < 2000; i++) {
      t.create(`/a${prng.below(20)}`);
      const path = `/a${prng.below(20)}/b${prng.below(30)}`;
      const kind = prng.below(6);
      t.create(path, {
        data: prng.below(9) === 0 ? null : new Uint8Array(prng.below(prng.below(50) === 0 ? 40_000 : 300)).fill(i),
        acl: prng.below(3) === 0 ? aclOf(1, 'digest', 'x'.repeat(prng.below(400))) : null,
        ...(kind === 0 ? { kind: NodeKind.ephemeral, ownerHi: 5, ownerLo: i % 4 } : {}),
        ...(kind === 1 ? { kind: NodeKind.container, ownerHi: 0x80000000 | 0 } : {}),
        ...(kind === 2 ? { kind: NodeKind.ttl, ownerHi: 0xff000000 | 0, ownerLo: i } : {}),
      });
      t.create(`${path}/c`);
      if (prng.below(4) === 0) t.delete(path);
    }
    const cursor = new SnapshotCursor(t.newReader(), neverBackOff);
    const copy = restore(cursor);
    expect(cursor.retryCount).toBe(0);
    expect(copy.tree.nodeCount).toBe(t.tree.nodeCount);
    expect(copy.tree.dataBytes).toBe(t.tree.dataBytes);
    expect(copy.tree.sessionCount).toBe(t.tree.sessionCount);
    for (const path of listPaths(t)) {
      expect(copy.stat(path), path).toEqual(t.stat(path));
      expect(copy.data(path)).toBe(t.data(path));
      expect(copy.acl(path)).toEqual(t.acl(path));
    }
    expect(cursor.next()).toBe(false);
    expect([cursor.startZxidHi, cursor.startZxidLo]).toEqual([0, t.zxid]);
  });

  it('gives the same nodes with the same ACLs when content is left out', () => {
    const t = new TreeFixture();
    const prng = new Prng(4);
    for (let i = 0; i < 200; i++) {
      const parents = listPaths(t);
      const parent = parents[prng.below(parents.length)] ?? '';
      const acl = prng.below(3) === 0 ? null : aclOf(1, 'digest', `user${prng.below(30)}`);
      t.create(`${parent}/n${i}`, { data: new Uint8Array(prng.below(300)), acl });
    }
    const walk = (copiesContent: boolean): string[] => {
      const cursor = new SnapshotCursor(t.tree.reader, neverBackOff, copiesContent);
      const seen: string[] = [];
      while (cursor.next()) {
        const acl = Buffer.from(cursor.acl.subarray(0, cursor.aclLength)).toString('hex');
        seen.push(`${pathOf(cursor)} ${cursor.aclSerial} ${acl}`);
      }
      return seen;
    };
    expect(walk(false)).toEqual(walk(true));
    expect(walk(false).length).toBe(listPaths(t).length);
  });

  it('walks a long chain and a wide node without recursion', () => {
    const t = new TreeFixture();
    let path = '';
    for (let i = 0; i < 1500; i++) {
      path += '/d';
      t.create(path);
    }
    for (let i = 0; i < 10_000; i++) t.create(`/d/w${i}`);
    const cursor = new SnapshotCursor(t.newReader(), neverBackOff);
    let count = 0;
    let longest = 0;
    while (cursor.next()) {
      count++;
      longest = Math.max(longest, cursor.pathLength);
    }
    expect(count).toBe(11_504);
    expect(longest).toBe(3000);
  });

  for (const seed of [1, 2, 3, 4, 5, 6]) {
    it(`misses no node that lived through the walk, and writes none before its parent (seed ${seed})`, () => {
      const t = new TreeFixture();
      const prng = new Prng(seed);
      const alive = new Set<string>();
      const create = (path: string): void => {
        if (t.create(path, { data: encodeUtf8(path) }) === 0) alive.add(path);
      };
      const remove = (path: string): void => {
        if (t.reader.childCount(t.find(path)) === 0 && t.delete(path) === 0) alive.delete(path);
      };
      for (let i = 0; i < 5; i++) create(`/p${i}`);
      for (let i = 0; i < 3000; i++) create(`/p${prng.below(5)}/c${prng.below(1500)}`);
      for (let i = 0; i < 500; i++) create(`/p${prng.below(5)}/c${prng.below(1500)}/g${prng.below(3)}`);
      const survivors = new Set(alive);
      const startZxid = t.zxid;
      const churn = seed % 3 === 0 ? 6 : 2;
      const cursor = new SnapshotCursor(t.newReader(), neverBackOff);
      const copy = restore(
        cursor,
        () => {
          for (let i = prng.below(churn); i > 0; i--) {
            const parent = `/p${prng.below(5)}`;
            const path = prng.below(3) === 0 ? `${parent}/new${prng.below(2000)}` : `${parent}/c${prng.below(1500)}`;
            const target = prng.below(5) === 0 ? `${path}/g${prng.below(3)}` : path;
            if (prng.below(2) === 0) create(target);
            else {
              remove(target);
              if (!alive.has(target)) survivors.delete(target);
            }
            if (prng.below(3) === 0) t.setData(parent, encodeUtf8('changed'), i);
          }
        },
        (path) => {
          if (path.startsWith('/p') && !alive.has(path)) throw new Error(`${path} was given although it is gone`);
        },
      );
      const written = new Set(listPaths(copy));
      for (const path of survivors) if (!written.has(path)) throw new Error(`${path} was missed`);
      // What is younger than its parent's copy is left out: no stat shows a child that the parent's cversion does not count.
      for (const path of written) {
        const children = copy.children(path).length;
        expect(copy.reader.cversion(copy.find(path))).toBeGreaterThanOrEqual(
          path === '' || path === '/zookeeper' ? 0 : children,
        );
        const pzxid = copy.stat(path).pzxid;
        for (const name of copy.children(path))
          expect(copy.stat(`${path}/${name}`).czxid <= pzxid || pzxid === 0n).toBe(true);
      }
      expect(cursor.startZxidLo).toBe(startZxid);
    });
  }

  it('copies long data in pieces, all from one moment although it is set again meanwhile', () => {
    const t = new TreeFixture();
    const version = (v: number): Uint8Array => new Uint8Array(300_001).fill(v);
    t.create('/a', { data: version(0) });
    // A reader that lets a setData in between any two sections, for the first few.
    const reader = t.newReader();
    const begin = reader.begin.bind(reader);
    let sections = 0;
    reader.begin = () => {
      if (++sections % 3 === 0 && sections < 40) t.setData('/a', version(sections), sections);
      return begin();
    };
    const cursor = new SnapshotCursor(reader, neverBackOff);
    let met = false;
    while (cursor.next()) {
      if (pathOf(cursor) !== '/a') continue;
      met = true;
      const v = new DataView(cursor.stat.buffer).getInt32(32);
      expect(v).toBeGreaterThan(30);
      expect(cursor.dataLength).toBe(300_001);
      expect(equalBytes(cursor.data, 0, version(v), 0, 300_001)).toBe(true);
    }
    expect(met).toBe(true);
  });

  it('waits by backOff while a section stays open, and goes on afterwards', () => {
    const t = new TreeFixture();
    t.create('/a');
    let waits = 0;
    const cursor = new SnapshotCursor(t.newReader(), () => {
      waits++;
      if (waits === 3) t.tree.endWrite(0, 9);
    });
    expect(cursor.next()).toBe(true);
    t.tree.beginWrite();
    expect(cursor.next()).toBe(true);
    expect(waits).toBe(3);
    expect(cursor.retryCount).toBeGreaterThan(3);
  });

  it('stops when the tree is cleared under it', () => {
    const t = new TreeFixture();
    for (let i = 0; i < 1000; i++) t.create(`/n${i}`);
    const cursor = new SnapshotCursor(t.newReader(), neverBackOff);
    for (let i = 0; i < 10; i++) expect(cursor.next()).toBe(true);
    t.tree.beginWrite();
    t.tree.reset();
    t.tree.endWrite(0, 9);
    expect(cursor.next()).toBe(false);
    expect(cursor.cleared).toBe(true);
  });
});
