/**
 * A leader whose only follower is the test, which answers as some followers do. A test that carries the number of a bug replays
 * it: Apache's 3.8.0 fails those (THREADKEEPER_TEST_SERVER=apache) and passes the others.
 */
import { expect, test } from 'vitest';
import { createTxn, describePacket, Packet, type QuorumLink, zxidOf } from '../../testing/quorum-wire.js';
import { ScriptedQuorum } from '../../testing/scripted-quorum.js';
import { serverUnderTest } from '../../testing/server-under-test.js';

const EPOCH = 1;
const ONE = zxidOf(EPOCH, 1);
const TWO = zxidOf(EPOCH, 2);
const THREE = zxidOf(EPOCH, 3);
const SERVING_MS = 6_000;

/** Member 1 has followed the test through three transactions and was killed. */
async function withHistory(): Promise<ScriptedQuorum> {
  const quorum = await ScriptedQuorum.prepare(serverUnderTest.name);
  try {
    await quorum.elect('self');
    const { link } = await quorum.acceptFollower(EPOCH);
    link.sendAll(
      [Packet.Diff, THREE],
      ...[ONE, TWO, THREE].flatMap((zxid, i) => [
        [Packet.Proposal, zxid, createTxn(zxid, `/${i + 1}`, 'x', i + 1)] as const,
        [Packet.Commit, zxid] as const,
      ]),
      [Packet.NewLeader, zxidOf(EPOCH, 0), quorum.configBytes],
      [Packet.UpToDate, -1n],
    );
    await quorum.ensemble.awaitServing([1]);
    await quorum.ensemble.stopMember(1);
    return quorum;
  } catch (error) {
    await quorum[Symbol.asyncDispose]();
    throw error;
  }
}

/** Everything up to NEWLEADER, by its names. */
async function untilNewLeader(link: QuorumLink): Promise<string[]> {
  const packets: string[] = [];
  for (;;) {
    const packet = await link.next();
    if (packet === null) throw new Error(`closed behind ${packets.join(', ')}`);
    if (packet.type === Packet.NewLeader) return packets;
    packets.push(describePacket({ ...packet, data: null }));
  }
}

test('a follower that misses two transactions gets them and lets the leader serve', async () => {
  await using quorum = await withHistory();
  await quorum.elect('member');
  const { link, epoch } = await quorum.follow(EPOCH, ONE);
  expect(epoch).toBe(EPOCH + 1);
  expect(await untilNewLeader(link)).toEqual([
    'Diff 0x100000003',
    'Proposal 0x100000002',
    'Commit 0x100000002',
    'Proposal 0x100000003',
    'Commit 0x100000003',
  ]);
  link.send(Packet.Ack, zxidOf(epoch, 0));
  await link.nextOf(Packet.UpToDate, [], SERVING_MS);
  await quorum.ensemble.awaitServing([1], SERVING_MS);
  expect(await quorum.ensemble.mode(1)).toBe('leader');
});

test('4685: acknowledgements of single transactions that come before the one of NEWLEADER', async () => {
  await using quorum = await withHistory();
  await quorum.elect('member');
  const { link, epoch } = await quorum.follow(EPOCH, ONE);
  await untilNewLeader(link);
  for (const zxid of [TWO, THREE, zxidOf(epoch, 0)]) link.send(Packet.Ack, zxid);
  await link.nextOf(Packet.UpToDate, [], SERVING_MS);
  await quorum.ensemble.awaitServing([1], SERVING_MS);
});
