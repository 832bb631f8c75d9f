import { describe, expect, it } from 'vitest';
import { AssertionError } from '../../../src/base/assert.js';
import { encodeUtf8 } from '../../../src/base/utf8.js';
import { NodeKind } from '../../../src/store/node-layout.js';
import { TreeFixture } from './tree-fixture.js';

const bytes = encodeUtf8;

describe('write sections', () => {
  it('must surround every mutator and must not nest', () => {
    const t = new TreeFixture();
    const p = bytes('/a');
    expect(() => t.tree.delete(p, 0, 2, 0, 1)).toThrow(AssertionError);
    expect(() => t.tree.clear()).toThrow(AssertionError);
    expect(() => t.tree.endWrite(0, 1)).toThrow(AssertionError);
    t.tree.beginWrite();
    expect(() => t.tree.beginWrite()).toThrow(AssertionError);
    t.tree.endWrite(0, 1);
  });

  it('never lower the last processed zxid', () => {
    const t = new TreeFixture();
    t.tree.beginWrite();
    t.tree.endWrite(1, 5);
    t.tree.beginWrite();
    t.tree.endWrite(0, 99);
    expect([t.reader.zxidHi(), t.reader.zxidLo()]).toEqual([1, 5]);
  });

  it('publish nothing before they end', () => {
    const t = new TreeFixture();
    const reader = t.newReader();
    const before = [reader.dataBytes(), reader.ephemeralCount(), reader.treeDigestHi(), reader.treeDigestLo()];
    const zxid = t.zxid;
    t.tree.beginWrite();
    t.tree.create(bytes('/a'), 0, 2, bytes('x'), 0, 1, null, 0, -1, NodeKind.ephemeral, 0, 5, -1, 0, 7, 0, 7);
    expect([reader.dataBytes(), reader.ephemeralCount(), reader.treeDigestHi(), reader.treeDigestLo()]).toEqual(before);
    expect(reader.zxidLo()).toBe(zxid);
    t.tree.endWrite(0, 7);
    expect([reader.dataBytes(), reader.ephemeralCount()]).toEqual([(before[0] as number) + 3, 1]);
    expect([reader.treeDigestHi(), reader.treeDigestLo()]).toEqual([t.tree.digestHi, t.tree.digestLo]);
    expect(reader.zxidLo()).toBe(7);
  });

  it('keep the digests of the newest 1024 zxids that are remembered', () => {
    const t = new TreeFixture();
    t.tree.beginWrite();
    for (let zxid = 1; zxid <= 1030; zxid++) t.tree.rememberDigest(0, zxid);
    t.tree.endWrite(0, 1030);
    const log = new Int32Array(1024 * 4);
    expect(t.reader.copyDigestLog(log)).toBe(1024);
    expect([log[1], log[1023 * 4 + 1]]).toEqual([7, 1030]);
    expect([log[1023 * 4 + 2], log[1023 * 4 + 3]]).toEqual([t.tree.digestHi, t.tree.digestLo]);
  });
});
