// Ensembles of our own servers, as processes: what an operator and a client rely on when members come, go and die. What the
// ensemble does inside is proven elsewhere; here everything is real, and so few things are tried.

import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { EnsembleProcess } from '../testing/ensemble-process.js';
import { fourLetterWord } from '../testing/four-letter-word.js';
import { differencesOf, readTree } from '../testing/tree-reading.js';
import { until } from '../testing/until.js';
import { counted, int32, Op, openAcl, WireConnection } from '../testing/wire-connection.js';

const EPHEMERAL = int32(1);
const PERSISTENT = int32(0);
const NO_NODE = -101;
const NOT_READ_ONLY = -119;

let ensemble: EnsembleProcess | null = null;

afterEach(async () => {
  await ensemble?.[Symbol.asyncDispose]();
  ensemble = null;
});

async function startThree(
  options: Partial<Parameters<typeof EnsembleProcess.start>[0]> = {},
): Promise<EnsembleProcess> {
  const kinds = ['threadkeeper', 'threadkeeper', 'threadkeeper'] as const;
  ensemble = await EnsembleProcess.start({ kinds, cfg: { tickTime: 1000 }, ...options });
  return ensemble;
}

async function create(client: WireConnection, path: string, data: string, flags = PERSISTENT): Promise<number> {
  return (await client.call(1, Op.Create, counted(path), counted(data), openAcl, flags)).err;
}

/** The data, or the error. */
async function read(client: WireConnection, path: string): Promise<string | number> {
  const { err, body } = await client.call(2, Op.GetData, counted(path), Uint8Array.of(0));
  return err === 0 ? body.subarray(4, 4 + body.readInt32BE(0)).toString() : err;
}

async function synced(client: WireConnection): Promise<void> {
  expect((await client.call(3, Op.Sync, counted('/'))).err).toBe(0);
}

describe('three members', () => {
  it('serve writes from any of them, and everyone reads them; each says what it is', async () => {
    const three = await startThree();
    const modes = await Promise.all([1, 2, 3].map((sid) => three.mode(sid)));
    expect([...modes].sort()).toEqual(['follower', 'follower', 'leader']);
    const clients = await Promise.all(three.ports().map((port) => WireConnection.openSession(port)));
    for (const [i, client] of clients.entries()) {
      expect(await create(client, `/n${i}`, `by ${i}`)).toBe(0);
      expect(await read(client, `/n${i}`)).toBe(`by ${i}`);
    }
    for (const client of clients) {
      await synced(client);
      for (const i of [0, 1, 2]) expect(await read(client, `/n${i}`)).toBe(`by ${i}`);
      await client.closeSession();
    }
    const leader = three.member(await three.leader());
    const reader = await WireConnection.openSession(leader.clientPort);
    expect(await read(reader, '/zookeeper/config')).toMatch(/^server\.1=(.*\n){3}version=0$/);
    await reader.closeSession();
    const conf = await fourLetterWord(leader.clientPort, 'conf');
    expect(conf).toContain(`serverId=${leader.sid}\ninitLimit=10\nsyncLimit=5\nelectionAlg=3\n`);
    expect(conf).toContain(`electionPort=${leader.electionPort}\nquorumPort=${leader.quorumPort}\npeerType=0\n`);
    expect(conf).toMatch(/membership: \nserver\.1=127\.0\.0\.1:\d+:\d+:participant\n(.*\n){2}version=0$/);
    expect(await fourLetterWord(leader.clientPort, 'srvr')).toMatch(
      /Mode: leader\nNode count: \d+\nProposal sizes last\/min\/max: \d+\/\d+\/\d+\n$/,
    );
    expect(await fourLetterWord(leader.clientPort, 'isro')).toBe('rw');
  });

  it('go on when the leader is killed; it comes back and has what it missed', async () => {
    const three = await startThree();
    const first = await three.leader();
    const others = [1, 2, 3].filter((sid) => sid !== first);
    const client = await WireConnection.openSession(three.member(others[0] as number).clientPort);
    expect(await create(client, '/before', 'x')).toBe(0);
    client.destroy();
    await three.kill(first);
    await three.awaitServing(others);
    expect(others).toContain(await three.leader());
    const next = await WireConnection.openSession(three.member(others[1] as number).clientPort);
    expect(await create(next, '/after', 'y')).toBe(0);
    expect(await read(next, '/before')).toBe('x');
    await three.startMember(first);
    await three.awaitServing();
    expect(await three.mode(first)).toBe('follower');
    expect(three.member(first).log()).toContain('The leader sends DIFF');
    await next.closeSession();
    await three.awaitSameZxid();
    const [one, two] = await Promise.all(three.ports().slice(0, 2).map(readTree));
    expect(differencesOf(one as never, two as never)).toEqual([]);
    const late = await WireConnection.openSession(three.member(first).clientPort);
    expect([await read(late, '/before'), await read(late, '/after')]).toEqual(['x', 'y']);
    await late.closeSession();
  });

  it('a session moves from one member to another with its ephemerals, and expires where nobody has it', async () => {
    const three = await startThree();
    const [one, two, three3] = three.ports() as [number, number, number];
    const client = await WireConnection.open(one);
    const grant = await client.handshake({ timeOutMs: 2000 });
    expect(await create(client, '/here', '', EPHEMERAL)).toBe(0);
    client.destroy();
    const moved = await WireConnection.open(two);
    const { sessionId, password } = grant;
    expect(await moved.handshake({ sessionId, password, timeOutMs: 2000 })).toMatchObject({
      sessionId,
      timeOutMs: 2000,
    });
    expect(await read(moved, '/here')).toBe('');
    moved.destroy();
    const witness = await WireConnection.openSession(three3);
    await until('the ephemeral to go', 10_000, async () => (await read(witness, '/here')) === NO_NODE);
    await witness.closeSession();
    const late = await WireConnection.open(two);
    expect(await late.handshake({ sessionId, password, timeOutMs: 2000 })).toMatchObject({
      sessionId: 0n,
      timeOutMs: 0,
    });
    late.destroy();
  });

  it('two of them are needed: one alone turns clients away and says so, and serves again with another', async () => {
    const three = await startThree();
    const leader = await three.leader();
    const [a, b] = [1, 2, 3].filter((sid) => sid !== leader) as [number, number];
    await three.kill(a);
    await three.kill(b);
    await until('the leader to step down', 15_000, async () => (await three.mode(leader)) === null);
    expect(await fourLetterWord(three.member(leader).clientPort, 'srvr')).toBe(
      'This ZooKeeper instance is not currently serving requests\n',
    );
    expect(await fourLetterWord(three.member(leader).clientPort, 'isro')).toBe('null');
    expect(await fourLetterWord(three.member(leader).clientPort, 'ruok')).toBe('imok');
    const refused = await WireConnection.open(three.member(leader).clientPort);
    await expect(refused.handshake()).rejects.toThrow('closed');
    refused.destroy();
    await three.startMember(a);
    await three.awaitServing([leader, a]);
    const client = await WireConnection.openSession(three.member(a).clientPort);
    expect(await create(client, '/again', '')).toBe(0);
    await client.closeSession();
  });
});

describe('one member that finds no other', () => {
  it('serves readers that ask for it, and everybody again when another one comes', async () => {
    const kinds = ['threadkeeper', 'threadkeeper', 'threadkeeper'] as const;
    const three = await EnsembleProcess.prepare({ kinds, cfg: { tickTime: 1000, 'readonlymode.enabled': 'true' } });
    ensemble = three;
    await three.startMember(1);
    const [one] = three.ports() as [number];
    await until('the read-only server', 15_000, async () => (await three.mode(1)) === 'read-only');
    expect(await fourLetterWord(one, 'isro')).toBe('ro');
    const stranger = await WireConnection.open(one);
    await expect(stranger.handshake()).rejects.toThrow('closed');
    stranger.destroy();
    const reader = await WireConnection.open(one);
    const grant = await reader.handshake({ readOnly: true });
    expect(grant).toMatchObject({ readOnly: true });
    expect(grant.timeOutMs).toBeGreaterThan(0);
    expect(await read(reader, '/zookeeper/config')).toContain('server.1=');
    expect(await create(reader, '/n', '')).toBe(NOT_READ_ONLY);
    await three.startMember(2);
    await three.awaitServing([1, 2]);
    expect(await reader.nextFrame()).toBeNull();
    const client = await WireConnection.openSession(one);
    expect(await create(client, '/n', '')).toBe(0);
    await client.closeSession();
  });
});

describe('a member whose disk has lost something', () => {
  it('a damaged log is cut back, and the leader sends what is missing', async () => {
    const three = await startThree();
    const leader = await three.leader();
    const follower = leader === 1 ? 2 : 1;
    const client = await WireConnection.openSession(three.member(leader).clientPort);
    for (let i = 0; i < 40; i++) expect(await create(client, `/n${i}`, 'x'.repeat(100))).toBe(0);
    await three.awaitSameZxid();
    await three.kill(follower);
    const directory = join(three.member(follower).dataDir, 'version-2');
    const log = readdirSync(directory)
      .filter((name) => name.startsWith('log.'))
      .sort()
      .at(-1) as string;
    const bytes = readFileSync(join(directory, log));
    bytes[16 + 2000] ^= 1;
    writeFileSync(join(directory, log), bytes);
    await three.startMember(follower);
    await three.awaitServing();
    expect(three.member(follower).log()).toContain('The log is cut back to');
    expect(await create(client, '/last', '')).toBe(0);
    await client.closeSession();
    await three.awaitSameZxid();
    const [one, two] = await Promise.all([leader, follower].map((sid) => readTree(three.member(sid).clientPort)));
    expect(differencesOf(one as never, two as never)).toEqual([]);
    // Nothing is owed any more: the next start is one like any other, and the member leads if it must.
    await three.kill(follower);
    await three.startMember(follower);
    await three.awaitServing();
    await three.kill(leader);
    await three.awaitServing();
  });

  it('one that lost everything gets a snapshot', async () => {
    const three = await startThree({ cfg: { tickTime: 1000, snapshotSizeFactor: -1, snapCount: 10 } });
    const leader = await three.leader();
    const follower = leader === 1 ? 2 : 1;
    const client = await WireConnection.openSession(three.member(leader).clientPort);
    for (let i = 0; i < 40; i++) expect(await create(client, `/n${i}`, 'x'.repeat(100))).toBe(0);
    await three.kill(follower);
    rmSync(join(three.member(follower).dataDir, 'version-2'), { recursive: true });
    await three.startMember(follower);
    await three.awaitServing();
    expect(three.member(follower).log()).toContain('The leader sends SNAP');
    expect(await create(client, '/last', '')).toBe(0);
    await client.closeSession();
    await three.awaitSameZxid();
    const [one, two] = await Promise.all([leader, follower].map((sid) => readTree(three.member(sid).clientPort)));
    expect(differencesOf(one as never, two as never)).toEqual([]);
    await three.kill(follower);
    await three.startMember(follower);
    await three.awaitServing();
    const again = await WireConnection.openSession(three.member(follower).clientPort);
    expect(await read(again, '/n7')).toBe('x'.repeat(100));
    await again.closeSession();
  });
});

describe('an ensemble that grows', () => {
  it('an observer, and a member that comes with nothing, get all there is', async () => {
    const kinds = ['threadkeeper', 'threadkeeper', 'threadkeeper', 'threadkeeper'] as const;
    const four = await startThree({ kinds, observers: [4], absent: [3], cfg: { tickTime: 1000, snapCount: 20 } });
    expect(await four.mode(4)).toBe('observer');
    const client = await WireConnection.openSession(four.member(4).clientPort);
    for (let i = 0; i < 60; i++) expect(await create(client, `/n${i}`, 'x'.repeat(i))).toBe(0);
    await client.closeSession();
    await four.startMember(3);
    await four.awaitServing();
    await four.awaitSameZxid();
    const [one, ...others] = await Promise.all(four.ports().map(readTree));
    for (const other of others) expect(differencesOf(one as never, other)).toEqual([]);
    expect(one?.has('/n59')).toBe(true);
  });

  it('five members lose two, the leader first', async () => {
    const kinds = Array.from({ length: 5 }, () => 'threadkeeper' as const);
    const five = await startThree({ kinds });
    for (let lost = 0; lost < 2; lost++) {
      await five.kill(await five.leader());
      await five.awaitServing();
      const client = await WireConnection.openSession(five.ports()[lost] as number);
      expect(await create(client, `/without-${lost}`, '')).toBe(0);
      await client.closeSession();
    }
    await five.awaitSameZxid();
  });
});
