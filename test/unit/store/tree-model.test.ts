// Random operations against a plain Map that follows persistence 3.4 literally; every so often all fields of all nodes
// are compared and the tree's own invariants checked.
import { describe, expect, it } from 'vitest';
import { Prng } from '../../../src/base/prng.js';
import { decodeUtf8, utf8Length } from '../../../src/base/utf8.js';
import { ErrorCode } from '../../../src/protocol/error-code.js';
import { NodeKind } from '../../../src/store/node-layout.js';
import type { CreateOptions } from './tree-fixture.js';
import { aclOf, TreeFixture } from './tree-fixture.js';

interface ModelNode {
  data: Uint8Array | null;
  acl: Uint8Array | null;
  kind: NodeKind;
  owner: bigint;
  czxid: bigint;
  mzxid: bigint;
  pzxid: bigint;
  ctime: bigint;
  mtime: bigint;
  version: number;
  cversion: number;
  aversion: number;
  children: Set<string>;
}

class ModelTree {
  readonly nodes = new Map<string, ModelNode>();

  constructor() {
    for (const path of ['', '/zookeeper', '/zookeeper/quota', '/zookeeper/config']) {
      this.nodes.set(path, newNode(new Uint8Array(0), null, NodeKind.persistent, 0n, 0n, 0n));
    }
    this.node('').children.add('zookeeper');
    this.node('/zookeeper').children.add('quota').add('config');
    const config = this.node('/zookeeper/config');
    config.acl = aclOf(1, 'world', 'anyone');
    config.aversion = -1;
  }

  node(path: string): ModelNode {
    const node = this.nodes.get(path);
    if (node === undefined) throw new Error(`no ${path}`);
    return node;
  }

  create(path: string, o: CreateOptions, zxid: bigint): number {
    const slash = path.lastIndexOf('/');
    const parent = this.nodes.get(path.slice(0, slash));
    if (parent === undefined) return ErrorCode.NoNode;
    const existing = this.nodes.get(path);
    const c = (o.parentCversion ?? -1) === -1 ? parent.cversion + 1 : (o.parentCversion ?? -1);
    if (c > parent.cversion) {
      parent.cversion = c;
      parent.pzxid = zxid;
    }
    if (existing !== undefined) {
      existing.acl = o.acl ?? null;
      return ErrorCode.NodeExists;
    }
    if (parent.kind === NodeKind.ephemeral) return ErrorCode.NoChildrenForEphemerals;
    const owner = (BigInt.asUintN(32, BigInt(o.ownerHi ?? 0)) << 32n) | BigInt.asUintN(32, BigInt(o.ownerLo ?? 0));
    const data = o.data === undefined ? new Uint8Array(0) : o.data;
    this.nodes.set(path, newNode(data, o.acl ?? null, o.kind ?? NodeKind.persistent, owner, zxid, zxid * 10n));
    parent.children.add(path.slice(slash + 1));
    return 0;
  }

  delete(path: string, zxid: bigint): number {
    const slash = path.lastIndexOf('/');
    const parent = this.nodes.get(path.slice(0, slash));
    if (parent === undefined) return ErrorCode.NoNode;
    if (zxid > parent.pzxid) parent.pzxid = zxid;
    if (!this.nodes.has(path)) return ErrorCode.NoNode;
    parent.children.delete(path.slice(slash + 1));
    for (const other of [...this.nodes.keys()])
      if (other === path || other.startsWith(`${path}/`)) this.nodes.delete(other);
    return 0;
  }
}

function newNode(
  data: Uint8Array | null,
  acl: Uint8Array | null,
  kind: NodeKind,
  owner: bigint,
  zxid: bigint,
  time: bigint,
): ModelNode {
  return {
    data,
    acl,
    kind,
    owner,
    czxid: zxid,
    mzxid: zxid,
    pzxid: zxid,
    ctime: time,
    mtime: time,
    version: 0,
    cversion: 0,
    aversion: 0,
    children: new Set(),
  };
}

function compare(t: TreeFixture, model: ModelTree): void {
  const reader = t.newReader();
  expect(reader.nodeCount()).toBe(model.nodes.size);
  let bytes = 1;
  let ephemerals = 0;
  for (const [path, node] of model.nodes) {
    const ref = t.find(path, reader);
    expect(ref, path).not.toBe(0);
    const size = node.children.size;
    expect(t.stat(path), path).toEqual({
      czxid: node.czxid,
      mzxid: node.mzxid,
      pzxid: node.pzxid,
      ctime: node.ctime,
      mtime: node.mtime,
      version: node.version,
      cversion: 2 * node.cversion - size,
      aversion: node.aversion,
      ephemeralOwner: node.kind === NodeKind.ephemeral ? node.owner : 0n,
      dataLength: node.data?.length ?? 0,
      numChildren: size,
    });
    expect(t.children(path), path).toEqual([...node.children].sort());
    const length = reader.dataLength(ref);
    expect(length).toBe(node.data === null ? -1 : node.data.length);
    const data = new Uint8Array(Math.max(0, length));
    reader.copyData(ref, data, 0, length);
    if (node.data !== null && !data.every((byte, i) => byte === node.data?.[i])) expect(data, path).toEqual(node.data);
    expect(reader.kind(ref)).toBe(node.kind);
    expect(t.acl(path)).toEqual(node.acl ?? aclOf(31, 'world', 'anyone'));
    const stored =
      (BigInt.asUintN(32, BigInt(reader.storedOwnerHi(ref))) << 32n) |
      BigInt.asUintN(32, BigInt(reader.storedOwnerLo(ref)));
    expect(stored).toBe(node.owner);
    const name = new Uint8Array(reader.nameLength(ref));
    reader.copyName(ref, name, 0);
    expect(decodeUtf8(name, 0, name.length)).toBe(path.slice(path.lastIndexOf('/') + 1));
    expect(t.pathOf(ref, reader)).toBe(path);
    bytes += utf8Length(path) + (node.data?.length ?? 0);
    if (node.kind === NodeKind.ephemeral) ephemerals++;
  }
  expect(reader.dataBytes()).toBe(bytes);
  expect(reader.ephemeralCount()).toBe(ephemerals);
}

function randomBytes(prng: Prng): Uint8Array | null {
  const dice = prng.below(100);
  if (dice < 5) return null;
  const size = dice < 15 ? 0 : dice < 80 ? prng.below(200) : dice < 98 ? prng.below(2000) : prng.below(90_000);
  const bytes = new Uint8Array(size);
  for (let i = 0; i < size; i += 1 + (i >> 6)) bytes[i] = prng.next32();
  return bytes;
}

function randomCreate(prng: Prng): CreateOptions {
  const options: CreateOptions = { data: randomBytes(prng) };
  const dice = prng.below(10);
  if (dice < 3) options.acl = aclOf(1 + prng.below(30), 'digest', `user${prng.below(20)}:x`);
  if (prng.below(10) === 0) options.parentCversion = prng.below(40);
  const kind = prng.below(10);
  if (kind < 3) {
    Object.assign(options, { kind: NodeKind.ephemeral, ownerHi: 1 + prng.below(3), ownerLo: prng.below(4) - 2 });
  } else if (kind === 3) {
    Object.assign(options, { kind: NodeKind.container, ownerHi: 0x80000000 | 0 });
  } else if (kind === 4) {
    Object.assign(options, { kind: NodeKind.ttl, ownerHi: 0xff000000 | 0, ownerLo: prng.next32() | 0 });
  }
  return options;
}

/** Few names at each level, so that paths exist, are missing and come back. */
function randomPath(prng: Prng, names: number): string {
  let path = '';
  for (let depth = 1 + prng.below(4); depth > 0; depth--) path += `/n${prng.below(names)}${'é'.repeat(prng.below(2))}`;
  return path;
}

describe('DataTree against a Map', () => {
  for (const seed of [1, 2, 3, 4]) {
    it(`does the same after any operations (seed ${seed})`, () => {
      const prng = new Prng(seed);
      const t = new TreeFixture();
      const model = new ModelTree();
      const names = seed % 2 === 0 ? 4 : 14;
      for (let step = 0; step < 6000; step++) {
        const path = randomPath(prng, names);
        const dice = prng.below(100);
        if (dice < 55) {
          const options = randomCreate(prng);
          expect(t.create(path, options)).toBe(model.create(path, options, BigInt(t.zxid)));
        } else if (dice < 75) {
          expect(t.delete(path)).toBe(model.delete(path, BigInt(t.zxid)));
        } else if (dice < 93) {
          const data = randomBytes(prng);
          const version = prng.below(1000);
          const result = t.setData(path, data, version);
          const node = model.nodes.get(path);
          expect(result).toBe(node === undefined ? ErrorCode.NoNode : 0);
          if (node !== undefined)
            Object.assign(node, { data, version, mzxid: BigInt(t.zxid), mtime: BigInt(t.zxid * 10) });
        } else {
          const acl = prng.below(3) === 0 ? null : aclOf(7, 'ip', `10.0.0.${prng.below(9)}`);
          const result = t.setAcl(path, acl, step);
          const node = model.nodes.get(path);
          expect(result).toBe(node === undefined ? ErrorCode.NoNode : 0);
          if (node !== undefined) Object.assign(node, { acl, aversion: step });
        }
        if (step % 1500 === 1499) {
          compare(t, model);
          t.tree.checkInvariants();
        }
      }
      for (const path of [...model.nodes.keys()])
        if (path.split('/').length === 2 && path !== '/zookeeper') t.delete(path);
      expect(t.tree.nodeCount).toBe(4);
      expect(t.tree.aclListCount).toBe(1);
      t.tree.checkInvariants();
    });
  }

  it('splits, refills and empties its index with many nodes in one parent', () => {
    const t = new TreeFixture();
    t.create('/p');
    const COUNT = 20_000;
    for (let i = 0; i < COUNT; i++) t.create(`/p/${i}`);
    t.tree.checkInvariants();
    const prng = new Prng(9);
    const alive = new Set(Array.from({ length: COUNT }, (_, i) => i));
    for (let i = 0; i < COUNT; i++) {
      const victim = prng.below(COUNT);
      const expected = alive.delete(victim) ? 0 : ErrorCode.NoNode;
      if (t.delete(`/p/${victim}`) !== expected) throw new Error(`delete of ${victim} should give ${expected}`);
    }
    t.tree.checkInvariants();
    expect(t.reader.childCount(t.find('/p'))).toBe(alive.size);
    for (let i = 0; i < COUNT; i++) {
      if ((t.find(`/p/${i}`) !== 0) !== alive.has(i))
        throw new Error(`${i} should ${alive.has(i) ? '' : 'not '}be found`);
    }
    expect(t.children('/p')).toEqual([...alive].map(String).sort());
    for (const i of alive) t.delete(`/p/${i}`);
    t.tree.checkInvariants();
    expect(t.stat('/p')).toMatchObject({ numChildren: 0, cversion: 2 * COUNT });
  });
});
