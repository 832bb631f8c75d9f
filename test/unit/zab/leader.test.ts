// Leader as transcripts: what learners send, and all that the leader writes to them, to its own pipeline and to its disk.

import { describe, expect, test } from 'vitest';
import { encodeUtf8 } from '../../../src/base/utf8.js';
import {
  InternalOp,
  RecordType,
  WORD_ERROR,
  WORD_LEARNER,
  WORD_OP,
  WORD_SESSION_HI,
  WORD_SESSION_LO,
} from '../../../src/processor/pipeline-records.js';
import { OpCode } from '../../../src/protocol/op-code.js';
import { fromHex, toHex } from './hex.js';
import { configText } from './leader-fakes.js';
import { LeaderStage } from './leader-stage.js';

function hexOf(groups: string): string {
  return toHex(fromHex(groups));
}

const CFG3 =
  'server.1=127.0.0.1:31281:31381:participant\n' +
  'server.2=127.0.0.1:31282:31382:participant\n' +
  'server.3=127.0.0.1:31283:31383:participant\n' +
  'version=0';

describe('golden bytes', () => {
  test('13.2: discovery and an empty DIFF', () => {
    const stage = new LeaderStage({ config: CFG3, myId: 2 });
    const follower = stage.learner(1, { isSilent: true });
    follower.sendHex('0000000b 0000000000000000 00000014 0000000000000001 00010000 0000000000000000 ffffffff');
    expect(follower.takeHex()).toBe(hexOf('00000011 0000000100000000 00000004 00010000 ffffffff'));
    follower.sendHex('00000012 0000000000000000 00000004 00000000 ffffffff');
    expect(follower.takeHex()).toBe(
      hexOf('0000000d 0000000000000000 ffffffff ffffffff 0000000a 0000000100000000 0000008a') +
        toHex(encodeUtf8(CFG3)) +
        'ffffffff',
    );
    follower.sendHex('00000003 0000000100000000 ffffffff ffffffff');
    expect(follower.takeHex()).toBe(hexOf('0000000c ffffffffffffffff ffffffff ffffffff'));
    follower.sendHex('00000003 0000000100000000 ffffffff ffffffff');
    expect([follower.takeHex(), follower.closed, stage.over]).toEqual(['', '', '']);
    expect(stage.take()).toEqual(['acceptedEpoch 1', 'currentEpoch 1', 'sync serve 1 1.0', 'broadcast 1']);
  });

  test('13.4, 13.5: REQUEST, PROPOSAL, ACK, COMMIT, INFORM, SYNC, PING, REVALIDATE', () => {
    const body = hexOf(
      '0100001217950000 00000000 0000000100000001 000001a2011a0266 fffffff6 00001f40 00000002 0000000051c6d660',
    );
    const { stage, learners } = LeaderStage.serving([2], { config: configText(3, [4]) });
    const [follower] = learners;
    const observer = stage.learner(4, { observer: true, auto: true });
    follower.isSlow = true;
    follower.takeHex();
    observer.takeHex();
    stage.isDiskFast = false;

    follower.sendHex('00000001 ffffffffffffffff 00000014 0100001217950000 00000000 fffffff6 00001f40 ffffffff');
    expect(stage.take()).toEqual([
      'prep request link 1 shard -1 createSession cxid 0 session 100001217950000 ids ffffffff body 00001f40',
    ]);
    stage.write(1, OpCode.createSession, () => fromHex(body));
    stage.settle();
    const proposal = `${hexOf('00000002 0000000100000001 00000030') + body}ffffffff`;
    expect(follower.takeHex()).toBe(proposal);
    expect(observer.takeHex()).toBe('');
    follower.sendHex('00000003 0000000100000001 ffffffff ffffffff');
    expect(follower.takeHex()).toBe('');
    stage.durable('1.1');
    expect(follower.takeHex()).toBe(hexOf('00000004 0000000100000001 ffffffff ffffffff'));
    expect(observer.takeHex()).toBe(`${hexOf('00000008 0000000100000001 00000030') + body}ffffffff`);

    stage.line(RecordType.pass, { [WORD_LEARNER]: 1, [WORD_OP]: OpCode.sync });
    stage.settle();
    const ping = '00000005 0000000100000001 ffffffff ffffffff';
    expect(follower.takeHex()).toBe(hexOf(`${ping} 00000007 0000000000000000 ffffffff ffffffff`));
    follower.sendHex('00000006 ffffffffffffffff 0000000c 0100001217950000 00001f40 ffffffff');
    const session = { [WORD_SESSION_HI]: 0x01000012, [WORD_SESSION_LO]: 0x17950000 };
    stage.line(RecordType.pass, { [WORD_LEARNER]: 1, [WORD_OP]: InternalOp.reopenSession, ...session });
    stage.line(RecordType.pass, {
      [WORD_LEARNER]: 1,
      [WORD_OP]: InternalOp.reopenSession,
      [WORD_ERROR]: -112,
      ...session,
    });
    stage.settle();
    expect(follower.takeHex()).toBe(
      hexOf('00000006 ffffffffffffffff 00000009 0100001217950000 01 ffffffff') +
        hexOf('00000006 ffffffffffffffff 00000009 0100001217950000 00 ffffffff'),
    );
    stage.take();
    follower.sendHex('00000005 0000000100000001 0000000c 0100001217950000 00001f40 ffffffff');
    follower.sendHex('00000005 0000000100000000 00000000 ffffffff');
    expect(stage.take()).toEqual(['prep touch 010000121795000000001f40']);
    stage.pass(500);
    expect(follower.takeHex()).toBe(hexOf('00000005 0000000100000001 ffffffff ffffffff'));
    expect(observer.takeHex()).toBe(hexOf('00000005 0000000100000001 ffffffff ffffffff'));
  });
});

describe('discovery', () => {
  test('ZOOKEEPER-335, 1343: the epoch is above what any caller has accepted, and late callers do not change it', () => {
    const stage = new LeaderStage({ config: configText(5), log: '1.1..1.3', acceptedEpoch: 4 });
    const second = stage.learner(2, { last: '1.3', acceptedEpoch: 7 });
    expect([second.take(), stage.take()]).toEqual([[], []]);
    const third = stage.learner(3, { last: '1.3', acceptedEpoch: 2 });
    expect([second.take(), third.take()]).toEqual([['LEADERINFO 8.0 00010000'], ['LEADERINFO 8.0 00010000']]);
    expect(stage.take()).toEqual(['acceptedEpoch 8']);
    const late = stage.learner(4, { last: '1.3', acceptedEpoch: 8 });
    expect([late.take(), stage.leader.epoch]).toEqual([['LEADERINFO 8.0 00010000'], 8]);
  });

  test.each([
    [4, 'a voter', 'follower'],
    [6, 'an observer', 'observer'],
  ])(
    '%d, %s that was promised to a leader of a later epoch, ends the epoch that it could never follow in',
    (sid, _what, kind) => {
      const stage = new LeaderStage({ config: configText(5, [6]), log: '1.1..1.3', acceptedEpoch: 1 });
      stage.learner(2, { last: '1.3', acceptedEpoch: 1, auto: true });
      stage.learner(3, { last: '1.3', acceptedEpoch: 1, auto: true });
      expect(stage.leader.epoch).toBe(2);
      stage.take();
      stage.learner(sid, { last: '1.3', acceptedEpoch: 5, observer: kind === 'observer' });
      expect(stage.take()).toEqual(['acceptedEpoch 5']);
      expect(stage.over).toMatch(
        new RegExp(`^${kind} ${sid} .* has accepted epoch 5, and follows in none before that: 2 ends$`),
      );
    },
  );

  test('who says that it has accepted an epoch that is far away, or is no member, ends nothing', () => {
    const stage = new LeaderStage({ config: configText(5), log: '1.1..1.3', acceptedEpoch: 1 });
    stage.learner(2, { last: '1.3', acceptedEpoch: 1, auto: true });
    stage.learner(3, { last: '1.3', acceptedEpoch: 1, auto: true });
    stage.take();
    for (const [sid, acceptedEpoch] of [
      [4, 2000],
      [9, 5],
    ] as const) {
      const link = stage.learner(sid, { last: '1.3', acceptedEpoch, observer: sid === 9 });
      expect(link.closed).not.toBe('');
    }
    expect(stage.take()).toEqual([]);
    expect(stage.leader.phase).not.toBe('over');
  });

  test('an observer raises the epoch but makes no quorum', () => {
    const stage = new LeaderStage({ config: configText(3, [4]) });
    stage.learner(4, { observer: true, acceptedEpoch: 5 });
    stage.learner(3, { observer: true });
    expect(stage.take()).toEqual([]);
    const second = stage.learner(2);
    expect(second.take()).toEqual(['LEADERINFO 6.0 00010000']);
  });

  test('a learner whose history is ahead of the leader is dropped, and one that promised before does not count', () => {
    const stage = new LeaderStage({ log: '1.1..1.3' });
    const ahead = stage.learner(2, { last: '1.4', auto: true });
    expect(ahead.closed).not.toBe('');
    expect(stage.logged.join('\n')).toContain("is ahead of the leader's");
    const promised = stage.learner(3, { last: '1.3', auto: true, currentEpoch: -1 });
    expect(promised.take()).toEqual(['LEADERINFO 2.0 00010000']);
    expect(stage.take()).toEqual(['acceptedEpoch 2']);
    const later = stage.learner(2, { last: '1.2', auto: true });
    expect(later.take()).toEqual([
      'LEADERINFO 2.0 00010000',
      'DIFF 1.3',
      'PROPOSAL 1.3 [1.3]',
      'COMMIT 1.3',
      'NEWLEADER 2.0 0',
      'UPTODATE -1.4294967295',
    ]);
  });

  test('no quorum within initLimit ends the term, in every phase', () => {
    const alone = new LeaderStage();
    alone.pass(10_020);
    expect(alone.over).toContain('no quorum within initLimit (discovery');
    const unconfirmed = new LeaderStage();
    unconfirmed.learner(2);
    unconfirmed.pass(10_020);
    expect(unconfirmed.over).toContain('no quorum within initLimit (epochAcks');
    const unfollowed = new LeaderStage();
    const learner = unfollowed.learner(2);
    learner.send('ACKEPOCH 0.0 00000000');
    expect(learner.take()).toEqual(['LEADERINFO 1.0 00010000', 'DIFF 0.0', 'NEWLEADER 1.0 0']);
    unfollowed.pass(10_020);
    expect(unfollowed.over).toContain('no quorum within initLimit (synchronization');
  });

  test('maxTimeToWaitForEpoch: a supporter that looks again ends the term before its time', () => {
    const stage = new LeaderStage({ timing: { epochWaitMsMax: 2000 }, options: { supporters: new Set([2]) } });
    stage.pass(1000);
    stage.leader.onVoterLooking(2);
    stage.pass(1020);
    stage.leader.onVoterLooking(3);
    expect(stage.over).toBe('');
    stage.leader.onVoterLooking(2);
    expect(stage.over).toContain('voter 2 looks for a leader');
  });

  test('ZOOKEEPER-2307: an epoch that cannot be made durable is not told to anybody', () => {
    const stage = new LeaderStage();
    stage.epochs.fails = true;
    const learner = stage.learner(2);
    expect(stage.over).toContain('EIO');
    expect([learner.take(), stage.epochs.acceptedEpoch]).toEqual([[], 0]);
  });

  test('servers before 1.0: no LEADERINFO, and NEWLEADER without a configuration in front of the DIFF', () => {
    const stage = new LeaderStage({ log: '1.1..1.3' });
    const old = stage.learner(2, { info: '0000000000000002', acceptedEpoch: 1, isSilent: true });
    old.sendHex('0000000b 0000000100000002 00000008 0000000000000002 ffffffff');
    expect(old.take()).toEqual(['NEWLEADER 2.0', 'DIFF 1.3', 'PROPOSAL 1.3 [1.3]', 'COMMIT 1.3']);
  });

  test('ZOOKEEPER-1783: with reconfiguration the first epoch gives the configuration its version', () => {
    const stage = new LeaderStage({ options: { isReconfigEnabled: true } });
    const learner = stage.learner(2, { auto: true });
    expect(learner.take()).toEqual([
      'LEADERINFO 1.0 00010000',
      'DIFF 0.0',
      'NEWLEADER 1.0 100000000',
      'UPTODATE -1.4294967295',
    ]);
    expect(stage.take()).toEqual([
      'acceptedEpoch 1',
      'seen 1.0',
      'currentEpoch 1',
      'activate 1.0 leader 1 at 1.0',
      'sync serve 1 1.0',
      'broadcast 1',
    ]);
  });
});

describe('establishment', () => {
  test('the current epoch is durable before the own acknowledgement counts, and nobody is up to date before the leader serves', () => {
    const stage = new LeaderStage({ config: configText(5) });
    stage.isFinalFast = false;
    const learners = [2, 3].map((sid) => stage.learner(sid, { auto: true }));
    expect(stage.take()).toEqual(['acceptedEpoch 1', 'currentEpoch 1', 'sync serve 1 1.0']);
    expect(learners[0].take()).toEqual(['LEADERINFO 1.0 00010000', 'DIFF 0.0', 'NEWLEADER 1.0 0']);
    stage.served();
    expect(stage.take()).toEqual(['broadcast 1']);
    expect(learners.map((learner) => learner.take().at(-1))).toEqual([
      'UPTODATE -1.4294967295',
      'UPTODATE -1.4294967295',
    ]);
  });

  test('a first transaction that overtakes the word that the leader serves begins the broadcast', () => {
    const stage = new LeaderStage();
    stage.isFinalFast = false;
    const second = stage.learner(2, { auto: true });
    stage.take();
    stage.write(1);
    stage.settle();
    expect(stage.take()).toEqual(['broadcast 1', 'sync txn 1.1', 'commit committed 1.1']);
    stage.served();
    expect(stage.take()).toEqual([]);
    expect(second.take().slice(-3)).toEqual(['UPTODATE -1.4294967295', 'PROPOSAL 1.1 [1.1]', 'COMMIT 1.1']);
  });

  test('ZOOKEEPER-4685: acknowledgements of other zxids before the one of NEWLEADER are passed over', () => {
    const stage = new LeaderStage({ log: '1.1..1.3' });
    const learner = stage.learner(2, { last: '1.1' });
    learner.send('ACKEPOCH 1.1 00000001');
    learner.send('ACK 1.2');
    learner.send('ACK 1.3');
    expect([stage.leader.phase, learner.closed]).toEqual(['synchronization', '']);
    learner.send('ACK 2.0');
    expect([stage.leader.phase, learner.take().at(-1)]).toEqual(['broadcast', 'UPTODATE -1.4294967295']);
  });

  test('another packet instead of the acknowledgement closes that link alone', () => {
    const stage = new LeaderStage();
    const learner = stage.learner(2);
    learner.send('ACKEPOCH 0.0 00000000');
    learner.send('REQUEST -1');
    expect(learner.closed).not.toBe('');
    expect(stage.logged.at(-1)).toContain('it sent REQUEST, which has no place here (newLeader)');
    expect(stage.over).toBe('');
  });
});

describe('broadcast', () => {
  test('a quorum commits, in order, once per batch; the own acknowledgement is the own disk', () => {
    const { stage, learners } = LeaderStage.serving([2, 3]);
    const [second, third] = learners;
    second.isSlow = true;
    third.isSlow = true;
    stage.isDiskFast = false;
    stage.write(3);
    stage.settle();
    expect(stage.take()).toEqual(['sync txn 1.1', 'sync txn 1.2', 'sync txn 1.3']);
    expect(second.take()).toEqual(['PROPOSAL 1.1 [1.1]', 'PROPOSAL 1.2 [1.2]', 'PROPOSAL 1.3 [1.3]']);
    stage.durable('1.3');
    expect(stage.take()).toEqual([]);
    second.send('ACK 1.1');
    second.send('ACK 1.2');
    expect(stage.take()).toEqual(['commit committed 1.1', 'commit committed 1.2']);
    third.send('ACK 1.3');
    expect(stage.take()).toEqual(['commit committed 1.3']);
    expect(second.take()).toEqual(['COMMIT 1.1', 'COMMIT 1.2', 'COMMIT 1.3']);
    expect(third.take().slice(3)).toEqual(['COMMIT 1.1', 'COMMIT 1.2', 'COMMIT 1.3']);
    expect(stage.history.committedLog.maxLo).toBe(3);
  });

  test('two followers commit what the leader has not on its disk yet', () => {
    const { stage } = LeaderStage.serving([2, 3]);
    stage.isDiskFast = false;
    stage.write(2);
    stage.settle();
    expect(stage.take()).toEqual(['sync txn 1.1', 'sync txn 1.2', 'commit committed 1.2']);
  });

  test('acknowledgements that mean nothing: committed, counter 0, unknown, of another epoch', () => {
    const { stage, learners } = LeaderStage.serving([2, 3]);
    const [second] = learners;
    for (const learner of learners) learner.isSlow = true;
    stage.isDiskFast = false;
    stage.write(2);
    stage.settle();
    stage.take();
    stage.durable('1.2');
    for (const ack of ['ACK 1.0', 'ACK 1.7', 'ACK 0.2', 'ACK 2.1']) second.send(ack);
    expect(stage.take()).toEqual([]);
    second.send('ACK 1.2');
    second.send('ACK 1.1');
    expect(stage.take()).toEqual(['commit committed 1.2']);
    expect(second.closed).toBe('');
  });

  test('an observer and a server without a vote are sent everything and count for nothing', () => {
    const { stage, learners } = LeaderStage.serving([2], {
      config: configText(3, [4], '100000000'),
      options: { isReconfigEnabled: true },
    });
    const observer = stage.learner(4, { observer: true, auto: true });
    const stranger = stage.learner(9, { auto: true });
    observer.take();
    stranger.take();
    learners[0].isSlow = true;
    stage.write(1);
    stage.settle();
    expect(stage.take().at(-1)).toBe('sync txn 1.1');
    expect([observer.take(), stranger.take()]).toEqual([[], ['PROPOSAL 1.1 [1.1]']]);
    learners[0].send('ACK 1.1');
    expect([observer.take(), stranger.take()]).toEqual([['INFORM 1.1 [1.1]'], ['COMMIT 1.1']]);
  });

  test('what a link acknowledged is forgotten when the same server comes again', () => {
    const { stage, learners } = LeaderStage.serving([2, 3], { log: '1.1..1.3' });
    const [second, third] = learners;
    for (const learner of learners) learner.isSlow = true;
    stage.isDiskFast = false;
    stage.write(2);
    stage.settle();
    second.send('ACK 2.2');
    third.end();
    second.isMute = true;
    stage.pass(1600);
    const again = stage.learner(2, { last: '2.2', currentEpoch: -1, auto: true });
    expect(second.closed).not.toBe('');
    // It had logged what is not committed: that is truncated, and acknowledged anew.
    expect(again.take()).toEqual([
      'LEADERINFO 2.0 00010000',
      'TRUNC 1.3',
      'NEWLEADER 2.0 0',
      'PROPOSAL 2.1 [2.1]',
      'PROPOSAL 2.2 [2.2]',
      'UPTODATE -1.4294967295',
    ]);
    stage.take();
    stage.durable('2.2');
    expect(stage.take()).toEqual([]);
    again.send('ACK 2.2');
    expect(stage.take()).toEqual(['commit committed 2.2']);
  });

  test('sync is answered behind the commit of what was proposed before it', () => {
    const { stage, learners } = LeaderStage.serving([2, 3]);
    const [second, third] = learners;
    for (const learner of learners) learner.isSlow = true;
    stage.write(1);
    stage.line(RecordType.pass, { [WORD_LEARNER]: 1, [WORD_OP]: OpCode.sync });
    stage.line(RecordType.echo, { [WORD_LEARNER]: 2, [WORD_OP]: OpCode.sync });
    stage.write(1);
    stage.settle();
    expect(second.take()).toEqual(['PROPOSAL 1.1 [1.1]', 'PROPOSAL 1.2 [1.2]', 'PING 1.2']);
    third.send('ACK 1.1');
    expect(second.take()).toEqual(['COMMIT 1.1', 'SYNC 0.0']);
    expect(third.take().slice(3)).toEqual(['COMMIT 1.1', 'SYNC 0.0']);
  });

  test('sync is answered in front of a commit of the same turn that was proposed behind it', () => {
    const { stage, learners } = LeaderStage.serving([2, 3]);
    const [second, third] = learners;
    for (const learner of learners) learner.isSlow = true;
    stage.write(1);
    stage.line(RecordType.pass, { [WORD_LEARNER]: 1, [WORD_OP]: OpCode.sync });
    stage.write(2);
    stage.line(RecordType.pass, { [WORD_LEARNER]: 1, [WORD_OP]: OpCode.sync });
    stage.settle();
    second.take();
    third.take();
    third.send('ACK 1.3');
    expect(second.take()).toEqual(['COMMIT 1.1', 'SYNC 0.0', 'COMMIT 1.2', 'COMMIT 1.3', 'SYNC 0.0']);
    expect(third.take()).toEqual(['COMMIT 1.1', 'COMMIT 1.2', 'COMMIT 1.3']);
    expect(stage.take().filter((text) => text.startsWith('commit c'))).toEqual(['commit committed 1.3']);
  });

  test('what belongs to clients of the leader goes down its own line', () => {
    const { stage, learners } = LeaderStage.serving([2]);
    stage.line(RecordType.pass, { [WORD_OP]: OpCode.getData });
    stage.line(RecordType.echo, { [WORD_OP]: OpCode.create });
    stage.settle();
    expect(stage.take()).toEqual(['sync pass 0.0', 'sync echo 0.0']);
    expect(learners[0].take()).toEqual([]);
  });

  test('ZOOKEEPER-1277, -2789: the counter of zxids is not run out of', () => {
    const { stage, learners } = LeaderStage.serving([2]);
    stage.countFrom(0xfffffffd);
    stage.write(1);
    stage.settle();
    expect(learners[0].take()).toEqual(['PROPOSAL 1.4294967294 [1.4294967294]', 'COMMIT 1.4294967294']);
    stage.take();
    stage.write(1);
    stage.settle();
    expect(stage.over).toContain('another epoch must begin');
    expect([stage.take(), learners[0].take()]).toEqual([['sync echo 1.4294967295'], []]);
  });
});
