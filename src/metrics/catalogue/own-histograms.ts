/**
 * Histograms of our own, beside what Apache ZooKeeper's operators know: what is recorded in microseconds is shown in seconds, what in
 * bytes as bytes. Constant data, any thread. `mntr` and `monitor` do not show them.
 */

export interface OwnHistogram {
  /** As it is recorded (`context.metrics.summary`). */
  readonly source: string;
  /** As it is shown. */
  readonly name: string;
  readonly sentence: string;
  /** What is recorded, times this, is what is shown. */
  readonly scale: number;
}

export const OWN_HISTOGRAMS: readonly OwnHistogram[] = [
  {
    source: 'readlatency',
    name: 'threadkeeper_read_latency_seconds',
    sentence: 'From the bytes of a read to its answer in the socket, in whole milliseconds.',
    scale: 1e-3,
  },
  {
    source: 'updatelatency',
    name: 'threadkeeper_write_latency_seconds',
    sentence: 'From the bytes of a write to its answer in the socket, in whole milliseconds.',
    scale: 1e-3,
  },
  {
    source: 'threadkeeper_log_sync_us',
    name: 'threadkeeper_log_sync_seconds',
    sentence: 'Time of one fdatasync of the transaction log.',
    scale: 1e-6,
  },
];
