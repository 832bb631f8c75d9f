/**
 * The figures of one connection shard, by name: what `srvr`, `stat` and the monitors show of connections, packets and
 * latencies. A block in the shared counters; this shard is its only writer, anybody reads. Plain additions, no atomics.
 */
import type { CounterSet } from '../actor/counters/counters.js';

export const ShardCounter = {
  packetsReceived: 0,
  packetsSent: 1,
  connections: 2,
  outstandingRequests: 3,
  watchCount: 4,
  readsLocal: 5,
  readsForwarded: 6,
  latencyCount: 7,
  latencyTotalMs: 8,
  latencyMaxMs: 9,
  latencyMinMs: 10,
  connectionsRefused: 11,
  readsStalled: 12,
  connectionsAccepted: 13,
  throttledOps: 14,
  throttleWaits: 15,
  staleRequestsDropped: 16,
  largeRequestsRejected: 17,
  sessionlessExpired: 18,
  connectionsDropped: 19,
  connectionsRejected: 20,
  connectRequests: 21,
  sessionsRevalidated: 22,
  closedUnserved: 23,
  bytesReceived: 24,
  responseBytes: 25,
  watchBytes: 26,
  staleRequests: 27,
  staleReplies: 28,
} as const;
export type ShardCounter = (typeof ShardCounter)[keyof typeof ShardCounter];

/** As readers of the counters know them; the order is that of `ShardCounter`. */
const NAMES = [
  'packets_received',
  'packets_sent',
  'connections',
  'outstanding_requests',
  'watch_count',
  'reads_local',
  'reads_forwarded',
  'latency_count',
  'latency_total_ms',
  'latency_max_ms',
  'latency_min_ms',
  'connections_refused',
  'reads_stalled',
  'connections_accepted',
  'throttled_ops',
  'request_throttle_wait_count',
  'stale_requests_dropped',
  'large_requests_rejected',
  'sessionless_connections_expired',
  'connection_drop_count',
  'connection_rejected',
  'connection_request_count',
  'connection_revalidate_count',
  'cnxn_closed_without_zk_server_running',
  'bytes_received_count',
  'response_bytes',
  'watch_bytes',
  'stale_requests',
  'stale_replies',
] as const;

/** Those that begin anew when all metrics do; Apache's names. */
export const RESET_WITH_METRICS = NAMES.slice(ShardCounter.throttledOps);

export class ShardCounters {
  private readonly cells: Float64Array;

  constructor(counters: CounterSet) {
    this.cells = counters.registerBlock(NAMES);
  }

  get(counter: ShardCounter): number {
    return this.cells[counter] as number;
  }

  set(counter: ShardCounter, value: number): void {
    this.cells[counter] = value;
  }

  add(counter: ShardCounter, amount: number): void {
    this.cells[counter] = (this.cells[counter] as number) + amount;
  }

  /** One request more was answered, this long after it came. */
  addLatency(latencyMs: number): void {
    const cells = this.cells;
    this.add(ShardCounter.latencyCount, 1);
    this.add(ShardCounter.latencyTotalMs, latencyMs);
    if (latencyMs > (cells[ShardCounter.latencyMaxMs] as number)) cells[ShardCounter.latencyMaxMs] = latencyMs;
    const isFirst = cells[ShardCounter.latencyCount] === 1;
    if (isFirst || latencyMs < (cells[ShardCounter.latencyMinMs] as number))
      cells[ShardCounter.latencyMinMs] = latencyMs;
  }

  /** So many more that were answered within the millisecond in which they came. */
  addInstant(count: number): void {
    this.add(ShardCounter.latencyCount, count);
    this.cells[ShardCounter.latencyMinMs] = 0;
  }

  resetLatency(maxOnly: boolean): void {
    if (maxOnly) this.cells[ShardCounter.latencyMaxMs] = 0;
    else this.cells.fill(0, ShardCounter.latencyCount, ShardCounter.latencyMinMs + 1);
  }

  /** `srst`: what counts events begins anew, what shows a state stays. */
  reset(): void {
    this.cells.fill(0, ShardCounter.packetsReceived, ShardCounter.packetsSent + 1);
    this.cells.fill(0, ShardCounter.latencyCount, ShardCounter.latencyMinMs + 1);
  }
}
