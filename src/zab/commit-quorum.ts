/**
 * Up to which proposal of its epoch a leader may commit (ensemble-protocol 6.4, 9.4), from how far each voter has
 * acknowledged. Pure; owned by the Leader.
 *
 * A log is written in order and a link is read in order, so one number per voter says it all: who acknowledged a proposal
 * has every one before it. That makes the test one per batch instead of one per proposal, with the same answer as a set of
 * sids for each: the set of a proposal z is { sid : acked(sid) >= z }.
 *
 *   counters   1 ........ r-1 | r .................. | r+1 ......
 *   eras       config A       | A and B, both        | B             r: a reconfiguration to B, which holds once r is committed
 *
 * Counters are the low half of the zxids, as numbers from 1 to 0xfffffffe.
 */
import { assert } from '../base/assert.js';
import type { QuorumVerifier } from '../election/quorum-verifier.js';

interface Era {
  /** The first proposal it holds for. */
  readonly from: number;
  readonly verifiers: readonly QuorumVerifier[];
}

export class CommitQuorum {
  private eras: Era[];
  private readonly sids: number[] = [];
  private readonly acked: number[] = [];
  private readonly supporters = new Set<number>(); // reused

  constructor(verifiers: readonly QuorumVerifier[]) {
    this.eras = [{ from: 1, verifiers }];
  }

  /** Proposals from this one on need a quorum in each of these. */
  beginEra(from: number, verifiers: readonly QuorumVerifier[]): void {
    const last = this.eras[this.eras.length - 1];
    assert(from >= last.from, 'eras follow one another');
    if (from === last.from) this.eras.pop();
    this.eras.push({ from, verifiers });
  }

  /** What was acknowledged is told anew before each question. */
  clearAcks(): void {
    this.sids.length = 0;
    this.acked.length = 0;
  }

  addAck(sid: number, counter: number): void {
    this.sids.push(sid);
    this.acked.push(counter);
  }

  /** The last proposal that may be committed, all before it included; what is committed already is not asked about again. */
  committable(lastCommitted: number): number {
    while (this.eras.length > 1 && this.eras[1].from <= lastCommitted + 1) this.eras.shift();
    let point = lastCommitted;
    for (let i = 0; i < this.eras.length; i++) {
      const end = i + 1 < this.eras.length ? this.eras[i + 1].from - 1 : Number.POSITIVE_INFINITY;
      const reached = Math.min(this.reachedIn(this.eras[i].verifiers), end);
      if (reached > point) point = reached;
      if (reached < end) break;
    }
    return point;
  }

  private reachedIn(verifiers: readonly QuorumVerifier[]): number {
    let reached = Number.POSITIVE_INFINITY;
    for (const verifier of verifiers) reached = Math.min(reached, this.reachedBy(verifier));
    return reached;
  }

  /** The highest counter that a quorum has acknowledged: tried from the highest one down. */
  private reachedBy(verifier: QuorumVerifier): number {
    const { supporters, sids, acked } = this;
    let candidate = Number.POSITIVE_INFINITY;
    for (;;) {
      let next = -1;
      for (const counter of acked) if (counter < candidate && counter > next) next = counter;
      if (next <= 0) return 0;
      supporters.clear();
      for (let i = 0; i < sids.length; i++) if (acked[i] >= next) supporters.add(sids[i]);
      if (verifier.containsQuorum(supporters)) return next;
      candidate = next;
    }
  }
}
