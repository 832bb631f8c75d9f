/**
 * Plans in which a defect can show itself that not every plan shows.
 */
import { drawPlan, PLAIN, type SimPlan } from '../world/sim-plan.js';

export function deserting(seed: number): SimPlan {
  return drawPlan(seed, undefined, { ...PLAIN, desertion: 'all' });
}

export function reconfiguring(seed: number): SimPlan {
  return drawPlan(seed, undefined, { ...PLAIN, reconfig: 'all' });
}

export function weighted(seed: number): SimPlan {
  for (let next = seed * 1000; ; next++) {
    const plan = drawPlan(next);
    if (plan.membersText.includes('weight.')) return plan;
  }
}

export function grouped(seed: number): SimPlan {
  for (let next = seed * 1000; ; next++) {
    const plan = drawPlan(next, undefined, { ...PLAIN, groups: 'all' });
    if (plan.membersText.includes('group.2')) return plan;
  }
}

export function withObservers(seed: number): SimPlan {
  for (let next = seed * 1000; ; next++) {
    const plan = drawPlan(next);
    if (plan.membersText.includes(':observer')) return plan;
  }
}

export function withObserverMasters(seed: number): SimPlan {
  for (let next = seed * 1000; ; next++) {
    const plan = drawPlan(next);
    if (plan.observerMasterPort !== 0) return plan;
  }
}
