// A learner that follows or observes an established leader, through changes of members too: everything it does, in order, for a
// script of what its leader and its own disk say.

import { describe, expect, test } from 'vitest';
import { encodeUtf8 } from '../../../src/base/utf8.js';
import { RecordType } from '../../../src/processor/pipeline-records.js';
import { OpCode } from '../../../src/protocol/op-code.js';
import { PacketType } from '../../../src/zab/quorum-packet.js';
import { entryOf } from '../persistence/txn-entries.js';
import { fromHex } from './hex.js';
import {
  type bytesOf,
  CONFIG_TEXT,
  commit,
  committedZxids,
  entryAt,
  INIT_LIMIT_MS,
  inform,
  LearnerWorld,
  newLeader,
  proposal,
  SYNC_LIMIT_MS,
  UPTODATE,
} from './learner-fixture.js';

describe('following', () => {
  function following(): LearnerWorld {
    const world = new LearnerWorld();
    world.follow();
    world.take();
    return world;
  }

  test('proposal, durable, ACK, COMMIT; all that is durable in one write', () => {
    const world = following();
    world.packets(proposal([1, 1]), proposal([1, 2]), proposal([1, 3]));
    expect(world.take()).toEqual(['log 1:1', 'log 1:2', 'log 1:3']);
    world.writes.length = 0;
    world.durable(1, 3);
    expect(world.take()).toEqual(['> ACK 1:1', '> ACK 1:2', '> ACK 1:3']);
    expect(world.writes).toEqual([3]);
    world.packets(commit([1, 1]), commit([1, 2]));
    expect(world.take()).toEqual(['committed 1:2']);
    world.packets(commit([1, 3]));
    expect(world.take()).toEqual(['committed 1:3']);
  });

  test('a COMMIT may come before the own disk is ready', () => {
    const world = following();
    world.packets(proposal([1, 1]), commit([1, 1]));
    expect(world.take()).toEqual(['log 1:1', 'committed 1:1']);
    world.durable(1, 1);
    expect(world.take()).toEqual(['> ACK 1:1']);
  });

  test('nothing is acknowledged twice', () => {
    const world = following();
    world.packets(proposal([1, 1]));
    world.durable(1, 1);
    world.take();
    world.durable(1, 1);
    expect(world.take()).toEqual([]);
  });

  test('counters are unsigned', () => {
    const half = 0x80000000 | 0;
    const world = new LearnerWorld({ last: [1, 0x7ffffffe] });
    world.follow(1);
    world.take();
    world.packets(proposal([1, 0x7fffffff]), proposal([1, half]), proposal([1, half + 1]));
    expect(world.take()).toEqual(['log 1:2147483647', 'log 1:-2147483648', 'log 1:-2147483647']);
    world.durable(1, half);
    expect(world.take()).toEqual(['> ACK 1:2147483647', '> ACK 1:-2147483648']);
    world.packets(commit([1, 0x7fffffff]), commit([1, half]));
    expect(world.take()).toEqual(['committed 1:-2147483648']);
  });

  test.each([
    ['a hole', [proposal([1, 1]), proposal([1, 3])], 'sent transaction 0x100000003 behind 0x100000001'],
    [
      'a proposal that comes again',
      [proposal([1, 1]), proposal([1, 1])],
      'sent transaction 0x100000001 behind 0x100000001',
    ],
    ['a COMMIT without a proposal', [proposal([1, 1]), commit([1, 1]), commit([1, 2])], 'committed 0x100000002'],
    ['a COMMIT that skips one', [proposal([1, 1]), proposal([1, 2]), commit([1, 2])], 'committed 0x100000002'],
    ['a COMMIT that comes again', [proposal([1, 1]), commit([1, 1]), commit([1, 1])], 'committed 0x100000001'],
  ] as [string, Parameters<typeof bytesOf>, string][])('%s ends the role', (_name, packets, words) => {
    const world = following();
    world.packets(...packets, proposal([1, 4]));
    const happened = world.take();
    expect(happened.at(-1)).toContain(`over: The leader ${words}`);
    expect(happened).not.toContain('log 1:4');
  });

  test('4712: when the role has ended nothing is acknowledged, logged or committed any more', () => {
    const world = following();
    world.packets(proposal([1, 1]), proposal([1, 2]));
    world.hangUp();
    world.take();
    world.durable(1, 2);
    world.done(RecordType.serve);
    world.learner.onPacket(...([PacketType.commit, 1, 1, new Uint8Array(0), 0, -1] as const));
    world.fromPrep(RecordType.request, { op: OpCode.create });
    world.tick(10_000);
    expect(world.take()).toEqual([]);
    expect(world.history.pendingCount).toBe(2);
  });

  test('4409: a socket that is gone while ACKs wait ends the role, once', () => {
    const world = following();
    world.packets(proposal([1, 1]));
    world.take();
    world.learner.onDurable(1, 1);
    world.peer.events.onClose('reset');
    world.turn();
    expect(world.take()).toEqual(['over: Lost the leader: reset']);
  });

  test('a PING is answered with the sessions that were heard of', () => {
    const world = following();
    world.touches = [
      [0x01000012, 0x17950000, 8000],
      [0x01000012, 0x17950001, 4000],
    ];
    world.packets([PacketType.ping, [1, 1]]);
    expect(world.take()).toEqual(['> PING 1:1 [010000121795000000001f40010000121795000100000fa0]']);
    // A leader may ask whether it still leads, many times in a tick: that is no reason to look at all sessions each time.
    world.touches = [[0x01000012, 0x17950000, 8000]];
    world.packets([PacketType.ping, [1, 2]]);
    expect(world.take()).toEqual(['> PING 1:2 []']);
    world.tick(500);
    world.packets([PacketType.ping, [1, 3]]);
    expect(world.take()).toEqual(['> PING 1:3 [010000121795000000001f40]']);
    world.tick(500);
    world.packets([PacketType.ping, [1, 4]]);
    expect(world.take()).toEqual(['> PING 1:4 []']);
  });

  test('a leader that is silent for syncLimit is given up, one that speaks is not', () => {
    const world = following();
    for (let i = 0; i < 5; i++) {
      world.tick(SYNC_LIMIT_MS - 50);
      world.packets([PacketType.ping, [1, 0]]);
    }
    expect(world.take().every((words) => words.startsWith('> PING'))).toBe(true);
    world.tick(SYNC_LIMIT_MS + 50);
    expect(world.take()).toEqual([`over: Lost the leader: the leader said nothing for ${SYNC_LIMIT_MS} ms`]);
  });

  test('while synchronizing the limit is initLimit', () => {
    const world = new LearnerWorld();
    world.discover();
    world.take();
    world.tick(INIT_LIMIT_MS - 50);
    expect(world.take()).toEqual([]);
    world.tick(100);
    expect(world.take()).toEqual([`over: Lost the leader: the leader said nothing for ${INIT_LIMIT_MS} ms`]);
  });

  test('a process that stood still does not blame its leader', () => {
    const world = following();
    world.clock.advance(60_000);
    world.learner.onTick(world.clock.monotonicMs());
    world.turn();
    expect(world.take()).toEqual([]);
    world.tick(SYNC_LIMIT_MS + 50);
    expect(world.take()).toHaveLength(1);
  });

  test('without room in the line the socket waits, and nothing is lost or counted as silence', () => {
    const world = following();
    world.toSync.room = 250;
    world.packets(proposal([1, 1]), proposal([1, 2]), proposal([1, 3]), commit([1, 1]));
    expect(world.take()).toEqual(['log 1:1']);
    expect(world.peer.isPaused).toBe(true);
    world.tick(SYNC_LIMIT_MS * 3);
    expect(world.take()).toEqual([]);
    world.toSync.room = Number.POSITIVE_INFINITY;
    expect(world.take()).toEqual(['log 1:2', 'log 1:3', 'committed 1:1']);
    expect(world.peer.isPaused).toBe(false);
  });

  test('what the leader has committed is taken, however long', () => {
    const world = new LearnerWorld({ partBytesMax: 100 });
    world.follow();
    world.take();
    world.packets([PacketType.proposal, [1, 1], entryAt([1, 1], `/${'x'.repeat(3 << 20)}`)]);
    expect(world.take()).toEqual(['log 1:1']);
  });

  test('a packet that is none ends the role', () => {
    const world = following();
    world.receive(fromHex('00000002 0000000100000001 fffffff0 ffffffff'));
    expect(world.take()).toEqual(['over: Lost the leader: the leader sent a packet with data of length -16']);
  });

  test('what means nothing to a follower is passed over', () => {
    const world = following();
    world.packets(inform([1, 1]), UPTODATE, [99, [0, 0]], [PacketType.sync, [0, 0]]);
    expect(world.take()).toEqual([]);
  });
});

describe('observing', () => {
  function observing(): LearnerWorld {
    const world = new LearnerWorld({ kind: 'observer' });
    world.follow();
    expect(world.take().slice(-4)).toEqual(['serve observer', '> ACK 1:0', 'touched.reset', 'broadcast 1']);
    return world;
  }

  test('INFORM is logged and committed, and never acknowledged', () => {
    const world = observing();
    world.packets(inform([1, 1]), inform([1, 2]));
    expect(world.take()).toEqual(['log 1:1', 'log 1:2', 'committed 1:2']);
    world.durable(1, 2);
    expect(world.take()).toEqual([]);
    expect(committedZxids(world.history)).toEqual(['1:1', '1:2']);
  });

  test('without a log of its own, INFORM is applied as it is, and what brings it up to date is logged as ever', () => {
    const world = new LearnerWorld({ kind: 'observer', isLogging: false });
    world.follow();
    world.take();
    world.packets(inform([1, 1]), inform([1, 2]));
    expect(world.take()).toEqual(['unlogged 1:1', 'unlogged 1:2', 'committed 1:2']);
    const voter = new LearnerWorld({ kind: 'follower', isLogging: false });
    voter.follow();
    voter.take();
    voter.packets(proposal([1, 1]));
    expect(voter.take()).toEqual(['log 1:1']);
  });

  test('PROPOSAL and COMMIT are not for observers; a hole in what is ends the role', () => {
    const world = observing();
    world.packets(proposal([1, 1]), commit([1, 1]));
    expect(world.take()).toEqual([]);
    world.packets(inform([1, 2]));
    expect(world.take()).toEqual(['over: The leader sent transaction 0x100000002 behind 0x0']);
  });

  test('SYNC, PING and REVALIDATE are as for a follower', () => {
    const world = observing();
    world.fromPrep(RecordType.request, { op: OpCode.sync, xid: 3 });
    world.packets(inform([1, 1]), [PacketType.sync, [0, 0]], [PacketType.ping, [1, 1]]);
    expect(world.take()).toEqual([
      'awaiting op 9 xid 3',
      'log 1:1',
      'committed 1:1',
      'synced',
      '> REQUEST -1:-1 [00000000000000000000000300000009]',
      '> PING 1:1 []',
    ]);
  });

  test('without room in the line INFORM waits whole', () => {
    const world = observing();
    world.toSync.room = 0;
    world.packets(inform([1, 1]));
    expect(world.take()).toEqual([]);
    world.toSync.room = Number.POSITIVE_INFINITY;
    expect(world.take()).toEqual(['log 1:1', 'committed 1:1']);
  });
});

describe('reconfiguration', () => {
  const TEXT = `${CONFIG_TEXT.slice(0, -1)}100000001`;

  function reconfigAt(zxid: readonly [number, number]): Uint8Array {
    return entryOf((BigInt(zxid[0]) << 32n) | BigInt(zxid[1]), {
      type: OpCode.reconfig,
      txn: { path: '/zookeeper/config', data: encodeUtf8(TEXT), version: -1 },
    });
  }

  const LEADER_3 = fromHex('0000000000000003');

  test('is seen when it is proposed, and activated when it is committed, behind what was committed before', () => {
    const world = new LearnerWorld();
    world.follow();
    world.take();
    world.packets([PacketType.proposal, [1, 1], reconfigAt([1, 1])]);
    expect(world.take()).toEqual(['seen version 1:1', 'log 1:1']);
    world.packets([PacketType.commitAndActivate, [1, 1], LEADER_3], proposal([1, 2]));
    expect(world.take()).toEqual(['committed 1:1', 'activate version 1:1 leader 3 at 1:1', 'log 1:2']);
  });

  test('that changes role or leader ends the role, after the commit', () => {
    const world = new LearnerWorld({ kind: 'observer' });
    world.follow();
    world.take();
    world.isMajorChange = true;
    const data = Uint8Array.from([...LEADER_3, ...reconfigAt([1, 1])]);
    world.packets([PacketType.informAndActivate, [1, 1], data], inform([1, 2]));
    expect(world.take()).toEqual([
      'seen version 1:1',
      'log 1:1',
      'committed 1:1',
      'activate version 1:1 leader 3 at 1:1',
      'over: The members have changed, and with them the role of this one or the leader',
    ]);
  });

  test('whose members the disk does not take is not logged: who has it leads by these members, too', () => {
    const world = new LearnerWorld();
    world.follow();
    world.take();
    world.failConfigWrite = true;
    world.packets([PacketType.proposal, [1, 1], reconfigAt([1, 1])]);
    expect(world.take()).toEqual(['over: cannot write the configuration: no space left']);
    expect(world.history.lastProposedLo).toBe(0);
  });

  test('2172: between the first packet and UPTODATE', () => {
    const world = new LearnerWorld();
    world.discover();
    world.packets([PacketType.diff, [0, 0]], [PacketType.proposal, [1, 1], reconfigAt([1, 1])]);
    world.packets([PacketType.commitAndActivate, [1, 1], LEADER_3], newLeader(1, TEXT));
    expect(world.take().slice(4)).toEqual([
      'seen version 1:1',
      'log 1:1',
      'committed 1:1',
      'activate version 1:1 leader 3 at 1:1',
      'adopt version 1:1',
    ]);
  });

  test('1324: a change of the leader that NEWLEADER brought ends the role at UPTODATE, not before', () => {
    const world = new LearnerWorld();
    world.isMajorChange = true;
    world.discover();
    world.packets([PacketType.diff, [0, 0]], newLeader(1, TEXT));
    expect(world.take().at(-1)).toBe('> ACK 1:0');
    world.packets(UPTODATE);
    expect(world.take()).toEqual([
      'activate version 1:1 leader null at 1:0',
      'over: The members have changed, and with them the role of this one or the leader',
    ]);
  });

  test('that NEWLEADER tells of, and that is only proposed, waits for its own commit', () => {
    const world = new LearnerWorld();
    world.discover();
    world.packets([PacketType.diff, [0, 0]], [PacketType.proposal, [1, 1], reconfigAt([1, 1])], newLeader(1, TEXT));
    world.durable(1, 1);
    world.take();
    world.packets(UPTODATE);
    expect(world.take()).toEqual(['serve follower', '> ACK 1:0']);
    world.packets([PacketType.commitAndActivate, [1, 1], LEADER_3]);
    expect(world.take()).toEqual(['committed 1:1', 'activate version 1:1 leader 3 at 1:1']);
  });

  test('that was committed as any other transaction, to bring it up to date, does not stand in the way of the next one', () => {
    const world = new LearnerWorld();
    world.discover();
    world.packets([PacketType.diff, [1, 1]], [PacketType.proposal, [1, 1], reconfigAt([1, 1])], commit([1, 1]));
    world.packets(newLeader(1, TEXT));
    world.durable(1, 1);
    world.packets(UPTODATE);
    world.take();
    world.packets([PacketType.proposal, [1, 2], reconfigAt([1, 2])], [PacketType.commitAndActivate, [1, 2], LEADER_3]);
    expect(world.take()).toContain('activate version 1:1 leader 3 at 1:2');
  });

  test('COMMITANDACTIVATE of another transaction ends the role', () => {
    const world = new LearnerWorld();
    world.follow();
    world.packets(proposal([1, 1]), [PacketType.commitAndActivate, [1, 1], LEADER_3]);
    expect(world.take().at(-1)).toBe('over: The leader activated a transaction that is no reconfiguration');
  });
});
