// Makes a database that a start refuses into one that starts, with as much of it as is proven, and nothing destroyed: what
// lies behind the damage is set aside. Two functions: planLogRepair only looks (recovery itself judges, on a view of the
// files as they would be), applyLogRepair does what the plan says. Used by zkLogRepair, where an operator accepts the
// loss, and by an ensemble member, which then fetches from its leader what is missing (src/README.md). While no server
// runs on the directory; on a thread that may block.
//
// The steps, each on the disk before the next begins:
//
//   1. the good beginning of the first bad log, as a file of its own     } the old files are all there under their names:
//   2. the bad log, all behind it, and the mark get a second name           a start is refused as before
//      in `before-repair.<zxid>`, a directory nobody else looks into     }
//   3. a member: the mark says what is owed                                (a start stays refused until it is synced)
//   4. the logs behind the first bad one lose their old name               the first bad one still refuses the start
//   5. the good beginning takes the place of the first bad one; or, when   one rename or unlink: the log is right now, and
//      it has none, this loses its name too                                the mark may still say that more was acknowledged
//   6. snapshots that cannot be used, and that the log does not reach, lose their name: they refused the start until now
//   7. an operator's word: the mark says what is there                     a start is right

import { compareSigned, hex64 } from '../base/int64.js';
import { FILE_HEADER_BYTES } from '../protocol/stored-records.js';
import type { DataTree } from '../store/data-tree.js';
import { type DataDirectories, openDataDirectories } from './data-directories.js';
import { baseNameOf, type FileStore, joinPath } from './file-store.js';
import type { LogFinding } from './log-finding.js';
import { type RecoveredDatabase, recover } from './recovery.js';
import { RecoveryError } from './recovery-error.js';
import { RepairView } from './repair-view.js';
import { copyFile, keepUnder } from './second-name.js';
import { listSnapshots } from './snapshot-files.js';
import { oweSyncMark, resetSyncMark, SYNC_MARK_NAME } from './sync-mark.js';
import { listTxnLogs } from './txn-log-files.js';
import { lastNonZeroOffset, visitWholeRecords } from './txn-log-scan.js';

/** Directories that nobody else looks into. */
export const ASIDE_PREFIX = 'before-repair.';
const CUT_PREFIX = '.tmp-cut-';

/** A log of which only the first bytes stay; 0: none of it, not even its name. */
export interface LogCut {
  readonly name: string;
  readonly keptBytes: number;
  readonly fileBytes: number;
}

export interface LogRepairPlan {
  readonly directories: DataDirectories;
  /** What a start refuses, in the order in which it comes upon them. */
  readonly findings: readonly LogFinding[];
  /** By ascending zxid. Invariant: at most the first one keeps bytes. */
  readonly cuts: readonly LogCut[];
  /** Names of snapshots that go as well, see 'unreached' in log-finding.ts. */
  readonly snapshots: readonly string[];
  /** The last zxid of the database afterwards. */
  readonly keptHi: number;
  readonly keptLo: number;
  /** The last one known to have been there: by the mark, a snapshot's name, a whole record behind the damage. Invariant: >= kept. */
  readonly owedHi: number;
  readonly owedLo: number;
  /** Whole records above `kept` in what is set aside, and the zxids of the first and the last; -1 when there is none. */
  readonly wholeRecords: number;
  readonly firstWholeHi: number;
  readonly firstWholeLo: number;
  readonly lastWholeHi: number;
  readonly lastWholeLo: number;
}

export interface LogRepairOptions {
  readonly fileStore: FileStore;
  /** As configured, without version-2. */
  readonly dataDir: string;
  readonly dataLogDir: string;
  /** To look with; whatever it held is gone afterwards. */
  readonly tree: DataTree;
  readonly warn: (message: string) => void;
}

/** Setting logs aside does not help: snapshots are broken, or a file cannot be read at all. */
export class NotRepairable extends Error {
  override readonly name = 'NotRepairable';
}

/** Null when no start is refused. Throws NotRepairable. Changes nothing. */
export function planLogRepair(options: LogRepairOptions): LogRepairPlan | null {
  return new Planner(options).plan();
}

class Planner {
  private readonly options: LogRepairOptions;
  private readonly directories: DataDirectories;
  private readonly logNames: readonly string[];
  private readonly findings: LogFinding[] = [];
  private readonly unreached: LogFinding[] = []; // by falling zxid
  private cuts: LogCut[] = [];

  constructor(options: LogRepairOptions) {
    this.options = options;
    const { fileStore, dataDir, dataLogDir } = options;
    this.directories = openDataDirectories(fileStore, dataDir, dataLogDir, false);
    this.logNames = listTxnLogs(fileStore, this.directories.logDirectory).map(({ name }) => name);
  }

  plan(): LogRepairPlan | null {
    // Every look takes something away, so there cannot be more of them than there are files.
    const { fileStore } = this.options;
    const fileCount = this.logNames.length + listSnapshots(fileStore, this.directories.snapshotDirectory).length;
    for (let looks = 0; looks <= fileCount + 1; looks++) {
      const database = this.look();
      if (database === null) continue;
      if (database.missingTail !== null) this.takeMissingTail(database.missingTail);
      return this.findings.length === 0 ? null : this.planFor(database);
    }
    throw new NotRepairable('Setting logs aside does not come to an end');
  }

  /** What recovery makes of the files without what is cut; null when it refused, and one more cut was added. */
  private look(): RecoveredDatabase | null {
    const { fileStore, dataDir, dataLogDir, tree, warn } = this.options;
    try {
      return recover({
        fileStore: new RepairView(
          fileStore,
          this.directories.logDirectory,
          this.cuts,
          this.unreached.map(({ path }) => path),
        ),
        dataDir,
        dataLogDir,
        tree,
        datadirAutocreate: false,
        dbAutocreate: false,
        trustEmptySnapshot: false,
        emulate353TtlNodes: false,
        onMissingTail: 'report',
        warn,
        isOnlyLook: true,
      });
    } catch (error) {
      if (!(error instanceof RecoveryError)) throw error;
      const { finding } = error;
      if (finding === null || finding.kind === 'snapshot') throw new NotRepairable(error.message, { cause: error });
      this.findings.push(finding);
      if (finding.kind === 'unreached') this.unreached.push(finding);
      else this.cutAt(finding);
      return null;
    }
  }

  /** The end that is missing is a finding of its own, or only follows from what is cut. */
  private takeMissingTail(finding: LogFinding): void {
    this.findings.push(finding);
    if (this.cuts.length > 0 || finding.path === this.directories.logDirectory) return;
    // The next server begins a log of the same name, and would write over what is left of the lost records.
    this.cutAt(finding);
  }

  private cutAt(finding: LogFinding): void {
    const first = this.logNames.indexOf(baseNameOf(finding.path));
    if (first < 0) throw new NotRepairable(`${finding.path} is no log of ${this.directories.logDirectory}`);
    this.cuts = this.logNames.slice(first).map((name, i) => ({
      name,
      keptBytes: i === 0 && finding.offset > FILE_HEADER_BYTES ? finding.offset : 0,
      fileBytes: this.options.fileStore.sizeOf(joinPath(this.directories.logDirectory, name)),
    }));
  }

  private planFor(database: RecoveredDatabase): LogRepairPlan {
    const { missingTail } = database;
    // Without snapshot and log a start makes a new database, which begins at 0.
    const keptHi = Math.max(database.lastZxidHi, 0);
    const keptLo = database.lastZxidHi < 0 ? 0 : database.lastZxidLo;
    let owedHi = missingTail?.syncedHi ?? keptHi;
    let owedLo = missingTail?.syncedLo ?? keptLo;
    let [wholeRecords, firstWholeHi, firstWholeLo, lastWholeHi, lastWholeLo] = [0, -1, -1, -1, -1];
    for (const { syncedHi, syncedLo } of this.unreached) {
      if (compareSigned(syncedHi, syncedLo, owedHi, owedLo) > 0) [owedHi, owedLo] = [syncedHi, syncedLo];
    }
    this.visitSetAside(keptHi, keptLo, (zxidHi, zxidLo) => {
      if (wholeRecords === 0 || compareSigned(zxidHi, zxidLo, firstWholeHi, firstWholeLo) < 0) {
        [firstWholeHi, firstWholeLo] = [zxidHi, zxidLo];
      }
      if (compareSigned(zxidHi, zxidLo, lastWholeHi, lastWholeLo) > 0) [lastWholeHi, lastWholeLo] = [zxidHi, zxidLo];
      wholeRecords++;
    });
    if (compareSigned(lastWholeHi, lastWholeLo, owedHi, owedLo) > 0) [owedHi, owedLo] = [lastWholeHi, lastWholeLo];
    const { directories, findings, cuts } = this;
    const whole = { wholeRecords, firstWholeHi, firstWholeLo, lastWholeHi, lastWholeLo };
    const snapshots = this.unreached.map(({ path }) => baseNameOf(path));
    return { directories, findings, cuts, snapshots, keptHi, keptLo, owedHi, owedLo, ...whole };
  }

  private visitSetAside(aboveHi: number, aboveLo: number, visit: (zxidHi: number, zxidLo: number) => void): void {
    const { fileStore } = this.options;
    for (const { name, keptBytes, fileBytes } of this.cuts) {
      const file = fileStore.openForRead(joinPath(this.directories.logDirectory, name));
      try {
        const start = Math.max(keptBytes, FILE_HEADER_BYTES);
        const end = lastNonZeroOffset(file, start, fileBytes) + 1;
        visitWholeRecords(file, start, end, aboveHi, aboveLo, (record) => visit(record.zxidHi, record.zxidLo));
      } finally {
        file.close();
      }
    }
  }
}

export interface ApplyLogRepairOptions {
  /**
   * 'accepted': an operator gives up what is lost, the mark falls to what is there. 'owed': a member keeps in its mark what it
   * acknowledged, so that no start forgets that it must be synced by a leader before it may vote.
   */
  readonly loss: 'accepted' | 'owed';
}

/** Returns the directory in which everything that was set aside lies. Throws what the file store throws: then plan again. */
export function applyLogRepair(fileStore: FileStore, plan: LogRepairPlan, { loss }: ApplyLogRepairOptions): string {
  const { logDirectory, snapshotDirectory } = plan.directories;
  const first = plan.cuts.at(0);
  const cutPath = first === undefined || first.keptBytes === 0 ? null : makeCut(fileStore, logDirectory, first);
  const aside = setAside(fileStore, plan);
  if (loss === 'owed') oweSyncMark(fileStore, logDirectory, plan.owedHi, plan.owedLo);
  for (const { name } of plan.cuts.slice(1).reverse()) fileStore.unlink(joinPath(logDirectory, name));
  if (plan.cuts.length > 1) fileStore.syncDirectory(logDirectory);
  if (first !== undefined) {
    const path = joinPath(logDirectory, first.name);
    if (cutPath === null) fileStore.unlink(path);
    else fileStore.rename(cutPath, path);
    fileStore.syncDirectory(logDirectory);
  }
  for (const name of plan.snapshots) fileStore.unlink(joinPath(snapshotDirectory, name));
  if (plan.snapshots.length > 0) fileStore.syncDirectory(snapshotDirectory);
  if (loss === 'accepted')
    resetSyncMark(fileStore, logDirectory, plan.keptHi, plan.keptLo, lastLog(fileStore, logDirectory));
  return aside;
}

function makeCut(fileStore: FileStore, logDirectory: string, { name, keptBytes }: LogCut): string {
  const cutPath = joinPath(logDirectory, CUT_PREFIX + name);
  if (fileStore.exists(cutPath)) fileStore.unlink(cutPath);
  copyFile(fileStore, joinPath(logDirectory, name), cutPath, keptBytes);
  return cutPath;
}

function setAside(fileStore: FileStore, plan: LogRepairPlan): string {
  const { logDirectory, snapshotDirectory } = plan.directories;
  const name = ASIDE_PREFIX + hex64(plan.keptHi, plan.keptLo);
  let aside = joinPath(logDirectory, name);
  for (let next = 2; fileStore.exists(aside); next++) aside = joinPath(logDirectory, `${name}.${next}`);
  fileStore.makeDirectories(aside);
  const names = plan.cuts.map((cut) => cut.name);
  if (fileStore.exists(joinPath(logDirectory, SYNC_MARK_NAME))) names.push(SYNC_MARK_NAME);
  for (const each of names) keepUnder(fileStore, joinPath(logDirectory, each), joinPath(aside, each));
  for (const each of plan.snapshots) keepUnder(fileStore, joinPath(snapshotDirectory, each), joinPath(aside, each));
  fileStore.syncDirectory(aside);
  return aside;
}

function lastLog(fileStore: FileStore, logDirectory: string): { zxidHi: number; zxidLo: number; path: string } | null {
  const last = listTxnLogs(fileStore, logDirectory).at(-1);
  if (last === undefined) return null;
  return { zxidHi: last.zxidHi, zxidLo: last.zxidLo, path: joinPath(logDirectory, last.name) };
}
