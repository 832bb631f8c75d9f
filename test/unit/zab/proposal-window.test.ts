// ProposalWindow: when a leader lets prep's line wait for a commit, and that nothing waits for ever.

import { describe, expect, test } from 'vitest';
import { ProposalWindow } from '../../../src/zab/proposal-window.js';
import { PacketType } from '../../../src/zab/quorum-packet.js';
import { LeaderStage } from './leader-stage.js';
import type { ScriptedLearner } from './scripted-learner.js';

/** A round of so many milliseconds has been measured, and eight more are on their way since `nowMs`. */
function afterRound(ms: number, nowMs: number): ProposalWindow {
  const window = new ProposalWindow();
  window.onTurn(3, 0, nowMs - ms);
  window.onTurn(3, 3, nowMs);
  window.onTurn(11, 3, nowMs);
  return window;
}

describe('what waits', () => {
  test('is open with few on their way, and may wait only where rounds are known to be short', () => {
    expect([0, 7, 8, 50].map((count) => new ProposalWindow().isOpen(count))).toEqual([true, true, false, false]);
    expect(new ProposalWindow().mayWait(100, 0)).toBe(false);
    expect(afterRound(4, 100).mayWait(100, 100)).toBe(true);
    expect(afterRound(4.1, 100).mayWait(100, 100)).toBe(false);
  });

  test('waits no longer than a round may take, and is no batch by itself', () => {
    const window = afterRound(1, 100);
    expect([100, 104, 104.1].map((nowMs) => window.mayWait(100, nowMs))).toEqual([true, true, false]);
    expect([(16 << 10) - 1, 16 << 10].map((bytes) => window.mayWait(bytes, 100))).toEqual([true, false]);
  });

  test('a round ends with the commit of what began it, whatever was proposed meanwhile; a long one forbids to wait', () => {
    const window = afterRound(1, 100);
    window.onTurn(15, 3, 105);
    window.onTurn(20, 11, 106);
    expect(window.mayWait(100, 106)).toBe(false);
    window.onTurn(21, 15, 107);
    window.onTurn(22, 20, 108);
    window.onTurn(22, 21, 109);
    expect(window.mayWait(100, 109)).toBe(true);
  });
});

describe('a leader', () => {
  /** One transaction has been committed in no time, and eight are on their way. */
  function withEightOnTheirWay(): { stage: LeaderStage; second: ScriptedLearner } {
    const { stage, learners } = LeaderStage.serving([2, 3]);
    for (const learner of learners) learner.isSlow = true;
    stage.write();
    stage.settle();
    expect(stage.leader.mayTake(100)).toBe(true);
    learners[0].send('ACK 1.1');
    stage.write(8);
    stage.settle();
    return { stage, second: learners[0] };
  }

  test('lets prep wait for the commit of eight, but not a batch, and not for long', () => {
    const { stage, second } = withEightOnTheirWay();
    expect([100, 1 << 20].map((bytes) => stage.leader.mayTake(bytes))).toEqual([false, true]);
    second.send('ACK 1.2');
    expect(stage.leader.mayTake(100)).toBe(true);
    stage.write();
    stage.settle();
    expect(stage.leader.mayTake(100)).toBe(false);
    stage.clock.advance(5);
    expect(stage.leader.mayTake(100)).toBe(true);
  });

  test('asks whether the turn that begins will commit', () => {
    const { stage, second } = withEightOnTheirWay();
    const link = [...stage.leader.learners].find(({ sid }) => sid === second.sid);
    link?.onPacket(PacketType.ack, 1, 9, new Uint8Array(0), 0, -1, 0, 0);
    expect(stage.leader.mayTake(100)).toBe(true);
    expect(stage.take()).not.toContain('commit committed 1.9');
    stage.requestTurn();
    stage.settle();
    expect(stage.take()).toContain('commit committed 1.9');
  });

  test('that is over lets nothing wait', () => {
    const { stage } = withEightOnTheirWay();
    stage.leader.close();
    expect(stage.leader.mayTake(100)).toBe(true);
  });
});
