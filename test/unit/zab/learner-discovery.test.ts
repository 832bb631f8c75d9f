// A learner from its first attempt to connect until it has promised an epoch: everything it does, in order, for a script of what its
// leader says and the network does.

import assert from 'node:assert';
import { describe, expect, test } from 'vitest';
import { RecordType } from '../../../src/processor/pipeline-records.js';
import { OpCode } from '../../../src/protocol/op-code.js';
import type { ObserverMasterOptions } from '../../../src/zab/learner-host.js';
import { PacketType } from '../../../src/zab/quorum-packet.js';
import { CONFIG_TEXT, INIT_LIMIT_MS, LearnerWorld, leaderInfo, proposal } from './learner-fixture.js';

const FOLLOWERINFO = '> FOLLOWERINFO 0:0 [0000000000000001000100000000000000000000]';

describe('connecting', () => {
  test('to the leader of the committed configuration', () => {
    const world = new LearnerWorld();
    expect(world.take()).toEqual(['connect']);
    expect(world.addresses).toEqual([[{ host: 'host2', port: 2888 }]]);
    world.connect();
    expect(world.take()).toEqual([FOLLOWERINFO]);
  });

  test('ZOOKEEPER-3758: to all addresses of it, in every attempt, though none has answered', () => {
    const members = CONFIG_TEXT.replace('host2:2888:3888', 'host2:2888:3888|other2:2889:3889');
    const world = new LearnerWorld({ members });
    world.refuse();
    world.tick(100);
    const both = [
      { host: 'host2', port: 2888 },
      { host: 'other2', port: 2889 },
    ];
    expect(world.addresses).toEqual([both, both]);
  });

  test('attempts 100 ms apart, for a second', () => {
    const world = new LearnerWorld();
    for (let attempt = 1; attempt < 10; attempt++) {
      world.refuse();
      expect(world.take()).toEqual(['connect']);
      world.tick(90);
      expect(world.take()).toEqual([]);
      world.tick(10);
    }
    world.refuse();
    expect(world.take()).toEqual([
      'connect',
      'over: Lost the leader: no connection to the leader after 10 attempts: refused',
    ]);
    world.tick(1000);
    expect(world.take()).toEqual([]);
  });

  const masters: ObserverMasterOptions = {
    port: 4000,
    listenOnAllIps: false,
    snapSyncsMax: 1,
    diffSyncsMax: 1,
    reconnectMsMax: 0,
    sources: { isSnapForced: false, openDisk: () => null, newSnapStream: () => assert.fail() },
    chance: () => 0,
  };

  test('an observer that has promised an epoch which came to nothing asks its leader first: a master begins no other', () => {
    for (const [accepted, port] of [
      [1, 4000],
      [4, 2888],
    ] as const) {
      const world = new LearnerWorld({ kind: 'observer', observerMaster: masters, current: 1, accepted });
      world.turn();
      expect(world.addresses[0]?.[0]?.port).toBe(port);
    }
  });

  test('an observer whose masters do not answer at all has time left for its leader', () => {
    const world = new LearnerWorld({ kind: 'observer', observerMaster: masters });
    world.turn();
    for (let turn = 0; turn < 10 && world.addresses.at(-1)?.[0]?.port !== 2888; turn++) {
      world.tick(world.connectLimitsMs.at(-1) as number);
      world.refuse();
      world.tick(100);
    }
    expect(world.addresses.length).toBeGreaterThan(1);
    expect(world.addresses.at(-1)).toEqual([{ host: 'host2', port: 2888 }]);
    expect(world.connectLimitsMs.at(-1)).toBeGreaterThan(INIT_LIMIT_MS / (2 * world.addresses.length));
  });

  test('all attempts together have initLimit', () => {
    const world = new LearnerWorld();
    world.turn();
    world.tick(INIT_LIMIT_MS - 50);
    world.refuse();
    expect(world.take()).toEqual([
      'connect',
      'over: Lost the leader: no connection to the leader after 1 attempts: refused',
    ]);
  });

  test('a leader that is no member ends the role in its first turn, not in its constructor', () => {
    const world = new LearnerWorld();
    Object.defineProperty(world.config, 'member', { value: () => undefined });
    expect(world.take()).toEqual(['over: Server 2 was elected, and is no member']);
  });

  test('nothing happens once it is closed', () => {
    const world = new LearnerWorld();
    world.follow();
    world.take();
    world.learner.close();
    expect(world.peer.isDestroyed).toBe(true);
    world.packets(proposal([1, 1]));
    world.durable(1, 1);
    world.tick(10_000);
    world.fromPrep(RecordType.request, { op: OpCode.create });
    expect(world.take()).toEqual([]);
  });
});

describe('discovery', () => {
  test('a new epoch is promised on the disk before it is answered', () => {
    const world = new LearnerWorld({ last: [3, 7] });
    world.connect();
    world.take();
    world.packets(leaderInfo(4));
    expect(world.take()).toEqual(['accepted 4', '> ACKEPOCH 3:7 [00000003]']);
  });

  test('an epoch that was promised before is answered with -1', () => {
    const world = new LearnerWorld({ last: [3, 7], accepted: 4 });
    world.connect();
    expect(world.take()).toEqual(['connect', '> FOLLOWERINFO 4:0 [0000000000000001000100000000000000000000]']);
    world.packets(leaderInfo(4));
    expect(world.take()).toEqual(['> ACKEPOCH 3:7 [ffffffff]']);
  });

  test('335, 1343: an epoch below the promised one is refused', () => {
    const world = new LearnerWorld({ last: [3, 7], accepted: 4 });
    world.discover(3);
    expect(world.take()).toContain("over: The leader's epoch, 3, is less than the accepted epoch, 4");
  });

  test('2307: an epoch that cannot be written is not promised, and the next role may try again', () => {
    const world = new LearnerWorld({ last: [3, 7] });
    world.failEpochWrite = 'accepted';
    world.discover(4);
    expect(world.take()).toEqual([
      'connect',
      '> FOLLOWERINFO 3:0 [0000000000000001000100000000000000000000]',
      'over: cannot write the accepted epoch: no space left',
    ]);
    expect(world.accepted).toBe(3);
  });

  test.each([
    ['a leader from before LEADERINFO', [PacketType.newLeader, [1, 0]], 'sent NEWLEADER instead of LEADERINFO'],
    ['a LEADERINFO without a version', [PacketType.leaderInfo, [1, 0]], 'is older than LEADERINFO'],
    [
      'a LEADERINFO of an old version',
      [PacketType.leaderInfo, [1, 0], Uint8Array.of(0, 0, 0, 1)],
      'is older than LEADERINFO',
    ],
  ] as [string, Parameters<LearnerWorld['packets']>[0], string][])('%s is not followed', (_name, packet, words) => {
    const world = new LearnerWorld();
    world.connect();
    world.packets(packet);
    expect(world.take().at(-1)).toBe(`over: The leader ${words}`);
  });

  test('a member that lost acknowledged transactions gives no summary that counts', () => {
    const world = new LearnerWorld({ last: [3, 7], isUncounted: true });
    world.discover(4);
    expect(world.take().slice(2)).toEqual(['accepted 4', '> ACKEPOCH 3:7 [ffffffff]']);
  });

  test('a member that needs a snapshot stands where only a snapshot helps, and counts nowhere', () => {
    const world = new LearnerWorld({ last: [3, 7], needsSnapshot: true });
    world.discover(4);
    expect(world.take().slice(2)).toEqual(['accepted 4', '> ACKEPOCH 5:0 [ffffffff]']);
    world.packets([PacketType.diff, [4, 0]]);
    expect(world.take()).toEqual(['over: The leader sent DIFF, but only a snapshot can help this member']);
  });

  test('an observer says that it is one', () => {
    const world = new LearnerWorld({ kind: 'observer' });
    world.connect();
    expect(world.take()).toEqual(['connect', '> OBSERVERINFO 0:0 [0000000000000001000100000000000000000000]']);
  });
});
