/**
 * One ensemble of both kinds: one kind leads, the other follows and observes. What clients see must not depend on who made the
 * server they speak to, and a learner that was away must come back by each of the three ways, whatever made its leader.
 * THREADKEEPER_TEST_SERVER=apache proves the expectations with Apache's servers alone. The two directions are two files.
 */
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  CreateMode,
  encodeUtf8,
  openZooKeeper,
  type WatchedEvent,
  type ZooKeeper,
} from '../../../src/client/open-zookeeper.js';
import { EnsembleProcess, type MemberKind } from '../../testing/ensemble-process.js';
import { isOfSet, isSince39, mntrKinds, readMntr, type ValueKind } from '../../testing/mntr-lines.js';
import { repositoryRoot } from '../../testing/repository-root.js';
import { provingAgainstApache } from '../../testing/server-under-test.js';
import { readEqualTrees } from '../../testing/tree-reading.js';
import { until, within } from '../../testing/until.js';
import { compareDigests } from './rolling-replacement.js';

const LEADER = 3;
const FOLLOWER = 1;
const OBSERVER = 4;
const MEMBERS = [1, 2, 3, 4];
const DEADLINE_MS = 60_000;
const SHORT_SESSION_MS = 1500;
/** Nothing is committed for its sake before its member is back. */
const LONG_SESSION_MS = 60_000;

/** Recorded from four of Apache's. */
function keysByRole(): Record<string, Record<string, ValueKind>> {
  const text = readFileSync(join(repositoryRoot, 'test/fixtures/metrics/mntr-keys-3.8.0.txt'), 'utf8');
  const byRole: Record<string, Record<string, ValueKind>> = { l: {}, f: {}, o: {} };
  for (const line of text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))) {
    const [key, kind, roles] = line.split(' ') as [string, ValueKind, string];
    for (const role of roles) (byRole[role] as Record<string, ValueKind>)[key] = kind;
  }
  return byRole;
}

/** The tests of one pair; each file that calls this has an ensemble of its own. */
export function testMixedEnsemble(leads: MemberKind, learns: MemberKind): void {
  let ensemble: EnsembleProcess;
  const clients: ZooKeeper[] = [];

  beforeAll(async () => {
    ensemble = await EnsembleProcess.prepare({
      kinds: [learns, learns, leads, learns],
      observers: [OBSERVER],
      cfg: { tickTime: 500, initLimit: 20, syncLimit: 10, maxSessionTimeout: LONG_SESSION_MS },
    });
    // Of two with nothing in their logs, the one with the greater sid leads.
    await ensemble.startMember(FOLLOWER);
    await ensemble.startMember(LEADER);
    expect(await ensemble.leader()).toBe(LEADER);
    await ensemble.startMember(2);
    await ensemble.startMember(OBSERVER);
    await ensemble.awaitServing();
  }, DEADLINE_MS);

  afterAll(async () => {
    for (const client of clients) client.detach();
    await ensemble[Symbol.asyncDispose]();
  });

  async function clientOf(sid: number, options: Parameters<typeof openZooKeeper>[1] = {}): Promise<ZooKeeper> {
    const client = openZooKeeper(`127.0.0.1:${ensemble.member(sid).clientPort}`, {
      sessionTimeoutMs: 8000,
      ...options,
    });
    clients.push(client);
    await client.whenConnected({ timeoutMs: DEADLINE_MS });
    return client;
  }

  async function expectSameEverywhere(): Promise<void> {
    await ensemble.awaitSameZxid();
    await readEqualTrees(ensemble.ports());
    await compareDigests(ensemble);
  }

  /** Of the last synchronisation: told by whichever of the two is ours. */
  async function expectSync(learner: number, way: 'DIFF' | 'TRUNC' | 'SNAP'): Promise<void> {
    const leader = ensemble.member(await ensemble.leader());
    const ways: string[] = [];
    for (const { log, pattern } of [
      { log: ensemble.member(learner).log(), pattern: /The leader sends (DIFF|TRUNC|SNAP)/g },
      {
        log: leader.log(),
        pattern: new RegExp(`brings (?:follower|observer) ${learner} .* by (DIFF|TRUNC|SNAP)`, 'g'),
      },
    ]) {
      const last = [...log.matchAll(pattern)].at(-1)?.[1];
      if (last !== undefined) ways.push(last);
    }
    if (!provingAgainstApache) expect(ways).toEqual([way]);
  }

  test('modes are what they should be', async () => {
    expect(await Promise.all(MEMBERS.map((sid) => ensemble.mode(sid)))).toEqual([
      'follower',
      'follower',
      'leader',
      'observer',
    ]);
  });

  test('mntr has the keys of each role, of the same kinds, whoever made the server', async () => {
    const expected = keysByRole();
    for (const [sid, role] of [
      [FOLLOWER, 'f'],
      [LEADER, 'l'],
      [OBSERVER, 'o'],
    ] as const) {
      const lines = await readMntr(ensemble.member(sid).clientPort);
      const shown = Object.entries(mntrKinds(lines)).filter(([key]) => !isOfSet(key) && !isSince39(key));
      expect(Object.fromEntries(shown)).toEqual(expected[role]);
      expect(lines.get('zk_quorum_size')?.value).toBe('3');
      expect(lines.get('zk_peer_state')?.value).toBe(
        { f: 'following - broadcast', l: 'leading - broadcast', o: 'observing - broadcast' }[role],
      );
    }
    const [leader, observer] = [LEADER, OBSERVER].map((sid) => ensemble.member(sid).clientPort) as [number, number];
    expect((await readMntr(observer)).get('zk_observer_master_id')?.value).toBe(String(LEADER));
    await until('the leader to count its learners', DEADLINE_MS, async () => {
      const lines = await readMntr(leader);
      const figures = [
        'learners',
        'synced_followers',
        'synced_non_voting_followers',
        'synced_observers',
        'pending_syncs',
      ];
      return figures.map((name) => lines.get(`zk_${name}`)?.value).join(' ') === '3 2 0 1 0';
    });
  });

  test('what is written through any member is read through every other after a sync', async () => {
    const all = await Promise.all(MEMBERS.map((sid) => clientOf(sid)));
    for (const [i, writer] of all.entries()) {
      await writer.create(`/by-${i}`, encodeUtf8('first'));
      await writer.setData(`/by-${i}`, encodeUtf8('second'), 0);
      await writer
        .transaction()
        .create(`/by-${i}/multi`, encodeUtf8('m'))
        .check(`/by-${i}`, 1)
        .setData(`/by-${i}`, encodeUtf8('third'))
        .commit();
      await expect(writer.create(`/by-${i}`)).rejects.toMatchObject({ code: -110 });
      await expect(writer.transaction().create(`/by-${i}/no`).check(`/by-${i}`, 77).commit()).rejects.toThrow();
      for (const reader of all) {
        await reader.sync('/');
        const { data, stat } = await reader.getData(`/by-${i}`);
        expect(Buffer.from(data ?? []).toString()).toBe('third');
        expect(stat.version).toBe(2);
        expect(await reader.exists(`/by-${i}/no`)).toBeNull();
      }
    }
    for (const client of all) await client.close();
    await expectSameEverywhere();
  });

  test('watches set on any member fire on a write through another', async () => {
    const writer = await clientOf(LEADER);
    await writer.create('/watched', encodeUtf8('0'));
    const events: Promise<WatchedEvent>[] = [];
    for (const sid of MEMBERS) {
      const watcher = await clientOf(sid);
      await watcher.sync('/');
      events.push(new Promise((resolve) => void watcher.getData('/watched', resolve)));
      await watcher.sync('/');
    }
    await writer.setData('/watched', encodeUtf8('1'));
    for (const event of await within('all events', DEADLINE_MS, Promise.all(events)))
      expect(event.path).toBe('/watched');
  });

  test('a session moves from kind to kind with its ephemeral and its password', async () => {
    let client = await clientOf(FOLLOWER);
    await client.create('/mine', null, { mode: CreateMode.Ephemeral });
    const id = client.sessionId;
    for (const sid of [LEADER, OBSERVER, FOLLOWER, OBSERVER, LEADER]) {
      client = await clientOf(sid, { session: client.detach() });
      expect(client.sessionId).toBe(id);
      await client.sync('/');
      expect((await client.exists('/mine'))?.ephemeralOwner).toBe(id);
      await client.setData('/mine', encodeUtf8(String(sid)));
    }
    await client.close();
    const other = await clientOf(FOLLOWER);
    await other.sync('/');
    expect(await other.exists('/mine')).toBeNull();
    await expectSameEverywhere();
  });

  test("a session with a wrong password is nobody's on every member", async () => {
    const owner = await clientOf(LEADER);
    for (const sid of MEMBERS) {
      const stranger = openZooKeeper(`127.0.0.1:${ensemble.member(sid).clientPort}`, {
        session: { id: owner.sessionId, password: new Uint8Array(16) },
      });
      await expect(stranger.whenConnected({ timeoutMs: DEADLINE_MS })).rejects.toThrow();
      await stranger.close();
    }
    expect(await owner.exists('/')).not.toBeNull();
  });

  test(
    'a silent session expires, whichever member it was on, and its ephemerals go; others are kept alive',
    async () => {
      const quiet = await Promise.all(
        [FOLLOWER, LEADER, OBSERVER].map((sid) => clientOf(sid, { sessionTimeoutMs: SHORT_SESSION_MS })),
      );
      const kept = await Promise.all(MEMBERS.map((sid) => clientOf(sid, { sessionTimeoutMs: SHORT_SESSION_MS })));
      for (const [i, client] of quiet.entries())
        await client.create(`/quiet-${i}`, null, { mode: CreateMode.Ephemeral });
      for (const [i, client] of kept.entries()) await client.create(`/kept-${i}`, null, { mode: CreateMode.Ephemeral });
      for (const client of quiet) client.detach();
      const looker = await clientOf(OBSERVER);
      await until('the silent sessions to expire', DEADLINE_MS, async () => {
        await looker.sync('/');
        return (await looker.getChildren('/')).every((name) => !name.startsWith('quiet-'));
      });
      const names = await looker.getChildren('/');
      expect(names.filter((name) => name.startsWith('kept-')).sort()).toEqual(['kept-0', 'kept-1', 'kept-2', 'kept-3']);
      for (const client of kept) await client.close();
      await expectSameEverywhere();
    },
    DEADLINE_MS,
  );

  test(
    'a learner that missed little comes back by DIFF, one that has nothing by SNAP',
    async () => {
      const writer = await clientOf(LEADER);
      for (const sid of [FOLLOWER, OBSERVER]) {
        await ensemble.kill(sid);
        for (let i = 0; i < 30; i++)
          await writer.create(`/missed-${sid}-`, encodeUtf8('x'), { mode: CreateMode.PersistentSequential });
        await ensemble.startMember(sid);
        await ensemble.awaitServing([sid]);
        await expectSameEverywhere();

        await ensemble.kill(sid);
        rmSync(join(ensemble.member(sid).dataDir, 'version-2'), { recursive: true });
        await writer.create(`/absent-${sid}`, encodeUtf8('x'));
        await ensemble.startMember(sid);
        await ensemble.awaitServing([sid]);
        await expectSameEverywhere();
        // From its own disk, once more.
        await ensemble.kill(sid);
        await ensemble.startMember(sid);
        await ensemble.awaitServing([sid]);
        await expectSameEverywhere();
      }
    },
    DEADLINE_MS * 2,
  );

  test(
    'a leader that wrote alone comes back as a follower of the other kind by TRUNC',
    async () => {
      for (const client of clients) await client.close();
      const writer = await clientOf(LEADER, { sessionTimeoutMs: LONG_SESSION_MS });
      await writer.create('/agreed', encodeUtf8('x'));
      await ensemble.awaitSameZxid();
      for (const sid of [1, 2, OBSERVER]) await ensemble.pause(sid);
      const unheard = [1, 2, 3].map((i) =>
        writer.create(`/unheard-${i}`, encodeUtf8('x')).catch((error: Error) => error),
      );
      const versionDir = join(ensemble.member(LEADER).dataDir, 'version-2');
      await until('the last of them in the log of the leader', DEADLINE_MS, () =>
        readdirSync(versionDir).some(
          (name) => name.startsWith('log.') && readFileSync(join(versionDir, name)).includes('/unheard-3'),
        ),
      );
      // The others have not read what lies in their sockets, and never will.
      for (const sid of MEMBERS) await ensemble.kill(sid);
      await Promise.all(unheard);
      for (const client of clients) client.detach();
      for (const sid of [1, 2, OBSERVER]) await ensemble.startMember(sid);
      await ensemble.leader();
      await ensemble.startMember(LEADER);
      await ensemble.awaitServing();
      expect(await ensemble.mode(LEADER)).toBe('follower');
      await expectSync(LEADER, 'TRUNC');
      const reader = await clientOf(LEADER);
      expect(await reader.exists('/agreed')).not.toBeNull();
      for (const i of [1, 2, 3]) expect(await reader.exists(`/unheard-${i}`)).toBeNull();
      await reader.create('/afterwards', encodeUtf8('x'));
      await reader.close();
      await expectSameEverywhere();
    },
    DEADLINE_MS,
  );
}
