/**
 * Walks the live tree from another thread for a fuzzy snapshot (persistence 4.9): parents before children, each node
 * (data, ACL, stat) from one moment, while writes go on. Owned by whoever writes the snapshot; used once, for one walk.
 * It never blocks the writer, never recurses, and keeps no more than a few references per level in memory. Every section it
 * needs is short (a few hundred references, 64 KB of data), so that it gets on under a steady stream of writes.
 *
 *   path      /app/locks/x            one buffer: every level's path is a prefix of the deepest one
 *              |   |     |
 *   level      1   2     3            per level: path length, zxid when its node was copied, and
 *   boundary   7   0     2            how many children, counted from the list's start, were not yet fetched
 *   pending   [r r r | r | r r]       fetched references, a few per level, taken from the end
 *
 * Why no node is missed although the lists change under the walk: children are fetched from the end of the list to
 * its start. A new child is appended, behind the boundary. A child that goes is replaced by the last one: if that one
 * came from behind the boundary it has been fetched already (or is new), and if it stood before the boundary then so
 * does the place it moves to, as the list has become shorter than the boundary, which is lowered. So a child that lived
 * through the whole walk always stands before the boundary or has been fetched.
 *
 * A fetched reference may be anything by the time it is used. It is a child exactly if it stands in the parent's list, at the
 * place that it says itself; the parent is looked up for each child, which costs little, because the index's part for it is in
 * the caches, as the child's own seldom is. A child that is younger than the copy of its parent is left out: its create is
 * above the snapshot's zxid and will be replayed, and then finds a parent that does not know it yet, as it should be.
 */
import { compareSigned } from '../base/int64.js';
import { STAT_PERSISTED_BYTES } from './node-layout.js';
import type { TreeReader } from './tree-reader.js';

/** Tries in a row before backOff is called. */
const TRIES_BEFORE_BACK_OFF = 16;
const FETCH_COUNT = 256;
const DATA_PIECE_BYTES = 65536;

export class SnapshotCursor {
  /** Last processed zxid when the walk began: the snapshot's name. */
  readonly startZxidHi: number;
  readonly startZxidLo: number;
  /** The node's path ("" for the root), data (-1 = null) and StatPersisted; scratch, valid until the next call. */
  path = new Uint8Array(1024);
  pathLength = 0;
  data = new Uint8Array(4096);
  dataLength = 0;
  readonly stat = new Uint8Array(STAT_PERSISTED_BYTES);
  /** 0 = the open list (number -1 in the file); a serial always stands for the same list. */
  aclSerial = 0;
  acl = new Uint8Array(256);
  /** 0: unresolved, see TreeReader.aclLength. */
  aclLength = 0;
  /** True when the tree was cleared under the walk: what was written so far is worthless. */
  cleared = false;
  /** Torn reads so far. */
  retryCount = 0;

  private readonly reader: TreeReader;
  private readonly backOff: () => void;
  private readonly copiesContent: boolean;
  private readonly incarnation: number;
  private started = false;
  private tries = 0;
  // Of the node just copied.
  private childCount = 0;
  private mzxidHi = 0;
  private mzxidLo = 0;
  private zxidHi = 0;
  private zxidLo = 0;
  private $candidate = new Uint8Array(1024);

  // By level; the root is level 0.
  private depth = 0;
  private levelPathLength = new Int32Array(64);
  private levelBoundary = new Int32Array(64);
  private levelPendingStart = new Int32Array(64);
  private levelZxidHi = new Int32Array(64);
  private levelZxidLo = new Int32Array(64);

  private pending = new Int32Array(FETCH_COUNT * 4);
  private pendingCount = 0;

  /**
   * backOff: called after a run of failed tries; may block a little, then the cursor tries again. Without `copiesContent`
   * data and StatPersisted are left out, for walks that only look at paths and ACLs.
   */
  constructor(reader: TreeReader, backOff: () => void, copiesContent = true) {
    this.reader = reader;
    this.copiesContent = copiesContent;
    this.backOff = backOff;
    for (;;) {
      const sequence = reader.begin();
      if (sequence >= 0) {
        const hi = reader.zxidHi();
        const lo = reader.zxidLo();
        const incarnation = reader.incarnation();
        if (reader.valid(sequence)) {
          this.startZxidHi = hi;
          this.startZxidLo = lo;
          this.incarnation = incarnation;
          return;
        }
      }
      this.onTorn();
    }
  }

  /** Moves to the next node; false at the end of the walk (see `cleared`). */
  next(): boolean {
    if (!this.started) {
      this.started = true;
      return this.tryNode(0, -1);
    }
    while (this.depth > 0 && !this.cleared) {
      const level = this.depth - 1;
      if (this.pendingCount > this.levelPendingStart[level]) {
        const ref = this.pending[--this.pendingCount];
        if (this.tryNode(ref, level)) return true;
      } else if (this.levelBoundary[level] > 0) {
        this.fetchChildren(level);
      } else {
        this.depth--;
      }
    }
    return false;
  }

  /** Copies the node if it is (still) a child of that level's node; a level of its own is opened for it. */
  private tryNode(ref: number, level: number): boolean {
    for (;;) {
      const sequence = this.reader.begin();
      if (sequence >= 0) {
        const found = level < 0 ? this.copyNode(this.reader.find(this.path, 0, 0)) : this.copyChild(ref, level);
        const cleared = this.reader.incarnation() !== this.incarnation;
        if (this.reader.valid(sequence)) {
          this.tries = 0;
          if (cleared) this.cleared = true;
          if (cleared || !found) return false;
          this.joinPath(level);
          if (this.dataLength > DATA_PIECE_BYTES && !this.copyLongData()) continue;
          if (this.childCount > 0) this.openLevel();
          return true;
        }
      }
      this.onTorn();
    }
  }

  /** May run on garbage; says whether what it copied is that level's child. */
  private copyChild(ref: number, level: number): boolean {
    const reader = this.reader;
    const parent = reader.find(this.path, 0, this.levelPathLength[level]);
    if (parent === 0 || !reader.isChild(parent, ref)) return false;
    const length = reader.pathLength(ref);
    if (this.$candidate.length < length) this.$candidate = new Uint8Array(length * 2);
    reader.copyPath(ref, this.$candidate, 0, length);
    const czxidHi = reader.czxidHi(ref);
    const czxidLo = reader.czxidLo(ref);
    if (compareSigned(czxidHi, czxidLo, this.levelZxidHi[level], this.levelZxidLo[level]) > 0) return false;
    this.pathLength = length;
    return this.copyNode(ref);
  }

  private copyNode(ref: number): boolean {
    const reader = this.reader;
    if (this.copiesContent) this.copyContent(ref);
    const aclRef = reader.aclRef(ref);
    this.aclSerial = reader.aclSerial(aclRef);
    this.aclLength = reader.aclLength(aclRef);
    if (this.acl.length < this.aclLength) this.acl = new Uint8Array(this.aclLength * 2);
    reader.copyAcl(aclRef, this.acl, 0, this.aclLength);
    this.childCount = reader.childCount(ref);
    this.zxidHi = reader.zxidHi();
    this.zxidLo = reader.zxidLo();
    return true;
  }

  private copyContent(ref: number): void {
    const reader = this.reader;
    this.dataLength = reader.dataLength(ref);
    const piece = Math.min(this.dataLength, DATA_PIECE_BYTES);
    if (this.data.length < piece) this.data = new Uint8Array(piece * 2);
    reader.copyData(ref, this.data, 0, piece);
    this.mzxidHi = reader.mzxidHi(ref);
    this.mzxidLo = reader.mzxidLo(ref);
    reader.copyStatPersisted(ref, this.stat, 0);
  }

  /**
   * The pieces of long data after the first, each from a section of its own. Data changes only together with mzxid: while
   * that stays, all pieces are of the moment from which the first one and the stat are. False: it changed, begin again.
   */
  private copyLongData(): boolean {
    const reader = this.reader;
    if (this.data.length < this.dataLength) {
      const first = this.data;
      this.data = new Uint8Array(this.dataLength);
      this.data.set(first.subarray(0, DATA_PIECE_BYTES));
    }
    for (let from = DATA_PIECE_BYTES; from < this.dataLength; ) {
      const sequence = reader.begin();
      if (sequence >= 0) {
        const ref = reader.find(this.path, 0, this.pathLength);
        const same =
          ref !== 0 &&
          reader.mzxidHi(ref) === this.mzxidHi &&
          reader.mzxidLo(ref) === this.mzxidLo &&
          reader.dataLength(ref) === this.dataLength &&
          reader.incarnation() === this.incarnation;
        const piece = Math.min(DATA_PIECE_BYTES, this.dataLength - from);
        reader.copyDataFrom(ref, from, this.data, from, piece);
        if (reader.valid(sequence)) {
          this.tries = 0;
          if (!same) return false;
          from += piece;
          continue;
        }
      }
      this.onTorn();
    }
    return true;
  }

  /** The component of the node just copied takes its place behind its parent's path. */
  private joinPath(parentLevel: number): void {
    const from = parentLevel < 0 ? 0 : this.levelPathLength[parentLevel];
    if (this.path.length < this.pathLength) {
      const longer = new Uint8Array(this.pathLength * 2);
      longer.set(this.path.subarray(0, from));
      this.path = longer;
    }
    for (let i = from; i < this.pathLength; i++) this.path[i] = this.$candidate[i];
  }

  /** The node just copied becomes the deepest level. */
  private openLevel(): void {
    const level = this.depth;
    if (level === this.levelPathLength.length) this.growLevels();
    this.levelPathLength[level] = this.pathLength;
    this.levelBoundary[level] = this.childCount;
    this.levelPendingStart[level] = this.pendingCount;
    this.levelZxidHi[level] = this.zxidHi;
    this.levelZxidLo[level] = this.zxidLo;
    this.depth = level + 1;
  }

  private fetchChildren(level: number): void {
    const reader = this.reader;
    if (this.pending.length < this.pendingCount + FETCH_COUNT) {
      this.pending = grown(this.pending);
    }
    for (;;) {
      const sequence = reader.begin();
      if (sequence >= 0) {
        const ref = reader.find(this.path, 0, this.levelPathLength[level]);
        const boundary = ref === 0 ? 0 : Math.min(this.levelBoundary[level], reader.childCount(ref));
        const first = Math.max(0, boundary - FETCH_COUNT);
        const count = reader.copyChildRefsFrom(ref, first, this.pending, this.pendingCount, boundary - first);
        const cleared = reader.incarnation() !== this.incarnation;
        if (reader.valid(sequence)) {
          this.tries = 0;
          if (cleared) this.cleared = true;
          // A path that is gone, or is another node without children now, has nobody left who was there before.
          this.levelBoundary[level] = count > 0 ? first : 0;
          this.pendingCount += count;
          return;
        }
      }
      this.onTorn();
    }
  }

  private onTorn(): void {
    this.retryCount++;
    if (++this.tries % TRIES_BEFORE_BACK_OFF === 0) this.backOff();
  }

  private growLevels(): void {
    this.levelPathLength = grown(this.levelPathLength);
    this.levelBoundary = grown(this.levelBoundary);
    this.levelPendingStart = grown(this.levelPendingStart);
    this.levelZxidHi = grown(this.levelZxidHi);
    this.levelZxidLo = grown(this.levelZxidLo);
  }
}

function grown(old: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const twice = new Int32Array(old.length * 2);
  twice.set(old);
  return twice;
}
