/**
 * Which ephemerals belong to which session: a table in slab memory from session id to the head of a doubly linked list
 * through the nodes themselves (NEXT and PREVIOUS of node-layout.ts). Owned by the tree's writer; in shared memory so
 * that other threads (prep for closeSession, the dump command) can follow a list under the seqlock.
 *
 *   table: capacity (power of two) entries of 16 bytes, open addressing, linear probing, at most half full
 *          +------------+------------+------------+------------+
 *          | SESSION_HI | SESSION_LO | HEAD ref   | COUNT      |     HEAD 0 = free entry
 *          +------------+------------+------------+------------+
 */
import { assert } from '../base/assert.js';
import type { Allocator } from './allocator.js';
import { SESSION_COUNT, SESSIONS_CAPACITY, SESSIONS_REF } from './control-layout.js';
import { NEXT, PREVIOUS, STAT_OWNER, swapWord } from './node-layout.js';
import type { SlabMemory } from './slab-memory.js';
import { SLAB_SHIFT, UNIT_MASK } from './slab-memory.js';

export const SESSION_HEAD = 2;
export const SESSION_NODE_COUNT = 3;
export const SESSION_ENTRY_WORDS = 4;
const CAPACITY_MIN = 64;

/** Session ids are made by servers, so a plain mix will do. */
export function sessionSlot(hi: number, lo: number, capacity: number): number {
  let x = Math.imul(lo ^ Math.imul(hi, 0x9e3779b1), 0x85ebca6b);
  x ^= x >>> 15;
  return (x ^ (x >>> 9)) & (capacity - 1);
}

export class EphemeralIndex {
  private readonly memory: SlabMemory;
  private readonly allocator: Allocator;
  private readonly control: Int32Array;
  private tableRef = 0;
  private capacity = 0;
  private sessions = 0;

  constructor(memory: SlabMemory, allocator: Allocator, control: Int32Array) {
    this.memory = memory;
    this.allocator = allocator;
    this.control = control;
  }

  get sessionCount(): number {
    return this.sessions;
  }

  /** Starts empty; the allocator was new or cleared just before. */
  create(): void {
    this.sessions = 0;
    this.allocateTable(CAPACITY_MIN);
    this.publish();
  }

  first(sessionHi: number, sessionLo: number): number {
    const words = this.memory.words[this.tableRef >>> SLAB_SHIFT];
    return words[this.entry(words, sessionHi, sessionLo) + SESSION_HEAD];
  }

  /** The node's wire owner is set and its links are free. */
  add(ref: number): void {
    const words = this.memory.words[ref >>> SLAB_SHIFT];
    const node = (ref & UNIT_MASK) << 1;
    const hi = swapWord(words[node + STAT_OWNER]);
    const lo = swapWord(words[node + STAT_OWNER + 1]);
    if ((this.sessions + 1) * 2 > this.capacity) this.grow();
    const table = this.memory.words[this.tableRef >>> SLAB_SHIFT];
    const entry = this.entry(table, hi, lo);
    const head = table[entry + SESSION_HEAD];
    if (head === 0) {
      table[entry] = hi;
      table[entry + 1] = lo;
      table[entry + SESSION_NODE_COUNT] = 0;
      this.sessions++;
      this.control[SESSION_COUNT] = this.sessions;
    } else {
      this.memory.words[head >>> SLAB_SHIFT][((head & UNIT_MASK) << 1) + PREVIOUS] = ref;
    }
    words[node + NEXT] = head;
    words[node + PREVIOUS] = 0;
    table[entry + SESSION_HEAD] = ref;
    table[entry + SESSION_NODE_COUNT]++;
  }

  remove(ref: number): void {
    const words = this.memory.words[ref >>> SLAB_SHIFT];
    const node = (ref & UNIT_MASK) << 1;
    const next = words[node + NEXT];
    const previous = words[node + PREVIOUS];
    const table = this.memory.words[this.tableRef >>> SLAB_SHIFT];
    const entry = this.entry(table, swapWord(words[node + STAT_OWNER]), swapWord(words[node + STAT_OWNER + 1]));
    assert(table[entry + SESSION_HEAD] !== 0, 'an ephemeral of a session without ephemerals');
    if (next !== 0) this.memory.words[next >>> SLAB_SHIFT][((next & UNIT_MASK) << 1) + PREVIOUS] = previous;
    if (previous !== 0) this.memory.words[previous >>> SLAB_SHIFT][((previous & UNIT_MASK) << 1) + NEXT] = next;
    else table[entry + SESSION_HEAD] = next;
    table[entry + SESSION_NODE_COUNT]--;
    if (table[entry + SESSION_HEAD] === 0) this.removeEntry(table, entry);
  }

  visitSessions(visit: (sessionHi: number, sessionLo: number, count: number) => void): void {
    const table = this.memory.words[this.tableRef >>> SLAB_SHIFT];
    const base = (this.tableRef & UNIT_MASK) << 1;
    for (let i = 0; i < this.capacity; i++) {
      const entry = base + i * SESSION_ENTRY_WORDS;
      if (table[entry + SESSION_HEAD] !== 0) visit(table[entry], table[entry + 1], table[entry + SESSION_NODE_COUNT]);
    }
  }

  /** Word index of the session's entry, or of the free entry where it would stand. */
  private entry(table: Int32Array, hi: number, lo: number): number {
    const base = (this.tableRef & UNIT_MASK) << 1;
    for (let slot = sessionSlot(hi, lo, this.capacity); ; slot = (slot + 1) & (this.capacity - 1)) {
      const entry = base + slot * SESSION_ENTRY_WORDS;
      if (table[entry + SESSION_HEAD] === 0 || (table[entry] === hi && table[entry + 1] === lo)) return entry;
    }
  }

  /** Backward shift, as in the path index. */
  private removeEntry(table: Int32Array, entry: number): void {
    const base = (this.tableRef & UNIT_MASK) << 1;
    const mask = this.capacity - 1;
    let hole = (entry - base) / SESSION_ENTRY_WORDS;
    for (let slot = (hole + 1) & mask; ; slot = (slot + 1) & mask) {
      const from = base + slot * SESSION_ENTRY_WORDS;
      if (table[from + SESSION_HEAD] === 0) break;
      const home = sessionSlot(table[from], table[from + 1], this.capacity);
      if (((slot - home) & mask) >= ((slot - hole) & mask)) {
        table.copyWithin(base + hole * SESSION_ENTRY_WORDS, from, from + SESSION_ENTRY_WORDS);
        hole = slot;
      }
    }
    table.fill(0, base + hole * SESSION_ENTRY_WORDS, base + (hole + 1) * SESSION_ENTRY_WORDS);
    this.sessions--;
    this.control[SESSION_COUNT] = this.sessions;
  }

  private grow(): void {
    const oldRef = this.tableRef;
    const oldCapacity = this.capacity;
    const old = this.memory.words[oldRef >>> SLAB_SHIFT];
    const oldBase = (oldRef & UNIT_MASK) << 1;
    this.allocateTable(oldCapacity * 2);
    const table = this.memory.words[this.tableRef >>> SLAB_SHIFT];
    for (let i = 0; i < oldCapacity; i++) {
      const from = oldBase + i * SESSION_ENTRY_WORDS;
      if (old[from + SESSION_HEAD] === 0) continue;
      const to = this.entry(table, old[from], old[from + 1]);
      for (let k = 0; k < SESSION_ENTRY_WORDS; k++) table[to + k] = old[from + k];
    }
    this.allocator.free(oldRef, oldCapacity * SESSION_ENTRY_WORDS * 4);
    this.publish();
  }

  private allocateTable(capacity: number): void {
    this.capacity = capacity;
    this.tableRef = this.allocator.allocate(capacity * SESSION_ENTRY_WORDS * 4);
    const base = (this.tableRef & UNIT_MASK) << 1;
    this.memory.words[this.tableRef >>> SLAB_SHIFT].fill(0, base, base + capacity * SESSION_ENTRY_WORDS);
  }

  private publish(): void {
    this.control[SESSIONS_REF] = this.tableRef;
    this.control[SESSIONS_CAPACITY] = this.capacity;
    this.control[SESSION_COUNT] = this.sessions;
  }
}
