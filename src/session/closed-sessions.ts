/**
 * The sessions that a leader has closed last. Where sessions may be local to a learner (ensemble-protocol 7.4), not to know a session
 * says nothing; but what a learner sends on for one that was closed here is late, and must not be done (ZOOKEEPER-1208).
 *
 * Owned by prep, on its thread, for one term. Bounded: the oldest gives way, long after its learner has heard of the close.
 */
import { SessionIndex } from './session-index.js';

const COUNT_MAX = 16_384;

export class ClosedSessions {
  private readonly index = new SessionIndex();
  private readonly ids: Int32Array;
  private next = 0;
  private count = 0;

  constructor(countMax = COUNT_MAX) {
    this.ids = new Int32Array(countMax * 2);
  }

  has(sessionHi: number, sessionLo: number): boolean {
    return this.index.slotOf(sessionHi, sessionLo) >= 0;
  }

  add(sessionHi: number, sessionLo: number): void {
    const { ids, index, next } = this;
    if (this.count * 2 === ids.length) index.delete(ids[next] as number, ids[next + 1] as number);
    else this.count++;
    ids[next] = sessionHi;
    ids[next + 1] = sessionLo;
    index.set(sessionHi, sessionLo, 0);
    this.next = next + 2 === ids.length ? 0 : next + 2;
  }

  clear(): void {
    this.index.clear();
    this.next = 0;
    this.count = 0;
  }
}
