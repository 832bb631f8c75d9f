/**
 * What operators are told of the commit stage, in Apache's names; the reference has it in ensembles alone, and so have we. Owned by the
 * stage, on its thread: it counts what it takes and lets go, and the end of the batch makes figures of that.
 *
 * The reference queues per session; here all sessions share one queue, so what it says of "session queues" is said of that one.
 */

import type { ActorContext } from '../actor/actor.js';
import type { Counter } from '../actor/counters/counter.js';
import type { Summary } from '../actor/counters/summary.js';
import { SummaryRun } from '../actor/counters/summary-run.js';
import type { Clock } from '../base/clock.js';
import { msSince } from './arrival.js';
import { StampedStage, StampReader } from './stage-stamps.js';

export class CommitMeasures {
  private readonly clock: Clock;
  private readonly committed: StampReader;
  private readonly commits: Counter;
  private readonly processTime: Summary;
  private readonly batchTime: Summary;
  private readonly writesIssued: Summary;
  private readonly readsIssued: Summary;
  private readonly readsFromQueue: Summary;
  private readonly commitsQueued: Summary;
  private readonly queueSize: Summary;
  private readonly writesQueued: Summary;
  private readonly readTime: SummaryRun;
  private readonly writeTime: SummaryRun;
  private readonly localCommitTime: Summary;
  private readonly serverCommitTime: Summary;
  // Of the batch in work: transactions let go, of own clients among them, and what only kept its place.
  private released = 0;
  private releasedLocal = 0;
  private passed = 0;
  private passedFromQueue = 0;

  constructor({ metrics, clock, shared }: Pick<ActorContext, 'metrics' | 'clock' | 'shared'>) {
    this.clock = clock;
    this.committed = new StampReader(shared, StampedStage.committed);
    this.commits = metrics.counter('request_commit_queued');
    this.processTime = metrics.summary('commit_process_time');
    this.batchTime = metrics.summary('write_batch_time_in_commit_processor');
    this.writesIssued = metrics.summary('write_commit_proc_issued');
    this.readsIssued = metrics.summary('read_commit_proc_issued');
    this.readsFromQueue = metrics.summary('reads_issued_from_session_queue');
    this.commitsQueued = metrics.summary('commit_commit_proc_req_queued');
    this.writesQueued = metrics.summary('write_commit_proc_req_queued');
    this.queueSize = metrics.summary('requests_in_session_queue');
    this.readTime = new SummaryRun(metrics.summary('read_commitproc_time_ms'));
    this.writeTime = new SummaryRun(metrics.summary('write_commitproc_time_ms'));
    this.localCommitTime = metrics.summary('local_write_committed_time_ms');
    this.serverCommitTime = metrics.summary('server_write_committed_time_ms');
  }

  /** `arrival`: of its client's request; null: another server's. */
  onReleased(arrival: number | null): void {
    this.released++;
    if (arrival === null) return;
    this.releasedLocal++;
    this.writeTime.add(msSince(arrival, this.clock.monotonicMs()));
  }

  onPassed(arrival: number, hasWaited: boolean): void {
    this.passed++;
    if (hasWaited) this.passedFromQueue++;
    this.readTime.add(msSince(arrival, this.clock.monotonicMs()));
  }

  /** The batch is over; `waiting`: own requests that have something in front of them, `held`: what waits for its commit; the zxid: of the last transaction let go. */
  onMeasured(tookMs: number, nowMs: number, waiting: number, held: number, zxidHi: number, zxidLo: number): void {
    const { released, releasedLocal, passed } = this;
    this.readTime.flush();
    this.writeTime.flush();
    this.processTime.add(tookMs);
    this.queueSize.add(waiting);
    this.writesQueued.add(held);
    this.readsIssued.add(passed);
    if (released > 0) {
      this.commits.add(released);
      this.commitsQueued.add(released);
      this.writesIssued.add(released);
      this.batchTime.add(tookMs);
      this.readsFromQueue.add(this.passedFromQueue);
      const committedMs = this.committed.find(zxidHi, zxidLo)?.aMs ?? nowMs;
      this.localCommitTime.addMany(nowMs - committedMs, releasedLocal);
      this.serverCommitTime.addMany(nowMs - committedMs, released - releasedLocal);
    }
    this.released = 0;
    this.releasedLocal = 0;
    this.passed = 0;
    this.passedFromQueue = 0;
  }
}
