/**
 * By which of DIFF, TRUNC and SNAP one learner is brought up to date (ensemble-protocol 5.5; persistence/sync-plan.ts has the rules), found
 * out in pieces: a log of gigabytes is gone through while this server goes on leading. Owned by a LearnerHandler until it has
 * decided, on the quorum peer's thread.
 */
import type { CommittedLog } from '../persistence/committed-log.js';
import { type LeaderHistory, type SyncPlan, SyncPlanner, type ZxidSource } from '../persistence/sync-plan.js';
import type { ProposalHistory } from './proposal-history.js';
import { DISK_BYTES_PER_STEP, type DiskProposals, type SyncSources } from './sync-sources.js';

export class SyncDecision {
  private readonly history: ProposalHistory;
  private readonly sources: SyncSources;
  private readonly learnerHi: number;
  private readonly learnerLo: number;
  private readonly planner: SyncPlanner;
  private disk: DiskProposals | null = null;

  constructor(history: ProposalHistory, sources: SyncSources, learnerHi: number, learnerLo: number) {
    this.history = history;
    this.sources = sources;
    this.learnerHi = learnerHi;
    this.learnerLo = learnerLo;
    this.planner = new SyncPlanner(learnerHi, learnerLo, () => {
      this.disk = sources.openDisk(learnerHi, learnerLo, true);
      return this.disk;
    });
  }

  /** Null: there is more to go through. Behind a plan nothing is open any more. */
  step(): SyncPlan | null {
    const { committedLog, lastCommittedHi: treeHi, lastCommittedLo: treeLo } = this.history;
    const { isSnapForced } = this.sources;
    const isEmpty = committedLog.count === 0;
    const { maxHi, maxLo } = committedLog;
    if (isEmpty && !isSnapForced && this.learnerHi === maxHi && this.learnerLo === maxLo) {
      // Nothing is kept, but nothing was committed since that very transaction either.
      this.close();
      return { op: 'DIFF', zxidHi: maxHi, zxidLo: maxLo, isFromDisk: false };
    }
    const leader: LeaderHistory = {
      treeHi,
      treeLo,
      minHi: isEmpty ? treeHi : committedLog.minHi,
      minLo: isEmpty ? treeLo : committedLog.minLo,
      maxHi: isEmpty ? treeHi : maxHi,
      maxLo: isEmpty ? treeLo : maxLo,
      isSnapForced,
    };
    const plan = this.planner.step(leader, new CommittedZxids(committedLog), DISK_BYTES_PER_STEP);
    if (plan === null) return null;
    this.close();
    // No log holds (epoch, 0), and a server of the reference that looks for it keeps the first record behind it.
    if (plan.op === 'TRUNC' && plan.zxidLo === 0)
      return { op: 'SNAP', zxidHi: treeHi, zxidLo: treeLo, isFromDisk: false };
    return plan;
  }

  close(): void {
    this.disk?.close();
    this.disk = null;
  }
}

/** The committed log's zxids, for the plan; it must not change meanwhile. */
class CommittedZxids implements ZxidSource {
  private readonly log: CommittedLog;
  private index = -1;

  constructor(log: CommittedLog) {
    this.log = log;
  }

  get zxidHi(): number {
    return this.log.zxidHi;
  }

  get zxidLo(): number {
    return this.log.zxidLo;
  }

  get entryLength(): number {
    return this.log.entryLength;
  }

  next(): boolean {
    if (this.index + 1 >= this.log.count) return false;
    this.index++;
    this.log.look(this.index);
    return true;
  }
}
