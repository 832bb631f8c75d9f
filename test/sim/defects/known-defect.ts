/**
 * What is known of a defect: its words say what the defective member does, the rest makes a member so.
 */
import type { Defect } from '../world/member-builder.js';
import type { SimPlan } from '../world/sim-plan.js';

export interface KnownDefect extends Defect {
  /** Seeds in which it can show itself; all of them by default. */
  readonly plan?: (seed: number) => SimPlan;
}
