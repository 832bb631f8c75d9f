// How a leader brings learners up to date, as transcripts: every row of the table of ensemble-protocol 5.5, what is sent while
// transactions go on being committed, and what is not.

import { describe, expect, test } from 'vitest';
import { LeaderStage, type StageOptions } from './leader-stage.js';
import { type LearnerOptions, ScriptedLearner } from './scripted-learner.js';
import { zxidsOf } from './zxid-words.js';

/** What a learner is sent behind LEADERINFO, up to its NEWLEADER. */
function answer(stage: LeaderStage, sid: number, options: LearnerOptions): string {
  const learner = stage.learner(sid, { auto: true, currentEpoch: -1, ...options });
  const text = sent(learner);
  learner.end();
  return text;
}

function sent(learner: ScriptedLearner): string {
  const got = learner.take();
  expect(got.shift()).toMatch(/^LEADERINFO/);
  return got
    .join(', ')
    .replace(/ \[[\d.]+\]/g, '')
    .replace(/PROPOSAL ([\d.]+), COMMIT \1(?=,|$)/g, '+$1');
}

/** A leader of epoch 2 that serves with follower 2, and whose disk holds what it says. */
function established(options: StageOptions, disk: string[] | null = null): LeaderStage {
  const { stage } = LeaderStage.serving([2], options);
  stage.sources.disk = disk;
  return stage;
}

const DONE = 'NEWLEADER 2.0 0, UPTODATE -1.4294967295';

describe('the table of 5.5', () => {
  test('0: forceSnapshotSync', () => {
    const stage = established({ log: '1.1..1.6' });
    stage.sources.isSnapForced = true;
    expect(answer(stage, 3, { last: '1.6' })).toBe(`SNAP 2.0, (tree), ${DONE}`);
  });

  test('1: the learner stands where the tree stands', () => {
    const stage = established({ log: '1.1..1.6' });
    expect(answer(stage, 3, { last: '2.0' })).toBe(`DIFF 2.0, ${DONE}`);
    expect(answer(stage, 3, { last: '1.6' })).toBe(`DIFF 1.6, ${DONE}`);
  });

  test('1: nothing is kept in memory, and nothing was committed since the transaction the learner has', () => {
    const stage = new LeaderStage({ snapshot: '1.6' });
    const early = stage.learner(2, { last: '1.6', auto: true, acceptedEpoch: 1 });
    expect(early.take()).toContain('DIFF 1.6');
    expect(answer(stage, 3, { last: '1.6' })).toBe('DIFF 1.6, NEWLEADER 2.0 0, UPTODATE -1.4294967295');
  });

  test('2: what only the learner has is truncated', () => {
    const stage = established({ log: '1.1..1.6' });
    expect(answer(stage, 3, { last: '1.8' })).toBe(`TRUNC 1.6, ${DONE}`);
  });

  test('2: across an epoch, when the leader has committed nothing in its own', () => {
    const stage = established({ log: '1.1..1.4 3.1..3.2', currentEpoch: 3, acceptedEpoch: 3 });
    expect(answer(stage, 3, { last: '3.9' })).toBe('TRUNC 3.2, NEWLEADER 4.0 0, UPTODATE -1.4294967295');
  });

  test('2: never to (epoch, 0), which stands in no log', () => {
    const stage = established({});
    stage.isDiskFast = false;
    expect(answer(stage, 3, { last: '1.5' })).toBe('SNAP 1.0, (tree), NEWLEADER 1.0 0, UPTODATE -1.4294967295');
  });

  test('3: out of the committed log', () => {
    const stage = established({ log: '1.1..1.6' });
    expect(answer(stage, 3, { last: '1.1' })).toBe(`DIFF 1.6, +1.2, +1.3, +1.4, +1.5, +1.6, ${DONE}`);
    expect(answer(stage, 3, { last: '1.5' })).toBe(`DIFF 1.6, +1.6, ${DONE}`);
  });

  test('3: the learner has (epoch, 0)', () => {
    const stage = established({ log: '1.1..1.3 2.1..2.2', acceptedEpoch: 2 });
    expect(answer(stage, 3, { last: '2.0' })).toBe('DIFF 2.2, +2.1, +2.2, NEWLEADER 3.0 0, UPTODATE -1.4294967295');
  });

  test('3: a record of its own within the range was never committed: across an epoch only SNAP helps', () => {
    const stage = established({ log: '1.1..1.3 2.1..2.2', acceptedEpoch: 2 });
    expect(answer(stage, 3, { last: '1.4' })).toBe('SNAP 3.0, (tree), NEWLEADER 3.0 0, UPTODATE -1.4294967295');
  });

  test('4: out of the log on disk, as far as the committed log does not reach back', () => {
    const disk = ['1.1', '1.2', '1.3', '1.4', '1.5', '1.6', '1.7'];
    const stage = established({ log: '1.1..1.7', commitLogCount: 3 }, disk);
    expect(answer(stage, 3, { last: '1.2' })).toBe(`DIFF 1.7, +1.3, +1.4, +1.5, +1.6, +1.7, ${DONE}`);
    expect(stage.sources.openDisks).toBe(0);
  });

  test('4: into another epoch', () => {
    const disk = ['1.1', '1.2', '2.1', '2.2', '2.3'];
    const stage = established({ log: '1.1..1.2 2.1..2.3', acceptedEpoch: 2, commitLogCount: 1 }, disk);
    expect(answer(stage, 3, { last: '1.1' })).toBe(
      'DIFF 2.3, +1.2, +2.1, +2.2, +2.3, NEWLEADER 3.0 0, UPTODATE -1.4294967295',
    );
  });

  test('4: ZOOKEEPER-2418: a hole between the log on disk and the committed log is no way', () => {
    const stage = established({ log: '1.1..1.7', commitLogCount: 2 }, ['1.1', '1.2', '1.3', '1.4']);
    expect(answer(stage, 3, { last: '1.2' })).toBe(`SNAP 2.0, (tree), ${DONE}`);
    expect(stage.sources.openDisks).toBe(0);
  });

  test('4: a hole within the log on disk is no way', () => {
    const stage = established({ log: '1.1..1.7', commitLogCount: 2 }, ['1.1', '1.2', '1.4', '1.5', '1.6', '1.7']);
    expect(answer(stage, 3, { last: '1.2' })).toBe(`SNAP 2.0, (tree), ${DONE}`);
  });

  test('5: a fresh learner whose predecessor records are gone', () => {
    const stage = established({ log: '1.1..1.7', commitLogCount: 2 });
    expect(answer(stage, 3, { last: '0.0' })).toBe(`SNAP 2.0, (tree), ${DONE}`);
  });
});

describe('a long log on disk', () => {
  const LONG = zxidsOf('1.1..1.9000');
  const options: StageOptions = { log: '1.1..1.9000', commitLogCount: 3 };

  test('is gone through in pieces, while others are served', () => {
    const stage = established(options, LONG);
    const turn = stage.turn.bind(stage);
    const reads: number[] = [];
    stage.turn = () => {
      const before = stage.sources.reads;
      // Commits go on, and the committed log forgets what was kept when the search began.
      if (reads.length > 0 && reads.length < 4) stage.write(1);
      const turned = turn();
      if (stage.sources.reads > before) reads.push(stage.sources.reads - before);
      return turned;
    };
    const long = [...LONG, '2.1', '2.2', '2.3'];
    stage.sources.disk = long;
    const text = answer(stage, 3, { last: '1.2' });
    expect(text).toMatch(/^DIFF [\d.]+, \+1\.3, \+1\.4,/);
    expect(text.match(/\+/g)?.length).toBeGreaterThanOrEqual(9000 - 2);
    expect(text).toMatch(/\+1\.9000, .*2\.3/);
    expect(reads.length).toBeGreaterThan(4);
    expect(Math.max(...reads)).toBeLessThanOrEqual(4096);
    expect(stage.sources.openDisks).toBe(0);
  });

  test('is closed if the learner goes meanwhile', () => {
    const stage = established(options, LONG);
    const turn = stage.turn.bind(stage);
    const third = new ScriptedLearner(stage, 3, { auto: true, currentEpoch: -1, last: '1.2' });
    let opened = 0;
    stage.turn = () => {
      opened = Math.max(opened, stage.sources.openDisks);
      if (stage.sources.openDisks > 0) third.end();
      return turn();
    };
    stage.settle();
    expect(opened).toBe(1);
    expect(stage.sources.openDisks).toBe(0);
    expect(stage.sources.reads).toBeLessThan(9000);
  });
});

describe('while transactions go on', () => {
  test('ZOOKEEPER-3911: what is proposed and not committed comes behind NEWLEADER, as PROPOSAL alone', () => {
    const { stage, learners } = LeaderStage.serving([2], { log: '1.1..1.3' });
    learners[0].isSlow = true;
    stage.write(3);
    stage.settle();
    learners[0].send('ACK 2.1');
    const third = stage.learner(3, { auto: true, last: '1.3', currentEpoch: -1 });
    expect(sent(third)).toBe('DIFF 2.1, +2.1, NEWLEADER 2.0 0, PROPOSAL 2.2, PROPOSAL 2.3, UPTODATE -1.4294967295');
    learners[0].send('ACK 2.3');
    expect(third.take()).toEqual(['COMMIT 2.2', 'COMMIT 2.3']);
  });

  test('ZOOKEEPER-3023, 4394: no COMMIT between NEWLEADER and UPTODATE for a proposal in front of NEWLEADER', () => {
    const { stage, learners } = LeaderStage.serving([2], { log: '1.1..1.3' });
    learners[0].isSlow = true;
    stage.write(2);
    stage.settle();
    learners[0].send('ACK 2.1');
    const third = stage.learner(3, { last: '1.3' });
    third.send('ACKEPOCH 1.3 ffffffff');
    learners[0].send('ACK 2.2');
    stage.write(1);
    stage.settle();
    learners[0].send('ACK 2.3');
    third.send('ACK 2.0');
    expect(sent(third)).toBe('DIFF 2.1, +2.1, NEWLEADER 2.0 0, +2.2, +2.3, UPTODATE -1.4294967295');
  });

  test('ZOOKEEPER-962: what is committed while a DIFF is sent comes once, behind what it follows', () => {
    const { stage, learners } = LeaderStage.serving([2], { log: '1.1..1.3' });
    learners[0].isSlow = true;
    stage.write(2);
    stage.settle();
    const third = stage.learner(3, { last: '1.1' });
    third.put('ACKEPOCH 1.1 ffffffff');
    third.flush();
    learners[0].send('ACK 2.2');
    third.send('ACK 2.0');
    expect(sent(third)).toBe('DIFF 1.3, +1.2, +1.3, +2.1, +2.2, NEWLEADER 2.0 0, UPTODATE -1.4294967295');
  });

  test('ZOOKEEPER-3104: NEWLEADER follows everything that was committed while the snapshot was sent', () => {
    const { stage } = LeaderStage.serving([2], { log: '1.1..1.3', commitLogCount: 4 });
    stage.sources.chunks = Array.from({ length: 20 }, () => 'x'.repeat(100 << 10));
    stage.sources.onChunk = (index) => {
      if (index === 0 || index === 10) stage.write(2);
    };
    const third = stage.learner(3, { auto: true, last: '0.0', currentEpoch: -1 });
    expect(sent(third).replace(/\(.*\)/, '(...)')).toBe(`SNAP 2.0, (...), +2.1, +2.2, +2.3, +2.4, ${DONE}`);
  });

  test('a snapshot during which more is committed than memory keeps: the log on disk fills in', () => {
    const { stage } = LeaderStage.serving([2], { log: '1.1..1.3', commitLogCount: 3 });
    stage.sources.chunks = Array.from({ length: 20 }, (_, i) => String.fromCharCode(97 + i).repeat(64 << 10));
    let written = 0;
    stage.sources.onChunk = (index) => {
      if (index % 5 !== 0 || written >= 8) return;
      stage.write(2);
      written += 2;
    };
    stage.sources.disk = ['2.1', '2.2', '2.3', '2.4', '2.5', '2.6', '2.7', '2.8'];
    const third = stage.learner(3, { auto: true, last: '0.0', currentEpoch: -1 });
    const text = sent(third).replace(/\(.*\)/, '(...)');
    expect(text).toBe(
      'SNAP 2.0, (...), +2.1, +2.2, +2.3, +2.4, +2.5, +2.6, +2.7, +2.8, NEWLEADER 2.0 0, UPTODATE -1.4294967295',
    );
    expect(third.stream.length).toBe(20 * (64 << 10));
    expect(stage.sources.openDisks).toBe(0);
  });

  test('a learner of before 1.0 acknowledges NEWLEADER before the DIFF is at its end', () => {
    const { stage } = LeaderStage.serving([2], { log: '1.1..1.6' });
    const third = stage.learner(3, { isSilent: true });
    const info = '0000000b 0000000100000000 0000000c 0000000000000003 00000001 ffffffff';
    third.sendHex(`${info} 00000003 0000000200000000 ffffffff ffffffff`);
    stage.settle();
    expect(third.take().at(-1)).toBe('UPTODATE -1.4294967295');
    expect(third.closed).toBe('');
  });

  test('where the log on disk does not lead on from the snapshot the learner is dropped, and nothing is left out', () => {
    const { stage } = LeaderStage.serving([2], { log: '1.1..1.3', commitLogCount: 2 });
    stage.sources.chunks = Array.from({ length: 8 }, () => 'x'.repeat(100 << 10));
    stage.sources.onChunk = (index) => {
      if (index === 2) stage.write(5);
    };
    const third = stage.learner(3, { auto: true, last: '0.0', currentEpoch: -1 });
    expect(third.closed).not.toBe('');
    expect(stage.logged.at(-1)).toContain('the log on disk does not lead on from 0x200000000');
    expect(third.take().filter((text) => !text.startsWith('('))).toEqual(['LEADERINFO 2.0 00010000', 'SNAP 2.0']);
    expect(stage.over).toBe('');
  });

  test('the log on disk may be behind what is committed: the rest comes later', () => {
    const { stage } = LeaderStage.serving([2], { log: '1.1..1.3', commitLogCount: 2 });
    stage.sources.chunks = Array.from({ length: 8 }, () => 'x'.repeat(100 << 10));
    stage.sources.onChunk = (index) => {
      if (index === 2) stage.write(5);
    };
    stage.sources.disk = ['2.1'];
    const third = stage.learner(3, { auto: true, last: '0.0', currentEpoch: -1 });
    expect(third.take().slice(3)).toEqual(['PROPOSAL 2.1 [2.1]', 'COMMIT 2.1']);
    stage.sources.disk = ['2.1', '2.2', '2.3', '2.4'];
    stage.pass(20);
    expect(third.take().at(-1)).toBe('UPTODATE -1.4294967295');
  });

  test('a snapshot is sent before the leader serves as well', () => {
    const stage = new LeaderStage({ log: '1.1..1.3', commitLogCount: 1 });
    const second = stage.learner(2, { auto: true, last: '0.0' });
    expect(sent(second)).toBe(`SNAP 1.3, (tree), ${DONE}`);
    expect(stage.leader.phase).toBe('broadcast');
  });

  test('a learner that takes nothing holds up nobody, costs a window, and is dropped in the end', () => {
    const { stage, learners } = LeaderStage.serving([2], { log: '1.1..1.3' });
    stage.sources.chunks = Array.from({ length: 200 }, () => 'x'.repeat(64 << 10));
    const third = stage.learner(3, { last: '0.0' });
    stage.network.host('m3').pause();
    third.put('ACKEPOCH 0.0 ffffffff');
    third.flush();
    stage.settle();
    const [, link] = [...stage.leader.learners];
    expect(link.state).toBe('sync');
    expect(link.report().queuedBytes).toBeLessThan(2 << 20);
    stage.write(10);
    stage.settle();
    expect(learners[0].take().at(-1)).toBe('COMMIT 2.10');
    stage.pass(10_100);
    expect(link.state).toBe('closed');
    expect(stage.logged.at(-1)).toContain('took nothing within initLimit');
    expect(stage.over).toBe('');
  });
});

describe('observers', () => {
  test('are turned away beyond the limits, followers are not', () => {
    const { stage } = LeaderStage.serving([2], {
      log: '1.1..1.3',
      config:
        'server.1=m1:2888:3888\nserver.2=m2:2888:3888\nserver.3=m3:2888:3888\nserver.4=m4:2888:3888:observer\nserver.5=m5:2888:3888:observer\nversion=0',
      options: { snapSyncsMax: 1 },
      systemBytesMax: 1000,
    });
    stage.sources.chunks = Array.from({ length: 200 }, () => 'x'.repeat(64 << 10));
    const [fourth, fifth] = [4, 5].map((sid) => stage.learner(sid, { observer: true, last: '0.0' }));
    const third = stage.learner(3, { last: '0.0' });
    for (const machine of ['m3', 'm4', 'm5']) stage.network.host(machine).pause();
    for (const learner of [fourth, third, fifth]) {
      learner.put('ACKEPOCH 0.0 ffffffff');
      learner.flush();
      stage.settle();
    }
    const states = [...stage.leader.learners].map((link) => `${link.sid} ${link.state}`);
    expect(states).toEqual(['2 streaming', '4 sync', '3 sync']);
    expect(stage.logged.at(-1)).toContain('learners are being brought up to date already');
  });
});
