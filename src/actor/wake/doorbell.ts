/**
 * The doorbell of one thread, in shared memory: how other threads wake it, and how it shows that it lives. The thread
 * itself is the only one to write `parked = 1`, the heartbeat and the state; everybody may ring.
 *
 *   byte 0      4           8            128          132
 *   +-----------+-----------+------------+------------+----------+
 *   | bell      | parked    | control    | heartbeat  | state    |      256 bytes; the second line changes every turn,
 *   +-----------+-----------+------------+------------+----------+      the first only when somebody sleeps or wakes
 *
 * `control` counts the rings for something that is in no ring: a message in a port.
 *
 * Going to sleep                              Ringing (after everything to be found has been published)
 *   1. seen = load bell                         1. load parked; 0: done, that thread is awake
 *   2. store parked = 1                         2. compare-exchange parked 1 -> 0; lost: another ringer does it
 *   3. look into every inbox; work: do not      3. add 1 to bell
 *   4. wait while bell == seen                  4. notify
 *
 * No wake-up is lost. The sleeper stores `parked` before it looks into the inboxes (2, 3); the ringer publishes before it
 * looks at `parked` (0, 1). All four are sequentially consistent, so at least one of them sees the other's store: either
 * the sleeper finds the record, or the ringer finds the flag (this store-then-load crossing is Dekker's; plain accesses
 * would not do, on x86 no more than on ARM). A ringer that comes between 2 and 4 changes `bell`, and 4 returns at once,
 * because `seen` is older than `parked`.
 */

import type { Bell } from './bell.js';

const BELL_WORD = 0;
const PARKED_WORD = 1;
const CONTROL_WORD = 2;
const HEARTBEAT_WORD = 128 / 4;
const STATE_WORD = HEARTBEAT_WORD + 1;
const DOORBELL_BYTES = 256;

export const ThreadState = { starting: 0, running: 1, stopped: 2 } as const;
export type ThreadState = (typeof ThreadState)[keyof typeof ThreadState];

export function createDoorbell(): SharedArrayBuffer {
  return new SharedArrayBuffer(DOORBELL_BYTES);
}

export class Doorbell implements Bell {
  readonly words: Int32Array;
  readonly bellWord = BELL_WORD;

  constructor(buffer: SharedArrayBuffer) {
    this.words = new Int32Array(buffer);
  }

  ring(): boolean {
    if (!this.claimWakeUp()) return false;
    Atomics.add(this.words, BELL_WORD, 1);
    Atomics.notify(this.words, BELL_WORD);
    return true;
  }

  /** Steps 1 and 2 of ringing, for bells that wake by other means. */
  claimWakeUp(): boolean {
    return Atomics.load(this.words, PARKED_WORD) === 1 && Atomics.compareExchange(this.words, PARKED_WORD, 1, 0) === 1;
  }

  /** Wakes the thread whether it looks asleep or not: control messages, the supervisor. Only where bells are memory. */
  ringAlways(): void {
    Atomics.add(this.words, CONTROL_WORD, 1);
    Atomics.store(this.words, PARKED_WORD, 0);
    Atomics.add(this.words, BELL_WORD, 1);
    Atomics.notify(this.words, BELL_WORD);
  }

  /** How often `ringAlways` was called. */
  controlRings(): number {
    return Atomics.load(this.words, CONTROL_WORD);
  }

  seen(): number {
    return Atomics.load(this.words, BELL_WORD);
  }

  raiseParked(): void {
    Atomics.store(this.words, PARKED_WORD, 1);
  }

  lowerParked(): void {
    Atomics.store(this.words, PARKED_WORD, 0);
  }

  /** A sign of life. Plain: by the owner alone, every turn; a supervisor that reads it late by microseconds does not mind. */
  beat(): void {
    this.words[HEARTBEAT_WORD] += 1;
  }

  heartbeat(): number {
    return Atomics.load(this.words, HEARTBEAT_WORD);
  }

  get state(): number {
    return Atomics.load(this.words, STATE_WORD);
  }

  set state(state: ThreadState) {
    Atomics.store(this.words, STATE_WORD, state);
  }
}
