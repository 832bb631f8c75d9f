/**
 * What operators are told of the sync stage. Owned by it, on its thread. Two numbers per record come from the stamps of the stage before
 * (stage-stamps.ts): how long it waited for its turn, and how long until it was on the disk. Only transactions are counted there.
 */

import type { ActorContext } from '../actor/actor.js';
import type { Counter } from '../actor/counters/counter.js';
import type { Summary } from '../actor/counters/summary.js';
import { StampedStage, StampFollower, StampWriter } from './stage-stamps.js';

/** When the log did what it did last, monotonic. */
export interface CommitTimes {
  readonly beganMs: number;
  readonly writtenMs: number;
  readonly syncedMs: number;
}

export class SyncMeasures {
  private readonly stamps: StampWriter;
  private readonly before: StampFollower;
  private readonly queued: Counter;
  private readonly queueSize: Summary;
  private readonly processTime: Summary;
  private readonly batchSize: Summary;
  private readonly queueTime: Summary;
  private readonly queueAndFlushTime: Summary;
  private readonly flushTime: Summary;

  /** `isMember`: the stage before is the quorum peer. */
  constructor(context: ActorContext, isMember: boolean) {
    const { metrics, shared } = context;
    this.stamps = new StampWriter(shared, StampedStage.logged);
    this.before = isMember
      ? new StampFollower(shared, StampedStage.proposed, 0)
      : new StampFollower(shared, StampedStage.decided, 1);
    this.queued = metrics.counter('sync_processor_request_queued');
    this.queueSize = metrics.summary('sync_processor_queue_size');
    this.processTime = metrics.summary('sync_process_time');
    this.batchSize = metrics.summary('sync_processor_batch_size');
    this.queueTime = metrics.summary('sync_processor_queue_time_ms');
    this.queueAndFlushTime = metrics.summary('sync_processor_queue_and_flush_time_ms');
    this.flushTime = metrics.summary('sync_processor_queue_flush_time_ms');
  }

  /** So many transactions, the last of them this one, were taken at `takenMs` and are on the disk. Before anybody is told. */
  onCommitted(zxidHi: number, zxidLo: number, transactions: number, takenMs: number, times: CommitTimes): void {
    const { before } = this;
    this.stamps.add(zxidHi, zxidLo, takenMs, times.writtenMs, times.syncedMs);
    this.batchSize.add(transactions);
    this.flushTime.add(times.syncedMs - times.beganMs);
    while (before.advance(zxidHi, zxidLo)) {
      this.queueTime.addMany(takenMs - before.stampedMs, before.transactions);
      this.queueAndFlushTime.addMany(times.syncedMs - before.stampedMs, before.transactions);
    }
  }

  onMeasured(records: number, tookMs: number): void {
    this.queued.add(records);
    this.queueSize.add(records);
    this.processTime.addMany(tookMs / records, records);
  }
}
