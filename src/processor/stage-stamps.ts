/**
 * When each stage of the line was done with which transactions: a ring of stamps per stage, one per batch. Of these a slow request is
 * told where it was slow (server/slow-requests.ts), and a stage how long its records have waited. Nothing is noted per record.
 *
 * In memory that all threads share; every ring has one writer, the stage, and the stamp is there before anybody sees the batch's
 * records (but for those of final, which publishes in the middle of a batch).
 *
 *   memory   | ring of decided | ring of logged | ring of proposed | ring of committed | ring of applied |
 *   ring     | count, 60 bytes unused | stamp 0 | ... | stamp 2047 |        stamp number n lies in place n modulo 2048
 *   stamp    | zxid hi, lo | time a | time b | time c |                     float64, monotonic ms of one origin; everything up to zxid
 *
 *   decided     prep has     a: taken from its mailbox   b: decided
 *   logged      sync has     a: taken                    b: written           c: on the disk
 *   proposed    quorum-peer  a: handed to the log: a leader's own proposal, a learner's leader's
 *   committed   quorum-peer  a: a quorum has it, or the leader says so
 *   applied     final has    a: in the tree
 *
 * Invariant: a count is raised behind the stamp that it covers. Zxids rise from stamp to stamp, but for the end of a role or a
 * restore, which may go back.
 */

import { compareUnsigned } from '../base/int64.js';

export const STAGE_STAMPS = 'stage-stamps';

export const StampedStage = { decided: 0, logged: 1, proposed: 2, committed: 3, applied: 4 } as const;
export type StampedStage = (typeof StampedStage)[keyof typeof StampedStage];

const STAGES = 5;
const STAMPS = 2048;
const STAMP_CELLS = 4;
const HEADER_BYTES = 64;
const RING_BYTES = HEADER_BYTES + STAMPS * STAMP_CELLS * 8;
const COUNT = 0;

/** The memory of this name, or, for a stage that is built alone, some that nobody else reads. */
function stampsOf(shared: Readonly<Record<string, SharedArrayBuffer>>): SharedArrayBuffer {
  return shared[STAGE_STAMPS] ?? StageStamps.createMemory();
}

export class StageStamps {
  protected readonly control: Int32Array;
  protected readonly cells: Float64Array;
  /** The cells once more: a zxid's halves are the two words of the first. */
  protected readonly words: Int32Array;

  constructor(memory: SharedArrayBuffer, stage: StampedStage) {
    const ring = stage * RING_BYTES;
    this.control = new Int32Array(memory, ring, HEADER_BYTES / 4);
    this.cells = new Float64Array(memory, ring + HEADER_BYTES, STAMPS * STAMP_CELLS);
    this.words = new Int32Array(memory, ring + HEADER_BYTES, STAMPS * STAMP_CELLS * 2);
  }

  static createMemory(): SharedArrayBuffer {
    return new SharedArrayBuffer(STAGES * RING_BYTES);
  }
}

/** The stage's own side, on its thread. */
export class StampWriter extends StageStamps {
  private count: number;
  private lastHi = -1;
  private lastLo = -1;

  constructor(shared: Readonly<Record<string, SharedArrayBuffer>>, stage: StampedStage) {
    super(stampsOf(shared), stage);
    this.count = this.control[COUNT];
  }

  /** The stage has come to this zxid; once per batch, and nothing if it had before. */
  add(zxidHi: number, zxidLo: number, aMs: number, bMs = aMs, cMs = bMs): void {
    if (zxidLo === this.lastLo && zxidHi === this.lastHi) return;
    this.lastHi = zxidHi;
    this.lastLo = zxidLo;
    const at = (this.count & (STAMPS - 1)) * STAMP_CELLS;
    const { cells, words } = this;
    words[at * 2] = zxidHi;
    words[at * 2 + 1] = zxidLo;
    cells[at + 1] = aMs;
    cells[at + 2] = bMs;
    cells[at + 3] = cMs;
    this.count = (this.count + 1) | 0;
    Atomics.store(this.control, COUNT, this.count);
  }
}

export interface Stamp {
  readonly aMs: number;
  readonly bMs: number;
  readonly cMs: number;
}

/** Finds stamps for whoever asks later, on any thread. */
export class StampReader extends StageStamps {
  constructor(shared: Readonly<Record<string, SharedArrayBuffer>>, stage: StampedStage) {
    super(stampsOf(shared), stage);
  }

  /** The first stamp that covers the zxid; null: not there yet, or no more. */
  find(zxidHi: number, zxidLo: number): Stamp | null {
    const { control, cells, words } = this;
    const count = Atomics.load(control, COUNT);
    const kept = count >= 0 && count < STAMPS ? count : STAMPS;
    let back = 0;
    while (back < kept) {
      const at = ((count - back - 1) & (STAMPS - 1)) * STAMP_CELLS;
      if (compareUnsigned(words[at * 2], words[at * 2 + 1], zxidHi, zxidLo) < 0) break;
      back++;
    }
    // Of a ring that has gone round, the oldest stamp may cover more than its own batch.
    if (back === 0 || back === STAMPS) return null;
    const at = ((count - back) & (STAMPS - 1)) * STAMP_CELLS;
    const stamp = { aMs: cells[at + 1], bMs: cells[at + 2], cMs: cells[at + 3] };
    // Written over meanwhile?
    const passed = (Atomics.load(control, COUNT) - count) | 0;
    return back + passed < STAMPS ? stamp : null;
  }
}

/** Follows the ring of the stage before, for how long each record has waited since then; on the thread of whoever follows. */
export class StampFollower extends StageStamps {
  /** Of the stamp looked at: how many transactions it stands for, and its times. */
  transactions = 0;
  stampedMs = 0;
  private next = 0;
  private readonly time: number;
  /** Up to where stamps were looked at; -1: none was. */
  private hi = -1;
  private lo = 0;

  /** `time`: which of a stamp's times counts, 0 for a to 2 for c. */
  constructor(shared: Readonly<Record<string, SharedArrayBuffer>>, stage: StampedStage, time: 0 | 1 | 2) {
    super(stampsOf(shared), stage);
    this.time = time;
  }

  /** Whether there is another stamp with transactions up to this zxid, and makes it the one looked at. */
  advance(zxidHi: number, zxidLo: number): boolean {
    const { control, cells, words } = this;
    const count = Atomics.load(control, COUNT);
    if (((count - this.next) | 0) > STAMPS / 2) this.skipTo((count - STAMPS / 2) | 0);
    while (this.next !== count) {
      const at = (this.next & (STAMPS - 1)) * STAMP_CELLS;
      const hi = words[at * 2];
      const lo = words[at * 2 + 1];
      const isBeyond = compareUnsigned(hi, lo, zxidHi, zxidLo) > 0;
      const toLo = isBeyond ? zxidLo : lo;
      const toHi = isBeyond ? zxidHi : hi;
      // The first stamp of all, and of another epoch or database, tells nothing about how many it stands for.
      this.transactions = toHi === this.hi ? (toLo - this.lo) | 0 : 0;
      this.stampedMs = cells[at + 1 + this.time];
      this.hi = toHi;
      this.lo = toLo;
      if (!isBeyond) this.next = (this.next + 1) | 0;
      if (this.transactions > 0) return true;
      if (isBeyond) return false;
    }
    return false;
  }

  private skipTo(number: number): void {
    this.next = number;
    this.hi = -1;
  }
}
