// Members that are behind, in processes as users run them: how a leader brings each of them to its state (SNAP, DIFF, TRUNC), and
// observers that are served by a follower.

import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { EnsembleProcess } from '../testing/ensemble-process.js';
import { freePort } from '../testing/free-port.js';
import { readEqualTrees, readTree } from '../testing/tree-reading.js';
import { until } from '../testing/until.js';
import { counted, int32, Op, openAcl, request, WireConnection } from '../testing/wire-connection.js';

const DEADLINE_MS = 60_000;

async function write(port: number, prefix: string, count: number, bytes = 100): Promise<void> {
  const connection = await WireConnection.openSession(port, { timeOutMs: 20_000 });
  const data = counted(Buffer.alloc(bytes, prefix));
  for (let from = 0; from < count; from += 100) {
    const paths = Array.from({ length: Math.min(100, count - from) }, (_, i) => `/${prefix}${from + i}`);
    connection.send(...paths.map((path, i) => request(i, Op.Create, counted(path), data, openAcl, int32(0))));
    for (const path of paths) expect([path, (await connection.nextReply()).err]).toEqual([path, 0]);
  }
  await connection.closeSession();
}

async function expectEqualTrees(ensemble: EnsembleProcess): Promise<void> {
  await ensemble.awaitSameZxid();
  await readEqualTrees(ensemble.ports());
}

function newestLog(dataDir: string): string {
  const directory = join(dataDir, 'version-2');
  const logs = readdirSync(directory).filter((name) => name.startsWith('log.'));
  logs.sort((a, b) => Number.parseInt(a.slice(4), 16) - Number.parseInt(b.slice(4), 16));
  return join(directory, logs.at(-1) ?? '');
}

function logHas(dataDir: string, text: string): boolean {
  const directory = join(dataDir, 'version-2');
  const logs = readdirSync(directory).filter((name) => name.startsWith('log.'));
  return logs.some((name) => readFileSync(join(directory, name)).includes(text));
}

test('a member that lost everything is sent a snapshot, one that was away what it missed', {
  timeout: DEADLINE_MS,
}, async () => {
  await using ensemble = await EnsembleProcess.start({
    kinds: ['threadkeeper', 'threadkeeper', 'threadkeeper'],
    cfg: { snapshotSizeFactor: -1 },
  });
  const leader = await ensemble.leader();
  const [away, lost] = [1, 2, 3].filter((sid) => sid !== leader) as [number, number];
  await write(ensemble.member(away).clientPort, 'a', 600, 1000);
  await ensemble.kill(away);
  await write(ensemble.member(lost).clientPort, 'b', 200);
  await ensemble.startMember(away);
  await ensemble.awaitServing([away]);
  await ensemble.awaitSameZxid();
  await ensemble.kill(lost);
  rmSync(join(ensemble.member(lost).dataDir, 'version-2'), { recursive: true });
  await ensemble.startMember(lost);
  await ensemble.awaitServing([lost]);
  await ensemble.awaitSameZxid();
  await write(ensemble.member(lost).clientPort, 'c', 100);
  // What it was sent is on its disk, with what came since.
  await ensemble.kill(lost);
  await ensemble.startMember(lost);
  await ensemble.awaitServing([lost]);
  await expectEqualTrees(ensemble);
  expect(ensemble.member(away).log()).toContain('DIFF');
  expect(ensemble.member(lost).log()).toContain('SNAP');
});

test('ZOOKEEPER-1081, -1082: an old leader takes back what nobody else has', { timeout: DEADLINE_MS }, async () => {
  await using ensemble = await EnsembleProcess.start({
    kinds: ['threadkeeper', 'threadkeeper', 'threadkeeper'],
    cfg: { tickTime: 500 },
  });
  const leader = await ensemble.leader();
  const followers = [1, 2, 3].filter((sid) => sid !== leader);
  await write(ensemble.member(leader).clientPort, 'kept', 10);
  const connection = await WireConnection.openSession(ensemble.member(leader).clientPort);
  for (const sid of followers) await ensemble.pause(sid);
  connection.send(request(1, Op.Create, counted('/lonely'), counted('x'), openAcl, int32(0)));
  await until('the lonely node in the log', DEADLINE_MS, () => logHas(ensemble.member(leader).dataDir, '/lonely'));
  await ensemble.kill(leader);
  connection.destroy();
  // They end without having read it.
  for (const sid of followers) await ensemble.kill(sid);
  for (const sid of followers) await ensemble.startMember(sid);
  await ensemble.awaitServing(followers);
  await ensemble.startMember(leader);
  await ensemble.awaitServing([leader]);
  expect(ensemble.member(leader).log()).toMatch(/The leader sends TRUNC/);
  await write(ensemble.member(leader).clientPort, 'after', 10);
  await expectEqualTrees(ensemble);
  const tree = await readTree(ensemble.member(leader).clientPort);
  expect([...tree.keys()].filter((path) => /lonely|kept9|after9/.test(path)).sort()).toEqual(['/after9', '/kept9']);
});

test('a member whose log has lost its end, or is spoilt in the middle, gets all of it from its leader', {
  timeout: DEADLINE_MS,
}, async () => {
  await using ensemble = await EnsembleProcess.start({
    kinds: ['threadkeeper', 'threadkeeper', 'threadkeeper'],
    cfg: { tickTime: 500 },
  });
  const leader = await ensemble.leader();
  const [cut, spoilt] = [1, 2, 3].filter((sid) => sid !== leader) as [number, number];
  await write(ensemble.member(leader).clientPort, 'n', 300);
  await expectEqualTrees(ensemble);
  for (const [sid, harm] of [
    [cut, (log: Buffer, end: number): Buffer => log.fill(0, end - 3000, end)],
    [spoilt, (log: Buffer, end: number): Buffer => log.fill(0x5a, end >> 1, (end >> 1) + 20)],
  ] as const) {
    await ensemble.kill(sid);
    const path = newestLog(ensemble.member(sid).dataDir);
    const log = readFileSync(path);
    writeFileSync(path, harm(log, log.lastIndexOf(0x42) + 1));
    await ensemble.startMember(sid);
    await ensemble.awaitServing([sid]);
    expect(ensemble.member(sid).log()).toMatch(/WARN.*(acknowledged|set aside)/);
    await write(ensemble.member(sid).clientPort, `after${sid}-`, 10);
    await expectEqualTrees(ensemble);
  }
});

test('an observer is served by a follower, and by another one when that is gone', {
  timeout: DEADLINE_MS,
}, async () => {
  await using ensemble = await EnsembleProcess.start({
    kinds: ['threadkeeper', 'threadkeeper', 'threadkeeper', 'threadkeeper'],
    observers: [4],
    absent: [4],
    cfg: { observerMasterPort: await freePort(), tickTime: 500 },
  });
  const leader = await ensemble.leader();
  const followers = [1, 2, 3].filter((sid) => sid !== leader);
  const masters = (): number[] =>
    followers.filter((sid) => /brings observer 4 .* up to date/.test(ensemble.member(sid).log()));
  await ensemble.startMember(4);
  await ensemble.awaitServing([4]);
  const [master, ...others] = masters();
  expect(others).toEqual([]);
  await write(ensemble.member(4).clientPort, 'o', 300);
  await expectEqualTrees(ensemble);
  await ensemble.kill(master as number);
  await until('the observer to have gone', DEADLINE_MS, () => /Lost the leader/.test(ensemble.member(4).log()));
  await ensemble.awaitServing([4]);
  await write(ensemble.member(4).clientPort, 'p', 300);
  await expectEqualTrees(ensemble);
});
