/**
 * A follower whose leader is the test, which sends the packets of a synchronisation in the orders that the protocol allows, and
 * looks at what is on the disk when an answer comes. A test that carries the number of a bug replays it: Apache's 3.8.0 fails
 * those (THREADKEEPER_TEST_SERVER=apache), but for this form of 4712, and passes the others.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createSessionTxn, createTxn, Packet, type QuorumLink, zxidOf } from '../../testing/quorum-wire.js';
import { ScriptedQuorum } from '../../testing/scripted-quorum.js';
import { provingAgainstApache, serverUnderTest } from '../../testing/server-under-test.js';
import { endTrace, straced, wholeTrace } from '../../testing/strace.js';
import { makeTempDir } from '../../testing/temp-dir.js';
import { until, within } from '../../testing/until.js';
import { counted, Op, WireConnection } from '../../testing/wire-connection.js';

type Step = readonly [type: number, zxid: bigint, data?: Uint8Array];

const EPOCH = 1;
const ONE = zxidOf(EPOCH, 1);
const TWO = zxidOf(EPOCH, 2);
const THREE = zxidOf(EPOCH, 3);
const NEW_LEADER = zxidOf(EPOCH, 0);
const SESSION_MS = 20_000;
const SLOW_SYNC_MS = 1500;
const SERVING_MS = 10_000;
const kind = serverUnderTest.name;

const proposal = (zxid: bigint): Step => [
  Packet.Proposal,
  zxid,
  createTxn(zxid, `/${zxid & 0xffn}`, 'x', Number(zxid & 0xffn)),
];
const commit = (zxid: bigint): Step => [Packet.Commit, zxid];
const upToDate: Step = [Packet.UpToDate, -1n];

/** A client's session is opened by the leader's word: the test's. */
async function openClient(quorum: ScriptedQuorum, link: QuorumLink, zxid: bigint): Promise<WireConnection> {
  const connection = await WireConnection.open(quorum.member.clientPort);
  const granted = connection.handshake({ timeOutMs: SESSION_MS });
  granted.catch(() => undefined);
  // A follower may acknowledge what was synchronised one by one, or not at all.
  const { data } = await link.nextOf(Packet.Request, [Packet.Ack]);
  if (data === null) throw new Error('a request without data');
  link.send(Packet.Proposal, zxid, createSessionTxn(zxid, data.readBigInt64BE(0), SESSION_MS));
  await acknowledged(link, zxid);
  link.send(Packet.Commit, zxid);
  await within('a session', SESSION_MS, granted);
  return connection;
}

async function acknowledged(link: QuorumLink, zxid: bigint): Promise<void> {
  for (;;) if ((await link.nextOf(Packet.Ack)).zxid === zxid) return;
}

/** Which of /1 to /5 a client finds. */
async function found(quorum: ScriptedQuorum, link: QuorumLink, zxid: bigint): Promise<string[]> {
  const client = await openClient(quorum, link, zxid);
  const paths: string[] = [];
  for (const path of ['/1', '/2', '/3', '/4', '/5']) {
    if ((await client.call(1, Op.Exists, counted(path), Uint8Array.of(0))).err === 0) paths.push(path);
  }
  client.destroy();
  return paths;
}

/** DIFF and NEWLEADER are the script's own; each list says what comes in which place. */
interface Order {
  readonly title: string;
  readonly beforeNewLeader: readonly Step[];
  readonly beforeUpToDate: readonly Step[];
  readonly afterwards: readonly Step[];
}

const ORDERS: readonly Order[] = [
  {
    title: 'everything is committed before NEWLEADER',
    beforeNewLeader: [proposal(ONE), commit(ONE), proposal(TWO), commit(TWO), proposal(THREE), commit(THREE)],
    beforeUpToDate: [],
    afterwards: [],
  },
  {
    title: 'proposals between NEWLEADER and UPTODATE, committed there and later',
    beforeNewLeader: [proposal(ONE), commit(ONE)],
    beforeUpToDate: [proposal(TWO), commit(TWO), proposal(THREE)],
    afterwards: [commit(THREE)],
  },
  {
    title: 'proposals before NEWLEADER that are committed only when the follower serves',
    beforeNewLeader: [proposal(ONE), commit(ONE), proposal(TWO), proposal(THREE)],
    beforeUpToDate: [],
    afterwards: [commit(TWO), commit(THREE)],
  },
  {
    title: '4394: a proposal before NEWLEADER, its commit between NEWLEADER and UPTODATE',
    beforeNewLeader: [proposal(ONE), commit(ONE), proposal(TWO)],
    beforeUpToDate: [commit(TWO), proposal(THREE), commit(THREE)],
    afterwards: [],
  },
];

test.for(ORDERS)('$title', async ({ beforeNewLeader, beforeUpToDate, afterwards }) => {
  await using quorum = await ScriptedQuorum.prepare(kind);
  await quorum.elect('self');
  const { link, lastZxid } = await quorum.acceptFollower(EPOCH);
  expect(lastZxid).toBe(0n);
  link.sendAll([Packet.Diff, THREE], ...beforeNewLeader, [Packet.NewLeader, NEW_LEADER, quorum.configBytes]);
  link.sendAll(...beforeUpToDate, upToDate, ...afterwards);
  await acknowledged(link, NEW_LEADER);
  await quorum.ensemble.awaitServing([1], SERVING_MS);
  expect(await found(quorum, link, zxidOf(EPOCH, 4))).toEqual(['/1', '/2', '/3']);
  // Once more from its disk.
  await quorum.ensemble.kill(1);
  await quorum.elect('self');
  expect((await quorum.acceptFollower(EPOCH + 1)).lastZxid).toBe(zxidOf(EPOCH, 4));
});

test('4646, 4785: NEWLEADER is acknowledged when what was synchronised is on the disk', async () => {
  using traces = makeTempDir('traces');
  await using quorum = await ScriptedQuorum.prepare(kind, {
    wrap: (usual, { dataDir }) =>
      straced(usual, {
        calls: 'fdatasync',
        inject: `fdatasync:delay_enter=${SLOW_SYNC_MS * 1000}`,
        paths: [join(dataDir, 'version-2', 'log.100000001')],
        traceFile: join(traces.path, 'trace'),
      }),
  });
  await quorum.elect('self');
  const { link } = await quorum.acceptFollower(EPOCH);
  const began = performance.now();
  link.sendAll([Packet.Diff, TWO], proposal(ONE), commit(ONE), proposal(TWO), commit(TWO), [
    Packet.NewLeader,
    NEW_LEADER,
    quorum.configBytes,
  ]);
  await acknowledged(link, NEW_LEADER);
  expect(performance.now() - began).toBeGreaterThanOrEqual(SLOW_SYNC_MS);
});

test('4643: the new epoch is the current one when what was synchronised is on the disk', async () => {
  using traces = makeTempDir('traces');
  const traceFile = join(traces.path, 'trace');
  await using quorum = await ScriptedQuorum.prepare(kind, {
    wrap: (usual) => straced(usual, { calls: 'fdatasync,rename', traceFile }),
  });
  await quorum.elect('self');
  const { link } = await quorum.acceptFollower(EPOCH);
  link.sendAll([Packet.Diff, TWO], proposal(ONE), commit(ONE), proposal(TWO), commit(TWO), [
    Packet.NewLeader,
    NEW_LEADER,
    quorum.configBytes,
  ]);
  await acknowledged(link, NEW_LEADER);
  const epochFile = join(quorum.member.dataDir, 'version-2', 'currentEpoch');
  await until('the epoch on the disk', 10_000, () => readFileSync(epochFile, 'latin1').trim() === String(EPOCH));
  link.sendAll(upToDate);
  await acknowledged(link, NEW_LEADER);
  await quorum.ensemble.kill(1);
  const trace = await wholeTrace(traceFile, quorum.member.pid);
  const renamed = trace.search(/rename\(.*\/currentEpoch"[^\n]*\n(?![\s\S]*\/currentEpoch")/);
  expect(renamed).toBeGreaterThan(0);
  expect(trace.slice(0, renamed)).toMatch(/fdatasync\(.*\/log\.100000001>\) += 0/);
});

/** Discovery and an empty or small synchronisation, up to the moment when the member serves; `expected` is what it must have. */
async function lead(
  quorum: ScriptedQuorum,
  epoch: number,
  steps: (lastZxid: bigint) => readonly Step[],
): Promise<QuorumLink> {
  await quorum.elect('self');
  const { link, lastZxid } = await quorum.acceptFollower(epoch);
  link.sendAll(...steps(lastZxid), [Packet.NewLeader, zxidOf(epoch, 0), quorum.configBytes], upToDate);
  await acknowledged(link, zxidOf(epoch, 0));
  await quorum.ensemble.awaitServing([1], SERVING_MS);
  return link;
}

const logFile = (quorum: ScriptedQuorum, firstZxid: bigint): string =>
  join(quorum.member.dataDir, 'version-2', `log.${firstZxid.toString(16)}`);

test('4712: when a role is over, nothing of its writes is logged behind the back of the next', async () => {
  using traces = makeTempDir('traces');
  await using quorum = await ScriptedQuorum.prepare(kind, {
    wrap: (usual, { dataDir }) =>
      straced(usual, {
        calls: 'fdatasync',
        inject: `fdatasync:delay_enter=${SLOW_SYNC_MS * 1000}`,
        paths: [join(dataDir, 'version-2', 'log.100000001')],
        traceFile: join(traces.path, 'trace'),
      }),
  });
  const committed = [proposal(ONE), commit(ONE), proposal(TWO), commit(TWO)];
  const first = await lead(quorum, 1, () => [[Packet.Diff, TWO], ...committed]);
  first.sendAll(proposal(THREE));
  await until('the third transaction in the log', SERVING_MS, () => readFileSync(logFile(quorum, ONE)).includes('/3'));
  first.sendAll(proposal(zxidOf(EPOCH, 4)), proposal(zxidOf(EPOCH, 5)));
  first.destroy();
  // Another leader, which knows two of them.
  const second = await lead(quorum, 2, (lastZxid) => [[lastZxid > TWO ? Packet.Trunc : Packet.Diff, TWO]]);
  expect(await found(quorum, second, zxidOf(2, 1))).toEqual(['/1', '/2']);
  await quorum.ensemble.kill(1);
  const third = await lead(quorum, 3, (lastZxid) => [[Packet.Diff, lastZxid]]);
  expect(await found(quorum, third, zxidOf(3, 1))).toEqual(['/1', '/2']);
});

test('4882: a transaction whose write to the log failed is missed by nobody afterwards', async () => {
  using traces = makeTempDir('traces');
  let failing = false;
  await using quorum = await ScriptedQuorum.prepare(kind, {
    wrap: (usual, { dataDir }) => {
      if (!failing) return usual;
      failing = false;
      return straced(usual, {
        calls: 'pwrite64',
        endable: true,
        inject: 'pwrite64:error=EIO:when=1',
        paths: [join(dataDir, 'version-2', 'log.200000001')],
        traceFile: join(traces.path, 'trace'),
      });
    },
  });
  const committed = [proposal(ONE), commit(ONE)];
  await lead(quorum, 1, () => [[Packet.Diff, ONE], ...committed]);
  await quorum.ensemble.stopMember(1);
  failing = true;
  const second = await lead(quorum, 2, () => [[Packet.Diff, ONE]]);
  const lost = zxidOf(2, 1);
  const node: Step = [Packet.Proposal, lost, createTxn(lost, '/2', 'x', 2)];
  second.sendAll(node, commit(lost), [Packet.Ping, lost]);
  while ((await second.next()) !== null) second.sendAll([Packet.Ping, lost]);
  second.destroy();
  // The disk is well again: Apache's server goes on, ours ends by itself and is started anew.
  if (provingAgainstApache) await endTrace(quorum.member.pid);
  else expect((await within('the end', SERVING_MS, quorum.member.running().exited)).code).toBe(1);
  const again = [node, commit(lost)];
  const third = await lead(quorum, 3, (lastZxid) => [[Packet.Diff, lost], ...(lastZxid < lost ? again : [])]);
  const last = zxidOf(3, 1);
  third.sendAll([Packet.Proposal, last, createTxn(last, '/3', 'x', 3)], commit(last));
  await acknowledged(third, last);
  await quorum.ensemble.kill(1);
  const fourth = await lead(quorum, 4, (lastZxid) => [[Packet.Diff, lastZxid]]);
  expect(await found(quorum, fourth, zxidOf(4, 1))).toEqual(['/1', '/2', '/3']);
});
