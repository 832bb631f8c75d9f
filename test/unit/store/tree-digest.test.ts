// The tree digest as it is kept: the recorded values of Apache's servers, every kind of change, and what changes nothing.
// That each value is right after any operation is checkInvariants' business, in all tests that call it.
import { describe, expect, it } from 'vitest';
import { int64FromHalves } from '../../../src/base/int64.js';
import { encodeUtf8 } from '../../../src/base/utf8.js';
import { DigestSum } from '../../../src/store/digest-sum.js';
import { bytesCount, wordsCount } from '../../../src/store/node-digest.js';
import { NodeKind } from '../../../src/store/node-layout.js';
import type { TreeReader } from '../../../src/store/tree-reader.js';
import { TreeFixture } from './tree-fixture.js';

const INITIAL = 1371985504n;

function digestOf(fixture: TreeFixture): bigint {
  fixture.tree.checkInvariants();
  const published = publishedDigest(fixture.newReader());
  expect(published).toBe(int64FromHalves(fixture.tree.digestHi, fixture.tree.digestLo));
  return published;
}

function publishedDigest(reader: TreeReader): bigint {
  const sequence = reader.begin();
  const digest = int64FromHalves(reader.treeDigestHi(), reader.treeDigestLo());
  expect(reader.valid(sequence)).toBe(true);
  return digest;
}

function countOf(fixture: TreeFixture, path: string): number {
  const bytes = encodeUtf8(path);
  return fixture.reader.digestWord(fixture.reader.find(bytes, 0, bytes.length)) >>> 0;
}

describe('the tree digest', () => {
  it('of the initial tree is what every server of ZooKeeper starts with', () => {
    const fixture = new TreeFixture();
    expect(digestOf(fixture)).toBe(INITIAL);
    expect(countOf(fixture, '/')).toBe(68323592);
    expect(countOf(fixture, '/zookeeper')).toBe(1303661912);
    expect(countOf(fixture, '/zookeeper/quota')).toBe(0);
    expect(countOf(fixture, '/zookeeper/config')).toBe(0);
  });

  it('of nodes from a recorded snapshot is their recorded values', () => {
    const fixture = new TreeFixture();
    const { tree } = fixture;
    tree.beginWrite();
    tree.clear();
    tree.endWrite(0, 0);
    const time = (lo: number): { ctime: bigint; mtime: bigint } => {
      const value = (0x1a2n << 32n) | BigInt(lo);
      return { ctime: value, mtime: value };
    };
    fixture.load('', { cversion: 8n, pzxid: 0x10n });
    fixture.load(
      '/c',
      { czxid: 0xbn, mzxid: 0xbn, pzxid: 0xbn, ...time(0x0142f691), ephemeralOwner: 1n << 63n },
      new Uint8Array(0),
    );
    const ttl = 0xff0000000036ee80n;
    fixture.load(
      '/t',
      { czxid: 0xcn, mzxid: 0xcn, pzxid: 0xcn, ...time(0x0142f695), ephemeralOwner: ttl },
      encodeUtf8('T'),
    );
    const owner = 0x0100003b15360001n;
    fixture.load(
      '/live',
      { czxid: 0xfn, mzxid: 0xfn, pzxid: 0xfn, ...time(0x0142f6b4), ephemeralOwner: owner },
      encodeUtf8('L'),
    );
    fixture.load('/s-0000000002', { czxid: 6n, mzxid: 6n, pzxid: 6n, ...time(0x0142f675), aversion: 1n });
    expect(countOf(fixture, '')).toBe(1009583832);
    expect(countOf(fixture, '/c')).toBe(2784906343);
    expect(countOf(fixture, '/t')).toBe(2641278100);
    expect(countOf(fixture, '/live')).toBe(968492599);
    expect(countOf(fixture, '/s-0000000002')).toBe(3579946260);
    expect(digestOf(fixture)).toBe(1009583832n + 2784906343n + 2641278100n + 968492599n + 3579946260n);
  });

  it('follows every mutator', () => {
    const fixture = new TreeFixture();
    const seen = new Set([digestOf(fixture)]);
    const changes = [
      () => fixture.create('/a', { data: encodeUtf8('some data') }),
      () => fixture.create('/a/b', { kind: NodeKind.ttl, ownerHi: 0xff000000 | 0, ownerLo: 77, data: encodeUtf8('t') }),
      () => fixture.create('/a/c', { kind: NodeKind.container, ownerHi: 0x80000000 | 0 }),
      () => fixture.create('/a/e', { kind: NodeKind.ephemeral, ownerHi: 1, ownerLo: 2, data: null }),
      () => fixture.setData('/a', new Uint8Array(3), 1),
      () => fixture.setData('/a', new Uint8Array(70_001).fill(7), 2),
      () => fixture.setData('/a', null, 3),
      () => fixture.setAcl('/a', null, 9),
      () => fixture.delete('/a/b'),
      () => fixture.delete('/a'),
    ];
    for (const change of changes) {
      expect(change()).toBe(0);
      const digest = digestOf(fixture);
      expect(seen.has(digest)).toBe(false);
      seen.add(digest);
    }
  });

  it('is the one from before when all that was made is gone, but for what the root remembers', () => {
    const fixture = new TreeFixture();
    fixture.create('/a');
    fixture.create('/a/b', { data: new Uint8Array(5000) });
    fixture.create('/a/b/c');
    fixture.delete('/a');
    const digest = digestOf(fixture);
    expect(digest - BigInt(countOf(fixture, '/'))).toBe(1303661912n);
  });

  it('does not count what stands below /zookeeper, whatever happens there', () => {
    const fixture = new TreeFixture();
    fixture.create('/zookeeper/quota/a');
    fixture.create('/zookeeper/quota/a/b', { data: new Uint8Array(10) });
    fixture.setData('/zookeeper/config', new Uint8Array(10), 1);
    fixture.setAcl('/zookeeper/config', null, 1);
    fixture.delete('/zookeeper/quota/a/b');
    expect(digestOf(fixture)).toBe(INITIAL);
    fixture.create('/zookeeper/x');
    expect(countOf(fixture, '/zookeeper/x')).toBe(0);
    expect(digestOf(fixture)).not.toBe(INITIAL);
  });

  it('counts names that only begin like it', () => {
    for (const path of ['/zookeeperx', '/zookeepe', '/zoo', '/zookeeper', '/zookeep', '/z', '/zookeepe/r/']) {
      const bytes = encodeUtf8(path);
      const words = new Int32Array(8);
      new Uint8Array(words.buffer).set(bytes);
      expect(bytesCount(bytes, 0, bytes.length)).toBe(true);
      expect(wordsCount(words, 0, bytes.length)).toBe(true);
    }
    const bytes = encodeUtf8('../zookeeper/x');
    expect(bytesCount(bytes, 2, bytes.length - 2)).toBe(false);
  });

  it('starts anew with a tree that is cleared', () => {
    const fixture = new TreeFixture();
    fixture.create('/a');
    fixture.tree.beginWrite();
    fixture.tree.rememberDigest(0, 128);
    fixture.tree.reset();
    fixture.tree.endWrite(0, 0);
    expect(digestOf(fixture)).toBe(INITIAL);
    expect(fixture.newReader().copyDigestLog(new Int32Array(4096))).toBe(0);
  });
});

describe('the digest log', () => {
  it('holds the newest 1024, oldest first', () => {
    const fixture = new TreeFixture();
    const reader = fixture.newReader();
    const out = new Int32Array(4096);
    const { tree } = fixture;
    tree.beginWrite();
    for (let i = 1; i <= 1030; i++) tree.rememberDigest(i, i * 128);
    tree.endWrite(1030, 1030 * 128);
    expect(reader.copyDigestLog(out)).toBe(1024);
    expect([...out.subarray(0, 4)]).toEqual([7, 7 * 128, 0, Number(INITIAL)]);
    expect([...out.subarray(4092)]).toEqual([1030, 1030 * 128, 0, Number(INITIAL)]);
  });
});

describe('a sum of digests', () => {
  it('carries and borrows at 32 bits and wraps at 64', () => {
    const sum = new DigestSum();
    let expected = 0n;
    for (const value of [0xffffffff, 1, 0x80000000, 0x7fffffff, 0xfffffffe, 3]) {
      sum.add(value | 0);
      expected += BigInt(value);
      expect(int64FromHalves(sum.hi, sum.lo)).toBe(expected);
    }
    sum.set(0, 0);
    sum.subtract(1);
    expect(int64FromHalves(sum.hi, sum.lo)).toBe(-1n);
    sum.add(-1);
    expect(int64FromHalves(sum.hi, sum.lo)).toBe(0xfffffffen);
  });
});
