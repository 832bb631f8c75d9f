// The members of an ensemble change while it works (ensemble-protocol 9): processes of ours, clients on the wire.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { EnsembleProcess } from '../testing/ensemble-process.js';
import { fourLetterWord } from '../testing/four-letter-word.js';
import { freePort } from '../testing/free-port.js';
import { SERVER_MAIN } from '../testing/threadkeeper-server.js';
import { until } from '../testing/until.js';
import { counted, int32, int64, Op, openAcl, WireConnection } from '../testing/wire-connection.js';

const RECONFIG = 16;
const OURS = ['threadkeeper', 'threadkeeper', 'threadkeeper'] as const;
const ANY_VERSION = -1n;

let ensemble: EnsembleProcess | null = null;
const clients: WireConnection[] = [];
let again: ChildProcess | null = null;

afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  again?.kill('SIGKILL');
  again = null;
  await ensemble?.[Symbol.asyncDispose]();
  ensemble = null;
});

async function clientOf(members: EnsembleProcess, sid: number): Promise<WireConnection> {
  const client = await WireConnection.openSession(members.member(sid).clientPort);
  clients.push(client);
  return client;
}

interface Change {
  readonly joining?: string;
  readonly leaving?: string;
  readonly members?: string;
  readonly version?: bigint;
}

/** The new configuration's text, or the error. */
async function reconfig(client: WireConnection, change: Change): Promise<string | number> {
  const { joining = null, leaving = null, members = null, version = ANY_VERSION } = change;
  const { err, body } = await client.call(
    1,
    RECONFIG,
    counted(joining),
    counted(leaving),
    counted(members),
    int64(version),
  );
  return err === 0 ? textOf(body) : err;
}

function textOf(body: Buffer): string {
  return body.subarray(4, 4 + body.readInt32BE(0)).toString();
}

async function configAt(members: EnsembleProcess, sid: number): Promise<string> {
  const client = await clientOf(members, sid);
  const { body } = await client.call(2, Op.GetData, counted('/zookeeper/config'), Uint8Array.of(0));
  return textOf(body);
}

async function write(members: EnsembleProcess, sid: number, path: string): Promise<void> {
  await until(`member ${sid} to take a write`, 20_000, async () => {
    const client = await WireConnection.openSession(members.member(sid).clientPort).catch(() => null);
    if (client === null) return false;
    clients.push(client);
    const reply = await client.call(3, Op.Create, counted(path), counted('x'), openAcl, int32(0)).catch(() => null);
    return reply !== null && (reply.err === 0 || reply.err === -110);
  });
}

function line(
  members: EnsembleProcess,
  sid: number,
  role: 'participant' | 'observer',
  clientPort = members.member(sid).clientPort,
): string {
  const { quorumPort, electionPort } = members.member(sid);
  return `server.${sid}=127.0.0.1:${quorumPort}:${electionPort}:${role};127.0.0.1:${clientPort}`;
}

describe('members', () => {
  it('are told of, and stay, where reconfiguration is not enabled', async () => {
    ensemble = await EnsembleProcess.start({ kinds: OURS, cfg: { tickTime: 500 } });
    const text = await configAt(ensemble, 1);
    expect(text).toMatch(/^server\.1=127.0.0.1:\d+:\d+:participant\nserver\.2=.*\nserver\.3=.*\nversion=0$/);
    expect(await reconfig(await clientOf(ensemble, 1), { leaving: '3' })).toBe(-123);
    expect(await reconfig(await clientOf(ensemble, await ensemble.leader()), { leaving: '3' })).toBe(-123);
  });

  it('ZOOKEEPER-1992, -2847: come, change their role and go, the leader among them, and are found in files by the next start', async () => {
    const four = await EnsembleProcess.start({
      kinds: [...OURS, 'threadkeeper'],
      absent: [4],
      cfg: { tickTime: 500, reconfigEnabled: 'true', skipACL: 'yes' },
      cfgOf: (sid) => (sid === 4 ? {} : { 'server.4': undefined }),
    });
    ensemble = four;
    const leader = await four.leader();
    const followers = [1, 2, 3].filter((sid) => sid !== leader);
    const client = await clientOf(four, followers[0]);
    const first = await configAt(four, followers[0]);
    expect(first).toMatch(/version=100000000$/);
    for (const sid of [1, 2, 3]) expect(await configAt(four, sid)).toBe(first);

    // Refusals, in the order in which they are looked for.
    expect(await reconfig(client, { leaving: '1', version: 5n })).toBe(-103);
    expect(await reconfig(client, { joining: 'nonsense' })).toBe(-8);
    expect(await reconfig(client, { leaving: '1,2' })).toBe(-8);
    expect(
      await reconfig(client, { members: `${line(four, 4, 'participant')},${line(four, leader, 'participant')}` }),
    ).toBe(-13);

    await four.startMember(4);
    await four.awaitServing([4]);
    expect(await four.mode(4)).toBe('follower');
    const joined = await reconfig(client, { joining: line(four, 4, 'observer'), version: 0x100000000n });
    expect(joined).toContain(`\n${line(four, 4, 'observer')}\nversion=1000000`);
    await until('member 4 to observe', 20_000, async () => (await four.mode(4)) === 'observer');
    const promoted = await reconfig(client, { joining: line(four, 4, 'participant') });
    expect(promoted).toContain(line(four, 4, 'participant'));
    await until('member 4 to follow', 20_000, async () => (await four.mode(4)) === 'follower');
    for (const sid of [1, 2, 3, 4])
      await until('the configuration', 10_000, async () => (await configAt(four, sid)) === promoted);

    const gone = await reconfig(client, { leaving: String(leader) });
    expect(gone).not.toContain(`server.${leader}=`);
    const others = [1, 2, 3, 4].filter((sid) => sid !== leader);
    const next = await until('another leader', 20_000, async () => {
      for (const sid of others) if ((await four.mode(sid)) === 'leader') return sid;
      return undefined;
    });
    expect(others).toContain(next);
    await until('the removed one to follow', 20_000, async () => (await four.mode(leader)) === 'follower');
    for (const sid of [1, 2, 3, 4]) await write(four, sid, `/by${sid}`);
    await four.awaitSameZxid();
    for (const sid of [1, 2, 3, 4]) expect(await configAt(four, sid)).toBe(gone);

    // What the members are is in files of their own, and a start finds them there.
    const [restarted] = others.filter((sid) => sid !== next) as [number];
    const { configFile } = four.member(restarted).running();
    const cfg = readFileSync(configFile, 'utf8');
    expect(cfg).not.toContain('server.');
    const dynamicFile = /^dynamicConfigFile=(.*)$/m.exec(cfg)?.[1] ?? '';
    const version = String(gone).slice(String(gone).lastIndexOf('=') + 1);
    expect(dynamicFile).toBe(`${configFile}.dynamic.${version}`);
    expect(`${readFileSync(dynamicFile, 'utf8')}\nversion=${version}`).toBe(gone);
    await four.kill(restarted);
    again = spawn(process.execPath, [SERVER_MAIN, configFile], { stdio: 'ignore' });
    await until('it to follow again', 20_000, async () => (await four.mode(restarted)) === 'follower');
    expect(await configAt(four, restarted)).toBe(gone);

    // Whoever was removed is no member any more once it starts anew.
    const removed = four.member(leader).running();
    await four.kill(leader);
    const { status, stderr } = spawnSync(process.execPath, [SERVER_MAIN, removed.configFile], {
      timeout: 10_000,
      encoding: 'utf8',
    });
    expect(status).toBe(1);
    expect(stderr).toContain(`My id ${leader} not in the peer list`);
  });

  // Several shards share their sockets on a Node that cannot give each of them one; a single one has its own.
  it.each([1, 2])('are heard by their clients elsewhere while they run, with %d shards', async (shards) => {
    const three = await EnsembleProcess.start({
      kinds: OURS,
      cfg: {
        tickTime: 500,
        reconfigEnabled: 'true',
        skipACL: 'yes',
        'threadkeeper.connectionShards': shards,
        '4lw.commands.whitelist': '*',
      },
    });
    ensemble = three;
    const leader = await three.leader();
    const sid = leader === 1 ? 2 : 1;
    const home = three.member(sid).clientPort;
    const elsewhere = await freePort();
    const [client, stays] = [await clientOf(three, leader), await clientOf(three, sid)];
    const toPort = (port: number) => reconfig(client, { joining: line(three, sid, 'participant', port) });
    const isHeardAt = (port: number): Promise<boolean> =>
      Promise.all(Array.from({ length: 6 }, () => WireConnection.openSession(port))).then(
        (all) => all.every((each) => clients.push(each) > 0),
        () => false,
      );
    const isGone = (port: number): Promise<boolean> =>
      WireConnection.openSession(port).then(
        (each) => !clients.push(each),
        () => true,
      );

    expect(await toPort(elsewhere)).toContain(`127.0.0.1:${elsewhere}`);
    await until('the new port', 10_000, () => isHeardAt(elsewhere));
    await until('the end of the old port', 10_000, () => isGone(home));
    expect((await stays.call(5, Op.Create, counted('/stays'), counted('x'), openAcl, int32(0))).err).toBe(0);
    expect(await fourLetterWord(elsewhere, 'conf')).toContain(`clientPort=${elsewhere}\n`);

    const occupant = createServer();
    const occupied = await freePort();
    await once(occupant.listen(occupied, '127.0.0.1'), 'listening');
    try {
      expect(await toPort(occupied)).toContain(`127.0.0.1:${occupied}`);
      await until('the refusal', 10_000, () =>
        /ERROR.*Error reconfiguring client port to 127.0.0.1:\d+: clients are still heard on/.test(
          three.member(sid).log(),
        ),
      );
      expect(await isHeardAt(elsewhere)).toBe(true);
    } finally {
      occupant.close();
    }

    await toPort(home);
    await until('the first port again', 10_000, () => isHeardAt(home));
    await until('the end of the other', 10_000, () => isGone(elsewhere));
    expect((await stays.call(6, Op.Create, counted('/still'), counted('x'), openAcl, int32(0))).err).toBe(0);
  });
});
