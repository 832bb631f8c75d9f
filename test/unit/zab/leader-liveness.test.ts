// A leader and time: pings, silence, lag, lost quorums, and what strangers send. Ticks of 1 s, initLimit 10, syncLimit 5.

import { describe, expect, test } from 'vitest';
import { Prng } from '../../../src/base/prng.js';
import { RecordType, WORD_LEARNER, WORD_OP } from '../../../src/processor/pipeline-records.js';
import { OpCode } from '../../../src/protocol/op-code.js';
import { configText } from './leader-fakes.js';
import { LeaderStage } from './leader-stage.js';

describe('liveness', () => {
  test('pings every half tick, with the last zxid proposed', () => {
    const { stage, learners } = LeaderStage.serving([2]);
    stage.pass(500);
    expect(learners[0].take()).toEqual(['PING 1.0']);
    stage.write(2);
    stage.pass(500);
    expect(learners[0].take().at(-1)).toBe('PING 1.2');
    stage.pass(30_000);
    expect([learners[0].closed, stage.over]).toEqual(['', '']);
  });

  test('a learner that waits for others to be established is pinged as well', () => {
    const stage = new LeaderStage({ config: configText(5) });
    const learner = stage.learner(2, { auto: true });
    stage.learner(3).send('ACKEPOCH 0.0 00000000');
    learner.take();
    stage.pass(5000);
    expect(learner.take()).toHaveLength(10);
    expect(stage.leader.phase).toBe('synchronization');
  });

  test('a follower that is silent for syncLimit is dropped, and with it the quorum', () => {
    const { stage, learners } = LeaderStage.serving([2]);
    stage.network.host('m2').pause();
    stage.pass(5100);
    expect(stage.logged.join('\n')).toContain('it was silent for syncLimit');
    stage.pass(2000);
    expect(stage.over).toContain('not enough followers are left');
    expect(learners[0].take()).toEqual([]);
  });

  test('ZOOKEEPER-1294: an observer does not keep the quorum alive, not even with the id of a voter', () => {
    const { stage, learners } = LeaderStage.serving([2], { config: configText(3, [4]) });
    stage.learner(4, { observer: true, auto: true });
    stage.learner(3, { observer: true, auto: true });
    stage.pass(1000);
    learners[0].end();
    expect(stage.over).toBe('');
    stage.pass(1100);
    expect(stage.over).toContain('not enough followers are left: 1 are no quorum');
  });

  test('a follower that lags by syncLimit is dropped although it answers pings', () => {
    const { stage, learners } = LeaderStage.serving([2, 3]);
    const [second, third] = learners;
    second.isSlow = true;
    stage.pass(1000);
    stage.write(1);
    stage.pass(4000);
    expect(second.closed).toBe('');
    stage.write(1);
    stage.settle();
    second.send('ACK 1.1');
    stage.pass(4000);
    expect(second.closed).toBe('');
    stage.pass(1500);
    expect(second.closed).not.toBe('');
    expect(stage.logged.at(-1)).toContain('it has not acknowledged 0x100000002 within syncLimit');
    expect([third.closed, stage.over]).toEqual(['', '']);
  });

  test('a leader that was held up itself reads what has come meanwhile before it judges', () => {
    const { stage, learners } = LeaderStage.serving([2]);
    stage.clock.advance(4900);
    stage.leader.onTick(stage.clock.monotonicMs());
    stage.settle();
    stage.pass(3000);
    expect([learners[0].closed, stage.over]).toEqual(['', '']);
  });

  test('a leader that stood still for longer than its followers wait answers no sync any more', () => {
    const { stage, learners } = LeaderStage.serving([2]);
    stage.clock.advance(5100);
    stage.line(RecordType.pass, { [WORD_OP]: OpCode.sync });
    expect(stage.over).toContain('stood still for 5100 ms');
    stage.line(RecordType.pass, { [WORD_LEARNER]: 1, [WORD_OP]: OpCode.sync });
    stage.settle();
    expect(learners[0].take()).toEqual([]);
    expect(stage.take()).toEqual(['sync echo 0.0']);
  });

  test('who was silent for syncLimit takes the quorum along at once', () => {
    const { stage, learners } = LeaderStage.serving([2]);
    stage.pass(700);
    learners[0].isMute = true;
    stage.pass(4790);
    expect(stage.over).toBe('');
    stage.pass(30);
    expect(stage.over).toContain('1 are no quorum');
  });

  test('ZOOKEEPER-2247: without its own disk a leader goes on while others are a quorum, and never commits alone', () => {
    const { stage, learners } = LeaderStage.serving([2]);
    stage.isDiskFast = false;
    stage.write(1);
    stage.pass(3000);
    expect(stage.take().filter((text) => text.startsWith('commit'))).toEqual([]);
    expect(learners[0].take()).not.toContain('COMMIT 1.1');
    stage.durable('1.1');
    expect(learners[0].take().at(-1)).toBe('COMMIT 1.1');
  });

  test('a leader whose own disk takes nothing for longer than syncLimit gives up, if others can go on', () => {
    const { stage, learners } = LeaderStage.serving([2, 3]);
    stage.isDiskFast = false;
    stage.write(1);
    stage.settle();
    for (const learner of learners) learner.send('ACK 1.1');
    stage.pass(4900);
    expect([stage.over, learners[0].take().includes('COMMIT 1.1')]).toEqual(['', true]);
    stage.pass(2200);
    expect(stage.over).toBe('the own disk has not taken 0x100000001 within syncLimit');
  });

  test('one whose disk is slow, but not that slow, leads on', () => {
    const { stage, learners } = LeaderStage.serving([2, 3]);
    stage.isDiskFast = false;
    for (let counter = 1; counter < 8; counter++) {
      stage.write(1);
      stage.settle();
      for (const learner of learners) learner.send(`ACK 1.${counter}`);
      stage.pass(2000);
      if (counter > 1) stage.durable(`1.${counter - 1}`);
    }
    expect(stage.over).toBe('');
  });

  test('one without whose disk there is no quorum leads on: nobody else could', () => {
    const { stage, learners } = LeaderStage.serving([2]);
    stage.isDiskFast = false;
    stage.write(1);
    stage.settle();
    learners[0].send('ACK 1.1');
    stage.pass(12_000);
    expect([stage.over, learners[0].take().includes('COMMIT 1.1')]).toEqual(['', false]);
    stage.durable('1.1');
    expect(learners[0].take()).toContain('COMMIT 1.1');
  });

  test('a port that is busy is tried again, and given up in the end', () => {
    const first = new LeaderStage();
    first.settle();
    expect(first.logged).toContain('listens');
    const second = new LeaderStage({ network: first.network });
    second.pass(300);
    expect([second.over, second.logged]).toEqual(['', []]);
    first.leader.close();
    second.pass(100);
    expect(second.logged).toContain('listens');
    const third = new LeaderStage({ network: first.network });
    third.pass(1000);
    expect(third.over).toContain('cannot listen on the quorum port: m1:2888');
  });
});

describe('bad input', () => {
  const cases: [string, string, string][] = [
    ['a length beyond the maximum', '00000001 0000000000000000 7fffffff 00000000', 'a packet with data of length'],
    ['a negative length', '00000001 0000000000000000 fffffffe 00000000', 'a packet with data of length'],
    [
      'a first packet that is none',
      '00000003 0000000000000000 ffffffff ffffffff',
      'it sent ACK, which has no place here',
    ],
    [
      'a first packet that is too long',
      '0000000b 0000000000000000 00002000 00000000',
      'a packet with data of length 8192',
    ],
    ['a LearnerInfo that is cut', '0000000b 0000000000000000 00000004 00000002 ffffffff', 'a malformed FOLLOWERINFO'],
    [
      'the id of the leader',
      '0000000b 0000000000000000 00000008 0000000000000001 ffffffff',
      'it has the id of this server',
    ],
    [
      'an id that is in no configuration',
      '0000000b 0000000000000000 00000008 0000000000000009 ffffffff',
      'server 9 is in no configuration',
    ],
    [
      'an id that is no number here',
      '0000000b 0000000000000000 00000008 7fffffffffffffff ffffffff',
      'is no id of a server',
    ],
    [
      'an accepted epoch that leaves none',
      '0000000b 7fffffff00000000 00000008 0000000000000003 ffffffff',
      'none is left behind that',
    ],
    [
      'a newer configuration',
      '0000000b 0000000000000000 00000014 0000000000000003 00010000 0000000200000000 ffffffff',
      'is newer than this server',
    ],
  ];

  test.each(cases)('%s: that connection is closed, and nobody else notices', (_name, hex, line) => {
    const { stage, learners } = LeaderStage.serving([2]);
    const stranger = stage.learner(3, { isSilent: true });
    stranger.sendHex(hex);
    expect(stranger.closed).not.toBe('');
    expect(stage.logged.at(-1)).toContain(line);
    stage.write(1);
    stage.settle();
    expect(learners[0].take()).toEqual(['PROPOSAL 1.1 [1.1]', 'COMMIT 1.1']);
  });

  const streaming: [string, string][] = [
    ['00000001 ffffffffffffffff 00000004 00000000 ffffffff', 'a malformed REQUEST'],
    ['00000001 ffffffffffffffff 00000014 0100001217950000 00000000 00010001 00001f40 ffffffff', 'a malformed REQUEST'],
    ['00000005 0000000000000000 00000005 0000000000 ffffffff', 'a malformed PING'],
    ['00000006 ffffffffffffffff 00000008 0100001217950000 ffffffff', 'a malformed REVALIDATE'],
    ['0000000a 0000000000000000 ffffffff ffffffff', 'it sent NEWLEADER'],
    ['000000ff 0000000000000000 ffffffff ffffffff', 'it sent packet of type 255'],
  ];

  test.each(streaming)('from a follower in broadcast: %s', (hex, line) => {
    const { stage, learners } = LeaderStage.serving([2, 3]);
    learners[0].sendHex(hex);
    expect(learners[0].closed).not.toBe('');
    expect(stage.logged.at(-1)).toContain(line);
    stage.write(1);
    stage.settle();
    expect(learners[1].take()).toEqual(['PROPOSAL 1.1 [1.1]', 'COMMIT 1.1']);
    expect(stage.take().filter((text) => text.startsWith('prep'))).toEqual([]);
  });

  test('who says nothing goes after initLimit, or earlier when too many others come', () => {
    const { stage } = LeaderStage.serving([2]);
    const silent = Array.from({ length: 257 }, () => stage.learner(3, { isSilent: true }));
    expect(silent[0].closed).not.toBe('');
    expect(silent[1].closed).toBe('');
    stage.pass(10_100);
    expect(silent.every((learner) => learner.closed !== '')).toBe(true);
    expect(stage.logged.filter((text) => text.includes('a connection from')).length).toBeLessThan(5);
    expect(stage.over).toBe('');
  });

  test('of many who say they are the same server, and nothing else, only some are kept', () => {
    const { stage } = LeaderStage.serving([2]);
    const twins = Array.from({ length: 20 }, () => stage.learner(3));
    expect(twins.map(({ closed }) => closed === '')).toEqual([...Array(12).fill(false), ...Array(8).fill(true)]);
    expect(stage.logged.filter((text) => text.includes('others say as well')).length).toBe(1);
    expect(stage.over).toBe('');
  });

  test('a second server with the id of one that answers is refused; one that is silent is replaced', () => {
    const { stage, learners } = LeaderStage.serving([2, 3]);
    stage.pass(1000);
    for (let i = 0; i < 20; i++) expect(stage.learner(2, { auto: true }).closed).not.toBe('');
    expect(stage.logged.filter((text) => text.includes('server 2 is connected already')).length).toBe(1);
    expect(learners[0].closed).toBe('');
    learners[0].isMute = true;
    stage.pass(1600);
    const again = stage.learner(2, { auto: true });
    expect(learners[0].closed).not.toBe('');
    stage.write(1);
    stage.settle();
    expect(again.take().slice(-2)).toEqual(['PROPOSAL 1.1 [1.1]', 'COMMIT 1.1']);
  });

  test('a follower whose requests find no room is read no further, and goes on behind it', () => {
    const { stage, learners } = LeaderStage.serving([2, 3]);
    const create = '00000001 ffffffffffffffff 00000010 0100001217950000 00000001 00000001 ffffffff';
    stage.hasRoom = false;
    learners[0].sendHex(create + create);
    learners[0].send('ACK 1.0');
    expect(stage.take()).toEqual([]);
    stage.pass(20_000);
    expect(learners[0].closed).toBe('');
    stage.take();
    stage.hasRoom = true;
    stage.pass(10);
    expect(stage.take()).toHaveLength(2);
    stage.write(1);
    stage.settle();
    expect(learners[0].take().slice(-2)).toEqual(['PROPOSAL 1.1 [1.1]', 'COMMIT 1.1']);
  });

  test('a follower that leaves too much unread is disconnected', () => {
    const { stage, learners } = LeaderStage.serving([2, 3]);
    stage.network.host('m3').pause();
    const big = new Uint8Array(1 << 20);
    for (let i = 0; i < 14; i++) {
      stage.write(5, 1, () => big);
      stage.settle();
    }
    expect(stage.logged.at(-1)).toMatch(/follower 3 .*left 6\d MiB unread/);
    expect(learners[0].take().at(-1)).toBe('COMMIT 1.70');
  });

  test.each([1, 2, 3, 4])('garbage of all kinds closes its own connection: seed %i', (seed) => {
    const { stage, learners } = LeaderStage.serving([2]);
    const prng = new Prng(seed);
    for (let i = 0; i < 60; i++) {
      const stranger = stage.learner(3, { isSilent: true });
      if (prng.below(2) === 0) stranger.introduce();
      stage.settle();
      let hex = '';
      for (let j = 0; j < 200; j++)
        hex += prng
          .below(prng.below(3) === 0 ? 4 : 256)
          .toString(16)
          .padStart(2, '0');
      stranger.sendHex(hex);
      stranger.end();
    }
    stage.write(1);
    stage.settle();
    expect(learners[0].take().slice(-2)).toEqual(['PROPOSAL 1.1 [1.1]', 'COMMIT 1.1']);
    expect(stage.over).toBe('');
  });
});
