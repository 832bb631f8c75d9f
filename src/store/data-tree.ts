/**
 * The data tree: all znodes of the server, in shared memory, and the only thing that may change them. It lives on the
 * thread of the final stage, has exactly one owner there, and is fed by txn-applier.ts and by the snapshot reader.
 * Semantics are those of persistence 3.3 to 3.5 and client-protocol 6.2. It checks no permissions, versions or paths
 * (prep did), touches no files and sends no events.
 *
 * Every mutator must be called between beginWrite and endWrite; how many of them one section covers is the caller's
 * choice (a multi must be one). Paths and data are (bytes, offset, length); 64-bit values are (hi, lo); results are
 * ErrorCode numbers. What a mutator needs beyond its arguments it finds by reference, so it allocates nothing in the
 * JavaScript heap.
 */
import { assert } from '../base/assert.js';
import { compareSigned } from '../base/int64.js';
import { ErrorCode } from '../protocol/error-code.js';
import { AclCache } from './acl-cache.js';
import type { AllocatorStats } from './allocator.js';
import { Allocator, allocatedBytes } from './allocator.js';
import { ChildList, updateWireCversion } from './child-list.js';
import { ContainerIndex } from './container-index.js';
import {
  DATA_BYTES_HI,
  DATA_BYTES_LO,
  DIGEST_KEPT,
  DIGEST_LOG,
  DIGEST_LOG_COUNT,
  DIGEST_LOG_ENTRIES_MAX,
  DIGEST_LOG_ENTRY_WORDS,
  EPHEMERAL_COUNT,
  HASH_KEY_HI,
  HASH_KEY_LO,
  INCARNATION,
  NODE_COUNT,
  PATH_BYTES_MAX,
  ROOT_REF,
  SEQUENCE,
  SLAB_COUNT,
  TREE_DIGEST_HI,
  TREE_DIGEST_LO,
  ZXID_HI,
  ZXID_LO,
} from './control-layout.js';
import { DigestSum } from './digest-sum.js';
import { EphemeralIndex } from './ephemeral-index.js';
import {
  LOAD_DATA_LENGTH,
  LOAD_DIGEST,
  LOAD_HASH,
  LOAD_KIND,
  LOAD_NAME_OFFSET,
  LOAD_OWNER,
  LOAD_PARENT,
  LOAD_PARENT_HASH,
  LOAD_PATH,
  LOAD_PATH_LENGTH,
  LOAD_STAT,
  loadDataWord,
  ParentIs,
} from './load-record.js';
import { inlineRoom, NodeData } from './node-data.js';
import {
  ACL,
  CAPACITY,
  CHILDREN,
  CVERSION,
  DATA,
  DATA_LENGTH,
  DIGEST,
  HASH,
  INLINE_BYTES_MAX,
  inlineWord,
  KIND_MASK,
  NAME_OFFSET,
  NodeKind,
  PARENT,
  PATH,
  PATH_LENGTH,
  POSITION,
  SHAPE,
  SHAPE_SHIFT,
  STAT,
  STAT_AVERSION,
  STAT_BYTES,
  STAT_CHILD_COUNT,
  STAT_CTIME,
  STAT_CVERSION,
  STAT_CZXID,
  STAT_DATA_LENGTH,
  STAT_MTIME,
  STAT_MZXID,
  STAT_OWNER,
  STAT_PZXID,
  STAT_VERSION,
  swapWord,
  tailWord,
} from './node-layout.js';
import { PathHash } from './path-hash.js';
import { PathIndex } from './path-index.js';
import { QuotaAccounts } from './quota-accounts.js';
import { SeqlockWriter } from './seqlock.js';
import { SlabCopier } from './slab-copier.js';
import type { AnnounceSlab } from './slab-memory.js';
import { SLAB_SHIFT, SlabMemory, UNIT_MASK } from './slab-memory.js';
import { TreeDigest } from './tree-digest.js';
import type { TreeMemory } from './tree-memory.js';
import { TreeReader } from './tree-reader.js';

const SLASH = 0x2f;
/** What the paths of all quota nodes have behind their slash. */
const QUOTA_PATH_BYTE = 0x7a;
const NOTHING = new Uint8Array(0);

/** The nodes every tree has (persistence 6.6) as [path, ACL]; of the last the aversion is -1. */
const QUOTA_PATH = ascii('/zookeeper/quota');
const ZOOKEEPER_PATH = ascii('/zookeeper');
const CONFIG_PATH = ascii('/zookeeper/config');
/** vector of one: perms READ, world, anyone. */
const CONFIG_ACL = new Uint8Array([
  0,
  0,
  0,
  1,
  0,
  0,
  0,
  1,
  0,
  0,
  0,
  5,
  ...ascii('world'),
  0,
  0,
  0,
  6,
  ...ascii('anyone'),
]);

export class DataTree {
  /** For this thread only; costs no seqlock. */
  readonly reader: TreeReader;

  private readonly control: Int32Array;
  private readonly lock: SeqlockWriter;
  private readonly memory: SlabMemory;
  private readonly allocator: Allocator;
  private readonly index: PathIndex;
  private readonly hash: PathHash;
  private readonly acls: AclCache;
  private readonly ephemerals: EphemeralIndex;
  private readonly children: ChildList;
  private readonly data: NodeData;
  private readonly quotas: QuotaAccounts;
  private readonly copier = new SlabCopier();
  private readonly containers: ContainerIndex;
  /** Null: digests are off. */
  private readonly digest: TreeDigest | null;
  private ttlNodes = 0;

  /** Hash of the path looked up last. */
  private lastHash = 0;
  private root = 0;
  private nodes = 0;
  private ephemeralNodes = 0;
  /** All path bytes and data bytes, plus 1 for ZooKeeper's second root, "/". */
  private bytesTotal = 0;

  /** Holds the initial tree of persistence 6.6 and last processed zxid 0 when it returns; readers may read from then on. */
  constructor(memory: TreeMemory, announceSlab: AnnounceSlab, keepsDigest = true) {
    const control = new Int32Array(memory.control);
    this.control = control;
    this.lock = new SeqlockWriter(control, SEQUENCE);
    this.memory = new SlabMemory(memory.slab0, null);
    this.allocator = new Allocator(this.memory, (index, slab) => {
      control[SLAB_COUNT] = index + 1;
      announceSlab(index, slab);
    });
    const keyLo = control[HASH_KEY_LO];
    const keyHi = control[HASH_KEY_HI];
    this.hash = new PathHash(keyLo, keyHi);
    this.index = new PathIndex(this.memory, this.allocator, control);
    this.acls = new AclCache(this.memory, this.allocator, control, new PathHash(keyLo, keyHi), this.copier);
    this.ephemerals = new EphemeralIndex(this.memory, this.allocator, control);
    this.containers = new ContainerIndex(this.memory, this.allocator, control);
    this.children = new ChildList(this.memory, this.allocator);
    this.data = new NodeData(this.memory, this.allocator, control, this.copier);
    this.reader = new TreeReader(memory, this.memory);
    this.digest = keepsDigest ? new TreeDigest(this.memory, this.reader) : null;
    control[DIGEST_KEPT] = keepsDigest ? 1 : 0;
    this.quotas = new QuotaAccounts(this.reader, this.children, (ref, data, offset, length) =>
      this.replaceData(ref, data, offset, length),
    );
    this.reset();
    this.endWrite(0, 0);
  }

  beginWrite(): void {
    assert(!this.lock.open, 'write sections do not nest');
    this.lock.begin();
  }

  /** Publishes what the section did; last processed zxid becomes this one unless it was greater already. */
  endWrite(zxidHi: number, zxidLo: number): void {
    assert(this.lock.open, 'no write section to end');
    if (this.quotas.recountDue) this.quotas.recountNew();
    const control = this.control;
    if (compareSigned(zxidHi, zxidLo, control[ZXID_HI], control[ZXID_LO]) > 0) {
      control[ZXID_HI] = zxidHi;
      control[ZXID_LO] = zxidLo;
    }
    if (this.digest !== null) {
      control[TREE_DIGEST_HI] = this.digest.sum.hi;
      control[TREE_DIGEST_LO] = this.digest.sum.lo;
    }
    control[EPHEMERAL_COUNT] = this.ephemeralNodes;
    control[DATA_BYTES_LO] = this.bytesTotal | 0;
    control[DATA_BYTES_HI] = (this.bytesTotal / 0x100000000) | 0;
    this.lock.end();
  }

  /** The root counts once; ZooKeeper's znode_count counts it twice ("" and "/"). */
  get nodeCount(): number {
    return this.nodes;
  }

  /** ZooKeeper's approximate_data_size. */
  get dataBytes(): number {
    return this.bytesTotal;
  }

  get ephemeralCount(): number {
    return this.ephemeralNodes;
  }

  /** Sessions that own ephemerals. */
  get sessionCount(): number {
    return this.ephemerals.sessionCount;
  }

  get aclListCount(): number {
    return this.acls.count;
  }

  /** Nodes whose ACL number was unknown when a snapshot was loaded and that replay has not repaired. */
  get unresolvedAclCount(): number {
    return this.acls.unresolvedCount;
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
    assert(this.lock.open, 'rememberDigest outside a write section');
    const { control } = this;
    const count = control[DIGEST_LOG_COUNT]++;
    const entry = DIGEST_LOG + (count & (DIGEST_LOG_ENTRIES_MAX - 1)) * DIGEST_LOG_ENTRY_WORDS;
    control[entry] = zxidHi;
    control[entry + 1] = zxidLo;
    control[entry + 2] = this.digestHi;
    control[entry + 3] = this.digestLo;
  }

  memoryStats(): AllocatorStats {
    return this.allocator.stats();
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
    assert(this.lock.open, 'create outside a write section');
    const nameOffset = nameOffsetOf(path, pathOff, pathLen);
    // "/" itself: its parent does not exist, but the node does.
    const parent = nameOffset === pathLen && pathLen <= 1 ? this.root : this.lookUp(path, pathOff, nameOffset - 1);
    if (parent === 0) return ErrorCode.NoNode;
    const existing = this.lookUp(path, pathOff, pathLen);
    if (existing !== 0) {
      this.changeAcl(existing, acl, aclOff, aclLen);
      if (existing !== this.root) this.raiseCversion(parent, parentCversion, zxidHi, zxidLo);
      return ErrorCode.NodeExists;
    }
    this.raiseCversion(parent, parentCversion, zxidHi, zxidLo);
    // Only replay over a fuzzy snapshot comes here: the parent is a later incarnation, and a delete of it must follow.
    if (this.kindOf(parent) === NodeKind.ephemeral) return ErrorCode.NoChildrenForEphemerals;
    const ref = this.addNode(pathLen, nameOffset, parent, dataLen, kind, ownerHi, ownerLo);
    const words = this.memory.words[ref >>> SLAB_SHIFT];
    const node = (ref & UNIT_MASK) << 1;
    const hi = swapWord(zxidHi);
    const lo = swapWord(zxidLo);
    words[node + STAT_CZXID] = hi;
    words[node + STAT_CZXID + 1] = lo;
    words[node + STAT_MZXID] = hi;
    words[node + STAT_MZXID + 1] = lo;
    words[node + STAT_PZXID] = hi;
    words[node + STAT_PZXID + 1] = lo;
    words[node + STAT_CTIME] = swapWord(timeHi);
    words[node + STAT_CTIME + 1] = swapWord(timeLo);
    words[node + STAT_MTIME] = words[node + STAT_CTIME];
    words[node + STAT_MTIME + 1] = words[node + STAT_CTIME + 1];
    words[node + ACL] = this.acls.intern(acl, aclOff, aclLen);
    this.bytesTotal += this.data.store(ref, data, dataOff, dataLen);
    if (this.digest !== null) this.digest.count(ref);
    if (path[pathOff + 1] === QUOTA_PATH_BYTE || this.quotas.inForce !== 0) {
      this.quotas.onCreated(path, pathOff, pathLen, dataLen);
    }
    return ErrorCode.Ok;
  }

  /** Whatever stands below goes too: only replay over a fuzzy snapshot meets that, and creates it anew (persistence 3.5). */
  delete(path: Uint8Array, off: number, len: number, zxidHi: number, zxidLo: number): number {
    assert(this.lock.open, 'delete outside a write section');
    const ref = this.lookUp(path, off, len);
    if (ref !== 0) return this.deleteRef(ref, zxidHi, zxidLo);
    const nameOffset = nameOffsetOf(path, off, len);
    const parent = this.lookUp(path, off, nameOffset - 1);
    if (parent !== 0) this.raisePzxid(parent, zxidHi, zxidLo);
    return ErrorCode.NoNode;
  }

  /** The same for a node already at hand. The root stays. */
  deleteRef(ref: number, zxidHi: number, zxidLo: number): number {
    assert(this.lock.open, 'delete outside a write section');
    if (ref === this.root) return ErrorCode.NoNode;
    const parent = this.wordOf(ref, PARENT);
    let leaf = ref;
    for (;;) {
      const count = this.children.count(leaf);
      if (count > 0) {
        leaf = this.children.at(leaf, count - 1);
        continue;
      }
      const above = this.wordOf(leaf, PARENT);
      this.removeLeaf(leaf, above);
      if (leaf === ref) break;
      leaf = above;
    }
    this.raisePzxid(parent, zxidHi, zxidLo);
    return ErrorCode.Ok;
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
    assert(this.lock.open, 'setData outside a write section');
    const ref = this.lookUp(path, off, len);
    if (ref === 0) return ErrorCode.NoNode;
    const difference = this.data.store(ref, data, dataOff, dataLen);
    this.bytesTotal += difference;
    const words = this.memory.words[ref >>> SLAB_SHIFT];
    const node = (ref & UNIT_MASK) << 1;
    words[node + STAT_MZXID] = swapWord(zxidHi);
    words[node + STAT_MZXID + 1] = swapWord(zxidLo);
    words[node + STAT_MTIME] = swapWord(timeHi);
    words[node + STAT_MTIME + 1] = swapWord(timeLo);
    words[node + STAT_VERSION] = swapWord(version);
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
    assert(this.lock.open, 'setAcl outside a write section');
    const ref = this.lookUp(path, off, len);
    if (ref === 0) return ErrorCode.NoNode;
    this.changeAcl(ref, acl, aclOff, aclLen);
    if (this.digest !== null) this.digest.onAversionChanged(ref, swapWord(version) ^ this.wordOf(ref, STAT_AVERSION));
    this.setWord(ref, STAT_AVERSION, swapWord(version));
    return ErrorCode.Ok;
  }

  /** Replaces the data and leaves the stat's versions and times (quota stats nodes, persistence 3.6). */
  replaceData(ref: number, data: Uint8Array, dataOff: number, dataLen: number): void {
    assert(this.lock.open, 'replaceData outside a write section');
    this.bytesTotal += this.data.store(ref, data, dataOff, dataLen);
    if (this.digest !== null) this.digest.count(ref);
  }

  /** True after the create of a quota's stats node, until `recountNewQuota` or the end of the section. */
  get quotaRecountDue(): boolean {
    return this.quotas.recountDue;
  }

  /** Fills the stats node just created, behind whoever wanted its stat as it was sent. */
  recountNewQuota(): void {
    assert(this.lock.open, 'recountNewQuota outside a write section');
    this.quotas.recountNew();
  }

  /** A snapshot was loaded: puts the quotas in force that it holds, and counts their usage anew (client-protocol 8.3). */
  recountQuotas(): void {
    assert(this.lock.open, 'recountQuotas outside a write section');
    this.quotas.recountAll();
  }

  /** An ephemeral of the session, or 0. */
  firstEphemeralOf(sessionHi: number, sessionLo: number): number {
    return this.ephemerals.first(sessionHi, sessionLo);
  }

  /** The visitor may delete the node it is given, and no other. */
  ephemeralsOf(sessionHi: number, sessionLo: number, visit: (ref: number) => void): void {
    for (let ref = this.ephemerals.first(sessionHi, sessionLo); ref !== 0; ) {
      const next = this.reader.nextEphemeral(ref);
      visit(ref);
      ref = next;
    }
  }

  sessionsWithEphemerals(visit: (sessionHi: number, sessionLo: number, count: number) => void): void {
    this.ephemerals.visitSessions(visit);
  }

  get ttlNodeCount(): number {
    return this.ttlNodes;
  }

  /** Empties everything but a bare root, and forgets the last zxid, as before a snapshot is loaded. */
  clear(): void {
    assert(this.lock.open, 'clear outside a write section');
    this.allocator.clear();
    this.acls.clear();
    this.index.create();
    this.ephemerals.create();
    this.containers.create();
    this.ttlNodes = 0;
    this.quotas.clear();
    this.root = 0;
    this.nodes = 0;
    this.ephemeralNodes = 0;
    this.bytesTotal = 1;
    if (this.digest !== null) this.digest.clear();
    this.hash.hash(NOTHING, 0, 0);
    this.root = this.addNode(0, 0, 0, 0, NodeKind.persistent, 0, 0);
    this.control[ROOT_REF] = this.root;
    this.control[ZXID_HI] = 0;
    this.control[ZXID_LO] = 0;
    this.control[INCARNATION]++;
    this.control[DIGEST_LOG_COUNT] = 0;
    this.bytesTotal += this.data.store(this.root, NOTHING, 0, 0);
    if (this.digest !== null) this.digest.count(this.root);
  }

  /** clear() and then the nodes of persistence 6.6. */
  reset(): void {
    this.clear();
    this.createSystemNode(ZOOKEEPER_PATH, null);
    this.createSystemNode(QUOTA_PATH, null);
    const config = this.createSystemNode(CONFIG_PATH, CONFIG_ACL);
    this.setWord(config, STAT_AVERSION, -1);
  }

  /**
   * One node of a snapshot as a load record (load-record.ts), fields exactly as there; `bytes` is the memory of `words`.
   * `before`: the node loaded last. `aclRef` was counted for this node. Returns the node, or 0 when its parent is unknown or
   * may have no children: the file is to be rejected. A path that exists (the root always does, and a fuzzy file may repeat
   * one) is overwritten.
   */
  loadRecord(words: Int32Array, bytes: Uint8Array, at: number, before: number, aclRef: number): number {
    assert(this.lock.open, 'loadRecord outside a write section');
    const pathLength = words[at + LOAD_PATH_LENGTH];
    const dataLength = words[at + LOAD_DATA_LENGTH];
    const ref = this.placeRecord(words, at, pathLength, dataLength, before);
    if (ref === 0) return 0;
    const own = this.memory.words[ref >>> SLAB_SHIFT];
    const node = (ref & UNIT_MASK) << 1;
    const stat = at + LOAD_STAT;
    for (let i = 0; i < 9; i++) own[node + STAT + i] = words[stat + i];
    own[node + CVERSION] = swapWord(words[stat + 9]);
    updateWireCversion(own, node);
    own[node + STAT_AVERSION] = words[stat + 10];
    own[node + STAT_PZXID] = words[stat + 13];
    own[node + STAT_PZXID + 1] = words[stat + 14];
    const oldAcl = own[node + ACL];
    own[node + ACL] = aclRef;
    this.acls.release(oldAcl);
    this.bytesTotal += this.data.store(ref, bytes, (at + loadDataWord(pathLength)) * 4, dataLength);
    if (this.digest !== null) {
      // The root has no owner, whatever the record says.
      if (ref === this.root) this.digest.count(ref);
      else this.digest.take(ref, words[at + LOAD_DIGEST]);
    }
    return ref;
  }

  /** The node of the record, found or made; 0: it can have no place. */
  private placeRecord(words: Int32Array, at: number, pathLength: number, dataLength: number, before: number): number {
    const nameOffset = words[at + LOAD_NAME_OFFSET];
    // "" and "/"; without a slash there is no parent.
    if (nameOffset === pathLength && pathLength <= 1) return this.root;
    if (nameOffset === 0) return 0;
    const parent = this.parentOfRecord(words, at, nameOffset, before);
    this.hash.adopt(words, at + LOAD_PATH, pathLength);
    this.lastHash = words[at + LOAD_HASH];
    const kind = words[at + LOAD_KIND] as NodeKind;
    const ownerHi = words[at + LOAD_OWNER];
    const ownerLo = words[at + LOAD_OWNER + 1];
    const found = this.index.find(this.lastHash, this.hash.$words, pathLength);
    if (found !== 0) return this.changeKind(found, dataLength, kind, ownerHi, ownerLo);
    if (parent === 0 || this.kindOf(parent) === NodeKind.ephemeral) return 0;
    return this.addNode(pathLength, nameOffset, parent, dataLength, kind, ownerHi, ownerLo);
  }

  private parentOfRecord(words: Int32Array, at: number, nameOffset: number, before: number): number {
    if (nameOffset === 1) return this.root;
    if (words[at + LOAD_PARENT] === ParentIs.nodeBefore) return before;
    if (words[at + LOAD_PARENT] === ParentIs.parentOfBefore) return this.wordOf(before, PARENT);
    this.hash.adopt(words, at + LOAD_PATH, nameOffset - 1);
    return this.index.find(words[at + LOAD_PARENT_HASH], this.hash.$words, nameOffset - 1);
  }

  /** For whoever makes load records. */
  get loadTarget(): { readonly hashKeyLo: number; readonly hashKeyHi: number; readonly keepsDigest: boolean } {
    const { control } = this;
    return { hashKeyLo: control[HASH_KEY_LO], hashKeyHi: control[HASH_KEY_HI], keepsDigest: this.keepsDigest };
  }

  /** So many nodes are to be expected in all; a guess, which costs memory when it is too high. */
  reserve(nodeCount: number): void {
    assert(this.lock.open, 'reserve outside a write section');
    this.index.reserve(nodeCount);
  }

  /** The list's place, counted for a node that loadRecord is to give it to; of no bytes: "unresolved". */
  internAcl(list: Uint8Array): number {
    return this.acls.intern(list, 0, list.length);
  }

  countAcl(aclRef: number): void {
    this.acls.retain(aclRef);
  }

  /** Grows when a list of ACLs goes, for those who keep places of lists. */
  get aclListsForgotten(): number {
    return this.acls.forgotten;
  }

  /** Compares every structure with every other; for tests. */
  checkInvariants(): void {
    this.allocator.checkInvariants();
    assert(this.index.checkInvariants() === this.nodes, 'the index holds another number of nodes');
    const seen = { nodes: 0, bytes: 1, ephemerals: 0, containers: 0, ttlNodes: 0 };
    const digestSum = new DigestSum();
    const stack = [this.root];
    for (let ref = stack.pop(); ref !== undefined; ref = stack.pop()) {
      const words = this.memory.words[ref >>> SLAB_SHIFT];
      const node = (ref & UNIT_MASK) << 1;
      const kind = words[node + SHAPE] & KIND_MASK;
      const dataLength = words[node + DATA_LENGTH];
      seen.nodes++;
      if (this.digest !== null) {
        assert(words[node + DIGEST] === this.digest.valueOf(ref), 'a node counts wrongly in the tree digest');
        digestSum.add(words[node + DIGEST]);
      }
      seen.bytes += words[node + PATH_LENGTH] + Math.max(0, dataLength);
      if (kind === NodeKind.ephemeral) seen.ephemerals++;
      if (kind === NodeKind.container) seen.containers++;
      if (kind === NodeKind.ttl) seen.ttlNodes++;
      const room = inlineRoom(words, node);
      assert((words[node + DATA] === 0) === dataLength <= room, 'data is not where its length says');
      assert(swapWord(words[node + STAT_DATA_LENGTH]) === Math.max(0, dataLength), 'wire dataLength is wrong');
      const count = swapWord(words[node + STAT_CHILD_COUNT]);
      assert(
        swapWord(words[node + STAT_CVERSION]) === ((2 * words[node + CVERSION] - count) | 0),
        'wire cversion is wrong',
      );
      assert(kind === NodeKind.ephemeral || count <= words[node + CAPACITY], 'more children than room');
      assert(count === 0 || kind !== NodeKind.ephemeral, 'an ephemeral with children');
      for (let i = 0; i < count; i++) {
        const child = this.children.at(ref, i);
        assert(
          this.wordOf(child, PARENT) === ref && this.wordOf(child, POSITION) === i,
          'a child does not know its place',
        );
        stack.push(child);
      }
    }
    assert(
      digestSum.hi === this.digestHi && digestSum.lo === this.digestLo,
      'the tree digest is not the sum of its nodes',
    );
    assert(seen.nodes === this.nodes, 'nodes miscounted');
    assert(seen.bytes === this.bytesTotal, 'data bytes miscounted');
    assert(seen.ephemerals === this.ephemeralNodes, 'ephemerals miscounted');
    assert(seen.containers + seen.ttlNodes === this.containers.count, 'containers miscounted');
    assert(seen.ttlNodes === this.ttlNodes, 'TTL nodes miscounted');
    for (let place = 0; place < this.containers.count; place++) {
      const ref = this.containers.at(place);
      assert(this.containers.placeOf(ref) === place, 'a container does not know its place');
      const kind = this.kindOf(ref);
      assert(kind === NodeKind.container || kind === NodeKind.ttl, 'a node in the container index is none');
    }
    let indexed = 0;
    this.ephemerals.visitSessions((hi, lo, count) => {
      let listed = 0;
      this.ephemeralsOf(hi, lo, (ref) => {
        assert(this.reader.ownerHi(ref) === hi && this.reader.ownerLo(ref) === lo, 'an ephemeral in a wrong list');
        listed++;
      });
      assert(listed === count && count > 0, 'ephemerals of a session miscounted');
      indexed += listed;
    });
    assert(indexed === this.ephemeralNodes, 'an ephemeral is in no list');
  }

  /** The node with this path or 0; leaves the path in this.hash.$words. "" and "/": the root. */
  private lookUp(path: Uint8Array, offset: number, length: number): number {
    if (length < 0) return 0;
    if (length === 0 || (length === 1 && path[offset] === SLASH)) return this.root;
    this.lastHash = this.hash.hash(path, offset, length);
    return this.index.find(this.lastHash, this.hash.$words, length);
  }

  /**
   * A record for the path hashed last, in the index and in its parent's list; versions, zxids and times 0, data null,
   * ACL open. The caller fills those in.
   */
  private addNode(
    pathLen: number,
    nameOffset: number,
    parent: number,
    dataLen: number,
    kind: NodeKind,
    ownerHi: number,
    ownerLo: number,
  ): number {
    const hash = parent === 0 ? this.hash.hash(NOTHING, 0, 0) : this.lastHash;
    const inline = dataLen > 0 && dataLen <= INLINE_BYTES_MAX ? dataLen : 0;
    const byteCount = allocatedBytes(inlineWord(pathLen, kind) * 4 + inline);
    const ref = this.allocator.allocate(byteCount);
    const words = this.memory.words[ref >>> SLAB_SHIFT];
    const node = (ref & UNIT_MASK) << 1;
    words[node + HASH] = hash;
    words[node + PATH_LENGTH] = pathLen;
    words[node + PARENT] = parent;
    words[node + SHAPE] = ((byteCount >>> 3) << SHAPE_SHIFT) | kind;
    words[node + DATA] = 0;
    words[node + DATA_LENGTH] = -1;
    words[node + ACL] = 0;
    words[node + POSITION] = 0;
    words[node + CHILDREN] = 0;
    words[node + CAPACITY] = 0;
    words[node + CVERSION] = 0;
    words[node + DIGEST] = 0;
    for (let i = node + STAT; i < node + STAT + STAT_BYTES / 4; i++) words[i] = 0;
    words[node + NAME_OFFSET] = nameOffset;
    const packed = this.hash.$words;
    const count = (pathLen + 3) >> 2;
    for (let i = 0; i < count; i++) words[node + PATH + i] = packed[i];
    this.index.insert(hash, ref);
    // At once, for who reads on this thread inside a section; all others find out that they have read too early.
    this.control[NODE_COUNT] = ++this.nodes;
    this.bytesTotal += pathLen;
    if (pathLen > this.control[PATH_BYTES_MAX]) this.control[PATH_BYTES_MAX] = pathLen;
    if (parent !== 0) this.children.add(parent, ref);
    this.enterKind(ref, kind, ownerHi, ownerLo);
    return ref;
  }

  /** Stores the owner and enters the node where its kind is indexed. The record has room for it. */
  private enterKind(ref: number, kind: NodeKind, ownerHi: number, ownerLo: number): void {
    const words = this.memory.words[ref >>> SLAB_SHIFT];
    const node = (ref & UNIT_MASK) << 1;
    if (kind === NodeKind.ephemeral) {
      words[node + STAT_OWNER] = swapWord(ownerHi);
      words[node + STAT_OWNER + 1] = swapWord(ownerLo);
      this.ephemerals.add(ref);
      this.ephemeralNodes++;
    } else if (kind === NodeKind.container) {
      this.containers.add(ref);
    } else if (kind === NodeKind.ttl) {
      const owner = node + tailWord(words[node + PATH_LENGTH]);
      words[owner] = ownerHi;
      words[owner + 1] = ownerLo;
      this.containers.add(ref);
      this.ttlNodes++;
    }
  }

  private leaveKind(ref: number): void {
    const kind = this.kindOf(ref);
    if (kind === NodeKind.ephemeral) {
      this.ephemerals.remove(ref);
      this.ephemeralNodes--;
    } else if (kind === NodeKind.container) {
      this.containers.remove(ref);
    } else if (kind === NodeKind.ttl) {
      this.containers.remove(ref);
      this.ttlNodes--;
    }
  }

  /**
   * A snapshot repeats a path with another kind or owner. A TTL record has another size, so the node is made anew; what
   * it had below it in the file's order is gone then, as it was when the second incarnation was written.
   */
  private changeKind(ref: number, dataLen: number, kind: NodeKind, ownerHi: number, ownerLo: number): number {
    const reader = this.reader;
    if (reader.kind(ref) === kind && reader.storedOwnerHi(ref) === ownerHi && reader.storedOwnerLo(ref) === ownerLo) {
      return ref;
    }
    const pathLen = this.wordOf(ref, PATH_LENGTH);
    const nameOffset = this.wordOf(ref, NAME_OFFSET);
    const parent = this.wordOf(ref, PARENT);
    const path = new Uint8Array(pathLen);
    reader.copyPath(ref, path, 0);
    this.deleteRef(ref, 0, 0);
    this.lastHash = this.hash.hash(path, 0, pathLen);
    return this.addNode(pathLen, nameOffset, parent, dataLen, kind, ownerHi, ownerLo);
  }

  private removeLeaf(ref: number, parent: number): void {
    const words = this.memory.words[ref >>> SLAB_SHIFT];
    const node = (ref & UNIT_MASK) << 1;
    const quotaPathLength = this.quotas.inForce !== 0 ? this.quotas.keepPath(ref) : -1;
    if (this.digest !== null) this.digest.discount(ref);
    this.leaveKind(ref);
    this.children.remove(parent, words[node + POSITION]);
    this.index.remove(words[node + HASH], ref);
    const dataBytes = this.data.release(ref);
    this.bytesTotal -= dataBytes;
    const kind = words[node + SHAPE] & KIND_MASK;
    if (kind !== NodeKind.ephemeral && words[node + CAPACITY] > 0) {
      this.allocator.free(words[node + CHILDREN], words[node + CAPACITY] * 4);
    }
    this.acls.release(words[node + ACL]);
    const pathLen = words[node + PATH_LENGTH];
    this.control[NODE_COUNT] = --this.nodes;
    this.bytesTotal -= pathLen;
    this.allocator.free(ref, (words[node + SHAPE] >>> SHAPE_SHIFT) * 8);
    if (quotaPathLength >= 0) this.quotas.onRemoved(quotaPathLength, dataBytes);
  }

  /** The new list is counted before the old one is let go: they may be the same. */
  private changeAcl(ref: number, acl: Uint8Array | null, aclOff: number, aclLen: number): void {
    const old = this.wordOf(ref, ACL);
    this.setWord(ref, ACL, this.acls.intern(acl, aclOff, aclLen));
    this.acls.release(old);
  }

  /** Step 3 of create: cversion and pzxid of the parent move together, and only upward. */
  private raiseCversion(parent: number, parentCversion: number, zxidHi: number, zxidLo: number): void {
    const words = this.memory.words[parent >>> SLAB_SHIFT];
    const node = (parent & UNIT_MASK) << 1;
    const stored = words[node + CVERSION];
    const cversion = parentCversion === -1 ? (stored + 1) | 0 : parentCversion;
    if (cversion <= stored) return;
    const hi = swapWord(zxidHi);
    const lo = swapWord(zxidLo);
    if (this.digest !== null) {
      const versions = swapWord(cversion ^ stored);
      this.digest.onParentChanged(parent, versions, hi ^ words[node + STAT_PZXID], lo ^ words[node + STAT_PZXID + 1]);
    }
    words[node + CVERSION] = cversion;
    words[node + STAT_PZXID] = hi;
    words[node + STAT_PZXID + 1] = lo;
    updateWireCversion(words, node);
  }

  private raisePzxid(ref: number, zxidHi: number, zxidLo: number): void {
    const words = this.memory.words[ref >>> SLAB_SHIFT];
    const node = (ref & UNIT_MASK) << 1;
    const hi = swapWord(words[node + STAT_PZXID]);
    const lo = swapWord(words[node + STAT_PZXID + 1]);
    if (compareSigned(zxidHi, zxidLo, hi, lo) <= 0) return;
    if (this.digest !== null) {
      this.digest.onParentChanged(ref, 0, swapWord(zxidHi ^ hi), swapWord(zxidLo ^ lo));
    }
    words[node + STAT_PZXID] = swapWord(zxidHi);
    words[node + STAT_PZXID + 1] = swapWord(zxidLo);
  }

  /** All zeros but the aversion, and without a trace in its parent. */
  private createSystemNode(path: Uint8Array, acl: Uint8Array | null): number {
    const nameOffset = nameOffsetOf(path, 0, path.length);
    const parent = this.lookUp(path, 0, nameOffset - 1);
    this.lookUp(path, 0, path.length);
    const ref = this.addNode(path.length, nameOffset, parent, 0, NodeKind.persistent, 0, 0);
    this.changeAcl(ref, acl, 0, acl === null ? -1 : acl.length);
    this.bytesTotal += this.data.store(ref, NOTHING, 0, 0);
    if (this.digest !== null) this.digest.count(ref);
    return ref;
  }

  private kindOf(ref: number): number {
    return this.wordOf(ref, SHAPE) & KIND_MASK;
  }

  private wordOf(ref: number, word: number): number {
    return this.memory.words[ref >>> SLAB_SHIFT][((ref & UNIT_MASK) << 1) + word];
  }

  private setWord(ref: number, word: number, value: number): void {
    this.memory.words[ref >>> SLAB_SHIFT][((ref & UNIT_MASK) << 1) + word] = value;
  }
}

/** Where the last component begins; 0 without any slash, so that the parent's length comes out as -1. */
function nameOffsetOf(path: Uint8Array, offset: number, length: number): number {
  let i = length;
  while (i > 0 && path[offset + i - 1] !== SLASH) i--;
  return i;
}

function ascii(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}
