// A learner that is sent the whole tree: everything it does, in order, for a script of what its leader and its own pipeline say.

import { describe, expect, test } from 'vitest';
import { RecordType } from '../../../src/processor/pipeline-records.js';
import { PacketType } from '../../../src/zab/quorum-packet.js';
import { fromHex, toHex } from './hex.js';
import { bytesOf, commit, committedZxids, LearnerWorld, newLeader, proposal, UPTODATE } from './learner-fixture.js';

const CONFIG_SEEN = 'adopt version 0:0';

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

  test('ZOOKEEPER-4352: what is kept for learners begins behind it, with nothing of the database before', () => {
    const world = new LearnerWorld({ last: [1, 3] });
    world.discover(2);
    world.packets([PacketType.diff, [1, 5]], proposal([1, 4]), commit([1, 4]), proposal([1, 5]), commit([1, 5]));
    expect(committedZxids(world.history)).toEqual(['1:4', '1:5']);
    const next = new LearnerWorld({ last: [1, 5], history: world.history });
    next.discover(2);
    next.receive(streamOf());
    next.done(RecordType.snapEnd);
    const { committedLog } = next.history;
    const { count, minHi, minLo, maxHi, maxLo } = committedLog;
    expect([count, minHi, minLo, maxHi, maxLo]).toEqual([0, 1, 7, 1, 7]);
    next.packets(proposal([1, 8]), commit([1, 8]));
    expect([committedZxids(next.history), committedLog.minLo, committedLog.maxLo]).toEqual([['1:8'], 8, 8]);
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
