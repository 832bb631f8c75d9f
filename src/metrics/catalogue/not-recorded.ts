/**
 * Names that operators of Apache ZooKeeper know and that stay 0 here, because there is nothing in this server of which they would tell; and
 * why. They are shown all the same: what reads them finds them. A test holds this list against what the stages record. Constant data.
 */

const CACHE = 'There is no cache of answers: a read copies its answer from shared memory.';
const WATCHES =
  'Watches of a connection that ended are forgotten at once; of the reference it is the optimised watch manager that has this.';
const SESSIONS = 'The commit stage has one queue for all sessions, and requests_in_session_queue is its length.';
const POOL = 'There is no pool of threads that the commit stage would have to wait for.';

export const NOT_RECORDED: Readonly<Record<string, string>> = {
  response_packet_cache_hits: CACHE,
  response_packet_cache_misses: CACHE,
  response_packet_get_children_cache_hits: CACHE,
  response_packet_get_children_cache_misses: CACHE,
  add_dead_watcher_stall_time: WATCHES,
  dead_watchers_queued: WATCHES,
  dead_watchers_cleared: WATCHES,
  dead_watchers_cleaner_latency: WATCHES,
  pending_session_queue_size: SESSIONS,
  reads_after_write_in_session_queue: SESSIONS,
  session_queues_drained: SESSIONS,
  read_commit_proc_req_queued: SESSIONS,
  time_waiting_empty_pool_in_commit_processor_read_ms: POOL,
  concurrent_request_processing_in_commit_processor: POOL,
  requests_not_forwarded_to_commit_processor:
    'Requests of learners never wait in the commit stage: their transactions do.',
  skip_learner_request_to_next_processor_count: 'A learner passes on requests of its own clients only.',
  unrecoverable_error_count: 'An error that cannot be recovered from ends the process.',
  socket_closing_time: 'Closing a socket is handed to the system and waits for nothing.',
  netty_queued_buffer_capacity: 'There is no Netty; frames that are incomplete lie in memory as long as they are.',
  om_proposal_process_time_ms: 'A follower that serves observers does nothing for them until a proposal is committed.',
};
