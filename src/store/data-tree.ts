/**
 * The data tree: all znodes of the server, in shared memory, and the only thing that may change them. It lives on the
 * thread of the final stage, has exactly one owner there, and is fed by txn-applier.ts and by the snapshot reader.
 * What it is made of:
 *
 *   node-records.ts        the records: made, found, freed      node-stat.ts     what a transaction does to their stats
 *   write-section.ts       begin, end, what readers are told    tree-digest.ts   the sum over all nodes
 *   load-record-reader.ts  nodes of a snapshot                  quota-accounts.ts, system-nodes.ts, tree-invariants.ts
 *
 * Semantics are those of persistence 3.3 to 3.5 and client-protocol 6.2. It checks no permissions, versions or paths
 * (prep did), touches no files and sends no events.
 *
 * Every mutator must be called between beginWrite and endWrite; how many of them one section covers is the caller's
 * choice (a multi must be one). Paths and data are (bytes, offset, length); 64-bit values are (hi, lo); results are
 * ErrorCode numbers. What a mutator needs beyond its arguments it finds by reference, so it allocates nothing in the
 * JavaScript heap.
 */
import { assert } from '../base/assert.js';
import { ErrorCode } from '../protocol/error-code.js';
import type { AllocatorStats } from './allocator.js';
import { Allocator } from './allocator.js';
import { DIGEST_KEPT, HASH_KEY_HI, HASH_KEY_LO, INCARNATION, SLAB_COUNT } from './control-layout.js';
import { LoadRecordReader } from './load-record-reader.js';
import { NodeKind } from './node-layout.js';
import { NodeRecords, nameOffsetOf } from './node-records.js';
import { NodeStat } from './node-stat.js';
import { QuotaAccounts } from './quota-accounts.js';
import type { AnnounceSlab } from './slab-memory.js';
import { SlabMemory } from './slab-memory.js';
import { createSystemNodes } from './system-nodes.js';
import { TreeDigest } from './tree-digest.js';
import { TreeInvariants } from './tree-invariants.js';
import type { TreeMemory } from './tree-memory.js';
import { TreeReader } from './tree-reader.js';
import { WriteSection } from './write-section.js';

/** What the paths of all quota nodes have behind their slash. */
const QUOTA_PATH_BYTE = 0x7a;

export class DataTree {
  /** For this thread only; costs no seqlock. */
  readonly reader: TreeReader;
  /** By which a snapshot's nodes come. */
  readonly loading: LoadRecordReader;

  private readonly control: Int32Array;
  private readonly section: WriteSection;
  private readonly records: NodeRecords;
  private readonly stat: NodeStat;
  private readonly quotas: QuotaAccounts;
  /** Null: digests are off. */
  private readonly digest: TreeDigest | null;

  /** Holds the initial tree of persistence 6.6 and last processed zxid 0 when it returns; readers may read from then on. */
  constructor(memory: TreeMemory, announceSlab: AnnounceSlab, keepsDigest = true) {
    const control = new Int32Array(memory.control);
    const slabs = new SlabMemory(memory.slab0, null);
    const allocator = new Allocator(slabs, (index, slab) => {
      control[SLAB_COUNT] = index + 1;
      announceSlab(index, slab);
    });
    const records = new NodeRecords(control, slabs, allocator);
    const reader = new TreeReader(memory, slabs);
    const digest = keepsDigest ? new TreeDigest(slabs, reader) : null;
    control[DIGEST_KEPT] = keepsDigest ? 1 : 0;
    this.control = control;
    this.reader = reader;
    this.records = records;
    this.digest = digest;
    this.section = new WriteSection(control, records, digest === null ? null : digest.sum);
    this.stat = new NodeStat(slabs, digest);
    this.loading = new LoadRecordReader(this.section, records, reader, digest);
    this.quotas = new QuotaAccounts(reader, records.children, (ref, data, offset, length) =>
      this.replaceData(ref, data, offset, length),
    );
    this.reset();
    this.endWrite(0, 0);
  }

  beginWrite(): void {
    this.section.begin();
  }

  /** Publishes what the section did; last processed zxid becomes this one unless it was greater already. */
  endWrite(zxidHi: number, zxidLo: number): void {
    assert(this.section.isOpen, 'no write section to end');
    if (this.quotas.recountDue) this.quotas.recountNew();
    this.section.end(zxidHi, zxidLo);
  }

  /** owner: the stored ephemeralOwner (session, container mark, TTL value); parentCversion -1: one more than now. */
  create(
    path: Uint8Array,
    pathOff: number,
    pathLen: number,
    data: Uint8Array,
    dataOff: number,
    dataLen: number,
    acl: Uint8Array | null,
    aclOff: number,
    aclLen: number,
    kind: NodeKind,
    ownerHi: number,
    ownerLo: number,
    parentCversion: number,
    zxidHi: number,
    zxidLo: number,
    timeHi: number,
    timeLo: number,
  ): number {
    assert(this.section.isOpen, 'create outside a write section');
    const { records, stat } = this;
    const nameOffset = nameOffsetOf(path, pathOff, pathLen);
    // "/" itself: its parent does not exist, but the node does.
    const isRoot = nameOffset === pathLen && pathLen <= 1;
    const parent = isRoot ? records.root : records.lookUp(path, pathOff, nameOffset - 1);
    if (parent === 0) return ErrorCode.NoNode;
    const existing = records.lookUp(path, pathOff, pathLen);
    if (existing !== 0) {
      records.setAcl(existing, acl, aclOff, aclLen);
      if (existing !== records.root) stat.raiseCversion(parent, parentCversion, zxidHi, zxidLo);
      return ErrorCode.NodeExists;
    }
    stat.raiseCversion(parent, parentCversion, zxidHi, zxidLo);
    // Only replay over a fuzzy snapshot comes here: the parent is a later incarnation, and a delete of it must follow.
    if (records.kindOf(parent) === NodeKind.ephemeral) return ErrorCode.NoChildrenForEphemerals;
    const ref = records.add(pathLen, nameOffset, parent, dataLen, kind, ownerHi, ownerLo);
    stat.stampCreated(ref, zxidHi, zxidLo, timeHi, timeLo);
    records.setAcl(ref, acl, aclOff, aclLen);
    records.storeData(ref, data, dataOff, dataLen);
    if (this.digest !== null) this.digest.count(ref);
    if (path[pathOff + 1] === QUOTA_PATH_BYTE || this.quotas.inForce !== 0) {
      this.quotas.onCreated(path, pathOff, pathLen, dataLen);
    }
    return ErrorCode.Ok;
  }

  /** Whatever stands below goes too: only replay over a fuzzy snapshot meets that, and creates it anew (persistence 3.5). */
  delete(path: Uint8Array, off: number, len: number, zxidHi: number, zxidLo: number): number {
    assert(this.section.isOpen, 'delete outside a write section');
    const ref = this.records.lookUp(path, off, len);
    if (ref !== 0) return this.deleteRef(ref, zxidHi, zxidLo);
    const nameOffset = nameOffsetOf(path, off, len);
    const parent = this.records.lookUp(path, off, nameOffset - 1);
    if (parent !== 0) this.stat.raisePzxid(parent, zxidHi, zxidLo);
    return ErrorCode.NoNode;
  }

  setData(
    path: Uint8Array,
    off: number,
    len: number,
    data: Uint8Array,
    dataOff: number,
    dataLen: number,
    version: number,
    zxidHi: number,
    zxidLo: number,
    timeHi: number,
    timeLo: number,
  ): number {
    assert(this.section.isOpen, 'setData outside a write section');
    const ref = this.records.lookUp(path, off, len);
    if (ref === 0) return ErrorCode.NoNode;
    const difference = this.records.storeData(ref, data, dataOff, dataLen);
    this.stat.stampData(ref, version, zxidHi, zxidLo, timeHi, timeLo);
    if (this.digest !== null) this.digest.count(ref);
    if (this.quotas.inForce !== 0) this.quotas.onDataChanged(path, off, len, difference);
    return ErrorCode.Ok;
  }

  setAcl(
    path: Uint8Array,
    off: number,
    len: number,
    acl: Uint8Array | null,
    aclOff: number,
    aclLen: number,
    version: number,
  ): number {
    assert(this.section.isOpen, 'setAcl outside a write section');
    const ref = this.records.lookUp(path, off, len);
    if (ref === 0) return ErrorCode.NoNode;
    this.records.setAcl(ref, acl, aclOff, aclLen);
    this.stat.setAversion(ref, version);
    return ErrorCode.Ok;
  }

  /** Replaces the data and leaves the stat's versions and times (quota stats nodes, persistence 3.6). */
  replaceData(ref: number, data: Uint8Array, dataOff: number, dataLen: number): void {
    assert(this.section.isOpen, 'replaceData outside a write section');
    this.records.storeData(ref, data, dataOff, dataLen);
    if (this.digest !== null) this.digest.count(ref);
  }

  /** True after the create of a quota's stats node, until `recountNewQuota` or the end of the section. */
  get quotaRecountDue(): boolean {
    return this.quotas.recountDue;
  }

  /** Fills the stats node just created, behind whoever wanted its stat as it was sent. */
  recountNewQuota(): void {
    assert(this.section.isOpen, 'recountNewQuota outside a write section');
    this.quotas.recountNew();
  }

  /** A snapshot was loaded: puts the quotas in force that it holds, and counts their usage anew (client-protocol 8.3). */
  recountQuotas(): void {
    assert(this.section.isOpen, 'recountQuotas outside a write section');
    this.quotas.recountAll();
  }

  /** An ephemeral of the session, or 0. */
  firstEphemeralOf(sessionHi: number, sessionLo: number): number {
    return this.records.kinds.ephemerals.first(sessionHi, sessionLo);
  }

  /** The visitor may delete the node it is given, and no other. */
  ephemeralsOf(sessionHi: number, sessionLo: number, visit: (ref: number) => void): void {
    for (let ref = this.records.kinds.ephemerals.first(sessionHi, sessionLo); ref !== 0; ) {
      const next = this.reader.nextEphemeral(ref);
      visit(ref);
      ref = next;
    }
  }

  sessionsWithEphemerals(visit: (sessionHi: number, sessionLo: number, count: number) => void): void {
    this.records.kinds.ephemerals.visitSessions(visit);
  }

  get ttlNodeCount(): number {
    return this.records.kinds.ttlNodeCount;
  }

  /** Empties everything but a bare root, and forgets the last zxid, as before a snapshot is loaded. */
  clear(): void {
    assert(this.section.isOpen, 'clear outside a write section');
    const { digest, records } = this;
    this.quotas.clear();
    if (digest !== null) digest.clear();
    records.clear();
    this.control[INCARNATION]++;
    this.section.forget();
    if (digest !== null) digest.count(records.root);
  }

  /** clear() and then the nodes of persistence 6.6. */
  reset(): void {
    this.clear();
    createSystemNodes(this.records, this.digest);
  }

  /** For whoever makes load records. */
  get loadTarget(): { readonly hashKeyLo: number; readonly hashKeyHi: number; readonly keepsDigest: boolean } {
    const { control } = this;
    return { hashKeyLo: control[HASH_KEY_LO], hashKeyHi: control[HASH_KEY_HI], keepsDigest: this.keepsDigest };
  }

  /** The root counts once; ZooKeeper's znode_count counts it twice ("" and "/"). */
  get nodeCount(): number {
    return this.records.count;
  }

  /** ZooKeeper's approximate_data_size. */
  get dataBytes(): number {
    return this.records.byteCount;
  }

  get ephemeralCount(): number {
    return this.records.kinds.ephemeralCount;
  }

  /** Sessions that own ephemerals. */
  get sessionCount(): number {
    return this.records.kinds.ephemerals.sessionCount;
  }

  get aclListCount(): number {
    return this.records.acls.count;
  }

  /** Nodes whose ACL number was unknown when a snapshot was loaded and that replay has not repaired. */
  get unresolvedAclCount(): number {
    return this.records.acls.unresolvedCount;
  }

  /** False: digests are off, and the tree digest is 0. */
  get keepsDigest(): boolean {
    return this.digest !== null;
  }

  /** The tree digest as of now, also inside a section. */
  get digestHi(): number {
    return this.digest === null ? 0 : this.digest.sum.hi;
  }

  get digestLo(): number {
    return this.digest === null ? 0 : this.digest.sum.lo;
  }

  /** Enters the digest as of now into the digest log. */
  rememberDigest(zxidHi: number, zxidLo: number): void {
    assert(this.section.isOpen, 'rememberDigest outside a write section');
    this.section.rememberDigest(zxidHi, zxidLo);
  }

  memoryStats(): AllocatorStats {
    return this.records.allocator.stats();
  }

  /** Compares every structure with every other; for tests. */
  checkInvariants(): void {
    new TreeInvariants(this.records, this.reader, this.digest).check();
  }

  /** A node already at hand. The root stays. */
  private deleteRef(ref: number, zxidHi: number, zxidLo: number): number {
    const { records } = this;
    if (ref === records.root) return ErrorCode.NoNode;
    const parent = records.parentOf(ref);
    for (let leaf = records.leafOf(ref); ; ) {
      const above = records.parentOf(leaf);
      this.removeLeaf(leaf);
      if (leaf === ref) break;
      leaf = records.leafOf(above);
    }
    this.stat.raisePzxid(parent, zxidHi, zxidLo);
    return ErrorCode.Ok;
  }

  private removeLeaf(ref: number): void {
    const { quotas } = this;
    const quotaPathLength = quotas.inForce !== 0 ? quotas.keepPath(ref) : -1;
    if (this.digest !== null) this.digest.discount(ref);
    const dataBytes = this.records.remove(ref);
    if (quotaPathLength >= 0) quotas.onRemoved(quotaPathLength, dataBytes);
  }
}
