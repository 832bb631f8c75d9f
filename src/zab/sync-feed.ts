/**
 * Brings one learner to what the leader has committed, as decided (sync-decision.ts; ensemble-protocol 5.5, 5.6): the opening packet,
 * for SNAP the tree's stream, then every committed transaction behind the learner's position, as PROPOSAL and COMMIT, until nothing is
 * missing.
 *
 * It is pulled: each step writes a bounded amount, so that a slow learner costs one position and no queue, however long it
 * takes. What follows the position is taken from the committed log while it is kept there, else from the log on disk.
 *
 *   learner's log  ......P      or, after SNAP, ......Z     (the stream may hold more than Z; what comes twice does no harm)
 *   leader         .......|.. log on disk ..[min .... committed log .... max]   -> position == max: the learner has it all
 *
 * Owned by a LearnerHandler. It must never send what is not committed, nor leave a transaction out: where the next one cannot be
 * proven to follow, it fails, and the learner comes again.
 */
import { assert } from '../base/assert.js';
import { compareSigned, hex64 } from '../base/int64.js';
import { readingCost, type SyncPlan } from '../persistence/sync-plan.js';
import { isNextZxid } from '../persistence/zxid-order.js';
import type { PacketBuffer } from './packet-buffer.js';
import type { ProposalHistory } from './proposal-history.js';
import { PacketType } from './quorum-packet.js';
import { DISK_BYTES_PER_STEP, type DiskProposals, type SnapStream, type SyncSources } from './sync-sources.js';

export const FeedState = {
  /** There is more, and it can go on at once. */
  more: 0,
  /** The log on disk does not reach far enough yet: try again later. */
  waits: 1,
  /** Everything committed is written; stays true only until something more is. */
  caughtUp: 2,
  /** `fault` says why; the learner cannot be served like this. */
  failed: 3,
} as const;
export type FeedState = (typeof FeedState)[keyof typeof FeedState];

export class SyncFeed {
  fault = '';
  readonly plan: SyncPlan;
  private readonly history: ProposalHistory;
  private readonly sources: SyncSources;
  private readonly out: PacketBuffer;
  /** Where this server's history ended before the epoch: nothing but (epoch, 1) follows it. */
  private readonly endHi: number;
  private readonly endLo: number;
  private stream: SnapStream | null = null;
  private disk: DiskProposals | null = null;
  // The last record of the open log that the learner has already; both halves -1: none was seen.
  private passedHi = -1;
  private passedLo = -1;
  // The last zxid the learner will have when it has read everything written so far.
  private atHi: number;
  private atLo: number;

  /** `endHi`, `endLo`: the last zxid of this server's log before the leader's epoch. */
  constructor(
    plan: SyncPlan,
    history: ProposalHistory,
    sources: SyncSources,
    out: PacketBuffer,
    learnerHi: number,
    learnerLo: number,
    endHi: number,
    endLo: number,
  ) {
    this.history = history;
    this.sources = sources;
    this.out = out;
    this.endHi = endHi;
    this.endLo = endLo;
    this.plan = plan;
    const isDiff = plan.op === 'DIFF';
    this.atHi = isDiff ? learnerHi : plan.zxidHi;
    this.atLo = isDiff ? learnerLo : plan.zxidLo;
  }

  /** The opening packet. */
  begin(): void {
    const { op, zxidHi, zxidLo } = this.plan;
    if (op !== 'SNAP') {
      this.out.empty(op === 'DIFF' ? PacketType.diff : PacketType.trunc, zxidHi, zxidLo);
      return;
    }
    this.stream = this.sources.newSnapStream();
    this.atHi = this.stream.zxidHi;
    this.atLo = this.stream.zxidLo;
    this.out.empty(PacketType.snap, this.atHi, this.atLo);
  }

  /** Where the learner will stand, for the log. */
  get position(): string {
    return hex64(this.atHi, this.atLo);
  }

  /** Writes until the buffer holds so many bytes, nothing is left, or a step's work is done. */
  step(bytesMax: number): FeedState {
    const { out } = this;
    while (this.stream !== null) {
      if (out.length >= bytesMax) return FeedState.more;
      const chunk = this.stream.next();
      if (chunk === null) this.stream = null;
      else if (chunk.length === 0) return FeedState.more;
      else out.putBytes(chunk, 0, chunk.length);
    }
    while (!this.isCaughtUp()) {
      if (out.length >= bytesMax) return FeedState.more;
      const state = this.isInMemory() ? this.fromMemory(bytesMax) : this.fromDisk(bytesMax);
      if (state !== FeedState.caughtUp) return state;
    }
    this.close();
    return FeedState.caughtUp;
  }

  close(): void {
    this.disk?.close();
    this.disk = null;
    this.stream = null;
  }

  private isCaughtUp(): boolean {
    const { committedLog } = this.history;
    return compareSigned(this.atHi, this.atLo, committedLog.maxHi, committedLog.maxLo) >= 0;
  }

  /** Whether what follows the position is in the committed log, all of it. */
  private isInMemory(): boolean {
    const { committedLog } = this.history;
    if (committedLog.count === 0) return false;
    const { minHi, minLo } = committedLog;
    if (compareSigned(minHi, minLo, this.atHi, this.atLo) <= 0) return true;
    // Where it begins with an epoch, the end of the one before could be missing.
    return isNextZxid(this.atHi, this.atLo, minHi, minLo) && (minHi === this.atHi || this.isAtEnd());
  }

  private isAtEnd(): boolean {
    return this.atHi === this.endHi && this.atLo === this.endLo;
  }

  /** Whether this record of the log on disk is the next one the learner needs. */
  private followsOnDisk(zxidHi: number, zxidLo: number): boolean {
    if (!isNextZxid(this.atHi, this.atLo, zxidHi, zxidLo)) return false;
    if (zxidHi === this.atHi || this.isAtEnd()) return true;
    // Into another epoch only from a record that was seen, or from (epoch, 0) behind one.
    if (this.atLo === 0) return this.passedHi !== -1 || this.passedLo !== -1;
    return this.passedHi === this.atHi && this.passedLo === this.atLo;
  }

  private fromMemory(bytesMax: number): FeedState {
    const { history, out } = this;
    const { committedLog } = history;
    this.disk?.close();
    this.disk = null;
    for (let i = committedLog.indexFrom(this.atHi, this.atLo); i < committedLog.count; i++) {
      if (out.length >= bytesMax) return FeedState.more;
      committedLog.look(i);
      const { zxidHi, zxidLo } = committedLog;
      if (zxidHi === this.atHi && zxidLo === this.atLo) continue;
      assert(isNextZxid(this.atHi, this.atLo, zxidHi, zxidLo), 'the committed log has no hole');
      this.pair(zxidHi, zxidLo, committedLog.bytes, committedLog.entryOffset, committedLog.entryLength);
    }
    return FeedState.caughtUp;
  }

  /** Up to where the committed log goes on. */
  private fromDisk(bytesMax: number): FeedState {
    const { out } = this;
    if (this.disk === null) {
      this.disk = this.openDisk();
      this.passedHi = -1;
      this.passedLo = -1;
      if (this.disk === null) return this.fail(`the log on disk does not lead on from 0x${this.position}`);
    }
    const { disk } = this;
    const { lastCommittedHi, lastCommittedLo } = this.history;
    for (let read = 0; read < DISK_BYTES_PER_STEP; read += readingCost(disk)) {
      if (out.length >= bytesMax) return FeedState.more;
      if (!disk.next()) {
        // The log's writer has not come so far yet; it is read anew from here.
        disk.close();
        this.disk = null;
        return FeedState.waits;
      }
      const { zxidHi, zxidLo } = disk;
      if (compareSigned(zxidHi, zxidLo, this.atHi, this.atLo) <= 0) {
        this.passedHi = zxidHi;
        this.passedLo = zxidLo;
        continue;
      }
      if (!this.followsOnDisk(zxidHi, zxidLo)) {
        return this.fail(`the log on disk goes on from 0x${this.position} with 0x${hex64(zxidHi, zxidLo)}`);
      }
      if (compareSigned(zxidHi, zxidLo, lastCommittedHi, lastCommittedLo) > 0) {
        return this.fail(`0x${hex64(zxidHi, zxidLo)} in the log on disk is not committed`);
      }
      this.pair(zxidHi, zxidLo, disk.bytes, disk.entryOffset, disk.entryLength);
      this.passedHi = zxidHi;
      this.passedLo = zxidLo;
      if (this.isInMemory()) return FeedState.caughtUp;
    }
    return FeedState.more;
  }

  /** A log that begins behind the position (everything before is in a snapshot) leads on from there as well. */
  private openDisk(): DiskProposals | null {
    const { atHi, atLo, sources } = this;
    return (
      sources.openDisk(atHi, atLo, false) ??
      sources.openDisk(atHi, (atLo + 1) | 0, false) ??
      (this.isAtEnd() ? sources.openDisk(this.history.lastCommittedHi, 1, false) : null)
    );
  }

  private pair(zxidHi: number, zxidLo: number, bytes: Uint8Array, offset: number, length: number): void {
    this.out.withData(PacketType.proposal, zxidHi, zxidLo, bytes, offset, length);
    this.out.empty(PacketType.commit, zxidHi, zxidLo);
    this.atHi = zxidHi;
    this.atLo = zxidLo;
  }

  private fail(fault: string): FeedState {
    this.fault = fault;
    this.close();
    return FeedState.failed;
  }
}
