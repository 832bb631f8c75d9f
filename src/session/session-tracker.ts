/**
 * SessionTracker: ZooKeeper's bucket rule over the session table (client-protocol 11.2).
 *
 * A session touched at t with timeout T is due at bucket(t + T) = (floor((t + T) / tick) + 1) * tick. There are no bucket
 * lists: a touch is one store into the table, and once per tick this class looks at every slot (5 ns each). Time in which the server
 * stood still is not held against a session. Pure: the shell (processor/session-tracker-actor.ts) gives it the time and sends
 * what it finds to prep.
 */
import { type SessionTable, SlotState } from './session-table.js';
import { Standstills } from './standstills.js';

export class SessionTracker {
  private readonly table: SessionTable;
  private readonly tickMs: number;
  private readonly standstills = new Standstills();
  private checkedUntilMs = 0;

  constructor(table: SessionTable, tickMs: number) {
    this.table = table;
    this.tickMs = tickMs;
  }

  bucketOf(touchedMs: number, timeoutMs: number): number {
    return (Math.floor((touchedMs + timeoutMs) / this.tickMs) + 1) * this.tickMs;
  }

  /** The server did nothing from then until `endMs`, which is now. */
  onStandstill(startMs: number, endMs: number): void {
    this.standstills.add(startMs, endMs);
  }

  /**
   * Visits every open session whose bucket has ended by `nowMs`, with the touch it was judged by; does nothing until a
   * bucket boundary has passed.
   */
  visitExpired(nowMs: number, visit: (slot: number, touchedMs: number) => void): void {
    const boundaryMs = Math.floor(nowMs / this.tickMs) * this.tickMs;
    if (boundaryMs <= this.checkedUntilMs) return;
    this.checkedUntilMs = boundaryMs;
    const { table, standstills } = this;
    const used = table.slotCountUsed;
    let oldestMs = nowMs;
    for (let slot = 0; slot < used; slot++) {
      if (table.state(slot) !== SlotState.open) continue;
      const touchedMs = table.touchedMs(slot);
      if (touchedMs < oldestMs) oldestMs = touchedMs;
      const grantedMs = table.timeoutMs(slot) + standstills.since(touchedMs);
      if (this.bucketOf(touchedMs, grantedMs) <= boundaryMs) visit(slot, touchedMs);
    }
    standstills.forgetUntil(oldestMs);
  }
}
