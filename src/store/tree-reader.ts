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
 *
 * Floors, each its own file: SlabView (words behind a reference, the seqlock), NodeReader (a node by its reference),
 * ChildReader (a node's children), and here what begins at the control words: paths, figures, nodes by kind.
 */
import { ChildReader } from './child-reader.js';
import {
  CONTAINER_COUNT,
  CONTAINERS_REF,
  DATA_BYTES_HI,
  DATA_BYTES_LO,
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
  ROOT_REF,
  SESSION_COUNT,
  SESSIONS_CAPACITY,
  SESSIONS_REF,
  TREE_DIGEST_HI,
  TREE_DIGEST_LO,
  ZXID_HI,
  ZXID_LO,
} from './control-layout.js';
import { SESSION_ENTRY_WORDS, SESSION_HEAD, SESSION_NODE_COUNT, sessionSlot } from './ephemeral-index.js';
import { NEXT, NodeKind, PATH, PATH_LENGTH } from './node-layout.js';
import { PathHash } from './path-hash.js';
import { DIRECTORY_BITS_MAX, SLOT_MASK } from './path-index.js';
import { UNIT_MASK } from './slab-memory.js';
import { bounded } from './slab-view.js';

const SLASH = 0x2f;

export class TreeReader extends ChildReader {
  private readonly hash = this.newPathHash();

  /** A hash under the tree's secret key, with scratch of its own: for tables of paths beside the tree. */
  newPathHash(): PathHash {
    return new PathHash(this.control[HASH_KEY_LO], this.control[HASH_KEY_HI]);
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
}
