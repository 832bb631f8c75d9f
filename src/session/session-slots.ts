/**
 * Who opens and closes sessions has this over the session table: which session is in which slot, and which slots are free.
 *
 * One stage at a time: prep, and in a member of an ensemble final while the server follows, and between two roles. Each has an
 * object of its own, which begins with `adopt` when the table becomes its stage's and is of no use after it was given up.
 */
import { Fifo } from '../base/fifo.js';
import { compareUnsigned } from '../base/int64.js';
import { SessionIndex } from './session-index.js';
import { type SessionTable, SlotState } from './session-table.js';

interface ClosingSlot {
  slot: number;
  zxidHi: number;
  zxidLo: number;
}

export class SessionSlots {
  private readonly table: SessionTable;
  private readonly index = new SessionIndex();
  private readonly free: number[] = [];
  /** Slots whose close transaction is on its way; free again once the tree has applied it. */
  private readonly closing = new Fifo<ClosingSlot>();
  private handedOut = 0;

  constructor(table: SessionTable) {
    this.table = table;
  }

  /** The table is filled, and nothing is closing in it; `visit` gets the sessions that are open. */
  adopt(visit?: (sessionHi: number, sessionLo: number) => void): void {
    const { table } = this;
    this.index.clear();
    this.free.length = 0;
    this.closing.clear();
    this.handedOut = table.slotCountUsed;
    for (let slot = 0; slot < this.handedOut; slot++) {
      if (table.state(slot) !== SlotState.open) {
        this.free.push(slot);
        continue;
      }
      const sessionHi = table.sessionHi(slot);
      const sessionLo = table.sessionLo(slot);
      this.index.set(sessionHi, sessionLo, slot);
      visit?.(sessionHi, sessionLo);
    }
  }

  /** -1: no such session, or it is closing. */
  slotOf(sessionHi: number, sessionLo: number): number {
    return this.index.slotOf(sessionHi, sessionLo);
  }

  /** The slot; -1 when there is no room for another session. */
  tryOpen(
    sessionHi: number,
    sessionLo: number,
    timeoutMs: number,
    nowMs: number,
    zxidHi: number,
    zxidLo: number,
  ): number {
    const slot = this.free.pop() ?? this.handedOut;
    if (slot >= this.table.slotCountMax) return -1;
    if (slot === this.handedOut) this.handedOut++;
    this.table.open(slot, sessionHi, sessionLo, timeoutMs, nowMs, zxidHi, zxidLo);
    this.index.set(sessionHi, sessionLo, slot);
    return slot;
  }

  /** The session is closed once the tree has applied this zxid. */
  startClosing(slot: number, zxidHi: number, zxidLo: number): void {
    const { table } = this;
    table.startClosing(slot, zxidHi, zxidLo);
    this.index.delete(table.sessionHi(slot), table.sessionLo(slot));
    this.closing.push({ slot, zxidHi, zxidLo });
  }

  /** The tree has applied everything up to this zxid. */
  releaseClosed(zxidHi: number, zxidLo: number): void {
    for (;;) {
      const closing = this.closing.peek();
      if (closing === undefined || compareUnsigned(closing.zxidHi, closing.zxidLo, zxidHi, zxidLo) > 0) return;
      this.closing.shift();
      this.table.release(closing.slot);
      this.free.push(closing.slot);
    }
  }

  /** The session's close is applied; its slot is free at once. */
  close(slot: number): void {
    const { table } = this;
    this.index.delete(table.sessionHi(slot), table.sessionLo(slot));
    table.close(slot);
    this.free.push(slot);
  }
}
