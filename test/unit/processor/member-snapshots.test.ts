// Snapshots that the log or an operator asks for, while the database of a member is being replaced by its leader's: what they hold
// then is no database, and none of them may be found by a start.

import { describe, expect, test } from 'vitest';
import { Prng } from '../../../src/base/prng.js';
import { SnapStreamEncoder } from '../../../src/persistence/snap-stream-encoder.js';
import { SnapshotGate } from '../../../src/persistence/snapshot-gate.js';
import { MemberPair } from '../../testing/inline/member-pair.js';
import { ScriptedMember } from '../../testing/inline/scripted-member.js';

const DIRECTORY = '/data/version-2';

/** Two members with the same three transactions; the second one has no role. */
function afterThree(): MemberPair {
  const pair = new MemberPair(
    new ScriptedMember({ sid: 1, prng: new Prng(1) }),
    new ScriptedMember({ sid: 2, prng: new Prng(2) }),
  );
  pair.begin(1);
  pair.run();
  const client = pair.leader.dial();
  client.handshake();
  pair.run();
  for (const path of ['/a', '/b']) client.create(path);
  pair.run();
  pair.end();
  pair.learner.endRole();
  return pair;
}

function streamOf(member: ScriptedMember): Uint8Array[] {
  const encoder = new SnapStreamEncoder(
    member.tree,
    () => {},
    () => {},
  );
  const chunks: Uint8Array[] = [];
  for (let chunk = encoder.next(); chunk !== null; chunk = encoder.next()) if (chunk.length > 0) chunks.push(chunk);
  return chunks;
}

function snapshotFiles(member: ScriptedMember): string[] {
  return member.disk.list(DIRECTORY).filter((name) => name.includes('snapshot'));
}

describe('a member that is sent a database', () => {
  test.each(['while it is being sent', 'before it is durable'])('takes no snapshot %s', async (moment) => {
    const { leader, learner } = afterThree();
    const before = snapshotFiles(learner);
    learner.say((port) => port.snapBegin(7, 9));
    const [chunk, ...chunks] = streamOf(leader);
    learner.say((port) => port.snapChunk(chunk, 0, chunk.length));
    learner.run();
    if (moment === 'before it is durable') {
      for (const next of chunks) learner.say((port) => port.snapChunk(next, 0, next.length));
      learner.say((port) => port.snapEnd());
      learner.run();
      expect(learner.takeDone('snapEnd')).toEqual({ what: 'snapEnd', zxid: (7n << 32n) | 9n, error: 0 });
    }
    await expect(learner.snapshots.take()).rejects.toThrow('it is being replaced by the leader');
    learner.snapshots.onDue();
    expect(snapshotFiles(learner)).toEqual(before);
    // The role ends here: what is on the disk is what there is, and may be written again.
    expect(learner.endRole()).toBe((1n << 32n) | 3n);
    expect((await learner.snapshots.take()).name).toBe('snapshot.100000003');
  });

  test('takes them again when it is durable', async () => {
    const { leader, learner } = afterThree();
    learner.say((port) => port.snapBegin(7, 9));
    for (const chunk of streamOf(leader)) learner.say((port) => port.snapChunk(chunk, 0, chunk.length));
    learner.say((port) => port.snapEnd());
    learner.say((port) => port.snapSave());
    learner.run();
    expect(learner.takeDone('snapSave').error).toBe(0);
    expect(snapshotFiles(learner)).toContain('snapshot.700000009');
    expect((await learner.snapshots.take()).name).toBe('snapshot.700000009');
  });

  test('whose log cannot be cut takes them as before', async () => {
    const { learner } = afterThree();
    learner.say((port) => port.truncate(-1, -1));
    learner.run();
    expect(learner.takeDone('truncate').error).not.toBe(0);
    expect((await learner.snapshots.take()).name).toBe('snapshot.100000003');
  });

  test('and whose log was cut does, from what is left', async () => {
    const { learner } = afterThree();
    learner.say((port) => port.truncate(1, 2));
    learner.run();
    expect(learner.takeDone('truncate').error).toBe(0);
    expect((await learner.snapshots.take()).name).toBe('snapshot.100000002');
  });
});

test('a leader takes one before it has made any transaction, and one that was such a leader does', async () => {
  const pair = afterThree();
  const { leader } = pair;
  leader.endRole();
  pair.begin(2);
  pair.run();
  expect((await leader.snapshots.take()).name).toBe('snapshot.200000000');
  pair.end();
  leader.endRole();
  pair.learner.endRole();
  pair.begin(3);
  pair.run();
  leader.endRole();
  expect((await leader.snapshots.take()).name).toBe('snapshot.300000000');
});

describe('the gate', () => {
  test('lets an action pass or not, as a whole', () => {
    const gate = new SnapshotGate(new SharedArrayBuffer(SnapshotGate.byteLength()));
    const passed: string[] = [];
    expect(gate.pass(() => passed.push('open'))).toBe(true);
    gate.shut();
    expect(gate.isShut).toBe(true);
    expect(gate.pass(() => passed.push('shut'))).toBe(false);
    gate.open();
    expect(() =>
      gate.pass(() => {
        throw new Error('EIO');
      }),
    ).toThrow('EIO');
    expect(gate.pass(() => passed.push('again'))).toBe(true);
    expect(passed).toEqual(['open', 'again']);
  });
});

describe('an observer without a log', () => {
  test('is what it was when its role is over, and what it held meanwhile is in no snapshot', async () => {
    const pair = new MemberPair(
      new ScriptedMember({ sid: 1, prng: new Prng(1) }),
      new ScriptedMember({ sid: 2, prng: new Prng(2) }),
    );
    const { leader, learner } = pair;
    pair.begin(1);
    pair.run();
    const client = leader.dial();
    client.handshake();
    client.create('/a');
    pair.run();
    pair.learnerLogs = false;
    for (const path of ['/b', '/c']) client.create(path);
    pair.run();
    expect(learner.zxid).toBe((1n << 32n) | 4n);
    expect(snapshotFiles(learner)).toEqual(['snapshot.0']);
    await expect(learner.snapshots.take()).rejects.toThrow('an observer without a log');
    pair.end();
    expect(learner.endRole()).toBe((1n << 32n) | 2n);
    expect((await learner.snapshots.take()).name).toBe('snapshot.100000002');
    leader.endRole();
    const next = new MemberPair(leader, learner, pair);
    next.begin(2);
    next.run();
    const [ofLeader, ofLearner] = [leader, learner].map(({ tree }) => tree.nodeCount());
    expect(ofLearner).toBe(ofLeader);
    next.end();
    expect(learner.endRole()).toBe((1n << 32n) | 4n);
  });
});
