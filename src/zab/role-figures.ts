/**
 * What a member of an ensemble shows of its role to operators (operations 4.2): values among the counters of the quorum peer, written
 * on its thread a few times per tick, read on any. A figure that its role does not have is absent, which is -1 here. Nothing is
 * decided by it.
 */
import type { CounterSet } from '../actor/counters/counters.js';

export const ROLE_FIGURES = [
  'quorum_size',
  'learners',
  'synced_followers',
  'synced_non_voting_followers',
  'synced_observers',
  'pending_syncs',
  /** Whom a learner is connected to. */
  'learner_master_id',
  /** Monotonic milliseconds. */
  'serving_since_ms',
] as const;
export type RoleFigure = (typeof ROLE_FIGURES)[number];

const ABSENT = -1;

export class RoleFigures {
  private readonly cells: Float64Array;

  constructor(counters: CounterSet) {
    this.cells = counters.registerBlock(ROLE_FIGURES);
    this.clear();
  }

  /** There is no role. */
  clear(): void {
    this.cells.fill(ABSENT);
  }

  set(figure: RoleFigure, value: number): void {
    this.cells[ROLE_FIGURES.indexOf(figure)] = value;
  }
}
