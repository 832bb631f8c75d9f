/**
 * Histograms of our own, beside what Apache ZooKeeper's operators know, made of what is recorded for those anyway. Constant data, any
 * thread. `mntr` and `monitor` do not show them.
 */

export interface OwnHistogram {
  /** As it is recorded, in milliseconds. */
  readonly source: string;
  /** As it is shown, in seconds. */
  readonly name: string;
  readonly sentence: string;
}

export const OWN_HISTOGRAMS: readonly OwnHistogram[] = [
  ['readlatency', 'read_latency', 'From a read to its answer.'],
  ['updatelatency', 'write_latency', 'From a write to its answer.'],
  ['propagation_latency', 'propagation', 'From the making of a transaction on the leader to its being applied here.'],
  ['fsynctime', 'log_sync', 'Syncs of the transaction log to the disk.'],
  ['prep_processor_queue_time_ms', 'prep_wait', 'Requests waiting for prep.'],
  [
    'sync_processor_queue_and_flush_time_ms',
    'sync_stage',
    'Transactions from their arrival in sync until the disk has them.',
  ],
  ['quorum_ack_latency', 'quorum_wait', 'Proposals of this leader until a quorum has them.'],
].map(([source, name, sentence]) => ({
  source: source as string,
  name: `threadkeeper_${name}_seconds`,
  sentence: sentence as string,
}));
