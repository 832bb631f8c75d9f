/**
 * What comes next: it picks one thing after another that could happen now, a member's step or a client's; when there is none, time
 * goes on to the next moment at which there is.
 */
import type { Prng } from '../../../src/base/prng.js';
import type { SimPeerNetwork } from '../../testing/inline/sim-peer-network.js';
import { Invariant } from '../invariants/invariant.js';
import type { ClientCrowd } from './client-crowd.js';
import type { Journal } from './journal.js';
import type { SimEnsemble } from './sim-ensemble.js';
import type { VirtualTime } from './virtual-time.js';

/** A tree of thousands of nodes that is sent to several members a few bytes at a time has taken seven millions. */
const STEPS_MAX = 20_000_000;

/** What has turns, and the time that they share. */
export interface Scheduled {
  readonly ensemble: SimEnsemble;
  readonly crowd: ClientCrowd;
  readonly network: SimPeerNetwork;
  readonly time: VirtualTime;
}

export class Scheduler {
  private readonly chance: Prng;
  private readonly batchMax: number;
  private readonly ensemble: SimEnsemble;
  private readonly crowd: ClientCrowd;
  private readonly network: SimPeerNetwork;
  private readonly time: VirtualTime;
  private readonly journal: Journal;
  private steps = 0;

  /** `batchMax`: records that an actor takes in one step. */
  constructor(chance: Prng, batchMax: number, { ensemble, crowd, network, time }: Scheduled, journal: Journal) {
    this.chance = chance;
    this.batchMax = batchMax;
    this.ensemble = ensemble;
    this.crowd = crowd;
    this.network = network;
    this.time = time;
    this.journal = journal;
  }

  get stepCount(): number {
    return this.steps;
  }

  /** So long, or until it is done, or until a violation. */
  runFor(ms: number, isDone: () => boolean = () => false): void {
    const { chance, journal, network, time } = this;
    const untilMs = time.nowMs + ms;
    while (!journal.isOver && time.nowMs < untilMs && !isDone()) {
      if (++this.steps > STEPS_MAX) {
        journal.violate({ invariant: Invariant.liveness, text: 'something goes round in circles' });
        return;
      }
      network.arriveDue();
      if (this.stepSomething()) {
        // Work takes time, too: now and then a little passes while there is more to do.
        if (chance.below(64) === 0) this.goOn(untilMs, chance.float() * 2);
      } else this.goOn(untilMs, Number.POSITIVE_INFINITY);
    }
  }

  private stepSomething(): boolean {
    const { members } = this.ensemble;
    const first = this.chance.below(members.length + 1);
    for (let i = 0; i <= members.length; i++) {
      // Behind the last of the members come all clients together.
      const each = members[(first + i) % (members.length + 1)];
      if (each === undefined ? this.crowd.pump() : this.ensemble.step(each, this.chance, this.batchMax)) return true;
    }
    return false;
  }

  /** Time goes on to the next moment at which something happens, but not by more than that. */
  private goOn(untilMs: number, msMax: number): void {
    const { ensemble, crowd, network, time } = this;
    const { nowMs } = time;
    const nextMs = Math.min(untilMs, nowMs + msMax, time.nextMs(), network.nextMs(), ensemble.nextMs(), crowd.nextMs());
    // Rounding must not keep a tick from being due.
    const ms = Math.max(nextMs - nowMs, 0) + 0.001;
    time.advance(ms);
    ensemble.advance(ms);
    time.happen();
    crowd.turn();
  }
}
