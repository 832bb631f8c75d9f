/**
 * How a leader brings its learners up to date, from the configuration (persistence 0, 6.4, 6.8). Read once, on the main
 * thread; used by the leader's learner handlers. Values that make no sense become the default, as in the reference.
 */
import type { Settings } from './settings.js';

export interface LearnerSyncConfig {
  /** Transactions that CommittedLog keeps. */
  readonly commitLogCount: number;
  /** ProposalsFromLog: 0 is no limit, negative never. */
  readonly snapshotSizeFactor: number;
  /** A test aid: always SNAP. */
  readonly forceSnapshotSync: boolean;
  /** Learners that are sent a snapshot, or a DIFF, at one time; participants count but are never turned away (persistence 7.3). */
  readonly snapSyncsMax: number;
  readonly diffSyncsMax: number;
}

const COMMIT_LOG_COUNT_MIN = 500;
const SNAPSHOT_SIZE_FACTOR_DEFAULT = 0.33;

export function readLearnerSyncConfig(settings: Settings): LearnerSyncConfig {
  return {
    commitLogCount: Math.max(COMMIT_LOG_COUNT_MIN, settings.lenientInt('commitLogCount')),
    snapshotSizeFactor: sizeFactor(settings.text('snapshotSizeFactor')),
    forceSnapshotSync: settings.lenientBool('forceSnapshotSync'),
    snapSyncsMax: settings.lenientInt('leader.maxConcurrentSnapSyncs'),
    diffSyncsMax: settings.lenientInt('leader.maxConcurrentDiffSyncs'),
  };
}

/** Double.parseDouble, without hexadecimal numbers. */
function sizeFactor(text: string): number {
  const match = /^([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)[fFdD]?$/.exec(text.trim());
  const factor = match === null ? Number.NaN : Number(match[1]);
  return factor <= 1 ? factor : SNAPSHOT_SIZE_FACTOR_DEFAULT;
}
