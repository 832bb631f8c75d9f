// A member of ours whose log was damaged, and then all of its snapshots, among Apache's: it cuts the log back, or sets everything
// aside, joins without a vote, and has everything again.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { create } from '../../testing/ensemble-client.js';
import { EnsembleProcess } from '../../testing/ensemble-process.js';
import { readEqualTrees } from '../../testing/tree-reading.js';
import { WireConnection } from '../../testing/wire-connection.js';

it('is brought up to date by an Apache leader', async () => {
  await using ensemble = await EnsembleProcess.start({
    kinds: ['threadkeeper', 'apache', 'apache'],
    cfg: { tickTime: 1000 },
  });
  const leader = await ensemble.leader();
  expect(leader).not.toBe(1);
  const client = await WireConnection.openSession(ensemble.member(2).clientPort);
  for (let i = 0; i < 40; i++) expect(await create(client, `/n${i}`, 'x'.repeat(100))).toBe(0);
  await ensemble.awaitSameZxid();
  await ensemble.kill(1);
  const directory = join(ensemble.member(1).dataDir, 'version-2');
  const [log] = readdirSync(directory)
    .filter((name) => name.startsWith('log.'))
    .sort()
    .reverse();
  const path = join(directory, log as string);
  const bytes = readFileSync(path);
  bytes[16 + 2000] ^= 1;
  writeFileSync(path, bytes);
  expect(await create(client, '/meanwhile', '')).toBe(0);
  await ensemble.startMember(1);
  await ensemble.awaitServing();
  expect(ensemble.member(1).log()).toContain('The log is cut back to');
  expect(await create(client, '/last', '')).toBe(0);
  await ensemble.kill(1);
  for (const name of readdirSync(directory).filter((file) => file.startsWith('snapshot.'))) {
    writeFileSync(join(directory, name), Buffer.alloc(100));
  }
  expect(await create(client, '/behind', '')).toBe(0);
  await ensemble.startMember(1);
  await ensemble.awaitServing();
  expect(ensemble.member(1).log()).toContain('The database is set aside');
  await client.closeSession();
  await ensemble.awaitSameZxid();
  await readEqualTrees([1, leader].map((sid) => ensemble.member(sid).clientPort));
});
