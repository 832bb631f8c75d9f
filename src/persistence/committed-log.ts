// The last committed transactions, in memory, for a learner that missed only a few: it is sent these (DIFF) instead of a
// snapshot. Owned by the leader's and learner's commit side (filled by replay at start, then by every record that was
// applied), read by `learner-handler` when it plans and sends; both on one thread. Fixed memory, whatever passes through:
// no object per record, and records are given up, the oldest first, by count or by bytes.
//
//   slots    [hi|lo|offset|length]  x slotCount, a ring:  | free | oldest ... newest | free |
//   bytes    one ring of entries, each in one piece:
//            0                                                        size
//            | newest  | free   | oldest | ....... | .. | no room at the end for the next one |
//                      ^ writeAt  ^ offset of the oldest slot
//
// Invariants: the zxids of the slots rise, each the next after the one before (zxid-order.ts); nothing here is
// uncommitted; [min, max] are the oldest and the newest record. A hole would be handed on to whoever is synced from here
// (ZOOKEEPER-4925), so a record that does not follow is refused, and its giver must stop.

import { assert } from '../base/assert.js';
import { copyBytes } from '../base/bytes.js';
import { compareSigned } from '../base/int64.js';
import { isNextZxid } from './zxid-order.js';

const SLOT_WORDS = 4;
const ZXID_HI = 0;
const ZXID_LO = 1;
const OFFSET = 2;
const LENGTH = 3;
const FIRST_BYTES = 64 << 10;

/** `hole`: it does not follow the newest one. Nothing was kept; who gave it must not go on as if it were. */
export type CommittedLogResult = 'kept' | 'ignored' | 'hole';

export class CommittedLog {
  /** Of the record looked up last; valid until the next append. The bytes may be another array after that. */
  entryOffset = 0;
  entryLength = 0;
  zxidHi = 0;
  zxidLo = 0;
  private readonly slotCount: number;
  private readonly bytesMax: number;
  private readonly slots: Int32Array;
  private ring = new Uint8Array(0);
  private writeAt = 0;
  private first = 0; // slot of the oldest record
  private kept = 0; // how many
  // The last one appended or passed over: what the next one must follow, even when none is kept.
  private lastHi = -1;
  private lastLo = -1;

  /** commitLogCount, and how many bytes the entries may take in all. The ring grows up to there as it is needed. */
  constructor(slotCount: number, bytesMax: number) {
    assert(slotCount > 0 && bytesMax > 0, 'a committed log has room');
    this.slotCount = slotCount;
    this.bytesMax = bytesMax;
    this.slots = new Int32Array(slotCount * SLOT_WORDS);
  }

  get bytes(): Uint8Array {
    return this.ring;
  }

  get count(): number {
    return this.kept;
  }

  /** What the memory for the entries has grown to. */
  get byteLength(): number {
    return this.ring.length;
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
    return this.kept === 0 ? this.lastHi : this.slotWord(0, ZXID_HI);
  }

  get minLo(): number {
    return this.kept === 0 ? this.lastLo : this.slotWord(0, ZXID_LO);
  }

  /** Takes one whole entry (header, body, digest); it is copied. */
  append(entry: Uint8Array, offset: number, length: number, zxidHi: number, zxidLo: number): CommittedLogResult {
    const isKnown = this.lastHi !== -1 || this.lastLo !== -1;
    if (isKnown && compareSigned(zxidHi, zxidLo, this.lastHi, this.lastLo) <= 0) return 'ignored';
    if (isKnown && !isNextZxid(this.lastHi, this.lastLo, zxidHi, zxidLo)) return 'hole';
    this.lastHi = zxidHi;
    this.lastLo = zxidLo;
    if (this.kept === this.slotCount) this.dropOldest();
    const at = this.claim(length);
    // Too long for all of the memory: then nobody is synced from here until others have followed.
    if (at < 0) return 'kept';
    copyBytes(entry, offset, this.ring, at, length);
    const slot = this.slotAt(this.kept);
    this.slots[slot + ZXID_HI] = zxidHi;
    this.slots[slot + ZXID_LO] = zxidLo;
    this.slots[slot + OFFSET] = at;
    this.slots[slot + LENGTH] = length;
    this.kept++;
    this.writeAt = at + length;
    return 'kept';
  }

  /**
   * Another database was loaded (TRUNC, SNAP, a restore): nothing of before is handed on, and the next record must follow
   * this zxid.
   */
  clear(lastHi: number, lastLo: number): void {
    this.kept = 0;
    this.first = 0;
    this.writeAt = 0;
    this.lastHi = lastHi;
    this.lastLo = lastLo;
  }

  /** Index of the first record that is not below the zxid, counted from the oldest; `count` when there is none. */
  indexFrom(zxidHi: number, zxidLo: number): number {
    let low = 0;
    let high = this.kept;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const order = compareSigned(this.slotWord(middle, ZXID_HI), this.slotWord(middle, ZXID_LO), zxidHi, zxidLo);
      if (order < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Puts the record of that index into the fields above. */
  look(index: number): void {
    assert(index >= 0 && index < this.kept, 'the record is there');
    this.zxidHi = this.slotWord(index, ZXID_HI);
    this.zxidLo = this.slotWord(index, ZXID_LO);
    this.entryOffset = this.slotWord(index, OFFSET);
    this.entryLength = this.slotWord(index, LENGTH);
  }

  /** Where `length` bytes may go in one piece; drops records for it. -1 when they can have no place at all. */
  private claim(length: number): number {
    if (length > this.bytesMax) {
      this.kept = 0;
      return -1;
    }
    for (;;) {
      const at = this.freePlace(length);
      if (at >= 0) return at;
      if (this.ring.length < this.bytesMax) this.grow(length);
      else this.dropOldest();
    }
  }

  /** -1: there is none without dropping or growing. */
  private freePlace(length: number): number {
    if (this.kept === 0) {
      this.writeAt = 0;
      return length <= this.ring.length ? 0 : -1;
    }
    const oldest = this.slotWord(0, OFFSET);
    if (this.writeAt > oldest) {
      if (this.writeAt + length <= this.ring.length) return this.writeAt;
      return length <= oldest ? 0 : -1;
    }
    return this.writeAt + length <= oldest ? this.writeAt : -1;
  }

  /** The records stand one behind the other in the new memory. */
  private grow(needed: number): void {
    let size = Math.max(this.ring.length * 2, FIRST_BYTES);
    while (size < needed) size *= 2;
    const bigger = new Uint8Array(Math.min(size, this.bytesMax));
    let at = 0;
    for (let i = 0; i < this.kept; i++) {
      const slot = this.slotAt(i);
      const length = this.slots[slot + LENGTH];
      copyBytes(this.ring, this.slots[slot + OFFSET], bigger, at, length);
      this.slots[slot + OFFSET] = at;
      at += length;
    }
    this.ring = bigger;
    this.writeAt = at;
  }

  private dropOldest(): void {
    this.first = (this.first + 1) % this.slotCount;
    this.kept--;
  }

  private slotAt(index: number): number {
    return ((this.first + index) % this.slotCount) * SLOT_WORDS;
  }

  private slotWord(index: number, word: number): number {
    return this.slots[this.slotAt(index) + word];
  }
}
