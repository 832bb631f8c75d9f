/**
 * A summary per key: bytes per namespace, waiting time per learner. The writer's side; lives on the thread that owns the metric set
 * it came from. Keys are bytes that are compared as such, so that no string is made per record; the same key as last time, which
 * most records have, is not looked up. The number of keys is bounded: the rest is counted together, under the last slot.
 */

import { assert } from '../../base/assert.js';
import {
  ENTRY_HEADER_BYTES,
  EntryWord,
  indexWords,
  KEY_AREA_BYTES,
  KEY_BYTES_MAX,
  SUMMARY_CELLS,
  SummaryCell,
  slotOffset,
} from './metrics-layout.js';
import { addToCells, resetCells } from './summary.js';

export class KeyedSummary {
  private readonly words: Int32Array;
  private readonly bytes: Uint8Array;
  private readonly entry: number;
  private readonly keysMax: number;
  /** Open addressing over at least twice as many places as keys: a free one is always found. */
  private readonly index: Int32Array;
  private readonly buffer: SharedArrayBuffer;
  /** By slot, as far as they were used; the last one is of the keys for which there was no room. */
  private readonly cellsBySlot: (Float64Array | undefined)[] = [];

  private lastCells: Float64Array | null = null;
  private lastKey = 0;
  private lastLength = -1;

  /** Over the entry that begins at `entry`; `keysMax` and what a previous owner counted are in it. */
  constructor(buffer: SharedArrayBuffer, entry: number) {
    this.entry = entry;
    this.bytes = new Uint8Array(buffer);
    const entryBytes = new Int32Array(buffer, entry)[EntryWord.bytes];
    this.words = new Int32Array(buffer, entry, entryBytes / 4);
    this.keysMax = this.words[EntryWord.keysMax];
    this.index = new Int32Array(buffer, entry + ENTRY_HEADER_BYTES, indexWords(this.keysMax));
    this.buffer = buffer;
  }

  /** One value under the key `bytes[offset .. offset + length)`, which is not kept. */
  add(bytes: Uint8Array, offset: number, length: number, value: number): void {
    if (this.lastCells === null || length !== this.lastLength || !this.isKey(this.lastKey, bytes, offset, length)) {
      this.find(bytes, offset, length);
    }
    addToCells(this.lastCells as Float64Array, value, 1);
  }

  /** The same value for several records of that key. */
  addMany(bytes: Uint8Array, offset: number, length: number, value: number, times: number): void {
    if (times <= 0) return;
    if (this.lastCells === null || length !== this.lastLength || !this.isKey(this.lastKey, bytes, offset, length)) {
      this.find(bytes, offset, length);
    }
    addToCells(this.lastCells as Float64Array, value, times);
  }

  /** Keys stay, with nothing counted under them. */
  reset(): void {
    const used = this.words[EntryWord.keysUsed];
    for (let slot = 0; slot < used; slot++) resetCells(this.cells(slot));
    resetCells(this.cells(this.keysMax));
  }

  private keyArea(slot: number): number {
    return this.entry + slotOffset(this.keysMax, slot);
  }

  /** Makes the key the last one; it gets a slot of its own if it is new and there is room. */
  private find(key: Uint8Array, offset: number, length: number): void {
    const slot = length > KEY_BYTES_MAX ? this.keysMax : this.slotOf(key, offset, length);
    this.lastCells = this.cells(slot);
    this.lastKey = this.keyArea(slot);
    // The last slot has no key to compare with: whatever falls into it is looked up each time.
    this.lastLength = slot === this.keysMax ? -1 : length;
  }

  private slotOf(key: Uint8Array, offset: number, length: number): number {
    const { index } = this;
    let place = hash(key, offset, length) % index.length;
    while (index[place] !== 0) {
      const slot = index[place] - 1;
      const area = this.keyArea(slot);
      if (this.lengthAt(area) === length && this.isKey(area, key, offset, length)) return slot;
      place = place + 1 === index.length ? 0 : place + 1;
    }
    const used = this.words[EntryWord.keysUsed];
    if (used === this.keysMax) return this.keysMax;
    this.takeSlot(used, key, offset, length);
    index[place] = used + 1;
    return used;
  }

  private takeSlot(slot: number, key: Uint8Array, offset: number, length: number): void {
    assert(slot < this.keysMax, 'a slot of a key');
    const area = this.keyArea(slot);
    for (let i = 0; i < length; i++) this.bytes[area + 4 + i] = key[offset + i];
    this.words[(area - this.entry) >> 2] = length;
    // The key first, then the number that covers it: a reader never sees a slot without its key.
    Atomics.store(this.words, EntryWord.keysUsed, slot + 1);
  }

  /** Made when the slot is first used: once per key. */
  private cells(slot: number): Float64Array {
    let cells = this.cellsBySlot[slot];
    if (cells === undefined) {
      cells = new Float64Array(this.buffer, this.keyArea(slot) + KEY_AREA_BYTES, SUMMARY_CELLS);
      if (cells[SummaryCell.count] === 0) cells[SummaryCell.least] = Number.POSITIVE_INFINITY;
      this.cellsBySlot[slot] = cells;
    }
    return cells;
  }

  private lengthAt(area: number): number {
    return this.words[(area - this.entry) >> 2];
  }

  private isKey(area: number, key: Uint8Array, offset: number, length: number): boolean {
    const { bytes } = this;
    for (let i = 0; i < length; i++) {
      if (bytes[area + 4 + i] !== key[offset + i]) return false;
    }
    return true;
  }
}

/** FNV-1a, 31 bits. */
function hash(key: Uint8Array, offset: number, length: number): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < length; i++) value = Math.imul(value ^ key[offset + i], 0x01000193);
  return value >>> 1;
}
