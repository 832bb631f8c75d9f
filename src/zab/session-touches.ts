/**
 * Which sessions a learner's clients have kept alive since its last PING reply (ensemble-protocol 7.2): the slots of the shared
 * session table whose `touched` is another than the one told last. Of local sessions the leader knows nothing.
 *
 * Owned by the quorum peer, on its thread; reads what other threads write with plain loads (session-table.ts says why that is
 * enough). Nothing is allocated per session, and a reply is bounded: what does not fit comes first in the next one.
 */

import { type SessionTable, SlotState } from '../session/session-table.js';
import type { PacketBuffer } from './packet-buffer.js';
import { SESSION_ENTRY_BYTES } from './quorum-packet.js';

export interface TouchedSessions {
  /** Whatever was touched until now is of another role. */
  reset(): void;
  /** (long session, int timeoutMs)* into the packet that is begun. */
  appendTo(out: PacketBuffer): void;
}

/** Within the smallest jute.maxbuffer that leaders have by default. */
const REPLY_BYTES_MAX = 512 << 10;
export const TOUCHES_MAX = Math.floor(REPLY_BYTES_MAX / SESSION_ENTRY_BYTES);

export class SessionTouches implements TouchedSessions {
  private readonly table: SessionTable;
  private readonly touchesMax: number;
  /** Per slot, what was told last. */
  private told = new Float64Array(64);
  private next = 0; // the slot at which the next reply begins

  constructor(table: SessionTable, touchesMax = TOUCHES_MAX) {
    this.table = table;
    this.touchesMax = touchesMax;
  }

  reset(): void {
    const used = this.table.slotCountUsed;
    this.grow(used);
    for (let slot = 0; slot < used; slot++) this.told[slot] = this.table.touchedMs(slot);
  }

  appendTo(out: PacketBuffer): void {
    const { table } = this;
    const used = table.slotCountUsed;
    this.grow(used);
    let count = 0;
    let slot = this.next < used ? this.next : 0;
    for (let looked = 0; looked < used; looked++) {
      const touchedMs = table.touchedMs(slot);
      if (touchedMs !== this.told[slot] && table.state(slot) === SlotState.open && !table.isUnlogged(slot)) {
        if (count === this.touchesMax) break;
        out.putLong(table.sessionHi(slot), table.sessionLo(slot));
        out.putInt(table.timeoutMs(slot));
        this.told[slot] = touchedMs;
        count++;
      }
      slot = slot + 1 === used ? 0 : slot + 1;
    }
    this.next = slot;
  }

  private grow(count: number): void {
    if (count <= this.told.length) return;
    const grown = new Float64Array(Math.max(count, this.told.length * 2));
    grown.set(this.told);
    this.told = grown;
  }
}
