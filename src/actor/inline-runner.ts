/**
 * Works a host by hand, on the caller's thread and in the caller's time: tests and the simulator. `turn` is what a
 * thread would do. `stepAtRandom` is finer: one actor, or one publication, chosen by a given generator, so that the
 * interleavings real threads could make are explored at the grain of records. Never waits, never looks at a real clock.
 */

import type { Prng } from '../base/prng.js';
import type { ActorCell } from './actor-cell.js';
import type { ThreadHost } from './thread-host.js';

export class InlineRunner {
  readonly host: ThreadHost;
  /** Per actor with a finished batch: the outbox that it publishes next. */
  private readonly publishing = new Map<ActorCell, number>();
  private readonly $candidates: ActorCell[] = [];

  constructor(host: ThreadHost) {
    this.host = host;
  }

  /** Starts every actor, left to right. */
  start(): void {
    for (const name of this.host.actorNames) this.host.startActor(name);
  }

  /** Stops every actor, right to left; each takes first what it has been sent. */
  stop(): void {
    for (const name of this.host.actorNames.reverse()) this.host.stopActor(name);
  }

  /** One turn; true if there is more to do at this moment. */
  turn(): boolean {
    this.host.cycle.turn();
    return this.host.cycle.hasWork();
  }

  /** Turns until nothing is left to do; returns how many. Throws after `turnsMax`: something goes round in circles. */
  runUntilIdle(turnsMax = 10_000): number {
    for (let turns = 1; turns <= turnsMax; turns++) {
      if (!this.turn()) return turns;
    }
    throw new Error(`still busy after ${turnsMax} turns`);
  }

  /** When the next tick is due; the simulator moves its clock there. */
  tickNextMs(): number {
    return this.host.cycle.tickNextMs();
  }

  /**
   * Picks one of the things that could happen next: an actor takes a batch of 1 to `batchMax` records, or an actor that
   * has taken one publishes its next outbox (until it has published them all it takes nothing, as on a thread). False
   * when nothing can happen without time going on or something coming in. An actor that is held gets no turn.
   */
  stepAtRandom(prng: Prng, batchMax: number, isHeld: ((actorName: string) => boolean) | null = null): boolean {
    const nowMs = this.host.clock.monotonicMs();
    const { $candidates } = this;
    $candidates.length = 0;
    for (const cell of this.host.cycle.cells) {
      if (!this.publishing.has(cell) && !(cell.running && cell.tickNextMs <= nowMs) && !cell.hasWork()) continue;
      if (isHeld === null || !isHeld(cell.name)) $candidates.push(cell);
    }
    if ($candidates.length === 0) return false;
    const cell = $candidates[prng.below($candidates.length)] as ActorCell;
    const next = this.publishing.get(cell);
    if (next !== undefined) {
      cell.senders[next].publish();
      this.plan(cell, next + 1);
    } else {
      this.host.cycle.turnOf(cell, 1 + prng.below(batchMax));
      this.plan(cell, 0);
    }
    return true;
  }

  /** The next of its outboxes that holds something to publish, from this one on. */
  private plan(cell: ActorCell, from: number): void {
    for (let index = from; index < cell.senders.length; index++) {
      if (!cell.senders[index].hasUnpublished) continue;
      this.publishing.set(cell, index);
      return;
    }
    this.publishing.delete(cell);
  }
}
