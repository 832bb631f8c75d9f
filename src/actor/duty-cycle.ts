/**
 * One turn of a thread: feed every actor what has arrived, tell it that the batch has ended, tick those that are due,
 * publish, wake. Knows neither how the thread waits nor who calls it: that is the runner's part. No allocation, one
 * reading of the clock per actor that had something to do.
 *
 *   for each actor, left to right:   drain inboxes  ->  onBatchEnd  ->  onTick  ->  publish to actors of this thread
 *   then once:                       publish all rings  ->  ring each thread that was sent something
 *
 * An actor sees in the same turn what actors before it have sent. What goes back to the left waits for the next turn,
 * which follows at once.
 */

import type { ActorCell } from './actor-cell.js';
import { ActorTally } from './actor-cell.js';
import type { CounterSet } from './counters/counters.js';
import type { LinkSender } from './mailbox/mailbox.js';
import type { TurnClock } from './system-clock.js';
import type { WakeTarget } from './wake/bell.js';
import type { Doorbell } from './wake/doorbell.js';

/** Records taken from one inbox in one turn: enough for group commit, few enough for fairness among inboxes. */
const DRAIN_LIMIT_DEFAULT = 512;
/** Turns in a row for the sake of local mailboxes, before rings, sockets and timers are looked at again. */
const LOCAL_TURNS_MAX = 8;
const TICK_DEFAULT_MS = 100;

export const ThreadTally = {
  turns: 0,
  idleTurns: 1,
  records: 2,
  turnRecordsMax: 3,
  busyMs: 4,
  turnMaxMs: 5,
  wakesSent: 6,
};
const THREAD_TALLY_NAMES = [
  'turns',
  'idle_turns',
  'records',
  'turn_records_max',
  'busy_ms',
  'turn_max_ms',
  'wakes_sent',
];

export interface DutyCycleParts {
  readonly cells: readonly ActorCell[];
  /** The threads our mailboxes lead to or come from. */
  readonly targets: readonly WakeTarget[];
  readonly clock: TurnClock;
  /** The same clock unstopped, for measuring. */
  readonly nowMs: () => number;
  readonly counters: CounterSet;
  readonly doorbell: Doorbell;
  readonly drainLimit?: number;
  /** An actor threw, or reported itself as failed. It is not touched again in this turn. */
  onFailure(cell: ActorCell, error: Error): void;
}

export class DutyCycle {
  readonly cells: readonly ActorCell[];
  private readonly parts: DutyCycleParts;
  private readonly drainLimit: number;
  private readonly ringSenders: readonly LinkSender[];
  private readonly tally: Float64Array;
  private nowMs = 0;
  /** How often an actor had a batch or a tick: what has not grown was not worth the turn. */
  workCount = 0;
  private workCountBefore = 0;
  /** An actor failed and was not made anew: what this thread has not published by now must never be seen. */
  private broken = false;
  /** The actor being worked, while one is. */
  current: ActorCell | null = null;

  constructor(parts: DutyCycleParts) {
    this.parts = parts;
    this.cells = parts.cells;
    this.drainLimit = parts.drainLimit ?? DRAIN_LIMIT_DEFAULT;
    this.ringSenders = parts.cells.flatMap((cell) => cell.ringSenders);
    this.tally = parts.counters.registerBlock(THREAD_TALLY_NAMES);
  }

  /** Turns until no local mailbox has anything left, or enough of them. */
  run(): void {
    for (let turns = 1; this.turn() && turns < LOCAL_TURNS_MAX; turns++);
  }

  /** One turn; true if local mailboxes hold work for another. */
  turn(): boolean {
    const beginMs = this.begin();
    let records = 0;
    for (const cell of this.cells) records += this.step(cell, cell.spec.drainLimit ?? this.drainLimit);
    this.flush();
    this.end(beginMs, records);
    for (const cell of this.cells) {
      if (cell.running && cell.wouldTake(true)) return true;
    }
    return false;
  }

  /** A turn of one actor alone, its outboxes left unpublished: the simulator's grain. Returns the records it took. */
  turnOf(cell: ActorCell, drainLimit: number): number {
    const beginMs = this.begin();
    const records = this.feed(cell, drainLimit);
    this.end(beginMs, records);
    return records;
  }

  /** Publishes everything and rings: the end of each turn, or earlier for an actor about to block. */
  flush(): void {
    if (this.broken) return;
    for (const sender of this.ringSenders) sender.publish();
    for (const target of this.parts.targets) {
      if (target.ringIfPending()) this.tally[ThreadTally.wakesSent] += 1;
    }
  }

  /** Whether a turn would do anything now. Looks at the rings of other threads, so it is asked after `parked` is up. */
  readonly hasWork = (): boolean => {
    for (const cell of this.cells) {
      if (cell.hasWork()) return true;
    }
    return false;
  };

  /** When the next tick is due; Infinity if no actor here ticks. */
  tickNextMs(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const cell of this.cells) {
      if (cell.running && cell.tickNextMs < next) next = cell.tickNextMs;
    }
    return next;
  }

  /** Ticks fall on multiples of their period, so that those of several actors share a wake-up. */
  planTick(cell: ActorCell, nowMs: number): void {
    const { actor } = cell;
    if (actor.onTick === undefined) return;
    const periodMs = actor.tickMs ?? TICK_DEFAULT_MS;
    cell.tickNextMs = (Math.floor(nowMs / periodMs) + 1) * periodMs;
  }

  private begin(): number {
    this.workCountBefore = this.workCount;
    this.parts.doorbell.beat();
    this.nowMs = this.parts.clock.beginTurn();
    return this.nowMs;
  }

  private end(beginMs: number, records: number): void {
    this.parts.clock.endTurn();
    const tally = this.tally;
    tally[ThreadTally.turns] += 1;
    if (this.workCount === this.workCountBefore) {
      tally[ThreadTally.idleTurns] += 1;
      return;
    }
    tally[ThreadTally.records] += records;
    if (records > tally[ThreadTally.turnRecordsMax]) tally[ThreadTally.turnRecordsMax] = records;
    const turnMs = this.parts.nowMs() - beginMs;
    tally[ThreadTally.busyMs] += turnMs;
    if (turnMs > tally[ThreadTally.turnMaxMs]) tally[ThreadTally.turnMaxMs] = turnMs;
  }

  private step(cell: ActorCell, drainLimit: number): number {
    const records = this.feed(cell, drainLimit);
    if (!this.broken) for (const sender of cell.localSenders) sender.publish();
    return records;
  }

  private feed(cell: ActorCell, drainLimit: number): number {
    if (!cell.running) return 0;
    this.current = cell;
    let records = 0;
    try {
      cell.settleRoom();
      records = this.drain(cell, drainLimit);
      const batchEnded = records > 0 || cell.requested;
      if (batchEnded) {
        cell.requested = false;
        cell.actor.onBatchEnd?.();
      }
      const ticked = this.parts.clock.monotonicMs() >= cell.tickNextMs;
      if (ticked) this.tick(cell);
      if (batchEnded || ticked) this.count(cell, records);
    } catch (error) {
      cell.failure ??= error instanceof Error ? error : new Error(String(error));
    }
    this.current = null;
    if (cell.failure !== null) {
      this.parts.onFailure(cell, cell.failure);
      // Records that a log stage wrote ahead of its sync, for one: they say that something is durable which is not.
      if (!cell.running) this.broken = true;
    }
    return records;
  }

  private drain(cell: ActorCell, drainLimit: number): number {
    const mayBeFed = cell.mayBeFed();
    let records = 0;
    for (const { receiver, handler, always } of cell.feed) {
      if (mayBeFed || always) records += receiver.drain(handler, drainLimit);
    }
    if (!mayBeFed && cell.hasRecords()) cell.tally[ActorTally.held] += 1;
    return records;
  }

  private tick(cell: ActorCell): void {
    const nowMs = this.parts.clock.monotonicMs();
    this.planTick(cell, nowMs);
    cell.actor.onTick?.(nowMs);
  }

  private count(cell: ActorCell, records: number): void {
    this.workCount++;
    const tally = cell.tally;
    const nowMs = this.parts.nowMs();
    const tookMs = nowMs - this.nowMs;
    tally[ActorTally.busyMs] += tookMs;
    this.nowMs = nowMs;
    if (records > 0) {
      tally[ActorTally.batches] += 1;
      tally[ActorTally.records] += records;
      if (records > tally[ActorTally.batchMax]) tally[ActorTally.batchMax] = records;
    }
    cell.actor.onMeasured?.(records, tookMs, nowMs);
  }
}
