// How a learner is brought to the leader's state: with what it misses (DIFF), after giving up what only it has (TRUNC), or
// with everything (SNAP). Decided by `SyncFeed` on the leader, in one step with commits held still, from zxids alone:
// pure, nothing is read but the zxids that the sources tell, nothing is sent. SNAP is always a safe answer, and the one for
// everything that is not proven to fit.
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

export interface SyncInput {
  /** The last zxid the learner has logged. */
  readonly learnerHi: number;
  readonly learnerLo: number;
  /** The leader's tree. */
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

/**
 * `committed`: the committed log from its oldest record. `openDisk`: the log on disk from the beginning of the file in which
 * the learner's zxid must be; null when it may not be used. Asked for at most once.
 */
export function planSync(input: SyncInput, committed: ZxidSource, openDisk: () => ZxidSource | null): SyncPlan {
  const { learnerHi, learnerLo, maxHi, maxLo, minHi, minLo } = input;
  const snap: SyncPlan = { op: 'SNAP', zxidHi: input.treeHi, zxidLo: input.treeLo, isFromDisk: false };
  if (input.isSnapForced) return snap;
  if (compareSigned(learnerHi, learnerLo, input.treeHi, input.treeLo) === 0) {
    return { op: 'DIFF', zxidHi: learnerHi, zxidLo: learnerLo, isFromDisk: false };
  }
  if (compareSigned(learnerHi, learnerLo, maxHi, maxLo) > 0) {
    return learnerLo === 0 ? snap : { op: 'TRUNC', zxidHi: maxHi, zxidLo: maxLo, isFromDisk: false };
  }
  const walk = new SyncWalk(learnerHi, learnerLo);
  const isFromDisk = compareSigned(learnerHi, learnerLo, minHi, minLo) < 0;
  if (isFromDisk) {
    const disk = openDisk();
    if (disk === null || !walk.leadsTo(disk, minHi, minLo)) return snap;
  }
  if (!walk.leadsTo(committed, maxHi, maxLo)) return snap;
  return { op: 'DIFF', zxidHi: maxHi, zxidLo: maxLo, isFromDisk };
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

  /** From where the learner is, through this source, without a hole, to this very record? */
  leadsTo(source: ZxidSource, zxidHi: number, zxidLo: number): boolean {
    while (compareSigned(this.lastHi, this.lastLo, zxidHi, zxidLo) < 0 && source.next()) {
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
