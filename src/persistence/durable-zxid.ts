/**
 * Up to which zxid the log is durable: written by the sync stage after each sync, waited for by the snapshotter's thread
 * before a snapshot becomes visible (persistence 4.4).
 *
 *   word 0       1    2
 *   +----------+----+----+
 *   | sequence | hi | lo |      sequence is odd while hi and lo are being written, and is what waiters sleep on
 *   +----------+----+----+
 */
import { compareUnsigned } from '../base/int64.js';

const SEQUENCE = 0;
const HI = 1;
const LO = 2;
/** A waiter looks again this often, in case the process is ending and nothing more will be synced. */
const LOOK_AGAIN_MS = 200;

export class DurableZxid {
  private readonly words: Int32Array;

  constructor(memory: SharedArrayBuffer) {
    this.words = new Int32Array(memory);
  }

  static byteLength(): number {
    return 64;
  }

  publish(zxidHi: number, zxidLo: number): void {
    const words = this.words;
    Atomics.add(words, SEQUENCE, 1);
    Atomics.store(words, HI, zxidHi);
    Atomics.store(words, LO, zxidLo);
    Atomics.add(words, SEQUENCE, 1);
    Atomics.notify(words, SEQUENCE);
  }

  covers(zxidHi: number, zxidLo: number): boolean {
    const words = this.words;
    for (;;) {
      const sequence = Atomics.load(words, SEQUENCE);
      const hi = Atomics.load(words, HI);
      const lo = Atomics.load(words, LO);
      if ((sequence & 1) === 0 && Atomics.load(words, SEQUENCE) === sequence) {
        return compareUnsigned(hi, lo, zxidHi, zxidLo) >= 0;
      }
    }
  }

  /** Blocks the thread until the log covers the zxid, or nobody waits any more; only for threads that may block. */
  wait(zxidHi: number, zxidLo: number, isInVain: () => boolean = never): void {
    for (;;) {
      const sequence = Atomics.load(this.words, SEQUENCE);
      if (this.covers(zxidHi, zxidLo) || isInVain()) return;
      Atomics.wait(this.words, SEQUENCE, sequence, LOOK_AGAIN_MS);
    }
  }
}

function never(): boolean {
  return false;
}
