/**
 * The counters (operations 4.3), in the order in which they are shown. Constant data, any thread; recorded through `context.metrics`.
 * They are on every role from the start, with 0: a name is never taken out because nothing counts under it here.
 */

import type { MetricRow } from './metric-row.js';

export const COUNTERS: readonly MetricRow[] = rows({
  looking_count: 'Elections this member has taken part in.',
  diff_count: 'Learners brought up to date by a DIFF.',
  snap_count: 'Learners brought up to date by a snapshot.',
  commit_count: 'Proposals committed by this leader.',
  proposal_count: 'Proposals made by this leader.',
  quit_leading_due_to_disloyal_voter: 'Times this leader gave up because a voter had turned away.',
  learner_proposal_received_count: 'Proposals received as a learner.',
  learner_commit_received_count: 'Commits received as a learner.',
  revalidate_count: 'Sessions that came back on another connection and were asked about.',
  connection_request_count: 'Sessions opened or renewed by clients.',
  connection_rejected: 'Connections refused for the limits on connections.',
  connection_drop_count: 'Connections that ended because nothing more could be read of them.',
  connection_revalidate_count: 'Sessions renewed on another connection.',
  sessionless_connections_expired: 'Connections closed because they never asked for a session.',
  stale_sessions_expired: 'Sessions whose time ran out.',
  cnxn_closed_without_zk_server_running: 'Connections closed because this server did not serve.',
  bytes_received_count: 'Bytes received from clients.',
  response_bytes: 'Bytes of answers to clients.',
  watch_bytes: 'Bytes of watch events to clients.',
  response_packet_cache_hits: 'Always 0: there is no cache of answers, which are copied from shared memory.',
  response_packet_cache_misses: 'Always 0: there is no cache of answers.',
  response_packet_get_children_cache_hits: 'Always 0: there is no cache of answers.',
  response_packet_get_children_cache_misses: 'Always 0: there is no cache of answers.',
  prep_processor_request_queued: 'Requests handed to prep.',
  outstanding_changes_queued: 'Changes that prep has laid over the tree.',
  outstanding_changes_removed: 'Such changes that the tree has caught up with.',
  request_commit_queued: 'Requests that were queued to be committed.',
  sync_processor_request_queued: 'Requests handed to sync.',
  requests_not_forwarded_to_commit_processor: 'Requests of learners that went no further than their answer.',
  skip_learner_request_to_next_processor_count: 'Requests of learners that were not passed on.',
  throttled_ops: 'Requests answered with a throttle error.',
  request_throttle_wait_count: 'Times the request throttler held requests back.',
  stale_requests: 'Requests that had waited longer than the stale limit, or whose connection was gone.',
  stale_requests_dropped: 'Such requests that were dropped.',
  stale_replies: 'Answers to connections that were gone.',
  large_requests_rejected: 'Large requests refused because too many bytes of them were under way.',
  add_dead_watcher_stall_time: 'Milliseconds spent waiting for dead watchers to be cleaned up.',
  dead_watchers_queued: 'Connections with watches that ended.',
  dead_watchers_cleared: 'Such connections whose watches are gone.',
  ensemble_auth_success: 'Clients that named this ensemble.',
  ensemble_auth_fail: 'Clients that named another ensemble.',
  ensemble_auth_skip: 'Clients that named no ensemble.',
  unsuccessful_handshake: 'TLS handshakes of clients that failed.',
  tls_handshake_exceeded: 'Connections refused because too many TLS handshakes were under way.',
  insecure_admin_count: 'Plain requests to an admin port that also speaks TLS.',
  unrecoverable_error_count: 'Errors that ended the server.',
  digest_mismatches_count: 'Transactions after which the tree was not what their digest said.',
  snapshot_error_count: 'Snapshots by command that failed.',
  snapshot_rate_limited_count: 'Snapshots by command refused as too frequent.',
  restore_error_count: 'Restores by command that failed.',
  restore_rate_limited_count: 'Restores by command refused as too frequent.',
});

/** By the first component of the path. */
export const COUNTER_SETS: readonly MetricRow[] = [
  {
    name: 'quota_exceeded_error_per_namespace',
    kind: 'counter-set',
    scope: 'always',
    sentence: 'Writes refused because of a quota.',
  },
];

function rows(sentences: Readonly<Record<string, string>>): MetricRow[] {
  return Object.entries(sentences).map(([name, sentence]) => ({
    name,
    kind: 'counter',
    scope: 'always',
    sentence,
    ...(/^(?:snapshot|restore)_/.test(name) ? { since39: true as const } : {}),
  }));
}
