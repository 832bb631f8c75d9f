/**
 * Compares the tree digest with what a transaction's entry says it must be, after the entry was applied: live and at replay
 * (persistence section 5, "Check"). A difference means that this tree is not the one the transaction was made for; it is
 * counted and reported, and never stops anything here.
 *
 * While a fuzzy snapshot is being made whole by replay there is nothing to compare: its tree has not been any transaction's
 * yet. The digest that the snapshot itself carries ends that (4.4):
 *
 *   snapshot.10, digest of 0x14 ----> 0x11  0x12  0x13 (not compared)  0x14: the snapshot's, then the entry's  0x15 ...
 *
 * Lives on the thread of the tree's writer and belongs to whoever applies: one for a recovery, one for the final stage. Also
 * enters each 128th digest into the tree's digest log. Allocates nothing unless there is a difference.
 */
import { readInt32 } from '../base/bytes.js';
import { compareSigned } from '../base/int64.js';
import type { DataTree } from './data-tree.js';
import type { TxnApplier } from './txn-applier.js';

export const DIGEST_VERSION = 2;
/** zxids that are divisible by it are remembered. */
const REMEMBERED_ZXID_MASK = 127;

export interface DigestMismatch {
  readonly zxidHi: number;
  readonly zxidLo: number;
  readonly expectedHi: number;
  readonly expectedLo: number;
  readonly actualHi: number;
  readonly actualLo: number;
  /** Which digest it was that differs, for the message. */
  readonly of: string;
}

export class DigestCheck {
  mismatchCount = 0;

  private readonly tree: DataTree;
  private readonly report: (mismatch: DigestMismatch) => void;
  // The snapshot's digest as long as it has not been compared.
  private pending = false;
  private pendingVersion = 0;
  private pendingZxidHi = 0;
  private pendingZxidLo = 0;
  private pendingHi = 0;
  private pendingLo = 0;

  /** The tree keeps its digest. */
  constructor(tree: DataTree, report: (mismatch: DigestMismatch) => void) {
    this.tree = tree;
    this.report = report;
  }

  /** A snapshot's digest has still to be compared, and until then no entry's is. */
  get isPending(): boolean {
    return this.pending;
  }

  /** The tree holds the nodes of a snapshot of this name, and nothing behind it yet. A zxid of 0: the snapshot has no digest. */
  onSnapshot(
    nameHi: number,
    nameLo: number,
    zxidHi: number,
    zxidLo: number,
    version: number,
    digestHi: number,
    digestLo: number,
  ): void {
    if (zxidHi === 0 && zxidLo === 0) return;
    const order = compareSigned(zxidHi, zxidLo, nameHi, nameLo);
    // Before the name: recorded before the tree was what the file holds.
    if (order < 0) return;
    this.pending = true;
    this.pendingVersion = version;
    this.pendingZxidHi = zxidHi;
    this.pendingZxidLo = zxidLo;
    this.pendingHi = digestHi;
    this.pendingLo = digestLo;
    if (order === 0) this.comparePending();
  }

  /** The tree is as the entry applied last left it. True: a digest was compared, and is the tree's. */
  onApplied(applier: TxnApplier): boolean {
    const { zxidHi, zxidLo } = applier;
    if (this.pending) {
      if (zxidLo !== this.pendingZxidLo || zxidHi !== this.pendingZxidHi) return false;
      this.comparePending();
    }
    if ((zxidLo & REMEMBERED_ZXID_MASK) === 0) this.tree.rememberDigest(zxidHi, zxidLo);
    const at = applier.digestOffset;
    if (at < 0) return false;
    const { bytes } = applier;
    if (readInt32(bytes, at) !== DIGEST_VERSION) return false;
    return this.compare(zxidHi, zxidLo, readInt32(bytes, at + 4), readInt32(bytes, at + 8), 'the transaction');
  }

  private comparePending(): void {
    this.pending = false;
    if (this.pendingVersion !== DIGEST_VERSION) return;
    this.compare(this.pendingZxidHi, this.pendingZxidLo, this.pendingHi, this.pendingLo, 'the snapshot');
  }

  private compare(zxidHi: number, zxidLo: number, expectedHi: number, expectedLo: number, of: string): boolean {
    const { digestHi: actualHi, digestLo: actualLo } = this.tree;
    if (actualLo === expectedLo && actualHi === expectedHi) return true;
    this.mismatchCount++;
    this.report({ zxidHi, zxidLo, expectedHi, expectedLo, actualHi, actualLo, of });
    return false;
  }
}
