// What one file of a SimFileStore holds: what readers see, what is on the disk for good, and the changes between the two.
// For tests and the simulator. It draws from the generator it is handed, in the order written here: a seed must replay.
//
//   durable          <- everything up to the last successful sync
//   pending          <- writes and truncates since, in order:  [w][w][t][w][w]
//                        a prefix of them survives a crash, the next one torn  ---^ at any byte; with `loseSectors`
//                        any subset of the 512-byte sectors of any of them instead (a disk without ordering)

import type { Prng } from '../base/prng.js';

const SECTOR_BYTES = 512;

type PendingChange =
  | { readonly kind: 'write'; readonly position: number; readonly bytes: Uint8Array }
  | { readonly kind: 'truncate'; readonly size: number };

/** A byte array that grows; bytes behind `length` are zero. */
class GrowingBytes {
  bytes = new Uint8Array(0);
  length = 0;

  write(source: Uint8Array, position: number): void {
    this.extend(Math.max(this.length, position + source.length));
    this.bytes.set(source, position);
  }

  truncate(size: number): void {
    if (size < this.length) this.bytes.fill(0, size, this.length);
    this.extend(size);
  }

  copyFrom(other: GrowingBytes): void {
    this.bytes = other.bytes.slice(0, other.length);
    this.length = other.length;
  }

  private extend(size: number): void {
    if (size > this.bytes.length) {
      const bigger = new Uint8Array(Math.max(size, this.bytes.length * 2));
      bigger.set(this.bytes.subarray(0, this.length));
      this.bytes = bigger;
    }
    this.length = size;
  }
}

export class SimContent {
  readonly number: number; // another one for every file ever made
  readonly bornMs: number;
  writtenMs: number;
  readonly current = new GrowingBytes(); // what readers see
  readonly durable = new GrowingBytes(); // Invariant: durable + pending = current, unless a sync has failed
  private pending: PendingChange[] = [];

  constructor(number: number, nowMs: number) {
    this.number = number;
    this.bornMs = nowMs;
    this.writtenMs = nowMs;
  }

  write(bytes: Uint8Array, position: number): void {
    this.current.write(bytes, position);
    this.pending.push({ kind: 'write', position, bytes });
  }

  /** A write that did not come to its end. */
  writeSome(bytes: Uint8Array, position: number, prng: Prng): void {
    this.write(bytes.slice(0, prng.below(bytes.length + 1)), position);
  }

  truncate(size: number): void {
    this.current.truncate(size);
    this.pending.push({ kind: 'truncate', size });
  }

  becomeDurable(): void {
    for (const change of this.pending) this.applyToDurable(change);
    this.pending = [];
  }

  /** A failed sync leaves each unsynced change on the disk or not, and the system forgets that it ever was unsynced. */
  becomeDurableInPart(prng: Prng): void {
    for (const change of this.pending) if (prng.below(2) === 0) this.applyToDurable(change);
    this.pending = [];
  }

  /** Puts these bytes there, in memory and on the disk, instead of whatever it held. */
  replace(bytes: Uint8Array): void {
    for (const copy of [this.current, this.durable]) {
      copy.truncate(0);
      copy.write(bytes, 0);
    }
    this.pending = [];
  }

  clone(): SimContent {
    const copy = new SimContent(this.number, this.bornMs);
    copy.writtenMs = this.writtenMs;
    copy.current.copyFrom(this.current);
    copy.durable.copyFrom(this.durable);
    copy.pending = [...this.pending];
    return copy;
  }

  /** The units of each change that is not synced: a write counts its bytes, a truncate 1. */
  pendingUnits(): number[] {
    return this.pending.map(unitsOf);
  }

  /** Of the last change, those up to its last byte that is not zero; 0: everything is synced. */
  lastPendingUnits(): number {
    const last = this.pending.at(-1);
    return last === undefined ? 0 : unitsThatTell(last);
  }

  // ---- a crash: one of the two ways to lose, then the end of all that was only in memory --------------------------

  /** The first `units` of what is not synced reach the disk. */
  keepUnits(units: number): void {
    let left = units;
    for (const change of this.pending) {
      if (left <= 0) return;
      if (change.kind === 'truncate' || left >= change.bytes.length) this.applyToDurable(change);
      else this.durable.write(change.bytes.subarray(0, left), change.position);
      left -= unitsOf(change);
    }
  }

  loseUnsynced(prng: Prng, loseSectors: boolean): void {
    if (loseSectors) {
      for (const change of this.pending) {
        if (change.kind === 'truncate') this.applyToDurable(change);
        else this.keepSomeSectors(change.bytes, change.position, prng);
      }
      return;
    }
    const kept = prng.below(this.pending.length + 1);
    for (let i = 0; i < kept; i++) this.applyToDurable(this.pending[i]);
    const torn = this.pending[kept];
    if (torn?.kind === 'write') {
      this.durable.write(torn.bytes.subarray(0, prng.below(torn.bytes.length + 1)), torn.position);
    }
  }

  forgetVolatile(): void {
    this.pending = [];
    this.current.truncate(0);
    this.current.write(this.durable.bytes.subarray(0, this.durable.length), 0);
  }

  private keepSomeSectors(bytes: Uint8Array, position: number, prng: Prng): void {
    let start = 0;
    while (start < bytes.length) {
      const end = Math.min(bytes.length, start + SECTOR_BYTES - ((position + start) % SECTOR_BYTES));
      if (prng.below(2) === 0) this.durable.write(bytes.subarray(start, end), position + start);
      start = end;
    }
  }

  private applyToDurable(change: PendingChange): void {
    if (change.kind === 'write') this.durable.write(change.bytes, change.position);
    else this.durable.truncate(change.size);
  }
}

function unitsOf(change: PendingChange): number {
  return change.kind === 'write' ? change.bytes.length : 1;
}

/** Zeros at the end of a write are mostly written over zeros: torn there, it is as if it were whole. */
function unitsThatTell(change: PendingChange): number {
  if (change.kind === 'truncate') return 1;
  let end = change.bytes.length;
  while (end > 0 && change.bytes[end - 1] === 0) end--;
  return Math.min(end + 2, change.bytes.length);
}
