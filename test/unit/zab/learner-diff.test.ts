// A learner that is brought up to date by what it misses, or by cutting off what it has too much: everything it does, in order, for a
// script of what its leader and its own disk say.

import { describe, expect, test } from 'vitest';
import { RecordType } from '../../../src/processor/pipeline-records.js';
import { PacketType } from '../../../src/zab/quorum-packet.js';
import {
  bytesOf,
  commit,
  committedZxids,
  inform,
  LearnerWorld,
  leaderInfo,
  newLeader,
  proposal,
  UPTODATE,
} from './learner-fixture.js';

const FOLLOWERINFO = '> FOLLOWERINFO 0:0 [0000000000000001000100000000000000000000]';
const CONFIG_SEEN = 'adopt version 0:0';
const CONFIG_ACTIVATED = 'activate version 0:0 leader null at 1:0';

describe('DIFF', () => {
  test('an empty one: the whole conversation of a first start', () => {
    const world = new LearnerWorld();
    world.discover();
    world.packets([PacketType.diff, [0, 0]], newLeader(1));
    expect(world.take()).toEqual([
      'connect',
      FOLLOWERINFO,
      'accepted 1',
      '> ACKEPOCH 0:0 [00000000]',
      CONFIG_SEEN,
      'current 1',
      'synchronized 1 at 0:0',
      '> ACK 1:0',
    ]);
    world.packets(UPTODATE);
    expect(world.take()).toEqual([CONFIG_ACTIVATED, 'serve follower', '> ACK 1:0']);
    world.done(RecordType.serve);
    expect(world.take()).toEqual(['touched.reset', 'broadcast 1']);
  });

  test('3911, 4646, 4643, 4785: data durable, then the epoch, then the acknowledgement', () => {
    const world = new LearnerWorld({ last: [1, 7] });
    world.discover(2);
    world.take();
    world.packets([PacketType.diff, [1, 9]], proposal([1, 8]), commit([1, 8]), proposal([1, 9]), commit([1, 9]));
    expect(world.take()).toEqual(['log 1:8', 'log 1:9', 'committed 1:9']);
    world.packets(newLeader(2), UPTODATE);
    expect(world.take()).toEqual([CONFIG_SEEN]);
    world.durable(1, 8);
    expect(world.take()).toEqual([]);
    world.durable(1, 9);
    expect(world.take()).toEqual([
      'current 2',
      'synchronized 2 at 1:9',
      'activate version 0:0 leader null at 2:0',
      'serve follower',
      '> ACK 2:0',
      '> ACK 2:0',
    ]);
  });

  test('4643: an epoch that cannot be written is not acknowledged', () => {
    const world = new LearnerWorld();
    world.failEpochWrite = 'current';
    world.discover();
    world.packets([PacketType.diff, [0, 0]], newLeader(1));
    expect(world.take().at(-1)).toBe('over: cannot write the current epoch: no space left');
    expect(world.current).toBe(0);
    expect(world.take()).toEqual([]);
  });

  test('a sync mark that cannot be set is not acknowledged', () => {
    const world = new LearnerWorld();
    world.failSynchronized = true;
    world.discover();
    world.packets([PacketType.diff, [0, 0]], newLeader(1));
    expect(world.take().slice(-2)).toEqual(['current 1', 'over: cannot finish the synchronization: no space left']);
  });

  test('4685: no transaction is acknowledged before NEWLEADER is, and none that was committed before', () => {
    const world = new LearnerWorld({ last: [1, 7] });
    world.discover(2);
    world.packets([PacketType.diff, [1, 9]], proposal([1, 8]), commit([1, 8]), proposal([2, 1]));
    world.take();
    world.durable(2, 1);
    expect(world.take()).toEqual([]);
    world.packets(newLeader(2));
    expect(world.take()).toEqual([CONFIG_SEEN, 'current 2', 'synchronized 2 at 1:8', '> ACK 2:0', '> ACK 2:1']);
  });

  test('4394, 3023: a COMMIT between NEWLEADER and UPTODATE for a proposal from before NEWLEADER', () => {
    const world = new LearnerWorld();
    world.discover();
    world.packets(
      [PacketType.diff, [0, 0]],
      proposal([1, 1]),
      newLeader(1),
      commit([1, 1]),
      proposal([1, 2]),
      UPTODATE,
    );
    world.take();
    world.durable(1, 1);
    expect(world.take()).toEqual([
      'current 1',
      'synchronized 1 at 0:0',
      'log 1:2',
      'committed 1:1',
      CONFIG_ACTIVATED,
      'serve follower',
      '> ACK 1:0',
      '> ACK 1:0',
      '> ACK 1:1',
    ]);
    world.durable(1, 2);
    expect(world.take()).toEqual(['> ACK 1:2']);
    world.packets(commit([1, 2]));
    expect(world.take()).toEqual(['committed 1:2']);
  });

  test('4925: what comes by DIFF enters the committed log', () => {
    const world = new LearnerWorld({ last: [1, 7] });
    world.discover(2);
    world.packets([PacketType.diff, [1, 9]], proposal([1, 8]), commit([1, 8]), proposal([1, 9]), commit([1, 9]));
    expect(committedZxids(world.history)).toEqual(['1:8', '1:9']);
  });

  test('what is here already is dropped, with its commit', () => {
    const world = new LearnerWorld({ last: [1, 7] });
    world.discover(2);
    world.take();
    world.packets([PacketType.diff, [1, 8]], proposal([1, 6]), commit([1, 6]), proposal([1, 7]), commit([1, 7]));
    world.packets(proposal([1, 8]), commit([1, 8]), proposal([1, 8]), commit([1, 8]));
    expect(world.take()).toEqual(['log 1:8', 'committed 1:8']);
  });

  test.each([
    ['4925: a hole in an epoch', proposal([1, 9]), 'sent transaction 0x100000009 behind 0x100000007'],
    ['an epoch that does not begin with 1', proposal([2, 2]), 'sent transaction 0x200000002 behind 0x100000007'],
    [
      'a COMMIT of what was never proposed',
      commit([1, 8]),
      'committed 0x100000008, which is not what waits for it here',
    ],
    ['a second DIFF', [PacketType.diff, [1, 7]], 'sent DIFF in the middle of a synchronization'],
    ['UPTODATE before NEWLEADER', UPTODATE, 'sent UPTODATE before NEWLEADER'],
    ['NEWLEADER of another epoch', newLeader(3), 'of epoch 2 sent NEWLEADER of epoch 3 in step receiving'],
    ['a configuration that is none', newLeader(2, 'server.x=1'), 'sent a configuration that is none'],
    [
      'a transaction that is cut',
      [PacketType.proposal, [1, 8], new Uint8Array(20)],
      '0x100000008 is none that this server',
    ],
    [
      'a transaction under another zxid',
      [PacketType.proposal, [1, 8], proposal([1, 9])[2]],
      'sent transaction 0x100000009 as',
    ],
  ] as [string, Parameters<LearnerWorld['packets']>[0], string][])('%s ends the role', (_name, packet, words) => {
    const world = new LearnerWorld({ last: [1, 7] });
    world.discover(2);
    world.packets([PacketType.diff, [1, 9]]);
    world.take();
    world.packets(packet, proposal([1, 8]), commit([1, 8]));
    const happened = world.take();
    expect(happened).toHaveLength(1);
    expect(happened[0]).toContain(words);
    expect(world.peer.isDestroyed).toBe(true);
  });

  test('a COMMIT that skips the oldest proposal ends the role', () => {
    const world = new LearnerWorld({ last: [1, 7] });
    world.discover(2);
    world.packets([PacketType.diff, [1, 9]], proposal([1, 8]), proposal([1, 9]));
    world.take();
    world.packets(commit([1, 9]));
    expect(world.take()).toEqual(['over: The leader committed 0x100000009, which is not what waits for it here']);
  });

  test('INFORM before NEWLEADER is proposal and commit in one; PINGs are not answered', () => {
    const world = new LearnerWorld({ last: [1, 7], kind: 'observer' });
    world.discover(2);
    world.take();
    world.packets([PacketType.diff, [1, 8]], [PacketType.ping, [1, 8]], inform([1, 8]), [PacketType.ping, [1, 8]]);
    expect(world.take()).toEqual(['log 1:8', 'committed 1:8']);
  });

  test('962, 2355: when the leader goes in the middle, what was logged is in the history, and nothing is acknowledged', () => {
    const world = new LearnerWorld({ last: [1, 7] });
    world.discover(2);
    world.packets([PacketType.diff, [1, 9]], proposal([1, 8]), commit([1, 8]), proposal([1, 9]));
    world.take();
    world.hangUp();
    expect(world.take()).toEqual(['over: Lost the leader: closed by the peer']);
    world.durable(1, 9);
    expect(world.take()).toEqual([]);
    const { history } = world;
    expect([history.lastCommittedHi, history.lastCommittedLo, history.pendingCount]).toEqual([1, 8, 1]);
  });

  test('the whole conversation, cut at any byte', () => {
    const script = bytesOf(
      leaderInfo(2),
      [PacketType.diff, [1, 9]],
      proposal([1, 8]),
      commit([1, 8]),
      proposal([1, 9]),
      newLeader(2),
      commit([1, 9]),
      UPTODATE,
      proposal([2, 1]),
      commit([2, 1]),
    );
    // How many packets share a write, or a record says what is committed, depends on the cut; their order does not.
    const run = (cut: number): { packets: string[]; effects: string[] } => {
      const world = new LearnerWorld({ last: [1, 7] });
      world.connect();
      world.receive(script.slice(0, cut));
      world.receive(script.slice(cut));
      world.durable(1, 9);
      world.done(RecordType.serve);
      world.durable(2, 1);
      const happened = world.take().filter((words) => !words.startsWith('committed'));
      return {
        packets: happened.filter((words) => words.startsWith('>')),
        effects: happened.filter((words) => !words.startsWith('>')),
      };
    };
    const whole = run(0);
    expect(whole.packets.slice(1)).toEqual([
      '> ACKEPOCH 1:7 [00000001]',
      '> ACK 2:0',
      '> ACK 2:0',
      '> ACK 1:9',
      '> ACK 2:1',
    ]);
    for (let cut = 1; cut < script.length; cut++) expect(run(cut)).toEqual(whole);
  });
});

describe('TRUNC', () => {
  function truncated(): LearnerWorld {
    const world = new LearnerWorld({ last: [1, 9] });
    world.discover(2);
    world.take();
    world.packets([PacketType.trunc, [1, 7]], proposal([1, 8]), commit([1, 8]), newLeader(2));
    expect(world.take()).toEqual(['truncate 1:7']);
    return world;
  }

  test('1154: log and tree go back first; what follows waits for it', () => {
    const world = truncated();
    world.done(RecordType.truncate, [1, 7]);
    expect(world.take()).toEqual(['log 1:8', CONFIG_SEEN, 'committed 1:8']);
  });

  test('what is logged behind it must be durable, like after a DIFF', () => {
    const world = truncated();
    world.done(RecordType.truncate, [1, 7]);
    world.take();
    world.durable(1, 8);
    expect(world.take()).toEqual(['current 2', 'synchronized 2 at 1:8', '> ACK 2:0']);
    expect(committedZxids(world.history)).toEqual(['1:8']);
  });

  test('a TRUNC with nothing behind it is durable when it is done', () => {
    const world = new LearnerWorld({ last: [1, 9] });
    world.discover(2);
    world.packets([PacketType.trunc, [1, 7]], newLeader(2));
    world.take();
    world.done(RecordType.truncate, [1, 7]);
    expect(world.take()).toEqual([CONFIG_SEEN, 'current 2', 'synchronized 2 at 1:7', '> ACK 2:0']);
    expect([world.history.lastProposedHi, world.history.lastProposedLo]).toEqual([1, 7]);
  });

  test('ZOOKEEPER-5094: what follows it is logged as well, so that no tree is ahead of its log when the leader goes', () => {
    const world = truncated();
    world.done(RecordType.truncate, [1, 7]);
    world.hangUp();
    const happened = world.take();
    expect(happened.filter((words) => / 1:8/.test(words))).toEqual(['log 1:8', 'committed 1:8']);
    expect(happened.filter((words) => /^>|^current|^unlogged/.test(words))).toEqual([]);
    expect([world.history.lastProposedHi, world.history.lastProposedLo]).toEqual([1, 8]);
  });

  const broken: [string, [number, number], number][] = [
    ['cannot be done', [1, 9], -1],
    ['leaves less than the leader believes', [1, 5], 0],
  ];
  test.each(broken)('ZOOKEEPER-5094: one that %s asks the next leader for a snapshot', (_name, zxid, error) => {
    const world = truncated();
    world.done(RecordType.truncate, zxid, error);
    const happened = world.take();
    expect(happened[0]).toBe('needs a snapshot');
    expect(happened[1]).toMatch(/^over: The log cannot be cut back to 0x100000007/);
    expect(happened).toHaveLength(2);
  });
});
