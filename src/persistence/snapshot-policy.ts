// Decides when the log has grown enough for a snapshot: asked by the sync stage after each append, on its thread. The
// thresholds are spread at random so that the members of an ensemble do not all write a snapshot at the same moment. It
// touches no file; whoever asks rolls the log and starts the snapshot.

import { assert } from '../base/assert.js';
import type { Prng } from '../base/prng.js';

const SNAP_COUNT_MIN = 2;
/** As far as the generator draws in one number. */
const BELOW_MAX = 0x1_0000_0000;

export class SnapshotPolicy {
  private halfCount = 0;
  private halfBytes = 0; // 0: size does not count
  private readonly prng: Prng;
  private recordCount = 0;
  private spreadCount = 0;
  private spreadBytes = 0;

  /** snapSizeLimitBytes: 0 and less turn the limit off (0 stops the reference's sync thread). */
  constructor(snapCount: number, snapSizeLimitBytes: number, prng: Prng) {
    this.prng = prng;
    this.setLimits(snapCount, snapSizeLimitBytes);
  }

  /** Other limits; what has been counted since the last snapshot stays counted. */
  setLimits(snapCount: number, snapSizeLimitBytes: number): void {
    this.halfCount = Math.floor(Math.max(snapCount, SNAP_COUNT_MIN) / 2);
    this.halfBytes = snapSizeLimitBytes > 0 ? Math.max(1, Math.floor(snapSizeLimitBytes / 2)) : 0;
    this.draw();
  }

  /**
   * Counts one appended record. True: roll the log and take a snapshot; the count starts again. `logBytes`: what was logged
   * since the last roll for a snapshot, padding included (TxnLogWriter.bytesSinceRoll).
   */
  onAppend(logBytes: number): boolean {
    assert(logBytes >= 0, 'a log has no negative size');
    this.recordCount++;
    const isDue =
      this.recordCount > this.halfCount + this.spreadCount ||
      (this.halfBytes > 0 && logBytes > this.halfBytes + this.spreadBytes);
    if (!isDue) return false;
    this.recordCount = 0;
    this.draw();
    return true;
  }

  private draw(): void {
    this.spreadCount = this.prng.below(Math.min(this.halfCount, BELOW_MAX));
    this.spreadBytes = Math.floor(this.prng.float() * this.halfBytes);
  }
}
