// Makes a proven snapshot the database of the next start: the step of a restore that happens on the disk, done by the log's
// thread between two logs, while nothing else is on its way. Nobody may be told of the restore before it has returned.
//
// In this order, since a crash may come between any two calls:
//
//   1. the temporary gets the tail of its new zxid, and is synced    } until here a start finds the old database,
//   2. the directories for what is to be set aside are made          } and any failure leaves it as it was
//   3. it becomes snapshot.<zxid>, and the directory is synced       <- from here on a start finds the restored one: its zxid
//   4. all other snapshots and all logs are set aside, synced           is above all that the old logs hold
//
// From the rename on a failure is fatal: what the disk shows is not known. What is set aside lies in a sub-directory whose
// name neither a server nor a purge looks into, ours or Apache's: `before-restore.<zxid>`; an operator removes it.

import { adler32 } from '../base/adler32.js';
import { writeInt32 } from '../base/bytes.js';
import { hex64 } from '../base/int64.js';
import { FatalStorageError } from './fatal-storage-error.js';
import { type DataFileName, snapshotName } from './file-names.js';
import { errorCodeOf, type FileStore, joinPath, type StoredFile } from './file-store.js';
import { RESTORE_NAME, type RestorePlan } from './restore-plan.js';
import { listSnapshots } from './snapshot-files.js';
import {
  DIGEST_SECTION_BYTES,
  LAST_ZXID_SECTION_BYTES,
  SEAL_BYTES,
  TAIL_DIGEST_BYTES,
  TAIL_LAST_ZXID_BYTES,
  writeSlashString,
} from './snapshot-format.js';
import { listTxnLogs } from './txn-log-files.js';

const ASIDE_PREFIX = 'before-restore.';

export interface RestoreDirectories {
  readonly logDirectory: string;
  readonly snapshotDirectory: string;
}

function asideName(zxidHi: number, zxidLo: number): string {
  return ASIDE_PREFIX + hex64(zxidHi, zxidLo);
}

/**
 * The log has been closed. Throws FatalStorageError when the disk may hold either database; whatever else it throws, it holds
 * the old one.
 */
export function installRestore(
  fileStore: FileStore,
  { logDirectory, snapshotDirectory }: RestoreDirectories,
  plan: RestorePlan,
  zxidHi: number,
  zxidLo: number,
): void {
  const aside = asideName(zxidHi, zxidLo);
  const logs = listTxnLogs(fileStore, logDirectory);
  const snapshots = listSnapshots(fileStore, snapshotDirectory);
  const temporary = joinPath(snapshotDirectory, RESTORE_NAME);
  const name = snapshotName(zxidHi, zxidLo);
  const file = fileStore.openForWrite(temporary);
  try {
    writeTail(file, plan, zxidHi, zxidLo);
    file.sync();
  } finally {
    file.close();
  }
  for (const directory of new Set([logDirectory, snapshotDirectory])) {
    fileStore.makeDirectories(joinPath(directory, aside));
  }
  const target = joinPath(snapshotDirectory, name);
  try {
    fileStore.rename(temporary, target);
    fileStore.syncDirectory(snapshotDirectory);
    setAside(fileStore, snapshotDirectory, aside, snapshots, name);
    setAside(fileStore, logDirectory, aside, logs, '');
  } catch (error) {
    throw new FatalStorageError('restore', target, error);
  }
}

/** First the new names become durable, then the old ones go: nothing is lost on the way. */
function setAside(
  fileStore: FileStore,
  directory: string,
  aside: string,
  files: readonly DataFileName[],
  except: string,
): void {
  for (const { name } of files) {
    if (name === except) continue;
    try {
      fileStore.rename(joinPath(directory, name), joinPath(directory, `${aside}/${name}`));
    } catch (error) {
      // Purged meanwhile.
      if (errorCodeOf(error) !== 'ENOENT') throw error;
    }
  }
  fileStore.syncDirectory(joinPath(directory, aside));
  fileStore.syncDirectory(directory);
}

/** Both sections or none, as snapshot-format.ts says; the sums go on from the content's. */
function writeTail(file: StoredFile, plan: RestorePlan, zxidHi: number, zxidLo: number): void {
  file.truncate(plan.contentBytes);
  if (plan.digestVersion === 0) return;
  const tail = new Uint8Array(TAIL_DIGEST_BYTES + TAIL_LAST_ZXID_BYTES);
  writeInt32(tail, 0, zxidHi);
  writeInt32(tail, 4, zxidLo);
  writeInt32(tail, 8, plan.digestVersion);
  writeInt32(tail, 12, plan.digestHi);
  writeInt32(tail, 16, plan.digestLo);
  let sum = adler32(tail, 0, DIGEST_SECTION_BYTES, plan.contentSum);
  writeSeal(tail, DIGEST_SECTION_BYTES, sum);
  writeInt32(tail, TAIL_DIGEST_BYTES, zxidHi);
  writeInt32(tail, TAIL_DIGEST_BYTES + 4, zxidLo);
  sum = adler32(tail, DIGEST_SECTION_BYTES, SEAL_BYTES + LAST_ZXID_SECTION_BYTES, sum);
  writeSeal(tail, TAIL_DIGEST_BYTES + LAST_ZXID_SECTION_BYTES, sum);
  file.write(tail, 0, tail.length, plan.contentBytes);
}

function writeSeal(bytes: Uint8Array, offset: number, sum: number): void {
  writeInt32(bytes, offset, 0);
  writeInt32(bytes, offset + 4, sum | 0);
  writeSlashString(bytes, offset + 8);
}
