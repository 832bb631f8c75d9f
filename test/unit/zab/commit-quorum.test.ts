// CommitQuorum against the definition: a set of sids for each proposal, and a quorum in every configuration that it needs.

import { describe, expect, test } from 'vitest';
import { Prng } from '../../../src/base/prng.js';
import { parseQuorumConfigText } from '../../../src/election/quorum-config-text.js';
import type { QuorumVerifier } from '../../../src/election/quorum-verifier.js';
import { CommitQuorum } from '../../../src/zab/commit-quorum.js';

function members(sids: readonly number[], more = ''): QuorumVerifier {
  return parseQuorumConfigText(`${sids.map((sid) => `server.${sid}=m${sid}:2888:3888\n`).join('')}${more}version=1`);
}

const CONFIGS = [
  members([1]),
  members([1, 2, 3]),
  members([2, 3, 4, 5]),
  members([1, 2, 3, 4, 5]),
  members(
    [1, 2, 3, 4, 5, 6],
    'group.1=1:2:3\ngroup.2=4:5:6\nweight.1=1\nweight.2=1\nweight.3=3\nweight.4=0\nweight.5=1\nweight.6=1\n',
  ),
];

/** Every proposal has the sids that acknowledged it, and is committed when all before it are. */
class SetsPerProposal {
  private readonly sets = new Map<number, { acks: Set<number>; verifiers: readonly QuorumVerifier[] }>();

  propose(counter: number, verifiers: readonly QuorumVerifier[]): void {
    this.sets.set(counter, { acks: new Set(), verifiers });
  }

  ack(sid: number, upTo: number): void {
    for (const [counter, { acks }] of this.sets) if (counter <= upTo) acks.add(sid);
  }

  committable(lastCommitted: number): number {
    let point = lastCommitted;
    for (;;) {
      const next = this.sets.get(point + 1);
      if (next === undefined || !next.verifiers.every((verifier) => verifier.containsQuorum(next.acks))) return point;
      point++;
    }
  }
}

describe('one number per voter says what sets per proposal say', () => {
  test.each([1, 2, 3, 4, 5, 6, 7, 8])('seed %i', (seed) => {
    const prng = new Prng(seed);
    for (let round = 0; round < 40; round++) {
      let config = CONFIGS[prng.below(CONFIGS.length)];
      let pending: { config: QuorumVerifier; counter: number } | null = null;
      const quorum = new CommitQuorum([config]);
      const sets = new SetsPerProposal();
      const acked = new Map<number, number>();
      let proposed = 0;
      let committed = 0;
      for (let step = 0; step < 60; step++) {
        const kind = prng.below(10);
        if (kind < 4) {
          proposed++;
          sets.propose(proposed, pending === null ? [config] : [config, pending.config]);
        } else if (kind === 4 && pending === null) {
          proposed++;
          pending = { config: CONFIGS[prng.below(CONFIGS.length)], counter: proposed };
          quorum.beginEra(proposed, [config, pending.config]);
          sets.propose(proposed, [config, pending.config]);
        } else {
          const sid = 1 + prng.below(7);
          const before = acked.get(sid) ?? 0;
          acked.set(sid, before + prng.below(proposed - before + 1));
          sets.ack(sid, acked.get(sid) ?? 0);
        }
        quorum.clearAcks();
        for (const [sid, counter] of acked) quorum.addAck(sid, counter);
        const point = Math.min(quorum.committable(committed), proposed);
        expect(point).toBe(sets.committable(committed));
        // As a leader does: what is behind the commit of a configuration, and proposed later, needs that one alone.
        if (pending !== null && point >= pending.counter) {
          committed = pending.counter;
          config = pending.config;
          pending = null;
          quorum.beginEra(proposed + 1, [config]);
          expect(Math.min(quorum.committable(committed), proposed)).toBe(point);
        }
        committed = point;
      }
    }
  });

  test('nothing is a quorum of nobody', () => {
    const quorum = new CommitQuorum([CONFIGS[1]]);
    expect(quorum.committable(0)).toBe(0);
    quorum.addAck(1, 0);
    quorum.addAck(2, 0);
    expect(quorum.committable(0)).toBe(0);
  });
});
