// slow_requests: the last hundred requests that took longer than the threshold, with the stages in which their time went
// (server/slow-requests.ts); our own addition. The oldest first.
// Main thread; asks no actor, and answers while no client is served, too.

import { hex64 } from '../../base/int64.js';
import type { SlowRequest } from '../../server/slow-requests.js';
import type { Command, MakeCommand } from '../command.js';
import type { JsonObject } from '../json-text.js';

export const slowRequests: MakeCommand = (host): Command => ({
  names: ['slow_requests'],
  method: 'GET',
  isOwn: true,
  needsServer: false,
  needsRoot: false,
  run: () => ({
    fields: { threshold_ms: host.slowRequests.thresholdMs, requests: host.slowRequests.last.map(requestFields) },
  }),
});

function requestFields(request: SlowRequest): JsonObject {
  const { repliedWallMs, sessionHi, sessionLo, client, operation, path, zxidHi, zxidLo, totalMs, stages } = request;
  return {
    replied_at: new Date(repliedWallMs).toISOString(),
    session_id: `0x${hex64(sessionHi, sessionLo)}`,
    client,
    operation,
    path: path === '' ? null : path,
    zxid: `0x${hex64(zxidHi, zxidLo)}`,
    total_ms: totalMs,
    stages_ms: Object.fromEntries(stages.map(({ stage, ms }) => [stage.replaceAll(' ', '_'), Math.round(ms)])),
  };
}
