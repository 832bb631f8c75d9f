/**
 * Reads the data tree in place: the only way to look at a znode. One per thread. On the writer's own thread
 * (`DataTree.reader`) it needs no seqlock; on any other thread whatever is read between begin and valid may be garbage.
 *
 *   const sequence = reader.begin();            // -1: ask later, or let the final stage answer
 *   const ref = reader.find(path, 0, length);
 *   ... lengths, then reader.valid(sequence) before anything is claimed by those lengths ...
 *   ... copies ...
 *   if (!reader.valid(sequence)) try again
 *
 * It must survive garbage: never throws, never loops without limit, never writes outside the room it was given. Lengths
 * are cut to the longest ever stored; copies to the end of `out` (pass `length` where less room than that was claimed).
 * A reference must never be kept beyond valid(); it may be another object a moment later.
 */
import { ACL_BYTES, ACL_LENGTH, ACL_SERIAL, OPEN_ACL } from './acl-cache.js';
import {
  ACL_BYTES_MAX,
  CONTAINER_COUNT,
  CONTAINERS_REF,
  DATA_BYTES_HI,
  DATA_BYTES_LO,
  DATA_BYTES_MAX,
  DIGEST_KEPT,
  DIGEST_LOG,
  DIGEST_LOG_COUNT,
  DIGEST_LOG_ENTRIES_MAX,
  DIGEST_LOG_ENTRY_WORDS,
  DIRECTORY_BITS,
  DIRECTORY_REF,
  EPHEMERAL_COUNT,
  HASH_KEY_HI,
  HASH_KEY_LO,
  INCARNATION,
  NODE_COUNT,
  PATH_BYTES_MAX,
  ROOT_REF,
  SEQUENCE,
  SESSION_COUNT,
  SESSIONS_CAPACITY,
  SESSIONS_REF,
  SLAB_COUNT,
  TREE_DIGEST_HI,
  TREE_DIGEST_LO,
  ZXID_HI,
  ZXID_LO,
} from './control-layout.js';
import { SESSION_ENTRY_WORDS, SESSION_HEAD, SESSION_NODE_COUNT, sessionSlot } from './ephemeral-index.js';
import {
  DIGEST_AVERSION,
  DIGEST_CTIME,
  DIGEST_CVERSION,
  DIGEST_CZXID,
  DIGEST_MTIME,
  DIGEST_MZXID,
  DIGEST_OWNER,
  DIGEST_PZXID,
  DIGEST_VERSION,
} from './node-digest.js';
import {
  ACL,
  CHILDREN,
  CVERSION,
  DATA,
  DATA_LENGTH,
  DIGEST,
  inlineWord,
  KIND_MASK,
  NAME_OFFSET,
  NEXT,
  NodeKind,
  PARENT,
  PATH,
  PATH_BYTE,
  PATH_LENGTH,
  POSITION,
  SHAPE,
  STAT,
  STAT_AVERSION,
  STAT_BYTES,
  STAT_CHILD_COUNT,
  STAT_CTIME,
  STAT_CVERSION,
  STAT_CZXID,
  STAT_MTIME,
  STAT_MZXID,
  STAT_OWNER,
  STAT_PZXID,
  STAT_VERSION,
  swapWord,
  tailWord,
} from './node-layout.js';
import { PathHash } from './path-hash.js';
import { DIRECTORY_BITS_MAX, SLOT_MASK } from './path-index.js';
import { SeqlockReader } from './seqlock.js';
import { SlabCopier } from './slab-copier.js';
import type { SlabSource } from './slab-memory.js';
import { SLAB_SHIFT, SlabMemory, UNIT_MASK, VOID_WORDS } from './slab-memory.js';
import type { TreeMemory } from './tree-memory.js';

/** Long loops over children look at the sequence word every so often, to drop a torn read early. */
const CHILDREN_PER_LOOK = 1024;
const SLASH = 0x2f;
const CONTAINER_OWNER_HI = 0x80000000 | 0;

export class TreeReader {
  private readonly control: Int32Array;
  private readonly memory: SlabMemory;
  private readonly slabs: Int32Array[];
  /** null on the writer's own thread, where nothing can change under a reader. */
  private readonly lock: SeqlockReader | null;
  /**
   * A reference led into a slab that this thread does not have. It may have been garbage; but a new slab is announced by
   * another way than its references, so the tree may be whole and the slab late: then what was read is not an answer.
   */
  private slabMissed = false;
  private readonly hash: PathHash;
  private readonly copier = new SlabCopier();

  /** A guarded reader for a thread that is not the writer's. */
  constructor(memory: TreeMemory, source: SlabSource);
  /** The writer's own one, over the writer's view of the slabs. */
  constructor(memory: TreeMemory, slabs: SlabMemory);
  constructor(memory: TreeMemory, slabs: SlabSource | SlabMemory) {
    this.control = new Int32Array(memory.control);
    const own = slabs instanceof SlabMemory;
    this.memory = own ? slabs : new SlabMemory(memory.slab0, slabs);
    this.slabs = this.memory.words;
    this.lock = own ? null : new SeqlockReader(this.control, SEQUENCE);
    this.hash = this.newPathHash();
  }

  /** A hash under the tree's secret key, with scratch of its own: for tables of paths beside the tree. */
  newPathHash(): PathHash {
    return new PathHash(this.control[HASH_KEY_LO], this.control[HASH_KEY_HI]);
  }

  /** An even sequence, or -1 when the writer stayed inside its section for the whole (bounded) spin. */
  begin(): number {
    this.slabMissed = false;
    return this.lock === null ? 0 : this.lock.begin();
  }

  /** True when nothing was written since begin, and nothing led into a slab that has not arrived here yet. */
  valid(sequence: number): boolean {
    return this.lock === null || (!this.slabMissed && this.lock.valid(sequence));
  }

  /** The last processed zxid. */
  zxidHi(): number {
    return this.control[ZXID_HI];
  }

  zxidLo(): number {
    return this.control[ZXID_LO];
  }

  /** False: digests are off. */
  keepsDigest(): boolean {
    return this.control[DIGEST_KEPT] !== 0;
  }

  /** The tree digest after the last processed zxid; 0 with digests off. */
  treeDigestHi(): number {
    return this.control[TREE_DIGEST_HI];
  }

  treeDigestLo(): number {
    return this.control[TREE_DIGEST_LO];
  }

  /** The digest log into out, oldest entry first: zxid hi, lo, digest hi, lo. Returns the number of entries. */
  copyDigestLog(out: Int32Array): number {
    const { control } = this;
    const end = control[DIGEST_LOG_COUNT];
    const count = bounded(end, DIGEST_LOG_ENTRIES_MAX);
    for (let i = 0; i < count; i++) {
      const entry = DIGEST_LOG + ((end - count + i) & (DIGEST_LOG_ENTRIES_MAX - 1)) * DIGEST_LOG_ENTRY_WORDS;
      for (let word = 0; word < DIGEST_LOG_ENTRY_WORDS; word++) {
        out[i * DIGEST_LOG_ENTRY_WORDS + word] = control[entry + word];
      }
    }
    return count;
  }

  /** Grows with every clear(): references and cursors from before are worthless. */
  incarnation(): number {
    return this.control[INCARNATION];
  }

  /** The root once; ZooKeeper's znode_count counts it twice. */
  nodeCount(): number {
    return this.control[NODE_COUNT];
  }

  /** ZooKeeper's approximate_data_size: bytes of all paths and data. */
  dataBytes(): number {
    return this.control[DATA_BYTES_HI] * 0x100000000 + (this.control[DATA_BYTES_LO] >>> 0);
  }

  ephemeralCount(): number {
    return this.control[EPHEMERAL_COUNT];
  }

  /** Sessions that own ephemerals. */
  sessionCount(): number {
    return this.control[SESSION_COUNT];
  }

  /** The node's ref, or 0. "" and "/" are both the root (whose own path has length 0). */
  find(path: Uint8Array, offset: number, length: number): number {
    if (length <= 1 && (length <= 0 || path[offset] === SLASH)) return this.control[ROOT_REF];
    const hash = this.hash.hash(path, offset, length);
    const bits = this.control[DIRECTORY_BITS];
    if (bits <= 0 || bits > DIRECTORY_BITS_MAX) return 0;
    const directory = this.control[DIRECTORY_REF];
    const segment = this.slab(directory)[((directory & UNIT_MASK) << 1) + (hash >>> (32 - bits))] | 0;
    const slots = this.slab(segment);
    const base = (segment & UNIT_MASK) << 1;
    let slot = hash & SLOT_MASK;
    for (let probe = 0; probe <= SLOT_MASK; probe++) {
      const ref = slots[base + (slot << 1) + 1] | 0;
      if (ref === 0) return 0;
      if (slots[base + (slot << 1)] === hash && this.hasPath(ref, length)) return ref;
      slot = (slot + 1) & SLOT_MASK;
    }
    return 0;
  }

  pathLength(ref: number): number {
    return bounded(this.word(ref, PATH_LENGTH), this.control[PATH_BYTES_MAX]);
  }

  nameLength(ref: number): number {
    const words = this.slab(ref);
    const node = (ref & UNIT_MASK) << 1;
    return bounded((words[node + PATH_LENGTH] | 0) - (words[node + NAME_OFFSET] | 0), this.control[PATH_BYTES_MAX]);
  }

  parent(ref: number): number {
    return this.word(ref, PARENT);
  }

  kind(ref: number): NodeKind {
    return (this.word(ref, SHAPE) & KIND_MASK) as NodeKind;
  }

  /** -1 = null data. */
  dataLength(ref: number): number {
    const length = this.word(ref, DATA_LENGTH);
    return length < 0 ? -1 : Math.min(length, this.control[DATA_BYTES_MAX]);
  }

  /** 0 = open (world:anyone:31). */
  aclRef(ref: number): number {
    return this.word(ref, ACL);
  }

  /** What the node counts in the tree digest; 0 with digests off. */
  digestWord(ref: number): number {
    return this.word(ref, DIGEST);
  }

  /** The stat as the tree digest takes it (node-digest.ts). */
  copyDigestStat(ref: number, out: Int32Array): void {
    const words = this.slab(ref);
    const node = (ref & UNIT_MASK) << 1;
    out[DIGEST_CZXID] = words[node + STAT_CZXID];
    out[DIGEST_CZXID + 1] = words[node + STAT_CZXID + 1];
    out[DIGEST_MZXID] = words[node + STAT_MZXID];
    out[DIGEST_MZXID + 1] = words[node + STAT_MZXID + 1];
    out[DIGEST_PZXID] = words[node + STAT_PZXID];
    out[DIGEST_PZXID + 1] = words[node + STAT_PZXID + 1];
    out[DIGEST_CTIME] = words[node + STAT_CTIME];
    out[DIGEST_CTIME + 1] = words[node + STAT_CTIME + 1];
    out[DIGEST_MTIME] = words[node + STAT_MTIME];
    out[DIGEST_MTIME + 1] = words[node + STAT_MTIME + 1];
    out[DIGEST_VERSION] = words[node + STAT_VERSION];
    out[DIGEST_CVERSION] = swapWord(words[node + CVERSION]);
    out[DIGEST_AVERSION] = words[node + STAT_AVERSION];
    out[DIGEST_OWNER] = words[node + STAT_OWNER];
    out[DIGEST_OWNER + 1] = words[node + STAT_OWNER + 1];
    const kind = words[node + SHAPE] & KIND_MASK;
    if (kind === NodeKind.persistent || kind === NodeKind.ephemeral) return;
    out[DIGEST_OWNER] = swapWord(this.storedOwnerHi(ref));
    out[DIGEST_OWNER + 1] = swapWord(this.storedOwnerLo(ref));
  }

  childCount(ref: number): number {
    return this.boundedByNodes(this.statWord(ref, STAT_CHILD_COUNT));
  }

  version(ref: number): number {
    return this.statWord(ref, STAT_VERSION);
  }

  /** As stored: counts creations only. */
  cversion(ref: number): number {
    return this.word(ref, CVERSION);
  }

  /** As on the wire: creations and deletions. */
  wireCversion(ref: number): number {
    return this.statWord(ref, STAT_CVERSION);
  }

  aversion(ref: number): number {
    return this.statWord(ref, STAT_AVERSION);
  }

  czxidHi(ref: number): number {
    return this.statWord(ref, STAT_CZXID);
  }

  czxidLo(ref: number): number {
    return this.statWord(ref, STAT_CZXID + 1);
  }

  mzxidHi(ref: number): number {
    return this.statWord(ref, STAT_MZXID);
  }

  mzxidLo(ref: number): number {
    return this.statWord(ref, STAT_MZXID + 1);
  }

  pzxidHi(ref: number): number {
    return this.statWord(ref, STAT_PZXID);
  }

  pzxidLo(ref: number): number {
    return this.statWord(ref, STAT_PZXID + 1);
  }

  ctimeHi(ref: number): number {
    return this.statWord(ref, STAT_CTIME);
  }

  ctimeLo(ref: number): number {
    return this.statWord(ref, STAT_CTIME + 1);
  }

  mtimeHi(ref: number): number {
    return this.statWord(ref, STAT_MTIME);
  }

  mtimeLo(ref: number): number {
    return this.statWord(ref, STAT_MTIME + 1);
  }

  /** As on the wire: the session of an ephemeral, else 0. */
  ownerHi(ref: number): number {
    return this.statWord(ref, STAT_OWNER);
  }

  ownerLo(ref: number): number {
    return this.statWord(ref, STAT_OWNER + 1);
  }

  /** As stored: also the container mark and the value of a TTL node. */
  storedOwnerHi(ref: number): number {
    const kind = this.kind(ref);
    if (kind === NodeKind.container) return CONTAINER_OWNER_HI;
    return kind === NodeKind.ttl ? this.word(ref, tailWord(this.pathLength(ref))) : this.ownerHi(ref);
  }

  storedOwnerLo(ref: number): number {
    const kind = this.kind(ref);
    if (kind === NodeKind.container) return 0;
    return kind === NodeKind.ttl ? this.word(ref, tailWord(this.pathLength(ref)) + 1) : this.ownerLo(ref);
  }

  /** The 68 bytes of the wire Stat. */
  copyStat(ref: number, out: Uint8Array, pos: number): void {
    this.copyWords(ref, STAT, out, pos, Math.min(STAT_BYTES, out.length - pos));
  }

  /** The 60 bytes of StatPersisted, as snapshots hold them. */
  copyStatPersisted(ref: number, out: Uint8Array, pos: number): void {
    this.copyWords(ref, STAT, out, pos, Math.min(36, out.length - pos));
    writeWord(out, pos + 36, this.cversion(ref));
    writeWord(out, pos + 40, this.aversion(ref));
    writeWord(out, pos + 44, this.storedOwnerHi(ref));
    writeWord(out, pos + 48, this.storedOwnerLo(ref));
    writeWord(out, pos + 52, this.pzxidHi(ref));
    writeWord(out, pos + 56, this.pzxidLo(ref));
  }

  /** length: what dataLength gave. */
  copyData(ref: number, out: Uint8Array, pos: number, length: number): void {
    this.copyDataFrom(ref, 0, out, pos, length);
  }

  /** length bytes of the data from its byte `from` (a multiple of 4) on. */
  copyDataFrom(ref: number, from: number, out: Uint8Array, pos: number, length: number): void {
    const data = this.word(ref, DATA);
    const room = Math.min(length, out.length - pos);
    const word = from >>> 2;
    if (data !== 0) this.copyWords(data, word, out, pos, room);
    else this.copyWords(ref, inlineWord(this.pathLength(ref), this.kind(ref)) + word, out, pos, room);
  }

  /** At most `length` bytes of the path. */
  copyPath(ref: number, out: Uint8Array, pos: number, length: number = out.length - pos): void {
    this.copyWords(ref, PATH, out, pos, Math.min(this.pathLength(ref), length, out.length - pos));
  }

  /** At most `length` bytes of the last path component. */
  copyName(ref: number, out: Uint8Array, pos: number, length: number = out.length - pos): void {
    this.copyNameBytes(ref, out, pos, Math.min(this.nameLength(ref), length, out.length - pos));
  }

  /** Bytes of the list as a jute vector<ACL>. 0: unresolved (the snapshot did not list it), nobody may pass. */
  aclLength(aclRef: number): number {
    if (aclRef === 0) return OPEN_ACL.length;
    return bounded(this.word(aclRef, ACL_LENGTH), this.control[ACL_BYTES_MAX]);
  }

  /** 0 for the open list; otherwise a number that never stands for another list. */
  aclSerial(aclRef: number): number {
    return aclRef === 0 ? 0 : this.word(aclRef, ACL_SERIAL);
  }

  /** At most `length` bytes of the list. */
  copyAcl(aclRef: number, out: Uint8Array, pos: number, length: number = out.length - pos): void {
    const room = Math.min(this.aclLength(aclRef), length, out.length - pos);
    if (aclRef !== 0) this.copyWords(aclRef, ACL_BYTES, out, pos, room);
    else for (let i = 0; i < room; i++) out[pos + i] = OPEN_ACL[i];
  }

  /** 0 when there is no such child. */
  childAt(ref: number, index: number): number {
    if (index < 0 || index >= this.childCount(ref) || this.kind(ref) === NodeKind.ephemeral) return 0;
    const children = this.word(ref, CHILDREN);
    return this.slab(children)[((children & UNIT_MASK) << 1) + index] | 0;
  }

  /** Whether a reference to whatever is one of the children. */
  isChild(ref: number, child: number): boolean {
    return child !== 0 && this.childAt(ref, this.word(child, POSITION)) === child;
  }

  /** Up to out.length references, from the first child on; returns how many. */
  copyChildRefs(ref: number, out: Int32Array): number {
    return this.copyChildRefsFrom(ref, 0, out, 0, out.length);
  }

  /** References of children first .. first + count to out[pos ..]; returns how many there were. */
  copyChildRefsFrom(ref: number, first: number, out: Int32Array, pos: number, count: number): number {
    if (this.kind(ref) === NodeKind.ephemeral) return 0;
    const room = Math.max(0, Math.min(this.childCount(ref) - first, count, out.length - pos));
    const children = this.word(ref, CHILDREN);
    const words = this.slab(children);
    const from = ((children & UNIT_MASK) << 1) + first;
    if (room > 64) out.set(words.subarray(from, from + room), pos);
    else for (let i = 0; i < room; i++) out[pos + i] = words[from + i];
    return room;
  }

  /** Bytes of the children's names as the elements of a jute vector<ustring>, without its count. */
  childNamesLength(ref: number): number {
    if (this.kind(ref) === NodeKind.ephemeral) return 0;
    const count = this.childCount(ref);
    const children = this.word(ref, CHILDREN);
    const words = this.slab(children);
    const from = (children & UNIT_MASK) << 1;
    const started = this.hint();
    let length = 0;
    for (let i = 0; i < count; i++) {
      length += 4 + this.nameLength(words[from + i] | 0);
      if (i % CHILDREN_PER_LOOK === CHILDREN_PER_LOOK - 1 && this.isStale(started)) return 0;
    }
    return length;
  }

  /** Those elements, as many as fit in out[pos .. end); returns the bytes written. */
  copyChildNames(ref: number, out: Uint8Array, pos: number, end: number = out.length): number {
    if (this.kind(ref) === NodeKind.ephemeral) return 0;
    const count = this.childCount(ref);
    const children = this.word(ref, CHILDREN);
    const words = this.slab(children);
    const from = (children & UNIT_MASK) << 1;
    const started = this.hint();
    const limit = Math.min(end, out.length);
    let to = pos;
    for (let i = 0; i < count; i++) {
      const child = words[from + i] | 0;
      const length = this.nameLength(child);
      if (to + 4 + length > limit) break;
      writeWord(out, to, length);
      this.copyNameBytes(child, out, to + 4, length);
      to += 4 + length;
      if (i % CHILDREN_PER_LOOK === CHILDREN_PER_LOOK - 1 && this.isStale(started)) break;
    }
    return to - pos;
  }

  /** First ephemeral of a session or 0; the others by nextEphemeral, at most ephemeralCountOf of them. */
  firstEphemeralOf(sessionHi: number, sessionLo: number): number {
    return this.sessionWord(sessionHi, sessionLo, SESSION_HEAD);
  }

  ephemeralCountOf(sessionHi: number, sessionLo: number): number {
    return this.boundedByNodes(this.sessionWord(sessionHi, sessionLo, SESSION_NODE_COUNT));
  }

  nextEphemeral(ref: number): number {
    return this.kind(ref) === NodeKind.ephemeral ? this.word(ref, NEXT) : 0;
  }

  /** Containers and TTL nodes. */
  containerCount(): number {
    return this.control[CONTAINER_COUNT];
  }

  /** One of them, or 0 beyond the last. */
  containerAt(place: number): number {
    if (place < 0 || place >= this.control[CONTAINER_COUNT]) return 0;
    const array = this.control[CONTAINERS_REF];
    return this.slab(array)[((array & UNIT_MASK) << 1) + place] | 0;
  }

  /** The writer itself needs no bound, and inside a section the published number of nodes is not yet its own. */
  private boundedByNodes(count: number): number {
    return this.lock === null ? count : bounded(count, this.control[NODE_COUNT]);
  }

  private sessionWord(hi: number, lo: number, word: number): number {
    const capacity = this.control[SESSIONS_CAPACITY];
    const tableRef = this.control[SESSIONS_REF];
    const table = this.slab(tableRef);
    const base = (tableRef & UNIT_MASK) << 1;
    let slot = sessionSlot(hi, lo, capacity);
    for (let probe = 0; probe < capacity; probe++) {
      const entry = base + slot * SESSION_ENTRY_WORDS;
      if ((table[entry + SESSION_HEAD] | 0) === 0) return 0;
      if (table[entry] === hi && table[entry + 1] === lo) return table[entry + word] | 0;
      slot = (slot + 1) & (capacity - 1);
    }
    return 0;
  }

  /** The words of the slab a reference points into; VOID_WORDS while it is unknown. */
  private slab(ref: number): Int32Array {
    const words = this.slabs[ref >>> SLAB_SHIFT];
    return words === VOID_WORDS ? this.fetchSlab(ref >>> SLAB_SHIFT) : words;
  }

  private fetchSlab(index: number): Int32Array {
    const words = this.memory.fetch(index, this.control[SLAB_COUNT]);
    if (words === VOID_WORDS) this.slabMissed = true;
    return words;
  }

  private word(ref: number, word: number): number {
    return this.slab(ref)[((ref & UNIT_MASK) << 1) + word] | 0;
  }

  private statWord(ref: number, word: number): number {
    return swapWord(this.slab(ref)[((ref & UNIT_MASK) << 1) + word]);
  }

  /** Compares with the path hashed last. */
  private hasPath(ref: number, length: number): boolean {
    const words = this.slab(ref);
    const node = (ref & UNIT_MASK) << 1;
    if (words[node + PATH_LENGTH] !== length) return false;
    const path = node + PATH;
    const packed = this.hash.$words;
    for (let i = (length - 1) >> 2; i >= 0; i--) if (words[path + i] !== packed[i]) return false;
    return true;
  }

  /** length bytes from word `word` of an object on, as far as its slab reaches. */
  private copyWords(ref: number, word: number, out: Uint8Array, pos: number, length: number): void {
    const words = this.slab(ref);
    const from = ((ref & UNIT_MASK) << 1) + word;
    const room = Math.min(length, (words.length - from) << 2);
    if (room > 0) this.copier.copyOut(words, this.memory.bytes[ref >>> SLAB_SHIFT], from, out, pos, room);
  }

  /** Names begin at any byte, and most are short. */
  private copyNameBytes(ref: number, out: Uint8Array, pos: number, length: number): void {
    const offset = this.word(ref, NAME_OFFSET);
    this.slab(ref);
    const bytes = this.memory.bytes[ref >>> SLAB_SHIFT];
    const from = ((ref & UNIT_MASK) << 3) + PATH_BYTE + offset;
    if (offset < 0 || from + length > bytes.length) return;
    if (length > 192) out.set(bytes.subarray(from, from + length), pos);
    else for (let i = 0; i < length; i++) out[pos + i] = bytes[from + i];
  }

  private hint(): number {
    return this.lock === null ? 0 : this.lock.begin();
  }

  private isStale(sequence: number): boolean {
    return this.lock?.isStale(sequence) === true;
  }
}

/** length if it is between 0 and max, else the nearest of these. */
function bounded(length: number, max: number): number {
  return length < 0 ? 0 : Math.min(length, max);
}

function writeWord(out: Uint8Array, pos: number, value: number): void {
  out[pos] = value >>> 24;
  out[pos + 1] = value >>> 16;
  out[pos + 2] = value >>> 8;
  out[pos + 3] = value;
}
