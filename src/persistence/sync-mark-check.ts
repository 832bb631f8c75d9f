// At start, when everything readable has been replayed: does it reach as far as the sync mark says was acknowledged? The
// end of a log that is gone (zeroed, cut, header only) looks like a write that a crash cut short; the mark tells them
// apart. Runs once, on the recovering thread; changes nothing. It may refuse only where the files prove that somebody
// lost something; where they have been exchanged by hand, or shortened by an ensemble's leader, it can only warn:
//
//   the database reaches the mark                        nothing to say
//   no mark, or none of its slots whole                  warning
//   neither mark nor log here                            the mark beside the snapshots, if any, is asked in the same way
//   the mark is a copy                                   warning: a backup put back, a directory moved to another disk
//   its log is another file than the one it names        warning: the log was exchanged
//   its log is gone, and some file here is younger       warning: another state was put in place
//   epoch files tell of a later epoch, or the log ends   warning: a member's log may have been shortened (TRUNC), which
//   exactly behind a record of a member's log              an Apache server does without knowing the mark
//   anything else, and always a mark that is owed         refused: missingTail

import { compareSigned, hex64 } from '../base/int64.js';
import type { DataDirectories } from './data-directories.js';
import { logName } from './file-names.js';
import { errorCodeOf, type FileStore, joinPath } from './file-store.js';
import type { LogFinding } from './log-finding.js';
import { listSnapshots } from './snapshot-files.js';
import { readSyncMark, SYNC_MARK_NAME, type SyncMarkContent, type SyncMarkReading, tagOf } from './sync-mark.js';
import { listTxnLogs } from './txn-log-files.js';
import { TxnLogReader } from './txn-log-reader.js';

const CURRENT_EPOCH_NAME = 'currentEpoch';

export interface SyncMarkVerdict {
  /** What is missing, provably. */
  readonly finding: LogFinding | null;
  readonly warning: string | null;
}

interface LogEnd {
  readonly path: string;
  readonly offset: number;
  /** The file ends just there, too: without the padding that every server leaves. */
  readonly isExact: boolean;
}

const NOTHING: SyncMarkVerdict = { finding: null, warning: null };

/** `reading` was taken before the log was read; (endHi, endLo) is the last zxid of the database. */
export function checkSyncMark(
  fileStore: FileStore,
  directories: DataDirectories,
  reading: SyncMarkReading,
  endHi: number,
  endLo: number,
): SyncMarkVerdict {
  const path = joinPath(directories.logDirectory, SYNC_MARK_NAME);
  if (reading.kind === 'read') {
    const { content } = reading;
    if (reaches(endHi, endLo, content)) return NOTHING;
    return new SyncMarkCheck(fileStore, directories, path, content, endHi, endLo).run();
  }
  if (reading.kind === 'unreadable') {
    return warning(`${path} cannot be read (${reading.reason}): whether the end of the log was lost cannot be told`);
  }
  if (listTxnLogs(fileStore, directories.logDirectory).length === 0) {
    return checkWithoutLogs(fileStore, directories, endHi, endLo);
  }
  return warning(
    `There is no ${path}, as after another server or forceSync=no: ` +
      'whether the end of the log was lost cannot be told',
  );
}

/** No log and no mark: a directory that was never written to, or not the one that was. The snapshots' mark knows. */
function checkWithoutLogs(
  fileStore: FileStore,
  directories: DataDirectories,
  endHi: number,
  endLo: number,
): SyncMarkVerdict {
  const { logDirectory, snapshotDirectory } = directories;
  if (logDirectory === snapshotDirectory) return NOTHING;
  const reading = readSyncMark(fileStore, snapshotDirectory);
  if (reading.kind !== 'read') return NOTHING;
  const { content } = reading;
  if (reaches(endHi, endLo, content)) return NOTHING;
  const path = joinPath(snapshotDirectory, SYNC_MARK_NAME);
  return new SyncMarkCheck(fileStore, directories, path, content, endHi, endLo).run();
}

/** An empty database, which ends before all zxids, has everything up to 0: what a mark says once such a loss was accepted. */
function reaches(endHi: number, endLo: number, { zxidHi, zxidLo }: SyncMarkContent): boolean {
  return compareSigned(endHi, endLo, zxidHi, zxidLo) >= 0 || (zxidHi === 0 && zxidLo === 0);
}

function warning(text: string): SyncMarkVerdict {
  return { finding: null, warning: text };
}

class SyncMarkCheck {
  private readonly fileStore: FileStore;
  private readonly directories: DataDirectories;
  private readonly markPath: string;
  private readonly mark: SyncMarkContent;
  private readonly endHi: number;
  private readonly endLo: number;

  constructor(
    fileStore: FileStore,
    directories: DataDirectories,
    markPath: string,
    mark: SyncMarkContent,
    endHi: number,
    endLo: number,
  ) {
    this.fileStore = fileStore;
    this.directories = directories;
    this.markPath = markPath;
    this.mark = mark;
    this.endHi = endHi;
    this.endLo = endLo;
  }

  run(): SyncMarkVerdict {
    const { fileStore, mark } = this;
    if (mark.isOwed && mark.isOriginal) return this.missing(this.endOfLog(null));
    if (!mark.isOriginal) return this.doubt('but it is a copy, and may be younger than the log beside it');
    const logPath = joinPath(this.directories.logDirectory, logName(mark.logZxidHi, mark.logZxidLo));
    const hasLog = fileStore.exists(logPath);
    if (hasLog && tagOf(fileStore, logPath) !== mark.logTag) {
      return this.doubt(`but ${logPath} is not the file that was there then`);
    }
    const younger = hasLog ? null : this.youngerThanMark();
    if (younger !== null) {
      return this.doubt(`but ${logPath} is gone and ${younger} was put there afterwards`);
    }
    const end = this.endOfLog(hasLog ? logPath : null);
    const epoch = this.currentEpoch();
    if (epoch !== null && (epoch > mark.zxidHi || end.isExact)) {
      return this.doubt('but this is the directory of an ensemble member, whose leader may have taken them back');
    }
    return this.missing(end);
  }

  private missing({ path, offset }: LogEnd): SyncMarkVerdict {
    const { mark } = this;
    const { endHi: lastHi, endLo: lastLo } = this;
    const { zxidHi: syncedHi, zxidLo: syncedLo } = mark;
    return {
      finding: { kind: 'missingTail', path, offset, lastHi, lastLo, later: null, syncedHi, syncedLo },
      warning: null,
    };
  }

  private doubt(reason: string): SyncMarkVerdict {
    const { zxidHi, zxidLo } = this.mark;
    return warning(
      `${this.markPath} says that transactions up to ` +
        `0x${hex64(zxidHi, zxidLo)} were acknowledged, the files end at 0x${hex64(this.endHi, this.endLo)}; ${reason}`,
    );
  }

  /** A log or snapshot that was made after the mark was last written. */
  private youngerThanMark(): string | null {
    const { fileStore, directories, mark } = this;
    const { logDirectory, snapshotDirectory } = directories;
    const paths = [
      ...listTxnLogs(fileStore, logDirectory).map(({ name }) => joinPath(logDirectory, name)),
      ...listSnapshots(fileStore, snapshotDirectory).map(({ name }) => joinPath(snapshotDirectory, name)),
    ];
    return paths.find((path) => fileStore.timesOf(path).bornMs > mark.writtenMs) ?? null;
  }

  /** Where the records end in the log that the mark names, or else in the last one. */
  private endOfLog(markedPath: string | null): LogEnd {
    const { fileStore, directories } = this;
    const { logDirectory } = directories;
    const last = listTxnLogs(fileStore, logDirectory).at(-1);
    const path = markedPath ?? (last === undefined ? null : joinPath(logDirectory, last.name));
    if (path === null) return { path: logDirectory, offset: 0, isExact: false };
    const reader = new TxnLogReader(fileStore, path);
    try {
      let hasRecord = false;
      while (reader.next()) hasRecord = true;
      const offset = reader.endOffset;
      return { path, offset, isExact: hasRecord && offset === fileStore.sizeOf(path) };
    } finally {
      reader.close();
    }
  }

  /** Null stand-alone; the epoch files are quorum mode's. -1 when the number cannot be read: not the mark's business. */
  private currentEpoch(): number | null {
    const { fileStore, directories } = this;
    const path = joinPath(directories.snapshotDirectory, CURRENT_EPOCH_NAME);
    if (!fileStore.exists(path)) return null;
    try {
      const file = fileStore.openForRead(path);
      try {
        const bytes = new Uint8Array(20);
        const digits = String.fromCharCode(...bytes.subarray(0, file.read(bytes, 0, bytes.length, 0)));
        return /^\d{1,10}$/.test(digits) ? Number(digits) : -1;
      } finally {
        file.close();
      }
    } catch (error) {
      if (errorCodeOf(error) === '') throw error;
      return -1;
    }
  }
}
