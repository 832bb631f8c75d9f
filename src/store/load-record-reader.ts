/**
 * Takes load records (load-record.ts) into the tree: the other end of persistence's LoadRecordWriter. Fields come exactly as a
 * snapshot has them, and no transaction's rule is asked; quotas are counted when all is loaded. Part of the data tree, on its
 * thread; every call must stand inside a write section.
 */
import { assert } from '../base/assert.js';
import { updateWireCversion } from './child-list.js';
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
import { CVERSION, NodeKind, STAT, STAT_AVERSION, STAT_PZXID, swapWord } from './node-layout.js';
import { type NodeRecords, nameOffsetOf } from './node-records.js';
import { SLAB_SHIFT, UNIT_MASK } from './slab-memory.js';
import type { TreeDigest } from './tree-digest.js';
import type { TreeReader } from './tree-reader.js';
import type { WriteSection } from './write-section.js';

/** czxid, mzxid, ctime, mtime and version stand in a StatPersisted as in the wire Stat; these behind them do not. */
const STAT_WORDS_ALIKE = 9;
const LOAD_CVERSION = LOAD_STAT + 9;
const LOAD_AVERSION = LOAD_STAT + 10;
const LOAD_PZXID = LOAD_STAT + 13;

export class LoadRecordReader {
  private readonly section: WriteSection;
  private readonly records: NodeRecords;
  private readonly reader: TreeReader;
  /** Null: digests are off. */
  private readonly digest: TreeDigest | null;

  /** The reader is the tree's own. */
  constructor(section: WriteSection, records: NodeRecords, reader: TreeReader, digest: TreeDigest | null) {
    this.section = section;
    this.records = records;
    this.reader = reader;
    this.digest = digest;
  }

  /**
   * One node, fields exactly as in words[at..); `bytes` is the memory of `words`. `before`: the node loaded last. `aclRef` was
   * counted for this node. Returns the node, or 0 when its parent is unknown or may have no children: the file is to be rejected.
   * A path that exists (the root always does, and a fuzzy file may repeat one) is overwritten.
   */
  load(words: Int32Array, bytes: Uint8Array, at: number, before: number, aclRef: number): number {
    assert(this.section.isOpen, 'a load record outside a write section');
    const { records } = this;
    const pathLength = words[at + LOAD_PATH_LENGTH];
    const dataLength = words[at + LOAD_DATA_LENGTH];
    const ref = this.place(words, at, pathLength, dataLength, before);
    if (ref === 0) return 0;
    this.takeStat(ref, words, at);
    records.setAclRef(ref, aclRef);
    records.storeData(ref, bytes, (at + loadDataWord(pathLength)) * 4, dataLength);
    if (this.digest !== null) {
      // The root has no owner, whatever the record says.
      if (ref === records.root) this.digest.count(ref);
      else this.digest.take(ref, words[at + LOAD_DIGEST]);
    }
    return ref;
  }

  /** So many nodes are to be expected in all; a guess, which costs memory when it is too high. */
  reserve(nodeCount: number): void {
    assert(this.section.isOpen, 'reserve outside a write section');
    this.records.index.reserve(nodeCount);
  }

  /** The list's place, counted for a node that `load` is to give it to; of no bytes: "unresolved". */
  internAcl(list: Uint8Array): number {
    return this.records.acls.intern(list, 0, list.length);
  }

  countAcl(aclRef: number): void {
    this.records.acls.retain(aclRef);
  }

  /** Grows when a list of ACLs goes, for those who keep places of lists. */
  get aclListsForgotten(): number {
    return this.records.acls.forgotten;
  }

  private takeStat(ref: number, words: Int32Array, at: number): void {
    const own = this.records.memory.words[ref >>> SLAB_SHIFT];
    const node = (ref & UNIT_MASK) << 1;
    for (let i = 0; i < STAT_WORDS_ALIKE; i++) own[node + STAT + i] = words[at + LOAD_STAT + i];
    own[node + CVERSION] = swapWord(words[at + LOAD_CVERSION]);
    updateWireCversion(own, node);
    own[node + STAT_AVERSION] = words[at + LOAD_AVERSION];
    own[node + STAT_PZXID] = words[at + LOAD_PZXID];
    own[node + STAT_PZXID + 1] = words[at + LOAD_PZXID + 1];
  }

  /** The node of the record, found or made; 0: it can have no place. */
  private place(words: Int32Array, at: number, pathLength: number, dataLength: number, before: number): number {
    const { records } = this;
    const nameOffset = words[at + LOAD_NAME_OFFSET];
    // "" and "/"; without a slash there is no parent.
    if (nameOffset === pathLength && pathLength <= 1) return records.root;
    if (nameOffset === 0) return 0;
    const parent = this.parentOf(words, at, nameOffset, before);
    const kind = words[at + LOAD_KIND] as NodeKind;
    const ownerHi = words[at + LOAD_OWNER];
    const ownerLo = words[at + LOAD_OWNER + 1];
    const found = records.lookUpPacked(words[at + LOAD_HASH], words, at + LOAD_PATH, pathLength);
    if (found !== 0) return this.changeKind(found, dataLength, kind, ownerHi, ownerLo);
    if (parent === 0 || records.kindOf(parent) === NodeKind.ephemeral) return 0;
    return records.add(pathLength, nameOffset, parent, dataLength, kind, ownerHi, ownerLo);
  }

  private parentOf(words: Int32Array, at: number, nameOffset: number, before: number): number {
    const { records } = this;
    if (nameOffset === 1) return records.root;
    if (words[at + LOAD_PARENT] === ParentIs.nodeBefore) return before;
    if (words[at + LOAD_PARENT] === ParentIs.parentOfBefore) return records.parentOf(before);
    return records.lookUpPacked(words[at + LOAD_PARENT_HASH], words, at + LOAD_PATH, nameOffset - 1);
  }

  /**
   * A snapshot repeats a path with another kind or owner. A TTL record has another size, so the node is made anew; what
   * it had below it in the file's order is gone then, as it was when the second incarnation was written.
   */
  private changeKind(ref: number, dataLength: number, kind: NodeKind, ownerHi: number, ownerLo: number): number {
    const { reader, records } = this;
    if (reader.kind(ref) === kind && reader.storedOwnerHi(ref) === ownerHi && reader.storedOwnerLo(ref) === ownerLo) {
      return ref;
    }
    const path = new Uint8Array(reader.pathLength(ref));
    reader.copyPath(ref, path, 0);
    const parent = records.parentOf(ref);
    for (let leaf = 0; leaf !== ref; ) {
      leaf = records.leafOf(ref);
      if (this.digest !== null) this.digest.discount(leaf);
      records.remove(leaf);
    }
    records.lookUp(path, 0, path.length);
    const nameOffset = nameOffsetOf(path, 0, path.length);
    return records.add(path.length, nameOffset, parent, dataLength, kind, ownerHi, ownerLo);
  }
}
