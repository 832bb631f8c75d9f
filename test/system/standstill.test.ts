// A server that stands still for longer than its sessions may be silent (SIGSTOP; a suspended machine): clients that are there keep
// theirs, with what is theirs, and those that are gone lose it as ever.

import { expect, test } from 'vitest';
import { create, EPHEMERAL, read } from '../testing/ensemble-client.js';
import { startThreadkeeper } from '../testing/threadkeeper-server.js';
import { until } from '../testing/until.js';
import { Op, request, WireConnection } from '../testing/wire-connection.js';

const NO_NODE = -101;
const PING_XID = -2;
const TIMEOUT_MS = 1600;
const STILL_MS = 4000;
const CLIENTS = 20;

test('no session of a client that is there ends while the server stands still', async () => {
  await using server = await startThreadkeeper({ cfg: { tickTime: 400 } });
  const gone = await WireConnection.openSession(server.port, { timeOutMs: TIMEOUT_MS });
  expect(await create(gone, '/gone', '', EPHEMERAL)).toBe(0);
  const clients: WireConnection[] = [];
  for (let i = 0; i < CLIENTS; i++) {
    const client = await WireConnection.openSession(server.port, { timeOutMs: TIMEOUT_MS });
    expect(await create(client, `/here${i}`, '', EPHEMERAL)).toBe(0);
    clients.push(client);
  }
  const pinging = setInterval(() => {
    for (const client of clients) client.send(request(PING_XID, Op.Ping));
  }, TIMEOUT_MS / 4);
  gone.destroy();
  server.signal('SIGSTOP');
  await new Promise((resolve) => setTimeout(resolve, STILL_MS));
  server.signal('SIGCONT');
  const witness = await WireConnection.openSession(server.port, { timeOutMs: 20_000 });
  await until('the ephemeral of the client that is gone to go', 10_000, async () => {
    return (await read(witness, '/gone')) === NO_NODE;
  });
  for (let i = 0; i < CLIENTS; i++) expect(await read(witness, `/here${i}`)).toBe('');
  expect(server.log()).toContain('Expiring session');
  expect(server.log().match(/Expiring session/g)).toHaveLength(1);
  clearInterval(pinging);
  for (const client of clients) client.destroy();
  await witness.closeSession();
});
