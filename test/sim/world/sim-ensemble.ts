/**
 * The members of a simulated world and their lives: who starts, ends, stands still and comes back, and what is made of a life that
 * has ended by itself. Whatever happens to a member from outside happens to it here.
 */
import type { Prng } from '../../../src/base/prng.js';
import { ServerRole } from '../../../src/processor/pipeline-records.js';
import { Invariant } from '../invariants/invariant.js';
import type { Journal } from './journal.js';
import type { Membership } from './membership.js';
import type { ServiceWatch } from './service-watch.js';
import type { SimMember } from './sim-member.js';
import type { VirtualTime } from './virtual-time.js';

const HELD_LOOK_MS = 5;
/** After an end of its own a member is started again. */
const RESTART_MS = 200;

export class SimEnsemble {
  readonly members: readonly SimMember[];
  /** Null: the members stay who they are. */
  private readonly membership: Membership | null;
  private readonly service: ServiceWatch;
  private readonly time: VirtualTime;
  private readonly journal: Journal;

  constructor(
    members: readonly SimMember[],
    membership: Membership | null,
    service: ServiceWatch,
    time: VirtualTime,
    journal: Journal,
  ) {
    this.members = members;
    this.membership = membership;
    this.service = service;
    this.time = time;
    this.journal = journal;
  }

  get leader(): SimMember | null {
    return this.members.find((each) => each.isRunning && each.member.servingAs === ServerRole.leader) ?? null;
  }

  find(sid: number): SimMember | undefined {
    return this.members.find((each) => each.sid === sid);
  }

  // ---- lives

  start(each: SimMember): void {
    each.isAwaited = false;
    if (each.isRunning) return;
    if (!each.host.isUp) each.host.powerOn();
    this.journal.say(`${each.sid} starts`);
    each.isBusy = true;
    try {
      if (this.membership !== null) {
        each.mendDisk();
        this.membership.prepare(each);
      }
      each.member.start();
    } catch (error) {
      each.member.failure ??= { actorName: 'start', error: error instanceof Error ? error : new Error(String(error)) };
    }
    this.lookAfter(each);
  }

  startLater(each: SimMember, ms: number): void {
    if (each.isAwaited) return;
    each.isAwaited = true;
    this.time.after(ms, () => {
      if (each.isAwaited) this.start(each);
    });
  }

  losePower(each: SimMember): void {
    this.journal.say(`${each.sid} loses its power`);
    each.member.losePower();
    this.gone(each);
  }

  kill(each: SimMember): void {
    this.journal.say(`${each.sid} is killed`);
    each.member.kill();
    this.gone(each);
  }

  private gone(each: SimMember): void {
    each.isPaused = false;
    each.watch.gone();
    this.service.gone(each);
    each.member.held.clear();
    this.service.standsStill(each);
  }

  /** A member whose life has ended by itself. */
  private lookAfter(each: SimMember): void {
    const { failure, digestMismatch } = each.member;
    if (digestMismatch !== null) {
      this.journal.violate({ invariant: Invariant.equalStates, text: `${each.sid}: ${digestMismatch}` });
    }
    if (each.disk.hasStopped) this.losePower(each);
    else if (failure === null) return;
    else {
      if (!each.hasDiskFailed) {
        const { error, actorName } = failure;
        const cause = error.cause instanceof Error ? `: ${error.cause.stack}` : '';
        this.journal.violate({
          invariant: Invariant.noFailure,
          text: `${each.sid}, ${actorName}: ${error.stack ?? error.message}${cause}`,
        });
      }
      this.journal.say(`${each.sid} ends: ${failure.error.message}`);
      this.kill(each);
    }
    each.mendDisk();
    this.startLater(each, RESTART_MS);
  }

  // ---- standing still

  pause(each: SimMember): void {
    each.isPaused = true;
    each.host.pause();
    this.service.standsStill(each);
  }

  resume(each: SimMember): void {
    if (!each.isPaused) return;
    each.isPaused = false;
    each.host.resume();
    each.isBusy = true;
    this.service.standsStill(each);
  }

  /** One of its actors has no turn until it is released. */
  hold(each: SimMember, actorName: string): void {
    each.member.held.add(actorName);
    this.service.standsStill(each);
  }

  release(each: SimMember, actorName: string): void {
    each.member.held.delete(actorName);
    each.isBusy = true;
    this.service.standsStill(each);
  }

  /** Everybody is there, and nothing holds anybody up. */
  healAll(): void {
    for (const each of this.members) {
      each.mendDisk();
      each.member.held.clear();
      this.service.standsStill(each);
      this.resume(each);
      each.isBusy = true;
      if (!each.isRunning) this.start(each);
    }
  }

  // ---- turns

  /** Somebody has given it something to do. */
  wake(sid: number): void {
    const each = this.find(sid);
    if (each !== undefined) each.isBusy = true;
  }

  /** False when it cannot do anything at this moment. */
  step(each: SimMember, chance: Prng, batchMax: number): boolean {
    if (each.isPaused || !each.isRunning) return false;
    if (!each.isBusy && !each.host.hasSomething()) return false;
    each.isBusy = hasStepped(each, chance, batchMax);
    if (!each.isBusy) return false;
    if (each.member.failure !== null || each.disk.hasStopped) this.lookAfter(each);
    return true;
  }

  /** When the next of them has a tick, in the time of the world. */
  nextMs(): number {
    const { nowMs } = this.time;
    let nextMs = Number.POSITIVE_INFINITY;
    for (const each of this.members) {
      if (!each.isRunning || each.isPaused) continue;
      const dueMs = nowMs + (each.member.tickNextMs() - each.clock.monotonicMs()) / each.plan.rate;
      // The tick of an actor that is held stays due, and nobody waits for it.
      const wakeMs = dueMs <= nowMs && each.member.held.size > 0 ? nowMs + HELD_LOOK_MS : dueMs;
      if (wakeMs < nextMs) nextMs = wakeMs;
    }
    return nextMs;
  }

  /** Each by its own clock. */
  advance(ms: number): void {
    for (const each of this.members) {
      each.clock.advance(ms * each.plan.rate);
      if (each.isRunning && each.member.tickNextMs() <= each.clock.monotonicMs()) each.isBusy = true;
    }
  }
}

/** A machine may stop in the middle of a socket's callback, too. */
function hasStepped({ member, disk }: SimMember, chance: Prng, batchMax: number): boolean {
  try {
    return member.stepAtRandom(chance, batchMax);
  } catch (error) {
    if (!disk.hasStopped) throw error;
    return true;
  }
}
