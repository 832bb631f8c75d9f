// Three things that the Zab paper (Junqueira, Reed, Serafini: Zab, 2011) leaves open, and what goes over our wire: with the other
// reading of each of them a follower misses a transaction, or takes one twice.

import { expect, test } from 'vitest';
import { RecordType } from '../../../src/processor/pipeline-records.js';
import { PacketType } from '../../../src/zab/quorum-packet.js';
import { LeaderStage } from './leader-stage.js';
import { commit, committedZxids, LearnerWorld, newLeader, proposal, UPTODATE } from './learner-fixture.js';

test('Zab paper, ambiguity (a): proposals go to everyone who was sent NEWLEADER, not only to who has acknowledged it', () => {
  const stage = new LeaderStage({ log: '1.1..1.3' });
  const second = stage.learner(2, { last: '1.3', auto: true });
  const third = stage.learner(3, { last: '1.3' });
  third.send('ACKEPOCH 1.3 00000001');
  expect([stage.leader.phase, third.take().at(-1)]).toEqual(['broadcast', 'NEWLEADER 2.0 0']);
  second.isSlow = true;
  stage.write(2);
  stage.settle();
  expect(third.take()).toEqual(['PROPOSAL 2.1 [2.1]', 'PROPOSAL 2.2 [2.2]']);
  expect(stage.history.pendingCount).toBe(2);
  // And what it acknowledges of them behind NEWLEADER counts.
  for (const zxid of ['2.0', '2.1', '2.2']) third.send(`ACK ${zxid}`);
  expect(third.take()).toEqual(['UPTODATE -1.4294967295', 'COMMIT 2.1', 'COMMIT 2.2']);
});

test('Zab paper, ambiguity (b): who joins may be sent a proposal twice, in the history and as PROPOSAL: taken once', () => {
  const world = new LearnerWorld({ last: [1, 7] });
  world.discover(2);
  world.take();
  world.packets([PacketType.diff, [1, 8]], proposal([1, 7]), commit([1, 7]));
  world.packets(proposal([1, 8]), commit([1, 8]), proposal([2, 1]));
  expect(world.take()).toEqual(['log 1:8', 'log 2:1', 'committed 1:8']);
  // Once more behind NEWLEADER, what is committed and what is not.
  world.durable(2, 1);
  world.packets(newLeader(2), proposal([1, 8]), commit([1, 8]), proposal([2, 1]), proposal([2, 2]), UPTODATE);
  world.durable(2, 2);
  const happened = world.take();
  expect(happened.filter((words) => words.startsWith('log'))).toEqual(['log 2:2']);
  expect(happened.filter((words) => /ACK [12]:[1-9]/.test(words))).toEqual(['> ACK 2:1', '> ACK 2:2']);
  world.done(RecordType.serve);
  world.packets(commit([2, 1]), commit([2, 2]));
  expect(world.take().filter((words) => words.startsWith('committed'))).toEqual(['committed 2:2']);
  expect(committedZxids(world.history)).toEqual(['1:8', '2:1', '2:2']);
});

// On our wire no packet says "all up to here" at that moment: the ACK is of (epoch, 0), UPTODATE has no zxid, and each transaction
// has its own COMMIT. So these must have come, for everything that the leader has committed by then.
test('Zab paper, ambiguity (c): who is up to date has heard of all that is committed then, not of what it has acknowledged', () => {
  const { stage, learners } = LeaderStage.serving([2], { log: '1.1..1.3' });
  const [second] = learners;
  second.isSlow = true;
  stage.write(3);
  stage.settle();
  second.send('ACK 2.1');
  const third = stage.learner(3, { last: '1.2' });
  third.send('ACKEPOCH 1.2 00000001');
  // It is brought up to 2.1; meanwhile the others go on.
  second.send('ACK 2.2');
  stage.write(1);
  stage.settle();
  second.send('ACK 2.4');
  third.send('ACK 2.0');
  const got = third.take();
  expect(got.at(-1)).toBe('UPTODATE -1.4294967295');
  expect(got.filter((text) => text.startsWith('COMMIT'))).toEqual([
    'COMMIT 1.3',
    'COMMIT 2.1',
    'COMMIT 2.2',
    'COMMIT 2.3',
    'COMMIT 2.4',
  ]);

  // The follower has these applied when it begins to serve, though its own acknowledgement was of (2, 0).
  const world = new LearnerWorld({ last: [1, 2] });
  world.discover(2);
  world.packets([PacketType.diff, [2, 1]], proposal([1, 3]), commit([1, 3]), proposal([2, 1]), commit([2, 1]));
  world.packets(newLeader(2), proposal([2, 2]), commit([2, 2]), proposal([2, 3]), commit([2, 3]), UPTODATE);
  world.take();
  world.durable(2, 1);
  const happened = world.take();
  expect(happened.filter((words) => words.startsWith('committed'))).toEqual(['committed 2:3']);
  expect(happened.indexOf('committed 2:3')).toBeLessThan(happened.indexOf('serve follower'));
});
