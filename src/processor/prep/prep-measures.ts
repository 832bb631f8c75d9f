/**
 * What operators are told of prep, in Apache's names (spec of PrepRequestProcessor's and FollowerRequestProcessor's metrics). Owned by
 * prep's actor, on its thread. Times are those of batches, shared by the records in them: no clock is read per request.
 */

import type { ActorContext } from '../../actor/actor.js';
import type { Counter } from '../../actor/counters/counter.js';
import type { Summary } from '../../actor/counters/summary.js';
import { SummaryRun } from '../../actor/counters/summary-run.js';
import type { Clock } from '../../base/clock.js';
import { msSince } from '../arrival.js';
import type { OutstandingChanges } from '../change-record.js';

export class PrepMeasures {
  // In the batch in work.
  requests = 0;
  sessionsClosed = 0;
  private readonly clock: Clock;
  private readonly queued: Counter;
  private readonly queueSize: Summary;
  /** From the read of the client's socket on. */
  private readonly queueTime: SummaryRun;
  private readonly processTime: Summary;
  private readonly closeTime: Summary;
  private readonly changesQueued: Counter;
  private readonly changesRemoved: Counter;
  private readonly learnerQueueSize: Summary;

  constructor(context: ActorContext) {
    const { metrics } = context;
    this.clock = context.clock;
    this.queued = metrics.counter('prep_processor_request_queued');
    this.queueSize = metrics.summary('prep_processor_queue_size');
    this.queueTime = new SummaryRun(metrics.summary('prep_processor_queue_time_ms'));
    this.processTime = metrics.summary('prep_process_time');
    this.closeTime = metrics.summary('close_session_prep_time');
    this.changesQueued = metrics.counter('outstanding_changes_queued');
    this.changesRemoved = metrics.counter('outstanding_changes_removed');
    this.learnerQueueSize = metrics.summary('learner_request_processor_queue_size');
  }

  onRequest(arrival: number): void {
    this.queueTime.add(msSince(arrival, this.clock.monotonicMs()));
  }

  onBatchEnd(changes: OutstandingChanges): void {
    if (changes.queuedCount > 0) this.changesQueued.add(changes.queuedCount);
    if (changes.removedCount > 0) this.changesRemoved.add(changes.removedCount);
    changes.queuedCount = 0;
    changes.removedCount = 0;
  }

  /** A batch is over. A learner decides nothing, and has no other figure of this stage than how many requests were there. */
  onBatch(tookMs: number, isLearner: boolean): void {
    const { requests, sessionsClosed } = this;
    if (requests === 0) return;
    this.requests = 0;
    this.sessionsClosed = 0;
    if (isLearner) {
      this.learnerQueueSize.add(requests);
      return;
    }
    this.queueTime.flush();
    this.queued.add(requests);
    this.queueSize.add(requests);
    this.processTime.addMany(tookMs / requests, requests);
    this.closeTime.addMany(tookMs / requests, sessionsClosed);
  }
}
