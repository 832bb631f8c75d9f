// ZOOKEEPER-1277, 2789: zxids run out of counters under the eyes of clients, several times: each time another epoch begins, nothing is
// lost, and no zxid is given twice.

import { expect, test } from 'vitest';
import { openZooKeeper } from '../../src/client/open-zookeeper.js';
import { EnsembleProcess } from '../testing/ensemble-process.js';

const EPOCH_TXNS = 12;
const NODES = 26;
const DEADLINE_MS = 60_000;

test('ZOOKEEPER-1277, -2789: a leader whose counters are used up makes room for the next epoch', {
  timeout: DEADLINE_MS,
}, async () => {
  await using ensemble = await EnsembleProcess.start({
    kinds: ['threadkeeper', 'threadkeeper', 'threadkeeper'],
    cfg: { tickTime: 500, 'testingonly.initialZxid': 0xffffffff - EPOCH_TXNS },
  });
  const hosts = ensemble.ports().map((port) => `127.0.0.1:${port}`);
  const client = openZooKeeper(hosts.join(), { sessionTimeoutMs: 8000 });
  await client.whenConnected({ timeoutMs: DEADLINE_MS });
  const zxids = new Set<bigint>();
  for (let i = 0; i < NODES; i++) {
    // Whoever was answered has written; of the others nobody knows, and a look tells.
    for (let stat = null; stat === null; ) {
      await client.whenConnected({ timeoutMs: DEADLINE_MS });
      await client.create(`/n${i}`).catch(() => {});
      stat = await client.exists(`/n${i}`).catch(() => null);
      if (stat !== null) zxids.add(stat.czxid);
    }
  }
  await client.close();
  expect(zxids.size).toBe(NODES);
  for (const zxid of zxids) expect(zxid & 0xffffffffn).toBeLessThan(BigInt(EPOCH_TXNS));
  const epochs = new Set([...zxids].map((zxid) => zxid >> 32n));
  expect(epochs.size).toBeGreaterThan(NODES / EPOCH_TXNS);
  expect([...zxids]).toEqual([...zxids].sort((a, b) => (a < b ? -1 : 1)));
  await ensemble.awaitSameZxid();
});
