/**
 * The gauges (operations 4.2), in the order in which they are shown. Constant data, any thread; filled by src/server/server-gauges.ts.
 * A gauge that has no value at a moment is not shown in that moment.
 */

import type { MetricRow, MetricScope } from './metric-row.js';

export const GAUGES: readonly MetricRow[] = [
  ...rows('always', {
    avg_latency: 'Milliseconds from a request to its answer, on average since the last reset.',
    max_latency: 'The longest of them.',
    min_latency: 'The shortest of them.',
    packets_received: 'Requests, pings and four-letter words received.',
    packets_sent: 'Answers and watch events sent.',
    num_alive_connections: 'Connections of clients, this one included.',
    outstanding_requests: 'Requests that were taken and not yet answered.',
    uptime: 'Milliseconds since this server began to serve clients.',
    znode_count: 'Znodes; the root counts twice, as it always did.',
    watch_count: 'Watches, those for data and those for children.',
    ephemerals_count: 'Znodes that end with their session.',
    approximate_data_size: 'Bytes of all paths and all data.',
    global_sessions: 'Sessions that the whole ensemble knows.',
    local_sessions: 'Sessions that this server alone knows.',
    open_file_descriptor_count: 'File descriptors the process has open.',
    max_file_descriptor_count: 'File descriptors it may have open.',
    connection_drop_probability: 'The chance with which the connection throttle drops a new client.',
    last_client_response_size: 'Bytes of the last answer; -1 before the first.',
    max_client_response_size: 'Bytes of the largest answer; -1 before the first.',
    min_client_response_size: 'Bytes of the smallest answer; -1 before the first.',
    outstanding_tls_handshake: 'TLS handshakes under way.',
    auth_failed_count: 'TLS clients refused for their certificate.',
    non_mtls_remote_conn_count: 'Plain connections from other machines to a server that speaks TLS.',
    non_mtls_local_conn_count: 'Plain connections from this machine to a server that speaks TLS.',
  }),
  ...rows('member', { quorum_size: 'Members that vote.' }),
  ...rows('leader', {
    learners: 'Servers connected to this leader, followers and observers, whether in step or not.',
    synced_followers: 'Followers in step that vote.',
    synced_non_voting_followers: 'Followers in step that do not vote.',
  }),
  ...rows('observer master', { synced_observers: 'Observers in step.' }),
  ...rows('leader', {
    pending_syncs: 'sync requests that wait for a quorum.',
    leader_uptime: 'Milliseconds since this leader began to serve.',
    last_proposal_size: 'Bytes of the last proposal; -1 before the first.',
    max_proposal_size: 'Bytes of the largest proposal; -1 before the first.',
    min_proposal_size: 'Bytes of the smallest proposal; -1 before the first.',
  }),
];

/** By the first component of the path. */
export const GAUGE_SETS: readonly MetricRow[] = rows(
  'always',
  {
    quota_count_limit_per_namespace: 'Znodes that quotas allow, hard limits before soft ones; -1 without a limit.',
    quota_bytes_limit_per_namespace: 'Bytes that quotas allow, hard limits before soft ones; -1 without a limit.',
    quota_count_usage_per_namespace: 'Znodes that stand under quotas.',
    quota_bytes_usage_per_namespace: 'Bytes that stand under quotas.',
  },
  'gauge-set',
);

function rows(
  scope: MetricScope,
  sentences: Readonly<Record<string, string>>,
  kind: 'gauge' | 'gauge-set' = 'gauge',
): MetricRow[] {
  return Object.entries(sentences).map(([name, sentence]) => ({
    name,
    kind,
    scope,
    sentence,
    ...(name === 'avg_latency' || name === 'connection_drop_probability' ? { isDouble: true as const } : {}),
  }));
}
