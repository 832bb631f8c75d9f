// A leader answers a sync when a quorum has shown, behind the question, that it follows: otherwise another leader may have committed what
// this one does not know. As transcripts of what the leader says, with learners that answer PINGs when the test says so.

import { expect, test } from 'vitest';
import { RecordType, WORD_LEARNER, WORD_OP } from '../../../src/processor/pipeline-records.js';
import { OpCode } from '../../../src/protocol/op-code.js';
import { LeadershipProof } from '../../../src/zab/leadership-proof.js';
import { LeaderStage } from './leader-stage.js';

const syncOf = (stage: LeaderStage, learner: number): void => {
  stage.line(RecordType.pass, { [WORD_LEARNER]: learner, [WORD_OP]: OpCode.sync });
  stage.settle();
};

function silentFollowers(...sids: number[]): ReturnType<typeof LeaderStage.serving> {
  const voters = sids.length > 1 ? [1, ...sids] : [1, 2, 3];
  const lines = voters.map((sid) => `server.${sid}=m${sid}:2888:3888\n`);
  const serving = LeaderStage.serving(sids, { config: `${lines.join('')}version=0` });
  for (const learner of serving.learners) {
    learner.isSilent = true;
    learner.take();
  }
  serving.stage.take();
  return serving;
}

test("a learner's sync waits for an answer to a PING that was sent behind it", () => {
  const { stage, learners } = silentFollowers(2);
  const [second] = learners;
  // Of these two the first one is answered late: it proves nothing about the time of the sync.
  stage.pass(500);
  expect(second.take()).toEqual(['PING 1.0']);
  syncOf(stage, 1);
  expect(second.take()).toEqual(['PING 1.0']);
  second.send('PING 1.0');
  expect(second.take()).toEqual([]);
  second.send('PING 1.0');
  expect(second.take()).toEqual(['SYNC 0.0']);
});

test('nothing that was proposed behind a sync is committed before it is answered', () => {
  const { stage, learners } = silentFollowers(2);
  const [second] = learners;
  stage.write(1);
  syncOf(stage, 1);
  stage.write(1);
  stage.settle();
  // Both are acknowledged at once.
  expect(second.take()).toEqual(['PROPOSAL 1.1 [1.1]', 'PING 1.1', 'COMMIT 1.1', 'PROPOSAL 1.2 [1.2]']);
  second.send('PING 1.1');
  expect(second.take()).toEqual(['SYNC 0.0', 'COMMIT 1.2']);
  expect(stage.take().filter((text) => text.startsWith('commit'))).toEqual([
    'commit committed 1.1',
    'commit proven 0.1',
    'commit committed 1.2',
  ]);
});

test('a quorum has to answer', () => {
  const { stage, learners } = silentFollowers(2, 3, 4, 5);
  const [second, third, fourth] = learners;
  syncOf(stage, 1);
  second.take();
  second.send('PING 1.0');
  expect(second.take()).toEqual([]);
  // Once is enough, and twice is no more than that.
  second.send('PING 1.0');
  expect(second.take()).toEqual([]);
  third.send('PING 1.0');
  expect(second.take()).toEqual(['SYNC 0.0']);
  fourth.send('PING 1.0');
  expect(second.take()).toEqual([]);
});

test('who asks while a round is out is answered by the next one', () => {
  const { stage, learners } = silentFollowers(2);
  const [second] = learners;
  syncOf(stage, 1);
  syncOf(stage, 1);
  syncOf(stage, 1);
  expect(second.take()).toEqual(['PING 1.0']);
  second.send('PING 1.0');
  expect(second.take()).toEqual(['SYNC 0.0', 'PING 1.0']);
  second.send('PING 1.0');
  expect(second.take()).toEqual(['SYNC 0.0', 'SYNC 0.0']);
});

test("a sync of the leader's own client is marked, and its round told to the stage that keeps it back", () => {
  const { stage, learners } = silentFollowers(2);
  stage.line(RecordType.pass, { [WORD_OP]: OpCode.sync });
  stage.settle();
  expect(stage.take()).toEqual(['sync pass 0.1']);
  learners[0].send('PING 1.0');
  expect(stage.take()).toEqual(['commit proven 0.1']);
});

test('a follower that comes while a round is out can prove it by its next PING', () => {
  const { stage, learners } = silentFollowers(2);
  syncOf(stage, 1);
  const third = stage.learner(3, { auto: true, last: '0.0' });
  third.take();
  learners[0].take();
  stage.pass(500);
  expect(learners[0].take()).toContain('SYNC 0.0');
});

test('who is a quorum by itself asks nobody', () => {
  const { stage, learners } = LeaderStage.serving([], { config: 'server.1=m1:2888:3888\nversion=0' });
  stage.settle();
  stage.take();
  stage.line(RecordType.pass, { [WORD_OP]: OpCode.sync });
  stage.settle();
  expect([stage.take(), learners]).toEqual([['sync pass 0.0'], []]);
});

test('rounds: one at a time, the limit is that of whoever waits', () => {
  const proof = new LeadershipProof();
  expect([proof.mayStart, proof.commitLimit]).toEqual([false, Number.POSITIVE_INFINITY]);
  expect([proof.join(7), proof.join(), proof.commitLimit]).toEqual([1, 1, 7]);
  proof.start();
  expect([proof.join(9), proof.mayStart, proof.commitLimit]).toEqual([2, false, 7]);
  proof.prove();
  expect([proof.proven, proof.mayStart, proof.commitLimit]).toEqual([1, true, 9]);
  proof.start();
  proof.prove();
  expect([proof.proven, proof.mayStart, proof.commitLimit]).toEqual([2, false, Number.POSITIVE_INFINITY]);
});
