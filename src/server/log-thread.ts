/**
 * The sync stage, assembled, and the factory of a thread that has nothing else: the log thread loads a third of the modules
 * that the server consists of, and so is ready when the main thread is.
 *
 * Runs on whatever thread the placement gives the stage; owns nothing beyond what it hands to the actor.
 */
import { randomBytes } from 'node:crypto';
import type { Actor, ActorContext, CreateActor } from '../actor/actor.js';
import type { Logger } from '../actor/logger.js';
import { SystemClock } from '../actor/system-clock.js';
import { assert } from '../base/assert.js';
import { hex64 } from '../base/int64.js';
import { Prng } from '../base/prng.js';
import { type DataDirectories, openDataDirectories } from '../persistence/data-directories.js';
import { DurableZxid } from '../persistence/durable-zxid.js';
import { FatalStorageError } from '../persistence/fatal-storage-error.js';
import { errorCodeOf, type FileStore } from '../persistence/file-store.js';
import { NodeFileStore } from '../persistence/node-file-store.js';
import { ReopeningTxnLog } from '../persistence/reopening-txn-log.js';
import { installRestore } from '../persistence/restore-files.js';
import { decodeRestorePlan } from '../persistence/restore-plan.js';
import { SnapshotGate } from '../persistence/snapshot-gate.js';
import { SnapshotPolicy } from '../persistence/snapshot-policy.js';
import { TruncateError, truncateTxnLog } from '../persistence/txn-log-truncate.js';
import { TxnLogWriter, type TxnLogWriterOptions } from '../persistence/txn-log-writer.js';
import {
  type GroupCommitOptions,
  type InstallRestore,
  type MemberLog,
  SyncRequestProcessor,
} from '../processor/sync-request-processor.js';
import type { ServerConfig } from './server-config.js';
import { ServerLog } from './server-log.js';
import { SharedName, sharedMemory } from './shared-name.js';
import { type ActorConfig, ActorKind } from './standalone-topology.js';

export const createActor: CreateActor = (kind, name, context) => {
  assert(kind === ActorKind.sync, `the log thread has no actor of kind ${kind} (${name})`);
  return makeSync(context, (context.config as ActorConfig).server);
};

/** Null: what is said goes to the main thread. */
export function createLogger(threadName: string, actorName: string | null, config: unknown): Logger | null {
  const { server } = config as ActorConfig;
  if (server.logging.toMainThread) return null;
  return ServerLog.forThread(threadName, actorName ?? threadName, server.logging);
}

export function makeSync(context: ActorContext, server: ServerConfig): Actor {
  const log = context.log;
  const slowSyncs = context.counters.register('fsync_threshold_exceed_count');
  const syncMs = context.counters.register('fsync_total_ms');
  const syncTime = context.metrics.summary('fsynctime');
  const directories = directoriesOf(server);
  const fileStore = new NodeFileStore();
  const writerOptions: TxnLogWriterOptions = {
    fileStore,
    directory: directories.logDirectory,
    snapshotDirectory: directories.snapshotDirectory,
    clock: new SystemClock(),
    preAllocBytes: server.preAllocBytes,
    forceSync: server.forceSync,
    sizeLimitBytes: server.txnLogBytesMax,
    syncWarningThresholdMs: server.fsyncWarningThresholdMs,
    onSync: (durationMs) => {
      context.counters.add(syncMs, durationMs);
      syncTime.add(durationMs);
    },
    onSlowSync: (durationMs, _path, fileBytes) => {
      context.counters.increment(slowSyncs);
      log.warn(
        `fsync-ing the write ahead log in SyncThread:0 took ${Math.round(durationMs)}ms which will adversely effect ` +
          `operation latency.File size is ${fileBytes} bytes. See the ZooKeeper troubleshooting guide`,
      );
    },
    warn: (message) => log.warn(message),
    onNewFile: (name) => log.info(`Creating new log file: ${name}`),
    // What a member once acknowledged and lost stays owed until its log has reached it (persistence/sync-mark.ts).
    keepsHigherMark: server.quorumPeer !== null,
  };
  const policy = new SnapshotPolicy(server.snapCount, server.snapLogBytesMax, new Prng(randomBytes(4).readUInt32LE()));
  const durable = new DurableZxid(sharedMemory(context, SharedName.durableZxid));
  const install = restoreInstaller(fileStore, directories, log);
  const options: GroupCommitOptions = {
    flushDelayMs: server.flushDelayMs,
    pollMs: server.writeQueuePollMsMax,
    batchCountMax: server.batchCountMax > 0 ? server.batchCountMax : Number.POSITIVE_INFINITY,
  };
  if (server.quorumPeer === null) {
    const writer = new TxnLogWriter(writerOptions);
    return new SyncRequestProcessor(context, writer, policy, durable, install, options);
  }
  const reopening = new ReopeningTxnLog(() => new TxnLogWriter(writerOptions));
  const gate = new SnapshotGate(sharedMemory(context, SharedName.snapshotGate));
  const member = memberLog(fileStore, directories, reopening, gate, log);
  return new SyncRequestProcessor(context, reopening, policy, durable, install, options, member);
}

export function memberLog(
  fileStore: FileStore,
  directories: DataDirectories,
  log: ReopeningTxnLog,
  gate: SnapshotGate,
  logger: Logger,
): MemberLog {
  return {
    release: () => log.release(),
    truncate: (zxidHi, zxidLo) => {
      // Opened by final, when it has loaded what is left.
      gate.shut();
      try {
        const { lastHi, lastLo, removed } = truncateTxnLog(fileStore, directories, zxidHi, zxidLo);
        logger.info(`The log is truncated to 0x${hex64(zxidHi, zxidLo)} and ends at 0x${hex64(lastHi, lastLo)}`, {
          removed,
        });
        return true;
      } catch (error) {
        if (!(error instanceof TruncateError)) throw error;
        gate.open();
        logger.warn(`${error.message}; the leader has to send a snapshot`);
        return false;
      }
    },
  };
}

/** A disk that refuses before the files are changed, a full one for instance, costs the restore and nothing else. */
export function restoreInstaller(fileStore: FileStore, directories: DataDirectories, log: Logger): InstallRestore {
  return (bytes, offset, zxidHi, zxidLo) => {
    try {
      installRestore(fileStore, directories, decodeRestorePlan(bytes, offset), zxidHi, zxidLo);
      return true;
    } catch (error) {
      if (error instanceof FatalStorageError || errorCodeOf(error) === '') throw error;
      log.error('The snapshot cannot be restored; the database stays as it is', { error });
      return false;
    }
  };
}

/** version-2 below the two configured directories; made if they are missing and may be. */
export function directoriesOf(server: ServerConfig): DataDirectories {
  return openDataDirectories(new NodeFileStore(), server.dataDir, server.dataLogDir, server.datadirAutocreate);
}
