// Ensembles of our own servers, as processes: what an operator and a client rely on when members come, go and die. What the
// ensemble does inside is proven elsewhere; here everything is real, and so few things are tried.

import { describe, expect, it } from 'vitest';
import { create, EPHEMERAL, PERSISTENT, read, synced } from '../testing/ensemble-client.js';
import { EnsembleProcess } from '../testing/ensemble-process.js';
import { fourLetterWord } from '../testing/four-letter-word.js';
import { saboteur } from '../testing/saboteur.js';
import { makeTempDir } from '../testing/temp-dir.js';
import { readEqualTrees } from '../testing/tree-reading.js';
import { until } from '../testing/until.js';
import { counted, Op, openAcl, request, WireConnection } from '../testing/wire-connection.js';

const NO_NODE = -101;

describe('three members', () => {
  it('serve writes from any of them, and everyone reads them; each says what it is', async () => {
    await using three = await EnsembleProcess.startOurs();
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
    await using three = await EnsembleProcess.startOurs();
    const first = await three.leader();
    const others = [1, 2, 3].filter((sid) => sid !== first);
    const client = await WireConnection.openSession(three.member(others[0] as number).clientPort);
    expect(await create(client, '/before', 'x')).toBe(0);
    client.destroy();
    await three.kill(first);
    await three.awaitServing();
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
    await readEqualTrees(three.ports().slice(0, 2));
    const late = await WireConnection.openSession(three.member(first).clientPort);
    expect([await read(late, '/before'), await read(late, '/after')]).toEqual(['x', 'y']);
    await late.closeSession();
  });

  it('a session moves from one member to another with its ephemerals, and expires where nobody has it', async () => {
    await using three = await EnsembleProcess.startOurs();
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

  it('ZOOKEEPER-4203: a leader one of whose threads fails is gone as a whole, and the others serve', async () => {
    using dir = makeTempDir('sabotage');
    const { nodeOptions, strike } = saboteur(dir.path, 'log');
    await using three = await EnsembleProcess.startOurs({
      absent: [1],
      wrap: (kind, { sid }) =>
        sid !== 3
          ? kind
          : { ...kind, command: (...args) => ['env', `NODE_OPTIONS=${nodeOptions}`, ...kind.command(...args)] },
    });
    await three.startMember(1);
    await three.awaitServing();
    expect(await three.leader()).toBe(3);
    strike();
    await until('the end of the leader', 10_000, () => !three.member(3).isRunning);
    expect(three.member(3).log()).toContain('Severe unrecoverable error');
    await three.awaitServing();
    const client = await WireConnection.openSession(three.member(1).clientPort);
    expect(await create(client, '/without-it', '')).toBe(0);
    await client.closeSession();
  });

  it('a leader that stood still for a while finds that it leads no more', async () => {
    await using three = await EnsembleProcess.startOurs({ cfg: { tickTime: 500, syncLimit: 4 } });
    const old = await three.leader();
    const others = [1, 2, 3].filter((sid) => sid !== old);
    const client = await WireConnection.openSession(three.member(old).clientPort, { timeOutMs: 20_000 });
    expect(await create(client, '/before', '')).toBe(0);
    await three.pause(old);
    await until('another leader', 20_000, async () => {
      for (const sid of others) if ((await three.mode(sid)) === 'leader') return true;
      return undefined;
    });
    await three.awaitServing(others);
    const elsewhere = await WireConnection.openSession(three.member(others[0] as number).clientPort);
    expect(await create(elsewhere, '/meanwhile', '')).toBe(0);
    // It wakes up with a write that it can never have committed.
    client.send(request(7, Op.Create, counted('/lost'), counted(''), openAcl, PERSISTENT));
    three.resume(old);
    expect(await client.nextFrame(20_000)).toBeNull();
    client.destroy();
    await until('it to follow', 20_000, async () => (await three.mode(old)) === 'follower');
    const back = await WireConnection.openSession(three.member(old).clientPort);
    await synced(back);
    const found = [await read(back, '/before'), await read(back, '/meanwhile'), await read(back, '/lost')];
    expect(found).toEqual(['', '', NO_NODE]);
    await back.closeSession();
    await elsewhere.closeSession();
    await three.awaitSameZxid();
  });

  it('two of them are needed: one alone turns clients away and says so, and serves again with another', async () => {
    await using three = await EnsembleProcess.startOurs();
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

describe('an ensemble that grows', () => {
  it('an observer, and a member that comes with nothing, get all there is', async () => {
    const kinds = ['threadkeeper', 'threadkeeper', 'threadkeeper', 'threadkeeper'] as const;
    await using four = await EnsembleProcess.startOurs({
      kinds,
      observers: [4],
      absent: [3],
      cfg: { tickTime: 1000, snapCount: 20 },
    });
    expect(await four.mode(4)).toBe('observer');
    const client = await WireConnection.openSession(four.member(4).clientPort);
    for (let i = 0; i < 60; i++) expect(await create(client, `/n${i}`, 'x'.repeat(i))).toBe(0);
    await client.closeSession();
    await four.startMember(3);
    await four.awaitServing();
    await four.awaitSameZxid();
    const tree = await readEqualTrees(four.ports());
    expect(tree.has('/n59')).toBe(true);
  });

  it('ZOOKEEPER-2819, -3814, -3830, -3842: restarts one by one with a further member in all files, which leads in the end', async () => {
    let known = 3;
    const kinds = ['threadkeeper', 'threadkeeper', 'threadkeeper', 'threadkeeper'] as const;
    await using four = await EnsembleProcess.startOurs({
      kinds,
      absent: [4],
      cfg: { tickTime: 500, reconfigEnabled: 'false' },
      cfgOf: () => (known === 3 ? { 'server.4': undefined } : {}),
    });
    known = 4;
    const writeEverywhere = async (what: string): Promise<void> => {
      for (const { sid, clientPort } of four.running) {
        const client = await WireConnection.openSession(clientPort);
        expect(await create(client, `/${what}-by-${sid}`, '')).toBe(0);
        await client.closeSession();
      }
    };
    await writeEverywhere('before');
    // Those that were there first, and only then the new one: nobody can be a quorum without the others meanwhile.
    const leader = await four.leader();
    const [first, second] = [1, 2, 3].filter((sid) => sid !== leader) as [number, number];
    await four.stopMember(first);
    await four.startMember(first);
    const witness = await WireConnection.openSession(four.member(leader).clientPort);
    expect(await create(witness, '/meanwhile', '')).toBe(0);
    await witness.closeSession();
    for (const sid of [second, leader]) {
      await four.stopMember(sid);
      await four.startMember(sid);
      await four.awaitServing([1, 2, 3]);
      await writeEverywhere(`restarted-${sid}`);
    }
    await four.startMember(4);
    await four.awaitServing();
    while ((await four.leader()) !== 4) {
      const old = await four.leader();
      await four.stopMember(old);
      await four.awaitServing();
      await four.startMember(old);
      await four.awaitServing();
    }
    await writeEverywhere('led-by-4');
    await four.awaitSameZxid();
    expect((await readEqualTrees(four.ports())).has('/led-by-4-by-1')).toBe(true);
  });

  it('five members lose two, the leader first', async () => {
    const kinds = Array.from({ length: 5 }, () => 'threadkeeper' as const);
    await using five = await EnsembleProcess.startOurs({ kinds });
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
