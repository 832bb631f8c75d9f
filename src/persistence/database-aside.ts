/**
 * For a member of an ensemble none of whose snapshots can be used: all of its database is set aside, and what it acknowledged stays
 * owed, so that it has no vote before a leader has brought it up to date (src/README.md, "A log that lost something"). Its peers have
 * everything that was ever committed; where they have not, nobody of them votes for less, and what is set aside is there.
 *
 * The steps, each on the disk before the next begins: second names in `before-repair.0`; the mark says what is owed; the logs go, the
 * newest first; the snapshots go. Up to the last one a start is refused as before, and comes here again. While no server runs on the
 * directory; on a thread that may block.
 */
import { compareSigned } from '../base/int64.js';
import { FILE_HEADER_BYTES } from '../protocol/stored-records.js';
import { openDataDirectories } from './data-directories.js';
import { type FileStore, joinPath } from './file-store.js';
import { ASIDE_PREFIX } from './log-repair.js';
import { keepUnder } from './second-name.js';
import { listSnapshots } from './snapshot-files.js';
import { oweSyncMark, readSyncMark, SYNC_MARK_NAME } from './sync-mark.js';
import { listTxnLogs } from './txn-log-files.js';
import { lastNonZeroOffset, visitWholeRecords } from './txn-log-scan.js';

export interface DatabaseAside {
  readonly directory: string;
  /** The highest zxid that anything there speaks of. */
  readonly owedHi: number;
  readonly owedLo: number;
}

/** `dataDir`, `dataLogDir`: as configured, without version-2. Throws what the file store throws. */
export function setDatabaseAside(fileStore: FileStore, dataDir: string, dataLogDir: string): DatabaseAside {
  const { logDirectory, snapshotDirectory } = openDataDirectories(fileStore, dataDir, dataLogDir, false);
  const logs = listTxnLogs(fileStore, logDirectory).map(({ name }) => joinPath(logDirectory, name));
  const snapshots = listSnapshots(fileStore, snapshotDirectory);
  let owedHi = 0;
  let owedLo = 0;
  const owe = (zxidHi: number, zxidLo: number): void => {
    if (compareSigned(zxidHi, zxidLo, owedHi, owedLo) > 0) [owedHi, owedLo] = [zxidHi, zxidLo];
  };
  const mark = readSyncMark(fileStore, logDirectory);
  if (mark.kind === 'read') owe(mark.content.zxidHi, mark.content.zxidLo);
  for (const { zxidHi, zxidLo, isOdd } of snapshots) if (!isOdd) owe(zxidHi, zxidLo);
  for (const path of logs) visitRecords(fileStore, path, owe);

  const directory = newDirectory(fileStore, joinPath(logDirectory, `${ASIDE_PREFIX}0`));
  const snapshotPaths = snapshots.map(({ name }) => joinPath(snapshotDirectory, name));
  const markPath = joinPath(logDirectory, SYNC_MARK_NAME);
  const kept = [...logs, ...snapshotPaths, ...(fileStore.exists(markPath) ? [markPath] : [])];
  for (const path of kept) keepUnder(fileStore, path, joinPath(directory, path.slice(path.lastIndexOf('/') + 1)));
  fileStore.syncDirectory(directory);
  oweSyncMark(fileStore, logDirectory, owedHi, owedLo);
  for (const path of logs.reverse()) fileStore.unlink(path);
  fileStore.syncDirectory(logDirectory);
  for (const path of snapshotPaths) fileStore.unlink(path);
  fileStore.syncDirectory(snapshotDirectory);
  return { directory, owedHi, owedLo };
}

function visitRecords(fileStore: FileStore, path: string, visit: (zxidHi: number, zxidLo: number) => void): void {
  const file = fileStore.openForRead(path);
  try {
    const end = lastNonZeroOffset(file, FILE_HEADER_BYTES, fileStore.sizeOf(path)) + 1;
    visitWholeRecords(file, FILE_HEADER_BYTES, end, -1, -1, ({ zxidHi, zxidLo }) => visit(zxidHi, zxidLo));
  } finally {
    file.close();
  }
}

function newDirectory(fileStore: FileStore, wanted: string): string {
  let directory = wanted;
  for (let next = 2; fileStore.exists(directory); next++) directory = `${wanted}.${next}`;
  fileStore.makeDirectories(directory);
  return directory;
}
