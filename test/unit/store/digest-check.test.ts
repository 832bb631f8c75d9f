// What is compared with the tree digest, when, and what is remembered of it (persistence section 5 and 4.4).
import { describe, expect, it } from 'vitest';
import { int64FromHalves } from '../../../src/base/int64.js';
import { JuteWriter } from '../../../src/jute/jute-writer.js';
import { OPEN_ACL_UNSAFE } from '../../../src/protocol/acl.js';
import { OpCode } from '../../../src/protocol/op-code.js';
import { encodeTxnEntry, type TxnBody } from '../../../src/protocol/txns.js';
import { DigestCheck, type DigestMismatch } from '../../../src/store/digest-check.js';
import { TxnApplier } from '../../../src/store/txn-applier.js';
import { TreeFixture } from './tree-fixture.js';

const VERSION = 2;

class Checked {
  readonly fixture = new TreeFixture();
  readonly mismatches: DigestMismatch[] = [];
  readonly check = new DigestCheck(this.fixture.tree, (mismatch) => this.mismatches.push(mismatch));
  private readonly applier = new TxnApplier(this.fixture.tree);

  get digest(): bigint {
    return int64FromHalves(this.fixture.tree.digestHi, this.fixture.tree.digestLo);
  }

  /** Applies it with a digest that is right but for `error`; null: without one. */
  apply(zxid: number, body: TxnBody, error: bigint | null, version = VERSION): void {
    const treeDigest = this.digestAfter(zxid, body) + (error ?? 0n);
    this.applyEntry(zxid, body, error === null ? null : { version, treeDigest });
  }

  onSnapshot(name: number, zxid: number, digest: bigint, version = VERSION): void {
    const lo = Number(BigInt.asIntN(32, digest));
    this.check.onSnapshot(0, name, 0, zxid, version, Number(digest >> 32n), lo);
  }

  rememberedZxids(): number[] {
    const out = new Int32Array(4096);
    const count = this.fixture.newReader().copyDigestLog(out);
    return Array.from({ length: count }, (_, i) => out[i * 4 + 1]);
  }

  private applyEntry(zxid: number, body: TxnBody, digest: { version: number; treeDigest: bigint } | null): void {
    const { tree } = this.fixture;
    const bytes = entryOf(zxid, body, digest);
    tree.beginWrite();
    this.applier.apply(bytes, 0, bytes.length, null);
    this.check.onApplied(this.applier);
    tree.endWrite(0, zxid);
  }

  /** On another tree that has seen the same. */
  private digestAfter(zxid: number, body: TxnBody): bigint {
    const bytes = entryOf(zxid, body, null);
    const { tree } = this.twin;
    tree.beginWrite();
    this.twinApplier.apply(bytes, 0, bytes.length, null);
    tree.endWrite(0, zxid);
    return int64FromHalves(tree.digestHi, tree.digestLo);
  }

  private readonly twin = new TreeFixture();
  private readonly twinApplier = new TxnApplier(this.twin.tree);
}

function entryOf(zxid: number, body: TxnBody, digest: { version: number; treeDigest: bigint } | null): Uint8Array {
  const out = new JuteWriter();
  const header = { clientId: 7n, cxid: 0, zxid: BigInt(zxid), time: BigInt(zxid * 10), type: body.type };
  encodeTxnEntry(out, { header, body, digest });
  return out.bytes.slice(0, out.length);
}

function create(path: string, type: 1 | 15 = OpCode.create): TxnBody {
  const txn = { path, data: new Uint8Array(3), acl: OPEN_ACL_UNSAFE, ephemeral: false, parentCVersion: -1 };
  return { type, txn };
}

const BODIES: TxnBody[] = [
  create('/a'),
  create('/b', OpCode.create2),
  { type: OpCode.createContainer, txn: { path: '/c', data: null, acl: OPEN_ACL_UNSAFE, parentCVersion: -1 } },
  { type: OpCode.createTTL, txn: { path: '/t', data: null, acl: OPEN_ACL_UNSAFE, parentCVersion: -1, ttl: 9n } },
  { type: OpCode.setData, txn: { path: '/a', data: new Uint8Array(9), version: 1 } },
  { type: OpCode.setACL, txn: { path: '/a', acl: OPEN_ACL_UNSAFE, version: 1 } },
  { type: OpCode.delete, txn: { path: '/b' } },
  { type: OpCode.deleteContainer, txn: { path: '/c' } },
  { type: OpCode.createSession, txn: { timeOut: 1000 } },
  { type: OpCode.closeSession, txn: { paths2Delete: ['/t'] } },
  { type: OpCode.closeSession, txn: { paths2Delete: [] } },
  { type: OpCode.closeSession, txn: null },
];

describe('after a transaction was applied', () => {
  for (const [index, body] of BODIES.entries()) {
    it(`the digest at the end of its entry is compared (body ${index}, type ${body.type})`, () => {
      const checked = new Checked();
      let zxid = 0;
      for (const earlier of BODIES.slice(0, index)) checked.apply(++zxid, earlier, 0n);
      expect(checked.mismatches).toEqual([]);
      const other = new Checked();
      let otherZxid = 0;
      for (const earlier of BODIES.slice(0, index)) other.apply(++otherZxid, earlier, null);
      other.apply(++otherZxid, body, 1n);
      expect(other.mismatches).toHaveLength(1);
      const [mismatch] = other.mismatches;
      expect(mismatch.zxidLo).toBe(otherZxid);
      expect(int64FromHalves(mismatch.actualHi, mismatch.actualLo)).toBe(other.digest);
      expect(int64FromHalves(mismatch.expectedHi, mismatch.expectedLo)).toBe(other.digest + 1n);
      expect(other.check.mismatchCount).toBe(1);
    });
  }

  it('an entry without one, or with one of another version, is not', () => {
    const checked = new Checked();
    checked.apply(1, create('/a'), null);
    checked.apply(2, create('/b'), 1n, 1);
    checked.apply(3, create('/c'), 1n, 3);
    expect(checked.check.mismatchCount).toBe(0);
  });

  it('every 128th zxid is remembered', () => {
    const checked = new Checked();
    for (const zxid of [1, 127, 128, 129, 256]) checked.apply(zxid, create(`/n${zxid}`), 0n);
    expect(checked.rememberedZxids()).toEqual([128, 256]);
  });
});

describe('the digest of a snapshot', () => {
  it('of the zxid in its name is compared at once', () => {
    const checked = new Checked();
    checked.onSnapshot(5, 5, checked.digest);
    expect(checked.mismatches).toEqual([]);
    checked.onSnapshot(5, 5, checked.digest + 1n);
    expect(checked.mismatches.map(({ of }) => of)).toEqual(['the snapshot']);
    expect(checked.check.isPending).toBe(false);
  });

  it('of zxid 0, of an earlier zxid or of another version is not', () => {
    const checked = new Checked();
    checked.onSnapshot(5, 0, 1n);
    checked.onSnapshot(5, 4, 1n);
    checked.onSnapshot(5, 5, 1n, 1);
    expect(checked.mismatches).toEqual([]);
    expect(checked.check.isPending).toBe(false);
  });

  it('of a later zxid holds back all others until that zxid is applied', () => {
    const checked = new Checked();
    checked.onSnapshot(5, 128 + 2, 1n);
    checked.apply(6, create('/a'), 1n);
    checked.apply(128, create('/b'), 1n);
    expect(checked.mismatches).toEqual([]);
    expect(checked.check.isPending).toBe(true);
    checked.apply(130, create('/c'), 0n);
    expect(checked.mismatches.map(({ of }) => of)).toEqual(['the snapshot']);
    checked.apply(131, create('/d'), 1n);
    expect(checked.mismatches.map(({ of }) => of)).toEqual(['the snapshot', 'the transaction']);
    expect(checked.rememberedZxids()).toEqual([]);
  });

  it('waits for ever when its zxid never comes', () => {
    const checked = new Checked();
    checked.onSnapshot(5, 7, 1n);
    checked.apply(6, create('/a'), 1n);
    checked.apply(8, create('/b'), 1n);
    expect(checked.mismatches).toEqual([]);
    expect(checked.check.isPending).toBe(true);
  });
});
