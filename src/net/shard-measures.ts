/**
 * What operators are told of one connection shard beyond its counters (shard-counters.ts): latencies, and how many watchers each event
 * has. Owned by the shard, on its thread. What comes once per request is gathered in runs and local numbers, and reaches shared
 * memory once per read of a socket or turn (`flush`).
 */

import type { MetricSet } from '../actor/counters/metric-set.js';
import type { Summary } from '../actor/counters/summary.js';
import { SummaryRun } from '../actor/counters/summary-run.js';
import type { Clock } from '../base/clock.js';
import { NamespaceMeasure } from '../processor/namespace-measure.js';
import { EventType } from '../protocol/watch-event.js';
import { RESET_WITH_METRICS } from './shard-counters.js';

export class ShardMeasures {
  readonly reads: NamespaceMeasure;
  /** Tokens taken when a connection has passed the throttle. */
  readonly tokenDeficit: Summary;
  private readonly clock: Clock;
  private readonly readLatency: Summary;
  private readonly readRun: SummaryRun;
  private readonly updateRun: SummaryRun;
  private readonly responseSize: SummaryRun;
  private readonly throttleQueueTime: Summary;
  private readonly created: Summary;
  private readonly deleted: Summary;
  private readonly changed: Summary;
  private readonly children: Summary;

  /** The shard's counters are registered by now. */
  constructor(metrics: MetricSet, clock: Clock) {
    this.clock = clock;
    for (const name of RESET_WITH_METRICS) metrics.counter(name);
    this.reads = new NamespaceMeasure(metrics.keyed('read_per_namespace'));
    this.tokenDeficit = metrics.summary('connection_token_deficit');
    this.readLatency = metrics.summary('readlatency');
    this.readRun = new SummaryRun(this.readLatency);
    this.updateRun = new SummaryRun(metrics.summary('updatelatency'));
    this.responseSize = new SummaryRun(metrics.summary('client_response_size'));
    this.throttleQueueTime = metrics.summary('request_throttle_queue_time_ms');
    this.created = metrics.summary('node_created_watch_count');
    this.deleted = metrics.summary('node_deleted_watch_count');
    this.changed = metrics.summary('node_changed_watch_count');
    this.children = metrics.summary('node_children_watch_count');
  }

  /** A reply that came back from the pipeline; in parts of a millisecond. */
  onReply(isWrite: boolean, latencyMs: number): void {
    if (isWrite) this.updateRun.add(latencyMs);
    else this.readRun.add(latencyMs);
  }

  onResponse(byteCount: number): void {
    this.responseSize.add(byteCount);
  }

  /** Came together, and are all answered now. */
  onInstantReads(count: number, cameMs: number): void {
    this.readLatency.addMany(this.clock.monotonicMs() - cameMs, count);
  }

  onThrottled(waitedMs: number): void {
    this.throttleQueueTime.add(waitedMs);
  }

  /** Requests that did not wait for the throttle. */
  onUnthrottled(count: number): void {
    this.throttleQueueTime.addMany(0, count);
  }

  /** An event has so many watchers on this shard, those who may not hear of it included. */
  onTriggered(eventType: number, watchers: number): void {
    switch (eventType) {
      case EventType.NodeCreated:
        this.created.add(watchers);
        return;
      case EventType.NodeDeleted:
        this.deleted.add(watchers);
        return;
      case EventType.NodeDataChanged:
        this.changed.add(watchers);
        return;
      case EventType.NodeChildrenChanged:
        this.children.add(watchers);
    }
  }

  flush(): void {
    this.readRun.flush();
    this.updateRun.flush();
    this.reads.flush();
    this.responseSize.flush();
  }
}
