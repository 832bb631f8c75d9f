/**
 * The summaries (operations 4.3), in the order in which they are shown; milliseconds where a sentence speaks of time. Constant data,
 * any thread; recorded through `context.metrics`.
 */

import type { MetricKind, MetricRow } from './metric-row.js';

export const BASIC_SUMMARIES: readonly MetricRow[] = rows('basic', {
  fsynctime: 'Syncs of the transaction log to the disk.',
  snapshottime: 'Writing a snapshot.',
  restore_time: 'Restoring a snapshot by command.',
  dbinittime: 'Loading the database at the start.',
  startup_txns_loaded: 'Transactions read from the log at the start.',
  startup_txns_load_time: 'Reading them.',
  startup_snap_load_time: 'Reading the snapshot at the start.',
  follower_sync_time: 'Bringing a follower up to date, seen by the follower.',
  observer_sync_time: 'Bringing an observer up to date, seen by the observer.',
  election_time: 'Elections, until one was decided.',
  unavailable_time: 'From the end of one role to serving in the next one.',
  leader_unavailable_time: 'The same, if the next one was leading.',
  inflight_snap_count: 'Learners being sent a snapshot, counted when one begins or ends.',
  inflight_diff_count: 'Learners being sent a DIFF, counted when one begins or ends.',
  proposal_process_time: 'Making a proposal of a request.',
  connection_token_deficit: 'Tokens missing in the connection throttle when a client came.',
  socket_closing_time: 'Closing a socket.',
  netty_queued_buffer_capacity: 'Bytes of a half-received request that were kept.',
  node_created_watch_count: 'Watches fired by one creation.',
  node_deleted_watch_count: 'Watches fired by one deletion.',
  node_changed_watch_count: 'Watches fired by one change of data.',
  node_children_watch_count: 'Watches fired by one change of children.',
  prep_processor_queue_size: 'Requests waiting for prep.',
  prep_process_time: 'Judging a request in prep.',
  sync_processor_queue_size: 'Requests waiting for sync.',
  sync_process_time: 'Writing and syncing a batch.',
  sync_processor_batch_size: 'Transactions in one sync.',
  commit_process_time: 'One turn of the commit stage.',
  learner_request_processor_queue_size: 'Requests of learners waiting to be taken up.',
  requests_in_session_queue: 'Requests waiting in the commit stage for earlier ones of their session.',
  pending_session_queue_size: 'Sessions with requests waiting in the commit stage.',
  reads_after_write_in_session_queue: 'Reads waiting behind a write of their session.',
  reads_issued_from_session_queue: 'Reads let go with one write of their session.',
  session_queues_drained: 'Sessions of which nothing was left to wait after one batch.',
  time_waiting_empty_pool_in_commit_processor_read_ms: 'Waiting for reads under way before a write.',
  write_batch_time_in_commit_processor: 'Committing one batch of writes.',
  concurrent_request_processing_in_commit_processor: 'Requests processed at the same time.',
  read_commit_proc_req_queued: 'Reads waiting in the commit stage.',
  write_commit_proc_req_queued: 'Writes waiting in the commit stage.',
  commit_commit_proc_req_queued: 'Commits waiting in the commit stage.',
  read_commit_proc_issued: 'Reads let go in one turn of the commit stage.',
  write_commit_proc_issued: 'Writes let go in one turn of the commit stage.',
});

export const ADVANCED_SUMMARIES: readonly MetricRow[] = rows('advanced', {
  readlatency: 'From a read to its answer.',
  updatelatency: 'From a write to its answer.',
  propagation_latency: 'From the making of a transaction on the leader to its being applied here.',
  close_session_prep_time: 'Judging the end of a session.',
  prep_processor_queue_time_ms: 'Waiting for prep.',
  request_throttle_queue_time_ms: 'Waiting in the request throttler.',
  sync_processor_queue_and_flush_time_ms: 'From the arrival in sync until the disk has it.',
  sync_processor_queue_time_ms: 'Waiting for sync.',
  sync_processor_queue_flush_time_ms: 'From the writing in sync until the disk has it.',
  read_commitproc_time_ms: 'Reads, from their arrival in the commit stage until they left it.',
  write_commitproc_time_ms: 'Writes, from their arrival in the commit stage until they left it.',
  local_write_committed_time_ms: 'Writes of own clients, until they were committed.',
  server_write_committed_time_ms: 'All writes, until they were committed.',
  read_final_proc_time_ms: 'Reads, from leaving the commit stage to their answer.',
  write_final_proc_time_ms: 'Writes, from leaving the commit stage to their answer.',
  proposal_latency: 'From a proposal of the leader to the follower that received it.',
  proposal_ack_creation_latency: 'From a proposal of the leader to the ACK that was made for it.',
  commit_propagation_latency: 'From a commit of the leader to the follower that received it.',
  quorum_ack_latency: 'From a proposal to its quorum.',
  om_proposal_process_time_ms: 'Passing a proposal on to observers, by an observer master.',
  om_commit_process_time_ms: 'Passing a commit on to observers, by an observer master.',
  dead_watchers_cleaner_latency: 'Cleaning up the watches of ended connections.',
  jvm_pause_time_ms: 'Pauses in which the server did nothing (jvm.pause.monitor).',
});

export const BASIC_SUMMARY_SETS: readonly MetricRow[] = rows('basic-set', {
  write_per_namespace: 'Bytes written by one request, by the first component of the path.',
  read_per_namespace: 'Bytes read by one request, by the first component of the path.',
  learner_handler_qp_size: 'Packets waiting for a learner, by its id.',
});

export const ADVANCED_SUMMARY_SETS: readonly MetricRow[] = rows('advanced-set', {
  learner_handler_qp_time_ms: 'Time a packet waits for a learner, by its id.',
  ack_latency: 'From a proposal to the ACK of a follower, by its id.',
});

function rows(kind: MetricKind, sentences: Readonly<Record<string, string>>): MetricRow[] {
  return Object.entries(sentences).map(([name, sentence]) => ({
    name,
    kind,
    scope: 'always',
    sentence,
    ...(name === 'restore_time' ? { since39: true as const } : {}),
  }));
}
