// A follower that serves observers: its leader is the test, its observers are learners of their own, connected by a network in
// virtual time. Both sides' words are held against each other.

import { describe, expect, test } from 'vitest';
import { ManualClock } from '../../../src/base/clock.js';
import { Prng } from '../../../src/base/prng.js';
import { encodeUtf8 } from '../../../src/base/utf8.js';
import { InternalOp, RecordType } from '../../../src/processor/pipeline-records.js';
import { OpCode } from '../../../src/protocol/op-code.js';
import type { ObserverMasterOptions } from '../../../src/zab/learner-host.js';
import { PacketType } from '../../../src/zab/quorum-packet.js';
import type { SnapStream } from '../../../src/zab/sync-sources.js';
import { SimPeerNetwork } from '../../testing/inline/sim-peer-network.js';
import { entryOf } from '../persistence/txn-entries.js';
import { fromHex, toHex } from './hex.js';
import { CONFIG_TEXT, commit, LearnerWorld, proposal, type WorldOptions, type Zxid } from './learner-fixture.js';

const PORT = 4888;
const MEMBERS = CONFIG_TEXT.replace(
  'version',
  'server.4=host4:2888:3888:observer\nserver.5=host5:2888:3888:observer\nversion',
);
const IDS = fromHex('00000001 00000002 6970 00000009 3132372e302e302e31');
const SESSION: [number, number] = [4, 1];
const SYNC = { op: OpCode.sync, xid: 8, session: SESSION, ids: IDS, body: fromHex('00000001 2f') };
const EMPTY_SNAPSHOT = fromHex('00000000 00000000 00000001 2f 0000000a 42656e57617348657265');

class Group {
  readonly clock = new ManualClock();
  readonly network = new SimPeerNetwork(new Prng(3), this.clock, { latencyMsMin: 0, latencyMsMax: 0 });
  readonly follower: LearnerWorld;
  readonly observers: LearnerWorld[] = [];

  /** host1 follows host2, which is the test; nobody is at host3. */
  constructor(last: Zxid = [1, 5]) {
    for (const name of ['host1', 'host2', 'host3', 'host4', 'host5']) this.network.host(name);
    this.follower = new LearnerWorld({
      last,
      ownHost: this.network.host('host1'),
      observerMaster: this.master,
      members: MEMBERS,
      clock: this.clock,
    });
    this.follower.follow(2);
    this.network.deliverAll();
    this.follower.take();
  }

  get master(): ObserverMasterOptions {
    const newSnapStream = (): SnapStream => {
      const { history } = this.follower;
      const chunks: (Uint8Array | null)[] = [EMPTY_SNAPSHOT, null];
      return {
        zxidHi: history.lastCommittedHi,
        zxidLo: history.lastCommittedLo,
        next: () => chunks.shift() ?? null,
      };
    };
    return {
      port: PORT,
      listenOnAllIps: false,
      snapSyncsMax: 10,
      diffSyncsMax: 10,
      reconnectMsMax: 0,
      sources: { isSnapForced: false, openDisk: () => null, newSnapStream },
      chance: () => 0.5,
    };
  }

  observe(sid: number, last: Zxid, options: WorldOptions = {}): LearnerWorld {
    const observer = new LearnerWorld({
      kind: 'observer',
      myId: sid,
      last,
      current: 1,
      accepted: 1,
      observerMaster: this.master,
      real: { network: this.network.host(`host${sid}`), clock: this.clock, tickMs: 100, config: MEMBERS, sid: 2 },
      ...options,
    });
    this.observers.push(observer);
    return observer;
  }

  /** All that can happen now happens; the observers' disks are quick. */
  settle(): void {
    for (let i = 0; i < 40; i++) {
      this.network.deliverAll();
      this.follower.turn();
      for (const observer of this.observers) observer.react();
    }
  }

  /** The leader speaks now and then. */
  tick(ms: number): void {
    for (let left = ms; left > 0; left -= 10) {
      this.clock.advance(10);
      if (left % 100 === 0 && this.follower.learner.phase === 'broadcast')
        this.follower.packets([PacketType.ping, [2, 0]]);
      for (const world of [this.follower, ...this.observers]) world.learner.onTick(this.clock.monotonicMs());
      this.settle();
    }
  }

  /** An observer that serves, what it said until then forgotten. */
  serving(sid = 4, last: Zxid = [1, 5]): LearnerWorld {
    const observer = this.observe(sid, last);
    this.tick(300);
    expect(observer.take()).toContain('broadcast 2');
    this.follower.take();
    return observer;
  }
}

function told(world: LearnerWorld): string[] {
  return world.take().filter((words) => !words.startsWith('> PING'));
}

describe('a follower serves observers', () => {
  test('the epoch is its own, the state what it has committed, and nothing waits for acknowledgements', () => {
    const group = new Group();
    group.follower.packets(proposal([2, 1]), commit([2, 1]), proposal([2, 2]), commit([2, 2]), proposal([2, 3]));
    const observer = group.observe(4, [2, 1], { accepted: 1, current: 1 });
    group.tick(300);
    expect(told(observer)).toEqual([
      '> OBSERVERINFO 1:0 [0000000000000004000100000000000000000000]',
      'accepted 2',
      '> ACKEPOCH 2:1 [00000001]',
      'log 2:2',
      'adopt version 0:0',
      'committed 2:2',
      'current 2',
      'synchronized 2 at 2:2',
      '> ACK 2:0',
      'activate version 0:0 leader null at 2:0',
      'serve observer',
      '> ACK 2:0',
      'touched.reset',
      'broadcast 2',
    ]);
    expect(told(group.follower)).toEqual(['log 2:1', 'log 2:2', 'log 2:3', 'committed 2:2']);
  });

  test('one that has nothing is sent a snapshot', () => {
    const group = new Group();
    const observer = group.observe(4, [0, 0]);
    group.tick(300);
    const said = told(observer);
    expect(said).toContain('snapBegin 1:5');
    expect(said).toContain('broadcast 2');
  });

  test('what the leader commits is told on, behind its COMMIT, to all of them', () => {
    const group = new Group();
    const observers = [group.serving(4), group.serving(5)];
    group.follower.packets(proposal([2, 1]), proposal([2, 2]), commit([2, 1]));
    group.settle();
    for (const observer of observers) expect(told(observer)).toEqual(['log 2:1', 'committed 2:1']);
    group.follower.packets(commit([2, 2]));
    group.settle();
    for (const observer of observers) expect(told(observer)).toEqual(['log 2:2', 'committed 2:2']);
  });

  test('requests go on to the leader as they are; a sync is answered behind what was committed before, each to who asked', () => {
    const group = new Group();
    const observer = group.serving();
    observer.fromPrep(RecordType.request, {
      op: OpCode.create,
      xid: 7,
      session: [4, 1],
      ids: IDS,
      body: fromHex('00000002 2f61'),
    });
    observer.fromPrep(RecordType.request, SYNC);
    group.settle();
    group.follower.fromPrep(RecordType.request, {
      op: OpCode.sync,
      xid: 3,
      session: [1, 1],
      ids: IDS,
      body: fromHex('00000001 2f'),
    });
    group.settle();
    expect(group.follower.take()).toEqual([
      `> REQUEST -1:-1 [00000004000000010000000700000001000000022f61] ids ${toHex(IDS)}`,
      `> REQUEST -1:-1 [00000004000000010000000800000009000000012f] ids ${toHex(IDS)}`,
      'awaiting op 9 xid 3',
      `> REQUEST -1:-1 [00000001000000010000000300000009000000012f] ids ${toHex(IDS)}`,
    ]);
    observer.take();
    group.follower.packets(proposal([2, 1]), commit([2, 1]), [PacketType.sync, [0, 0]]);
    group.settle();
    expect(observer.take()).toEqual(['log 2:1', 'committed 2:1', 'synced']);
    expect(group.follower.take()).toEqual(['log 2:1', 'committed 2:1']);
    group.follower.packets([PacketType.sync, [0, 0]]);
    expect(group.follower.take()).toEqual(['synced']);
  });

  test('sessions: touched ones are in the next PING reply, re-opened ones get the word of the leader', () => {
    const group = new Group();
    const observer = group.serving();
    group.follower.packets([PacketType.ping, [2, 0]]);
    group.follower.take();
    observer.touches = [[4, 1, 8000]];
    group.tick(90);
    group.follower.touches = [[1, 1, 4000]];
    group.follower.packets([PacketType.ping, [2, 0]]);
    expect(group.follower.take()).toContain('> PING 2:0 [000000010000000100000fa0000000040000000100001f40]');
    observer.take();
    observer.fromPrep(RecordType.request, {
      op: InternalOp.reopenSession,
      session: [4, 1],
      ids: IDS,
      body: fromHex('00001f40'),
    });
    group.settle();
    expect(group.follower.take()).toEqual(['> REVALIDATE -1:-1 [000000040000000100001f40]']);
    group.follower.packets([PacketType.revalidate, [-1, -1], fromHex('0000000400000001 01')]);
    group.settle();
    expect(observer.take()).toContain(`local pass op ${InternalOp.reopenSession} error 0`);
  });

  test('a reconfiguration keeps its designated leader', () => {
    const group = new Group();
    const observer = group.serving();
    const entry = entryOf((2n << 32n) | 1n, {
      type: OpCode.reconfig,
      txn: { path: '/zookeeper/config', data: encodeUtf8(`${CONFIG_TEXT.slice(0, -1)}200000001`), version: -1 },
    });
    group.follower.packets(
      [PacketType.proposal, [2, 1], entry],
      [PacketType.commitAndActivate, [2, 1], fromHex('0000000000000003')],
    );
    group.settle();
    expect(observer.take()).toEqual([
      'seen version 2:1',
      'log 2:1',
      'committed 2:1',
      'activate version 2:1 leader 3 at 2:1',
    ]);
  });

  test('members that are only proposed are not told to who joins, who would take them for committed', () => {
    const group = new Group();
    const entry = entryOf((2n << 32n) | 1n, {
      type: OpCode.reconfig,
      txn: { path: '/zookeeper/config', data: encodeUtf8(`${CONFIG_TEXT.slice(0, -1)}200000001`), version: -1 },
    });
    group.follower.packets([PacketType.proposal, [2, 1], entry]);
    group.settle();
    expect(group.follower.take()).toContain('seen version 2:1');
    const observer = group.observe(4, [1, 5]);
    group.tick(300);
    const said = observer.take();
    expect(said).toContain('activate version 0:0 leader null at 2:0');
    expect(said).not.toContain('seen version 2:1');
  });

  test('of too many who do not say who they are the oldest goes, and observers still come in', () => {
    const group = new Group();
    const strangers = Array.from({ length: 70 }, () => {
      const seen = { closed: '' };
      group.network.host('host9').connect([{ host: 'host1', port: PORT }], 1000, {
        onOpen: () => {},
        onData: () => {},
        onDrain: () => {},
        onClose: (reason) => {
          seen.closed = `closed ${reason}`;
        },
      });
      return seen;
    });
    group.settle();
    expect(strangers.map(({ closed }) => closed !== '')).toEqual([...Array(6).fill(true), ...Array(64).fill(false)]);
    const observer = group.observe(4, [1, 5]);
    group.tick(300);
    expect(observer.take()).toContain('broadcast 2');
  });

  test('nobody else is served', () => {
    const group = new Group();
    const stranger = group.observe(4, [1, 5]);
    const follower = new LearnerWorld({
      myId: 5,
      last: [1, 5],
      real: {
        network: group.network.host('host5'),
        clock: group.clock,
        tickMs: 100,
        config: MEMBERS.replaceAll('2888', `${PORT}`),
        sid: 1,
      },
    });
    group.observers.push(follower);
    group.tick(300);
    expect(stranger.take()).toContain('broadcast 2');
    expect(follower.take().at(-1)).toMatch(/^over: Lost the leader: /);
  });

  test('when its own role ends, its observers look for another one, and who asked is answered by nobody', () => {
    const group = new Group();
    const observer = group.serving();
    observer.fromPrep(RecordType.request, SYNC);
    group.settle();
    observer.take();
    group.follower.hangUp();
    group.tick(20);
    expect(told(observer)).toEqual([expect.stringMatching(/^over: Lost the leader: /)]);
    expect(group.network.connections().every((connection) => connection.isOver)).toBe(true);
  });

  test('while the leader reads nothing, observers are not read either, and nothing piles up for it', () => {
    const group = new Group();
    const observer = group.serving();
    const { peer } = group.follower;
    peer.queuedBytes = 4 << 20;
    const body = fromHex('00000002 2f61');
    observer.fromPrep(RecordType.request, { op: OpCode.create, xid: 7, session: [4, 1], ids: IDS, body });
    group.settle();
    expect(group.follower.take()).toEqual([]);
    peer.queuedBytes = 0;
    group.tick(100);
    expect(told(group.follower)).toEqual([
      `> REQUEST -1:-1 [00000004000000010000000700000001000000022f61] ids ${toHex(IDS)}`,
    ]);
  });

  test('observers that go are forgotten, and what was for them is not kept', () => {
    const group = new Group();
    const observer = group.serving();
    observer.fromPrep(RecordType.request, SYNC);
    group.settle();
    observer.learner.close();
    group.settle();
    group.follower.take();
    group.follower.packets([PacketType.sync, [0, 0]], proposal([2, 1]), commit([2, 1]));
    group.settle();
    expect(group.follower.take()).toEqual(['log 2:1', 'committed 2:1']);
  });

  test('where no follower answers, the leader does', () => {
    const group = new Group();
    group.follower.learner.close();
    const observer = group.observe(4, [1, 5]);
    group.network.host('host2').listen(
      undefined,
      2888,
      () => null,
      () => {},
      (error) => {
        throw error;
      },
    );
    const tried: string[] = [];
    const { connect } = group.network.host('host4');
    group.network.host('host4').connect = (addresses, timeoutMs, events) => {
      tried.push(addresses.map(({ host, port }) => `${host}:${port}`).join());
      return connect.call(group.network.host('host4'), addresses, timeoutMs, events);
    };
    group.tick(400);
    observer.take();
    expect(tried.slice(0, 3).sort()).toEqual(['host1:4888', 'host2:2888', 'host3:4888']);
    expect(tried[2]).toBe('host2:2888');
  });
});
