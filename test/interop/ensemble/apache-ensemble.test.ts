/**
 * The fixture itself, proved with Apache's servers alone: three of them find a leader, replace a killed one, take the old one
 * back, and show the same trees.
 */
import { expect, test } from 'vitest';
import { EnsembleProcess } from '../../testing/ensemble-process.js';
import { readEqualTrees } from '../../testing/tree-reading.js';
import { counted, int32, Op, openAcl, WireConnection } from '../../testing/wire-connection.js';

async function create(port: number, path: string): Promise<void> {
  const connection = await WireConnection.openSession(port);
  const reply = await connection.call(1, Op.Create, counted(path), counted('x'), openAcl, int32(0));
  expect(reply.err).toBe(0);
  await connection.closeSession();
}

test('three servers of Apache: a killed leader is replaced and comes back, and all trees are equal', async () => {
  await using ensemble = await EnsembleProcess.start({ kinds: ['apache', 'apache', 'apache'] });
  const first = await ensemble.leader();
  await create(ensemble.member(first).clientPort, '/one');
  await ensemble.kill(first);
  const second = await ensemble.leader();
  expect(second).not.toBe(first);
  await create(ensemble.member(second).clientPort, '/two');
  await ensemble.startMember(first);
  await ensemble.awaitServing();
  expect(await ensemble.mode(first)).toBe('follower');
  await ensemble.awaitSameZxid();
  const tree = await readEqualTrees(ensemble.ports());
  expect([...tree.keys()].sort()).toEqual(['/', '/one', '/two', '/zookeeper', '/zookeeper/config', '/zookeeper/quota']);
}, 60_000);
