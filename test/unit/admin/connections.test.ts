// The lists of connections: plain ones, those with TLS, and none for who is being answered a four-letter word.

import { expect, it } from 'vitest';
import { connectionLists } from '../../../src/admin/commands/connections.js';
import { jsonText } from '../../../src/admin/json-text.js';
import type { ConnectionStatus } from '../../../src/server/status/server-status.js';

const PLAIN: ConnectionStatus = {
  address: '127.0.0.1',
  port: 40_001,
  interestOps: 1,
  queuedCount: 2,
  receivedCount: 6,
  sentCount: 4,
  isEncrypted: false,
  expiresMs: 0,
  session: null,
};

it('are two, in brief or in full, and IPv6 stands in brackets', () => {
  const secure = { ...PLAIN, address: '0:0:0:0:0:0:0:1', port: 40_002, isEncrypted: true };
  const asking = { ...PLAIN, port: 40_003, interestOps: 0 };
  const lists = JSON.parse(jsonText(connectionLists([PLAIN, secure, asking], 'brief')));
  expect(lists).toEqual({
    connections: [
      {
        remote_socket_address: '127.0.0.1:40001',
        interest_ops: 1,
        outstanding_requests: 2,
        packets_received: 6,
        packets_sent: 4,
      },
    ],
    secure_connections: [expect.objectContaining({ remote_socket_address: '[0:0:0:0:0:0:0:1]:40002' })],
  });
  expect(JSON.parse(jsonText(connectionLists([], 'full')))).toEqual({ connections: [], secure_connections: [] });
});
