// How the database is kept on the disk: when the log rolls and is synced, when snapshots are made, what is cleaned away,
// and what a start makes of an empty directory. Read once by the main thread while the server starts; plain data for the
// threads of the log and of the snapshots. Values too small to be meant become the least that works, and are warned of.

import type { Logger } from '../actor/logger.js';
import type { Settings } from './settings.js';

export interface StorageConfig {
  readonly datadirAutocreate: boolean;
  readonly dbAutocreate: boolean;
  readonly snapshotTrustEmpty: boolean;
  readonly snapRetainCount: number;
  /** 0: never. */
  readonly purgeIntervalHours: number;

  readonly snapCount: number;
  /** 0: no limit. */
  readonly snapLogBytesMax: number;
  /** 0: no limit. */
  readonly txnLogBytesMax: number;
  /** 0: the log grows as needed. */
  readonly preAllocBytes: number;
  readonly forceSync: boolean;
  readonly fsyncWarningThresholdMs: number;
  readonly flushDelayMs: number;
  readonly writeQueuePollMsMax: number;
  readonly batchCountMax: number;
}

const SNAP_RETAIN_COUNT_MIN = 3;
const SNAP_COUNT_MIN = 2;

export function readStorageConfig(settings: Settings, log: Logger): StorageConfig {
  const flushDelayMs = settings.lenientLong('flushDelay');
  return {
    datadirAutocreate: settings.lenientBool('datadir.autocreate'),
    dbAutocreate: settings.lenientBool('db.autocreate'),
    snapshotTrustEmpty: settings.lenientBool('snapshot.trust.empty'),
    snapRetainCount: readSnapRetainCount(settings, log),
    purgeIntervalHours: Math.max(0, settings.strictInt('autopurge.purgeInterval')),

    snapCount: readSnapCount(settings, log),
    snapLogBytesMax: bytesOrNoLimit(settings.lenientLong('snapSizeLimitInKb')),
    txnLogBytesMax: bytesOrNoLimit(settings.lenientLong('txnLogSizeLimitInKb')),
    preAllocBytes: bytesOrNoLimit(settings.lenientLong('preAllocSize')),
    forceSync: !settings.switched('forceSync'),
    fsyncWarningThresholdMs: settings.lenientLong('fsync.warningthresholdms'),
    flushDelayMs,
    writeQueuePollMsMax: settings.lenientLong('maxWriteQueuePollTime', Math.trunc(flushDelayMs / 3)),
    batchCountMax: settings.lenientInt('maxBatchSize'),
  };
}

function readSnapRetainCount(settings: Settings, log: Logger): number {
  const count = settings.strictInt('autopurge.snapRetainCount');
  if (count >= SNAP_RETAIN_COUNT_MIN) return count;
  log.warn(`Invalid autopurge.snapRetainCount: ${count}. Defaulting to ${SNAP_RETAIN_COUNT_MIN}`);
  return SNAP_RETAIN_COUNT_MIN;
}

function readSnapCount(settings: Settings, log: Logger): number {
  const count = settings.lenientInt('snapCount');
  if (count >= SNAP_COUNT_MIN) return count;
  log.warn(`SnapCount should be 2 or more. Now, snapCount is reset to ${SNAP_COUNT_MIN}`);
  return SNAP_COUNT_MIN;
}

function bytesOrNoLimit(kib: number): number {
  return kib <= 0 ? 0 : Math.min(Number.MAX_SAFE_INTEGER, kib * 1024);
}
