// The little that a start does to files: takes the operator's `initialize` mark, removes a last log that never had a record,
// sets snapshots aside that no start has a use for, and syncs what was replayed. Called by recovery on its thread, in an
// order that recovery decides. It must never remove or rename what holds a transaction.

import { FILE_HEADER_BYTES } from '../protocol/stored-records.js';
import type { DataDirectories } from './data-directories.js';
import type { DataFileName } from './file-names.js';
import { type FileStore, joinPath, parentOf } from './file-store.js';
import { chooseTxnLogs } from './txn-log-files.js';

/** Makes a name that neither ZooKeeper nor we take for a snapshot's. */
const UNCOVERED_PREFIX = 'uncovered.';
const INITIALIZE_MARK = 'initialize';

/** ZooKeeper looks for it beside the log, its script and manual put it beside the data: both are taken, used or not. */
export function takeInitializeMark(fileStore: FileStore, directories: DataDirectories): boolean {
  const parents = new Set([parentOf(directories.logDirectory), parentOf(directories.snapshotDirectory)]);
  let isThere = false;
  for (const parent of parents) {
    const path = joinPath(parent, INITIALIZE_MARK);
    if (!fileStore.exists(path)) continue;
    fileStore.unlink(path);
    fileStore.syncDirectory(parent);
    isThere = true;
  }
  return isThere;
}

/** The header is on the disk before any record, so nothing was ever in it; older servers refuse to start over it. */
export function removeEmptyLastLog(
  fileStore: FileStore,
  directories: DataDirectories,
  logs: readonly DataFileName[],
  warn: (message: string) => void,
): void {
  const last = logs.at(-1);
  if (last === undefined) return;
  const path = joinPath(directories.logDirectory, last.name);
  if (fileStore.sizeOf(path) >= FILE_HEADER_BYTES) return;
  warn(`Removing ${path}: the last transaction log has no header, so it was never written to`);
  fileStore.unlink(path);
  fileStore.syncDirectory(directories.logDirectory);
}

/** Left where it is, such a snapshot would be loaded once other transactions have the zxids that it misses. */
export function setUncoveredAside(
  fileStore: FileStore,
  directories: DataDirectories,
  uncovered: readonly string[],
  warn: (message: string) => void,
): void {
  const { snapshotDirectory } = directories;
  for (const name of uncovered) {
    const aside = `${UNCOVERED_PREFIX}${name}`;
    warn(`Renaming ${joinPath(snapshotDirectory, name)} to ${aside}: no start has a use for it`);
    fileStore.rename(joinPath(snapshotDirectory, name), joinPath(snapshotDirectory, aside));
  }
  if (uncovered.length > 0) fileStore.syncDirectory(snapshotDirectory);
}

/**
 * A server that only died leaves records that may be in the system's memory alone. Once the next ones are acknowledged,
 * in another file, these must not go with the power; nor may names and ends of files come back that it removed (TRUNC).
 */
export function syncReplayed(
  fileStore: FileStore,
  directories: DataDirectories,
  logs: readonly DataFileName[],
  afterHi: number,
  afterLo: number,
): void {
  fileStore.syncDirectory(directories.snapshotDirectory);
  fileStore.syncDirectory(directories.logDirectory);
  for (const { name } of chooseTxnLogs(logs, afterHi, afterLo)) {
    const file = fileStore.openForRead(joinPath(directories.logDirectory, name));
    try {
      file.syncData();
    } finally {
      file.close();
    }
  }
}
