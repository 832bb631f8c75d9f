/**
 * How a leader that is asked for a sync makes sure that it leads: another one may have been elected, and have committed what this one
 * has not heard of, while its process stood still or its links were dead. A quorum of followers that answer a PING sent behind the
 * question followed it at that time, so nobody else had been established before the question was asked.
 *
 *   join ... join --start--> asking, its PINGs are out --a quorum has answered--> proven        one round at a time; who comes meanwhile
 *                                                                                               joins the next
 *
 * Pure; owned by the Leader. Counters of proposals as numbers.
 */
import { assert } from '../base/assert.js';

export class LeadershipProof {
  /** The round that is out; 0: none. */
  asking = 0;
  /** Rounds up to this one are proven. */
  proven = 0;
  private next = 1;
  private isWanted = false;
  // Of the questions that wait: the least proposal behind which nothing may be committed before they are answered.
  private askingLimit = Number.POSITIVE_INFINITY;
  private nextLimit = Number.POSITIVE_INFINITY;

  /**
   * The round whose proof will do for a question that is asked now. `counter`: the last proposal before it, if its answer must reach a
   * learner before the commit of the next one does.
   */
  join(counter = Number.POSITIVE_INFINITY): number {
    this.isWanted = true;
    if (counter < this.nextLimit) this.nextLimit = counter;
    return this.next;
  }

  get commitLimit(): number {
    return Math.min(this.askingLimit, this.nextLimit);
  }

  get mayStart(): boolean {
    return this.isWanted && this.asking === 0;
  }

  /** PINGs sent from here on are of this round. */
  start(): void {
    assert(this.mayStart, 'one round at a time');
    this.asking = this.next++;
    this.isWanted = false;
    this.askingLimit = this.nextLimit;
    this.nextLimit = Number.POSITIVE_INFINITY;
  }

  prove(): void {
    this.proven = this.asking;
    this.asking = 0;
    this.askingLimit = Number.POSITIVE_INFINITY;
  }
}
