// Members change in an ensemble of both kinds (ensemble-protocol 9, 13.6): Apache's leader and ours carry the change out for each
// other, and everybody ends with the same configuration.

import { afterEach, describe, expect, it } from 'vitest';
import { EnsembleProcess, type MemberKind } from '../../testing/ensemble-process.js';
import { until } from '../../testing/until.js';
import { counted, int64, Op, WireConnection } from '../../testing/wire-connection.js';

const RECONFIG = 16;

let ensemble: EnsembleProcess | null = null;
const clients: WireConnection[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await ensemble?.[Symbol.asyncDispose]();
  ensemble = null;
});

async function clientOf(members: EnsembleProcess, sid: number): Promise<WireConnection> {
  const client = await WireConnection.openSession(members.member(sid).clientPort);
  clients.push(client);
  return client;
}

function textOf(body: Buffer): string {
  return body.subarray(4, 4 + body.readInt32BE(0)).toString();
}

async function reconfig(
  client: WireConnection,
  joining: string | null,
  leaving: string | null,
): Promise<string | number> {
  const { err, body } = await client.call(1, RECONFIG, counted(joining), counted(leaving), counted(null), int64(-1n));
  return err === 0 ? textOf(body) : err;
}

async function configAt(members: EnsembleProcess, sid: number): Promise<string> {
  const client = await clientOf(members, sid);
  const { body } = await client.call(2, Op.GetData, counted('/zookeeper/config'), Uint8Array.of(0));
  return textOf(body);
}

function line(members: EnsembleProcess, sid: number): string {
  const { quorumPort, electionPort, clientPort } = members.member(sid);
  return `server.${sid}=127.0.0.1:${quorumPort}:${electionPort}:participant;127.0.0.1:${clientPort}`;
}

async function untilAllHave(members: EnsembleProcess, text: string | number): Promise<void> {
  for (const { sid } of members.running) {
    await until(`member ${sid} to have it`, 20_000, async () => {
      const config = await configAt(members, sid).catch(() => '');
      return config === text;
    });
  }
}

/** Among equals the largest id leads, so the kind of the third says who does. */
const MIXTURES: readonly (readonly [string, readonly [MemberKind, MemberKind, MemberKind, MemberKind]])[] = [
  ['an Apache leader', ['threadkeeper', 'threadkeeper', 'apache', 'threadkeeper']],
  ['our leader', ['apache', 'threadkeeper', 'threadkeeper', 'apache']],
];

describe.each(MIXTURES)('%s', (_name, kinds) => {
  it('takes another member in, and goes itself', async () => {
    const four = await EnsembleProcess.start({
      kinds,
      absent: [4],
      cfg: { tickTime: 500, reconfigEnabled: 'true', skipACL: 'yes' },
      cfgOf: (sid) => (sid === 4 ? {} : { 'server.4': undefined }),
    });
    ensemble = four;
    const leader = await four.leader();
    const first = await configAt(four, 1);
    expect(first).toMatch(/version=[0-9a-f]+00000000$/);
    await untilAllHave(four, first);
    await four.startMember(4);
    await four.awaitServing([4]);
    const joined = await reconfig(await clientOf(four, 1), line(four, 4), null);
    expect(joined).toContain(line(four, 4));
    await untilAllHave(four, joined);
    // Through one of ours: a follower of Apache's may close its clients before the answer that ends its role has left.
    const asked = four.running.find(({ sid, kind }) => sid !== leader && kind === 'threadkeeper');
    const gone = await reconfig(await clientOf(four, asked?.sid ?? 0), null, String(leader));
    expect(gone).not.toContain(`server.${leader}=`);
    const next = await until('another leader', 30_000, async () => {
      for (const { sid } of four.running) if (sid !== leader && (await four.mode(sid)) === 'leader') return sid;
      return undefined;
    });
    expect(next).not.toBe(leader);
    await until('the removed one to follow', 30_000, async () => (await four.mode(leader)) === 'follower');
    await untilAllHave(four, gone);
  });
});
