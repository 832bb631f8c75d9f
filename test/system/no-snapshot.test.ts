// Logs without any snapshot, in processes as users run them: refused, unless the operator says that the logs go back to the very
// beginning, and then there is a snapshot again, so that nobody has to say it twice.

import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openZooKeeper } from '../../src/client/open-zookeeper.js';
import { EnsembleProcess } from '../testing/ensemble-process.js';
import { makeTempDir } from '../testing/temp-dir.js';
import { startThreadkeeper } from '../testing/threadkeeper-server.js';
import { until } from '../testing/until.js';

const DEADLINE_MS = 60_000;
const TRUST = 'snapshot.trust.empty';
const REFUSAL = 'No snapshot found, but there are log entries';

function snapshotsOf(dataDir: string): string[] {
  return readdirSync(join(dataDir, 'version-2')).filter((name) => name.startsWith('snapshot.'));
}

test('ZOOKEEPER-2325, -3056, -3781: a member is refused, then trusted and brought up to date, and never asked again', {
  timeout: DEADLINE_MS,
}, async () => {
  let isTrusted = false;
  await using ensemble = await EnsembleProcess.start({
    kinds: ['threadkeeper', 'threadkeeper', 'threadkeeper'],
    cfg: { tickTime: 500 },
    cfgOf: () => (isTrusted ? { [TRUST]: 'true' } : {}),
  });
  const leader = await ensemble.leader();
  const sid = leader === 1 ? 2 : 1;
  const { dataDir } = ensemble.member(sid);
  const client = openZooKeeper(`127.0.0.1:${ensemble.member(leader).clientPort}`, { sessionTimeoutMs: 8000 });
  await client.whenConnected({ timeoutMs: DEADLINE_MS });
  for (const path of ['/a', '/b']) await client.create(path);
  await ensemble.awaitSameZxid();
  await ensemble.kill(sid);
  for (const name of snapshotsOf(dataDir)) rmSync(join(dataDir, 'version-2', name));

  await ensemble.startMember(sid);
  const refused = ensemble.member(sid).running();
  expect(await refused.exited).toMatchObject({ code: 1 });
  expect(refused.log()).toContain(REFUSAL);
  expect(snapshotsOf(dataDir)).toEqual([]);

  await client.create('/c');
  isTrusted = true;
  await ensemble.startMember(sid);
  await ensemble.awaitServing([sid]);
  expect(ensemble.member(sid).running().log()).toContain('The leader sends DIFF');
  await until('a snapshot', DEADLINE_MS, () => snapshotsOf(dataDir).length > 0);

  isTrusted = false;
  await ensemble.kill(sid);
  await ensemble.startMember(sid);
  await ensemble.awaitServing([sid]);
  await client.close();
  await ensemble.awaitSameZxid();
  const reader = openZooKeeper(`127.0.0.1:${ensemble.member(sid).clientPort}`, { sessionTimeoutMs: 8000 });
  expect([...(await reader.getChildren('/'))].sort()).toEqual(['a', 'b', 'c', 'zookeeper']);
  await reader.close();
});

test('ZOOKEEPER-3781: a trusted log in which nothing is leaves a snapshot, too', {
  timeout: DEADLINE_MS,
}, async () => {
  using directory = makeTempDir('no-snapshot');
  const dataDir = directory.path;
  mkdirSync(join(dataDir, 'version-2'));
  // ZKLG, version 2, database 0: the header alone.
  writeFileSync(join(dataDir, 'version-2', 'log.1'), Buffer.from('5a4b4c47000000020000000000000000', 'hex'));
  {
    await using server = await startThreadkeeper({ dataDir, cfg: { [TRUST]: 'true' } });
    const client = openZooKeeper(`127.0.0.1:${server.port}`, { sessionTimeoutMs: 8000 });
    await client.create('/a');
    await client.close();
    await until('a snapshot', DEADLINE_MS, () => snapshotsOf(dataDir).length > 0);
    await server.kill();
  }
  await using again = await startThreadkeeper({ dataDir });
  const client = openZooKeeper(`127.0.0.1:${again.port}`, { sessionTimeoutMs: 8000 });
  expect([...(await client.getChildren('/'))].sort()).toEqual(['a', 'zookeeper']);
  await client.close();
});
