// ProposalHistory's commits, epochs and settling.

import { describe, expect, test } from 'vitest';
import { CommittedLog } from '../../../src/persistence/committed-log.js';
import { ProposalHistory } from '../../../src/zab/proposal-history.js';

function entry(length: number, fill: number): Uint8Array {
  return new Uint8Array(length).fill(fill);
}

describe('ProposalHistory', () => {
  const bytes = entry(40, 1);

  test('what is committed goes from the pending ones to the committed log, in order', () => {
    const history = new ProposalHistory(new CommittedLog(500, 1 << 20));
    history.reset(1, 5);
    for (let i = 6; i <= 8; i++) history.append(1, i, bytes, 0, 40);
    history.commitHead();
    expect([history.lastCommittedLo, history.lastProposedLo, history.pendingCount]).toEqual([6, 8, 2]);
    history.commitHead();
    const { committedLog } = history;
    expect([committedLog.count, committedLog.minLo, committedLog.maxLo]).toEqual([2, 6, 7]);
  });

  test('an epoch begins behind what is committed, and its first transaction follows', () => {
    const history = new ProposalHistory(new CommittedLog(500, 1 << 20));
    history.reset(1, 5);
    history.append(1, 6, bytes, 0, 40);
    expect(() => history.beginEpoch(2)).toThrow('settled');
    history.commitAll();
    history.beginEpoch(2);
    expect([history.lastCommittedHi, history.lastCommittedLo, history.committedLog.maxLo]).toEqual([2, 0, 6]);
    history.append(2, 1, bytes, 0, 40);
    history.commitHead();
    expect([history.committedLog.minLo, history.committedLog.maxHi, history.committedLog.maxLo]).toEqual([6, 2, 1]);
  });

  test('ZOOKEEPER-4925: a hole is not taken into the committed log', () => {
    const history = new ProposalHistory(new CommittedLog(500, 1 << 20));
    history.reset(1, 5);
    history.append(1, 7, bytes, 0, 40);
    expect(() => history.commitHead()).toThrow('follows');
  });
});
