// slow_requests of the AdminServer: what it makes of requests that are given.

import { expect, test } from 'vitest';
import type { CommandRequest } from '../../../src/admin/command.js';
import { slowRequests } from '../../../src/admin/commands/slow-requests.js';
import type { AdminHost } from '../../../src/server/admin-host.js';
import type { SlowRequest } from '../../../src/server/slow-requests.js';

const SLOW: SlowRequest = {
  repliedWallMs: Date.UTC(2026, 10, 22, 18, 9, 25, 912),
  sessionHi: 0x1000,
  sessionLo: 0x3a,
  client: '/10.0.0.7:53122',
  operation: 'setData',
  path: '/a',
  zxidHi: 5,
  zxidLo: -1,
  totalMs: 1234,
  stages: [
    { stage: 'log queue', ms: 2.25 },
    { stage: 'sync', ms: 1231.75 },
  ],
};

test('requests with their stages, whole milliseconds, the oldest first', async () => {
  const host = { slowRequests: { thresholdMs: 1000, last: [SLOW, { ...SLOW, path: '' }] } } as unknown as AdminHost;
  const command = slowRequests(host);
  expect([command.names, command.method, command.isOwn, command.needsServer]).toEqual([
    ['slow_requests'],
    'GET',
    true,
    false,
  ]);
  const { fields } = await command.run({} as CommandRequest);
  const request = {
    replied_at: '2026-11-22T18:09:25.912Z',
    session_id: '0x10000000003a',
    client: '/10.0.0.7:53122',
    operation: 'setData',
    path: '/a',
    zxid: '0x5ffffffff',
    total_ms: 1234,
    stages_ms: { log_queue: 2, sync: 1232 },
  };
  expect(fields).toEqual({ threshold_ms: 1000, requests: [request, { ...request, path: null }] });
});
