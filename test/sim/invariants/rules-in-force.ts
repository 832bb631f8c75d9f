/**
 * Which members decide, as they change: for each transaction the rule of the configuration that was committed before it. As a rule
 * itself it is the present one.
 */
import { assert } from '../../../src/base/assert.js';
import type { QuorumRule } from './quorum-rule.js';

interface Era {
  /** Holds for this zxid and for those behind it. */
  readonly from: number;
  readonly rule: QuorumRule;
}

export class RulesInForce implements QuorumRule {
  // Invariant: zxids rise, and there is one at least.
  private readonly eras: Era[];

  constructor(initial: QuorumRule) {
    this.eras = [{ from: 0, rule: initial }];
  }

  get latest(): QuorumRule {
    return (this.eras.at(-1) as Era).rule;
  }

  get voters(): ReadonlySet<number> {
    return this.latest.voters;
  }

  isQuorum(sids: Iterable<number>): boolean {
    return this.latest.isQuorum(sids);
  }

  at(zxid: number): QuorumRule {
    const era = this.eras.findLast(({ from }) => from <= zxid);
    assert(era !== undefined, 'the first holds from the beginning');
    return era.rule;
  }

  begin(from: number, rule: QuorumRule): void {
    this.eras.push({ from: Math.max(from, (this.eras.at(-1) as Era).from), rule });
  }
}
