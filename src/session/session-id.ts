/**
 * Session ids (client-protocol 11.1): top byte the server id, then 40 bits of time, then 16 zero bits to count in.
 *
 * Owned by prep, the one stage that opens sessions. The time comes from the wall clock, because the reference's monotonic
 * clock starts again at every boot of the machine and could repeat ids of sessions that are still alive.
 */
import { compareUnsigned } from '../base/int64.js';

export class SessionIds {
  private hi: number;
  private lo: number;
  private readonly chance: number;

  /** `wallMs` and `chance`, 32 random bits, are taken once, when the stage starts. */
  constructor(serverId: number, wallMs: number, chance: number) {
    this.chance = chance | 0;
    // ((t << 24) >>> 8) | (serverId << 56): bits 55..16 hold the low 40 bits of t.
    const low40Hi = Math.floor(wallMs / 0x100000000) & 0xff;
    const low40Lo = wallMs >>> 0;
    this.hi = (serverId << 24) | (low40Hi << 16) | (low40Lo >>> 16);
    this.lo = low40Lo << 16;
    // The container mark of ephemeralOwner must never be a session.
    if (this.hi === (0x80000000 | 0) && this.lo === 0) this.lo = 1;
  }

  /** Of the id handed out by the last `advance`. */
  get currentHi(): number {
    return this.hi;
  }

  get currentLo(): number {
    return this.lo;
  }

  /**
   * Goes on far behind an id of this server that is in use, should the clock have been set back since it was given: whoever gave
   * it may have given more, of sessions that are closed, and no id may ever be another session's. How far is left to chance,
   * 65 seconds of the clock to 4.6 hours: the same session may be found open, and passed over, by several starts.
   */
  passOver(sessionHi: number, sessionLo: number): void {
    if (sessionHi >>> 24 !== this.hi >>> 24 || compareUnsigned(sessionHi, sessionLo, this.hi, this.lo) < 0) return;
    this.hi = (this.hi & 0xff000000) | ((sessionHi + 2 + (this.chance & 0xff)) & 0x00ffffff);
    this.lo = this.chance;
  }

  advance(): void {
    this.lo = (this.lo + 1) | 0;
    if (this.lo === 0) this.hi = (this.hi + 1) | 0;
  }
}
