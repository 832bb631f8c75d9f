// TRUNC: takes back every transaction above a zxid that the leader names. Run by the learner on a thread that may block,
// while nothing else works in the directories: the log writer is closed, no snapshot is being written, and afterwards
// the database is loaded anew from what is left. It works on the files only, and changes nothing before it has proven that
// a start finds everything up to that zxid without what is to go; when it cannot, the leader must send a snapshot instead.
//
//   log.1        log.40                 log.80           snapshot.20    snapshot.60
//   [1 .. 3f]    [40 .. 58][59 .. 7f]   [80 .. 90] 000    good           holds what is to go
//                         ^ TRUNC to 58
//
//   1. the sync mark goes back              3. log.80 goes, the newest file first
//   2. snapshot.60 goes, the newest first   4. log.40 ends behind 58, without padding
//
// Why this order: each step is durable before the next one. A start in between finds a snapshot that the whole log, or a
// beginning of it that reaches beyond the zxid, makes whole: the state that this member had, or less, but never without
// anything up to the zxid, and doing it all once more is right. Logs before snapshots would be wrong: a snapshot that was
// written while the tree changed needs the log behind it. Were that gone, a start would pass it over, and come back to
// it when another history has grown as long.

import { compareSigned, hex64 } from '../base/int64.js';
import type { DataDirectories } from './data-directories.js';
import type { DataFileName } from './file-names.js';
import { type FileStore, joinPath } from './file-store.js';
import type { SnapshotSink } from './snapshot-content-decoder.js';
import { listSnapshots, passesQuickTest } from './snapshot-files.js';
import { BrokenSnapshot, SnapshotReader, type SnapshotTail } from './snapshot-reader.js';
import { lowerSyncMark } from './sync-mark.js';
import { TxnLogDamage } from './txn-log-damage.js';
import { chooseTxnLogs, listTxnLogs } from './txn-log-files.js';
import { TxnLogReader } from './txn-log-reader.js';
import { isNextZxid } from './zxid-order.js';

/** Nothing was changed: what is here cannot be cut back to that zxid, so the leader has to send its whole state. */
export class TruncateError extends Error {
  override readonly name = 'TruncateError';
}

export interface TruncatedLog {
  /** The last transaction that is left. Below the zxid asked for: this member never had that one. */
  readonly lastHi: number;
  readonly lastLo: number;
  /** The snapshot that the next load begins with. */
  readonly snapshot: string;
  /** Names of what was deleted, in this order. */
  readonly removed: readonly string[];
}

/** What becomes of one log file. */
interface LogCut {
  readonly name: string;
  /** 0: it goes. */
  readonly keptBytes: number;
}

interface LogSurvey {
  readonly cuts: readonly LogCut[]; // newest first
  readonly lastFile: DataFileName | null; // with the last transaction that stays; null: it is in the snapshot only
  readonly lastHi: number;
  readonly lastLo: number;
}

const NO_SINK: SnapshotSink = { onSession: () => undefined, onNode: () => true };

/** Throws TruncateError before anything is changed, or what the file store throws, at any place. */
export function truncateTxnLog(
  fileStore: FileStore,
  directories: DataDirectories,
  zxidHi: number,
  zxidLo: number,
): TruncatedLog {
  return new TxnLogTruncation(fileStore, directories, zxidHi, zxidLo).run();
}

class TxnLogTruncation {
  private readonly fileStore: FileStore;
  private readonly directories: DataDirectories;
  private readonly zxidHi: number;
  private readonly zxidLo: number;
  private readonly logs: DataFileName[];
  private readonly reasons: string[] = []; // why snapshots cannot be what is loaded next
  private readonly tooNew: string[] = []; // snapshots that may hold more than is to stay

  constructor(fileStore: FileStore, directories: DataDirectories, zxidHi: number, zxidLo: number) {
    this.fileStore = fileStore;
    this.directories = directories;
    this.zxidHi = zxidHi;
    this.zxidLo = zxidLo;
    this.logs = listTxnLogs(fileStore, directories.logDirectory);
  }

  run(): TruncatedLog {
    const { fileStore } = this;
    const { logDirectory, snapshotDirectory } = this.directories;
    const { snapshot, survey } = this.findBase();
    const removed: string[] = [];
    const remove = (directory: string, name: string): void => {
      fileStore.unlink(joinPath(directory, name));
      // One at a time: a disk that kept a later removal without an earlier one would leave a hole.
      fileStore.syncDirectory(directory);
      removed.push(name);
    };
    this.lowerMark(survey);
    for (const name of this.tooNew) remove(snapshotDirectory, name);
    for (const { name, keptBytes } of survey.cuts) if (keptBytes === 0) remove(logDirectory, name);
    for (const { name, keptBytes } of survey.cuts) if (keptBytes > 0) this.cut(name, keptBytes);
    fileStore.syncDirectory(logDirectory);
    return { lastHi: survey.lastHi, lastLo: survey.lastLo, snapshot, removed };
  }

  /** What goes is missed by nobody: said before it goes, or a start in between would. */
  private lowerMark({ lastHi, lastLo, lastFile }: LogSurvey): void {
    const { logDirectory } = this.directories;
    const log = lastFile === null ? null : { ...lastFile, path: joinPath(logDirectory, lastFile.name) };
    lowerSyncMark(this.fileStore, logDirectory, lastHi, lastLo, log);
  }

  private cut(name: string, keptBytes: number): void {
    const file = this.fileStore.openForWrite(joinPath(this.directories.logDirectory, name));
    try {
      file.truncate(keptBytes);
      file.sync();
    } finally {
      file.close();
    }
  }

  /**
   * The newest snapshot that is whole, holds nothing above the zxid, and from which the log leads on. Older ones were
   * finished before this one was begun, so they hold nothing above the zxid either.
   */
  private findBase(): { snapshot: string; survey: LogSurvey } {
    const { snapshotDirectory } = this.directories;
    for (const file of listSnapshots(this.fileStore, snapshotDirectory)) {
      if (this.isAbove(file.zxidHi, file.zxidLo)) {
        this.tooNew.push(file.name);
        continue;
      }
      const tail = this.readTail(file);
      if (tail === null) continue;
      const [reachHi, reachLo] = reachOf(file, tail);
      if (this.isAbove(reachHi, reachLo)) {
        this.tooNew.push(file.name);
        this.reasons.push(`${file.name} may hold changes up to 0x${hex64(reachHi, reachLo)}`);
        continue;
      }
      if (!passesQuickTest(this.fileStore, snapshotDirectory, file.name)) {
        this.reasons.push(`${file.name} does not end as a snapshot does`);
        continue;
      }
      const survey = this.surveyLogs(file);
      if (compareSigned(survey.lastHi, survey.lastLo, reachHi, reachLo) >= 0) return { snapshot: file.name, survey };
      this.reasons.push(`${file.name} needs the log up to 0x${hex64(reachHi, reachLo)}`);
    }
    throw this.refusal('no snapshot can be loaded that does not reach beyond it');
  }

  /**
   * Null for a broken one, which no start will load. A disk that fails is another matter: what cannot be read now may be
   * readable at the next start, and might then bring back what was to go.
   */
  private readTail(file: DataFileName): SnapshotTail | null {
    try {
      return new SnapshotReader(this.fileStore, this.directories.snapshotDirectory, file.name, NO_SINK).read();
    } catch (error) {
      if (!(error instanceof BrokenSnapshot)) throw error;
      this.reasons.push(error.message);
      return null;
    }
  }

  /** Reads every log that a load from this snapshot reads, and proves that there is no hole in it. */
  private surveyLogs(base: DataFileName): LogSurvey {
    const { logDirectory } = this.directories;
    const cuts: LogCut[] = [];
    let lastHi = base.zxidHi; // the last one that stays
    let lastLo = base.zxidLo;
    let readHi = lastHi; // the last one read
    let readLo = lastLo;
    let lastIndex = -1; // of the file with the last one that stays, and where that ends
    let lastEnd = 0;
    const files = chooseTxnLogs(this.logs, base.zxidHi, base.zxidLo);
    files.forEach(({ name, zxidHi: nameHi, zxidLo: nameLo }, index) => {
      const path = joinPath(logDirectory, name);
      let keptBytes = 0;
      let hasMore = this.isAbove(nameHi, nameLo);
      this.eachRecord(path, (reader) => {
        const { zxidHi, zxidLo } = reader;
        if (compareSigned(zxidHi, zxidLo, readHi, readLo) > 0) {
          if (!isNextZxid(readHi, readLo, zxidHi, zxidLo)) {
            throw this.refusal(`0x${hex64(readHi, readLo)} is followed by 0x${hex64(zxidHi, zxidLo)} in ${path}`);
          }
          readHi = zxidHi;
          readLo = zxidLo;
        }
        if (this.isAbove(zxidHi, zxidLo)) {
          hasMore = true;
          return;
        }
        if (hasMore) throw this.refusal(`0x${hex64(zxidHi, zxidLo)} stands where later ones should in ${path}`);
        keptBytes = reader.endOffset;
        if (compareSigned(zxidHi, zxidLo, lastHi, lastLo) < 0) return;
        lastHi = zxidHi;
        lastLo = zxidLo;
        lastIndex = index;
        lastEnd = keptBytes;
      });
      if (hasMore) cuts.unshift({ name, keptBytes });
    });
    const lastFile = files.at(lastIndex === -1 ? files.length : lastIndex) ?? null;
    // Its padding goes, too, and whatever a crash left behind its last record.
    if (lastFile !== null && !cuts.some((cut) => cut.name === lastFile.name)) {
      cuts.push({ name: lastFile.name, keptBytes: lastEnd });
    }
    return { cuts, lastFile, lastHi, lastLo };
  }

  private eachRecord(path: string, visit: (reader: TxnLogReader) => void): void {
    try {
      const reader = new TxnLogReader(this.fileStore, path);
      try {
        while (reader.next()) visit(reader);
      } finally {
        reader.close();
      }
    } catch (error) {
      if (error instanceof TxnLogDamage) throw this.refusal(error.message);
      throw error;
    }
  }

  private isAbove(zxidHi: number, zxidLo: number): boolean {
    return compareSigned(zxidHi, zxidLo, this.zxidHi, this.zxidLo) > 0;
  }

  private refusal(reason: string): TruncateError {
    const others = this.reasons.length === 0 ? '' : ` (${this.reasons.join('; ')})`;
    return new TruncateError(`Cannot truncate to 0x${hex64(this.zxidHi, this.zxidLo)}: ${reason}${others}`);
  }
}

/** The highest transaction of which the snapshot may hold effects. A counter of 0 belongs to no transaction. */
function reachOf(file: DataFileName, tail: SnapshotTail): [number, number] {
  let hi = file.zxidHi;
  let lo = file.zxidLo;
  for (const [markHi, markLo] of [
    [tail.digestZxidHi, tail.digestZxidLo],
    [tail.lastZxidHi, tail.lastZxidLo],
  ]) {
    if (markLo === 0 || compareSigned(markHi, markLo, hi, lo) <= 0) continue;
    hi = markHi;
    lo = markLo;
  }
  return [hi, lo];
}
