// Brings back the database at start: the newest snapshot that proves whole, and the log behind it. Runs once, on the
// thread that owns the tree, before anything else looks at it. Either the result holds every acknowledged transaction, or
// it throws and says which file, where, and what the operator can do: it never starts with less. It changes no file,
// except for removing what no start has a use for (temporaries, the `initialize` mark, a last log without a header) and
// renaming snapshots that the log does not cover, because the transactions to come would seem to cover them.

import { assert } from '../base/assert.js';
import { readInt32 } from '../base/bytes.js';
import { hex64 } from '../base/int64.js';
import { OpCode } from '../protocol/op-code.js';
import { TXN_HEADER_BYTES } from '../protocol/txns.js';
import type { DataTree } from '../store/data-tree.js';
import { DigestCheck, type DigestMismatch } from '../store/digest-check.js';
import { TxnApplier } from '../store/txn-applier.js';
import type { CommittedLog } from './committed-log.js';
import { type DataDirectories, openDataDirectories } from './data-directories.js';
import type { DataFileName } from './file-names.js';
import { errorCodeOf, type FileStore } from './file-store.js';
import { HistoryJudge, UncoveredSnapshot } from './history-judge.js';
import type { LogFinding } from './log-finding.js';
import { LogTail } from './log-tail.js';
import type { ReadAhead } from './read-ahead.js';
import { type RecoveredSession, RecoveredSessions } from './recovered-sessions.js';
import { missingTailSentence, RecoveryError, remedyFor, SNAPSHOT_REMEDY, UNREADABLE_REMEDY } from './recovery-error.js';
import { removeEmptyLastLog, setUncoveredAside, syncReplayed, takeInitializeMark } from './recovery-files.js';
import type { RecoveryProgress } from './recovery-progress.js';
import { listSnapshots, passesQuickTest, removeTemporaries, SNAPSHOTS_TRIED_MAX } from './snapshot-files.js';
import { SnapshotLoading } from './snapshot-loading.js';
import { BrokenSnapshot, type SnapshotTail } from './snapshot-reader.js';
import { SnapshotWriter, type TreeDigest } from './snapshot-writer.js';
import { readSyncMark, type SyncMarkReading } from './sync-mark.js';
import { checkSyncMark } from './sync-mark-check.js';
import { TxnLogDamage } from './txn-log-damage.js';
import { listTxnLogs } from './txn-log-files.js';
import { ENTRY_CLIENT_OFFSET } from './txn-log-format.js';
import type { TxnLogReader } from './txn-log-reader.js';
import { TxnLogHole, TxnLogReplay } from './txn-log-replay.js';
import { UnreadableSnapshots } from './unreadable-snapshots.js';

/** How far a start has come is looked at with every 1024th transaction. */
const RECORDS_PER_REPORT_MASK = 1023;
/** Before the first transaction a digest section says nothing, as the reference writes it. */
const NO_DIGEST: TreeDigest = { zxidHi: 0, zxidLo: 0, digestHi: 0, digestLo: 0 };

export interface RecoveryOptions {
  readonly fileStore: FileStore;
  /** As configured, without version-2. */
  readonly dataDir: string;
  readonly dataLogDir: string;
  readonly tree: DataTree;
  /** zookeeper.datadir.autocreate */
  readonly datadirAutocreate: boolean;
  /** zookeeper.db.autocreate */
  readonly dbAutocreate: boolean;
  /** zookeeper.snapshot.trust.empty */
  readonly trustEmptySnapshot: boolean;
  /** zookeeper.emulate353TTLNodes */
  readonly emulate353TtlNodes: boolean;
  /**
   * When the log ends before what the sync mark says was acknowledged: 'refuse' (the default) throws, 'report' goes on with
   * `missingTail` set, for an ensemble member, which may then join but not vote until its leader has synced it.
   */
  readonly onMissingTail?: 'refuse' | 'report';
  readonly warn: (message: string) => void;
  /** The tree is not what a snapshot's or record's digest says; the start goes on (persistence section 5). */
  readonly onDigestMismatch?: (mismatch: DigestMismatch) => void;
  /** Filled with the last of what is replayed, for a member that may come to lead (persistence 6.4). */
  readonly committedLog?: CommittedLog;
  /** Lets a thread of its own read large snapshots; without it the calling one reads them all. */
  readonly readAhead?: ReadAhead;
  readonly progress?: RecoveryProgress;
  /** Somebody only looks at what a start would make of the files: nothing is built on it, so nothing needs to be durable. */
  readonly isOnlyLook?: true;
  /** A snapshot is in the tree, and the log behind it comes next. */
  readonly onSnapshotLoaded?: () => void;
}

export interface RecoveredDatabase {
  readonly directories: DataDirectories;
  readonly tree: DataTree;
  readonly sessions: RecoveredSession[];
  /** -1 (both halves) when there is no database and none may be created: a member that has to be sent one. */
  readonly lastZxidHi: number;
  readonly lastZxidLo: number;
  /** The snapshot that was loaded, or written here for an empty database; null when there was none to load. */
  readonly snapshot: { readonly name: string; readonly zxidHi: number; readonly zxidLo: number } | null;
  readonly recordsReplayed: number;
  readonly repeatsSkipped: number;
  readonly digestMismatches: number;
  /** Not null: this server once acknowledged more than it holds now, see RecoveryOptions.onMissingTail. */
  readonly missingTail: LogFinding | null;
}

export function recover(options: RecoveryOptions): RecoveredDatabase {
  const { fileStore, dataDir, dataLogDir, datadirAutocreate } = options;
  const directories = openDataDirectories(fileStore, dataDir, dataLogDir, datadirAutocreate);
  try {
    return new Recovery(options, directories).run();
  } catch (error) {
    if (error instanceof TxnLogDamage || error instanceof TxnLogHole) {
      const { finding } = error;
      throw new RecoveryError(`${error.message}. ${remedyFor(dataDir, dataLogDir)}`, { cause: error, finding });
    }
    if (error instanceof Error && errorCodeOf(error) !== '') {
      throw new RecoveryError(`Cannot read the database in ${dataDir}: ${error.message}`, { cause: error });
    }
    throw error;
  }
}

class Recovery {
  private readonly options: RecoveryOptions;
  private readonly directories: DataDirectories;
  private readonly sessions = new RecoveredSessions();
  private readonly applier: TxnApplier;
  private readonly mark: SyncMarkReading;
  private readonly logs: DataFileName[];
  private digests: DigestCheck | null = null; // of the snapshot being tried; stays null with digests off
  private isEpochBegun = false; // the record being replayed is the first of its epoch
  private readonly uncovered: string[] = []; // names of snapshots
  private tail: LogTail;
  private readonly unreadable = new UnreadableSnapshots();
  private readonly judge: HistoryJudge;
  private readonly loading: SnapshotLoading;

  constructor(options: RecoveryOptions, directories: DataDirectories) {
    this.options = options;
    this.directories = directories;
    this.applier = new TxnApplier(options.tree);
    this.judge = new HistoryJudge(options, directories, this.unreadable);
    this.loading = new SnapshotLoading(options, directories.snapshotDirectory, this.sessions);
    // Before the logs, so that a directory in use (a tool reads it) never seems to end before its mark.
    this.mark = readSyncMark(options.fileStore, directories.logDirectory);
    this.logs = listTxnLogs(options.fileStore, directories.logDirectory);
    this.tail = new LogTail(this.mark);
  }

  run(): RecoveredDatabase {
    const { fileStore } = this.options;
    const { snapshotDirectory } = this.directories;
    for (const name of removeTemporaries(fileStore, snapshotDirectory)) {
      this.options.warn(`Removed ${name}, left behind by a snapshot that was never finished`);
    }
    this.options.committedLog?.clear(0, 0);
    const isInitialized = takeInitializeMark(fileStore, this.directories);
    const snapshots = listSnapshots(fileStore, snapshotDirectory);
    for (const file of [...snapshots, ...this.logs]) {
      if (file.isOdd) this.options.warn(`${file.name} is no name this server would give, but is read as one`);
    }
    const candidates = snapshots.filter((file) =>
      passesQuickTest(fileStore, snapshotDirectory, file.name, (error) => this.unreadable.add(file, error)),
    );
    for (const reason of this.unreadable.reasons) this.options.warn(`A snapshot cannot be read: ${reason}`);
    const newest = snapshots[0];
    if (newest !== undefined && !candidates.includes(newest) && !this.unreadable.has(newest.name)) {
      this.options.warn(`${newest.name} is cut short, left by a crash or a copy: an older one is tried`);
    }
    if (candidates.length === 0) return this.startWithoutSnapshot(snapshots, isInitialized);
    const recovered = this.tryEach(candidates.slice(0, SNAPSHOTS_TRIED_MAX));
    removeEmptyLastLog(this.options.fileStore, this.directories, this.logs, this.options.warn);
    return recovered;
  }

  private tryEach(candidates: readonly DataFileName[]): RecoveredDatabase {
    const { tree, warn } = this.options;
    const reasons: string[] = [];
    for (const candidate of candidates) {
      tree.beginWrite();
      tree.clear();
      this.sessions.clear();
      this.digests = this.newDigestCheck();
      this.options.committedLog?.clear(candidate.zxidHi, candidate.zxidLo);
      let lastHi = candidate.zxidHi;
      let lastLo = candidate.zxidLo;
      try {
        const tail = this.load(candidate);
        this.options.onSnapshotLoaded?.();
        tree.recountQuotas();
        this.expectDigest(candidate, tail);
        const replay = this.replay(candidate.zxidHi, candidate.zxidLo);
        lastHi = replay.lastHi;
        lastLo = replay.lastLo;
        this.judge.checkCovered(candidate, tail, replay, tree.unresolvedAclCount);
        this.judge.checkFloor(candidate, replay);
        this.judge.checkReached(candidate, replay);
        return this.result(candidate, replay);
      } catch (error) {
        if (error instanceof TxnLogHole && this.unreadable.hasNewerThan(candidate)) {
          // With the snapshot between, which may be read another time, nothing is missing.
          throw new RecoveryError(`${error.message}. A newer snapshot cannot be read`, { cause: error });
        }
        if (error instanceof TxnLogHole && reasons.length > 0) {
          const message = `${error.message}. Newer snapshots could not be used: ${reasons.join('; ')}`;
          throw new TxnLogHole(message, error.finding);
        }
        if (!(error instanceof BrokenSnapshot)) throw error;
        if (error instanceof UncoveredSnapshot) this.uncovered.push(candidate.name);
        reasons.push(error.message);
        warn(`Problem reading snapshot ${candidate.name}, trying an older one: ${error.message}`);
      } finally {
        tree.endWrite(lastHi, lastLo);
      }
    }
    throw new RecoveryError(
      `Not able to find valid snapshots in ${this.directories.snapshotDirectory}: ` +
        `${[...new Set([...this.unreadable.reasons, ...reasons])].join('; ')}. ` +
        (!this.unreadable.isEmpty ? UNREADABLE_REMEDY : SNAPSHOT_REMEDY),
      this.judge.noneUsable(candidates),
    );
  }

  private load(candidate: DataFileName): SnapshotTail {
    try {
      return this.loading.load(candidate);
    } catch (error) {
      // An unreadable sector is one more way for a snapshot to be broken.
      if (errorCodeOf(error) === '') throw error;
      this.unreadable.add(candidate, error);
      throw new BrokenSnapshot(error instanceof Error ? error.message : String(error), { cause: error });
    }
  }

  private replay(afterHi: number, afterLo: number): TxnLogReplay {
    const { fileStore } = this.options;
    const replay = new TxnLogReplay(fileStore, this.directories.logDirectory, this.logs, afterHi, afterLo);
    this.tail = new LogTail(this.mark);
    replay.run((reader) => {
      this.tail.onRecord(reader);
      this.isEpochBegun = reader.zxidHi !== replay.lastHi;
      if (this.isEpochBegun) this.judge.checkBetween(replay, reader);
      if (this.applyRecord(reader)) replay.vouchForGaps((gap) => this.warnOfGap(gap, reader));
      if ((replay.recordCount & RECORDS_PER_REPORT_MASK) === 0) this.reportReplay(reader, replay.recordCount);
    });
    return replay;
  }

  private reportReplay(reader: TxnLogReader, recordCount: number): void {
    const { endOffset, fileSize, path } = reader;
    const name = path.slice(path.lastIndexOf('/') + 1);
    this.options.progress?.report(`Replaying ${name}`, endOffset, fileSize, recordCount, 'transactions');
  }

  private warnOfGap({ path, offset, lastHi, lastLo }: LogFinding, { zxidHi, zxidLo }: TxnLogReader): void {
    this.options.warn(
      `No transaction has the zxid after 0x${hex64(lastHi, lastLo)} in ${path}. None is missing: the records touch at offset ` +
        `${offset}, and the digest of 0x${hex64(zxidHi, zxidLo)} is the tree's`,
    );
  }

  /** True when the record carries a digest, and it is the tree's. */
  private applyRecord(reader: TxnLogReader): boolean {
    const { bytes, entryOffset } = reader;
    this.applier.apply(bytes, entryOffset, reader.entryLength, null);
    const isConfirmed = this.digests?.onApplied(this.applier) ?? false;
    this.keepCommitted(reader);
    if (reader.type !== OpCode.createSession && reader.type !== OpCode.closeSession) return isConfirmed;
    const client = entryOffset + ENTRY_CLIENT_OFFSET;
    const idHi = readInt32(bytes, client);
    const idLo = readInt32(bytes, client + 4);
    if (reader.type === OpCode.closeSession) this.sessions.remove(idHi, idLo);
    else this.sessions.add(idHi, idLo, readInt32(bytes, entryOffset + TXN_HEADER_BYTES));
    return isConfirmed;
  }

  /** Behind a gap it begins anew: nobody may be sent what has one. */
  private keepCommitted({ bytes, entryOffset, entryLength, zxidHi, zxidLo }: TxnLogReader): void {
    const { committedLog } = this.options;
    if (committedLog?.append(bytes, entryOffset, entryLength, zxidHi, zxidLo) === 'hole') {
      committedLog.clear(zxidHi, zxidLo);
    }
  }

  private newDigestCheck(): DigestCheck | null {
    const { tree, onDigestMismatch } = this.options;
    if (!tree.keepsDigest) return null;
    return new DigestCheck(tree, (mismatch) => {
      // Files alone do not show whether an epoch is whole: a first difference here is a sign that it is not.
      const after = this.isEpochBegun ? ', the first of an epoch: the end of the epoch before may be missing' : '';
      onDigestMismatch?.({ ...mismatch, of: mismatch.of + after });
    });
  }

  private expectDigest({ zxidHi, zxidLo }: DataFileName, tail: SnapshotTail): void {
    const { digestZxidHi, digestZxidLo, digestVersion, digestHi, digestLo } = tail;
    this.digests?.onSnapshot(zxidHi, zxidLo, digestZxidHi, digestZxidLo, digestVersion, digestHi, digestLo);
  }

  private startWithoutSnapshot(snapshots: readonly DataFileName[], isInitialized: boolean): RecoveredDatabase {
    const { tree, dbAutocreate, trustEmptySnapshot, warn } = this.options;
    if (!this.unreadable.isEmpty) {
      const reasons = this.unreadable.reasons.join('; ');
      const where = this.directories.snapshotDirectory;
      throw new RecoveryError(`Not able to find valid snapshots in ${where}: ${reasons}. ${UNREADABLE_REMEDY}`);
    }
    if (this.logs.length > 0) {
      if (!trustEmptySnapshot)
        throw new RecoveryError(
          `No snapshot found, but there are log entries. Something is broken! ${this.logs[0].name} is the first log in ` +
            `${this.directories.logDirectory}, and there is no snapshot in ${this.directories.snapshotDirectory}. ` +
            `${SNAPSHOT_REMEDY}, or, when the logs are known to go back to an empty database, start once with ` +
            'zookeeper.snapshot.trust.empty=true',
          this.judge.noneUsable(snapshots),
        );
      warn('No snapshot found, but zookeeper.snapshot.trust.empty is set: replaying all logs onto an empty tree');
      return this.replayOntoEmptyTree();
    }
    // snapshot.0 may be the half of a first start; any other name means that there was a database.
    const lost = snapshots.find((file) => file.zxidHi !== 0 || file.zxidLo !== 0);
    if (lost !== undefined) {
      throw new RecoveryError(
        `Not able to find valid snapshots in ${this.directories.snapshotDirectory}: ${lost.name} is cut short, ` +
          `and there is no other and no log. ${SNAPSHOT_REMEDY}`,
        this.judge.noneUsable(snapshots),
      );
    }
    const mayInitialize = isInitialized || dbAutocreate;
    const lastZxid = mayInitialize ? 0 : -1;
    // `initialize` is the operator's word that a new database is wanted here.
    const missingTail = isInitialized ? null : this.checkSynced(lastZxid, lastZxid);
    tree.beginWrite();
    tree.reset();
    tree.endWrite(lastZxid, lastZxid);
    const snapshot = mayInitialize ? this.writeFirstSnapshot() : null;
    return {
      directories: this.directories,
      tree,
      sessions: [],
      lastZxidHi: lastZxid,
      lastZxidLo: lastZxid,
      snapshot,
      recordsReplayed: 0,
      repeatsSkipped: 0,
      digestMismatches: 0,
      missingTail,
    };
  }

  private replayOntoEmptyTree(): RecoveredDatabase {
    const { tree } = this.options;
    tree.beginWrite();
    tree.reset();
    this.digests = this.newDigestCheck();
    const replay = this.replay(0, 0);
    tree.endWrite(replay.lastHi, replay.lastLo);
    const recovered = this.result(null, replay);
    removeEmptyLastLog(this.options.fileStore, this.directories, this.logs, this.options.warn);
    return recovered;
  }

  /** Before anything is removed or written here: what the sync mark misses may have been in it. */
  private checkSynced(endHi: number, endLo: number): LogFinding | null {
    const { fileStore, dataDir, dataLogDir, onMissingTail, warn } = this.options;
    const { finding, warning } = checkSyncMark(fileStore, this.directories, this.mark, endHi, endLo);
    if (warning !== null) warn(warning);
    if (finding === null || onMissingTail === 'report') return finding;
    const question = finding.path === this.directories.logDirectory ? ' (is its disk mounted?)' : '';
    throw new RecoveryError(`${missingTailSentence(finding)}${question}. ${remedyFor(dataDir, dataLogDir)}`, {
      finding,
    });
  }

  /** So that the logs of a new database are never found without a snapshot. */
  private writeFirstSnapshot(): { name: string; zxidHi: number; zxidLo: number } {
    const writer = new SnapshotWriter({
      fileStore: this.options.fileStore,
      directory: this.directories.snapshotDirectory,
      reader: this.options.tree.reader,
      backOff: () => undefined, // nobody else writes this tree yet
      collectSessions: () => undefined,
      waitUntilDurable: () => undefined, // there is no transaction yet
      loaded: null,
      treeDigest: this.options.tree.keepsDigest ? () => NO_DIGEST : null,
    });
    const written = writer.write();
    assert(written !== null, 'the first snapshot is a new one');
    return { name: written.name, zxidHi: written.zxidHi, zxidLo: written.zxidLo };
  }

  private result(snapshot: DataFileName | null, replay: TxnLogReplay): RecoveredDatabase {
    if (this.digests?.isPending) {
      this.options.warn(`No transaction has the zxid of the digest in ${snapshot?.name}: it was not compared`);
    }
    const missingTail = this.checkSynced(replay.lastHi, replay.lastLo);
    const { fileStore, warn } = this.options;
    setUncoveredAside(fileStore, this.directories, this.uncovered, warn);
    if (this.options.isOnlyLook !== true) {
      syncReplayed(fileStore, this.directories, this.logs, snapshot?.zxidHi ?? 0, snapshot?.zxidLo ?? 0);
      this.tail.writeAgain(fileStore, replay.lastHi, replay.lastLo);
    }
    return {
      directories: this.directories,
      tree: this.options.tree,
      sessions: this.sessions.list(),
      lastZxidHi: replay.lastHi,
      lastZxidLo: replay.lastLo,
      snapshot,
      recordsReplayed: replay.recordCount,
      repeatsSkipped: replay.repeatCount,
      digestMismatches: this.digests?.mismatchCount ?? 0,
      missingTail,
    };
  }
}
