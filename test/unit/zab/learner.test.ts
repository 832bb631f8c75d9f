// A learner from its first attempt to connect to broadcast: everything it does, in order, for a script of what its leader
// and its own pipeline say.

import assert from 'node:assert';
import { describe, expect, test } from 'vitest';
import { encodeUtf8 } from '../../../src/base/utf8.js';
import { InternalOp, RecordType, WORD_SESSION_LO, WORD_XID } from '../../../src/processor/pipeline-records.js';
import { OpCode } from '../../../src/protocol/op-code.js';
import { PacketType } from '../../../src/zab/quorum-packet.js';
import { entryOf } from '../persistence/txn-entries.js';
import { fromHex, toHex } from './hex.js';
import {
  bytesOf,
  CONFIG_TEXT,
  commit,
  committedZxids,
  entryAt,
  INIT_LIMIT_MS,
  inform,
  LearnerWorld,
  leaderInfo,
  newLeader,
  proposal,
  SYNC_LIMIT_MS,
  UPTODATE,
} from './learner-fixture.js';

const FOLLOWERINFO = '> FOLLOWERINFO 0:0 [0000000000000001000100000000000000000000]';
const CONFIG_SEEN = 'seen version 0:0';
const CONFIG_ACTIVATED = 'activate version 0:0 leader null at 1:0';

describe('connecting', () => {
  test('to the leader of the committed configuration', () => {
    const world = new LearnerWorld();
    expect(world.take()).toEqual(['connect']);
    expect(world.addresses).toEqual([[{ host: 'host2', port: 2888 }]]);
    world.connect();
    expect(world.take()).toEqual([FOLLOWERINFO]);
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

  test('an observer whose masters do not answer at all has time left for its leader', () => {
    const world = new LearnerWorld({
      kind: 'observer',
      observerMaster: {
        port: 4000,
        listenOnAllIps: false,
        snapSyncsMax: 1,
        diffSyncsMax: 1,
        reconnectMsMax: 0,
        sources: { isSnapForced: false, openDisk: () => null, newSnapStream: () => assert.fail() },
        chance: () => 0,
      },
    });
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

  test.each([
    ['cannot be done', [1, 9], -1],
    ['leaves less than the leader believes', [1, 5], 0],
  ] as [string, [number, number], number][])(
    '5094: one that %s asks the next leader for a snapshot',
    (_name, zxid, error) => {
      const world = truncated();
      world.done(RecordType.truncate, zxid, error);
      const happened = world.take();
      expect(happened[0]).toBe('needs a snapshot');
      expect(happened[1]).toMatch(/^over: The log cannot be cut back to 0x100000007/);
      expect(happened).toHaveLength(2);
    },
  );
});

describe('SNAP', () => {
  // 13.3, shortened to the root and one node: 1 session, 1 ACL, "", /a, "/", signature.
  const STAT = '00'.repeat(68);
  const STREAM = fromHex(`
    00000001 0100001217950000 00001f40
    00000001 0000000000000001 00000001 00000001 00000005 776f726c64 00000006 616e796f6e65
    00000000 ffffffff ${STAT}
    00000002 2f61 00000006 776f726c6421 ${STAT}
    00000001 2f
    0000000a 42656e57617348657265`);
  const SNAP = bytesOf([PacketType.snap, [1, 7]]);

  function streamOf(...behind: Parameters<typeof bytesOf>): Uint8Array {
    return Uint8Array.from([...SNAP, ...STREAM, ...bytesOf(...behind)]);
  }

  function loading(...behind: Parameters<typeof bytesOf>): LearnerWorld {
    const world = new LearnerWorld({ last: [0, 0] });
    world.discover(2);
    world.take();
    world.receive(streamOf(...behind));
    return world;
  }

  test('the stream goes down as it is, and nothing behind it before it is loaded', () => {
    const world = loading(proposal([1, 8]));
    expect(world.take()).toEqual(['snapBegin 1:7', `snapChunk ${toHex(STREAM)}`, 'snapEnd']);
    expect(world.peer.isPaused).toBe(true);
    world.done(RecordType.snapEnd);
    expect(world.peer.isPaused).toBe(false);
  });

  test('2172, 3104: committed transactions are applied without the log, then the snapshot is made durable', () => {
    const world = loading(proposal([1, 8]), commit([1, 8]), proposal([2, 1]), commit([2, 1]), newLeader(2), UPTODATE);
    world.take();
    world.done(RecordType.snapEnd);
    expect(world.take()).toEqual(['unlogged 1:8', 'unlogged 2:1', CONFIG_SEEN, 'committed 2:1', 'snapSave']);
    world.done(RecordType.snapSave, [2, 1]);
    expect(world.take()).toEqual([
      'current 2',
      'synchronized 2 at 2:1',
      'activate version 0:0 leader null at 2:0',
      'serve follower',
      '> ACK 2:0',
      '> ACK 2:0',
    ]);
    expect(committedZxids(world.history)).toEqual(['1:8', '2:1']);
  });

  test('2872, 3642: what is not committed goes to the log only when the snapshot is durable', () => {
    const world = loading(
      proposal([2, 1]),
      commit([2, 1]),
      proposal([2, 2]),
      proposal([2, 3]),
      newLeader(2),
      commit([2, 2]),
    );
    world.take();
    world.done(RecordType.snapEnd);
    expect(world.take()).toEqual(['unlogged 2:1', CONFIG_SEEN, 'committed 2:1', 'snapSave']);
    world.done(RecordType.snapSave, [2, 1]);
    expect(world.take()).toEqual([
      'current 2',
      'synchronized 2 at 2:1',
      'log 2:2',
      'log 2:3',
      'committed 2:2',
      '> ACK 2:0',
    ]);
    world.durable(2, 3);
    expect(world.take()).toEqual(['> ACK 2:2', '> ACK 2:3']);
  });

  test('what is kept back outlives the memory in which the socket gave it', () => {
    const world = loading();
    world.done(RecordType.snapEnd);
    world.take();
    world.packets(proposal([2, 1]), proposal([2, 2]));
    world.packets(commit([2, 1]));
    expect(world.take()).toEqual(['unlogged 2:1', 'committed 2:1']);
    world.packets(newLeader(2));
    world.done(RecordType.snapSave);
    expect(world.take()).toContain('log 2:2');
    expect(committedZxids(world.history)).toEqual(['2:1']);
  });

  test('a COMMIT that skips what is kept back ends the role', () => {
    const world = loading(proposal([2, 1]), proposal([2, 2]), commit([2, 2]));
    world.take();
    world.done(RecordType.snapEnd);
    expect(world.take()).toEqual(['over: The leader committed 0x200000002, which is not what waits for it here']);
  });

  test.each([
    ['is no database', RecordType.snapEnd],
    ['could not be made durable', RecordType.snapSave],
  ])('one that %s ends the role', (words, type) => {
    const world = loading(newLeader(2));
    if (type === RecordType.snapSave) world.done(RecordType.snapEnd);
    world.take();
    world.done(type, [0, 0], -1);
    expect(world.take()).toEqual([`over: The leader's snapshot ${words} (error -1)`]);
    expect(world.current).toBe(0);
  });

  test('a member that needs one takes it, and is as any other then', () => {
    const world = new LearnerWorld({ last: [1, 7], needsSnapshot: true, isUncounted: true });
    world.discover(2);
    world.receive(streamOf(newLeader(2)));
    world.done(RecordType.snapEnd);
    world.take();
    world.done(RecordType.snapSave);
    expect(world.take()).toEqual(['current 2', 'synchronized 2 at 1:7', '> ACK 2:0']);
  });

  test('the whole conversation, cut at any byte, and in pieces as the line has room', () => {
    const script = streamOf(proposal([2, 1]), commit([2, 1]), newLeader(2), UPTODATE);
    const run = (cut: number, room: number): string[] => {
      const world = new LearnerWorld();
      world.discover(2);
      world.take();
      world.toSync.room = room;
      world.receive(script.slice(0, cut));
      world.receive(script.slice(cut));
      expect(world.toSync.refusals > 0).toBe(world.peer.isPaused && room < 10_000);
      world.toSync.room = Number.POSITIVE_INFINITY;
      world.turn();
      world.done(RecordType.snapEnd);
      world.done(RecordType.snapSave);
      const happened = world.take();
      const chunks = happened.filter((words) => words.startsWith('snapChunk')).map((words) => words.split(' ')[1]);
      expect(chunks.join('')).toBe(toHex(STREAM));
      return happened.filter((words) => !words.startsWith('snapChunk'));
    };
    const whole = run(0, Number.POSITIVE_INFINITY);
    expect(whole.at(-1)).toBe('> ACK 2:0');
    for (let cut = 1; cut < script.length; cut++) {
      expect(run(cut, Number.POSITIVE_INFINITY)).toEqual(whole);
      expect(run(cut, 100)).toEqual(whole);
    }
  });

  test.each([
    ['a count below 0', 'ffffffff', 'has a count of -1'],
    ['a length below -1', '00000000 00000000 fffffff0', 'has a length of -16'],
    ['another end', `00000000 00000000 00000001 2f 0000000a ${'41'.repeat(10)}`, 'does not end with BenWasHere'],
  ])('a stream with %s ends the role', (_name, hex, words) => {
    const world = new LearnerWorld();
    world.discover(2);
    world.take();
    world.receive(Uint8Array.from([...SNAP, ...fromHex(hex)]));
    const happened = world.take();
    expect(happened.at(-1)).toBe(`over: The leader's snapshot ${words}`);
    expect(happened).not.toContain('snapEnd');
  });

  test('1319, 1549: nothing of a stream that ends in the middle is taken for a database', () => {
    const world = new LearnerWorld({ last: [1, 3] });
    world.discover(2);
    world.receive(streamOf().slice(0, 100));
    world.take();
    world.hangUp();
    world.done(RecordType.snapEnd);
    expect(world.take()).toEqual(['over: Lost the leader: closed by the peer']);
    expect([world.history.lastProposedHi, world.history.lastProposedLo]).toEqual([1, 3]);
  });
});

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

describe('requests of its own clients', () => {
  const IDS = fromHex('00000001 00000002 6970 00000009 3132372e302e302e31');

  function following(): LearnerWorld {
    const world = new LearnerWorld();
    world.follow();
    world.take();
    world.writes.length = 0;
    return world;
  }

  test('go to the leader as they are; their place is taken before', () => {
    const world = following();
    const session: [number, number] = [0x01000012, 0x17950000];
    const body = fromHex(
      '00000002 2f61 00000005 68656c6c6f 00000001 0000001f 00000005 776f726c64 00000006 616e796f6e65 00000000',
    );
    world.fromPrep(RecordType.request, { op: OpCode.createSession, session, ids: IDS, body: fromHex('00001f40') });
    world.fromPrep(RecordType.request, { op: OpCode.create, xid: 1, session, ids: IDS, body });
    world.fromPrep(RecordType.request, { op: OpCode.closeSession, xid: 2, session, ids: IDS });
    expect(world.take()).toEqual([
      'awaiting op -10 xid 0',
      'awaiting op 1 xid 1',
      'awaiting op -11 xid 2',
      '> REQUEST -1:-1 [010000121795000000000000fffffff600001f40]',
      `> REQUEST -1:-1 [01000012179500000000000100000001${toHex(body)}] ids ${toHex(IDS)}`,
      `> REQUEST -1:-1 [010000121795000000000002fffffff5] ids ${toHex(IDS)}`,
    ]);
    expect(world.writes).toEqual([3]);
  });

  test('a sync is answered behind what was committed before', () => {
    const world = following();
    world.fromPrep(RecordType.request, { op: OpCode.sync, xid: 3, body: fromHex('00000002 2f61') });
    expect(world.take()).toEqual([
      'awaiting op 9 xid 3',
      '> REQUEST -1:-1 [00000000000000000000000300000009000000022f61]',
    ]);
    world.packets(proposal([1, 1]), commit([1, 1]), [PacketType.sync, [0, 0]], proposal([1, 2]), commit([1, 2]));
    expect(world.take()).toEqual(['log 1:1', 'committed 1:1', 'synced', 'log 1:2', 'committed 1:2']);
  });

  test('what only keeps its place goes to the commit stage', () => {
    const world = following();
    world.fromPrep(RecordType.pass, { op: OpCode.getData, xid: 4 });
    world.fromPrep(RecordType.echo, { op: 0, xid: 5 });
    expect(world.take()).toEqual(['local pass op 4 error 0', 'local echo op 0 error 0']);
  });

  test('re-opened sessions wait for the word of the leader, by their ids', () => {
    const world = following();
    for (const lo of [1, 2, 3]) {
      world.fromPrep(RecordType.request, {
        op: InternalOp.reopenSession,
        session: [0x01000012, lo],
        ids: IDS,
        body: fromHex('00001f40'),
      });
    }
    expect(world.take()).toEqual([1, 2, 3].map((lo) => `> REVALIDATE -1:-1 [010000120000000${lo}00001f40]`));
    const reply = (lo: number, isValid: number): [number, [number, number], Uint8Array] => [
      PacketType.revalidate,
      [-1, -1],
      Uint8Array.of(1, 0, 0, 0x12, 0, 0, 0, lo, isValid),
    ];
    world.packets(reply(2, 1), reply(1, 0), reply(9, 1), reply(3, 1));
    expect(world.take()).toEqual(
      [0, -112, 0].map((error) => `local pass op ${InternalOp.reopenSession} error ${error}`),
    );
    expect(world.locals.map(({ words }) => words[WORD_SESSION_LO])).toEqual([2, 1, 3]);
    expect(toHex(world.locals[0].bytes.subarray(64, 64 + IDS.length + 4))).toBe(`${toHex(IDS)}00001f40`);
  });

  test("the same session twice: the first word is the first one's", () => {
    const world = following();
    for (const xid of [1, 2]) {
      world.fromPrep(RecordType.request, {
        op: InternalOp.reopenSession,
        xid,
        session: [0, 5],
        body: fromHex('00001f40'),
      });
    }
    const reply = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 5, 1);
    world.packets([PacketType.revalidate, [-1, -1], reply], [PacketType.revalidate, [-1, -1], reply]);
    expect(world.locals.map(({ words }) => words[WORD_XID])).toEqual([1, 2]);
  });

  test('a REVALIDATE that is cut ends the role', () => {
    const world = following();
    world.packets([PacketType.revalidate, [-1, -1], new Uint8Array(8)]);
    expect(world.take()).toEqual(['over: The leader sent a REVALIDATE of 8 bytes']);
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
    expect(world.take()).toEqual(['log 1:1', 'seen version 1:1']);
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
      'log 1:1',
      'seen version 1:1',
      'committed 1:1',
      'activate version 1:1 leader 3 at 1:1',
      'over: The members have changed, and with them the role of this one or the leader',
    ]);
  });

  test('2172: between the first packet and UPTODATE', () => {
    const world = new LearnerWorld();
    world.discover();
    world.packets([PacketType.diff, [0, 0]], [PacketType.proposal, [1, 1], reconfigAt([1, 1])]);
    world.packets([PacketType.commitAndActivate, [1, 1], LEADER_3], newLeader(1, TEXT));
    expect(world.take().slice(4)).toEqual([
      'log 1:1',
      'seen version 1:1',
      'committed 1:1',
      'activate version 1:1 leader 3 at 1:1',
      'seen version 1:1',
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
