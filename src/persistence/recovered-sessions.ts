// The sessions that were open when the log ended: id and timeout, nothing else.
// Owned by recovery while it loads and replays, on one thread; afterwards the session tracker gets the list.
// Keyed by the two halves of the id; no order is promised.

export interface RecoveredSession {
  readonly idHi: number;
  readonly idLo: number;
  readonly timeoutMs: number;
}

export class RecoveredSessions {
  private readonly byHi = new Map<number, Map<number, number>>(); // idHi -> idLo -> timeoutMs

  add(idHi: number, idLo: number, timeoutMs: number): void {
    let byLo = this.byHi.get(idHi);
    if (byLo === undefined) {
      byLo = new Map();
      this.byHi.set(idHi, byLo);
    }
    byLo.set(idLo, timeoutMs);
  }

  remove(idHi: number, idLo: number): void {
    this.byHi.get(idHi)?.delete(idLo);
  }

  clear(): void {
    this.byHi.clear();
  }

  list(): RecoveredSession[] {
    const sessions: RecoveredSession[] = [];
    for (const [idHi, byLo] of this.byHi) {
      for (const [idLo, timeoutMs] of byLo) sessions.push({ idHi, idLo, timeoutMs });
    }
    return sessions;
  }
}
