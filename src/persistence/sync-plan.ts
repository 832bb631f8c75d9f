// How a learner is brought to the leader's state: with what it misses (DIFF), after giving up what only it has (TRUNC), or
// with everything (SNAP). Decided for `SyncFeed` on the leader, in pieces where the log on disk has to be gone through, from zxids
// alone: pure, nothing is read but the zxids that the sources tell, nothing is sent. SNAP is always a safe answer, and the one
// for everything that is not proven to fit.
//
//   learner's last zxid P      .........P
//   committed log                        [min ......... max]     P in it, or P < min and the log on disk leads up to min
//   log on disk            [... first .......... min ...
//
//   opening packet   DIFF(max)    P is in the sources, or is (epoch, 0), which no transaction is
//                    TRUNC(max)   P is above max: the learner logged what was never committed
//   then             for DIFF, every record above P, as PROPOSAL and COMMIT, up to max
//
// The reference also cuts back to the record before P where its own log has P's neighbours but not P. Neighbours with
// something between them are a hole in the leader's log, and across epochs P may have been committed: both get a snapshot.

import { compareSigned } from '../base/int64.js';
import { isNextZxid } from './zxid-order.js';

/** What the leader has. */
export interface LeaderHistory {
  /** The tree. */
  readonly treeHi: number;
  readonly treeLo: number;
  /** Of the committed log; both the tree's when it is empty. */
  readonly minHi: number;
  readonly minLo: number;
  readonly maxHi: number;
  readonly maxLo: number;
  /** forceSnapshotSync */
  readonly isSnapForced: boolean;
}

/** Records by rising zxid; whoever gives it closes it. */
export interface ZxidSource {
  readonly zxidHi: number;
  readonly zxidLo: number;
  /** Bytes of the current record. */
  readonly entryLength: number;
  /** False at the end, and where reading cannot go on. */
  next(): boolean;
}

export interface SyncPlan {
  readonly op: 'DIFF' | 'TRUNC' | 'SNAP';
  /** In the opening packet. */
  readonly zxidHi: number;
  readonly zxidLo: number;
  /** The records that follow up to the committed log's min come from the log on disk. */
  readonly isFromDisk: boolean;
}

/** What a record costs to read beside its bytes, as so many bytes. */
const RECORD_COST_BYTES = 256;

/** Of the record that the source stands at, in bytes: whoever reads a log in pieces counts them so. */
export function readingCost(source: ZxidSource): number {
  return source.entryLength + RECORD_COST_BYTES;
}

/** Of one learner. Asked in pieces, while commits go on, until it has decided. */
export class SyncPlanner {
  private readonly learnerHi: number;
  private readonly learnerLo: number;
  private readonly openDisk: () => ZxidSource | null;
  /** From the first piece on, unless that decided: what is in the log on disk is being gone through. */
  private disk: ZxidSource | null = null;
  private readonly walk: SyncWalk;

  /**
   * `openDisk`: the log on disk from the beginning of the file in which the learner's zxid must be; null when it may not be used. Asked
   * for at most once.
   */
  constructor(learnerHi: number, learnerLo: number, openDisk: () => ZxidSource | null) {
    this.learnerHi = learnerHi;
    this.learnerLo = learnerLo;
    this.openDisk = openDisk;
    this.walk = new SyncWalk(learnerHi, learnerLo);
  }

  /**
   * `leader`, and `committed`, the committed log from its oldest record, as they are now: both may have moved on since the last piece.
   * Reads about so many bytes of the log on disk; null: there is more.
   */
  step(leader: LeaderHistory, committed: ZxidSource, bytesMax: number): SyncPlan | null {
    const { learnerHi, learnerLo, walk } = this;
    const { maxHi, maxLo, minHi, minLo } = leader;
    const snap: SyncPlan = { op: 'SNAP', zxidHi: leader.treeHi, zxidLo: leader.treeLo, isFromDisk: false };
    if (this.disk === null) {
      const atOnce = this.withoutLog(leader, snap);
      if (atOnce !== null) return atOnce;
      if (compareSigned(learnerHi, learnerLo, minHi, minLo) < 0) {
        this.disk = this.openDisk();
        if (this.disk === null) return snap;
      }
    }
    if (this.disk !== null) {
      const leads = walk.leadsTo(this.disk, minHi, minLo, bytesMax);
      if (leads === null) return null;
      if (!leads) return snap;
    }
    if (!walk.leadsTo(committed, maxHi, maxLo, Number.POSITIVE_INFINITY)) return snap;
    return { op: 'DIFF', zxidHi: maxHi, zxidLo: maxLo, isFromDisk: this.disk !== null };
  }

  private withoutLog(leader: LeaderHistory, snap: SyncPlan): SyncPlan | null {
    const { learnerHi, learnerLo } = this;
    const { maxHi, maxLo } = leader;
    if (leader.isSnapForced) return snap;
    if (compareSigned(learnerHi, learnerLo, leader.treeHi, leader.treeLo) === 0) {
      return { op: 'DIFF', zxidHi: learnerHi, zxidLo: learnerLo, isFromDisk: false };
    }
    if (compareSigned(learnerHi, learnerLo, maxHi, maxLo) > 0) {
      return learnerLo === 0 ? snap : { op: 'TRUNC', zxidHi: maxHi, zxidLo: maxLo, isFromDisk: false };
    }
    return null;
  }
}

/** Goes through the records of one source after the other, looks for the learner's, and proves that none is missing behind it. */
class SyncWalk {
  private readonly learnerHi: number;
  private readonly learnerLo: number;
  private lastHi = -1; // the last record seen, in any source
  private lastLo = -1;
  private isFound = false; // the learner stands at or directly in front of a record that was seen

  constructor(learnerHi: number, learnerLo: number) {
    this.learnerHi = learnerHi;
    this.learnerLo = learnerLo;
  }

  /** From where the learner is, through this source, without a hole, to this very record? Null: not known after so many bytes. */
  leadsTo(source: ZxidSource, zxidHi: number, zxidLo: number, bytesMax: number): boolean | null {
    let bytes = 0;
    while (compareSigned(this.lastHi, this.lastLo, zxidHi, zxidLo) < 0) {
      if (bytes >= bytesMax) return null;
      if (!source.next()) return false;
      bytes += readingCost(source);
      // What the source before has told, and a zxid that stands in the log twice (an error that was no request).
      if (compareSigned(source.zxidHi, source.zxidLo, this.lastHi, this.lastLo) <= 0) continue;
      if (!this.take(source.zxidHi, source.zxidLo)) return false;
      this.lastHi = source.zxidHi;
      this.lastLo = source.zxidLo;
    }
    return this.isFound && this.lastHi === zxidHi && this.lastLo === zxidLo;
  }

  private take(zxidHi: number, zxidLo: number): boolean {
    if (this.isFound) return isNextZxid(this.lastHi, this.lastLo, zxidHi, zxidLo);
    const order = compareSigned(zxidHi, zxidLo, this.learnerHi, this.learnerLo);
    if (order < 0) return true;
    this.isFound = true;
    // A learner at (epoch, 0) holds all there was before that epoch, and no record has its zxid.
    return order === 0 || (this.learnerLo === 0 && isNextZxid(this.learnerHi, this.learnerLo, zxidHi, zxidLo));
  }
}
