/**
 * What transactions do to a node's stat: the stamps of its own creation and of new data, and what a child's coming and going
 * does to its parent (persistence 3.4). Where path and data stay, the tree digest follows here, by differences; where they
 * change too, the tree counts the node anew when all is stored. Owned by the tree's writer; every call must stand inside a
 * write section. Words of a stat lie as on the wire, each byte-swapped (node-layout.ts).
 */
import { compareSigned } from '../base/int64.js';
import { updateWireCversion } from './child-list.js';
import {
  CVERSION,
  STAT_AVERSION,
  STAT_CTIME,
  STAT_CZXID,
  STAT_MTIME,
  STAT_MZXID,
  STAT_PZXID,
  STAT_VERSION,
  swapWord,
} from './node-layout.js';
import type { SlabMemory } from './slab-memory.js';
import { SLAB_SHIFT, UNIT_MASK } from './slab-memory.js';
import type { TreeDigest } from './tree-digest.js';

export class NodeStat {
  private readonly memory: SlabMemory;
  /** Null: digests are off. */
  private readonly digest: TreeDigest | null;

  constructor(memory: SlabMemory, digest: TreeDigest | null) {
    this.memory = memory;
    this.digest = digest;
  }

  /** Versions of a new record are 0. */
  stampCreated(ref: number, zxidHi: number, zxidLo: number, timeHi: number, timeLo: number): void {
    const words = this.memory.words[ref >>> SLAB_SHIFT];
    const node = (ref & UNIT_MASK) << 1;
    const hi = swapWord(zxidHi);
    const lo = swapWord(zxidLo);
    const msHi = swapWord(timeHi);
    const msLo = swapWord(timeLo);
    words[node + STAT_CZXID] = hi;
    words[node + STAT_CZXID + 1] = lo;
    words[node + STAT_MZXID] = hi;
    words[node + STAT_MZXID + 1] = lo;
    words[node + STAT_PZXID] = hi;
    words[node + STAT_PZXID + 1] = lo;
    words[node + STAT_CTIME] = msHi;
    words[node + STAT_CTIME + 1] = msLo;
    words[node + STAT_MTIME] = msHi;
    words[node + STAT_MTIME + 1] = msLo;
  }

  stampData(ref: number, version: number, zxidHi: number, zxidLo: number, timeHi: number, timeLo: number): void {
    const words = this.memory.words[ref >>> SLAB_SHIFT];
    const node = (ref & UNIT_MASK) << 1;
    words[node + STAT_MZXID] = swapWord(zxidHi);
    words[node + STAT_MZXID + 1] = swapWord(zxidLo);
    words[node + STAT_MTIME] = swapWord(timeHi);
    words[node + STAT_MTIME + 1] = swapWord(timeLo);
    words[node + STAT_VERSION] = swapWord(version);
  }

  setAversion(ref: number, aversion: number): void {
    const words = this.memory.words[ref >>> SLAB_SHIFT];
    const node = (ref & UNIT_MASK) << 1;
    const word = swapWord(aversion);
    if (this.digest !== null) this.digest.onAversionChanged(ref, word ^ words[node + STAT_AVERSION]);
    words[node + STAT_AVERSION] = word;
  }

  /** Step 3 of create: cversion (-1: one more) and pzxid of the parent move together, and only upward. */
  raiseCversion(parent: number, parentCversion: number, zxidHi: number, zxidLo: number): void {
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

  /** A child went, or was to go; only upward. */
  raisePzxid(parent: number, zxidHi: number, zxidLo: number): void {
    const words = this.memory.words[parent >>> SLAB_SHIFT];
    const node = (parent & UNIT_MASK) << 1;
    const hi = swapWord(words[node + STAT_PZXID]);
    const lo = swapWord(words[node + STAT_PZXID + 1]);
    if (compareSigned(zxidHi, zxidLo, hi, lo) <= 0) return;
    if (this.digest !== null) {
      this.digest.onParentChanged(parent, 0, swapWord(zxidHi ^ hi), swapWord(zxidLo ^ lo));
    }
    words[node + STAT_PZXID] = swapWord(zxidHi);
    words[node + STAT_PZXID + 1] = swapWord(zxidLo);
  }
}
