/**
 * How old the transactions of this epoch are when something happens to them, by the wall clock of whoever made them, which is in their
 * header. Owned by the measures of the quorum peer, on its thread. Transactions of the same millisecond share an entry, so nothing is
 * kept per transaction; each of the things that happen to them has a cursor, and they happen in order.
 *
 *   entry   up to counter | made at     ring of 4096: what is asked about later than that is not told
 */

import { readInt32 } from '../base/bytes.js';
import { numberFromHalves } from '../base/int64.js';
import { TXN_TIME } from '../protocol/txn-layout.js';

const ENTRIES = 4096;

/** Up to where something has happened. */
export class AgeCursor {
  /** Of the entry looked at: how many of its transactions are new, and when they were made. */
  transactions = 0;
  madeMs = 0;
  /** Everything up to this counter is behind it. */
  counter = 0;
  entry = 0;

  /** What comes up to this counter happens to nobody. */
  passOver(counter: number): void {
    this.counter = Math.max(this.counter, counter);
  }
}

export class TxnAges {
  private readonly counters = new Uint32Array(ENTRIES);
  private readonly madeMs = new Float64Array(ENTRIES);
  private entries = 0;
  private epoch = -1;
  private timeHi = 0;
  private timeLo = 0;

  /** An entry as in the log; zxids follow one another. Another epoch begins anew, and so do its cursors. */
  note(zxidHi: number, zxidLo: number, bytes: Uint8Array, offset: number): void {
    const timeHi = readInt32(bytes, offset + TXN_TIME);
    const timeLo = readInt32(bytes, offset + TXN_TIME + 4);
    if (zxidHi !== this.epoch) this.begin(zxidHi);
    if (this.entries === 0 || timeLo !== this.timeLo || timeHi !== this.timeHi) {
      this.timeHi = timeHi;
      this.timeLo = timeLo;
      this.madeMs[this.entries % ENTRIES] = numberFromHalves(timeHi, timeLo);
      this.entries++;
    }
    this.counters[(this.entries - 1) % ENTRIES] = zxidLo;
  }

  /** Moves the cursor on, by one entry at most, towards `counter`; false when it is there. */
  advance(cursor: AgeCursor, counter: number): boolean {
    const oldest = Math.max(0, this.entries - ENTRIES);
    if (cursor.entry < oldest || cursor.entry > this.entries) cursor.entry = oldest;
    while (cursor.entry < this.entries && cursor.counter < counter) {
      const place = cursor.entry % ENTRIES;
      const last = this.counters[place];
      const to = Math.min(last, counter);
      cursor.transactions = to - cursor.counter;
      cursor.madeMs = this.madeMs[place];
      cursor.counter = Math.max(to, cursor.counter);
      // The newest entry may still grow.
      const isNewest = cursor.entry === this.entries - 1;
      if (last <= counter && !isNewest) cursor.entry++;
      if (cursor.transactions > 0) return true;
      if (isNewest) return false;
    }
    return false;
  }

  private begin(epoch: number): void {
    this.epoch = epoch;
    this.entries = 0;
  }
}
