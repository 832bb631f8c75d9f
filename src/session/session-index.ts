/**
 * Session id -> slot of the session table. Part of SessionSlots; two levels of small-integer Maps, since an id has 64 bits and the
 * upper halves of all ids of one server run are the same.
 */
export class SessionIndex {
  private readonly byHi = new Map<number, Map<number, number>>();

  /** -1 when the session is unknown. */
  slotOf(sessionHi: number, sessionLo: number): number {
    return this.byHi.get(sessionHi)?.get(sessionLo) ?? -1;
  }

  set(sessionHi: number, sessionLo: number, slot: number): void {
    let byLo = this.byHi.get(sessionHi);
    if (byLo === undefined) {
      byLo = new Map();
      this.byHi.set(sessionHi, byLo);
    }
    byLo.set(sessionLo, slot);
  }

  delete(sessionHi: number, sessionLo: number): void {
    const byLo = this.byHi.get(sessionHi);
    if (byLo === undefined) return;
    byLo.delete(sessionLo);
    if (byLo.size === 0) this.byHi.delete(sessionHi);
  }

  clear(): void {
    this.byHi.clear();
  }
}
