// The last committed transactions, in memory, for a learner that missed only a few: it is sent these (DIFF) instead of a
// snapshot. Owned by the leader's and learner's commit side (filled by replay at start, then by every record that was
// applied), read by `learner-handler` when it plans and sends; both on one thread. Fixed memory, whatever passes through:
// no object per record, and records are given up, the oldest first, by count or by bytes.
//
// Invariants: the zxids of the entries rise, each the next after the one before (zxid-order.ts); nothing here is
// uncommitted; [min, max] are the oldest and the newest record. A hole would be handed on to whoever is synced from here
// (ZOOKEEPER-4925), so a record that does not follow is refused, and its giver must stop.

import { assert } from '../base/assert.js';
import { compareSigned } from '../base/int64.js';
import { EntryRing } from './entry-ring.js';
import { isNextZxid } from './zxid-order.js';

/** `hole`: it does not follow the newest one. Nothing was kept; who gave it must not go on as if it were. */
export type CommittedLogResult = 'kept' | 'ignored' | 'hole';

export class CommittedLog {
  private readonly slotCount: number;
  private readonly bytesMax: number;
  private readonly ring: EntryRing;
  // The last one appended or passed over: what the next one must follow, even when none is kept.
  private lastHi = -1;
  private lastLo = -1;

  /** commitLogCount, and how many bytes the entries may take in all. The memory grows up to there as it is needed. */
  constructor(slotCount: number, bytesMax: number) {
    assert(slotCount > 0 && bytesMax > 0, 'a committed log has room');
    this.slotCount = slotCount;
    this.bytesMax = bytesMax;
    this.ring = new EntryRing(bytesMax);
  }

  get count(): number {
    return this.ring.length;
  }

  get bytes(): Uint8Array {
    return this.ring.bytes;
  }

  // Of the record looked up last; valid until the next append. The bytes may be another array after that.

  get zxidHi(): number {
    return this.ring.zxidHi;
  }

  get zxidLo(): number {
    return this.ring.zxidLo;
  }

  get entryOffset(): number {
    return this.ring.entryOffset;
  }

  get entryLength(): number {
    return this.ring.entryLength;
  }

  /** What the memory for the entries has grown to. */
  get byteLength(): number {
    return this.ring.bytes.length;
  }

  /** The newest record, or the zxid given to clear(); both halves -1 when nothing is known. */
  get maxHi(): number {
    return this.lastHi;
  }

  get maxLo(): number {
    return this.lastLo;
  }

  /** The oldest record; the same as max when none is kept. */
  get minHi(): number {
    return this.count === 0 ? this.lastHi : this.ring.zxidHiAt(0);
  }

  get minLo(): number {
    return this.count === 0 ? this.lastLo : this.ring.zxidLoAt(0);
  }

  /** Takes one whole entry (header, body, digest); it is copied. */
  append(entry: Uint8Array, offset: number, length: number, zxidHi: number, zxidLo: number): CommittedLogResult {
    const { ring } = this;
    const isKnown = this.lastHi !== -1 || this.lastLo !== -1;
    if (isKnown && compareSigned(zxidHi, zxidLo, this.lastHi, this.lastLo) <= 0) return 'ignored';
    if (isKnown && !isNextZxid(this.lastHi, this.lastLo, zxidHi, zxidLo)) return 'hole';
    this.lastHi = zxidHi;
    this.lastLo = zxidLo;
    // Too long for all of the memory: then nobody is synced from here until others have followed.
    if (length > this.bytesMax) {
      ring.clear();
      return 'kept';
    }
    if (ring.length === this.slotCount) ring.shift();
    while (!ring.push(zxidHi, zxidLo, entry, offset, length)) ring.shift();
    return 'kept';
  }

  /**
   * Another database was loaded (TRUNC, SNAP, a restore): nothing of before is handed on, and the next record must follow
   * this zxid.
   */
  clear(lastHi: number, lastLo: number): void {
    this.ring.clear();
    this.lastHi = lastHi;
    this.lastLo = lastLo;
  }

  /** Index of the first record that is not below the zxid, counted from the oldest; `count` when there is none. */
  indexFrom(zxidHi: number, zxidLo: number): number {
    const { ring } = this;
    let low = 0;
    let high = ring.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareSigned(ring.zxidHiAt(middle), ring.zxidLoAt(middle), zxidHi, zxidLo) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Puts the record of that index into the fields above. */
  look(index: number): void {
    this.ring.look(index);
  }
}
