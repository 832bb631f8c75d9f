// server_stats (srvr) and stats (stat): the server's figures, and the latter with its connections in brief (operations 3.4, 3.5).
// The names are the reference's, with its `non_mtlsremote`.
// Main thread.

import { int64FromHalves } from '../../base/int64.js';
import type { LiveStatus } from '../../server/status/live-status.js';
import type { FigureStatus, SizeStatus, TotalStatus } from '../../server/status/server-status.js';
import type { MakeCommand } from '../command.js';
import { JsonDouble, type JsonObject } from '../json-text.js';
import { connectionLists } from './connections.js';

const COMMON = { method: 'GET', needsServer: true, needsRoot: false } as const;

export const serverStatsCommands: readonly MakeCommand[] = [
  ({ status }) => ({
    ...COMMON,
    names: ['server_stats', 'srvr'],
    run: async () => ({ fields: await statsFields(status) }),
  }),
  ({ status }) => ({
    ...COMMON,
    names: ['stats', 'stat'],
    run: async () => ({
      fields: { ...(await statsFields(status)), ...connectionLists(await status.connections(), 'brief') },
    }),
  }),
];

async function statsFields(status: LiveStatus): Promise<JsonObject> {
  const totals = await status.totals();
  const figures = status.figures();
  const { version, mode, nodeCount, proposalBytes } = figures;
  return {
    version,
    read_only: mode === 'read-only',
    server_stats: serverFields(status, figures, totals),
    client_response: sizes(totals.clientResponses),
    ...(proposalBytes === null ? {} : { proposal_stats: sizes(proposalBytes) }),
    node_count: nodeCount,
  };
}

function serverFields(status: LiveStatus, figures: FigureStatus, totals: TotalStatus): JsonObject {
  const { dataDirBytes, dataLogDirBytes } = status.directories(true);
  return {
    packets_sent: figures.sentCount,
    packets_received: figures.receivedCount,
    fsync_threshold_exceed_count: totals.slowSyncs,
    client_response_stats: sizes(totals.clientResponses),
    data_dir_size: dataDirBytes,
    log_dir_size: dataLogDirBytes,
    provider_null: false,
    last_processed_zxid: int64FromHalves(figures.zxidHi, figures.zxidLo),
    server_state: figures.mode,
    outstanding_requests: figures.outstandingCount,
    avg_latency: new JsonDouble(Number(figures.latencyAvgMs.toFixed(4))),
    max_latency: figures.latencyMaxMs,
    min_latency: figures.latencyMinMs,
    num_alive_client_connections: figures.connectionCount,
    auth_failed_count: totals.authFailures,
    non_mtlsremote_conn_count: totals.plainRemoteConnections,
    non_mtlslocal_conn_count: totals.plainLocalConnections,
    uptime: totals.uptimeMs,
  };
}

function sizes({ last, min, max }: SizeStatus): JsonObject {
  return { last_buffer_size: last, min_buffer_size: min, max_buffer_size: max };
}
