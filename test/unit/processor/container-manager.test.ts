// The walk of the container manager alone, over a tree of the test's: what it finds, how far it goes at a time, and that a
// writer in its way costs looks but no node.

import { describe, expect, test } from 'vitest';
import { decodeUtf8 } from '../../../src/base/utf8.js';
import { ContainerManager } from '../../../src/processor/container-manager.js';
import { NodeKind } from '../../../src/store/node-layout.js';
import { TreeFixture } from '../store/tree-fixture.js';

const RULES = { maxNeverUsedIntervalMs: 0, expireTtlNodes: true };
const CONTAINER = { kind: NodeKind.container, ownerHi: 0x80000000 | 0 };

function ttl(ms: number, ownerHi = 0xff000000 | 0) {
  return { kind: NodeKind.ttl, ownerHi, ownerLo: ms, timeLo: 1000 };
}

/** All that one round finds with so many looks at a time; null stands between two slices. */
function round(manager: ContainerManager, nowMs: number, looks: number): (string | null)[] {
  const found: (string | null)[] = [];
  manager.beginRound();
  for (let slices = 0; !manager.isOver; slices++) {
    expect(slices).toBeLessThan(1000);
    manager.looksLeft = looks;
    while (manager.findNext(nowMs)) found.push(decodeUtf8(manager.path.bytes, 0, manager.path.length));
    found.push(null);
  }
  return found;
}

describe('a round', () => {
  test('goes from the newest to the oldest, with so many looks at a time', () => {
    const t = new TreeFixture();
    for (const path of ['/a', '/b', '/c', '/d', '/e']) t.create(path, ttl(5));
    const manager = new ContainerManager(t.newReader(), RULES);
    expect(round(manager, 2000, 2)).toEqual(['/e', '/d', null, '/c', '/b', null, '/a', null]);
    expect(round(manager, 2000, 100)).toEqual(['/e', '/d', '/c', '/b', '/a', null]);
  });

  test('finds TTL nodes by their age: greater than the ttl, not equal', () => {
    const t = new TreeFixture();
    t.create('/t', ttl(5000));
    const manager = new ContainerManager(t.newReader(), RULES);
    expect(round(manager, 6000, 9)).toEqual([null]);
    expect(round(manager, 6001, 9)).toEqual(['/t', null]);
    // A clock that was set back makes nobody older.
    expect(round(manager, 10, 9)).toEqual([null]);
  });

  test('knows the forms in which a ttl is stored', () => {
    const t = new TreeFixture();
    t.create('/forty-bits', ttl(1, 0xff000001 | 0));
    t.create('/format-of-3.5.3', ttl(5000, 0x80000000 | 0));
    const manager = new ContainerManager(t.newReader(), RULES);
    expect(round(manager, 7000, 9)).toEqual(['/format-of-3.5.3', null]);
    expect(round(manager, 2 ** 32 + 1000, 9)).toEqual(['/format-of-3.5.3', null]);
    expect(round(manager, 2 ** 32 + 1002, 9)).toEqual(['/format-of-3.5.3', '/forty-bits', null]);
  });

  test('finds containers that have had a child, and unused ones only when told to', () => {
    const t = new TreeFixture();
    t.create('/used', { ...CONTAINER, timeLo: 1000 });
    t.create('/used/x');
    t.create('/unused', { ...CONTAINER, timeLo: 1000 });
    t.create('/full', { ...CONTAINER, timeLo: 1000 });
    t.create('/full/x');
    t.delete('/used/x');
    const reader = t.newReader();
    expect(round(new ContainerManager(reader, RULES), 9000, 9)).toEqual(['/used', null]);
    const removing = new ContainerManager(reader, { ...RULES, maxNeverUsedIntervalMs: 2000 });
    expect(round(removing, 3000, 9)).toEqual(['/used', null]);
    expect(round(removing, 3001, 9)).toEqual(['/unused', '/used', null]);
  });

  test('is over at once in a tree without any', () => {
    const manager = new ContainerManager(new TreeFixture().newReader(), RULES);
    expect(round(manager, 9000, 9)).toEqual([]);
  });

  test('stands still while the tree is being written, and takes torn looks again', () => {
    const t = new TreeFixture();
    for (let i = 0; i < 10; i++) t.create(`/t${i}`, ttl(5));
    const reader = t.newReader();
    const manager = new ContainerManager(reader, RULES);
    manager.beginRound();
    manager.looksLeft = 100;
    t.tree.beginWrite();
    expect(manager.findNext(9000)).toBe(false);
    t.tree.endWrite(0, t.zxid);
    const valid = reader.valid.bind(reader);
    let looks = 0;
    reader.valid = (sequence) => {
      // Every other look is torn by a write.
      if (looks++ % 2 === 0) t.setData('/t0', new Uint8Array(looks), looks);
      return valid(sequence);
    };
    const found: string[] = [];
    while (manager.findNext(9000)) found.push(decodeUtf8(manager.path.bytes, 0, manager.path.length));
    expect(found).toEqual(['/t9', '/t8', '/t7', '/t6', '/t5', '/t4', '/t3', '/t2', '/t1', '/t0']);
    expect(manager.version).toBe(19);
    expect([looks, manager.looksLeft]).toEqual([20, 80]);
  });
});
