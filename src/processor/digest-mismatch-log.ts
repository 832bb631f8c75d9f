/**
 * What the log says of transactions after which the tree is not what their digest says: one error line for the first, then
 * a warning at most every 15 minutes (persistence section 5). A wrong tree goes on being wrong with every transaction, and
 * nobody is helped by a line for each. Lives with the final stage, on its thread; stops nothing.
 */
import type { Logger } from '../actor/logger.js';
import type { Clock } from '../base/clock.js';
import { decimal64, hex64 } from '../base/int64.js';
import type { DigestMismatch } from '../store/digest-check.js';

const WARNING_INTERVAL_MS = 15 * 60_000;

export class DigestMismatchLog {
  private readonly clock: Clock;
  private readonly log: Logger;
  private toldMs = Number.NEGATIVE_INFINITY;
  private untoldCount = 0;

  constructor(clock: Clock, log: Logger) {
    this.clock = clock;
    this.log = log;
  }

  report(mismatch: DigestMismatch): void {
    const { zxidHi, zxidLo, expectedHi, expectedLo, actualHi, actualLo, of } = mismatch;
    const isFirst = this.toldMs === Number.NEGATIVE_INFINITY;
    const nowMs = this.clock.monotonicMs();
    if (nowMs - this.toldMs < WARNING_INTERVAL_MS) {
      this.untoldCount++;
      return;
    }
    const zxid = `0x${hex64(zxidHi, zxidLo)}`;
    const figures = `expected digest is ${decimal64(expectedHi, expectedLo)}, actual digest is ${decimal64(actualHi, actualLo)}`;
    if (isFirst) {
      this.log.error(`First digest mismatch on txn ${zxid}, ${figures} (that of ${of})`);
    } else {
      const others = this.untoldCount === 0 ? '' : `, and ${this.untoldCount} more since the last report`;
      this.log.warn(`Digests are not matching. Value is Zxid. ${zxid}: ${figures}${others}`);
    }
    this.toldMs = nowMs;
    this.untoldCount = 0;
  }
}
