/**
 * How often a child may be made anew before its failure counts as fatal: at most `intensity` times within `periodMs`.
 * A child that fails faster has a cause that a restart does not remove. One per child, kept by whoever restarts it.
 */

export interface RestartIntensity {
  readonly intensity: number;
  readonly periodMs: number;
}

export const RESTART_INTENSITY_DEFAULT: RestartIntensity = { intensity: 5, periodMs: 10_000 };

export class RestartBudget {
  private readonly limit: RestartIntensity;
  private readonly restartsMs: number[] = [];

  constructor(limit: RestartIntensity) {
    this.limit = limit;
  }

  /** True, and counted, if one more restart is within the limit. */
  trySpend(nowMs: number): boolean {
    while (this.restartsMs.length > 0 && nowMs - this.restartsMs[0] >= this.limit.periodMs) this.restartsMs.shift();
    if (this.restartsMs.length >= this.limit.intensity) return false;
    this.restartsMs.push(nowMs);
    return true;
  }
}
