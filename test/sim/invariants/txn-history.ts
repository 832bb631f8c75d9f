/**
 * A sequence of transactions as the checkers see it: zxids, and a hash of each one's bytes. Every member's begins with the first
 * transaction that there ever was (of what came as a snapshot, the sender's is taken over), so that two of them can be compared
 * entry by entry. Zxids are numbers: epochs of a simulation are small.
 */
import { assert } from '../../../src/base/assert.js';

const TWO_32 = 0x1_0000_0000;

export class TxnHistory {
  private readonly zxids: number[] = [];
  private readonly hashes: number[] = [];

  get length(): number {
    return this.zxids.length;
  }

  /** 0 when there is nothing. */
  get last(): number {
    return this.zxids.at(-1) ?? 0;
  }

  zxidAt(index: number): number {
    return this.zxids[index];
  }

  hashAt(index: number): number {
    return this.hashes[index];
  }

  push(zxid: number, hash: number): void {
    assert(zxid > this.last, 'a history rises');
    this.zxids.push(zxid);
    this.hashes.push(hash);
  }

  /** How many have zxids up to this one. */
  countUpTo(zxid: number): number {
    let low = 0;
    let high = this.zxids.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.zxids[middle] > zxid) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  has(zxid: number): boolean {
    const count = this.countUpTo(zxid);
    return count > 0 && this.zxids[count - 1] === zxid;
  }

  truncateTo(zxid: number): void {
    const count = this.countUpTo(zxid);
    this.zxids.length = count;
    this.hashes.length = count;
  }

  /** The same, up to that zxid, on its own. */
  upTo(zxid: number): TxnHistory {
    const copy = new TxnHistory();
    const count = this.countUpTo(zxid);
    for (let i = 0; i < count; i++) {
      copy.zxids.push(this.zxids[i]);
      copy.hashes.push(this.hashes[i]);
    }
    return copy;
  }

  /** The first of `count` entries that is not the same in both, or -1. */
  differenceFrom(other: TxnHistory, count: number, from = 0): number {
    for (let i = from; i < count; i++) {
      if (this.zxids[i] !== other.zxids[i] || this.hashes[i] !== other.hashes[i]) return i;
    }
    return -1;
  }
}

export function zxidNumber(hi: number, lo: number): number {
  return (hi >>> 0) * TWO_32 + (lo >>> 0);
}

export function epochOf(zxid: number): number {
  return Math.floor(zxid / TWO_32);
}

export function counterOf(zxid: number): number {
  return zxid % TWO_32;
}

export function showZxid(zxid: number): string {
  return `${epochOf(zxid).toString(16)}_${counterOf(zxid).toString(16)}`;
}

/** FNV-1a over the bytes of a log entry. */
export function hashOf(bytes: Uint8Array, offset: number, length: number): number {
  let hash = 0x811c9dc5;
  for (let i = offset; i < offset + length; i++) hash = Math.imul(hash ^ bytes[i], 0x01000193);
  return hash >>> 0;
}
