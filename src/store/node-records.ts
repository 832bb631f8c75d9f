/**
 * All node records: makes them and frees them, each entered in the path index, its parent's child list and where its kind is
 * indexed, and finds them by path. What a record holds besides (ACL, data) is taken and given back here too, so that nothing
 * of a node outlives it. Owned by the data tree, on its thread; every call that changes something must stand inside a write
 * section. Knows no transaction: stats are node-stat.ts's, quotas and the order of things the tree's.
 *
 *   path --PathHash--> PathIndex --> record --PARENT--> record
 *                                      |  \--CHILDREN--> ChildList
 *                                      |---DATA--> NodeData      |---ACL--> AclCache      \---kind--> KindIndex
 *
 * Invariants outside of the mutators: NODE_COUNT of the control block is the number of records; `byteCount` is the sum of all
 * paths and data, plus 1 for ZooKeeper's second root, "/".
 */
import { AclCache } from './acl-cache.js';
import type { Allocator } from './allocator.js';
import { allocatedBytes } from './allocator.js';
import { ChildList } from './child-list.js';
import { HASH_KEY_HI, HASH_KEY_LO, NODE_COUNT, PATH_BYTES_MAX, ROOT_REF } from './control-layout.js';
import { KindIndex } from './kind-index.js';
import { NodeData } from './node-data.js';
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
  STAT_BYTES,
} from './node-layout.js';
import { PathHash } from './path-hash.js';
import { PathIndex } from './path-index.js';
import { SlabCopier } from './slab-copier.js';
import type { SlabMemory } from './slab-memory.js';
import { SLAB_SHIFT, UNIT_MASK } from './slab-memory.js';

const SLASH = 0x2f;
const NOTHING = new Uint8Array(0);

export class NodeRecords {
  readonly memory: SlabMemory;
  readonly allocator: Allocator;
  readonly index: PathIndex;
  readonly children: ChildList;
  readonly acls: AclCache;
  readonly kinds: KindIndex;
  private readonly control: Int32Array;
  private readonly hash: PathHash;
  private readonly data: NodeData;
  /** Hash of the path looked up last, whose words are in `hash`. */
  private lastHash = 0;
  private rootRef = 0;
  private recordCount = 0;
  private pathAndDataBytes = 0;

  constructor(control: Int32Array, memory: SlabMemory, allocator: Allocator) {
    this.control = control;
    this.memory = memory;
    this.allocator = allocator;
    const copier = new SlabCopier();
    const keyLo = control[HASH_KEY_LO];
    const keyHi = control[HASH_KEY_HI];
    this.hash = new PathHash(keyLo, keyHi);
    this.index = new PathIndex(memory, allocator, control);
    this.acls = new AclCache(memory, allocator, control, new PathHash(keyLo, keyHi), copier);
    this.kinds = new KindIndex(memory, allocator, control);
    this.children = new ChildList(memory, allocator);
    this.data = new NodeData(memory, allocator, control, copier);
  }

  get root(): number {
    return this.rootRef;
  }

  get count(): number {
    return this.recordCount;
  }

  get byteCount(): number {
    return this.pathAndDataBytes;
  }

  /** Empties everything but a bare root, with data of length 0. */
  clear(): void {
    this.allocator.clear();
    this.acls.clear();
    this.index.create();
    this.kinds.create();
    this.recordCount = 0;
    this.pathAndDataBytes = 1;
    this.lastHash = this.hash.hash(NOTHING, 0, 0);
    this.rootRef = this.add(0, 0, 0, 0, NodeKind.persistent, 0, 0);
    this.control[ROOT_REF] = this.rootRef;
    this.storeData(this.rootRef, NOTHING, 0, 0);
  }

  /** The node with this path or 0; `add` may follow. "" and "/": the root. */
  lookUp(path: Uint8Array, offset: number, length: number): number {
    if (length < 0) return 0;
    if (length === 0 || (length === 1 && path[offset] === SLASH)) return this.rootRef;
    this.lastHash = this.hash.hash(path, offset, length);
    return this.index.find(this.lastHash, this.hash.$words, length);
  }

  /** The same for a path that was hashed and packed elsewhere: words[from..), as PathHash does it. */
  lookUpPacked(hash: number, words: Int32Array, from: number, length: number): number {
    this.hash.adopt(words, from, length);
    this.lastHash = hash;
    return this.index.find(hash, this.hash.$words, length);
  }

  /**
   * A record for the path looked up last, which is not there yet; versions, zxids and times 0, data null, ACL open. The caller
   * fills those in. Room for `dataLength` bytes of data is in the record, if they may stand there.
   */
  add(
    pathLength: number,
    nameOffset: number,
    parent: number,
    dataLength: number,
    kind: NodeKind,
    ownerHi: number,
    ownerLo: number,
  ): number {
    const inline = dataLength > 0 && dataLength <= INLINE_BYTES_MAX ? dataLength : 0;
    const byteCount = allocatedBytes(inlineWord(pathLength, kind) * 4 + inline);
    const ref = this.allocator.allocate(byteCount);
    this.writeNew(ref, pathLength, nameOffset, parent, ((byteCount >>> 3) << SHAPE_SHIFT) | kind);
    this.index.insert(this.lastHash, ref);
    // At once, for who reads on this thread inside a section; all others find out that they have read too early.
    this.control[NODE_COUNT] = ++this.recordCount;
    this.pathAndDataBytes += pathLength;
    if (pathLength > this.control[PATH_BYTES_MAX]) this.control[PATH_BYTES_MAX] = pathLength;
    if (parent !== 0) this.children.add(parent, ref);
    this.kinds.enter(ref, kind, ownerHi, ownerLo);
    return ref;
  }

  /** It has no children. Returns how many bytes of data went with it. */
  remove(ref: number): number {
    const words = this.memory.words[ref >>> SLAB_SHIFT];
    const node = (ref & UNIT_MASK) << 1;
    this.kinds.leave(ref);
    this.children.remove(words[node + PARENT], words[node + POSITION]);
    this.index.remove(words[node + HASH], ref);
    const dataBytes = this.data.release(ref);
    const shape = words[node + SHAPE];
    if ((shape & KIND_MASK) !== NodeKind.ephemeral && words[node + CAPACITY] > 0) {
      this.allocator.free(words[node + CHILDREN], words[node + CAPACITY] * 4);
    }
    this.acls.release(words[node + ACL]);
    this.control[NODE_COUNT] = --this.recordCount;
    this.pathAndDataBytes -= words[node + PATH_LENGTH] + dataBytes;
    this.allocator.free(ref, (shape >>> SHAPE_SHIFT) * 8);
    return dataBytes;
  }

  /** The node itself or one below it that has no children: whoever removes that one again and again removes all, from below. */
  leafOf(ref: number): number {
    let leaf = ref;
    for (let count = this.children.count(leaf); count > 0; count = this.children.count(leaf)) {
      leaf = this.children.at(leaf, count - 1);
    }
    return leaf;
  }

  /** length -1: null. Returns by how many bytes the data grew. */
  storeData(ref: number, bytes: Uint8Array, offset: number, length: number): number {
    const difference = this.data.store(ref, bytes, offset, length);
    this.pathAndDataBytes += difference;
    return difference;
  }

  /** The new list is counted before the old one is let go: they may be the same. */
  setAcl(ref: number, acl: Uint8Array | null, offset: number, length: number): void {
    this.setAclRef(ref, this.acls.intern(acl, offset, length));
  }

  /** `aclRef` was counted for this node. */
  setAclRef(ref: number, aclRef: number): void {
    const words = this.memory.words[ref >>> SLAB_SHIFT];
    const node = (ref & UNIT_MASK) << 1;
    const old = words[node + ACL];
    words[node + ACL] = aclRef;
    this.acls.release(old);
  }

  kindOf(ref: number): number {
    return this.memory.words[ref >>> SLAB_SHIFT][((ref & UNIT_MASK) << 1) + SHAPE] & KIND_MASK;
  }

  parentOf(ref: number): number {
    return this.memory.words[ref >>> SLAB_SHIFT][((ref & UNIT_MASK) << 1) + PARENT];
  }

  /** Every word of the record but those of its kind, which follow. */
  private writeNew(ref: number, pathLength: number, nameOffset: number, parent: number, shape: number): void {
    const words = this.memory.words[ref >>> SLAB_SHIFT];
    const node = (ref & UNIT_MASK) << 1;
    words[node + HASH] = this.lastHash;
    words[node + PATH_LENGTH] = pathLength;
    words[node + PARENT] = parent;
    words[node + SHAPE] = shape;
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
    const count = (pathLength + 3) >> 2;
    for (let i = 0; i < count; i++) words[node + PATH + i] = packed[i];
  }
}

/** Where the last component begins; 0 without any slash, so that the parent's length comes out as -1. */
export function nameOffsetOf(path: Uint8Array, offset: number, length: number): number {
  let i = length;
  while (i > 0 && path[offset + i - 1] !== SLASH) i--;
  return i;
}
