// Reconfiguration at the leader: quorums of both configurations, the packets of 13.6, and who leads afterwards.

import { describe, expect, test } from 'vitest';
import { int64FromHalves } from '../../../src/base/int64.js';
import { encodeUtf8 } from '../../../src/base/utf8.js';
import { parseQuorumConfigText } from '../../../src/election/quorum-config-text.js';
import { JuteWriter } from '../../../src/jute/jute-writer.js';
import {
  RecordType,
  WORD_ERROR,
  WORD_LENGTH_A,
  WORD_LENGTH_B,
  WORD_OP,
  WORD_ZXID_HI,
  WORD_ZXID_LO,
} from '../../../src/processor/pipeline-records.js';
import { OpCode } from '../../../src/protocol/op-code.js';
import { encodeReconfigRequest } from '../../../src/protocol/requests.js';
import { entryOf } from '../persistence/txn-entries.js';
import { fromHex, toHex } from './hex.js';
import { configText } from './leader-fakes.js';
import { LeaderStage, type StageOptions } from './leader-stage.js';
import type { ScriptedLearner } from './scripted-learner.js';
import { zxidOf } from './zxid-words.js';

function reconfigEntry(text: string): (zxid: string) => Uint8Array {
  return (zxid) =>
    entryOf(int64FromHalves(...zxidOf(zxid)), {
      type: OpCode.reconfig,
      txn: { path: '/zookeeper/config', data: encodeUtf8(text), version: -1 },
    });
}

function members(sids: readonly number[], version: string): string {
  return `${sids.map((sid) => `server.${sid}=m${sid}:2888:3888:participant\n`).join('')}version=${version}`;
}

function serving(
  sids: readonly number[],
  options: StageOptions = {},
): { stage: LeaderStage; learners: ScriptedLearner[] } {
  const { stage, learners } = LeaderStage.serving(sids, {
    config: configText(3, [], '100000000'),
    options: { isReconfigEnabled: true },
    ...options,
  });
  for (const learner of learners) learner.isSlow = true;
  return { stage, learners };
}

interface Asked {
  readonly joining?: string;
  readonly leaving?: string;
  readonly from?: bigint;
}

/** What prep is told of a request. */
function judged(stage: LeaderStage, { joining, leaving, from = -1n }: Asked): string[] {
  const w = new JuteWriter();
  encodeReconfigRequest(w, {
    joiningServers: joining ?? null,
    leavingServers: leaving ?? null,
    newMembers: null,
    curConfigId: from,
  });
  const body = w.toBytes();
  stage.take();
  stage.line(RecordType.judge, { [WORD_LENGTH_B]: body.length }, body);
  stage.settle();
  return stage.take().filter((text) => text.startsWith('prep judged'));
}

function committed(stage: LeaderStage): string[] {
  return stage.take().filter((text) => text.startsWith('commit'));
}

/** A leader to be, over members 1 to 3 and these observers: the last it has logged, 1.3, proposes these members instead. */
function recovering(observers: readonly number[], proposed: readonly number[]): LeaderStage {
  const stage = new LeaderStage({
    config: configText(3, observers, '100000000'),
    log: '1.1..1.3',
    options: { isReconfigEnabled: true },
  });
  stage.configs.propose(members(proposed, '100000003'));
  return stage;
}

describe('reconfiguration', () => {
  test('13.6: golden bytes of COMMITANDACTIVATE and INFORMANDACTIVATE', () => {
    const config = configText(3, [4], '100000000');
    const { stage, learners } = LeaderStage.serving([2], { config, myId: 3, options: { isReconfigEnabled: true } });
    const observer = stage.learner(4, { observer: true, auto: true });
    stage.write(2);
    stage.settle();
    observer.takeHex();
    learners[0].takeHex();
    const text = `server.2=m2:2888:3888:participant\nserver.3=m3:2888:3888:participant\nversion=100000003`;
    const entry = reconfigEntry(text)('1.3');
    stage.write(1, OpCode.reconfig, reconfigEntry(text));
    stage.settle();
    const length = entry.length.toString(16).padStart(8, '0');
    expect(learners[0].takeHex()).toBe(
      toHex(fromHex(`00000002 0000000100000003 ${length} ${toHex(entry)} ffffffff`)) +
        toHex(fromHex('00000009 0000000100000003 00000008 0000000000000003 ffffffff')),
    );
    const informed = (entry.length + 8).toString(16).padStart(8, '0');
    expect(observer.takeHex()).toBe(
      toHex(fromHex(`00000013 0000000100000003 ${informed} 0000000000000003 ${toHex(entry)} ffffffff`)),
    );
    expect(stage.take().slice(-3)).toEqual(['sync txn 1.3', 'activate 1.3 leader 3 at 1.3', 'commit committed 1.3']);
  });

  test('from its proposal on a quorum of both is needed, behind its commit one of the new', () => {
    const { stage, learners } = serving([2, 4, 5]);
    const [second, fourth, fifth] = learners;
    stage.write(1);
    stage.write(1, OpCode.reconfig, reconfigEntry(members([1, 2, 3, 4, 5], '100000002')));
    stage.write(1);
    stage.settle();
    second.send('ACK 1.3');
    expect(committed(stage)).toEqual(['commit committed 1.1']);
    fourth.send('ACK 1.2');
    expect(committed(stage)).toEqual(['commit committed 1.2']);
    fifth.send('ACK 1.3');
    expect(committed(stage)).toEqual(['commit committed 1.3']);
    stage.write(1);
    stage.settle();
    fourth.send('ACK 1.4');
    expect(committed(stage)).toEqual([]);
    fifth.send('ACK 1.4');
    expect(committed(stage)).toEqual(['commit committed 1.4']);
  });

  test('what was proposed in between needs the new members only, once they hold: the old ones may have left', () => {
    const { stage, learners } = serving([2], { config: members([1, 2], '100000000') });
    const third = stage.learner(3, { auto: true });
    third.isSlow = true;
    stage.write(1, OpCode.reconfig, reconfigEntry(members([1, 3], '100000001')));
    stage.write(1);
    stage.settle();
    learners[0].send('ACK 1.1');
    third.send('ACK 1.1');
    expect(committed(stage)).toEqual(['commit committed 1.1']);
    learners[0].end();
    third.send('ACK 1.2');
    expect(committed(stage)).toEqual(['commit committed 1.2']);
  });

  test('a leader that is not in the new configuration names one that has the most, and commits nothing behind it', () => {
    const { stage, learners } = serving([2, 3]);
    const [second, third] = learners;
    stage.write(1, OpCode.reconfig, reconfigEntry(members([2, 3], '100000001')));
    stage.write(1);
    stage.settle();
    third.send('ACK 1.2');
    expect(committed(stage)).toEqual([]);
    second.send('ACK 1.1');
    expect(stage.take().slice(-2)).toEqual(['activate 1.1 leader 3 at 1.1', 'commit committed 1.1']);
    expect(second.take().at(-1)).toBe('COMMITANDACTIVATE 1.1 0000000000000003');
    second.send('ACK 1.2');
    third.send('ACK 1.2');
    expect(committed(stage)).toEqual([]);
    stage.pass(2500);
    expect(stage.over).toBe('');
    second.end();
    stage.pass(2500);
    expect(stage.over).toContain('not enough followers are left');
  });

  test('who is a quorum by itself from then on has proven what it asked a follower that left', () => {
    const { stage, learners } = serving([2], { config: members([1, 2], '100000000') });
    const [second] = learners;
    second.isSilent = true;
    stage.write(1, OpCode.reconfig, reconfigEntry(members([1], '100000001')));
    // The first one begins a round, the other one waits for the next.
    for (let syncs = 0; syncs < 2; syncs++) {
      stage.line(RecordType.pass, { [WORD_OP]: OpCode.sync });
      stage.settle();
    }
    second.send('ACK 1.1');
    expect(stage.take().at(-2)).toBe('activate 1.1 leader 1 at 1.1');
    second.end();
    stage.leader.onConfigsChanged();
    stage.requestTurn();
    stage.settle();
    expect(committed(stage)).toEqual(['commit proven 0.1', 'commit proven 0.2']);
  });

  test('liveness needs both while a configuration is pending', () => {
    const { stage, learners } = serving([2]);
    stage.write(1, OpCode.reconfig, reconfigEntry(members([1, 2, 3, 4, 5], '100000001')));
    stage.settle();
    stage.pass(1100);
    expect(stage.over).toContain('1, 2 are no quorum');
    expect(learners[0].take()).toContain('PROPOSAL 1.1 [1.1]');
  });

  test('a request is answered with the new members, whose version is not known yet', () => {
    const { stage } = serving([2, 3]);
    const text = 'server.1=m1:2888:3888:participant\nserver.2=m2:2888:3888:participant\n';
    expect(judged(stage, { leaving: '3', from: 0x100000000n })).toEqual([`prep judged 0 ${JSON.stringify(text)}`]);
    expect(judged(stage, { leaving: '3', from: 0x100000001n })).toEqual(['prep judged -103 ""']);
    expect(judged(stage, { leaving: '2,3' })).toEqual(['prep judged -8 ""']);
    expect(judged(stage, { joining: 'nonsense' })).toEqual(['prep judged -8 ""']);
  });

  test('a request whose members this disk would not take is refused, and the leader leads on', () => {
    const { stage, learners } = serving([2, 3]);
    stage.configs.fails = true;
    expect(judged(stage, { leaving: '3' })).toEqual(['prep judged -1 ""']);
    expect(stage.logged.at(-1)).toBe(
      'refuses a reconfiguration: the new members cannot be written beside the configuration file: ' +
        'ENOSPC: no space left on device',
    );
    stage.write(1);
    stage.settle();
    learners[0].send('ACK 1.1');
    expect(committed(stage)).toEqual(['commit committed 1.1']);
    expect(stage.over).toBe('');
    stage.configs.fails = false;
    expect(judged(stage, { leaving: '3' })[0]).toMatch(/^prep judged 0 /);
  });

  test('a request needs a quorum of the new members that is up to date, observers and the silent left out', () => {
    const { stage, learners } = serving([2]);
    stage.learner(3, { observer: true, auto: true });
    stage.settle();
    const joining = [4, 5].map((sid) => `server.${sid}=m${sid}:2888:3888;${sid}`).join();
    expect(judged(stage, { joining })).toEqual(['prep judged -13 ""']);
    expect(judged(stage, { leaving: '3' })[0]).toMatch(/^prep judged 0 /);
    learners[0].end();
    stage.settle();
    expect(judged(stage, { leaving: '3' })).toEqual(['prep judged -13 ""']);
  });

  test('a request while another is under way is refused; one that was refused changes nothing', () => {
    const { stage, learners } = serving([2]);
    const refused = (zxid: string): Uint8Array =>
      entryOf(int64FromHalves(...zxidOf(zxid)), { type: OpCode.error, txn: { err: -8 } });
    const entry = refused('1.1');
    stage.line(
      RecordType.txn,
      {
        [WORD_ZXID_HI]: 1,
        [WORD_ZXID_LO]: 1,
        [WORD_OP]: OpCode.reconfig,
        [WORD_ERROR]: -8,
        [WORD_LENGTH_A]: entry.length,
      },
      entry,
    );
    stage.settle();
    expect(stage.over).toBe('');
    expect(stage.take().some((text) => text.startsWith('seen'))).toBe(false);
    learners[0].send('ACK 1.1');
    stage.countFrom(1);
    stage.write(1, OpCode.reconfig, reconfigEntry(members([1, 2], '100000002')));
    stage.settle();
    expect(judged(stage, { leaving: '3' })).toEqual(['prep judged -14 ""']);
  });

  test('who joins while a configuration is pending is told of the committed one: UPTODATE makes that its own', () => {
    const { stage, learners } = serving([2]);
    stage.write(1, OpCode.reconfig, reconfigEntry(members([1, 2], '100000001')));
    stage.settle();
    const third = stage.learner(3, { auto: true });
    const told = third.take();
    expect(told).toContain('NEWLEADER 1.0 100000000');
    expect(told).toContain('PROPOSAL 1.1 [1.1]');
    learners[0].send('ACK 1.1');
    expect(third.take().at(-1)).toBe('COMMITANDACTIVATE 1.1 0000000000000001');
    expect(stage.learner(4, { auto: true }).take()).toContain('NEWLEADER 1.0 100000001');
  });

  test('who is made an observer is counted for no quorum to come, though it follows still', () => {
    const { stage } = serving([2, 3]);
    const demoted = members([1, 2, 3], '100000001').replace('m3:2888:3888:participant', 'm3:2888:3888:observer');
    stage.configs.propose(demoted);
    stage.configs.activate(parseQuorumConfigText(demoted), 1, 1, 1);
    const joining = (sids: readonly number[]): string =>
      sids.map((sid) => `server.${sid}=m${sid}:2888:3888;${sid}`).join();
    expect(judged(stage, { joining: joining([3]) })[0]).toMatch(/^prep judged 0 /);
    expect(judged(stage, { joining: joining([3]), leaving: '2' })).toEqual(['prep judged -13 ""']);
  });

  test('recovery: voters of the pending configuration that observe until then complete it with the others', () => {
    const stage = recovering([4, 5], [1, 4, 5]);
    stage.learner(2, { auto: true, last: '1.3' });
    expect(stage.leader.phase).toBe('discovery');
    stage.learner(4, { auto: true, last: '1.3', observer: true });
    expect(stage.leader.phase).toBe('broadcast');
    expect(stage.take()).toContain('activate 1.3 leader 1 at 2.0');
  });

  test('recovery: a configuration that was seen and not committed is completed by NEWLEADER acks of both', () => {
    const stage = recovering([], [1, 3, 4, 5]);
    const [second, fourth, fifth] = [2, 4, 5].map((sid) => stage.learner(sid, { auto: true, last: '1.3' }));
    expect(stage.leader.phase).toBe('broadcast');
    expect(stage.take()).toEqual([
      'acceptedEpoch 2',
      'currentEpoch 2',
      'activate 1.3 leader 1 at 2.0',
      'sync serve 1 2.0',
      'broadcast 2',
    ]);
    for (const learner of [second, fourth, fifth]) expect(learner.take()).toContain('NEWLEADER 2.0 100000003');
  });

  test('recovery: proposed members who have more than the leader do not follow it, and what they have committed stays', () => {
    const stage = recovering([4, 5], [1, 4, 5]);
    stage.learner(2, { auto: true, last: '1.3' });
    const ahead = [4, 5].map((sid) => stage.learner(sid, { auto: true, last: '1.4', observer: true }));
    expect(stage.leader.phase).toBe('epochAcks');
    for (const learner of ahead) expect(learner.take()).not.toContainEqual(expect.stringContaining('TRUNC'));
    stage.pass(10_100);
    expect(stage.over).toContain('no quorum within initLimit (epochAcks');
  });

  test('recovery: what too few of the proposed members have for a quorum they forget, and the configuration is completed', () => {
    const stage = recovering([4, 5], [1, 4, 5]);
    stage.learner(2, { auto: true, last: '1.3' });
    const fourth = stage.learner(4, { auto: true, last: '1.4', observer: true });
    expect(stage.leader.phase).toBe('epochAcks');
    stage.learner(5, { auto: true, last: '1.2', observer: true });
    expect(fourth.take()).toContain('TRUNC 1.3');
    expect(stage.leader.phase).toBe('broadcast');
    expect(stage.take()).toContain('activate 1.3 leader 1 at 2.0');
  });

  test('recovery: of two proposed voters one is enough to tell that the other was alone with what it has, and makes the quorum with it', () => {
    const stage = recovering([4], [1, 4]);
    const fourth = stage.learner(4, { auto: true, last: '1.4', observer: true });
    expect(stage.leader.phase).toBe('discovery');
    stage.learner(2, { auto: true, last: '1.3' });
    expect(fourth.take()).toContain('TRUNC 1.3');
    expect(stage.leader.phase).toBe('broadcast');
  });

  test('recovery: without a quorum of the pending configuration nobody is established', () => {
    const stage = recovering([], [1, 3, 4, 5]);
    stage.learner(2, { auto: true, last: '1.3' });
    stage.learner(4, { auto: true, last: '1.3' });
    expect(stage.leader.phase).toBe('discovery');
    stage.pass(10_100);
    expect(stage.over).toContain('no quorum within initLimit (discovery');
  });

  test('ZOOKEEPER-3829: with reconfiguration disabled a leader commits whatever its configurations say', () => {
    const { stage } = LeaderStage.serving([2], { config: members([2, 3, 1], '0') });
    stage.write(1);
    stage.settle();
    expect(committed(stage)).toEqual(['commit committed 1.1']);
  });
});
