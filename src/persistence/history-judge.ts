// Judges whether a snapshot and the log behind it are the whole history: nothing that a newer snapshot, a leader or the
// snapshot itself speaks of may be missing. Made by one recovery, on its thread; it looks at names and numbers and changes no
// file. A history with a hole throws: it must never be taken for a shorter one.

import { compareSigned, hex64 } from '../base/int64.js';
import type { DataDirectories } from './data-directories.js';
import type { DataFileName } from './file-names.js';
import { type FileStore, joinPath } from './file-store.js';
import type { LogFinding } from './log-finding.js';
import { LogFloor } from './log-floor.js';
import { RecoveryError, remedyFor, SNAPSHOT_REMEDY, snapshotFinding } from './recovery-error.js';
import { listSnapshots } from './snapshot-files.js';
import { BrokenSnapshot, type SnapshotTail } from './snapshot-reader.js';
import type { TxnLogReader } from './txn-log-reader.js';
import type { TxnLogReplay } from './txn-log-replay.js';
import type { UnreadableSnapshots } from './unreadable-snapshots.js';

/** Where the database is, as the operator knows it. */
export interface JudgedFiles {
  readonly fileStore: FileStore;
  readonly dataDir: string;
  readonly dataLogDir: string;
}

/** Holds effects of transactions that the log does not hold. */
export class UncoveredSnapshot extends BrokenSnapshot {}

export class HistoryJudge {
  private readonly files: JudgedFiles;
  private readonly directories: DataDirectories;
  private readonly unreadable: UnreadableSnapshots;

  constructor(files: JudgedFiles, directories: DataDirectories, unreadable: UnreadableSnapshots) {
    this.files = files;
    this.directories = directories;
    this.unreadable = unreadable;
  }

  /**
   * A member that was sent a snapshot keeps its logs from before, which may end in transactions that were never committed.
   * What was logged after that snapshot follows from it alone, even where no zxid is missing (log-floor.ts).
   */
  checkFloor(candidate: DataFileName, replay: TxnLogReplay): void {
    const { fileStore } = this.files;
    const { hi, lo } = new LogFloor(fileStore, this.directories.logDirectory);
    if (compareSigned(candidate.zxidHi, candidate.zxidLo, hi, lo) >= 0) return;
    // Without any of that name or above, the snapshot never came to be: the logs are as they were.
    const { snapshotDirectory } = this.directories;
    const lost = listSnapshots(fileStore, snapshotDirectory).find(
      (s) => compareSigned(s.zxidHi, s.zxidLo, hi, lo) >= 0,
    );
    if (lost === undefined) return;
    const path = joinPath(snapshotDirectory, lost.name);
    throw new RecoveryError(
      `${path} cannot be loaded, and the log beyond 0x${hex64(hi, lo)} follows from what a leader sent at that zxid, not from ` +
        `${candidate.name} and the log before, which ends at 0x${hex64(replay.lastHi, replay.lastLo)}. ${SNAPSHOT_REMEDY}`,
      this.noneUsable([lost]),
    );
  }

  /**
   * Where a newer snapshot could not be used, an older one stands in for it only with the log as far as the newer one's name:
   * that much was in the tree, and clients were told of it. A counter of 0 belongs to no transaction (a leader sets it), an
   * odd name to nobody.
   */
  checkReached(candidate: DataFileName, { lastHi, lastLo }: TxnLogReplay): void {
    this.refuseIfUnreached(candidate.name, lastHi, lastLo, () => true);
  }

  /**
   * Zxids do not tell whether the last transactions of an epoch are missing before the first one of the next; the name of a
   * snapshot that could not be used does.
   */
  checkBetween({ lastHi, lastLo }: TxnLogReplay, { zxidHi, zxidLo }: TxnLogReader): void {
    this.refuseIfUnreached(
      'the snapshot that was loaded',
      lastHi,
      lastLo,
      (s) => compareSigned(s.zxidHi, s.zxidLo, zxidHi, zxidLo) < 0,
    );
  }

  /** If a snapshot's name says that there was a transaction behind this one, which no log has. */
  private refuseIfUnreached(
    loaded: string,
    lastHi: number,
    lastLo: number,
    isMeant: (snapshot: DataFileName) => boolean,
  ): void {
    const { fileStore, dataDir, dataLogDir } = this.files;
    const { snapshotDirectory } = this.directories;
    const unreached = listSnapshots(fileStore, snapshotDirectory).find(
      (s) => !s.isOdd && s.zxidLo !== 0 && compareSigned(s.zxidHi, s.zxidLo, lastHi, lastLo) > 0 && isMeant(s),
    );
    if (unreached === undefined) return;
    const { name, zxidHi: syncedHi, zxidLo: syncedLo } = unreached;
    const path = joinPath(snapshotDirectory, name);
    const finding: LogFinding = {
      kind: 'unreached',
      path,
      offset: -1,
      lastHi,
      lastLo,
      later: null,
      syncedHi,
      syncedLo,
    };
    throw new RecoveryError(
      `${path} cannot be loaded, and the log behind ${loaded} ends before it, at 0x${hex64(lastHi, lastLo)}. ` +
        remedyFor(dataDir, dataLogDir),
      this.unreadable.has(name) ? {} : { finding },
    );
  }

  /**
   * A snapshot that was written while the tree changed holds effects of transactions above its name; only replaying all
   * of them makes it right. A log that ends before leaves a tree that never was.
   */
  checkCovered(candidate: DataFileName, tail: SnapshotTail, replay: TxnLogReplay, unresolvedAclCount: number): void {
    const marks = [
      [tail.digestZxidHi, tail.digestZxidLo],
      [tail.lastZxidHi, tail.lastZxidLo],
    ];
    for (const [hi, lo] of marks) {
      // A leader that has just been established sets counter 0, without a transaction of that zxid.
      if (lo === 0 || compareSigned(hi, lo, candidate.zxidHi, candidate.zxidLo) <= 0) continue;
      if (compareSigned(replay.lastHi, replay.lastLo, hi, lo) < 0) {
        throw new UncoveredSnapshot(
          `${candidate.name} may hold changes up to 0x${hex64(hi, lo)}, ` +
            `but the log ends at 0x${hex64(replay.lastHi, replay.lastLo)}`,
        );
      }
    }
    if (unresolvedAclCount > 0) {
      throw new UncoveredSnapshot(
        `${candidate.name} has ${unresolvedAclCount} nodes with an ACL that neither it nor the log behind it holds`,
      );
    }
  }

  /** There is one, and it is broken. Without any, or where the disk fails, it is for an operator to say what that means. */
  noneUsable(snapshots: readonly DataFileName[]): { finding: LogFinding } | undefined {
    const newest = snapshots[0];
    if (newest === undefined || !this.unreadable.isEmpty) return undefined;
    return { finding: snapshotFinding(joinPath(this.directories.snapshotDirectory, newest.name)) };
  }
}
