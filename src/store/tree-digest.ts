/**
 * Keeps the tree digest (persistence section 5) in step with the tree: the value of each node in its record (DIGEST of
 * node-layout.ts) and the sum of all of them. Part of the data tree, which calls it from every mutator, inside a write
 * section and on the tree's thread; a tree with digests off has none.
 *
 * Invariant outside of the mutators: each record's DIGEST is the value of what stands in the record (0 below /zookeeper),
 * and the sum is that of all DIGEST words.
 */
import { CRC_START, crcOfWords } from '../base/crc32.js';
import { DigestSum } from './digest-sum.js';
import {
  DIGEST_AVERSION,
  DIGEST_CVERSION,
  DIGEST_PZXID,
  DIGEST_STAT_WORDS,
  nodeDigest,
  statDifference,
  wordsCount,
} from './node-digest.js';
import type { NodeKind } from './node-layout.js';
import { DATA, DATA_LENGTH, DIGEST, inlineWord, KIND_MASK, PATH, PATH_LENGTH, SHAPE } from './node-layout.js';
import type { SlabMemory } from './slab-memory.js';
import { SLAB_SHIFT, UNIT_MASK } from './slab-memory.js';
import type { TreeReader } from './tree-reader.js';

export class TreeDigest {
  readonly sum = new DigestSum();
  private readonly memory: SlabMemory;
  private readonly reader: TreeReader;
  private readonly $stat = new Int32Array(DIGEST_STAT_WORDS);

  /** The reader is the tree's own. */
  constructor(memory: SlabMemory, reader: TreeReader) {
    this.memory = memory;
    this.reader = reader;
  }

  clear(): void {
    this.sum.set(0, 0);
  }

  /** Path, data or any of the stat was stored: counts the node anew. */
  count(ref: number): void {
    this.take(ref, this.valueOf(ref));
  }

  /** The same when somebody else has computed the value. */
  take(ref: number, value: number): void {
    const words = this.memory.words[ref >>> SLAB_SHIFT];
    const node = (ref & UNIT_MASK) << 1;
    const old = words[node + DIGEST];
    words[node + DIGEST] = value;
    if (old !== 0) this.sum.subtract(old);
    this.sum.add(value);
  }

  /** The node goes. */
  discount(ref: number): void {
    this.sum.subtract(this.memory.words[ref >>> SLAB_SHIFT][((ref & UNIT_MASK) << 1) + DIGEST]);
  }

  /** Words of the stat are about to change, or just did, by these differences (XOR) as they lie in memory. */
  onParentChanged(ref: number, cversion: number, pzxidHi: number, pzxidLo: number): void {
    const difference =
      statDifference(DIGEST_CVERSION, cversion) ^
      statDifference(DIGEST_PZXID, pzxidHi) ^
      statDifference(DIGEST_PZXID + 1, pzxidLo);
    this.change(ref, difference);
  }

  onAversionChanged(ref: number, aversion: number): void {
    this.change(ref, statDifference(DIGEST_AVERSION, aversion));
  }

  /** From everything the node holds, not from its DIGEST. */
  valueOf(ref: number): number {
    const words = this.memory.words[ref >>> SLAB_SHIFT];
    const node = (ref & UNIT_MASK) << 1;
    const pathLength = words[node + PATH_LENGTH];
    if (!wordsCount(words, node + PATH, pathLength)) return 0;
    let register = crcOfWords(words, node + PATH, pathLength, CRC_START);
    const dataLength = words[node + DATA_LENGTH];
    if (dataLength > 0) {
      const block = words[node + DATA];
      if (block === 0) {
        const inline = node + inlineWord(pathLength, (words[node + SHAPE] & KIND_MASK) as NodeKind);
        register = crcOfWords(words, inline, dataLength, register);
      } else {
        register = crcOfWords(this.memory.words[block >>> SLAB_SHIFT], (block & UNIT_MASK) << 1, dataLength, register);
      }
    }
    this.reader.copyDigestStat(ref, this.$stat);
    return nodeDigest(register, this.$stat);
  }

  private change(ref: number, difference: number): void {
    const words = this.memory.words[ref >>> SLAB_SHIFT];
    const node = (ref & UNIT_MASK) << 1;
    if (!wordsCount(words, node + PATH, words[node + PATH_LENGTH])) return;
    const old = words[node + DIGEST];
    words[node + DIGEST] = old ^ difference;
    this.sum.subtract(old);
    this.sum.add(old ^ difference);
  }
}
