// Appends transactions to the log, many per fdatasync. Owned by the sync stage and living on its thread, the only one
// that ever writes the log. commit() returns when everything appended before it is on the disk; nothing may be
// acknowledged earlier. The first failure of any file call ends this object: every later call throws the same
// FatalStorageError, because what the disk holds is no longer known and a repeated sync could lie.
//
// The current file, and the batch that is to be written next (sizes as with preAllocBytes = A):
//
//   | header | records on disk | batch -> | zeros written | nothing written (sparse zeros) |
//   0        16                ^position  ^filledTo                                       ^allocated = 16 + n * A
//
//   batch:  [sum|len|entry|B][sum|len|entry|B]...    one reused buffer, one write, one fdatasync
//
// Why zeros are written ahead: fdatasync of a place that never had blocks must allocate them and so commit the file
// system's journal. Batches of 42 KB took 0.52 ms each into the sparse part of the file and 0.25 ms where zeros had been
// written before (10 KB: 0.31 and 0.20 ms; below 1 KB and above 160 KB no difference; ext4 on a virtual disk, Node 20).
// The zeros ride behind a batch in its own write, FILL_BYTES at a time: 256 KB cost that one batch 0.5 ms, while filling
// 1 MB or more at once put 4 to 6 ms into the slowest percent. Without any growing ahead (each write extends the file)
// a 200-byte batch took 0.25 ms instead of 0.16.

import { adler32 } from '../base/adler32.js';
import { assert } from '../base/assert.js';
import { copyBytes, writeInt32 } from '../base/bytes.js';
import type { Clock } from '../base/clock.js';
import { compareSigned } from '../base/int64.js';
import { FILE_HEADER_BYTES } from '../protocol/stored-records.js';
import { TXN_HEADER_BYTES } from '../protocol/txns.js';
import { FatalStorageError } from './fatal-storage-error.js';
import { logName } from './file-names.js';
import { errorCodeOf, type FileStore, joinPath, type StoredFile } from './file-store.js';
import { SyncMark } from './sync-mark.js';
import { encodeTxnLogHeader, RECORD_END_BYTE, RECORD_EXTRA_BYTES, RECORD_PREFIX_BYTES } from './txn-log-format.js';
import { TxnLogReader } from './txn-log-reader.js';

const BUFFER_BYTES = 1 << 20;
/** A batch beyond this is written (not synced) before the commit, so that memory stays bounded. */
const PENDING_BYTES_MAX = 8 << 20;
const FILL_BYTES = 256 << 10;
/** The file grows when a write ends closer than this to what is allocated, as the reference does. */
const GROW_AHEAD_BYTES = 4096;

export interface TxnLogWriterOptions {
  readonly fileStore: FileStore;
  /** dataLogDir/version-2; it exists. */
  readonly directory: string;
  /** Must tell the time of each call (not of the turn): it measures the syncs. */
  readonly clock: Clock;
  /** preAllocSize in bytes; 0 or less turns padding off. */
  readonly preAllocBytes: number;
  /** forceSync; false leaves the time of reaching the disk to the system. */
  readonly forceSync: boolean;
  /** txnLogSizeLimitInKb in bytes; 0 or less means none. */
  readonly sizeLimitBytes: number;
  readonly syncWarningThresholdMs: number;
  /** Called after every fdatasync of records. */
  readonly onSync: (durationMs: number) => void;
  /** Called as well when one took longer than the threshold. */
  readonly onSlowSync: (durationMs: number, path: string, fileBytes: number) => void;
  /** Something that does not stop the log: the sync mark cannot be kept. */
  readonly warn: (message: string) => void;
  /** A new file has been begun. */
  readonly onNewFile?: (name: string) => void;
  /** For a member that owes transactions it once acknowledged: its sync mark stays until the log has reached it. */
  readonly keepsHigherMark?: boolean;
  /** dataDir/version-2; needed when it is another directory than that of the logs. */
  readonly snapshotDirectory?: string;
}

export class TxnLogWriter {
  private readonly options: TxnLogWriterOptions;
  private readonly mark: SyncMark;
  private file: StoredFile | null = null;
  private position = 0; // end of what was written to the file
  private allocated = 0; // length of the file; Invariant: position <= filledTo <= allocated
  private filledTo = 0;
  private hasUnsynced = false; // something was written since the last fdatasync
  private isMarkDue = false; // something was synced that the mark does not say yet

  private buffer = new Uint8Array(BUFFER_BYTES);
  private pending = 0; // bytes of `buffer` not yet written
  private firstHi = 0; // zxid of the first record of the file to come; valid while file is null and pending > 0
  private firstLo = 0;
  private lastHi = -1; // Invariant: zxids never fall
  private lastLo = -1;
  private markHi = -1; // up to where the log is synced; valid while isMarkDue
  private markLo = -1;
  private finishedBytes = 0;
  private failure: FatalStorageError | null = null;
  private isClosed = false;
  private readonly times = { beganMs: 0, writtenMs: 0, syncedMs: 0 };

  constructor(options: TxnLogWriterOptions) {
    this.options = options;
    const { fileStore, directory, warn, keepsHigherMark: keepsHigher = false } = options;
    const snapshotDirectory = options.snapshotDirectory === directory ? null : (options.snapshotDirectory ?? null);
    this.mark = new SyncMark({ fileStore, directory, warn, keepsHigher, snapshotDirectory });
  }

  /** Allocated size of the current file, padding included; 0 while there is none. */
  get sizeBytes(): number {
    return this.file === null ? 0 : this.allocated;
  }

  /** sizeBytes plus the files that the size limit ended since the last roll(): what the snapshot policy looks at. */
  get bytesSinceRoll(): number {
    return this.finishedBytes + this.sizeBytes;
  }

  /** Path of the current file, '' while there is none. */
  get path(): string {
    return this.file === null ? '' : this.file.path;
  }

  /** Takes one entry (header, body, perhaps a digest); it is copied. Reaches the disk with the next commit(). */
  append(bytes: Uint8Array, off: number, len: number, zxidHi: number, zxidLo: number): void {
    this.assertUsable();
    assert(len >= TXN_HEADER_BYTES, 'a txn entry has a whole header');
    assert(compareSigned(zxidHi, zxidLo, this.lastHi, this.lastLo) >= 0, 'zxids in the log never fall');
    if (this.file === null && this.pending === 0) {
      this.firstHi = zxidHi;
      this.firstLo = zxidLo;
    }
    const recordBytes = len + RECORD_EXTRA_BYTES;
    if (this.pending > 0 && this.pending + recordBytes > PENDING_BYTES_MAX) this.writePending();
    const at = this.pending;
    if (at + recordBytes > this.buffer.length) this.growBuffer(at + recordBytes);
    const { buffer } = this;
    writeInt32(buffer, at, 0);
    writeInt32(buffer, at + 4, adler32(bytes, off, len));
    writeInt32(buffer, at + 8, len);
    copyBytes(bytes, off, buffer, at + RECORD_PREFIX_BYTES, len);
    buffer[at + RECORD_PREFIX_BYTES + len] = RECORD_END_BYTE;
    this.pending = at + recordBytes;
    this.lastHi = zxidHi;
    this.lastLo = zxidLo;
  }

  /** When the last commit() began, when it had written and when that was on the disk, by the options' clock. */
  get commitTimes(): { readonly beganMs: number; readonly writtenMs: number; readonly syncedMs: number } {
    return this.times;
  }

  /** Everything appended so far is durable when this returns (with forceSync off: handed to the system). */
  commit(): void {
    const { times } = this;
    this.assertUsable();
    times.beganMs = this.options.clock.monotonicMs();
    this.writePending();
    times.writtenMs = this.options.clock.monotonicMs();
    times.syncedMs = times.writtenMs;
    this.syncWritten();
    const { sizeLimitBytes } = this.options;
    if (sizeLimitBytes > 0 && this.sizeBytes > sizeLimitBytes) {
      this.finishedBytes += this.sizeBytes;
      this.closeFile();
    }
  }

  /**
   * Writes down beside the log up to where it is synced. Behind the acknowledgement of what commit() covered, so that nobody
   * waits for it: a process that dies in between leaves a mark that is one batch old, which says less and nothing wrong.
   */
  writeMark(): void {
    this.assertUsable();
    if (!this.isMarkDue) return;
    this.isMarkDue = false;
    this.mark.write(this.markHi, this.markLo);
  }

  /** Commits, and lets the next append begin a new file. bytesSinceRoll starts again from 0. */
  roll(): void {
    this.commit();
    this.closeFile();
    this.finishedBytes = 0;
  }

  /** Another database is durable, up to this zxid; the log has been rolled, and what is appended next comes behind it. */
  onRestored(zxidHi: number, zxidLo: number): void {
    this.assertUsable();
    assert(this.file === null && this.pending === 0, 'the log is rolled before another database takes its place');
    this.lastHi = zxidHi;
    this.lastLo = zxidLo;
    if (this.options.forceSync) this.mark.write(zxidHi, zxidLo);
  }

  /** Commits what is pending. A writer that has failed just lets go of its file. */
  close(): void {
    if (this.isClosed) return;
    if (this.failure === null) this.roll();
    else if (this.file !== null) this.closeQuietly(this.file);
    this.mark.close();
    this.isClosed = true;
  }

  private assertUsable(): void {
    if (this.failure !== null) throw this.failure;
    assert(!this.isClosed, 'the log writer is closed');
  }

  private writePending(): void {
    if (this.pending === 0) return;
    const file = this.file ?? this.startFile();
    const end = this.position + this.pending;
    this.growFile(file, end);
    const writeBytes = this.fillBehindBatch(end) - this.position;
    this.guard('write to', file.path, () => file.write(this.buffer, 0, writeBytes, this.position));
    this.hasUnsynced = true;
    this.filledTo = Math.max(this.filledTo, this.position + writeBytes);
    this.position = end;
    this.allocated = Math.max(this.allocated, end);
    this.pending = 0;
  }

  private syncWritten(): void {
    const { file } = this;
    if (!this.hasUnsynced || file === null || !this.options.forceSync) return;
    const { times } = this;
    const { clock, syncWarningThresholdMs } = this.options;
    this.guard('sync', file.path, () => file.syncData());
    this.hasUnsynced = false;
    times.syncedMs = clock.monotonicMs();
    const durationMs = times.syncedMs - times.writtenMs;
    this.markHi = this.lastHi;
    this.markLo = this.lastLo;
    this.isMarkDue = true;
    this.options.onSync(durationMs);
    if (durationMs > syncWarningThresholdMs) this.options.onSlowSync(durationMs, file.path, this.allocated);
  }

  /** Makes the file long enough for a write that ends at `end`. */
  private growFile(file: StoredFile, end: number): void {
    const step = this.options.preAllocBytes;
    if (step <= 0 || end + GROW_AHEAD_BYTES < this.allocated) return;
    const stepCount = Math.floor((end + GROW_AHEAD_BYTES - FILE_HEADER_BYTES) / step) + 1;
    const size = FILE_HEADER_BYTES + stepCount * step;
    this.guard('grow', file.path, () => file.truncate(size));
    this.allocated = size;
  }

  /**
   * Adds zeros behind the batch in the buffer when it reaches beyond what has been filled, and returns where the write
   * then ends. Without a sync per batch there is nothing to gain.
   */
  private fillBehindBatch(end: number): number {
    if (end <= this.filledTo || this.options.preAllocBytes <= 0 || !this.options.forceSync) return end;
    const fillTo = Math.min(Math.ceil((end + 1) / FILL_BYTES) * FILL_BYTES, this.allocated);
    if (fillTo <= end) return end;
    const writeBytes = fillTo - this.position;
    if (writeBytes > this.buffer.length) this.growBuffer(writeBytes);
    this.buffer.fill(0, this.pending, writeBytes);
    return fillTo;
  }

  private startFile(): StoredFile {
    const name = logName(this.firstHi, this.firstLo);
    const path = joinPath(this.options.directory, name);
    const file = this.guard('start', path, () => this.createFile(path));
    this.options.onNewFile?.(name);
    if (this.options.forceSync) this.mark.onLogFile(this.firstHi, this.firstLo, path);
    else this.mark.remove();
    return file;
  }

  /**
   * Order matters: the header is on the disk before the file grows, since a crash that kept the size but not the header
   * would leave a file without a magic number, which no start accepts; and the name is on the disk before any record
   * in it can be acknowledged.
   */
  private createFile(path: string): StoredFile {
    const { fileStore, directory } = this.options;
    let file: StoredFile;
    try {
      file = fileStore.createNew(path);
    } catch (error) {
      if (errorCodeOf(error) !== 'EEXIST') throw error;
      return this.takeOverFile(path);
    }
    this.file = file;
    file.write(encodeTxnLogHeader(), 0, FILE_HEADER_BYTES, 0);
    file.syncData();
    fileStore.syncDirectory(directory);
    this.position = FILE_HEADER_BYTES;
    this.filledTo = FILE_HEADER_BYTES;
    this.allocated = FILE_HEADER_BYTES;
    return file;
  }

  /**
   * The name is taken. A file without a record holds nothing that was acknowledged (the crash of a server that had just
   * begun it) and is replaced. Records in it stay: we go on behind the last one (the reference wipes them).
   */
  private takeOverFile(path: string): StoredFile {
    const { fileStore, directory } = this.options;
    const reader = new TxnLogReader(fileStore, path);
    let hasRecord = false;
    try {
      while (reader.next()) hasRecord = true;
    } finally {
      reader.close();
    }
    if (!hasRecord) {
      fileStore.unlink(path);
      fileStore.syncDirectory(directory);
      return this.createFile(path);
    }
    const order = compareSigned(reader.zxidHi, reader.zxidLo, this.firstHi, this.firstLo);
    assert(order <= 0, 'a log that goes on holds no zxid above the next one');
    const file = fileStore.openForWrite(path);
    this.file = file;
    // Off with the torn tail: bytes of it behind the next records would look like damage.
    file.truncate(reader.endOffset);
    file.syncData();
    this.position = reader.endOffset;
    this.filledTo = reader.endOffset;
    this.allocated = reader.endOffset;
    return file;
  }

  /** Everything in it is durable (commit came first); what can still fail is the close itself. */
  private closeFile(): void {
    const { file } = this;
    if (file === null) return;
    this.writeMark(); // it names the log that it speaks of
    this.file = null;
    this.hasUnsynced = false;
    this.guard('close', file.path, () => file.close());
  }

  /** After a failure nothing more can be said about the file than the failure did. */
  private closeQuietly(file: StoredFile): void {
    this.file = null;
    try {
      file.close();
    } catch {
      return;
    }
  }

  private growBuffer(needed: number): void {
    const bigger = new Uint8Array(Math.max(needed, this.buffer.length * 2));
    bigger.set(this.buffer.subarray(0, this.pending));
    this.buffer = bigger;
  }

  private guard<T>(action: string, path: string, run: () => T): T {
    try {
      return run();
    } catch (error) {
      this.failure = new FatalStorageError(action, path, error);
      throw this.failure;
    }
  }
}
