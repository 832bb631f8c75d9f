/**
 * Log entries by rising zxid, oldest first: bytes in one ring, positions in another. No object per entry; both rings double when
 * they are full, the bytes up to a bound, and are given back when they have grown large and nothing is left.
 *
 *   slots    [hi|lo|offset|length] x a power of two, a ring:   | free | oldest ... newest | free |
 *   bytes    one ring of entries, each in one piece:
 *            0                                                        size
 *            | newest  | free   | oldest | ....... | .. | no room at the end for the next one |
 *                      ^ writeAt  ^ offset of the oldest slot
 *
 * Owned by the CommittedLog or ProposalHistory that it is part of, on their thread. It never drops what was not taken out.
 */
import { assert } from '../base/assert.js';
import { copyBytes } from '../base/bytes.js';

const SLOT_WORDS = 4;
const ZXID_HI = 0;
const ZXID_LO = 1;
const OFFSET = 2;
const LENGTH = 3;
const FIRST_SLOTS = 64;
const FIRST_BYTES = 16 << 10;
/** What is kept when nothing is left. */
const KEEP_BYTES_MAX = 4 << 20;
const KEEP_SLOTS_MAX = 16 << 10;

export class EntryRing {
  /** Of the entry looked up last; valid until the next push. */
  zxidHi = 0;
  zxidLo = 0;
  entryOffset = 0;
  entryLength = 0;
  private readonly bytesMax: number;
  private ring = new Uint8Array(0);
  private slots = new Int32Array(FIRST_SLOTS * SLOT_WORDS);
  private slotMask = FIRST_SLOTS - 1;
  private head = 0; // slot of the oldest one
  private held = 0;
  private writeAt = 0;

  /** `bytesMax`: what the bytes may grow to. */
  constructor(bytesMax: number = Number.POSITIVE_INFINITY) {
    assert(bytesMax > 0, 'a ring has room');
    this.bytesMax = bytesMax;
  }

  get length(): number {
    return this.held;
  }

  /** Where `entryOffset` leads; another array after a push. */
  get bytes(): Uint8Array {
    return this.ring;
  }

  /** Copies the entry. False: the bytes have grown as far as they may, and older entries stand where it would. */
  push(zxidHi: number, zxidLo: number, bytes: Uint8Array, offset: number, length: number): boolean {
    const at = this.placeFor(length);
    if (at < 0) return false;
    if (this.held > this.slotMask) this.growSlots();
    copyBytes(bytes, offset, this.ring, at, length);
    const slot = this.slotAt(this.held);
    this.slots[slot + ZXID_HI] = zxidHi;
    this.slots[slot + ZXID_LO] = zxidLo;
    this.slots[slot + OFFSET] = at;
    this.slots[slot + LENGTH] = length;
    this.held++;
    this.writeAt = at + length;
    return true;
  }

  /** Puts the entry of that index, counted from the oldest, into the fields above. */
  look(index: number): void {
    assert(index >= 0 && index < this.held, 'the entry is there');
    const slot = this.slotAt(index);
    this.zxidHi = this.slots[slot + ZXID_HI];
    this.zxidLo = this.slots[slot + ZXID_LO];
    this.entryOffset = this.slots[slot + OFFSET];
    this.entryLength = this.slots[slot + LENGTH];
  }

  zxidHiAt(index: number): number {
    return this.slots[this.slotAt(index) + ZXID_HI];
  }

  zxidLoAt(index: number): number {
    return this.slots[this.slotAt(index) + ZXID_LO];
  }

  /** The oldest one goes; its bytes stay readable until the next push. */
  shift(): void {
    assert(this.held > 0, 'there is an entry');
    this.head = (this.head + 1) & this.slotMask;
    this.held--;
  }

  clear(): void {
    this.held = 0;
    this.head = 0;
  }

  /** Where `length` bytes may go in one piece; -1: nowhere, as long as what is held is held. */
  private placeFor(length: number): number {
    if (this.held === 0) {
      this.writeAt = 0;
      if (this.ring.length > KEEP_BYTES_MAX && length <= KEEP_BYTES_MAX) this.ring = new Uint8Array(KEEP_BYTES_MAX);
      if (this.slotMask >= KEEP_SLOTS_MAX) this.takeSlots(FIRST_SLOTS);
    }
    const at = this.freePlace(length);
    if (at >= 0 || this.ring.length >= this.bytesMax) return at;
    this.growBytes(length);
    return this.freePlace(length);
  }

  /** -1: there is none without growing. */
  private freePlace(length: number): number {
    const { writeAt } = this;
    if (this.held === 0) return length <= this.ring.length ? 0 : -1;
    const oldest = this.slots[this.slotAt(0) + OFFSET];
    if (writeAt > oldest) {
      if (writeAt + length <= this.ring.length) return writeAt;
      return length <= oldest ? 0 : -1;
    }
    return writeAt + length <= oldest ? writeAt : -1;
  }

  /** The entries stand one behind the other in the new memory. */
  private growBytes(needed: number): void {
    let used = 0;
    for (let i = 0; i < this.held; i++) used += this.slots[this.slotAt(i) + LENGTH];
    let size = Math.max(this.ring.length * 2, FIRST_BYTES);
    while (size < used + needed) size *= 2;
    const bigger = new Uint8Array(Math.min(size, this.bytesMax));
    let at = 0;
    for (let i = 0; i < this.held; i++) {
      const slot = this.slotAt(i);
      const length = this.slots[slot + LENGTH];
      copyBytes(this.ring, this.slots[slot + OFFSET], bigger, at, length);
      this.slots[slot + OFFSET] = at;
      at += length;
    }
    this.ring = bigger;
    this.writeAt = at;
  }

  private growSlots(): void {
    const old = this.slots;
    const order: number[] = [];
    for (let i = 0; i < this.held; i++) order.push(this.slotAt(i));
    this.takeSlots((this.slotMask + 1) * 2);
    for (let i = 0; i < order.length; i++)
      this.slots.set(old.subarray(order[i], order[i] + SLOT_WORDS), i * SLOT_WORDS);
  }

  private takeSlots(count: number): void {
    this.slots = new Int32Array(count * SLOT_WORDS);
    this.slotMask = count - 1;
    this.head = 0;
  }

  private slotAt(index: number): number {
    return ((this.head + index) & this.slotMask) * SLOT_WORDS;
  }
}
