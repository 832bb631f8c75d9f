/**
 * By whose requests each session is alive: the leader's own clients (0), or a learner's link (1 and more); ensemble-protocol 7.3.
 *
 * Owned by prep while the server leads. A session that nobody has spoken for since then belongs to the first who does.
 */
export const OWN_CLIENTS = 0;
const NOBODY = -1;
const SLOTS_MIN = 1024;

export class SessionOwners {
  private bySlot = new Int32Array(0);

  /** A new leader knows of none. */
  clear(): void {
    this.bySlot.fill(NOBODY);
  }

  set(slot: number, learner: number): void {
    if (slot >= this.bySlot.length) this.grow(slot + 1);
    this.bySlot[slot] = learner;
  }

  /** False: the session has moved to somebody else. Who speaks first for a session owns it. */
  tryAdopt(slot: number, learner: number): boolean {
    const owner = this.bySlot[slot] ?? NOBODY;
    if (owner === NOBODY) this.set(slot, learner);
    return owner === NOBODY || owner === learner;
  }

  private grow(needed: number): void {
    const bigger = new Int32Array(Math.max(needed, this.bySlot.length * 2, SLOTS_MIN)).fill(NOBODY);
    bigger.set(this.bySlot);
    this.bySlot = bigger;
  }
}
