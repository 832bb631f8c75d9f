// ProposalRing against a plain list, in random sequences; ProposalHistory's commits, epochs and settling.

import { describe, expect, test } from 'vitest';
import { Prng } from '../../../src/base/prng.js';
import { CommittedLog } from '../../../src/persistence/committed-log.js';
import { ProposalHistory } from '../../../src/zab/proposal-history.js';
import { ProposalRing } from '../../../src/zab/proposal-ring.js';

function entry(length: number, fill: number): Uint8Array {
  return new Uint8Array(length).fill(fill);
}

function textAt(ring: ProposalRing, index: number): string {
  ring.look(index);
  const bytes = ring.bytes.subarray(ring.entryOffset, ring.entryOffset + ring.entryLength);
  expect(new Set(bytes).size).toBeLessThanOrEqual(1);
  return `${ring.zxidHi}.${ring.zxidLo} ${bytes.length}x${bytes[0] ?? '-'}`;
}

describe('ProposalRing', () => {
  test.each([1, 2, 3, 4, 5, 6])('holds what a list holds: seed %i', (seed) => {
    const prng = new Prng(seed);
    const ring = new ProposalRing();
    const list: string[] = [];
    let counter = 0;
    for (let step = 0; step < 4000; step++) {
      const isFilling = step % 1000 < 600;
      if (prng.below(100) < (isFilling ? 60 : 25)) {
        const length = prng.below(50) === 0 ? prng.below(200_000) : prng.below(300);
        counter++;
        const fill = counter & 0xff;
        ring.push(7, counter, entry(length, fill), 0, length);
        list.push(`7.${counter} ${length}x${length === 0 ? '-' : fill}`);
      } else if (list.length > 0) {
        expect(textAt(ring, 0)).toBe(list.shift());
        ring.shift();
      }
      expect(ring.length).toBe(list.length);
      if (list.length > 0) {
        const index = prng.below(list.length);
        expect(textAt(ring, index)).toBe(list[index]);
      }
      if (prng.below(900) === 0) {
        ring.clear();
        list.length = 0;
      }
    }
    expect(list.map((_, i) => textAt(ring, i))).toEqual(list);
  });

  test('large memory is given back once nothing is left', () => {
    const ring = new ProposalRing();
    for (let i = 1; i <= 20_000; i++) ring.push(1, i, entry(1000, i), 0, 1000);
    expect(ring.bytes.length).toBeGreaterThanOrEqual(20_000_000);
    for (let i = 1; i <= 20_000; i++) ring.shift();
    ring.push(1, 20_001, entry(10, 9), 0, 10);
    expect(ring.bytes.length).toBe(4 << 20);
    expect(textAt(ring, 0)).toBe('1.20001 10x9');
  });
});

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
