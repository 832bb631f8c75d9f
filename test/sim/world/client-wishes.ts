/**
 * What the clients of a plan want: the first few only read, the others write as well, and where members change the last of them asks
 * what the administrator says, until all is well.
 */
import type { Prng } from '../../../src/base/prng.js';
import { READING, SimWorkload } from '../client/workload.js';
import type { Operation } from '../history/history.js';
import type { Administrator } from './reconfig-plan.js';
import type { SimPlan } from './sim-plan.js';

export class ClientWishes {
  readonly clientCount: number;
  private readonly plan: SimPlan;
  private readonly workload: SimWorkload;
  private readonly reading: SimWorkload;
  private readonly administrator: Administrator | null;

  constructor(plan: SimPlan, root: Prng, administrator: Administrator | null) {
    this.plan = plan;
    this.workload = new SimWorkload(root.fork('workload'));
    this.reading = new SimWorkload(root.fork('reading'), READING);
    this.administrator = administrator;
    this.clientCount = plan.clientCount + (administrator === null ? 0 : 1);
  }

  isReader(index: number): boolean {
    return index < this.plan.readerCount;
  }

  isAdministrator(index: number): boolean {
    return index === this.plan.clientCount;
  }

  /** `isWell`: the members are left alone from now on. */
  draw(index: number, isWell: boolean): Operation {
    const { administrator } = this;
    if (administrator !== null && this.isAdministrator(index) && !isWell) return administrator.draw();
    return (this.isReader(index) ? this.reading : this.workload).draw();
  }

  /** Between two requests, on average. */
  pauseMsOf(index: number, isWell: boolean): number {
    const { pauseMs, reconfig } = this.plan;
    return reconfig !== null && this.isAdministrator(index) && !isWell ? reconfig.pauseMs : pauseMs;
  }
}
