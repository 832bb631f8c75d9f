/**
 * Which connections have said nothing for so long, within a call of the election, that a new one is worth trying: one may lead
 * nowhere, and nobody would ever be told. Most are silent because there is nothing to say, so each is renewed more and more seldom.
 *
 *   heard ----2 s---- renewed --------4 s-------- renewed ----------------8 s---------------- ...     up to a minute
 *
 * Pure; owned by the election.
 */
const SILENT_MS_MIN = 2000;
const SILENT_MS_MAX = 60_000;

export class LinkSilence {
  private beganMs = 0;
  // By sid: when something was heard of it last, or its connection was renewed; and how long it may be silent.
  private readonly heardMs = new Map<number, number>();
  private readonly limitMs = new Map<number, number>();

  /** A call: nothing was heard of anybody yet. */
  begin(nowMs: number): void {
    this.beganMs = nowMs;
    this.heardMs.clear();
    this.limitMs.clear();
  }

  onHeard(sid: number, nowMs: number): void {
    this.heardMs.set(sid, nowMs);
  }

  /** True: its connection is to be renewed, and has the double time from now on. */
  maybeRenew(sid: number, nowMs: number): boolean {
    const limitMs = this.limitMs.get(sid) ?? SILENT_MS_MIN;
    if (nowMs < (this.heardMs.get(sid) ?? this.beganMs) + limitMs) return false;
    this.limitMs.set(sid, Math.min(limitMs * 2, SILENT_MS_MAX));
    this.heardMs.set(sid, nowMs);
    return true;
  }
}
