// Beside the log, up to which zxid it was synced: what was acknowledged can then be missed, when the end of the log is
// gone (a last record zeroed or cut off looks like a write that a crash cut short). Written by the log's thread after
// each sync, right behind the acknowledgement, so that nobody waits for it; read once at start, before the log. It is a
// lower bound: a batch behind at most after the death of the process, older after a power cut (it is never synced by
// itself), never ahead of the log.
// It must never cost an acknowledged write: a mark that cannot be written is given up, and the older one stays true.
//
// The file `durableZxid` in dataLogDir/version-2 (a name that ZooKeeper and its purge pass over, and that sorts before
// `log.`: whoever copies a running directory by name takes the mark first, so that it is behind the copied log):
//
//   0                512                1024       slot (36 bytes, the rest zeros)
//   +--------+-------+--------+-------+             0  int  magic 54 4b 73 6d "TKsm"
//   | slot 0 | zeros | slot 1 | zeros |             4  long zxid, the last one that a sync covered
//   +--------+-------+--------+-------+            12  long zxid in the name of the log it is in
//                                                  20  int  tag of that log file
//   Slots are written in turn, each in a sector    24  int  tag of this file
//   of its own: a torn write leaves the other.     28  int  1: owed, see oweSyncMark; else 0
//   The greater zxid of the whole slots counts.    32  int  CRC-32 of bytes 0 .. 31
//
// A tag is the CRC-32 of the file's identity (FileStore.identityOf). By its own tag a copied mark is known as one, by the
// log's tag a log that was put there by hand: neither proves that something is missing here.

import { copyBytes, readInt32, writeInt32 } from '../base/bytes.js';
import { crc32 } from '../base/crc32.js';
import { compareSigned } from '../base/int64.js';
import { encodeUtf8 } from '../base/utf8.js';
import { ATOMIC_TEMPORARY_SUFFIX } from './atomic-file.js';
import { errorCodeOf, type FileStore, joinPath, type StoredFile } from './file-store.js';

export const SYNC_MARK_NAME = 'durableZxid';

const MAGIC = 0x544b736d;
const SLOT_STRIDE = 512;
const SLOT_BYTES = 36;
const FILE_BYTES = 2 * SLOT_STRIDE;
const ZXID = 4;
const LOG_ZXID = 12;
const LOG_TAG = 20;
const OWN_TAG = 24;
const IS_OWED = 28;
const CHECKSUM = 32;

export interface SyncMarkContent {
  readonly zxidHi: number;
  readonly zxidLo: number;
  readonly logZxidHi: number;
  readonly logZxidLo: number;
  readonly logTag: number;
  /** True: not written by a log; somebody vouches for it. */
  readonly isOwed: boolean;
  /** False: a copy, of whatever age relative to the log beside it. */
  readonly isOriginal: boolean;
  readonly writtenMs: number;
  /** Slot of the values above. */
  readonly slot: number;
}

/** A log file, by the zxid in its name. */
export interface MarkedLog {
  readonly zxidHi: number;
  readonly zxidLo: number;
  readonly path: string;
}

export type SyncMarkReading =
  | { readonly kind: 'missing' }
  | { readonly kind: 'unreadable'; readonly reason: string }
  | { readonly kind: 'read'; readonly content: SyncMarkContent };

export function readSyncMark(fileStore: FileStore, directory: string): SyncMarkReading {
  const path = joinPath(directory, SYNC_MARK_NAME);
  if (!fileStore.exists(path)) return { kind: 'missing' };
  try {
    const content = decode(readAll(fileStore, path), tagOf(fileStore, path), fileStore.timesOf(path).writtenMs);
    if (content === null) return { kind: 'unreadable', reason: 'neither of its two slots is whole' };
    return { kind: 'read', content };
  } catch (error) {
    if (errorCodeOf(error) === '') throw error;
    return { kind: 'unreadable', reason: error instanceof Error ? error.message : String(error) };
  }
}

/** What stands in a mark for a file: another number for a copy of it, but for one in four thousand millions. */
export function tagOf(fileStore: FileStore, path: string): number {
  const identity = encodeUtf8(fileStore.identityOf(path));
  return crc32(identity, 0, identity.length) | 0;
}

/** No mark from now on: nothing is known of what will have been acknowledged. Durable when it returns. */
export function removeSyncMark(fileStore: FileStore, directory: string): void {
  const path = joinPath(directory, SYNC_MARK_NAME);
  if (!fileStore.exists(path)) return;
  fileStore.unlink(path);
  fileStore.syncDirectory(directory);
}

/**
 * For those who take transactions back, or give them up, by right: TRUNC, an accepted loss, a member that owes what it
 * once acknowledged. Durable when it returns; before the log is made shorter it must have. `log` is the one that will hold
 * the zxid, null when there is none.
 */
export function resetSyncMark(
  fileStore: FileStore,
  directory: string,
  zxidHi: number,
  zxidLo: number,
  log: MarkedLog | null,
): void {
  const $slot = newSlot();
  const logTag = log === null ? 0 : tagOf(fileStore, log.path);
  encode($slot, zxidHi, zxidLo, log?.zxidHi ?? 0, log?.zxidLo ?? 0, logTag);
  createMark(fileStore, directory, $slot).close();
}

/**
 * For an ensemble member whose log had to be cut: up to here it once acknowledged. It stands, whatever becomes of the files,
 * until the log has reached it (SyncMarkOptions.keepsHigher) or resetSyncMark is called.
 */
export function oweSyncMark(fileStore: FileStore, directory: string, zxidHi: number, zxidLo: number): void {
  const $slot = newSlot();
  writeInt32($slot, IS_OWED, 1);
  encode($slot, zxidHi, zxidLo, 0, 0, 0);
  createMark(fileStore, directory, $slot).close();
}

/** resetSyncMark where the mark says more than is left; a mark that says less, or none, stays as it is. */
export function lowerSyncMark(
  fileStore: FileStore,
  directory: string,
  zxidHi: number,
  zxidLo: number,
  log: MarkedLog | null,
): void {
  const mark = readSyncMark(fileStore, directory);
  if (mark.kind !== 'read' || compareSigned(mark.content.zxidHi, mark.content.zxidLo, zxidHi, zxidLo) <= 0) return;
  resetSyncMark(fileStore, directory, zxidHi, zxidLo, log);
}

export interface SyncMarkOptions {
  readonly fileStore: FileStore;
  /** dataLogDir/version-2 */
  readonly directory: string;
  /** Told once, when the mark cannot be kept any more. */
  readonly warn: (message: string) => void;
  /** A mark above what is written stays until the log has reached it: this server acknowledged more than it has. */
  readonly keepsHigher: boolean;
  /**
   * Where the snapshots are, when not here: with each log that begins, a mark is left there as well, so that a log directory
   * that is gone with everything in it (a disk that was not mounted) is missed. Null: nowhere.
   */
  readonly snapshotDirectory: string | null;
}

export class SyncMark {
  private readonly options: SyncMarkOptions;
  private readonly $slot = newSlot();
  private file: StoredFile | null = null;
  private slot = 0; // to be written next
  private isGivenUp = false;
  private heldHi = -1; // with keepsHigher: nothing below is written
  private heldLo = -1;
  private logHi = 0;
  private logLo = 0;
  private logTag = 0;
  private isCopyDue = false;

  constructor(options: SyncMarkOptions) {
    this.options = options;
  }

  /** Records from now on go to this file, which exists. */
  onLogFile(zxidHi: number, zxidLo: number, path: string): void {
    this.try(() => {
      this.logHi = zxidHi;
      this.logLo = zxidLo;
      this.logTag = tagOf(this.options.fileStore, path);
      this.isCopyDue = this.options.snapshotDirectory !== null;
    });
  }

  /** The sync that covers the zxid has returned. */
  write(zxidHi: number, zxidLo: number): void {
    if (this.isGivenUp) return;
    if (this.isCopyDue) this.try(() => this.leaveCopy(zxidHi, zxidLo));
    const { file } = this;
    if (file === null) {
      this.try(() => this.open(zxidHi, zxidLo));
      return;
    }
    if (compareSigned(zxidHi, zxidLo, this.heldHi, this.heldLo) < 0) return;
    encode(this.$slot, zxidHi, zxidLo, this.logHi, this.logLo, this.logTag);
    try {
      file.write(this.$slot, 0, SLOT_BYTES, this.slot * SLOT_STRIDE);
    } catch (error) {
      this.giveUp(error);
    }
    this.slot ^= 1;
  }

  /** The log is not synced: an old mark would only look like the end of what was acknowledged. */
  remove(): void {
    const { fileStore, directory, snapshotDirectory } = this.options;
    this.try(() => {
      removeSyncMark(fileStore, directory);
      if (snapshotDirectory !== null) removeSyncMark(fileStore, snapshotDirectory);
    });
  }

  close(): void {
    const { file } = this;
    this.file = null;
    this.isGivenUp = true;
    if (file !== null) closeQuietly(file);
  }

  /** The existing mark if it is this directory's own and whole, or else a new one, which then holds the zxid already. */
  private open(zxidHi: number, zxidLo: number): void {
    const { fileStore, directory, keepsHigher } = this.options;
    const reading = readSyncMark(fileStore, directory);
    const { $slot } = this;
    encode($slot, zxidHi, zxidLo, this.logHi, this.logLo, this.logTag);
    const content = reading.kind === 'read' && reading.content.isOriginal ? reading.content : null;
    const isAbove = content !== null && compareSigned(content.zxidHi, content.zxidLo, zxidHi, zxidLo) > 0;
    if (content === null || (isAbove && !keepsHigher)) {
      this.file = createMark(fileStore, directory, $slot);
      this.slot = 1;
      return;
    }
    const path = joinPath(directory, SYNC_MARK_NAME);
    this.file = fileStore.openForWrite(path);
    this.heldHi = isAbove ? content.zxidHi : -1;
    this.heldLo = isAbove ? content.zxidLo : -1;
    this.slot = content.slot ^ 1;
    writeInt32($slot, OWN_TAG, tagOf(fileStore, path));
    this.write(zxidHi, zxidLo);
  }

  private leaveCopy(zxidHi: number, zxidLo: number): void {
    const { fileStore, snapshotDirectory } = this.options;
    this.isCopyDue = false;
    if (snapshotDirectory === null) return;
    const $slot = newSlot();
    encode($slot, zxidHi, zxidLo, this.logHi, this.logLo, this.logTag);
    createMark(fileStore, snapshotDirectory, $slot).close();
  }

  private try(run: () => void): void {
    if (this.isGivenUp) return;
    try {
      run();
    } catch (error) {
      this.giveUp(error);
    }
  }

  /**
   * The log is synced, and so what is acknowledged is safe: a mark that stays behind says less, nothing wrong. So a disk
   * that has no room (or an unreadable sector) for this page alone does not stop the writes. It is not tried again before
   * the next start.
   */
  private giveUp(error: unknown): void {
    if (errorCodeOf(error) === '') throw error;
    this.isGivenUp = true;
    const { directory, warn } = this.options;
    const reason = error instanceof Error ? error.message : String(error);
    warn(
      `Cannot write ${joinPath(directory, SYNC_MARK_NAME)}, going on without: should the end of the log be lost, ` +
        `a start could not tell. ${reason}`,
    );
  }
}

/** Whole and durable under its name, or not there: a crash leaves the one before. (As replaceFile, but the content knows the file.) */
function createMark(fileStore: FileStore, directory: string, $slot: Uint8Array): StoredFile {
  const path = joinPath(directory, SYNC_MARK_NAME);
  const temporary = path + ATOMIC_TEMPORARY_SUFFIX;
  if (fileStore.exists(temporary)) fileStore.unlink(temporary);
  const file = fileStore.createNew(temporary);
  try {
    writeInt32($slot, OWN_TAG, tagOf(fileStore, temporary));
    writeInt32($slot, CHECKSUM, crc32($slot, 0, CHECKSUM) | 0);
    const bytes = new Uint8Array(FILE_BYTES);
    copyBytes($slot, 0, bytes, 0, SLOT_BYTES);
    file.write(bytes, 0, FILE_BYTES, 0);
    file.sync();
  } catch (error) {
    closeQuietly(file);
    throw error;
  }
  file.close();
  fileStore.rename(temporary, path);
  fileStore.syncDirectory(directory);
  return fileStore.openForWrite(path);
}

/** Nothing depends on it: what was written is written, and an earlier failure is what counts. */
function closeQuietly(file: StoredFile): void {
  try {
    file.close();
  } catch {
    return;
  }
}

function newSlot(): Uint8Array {
  const $slot = new Uint8Array(SLOT_BYTES);
  writeInt32($slot, 0, MAGIC);
  return $slot;
}

/** What changes from sync to sync. */
function encode($slot: Uint8Array, zxidHi: number, zxidLo: number, logHi: number, logLo: number, logTag: number): void {
  writeInt32($slot, ZXID, zxidHi);
  writeInt32($slot, ZXID + 4, zxidLo);
  writeInt32($slot, LOG_ZXID, logHi);
  writeInt32($slot, LOG_ZXID + 4, logLo);
  writeInt32($slot, LOG_TAG, logTag);
  writeInt32($slot, CHECKSUM, crc32($slot, 0, CHECKSUM) | 0);
}

function decode(bytes: Uint8Array, ownTag: number, writtenMs: number): SyncMarkContent | null {
  let best: SyncMarkContent | null = null;
  for (let slot = 0; slot < 2; slot++) {
    const at = slot * SLOT_STRIDE;
    if (at + SLOT_BYTES > bytes.length || readInt32(bytes, at) !== MAGIC) continue;
    if (readInt32(bytes, at + CHECKSUM) !== (crc32(bytes, at, CHECKSUM) | 0)) continue;
    const zxidHi = readInt32(bytes, at + ZXID);
    const zxidLo = readInt32(bytes, at + ZXID + 4);
    if (best !== null && compareSigned(zxidHi, zxidLo, best.zxidHi, best.zxidLo) < 0) continue;
    best = {
      zxidHi,
      zxidLo,
      logZxidHi: readInt32(bytes, at + LOG_ZXID),
      logZxidLo: readInt32(bytes, at + LOG_ZXID + 4),
      logTag: readInt32(bytes, at + LOG_TAG),
      isOwed: readInt32(bytes, at + IS_OWED) === 1,
      isOriginal: readInt32(bytes, at + OWN_TAG) === ownTag,
      writtenMs,
      slot,
    };
  }
  return best;
}

function readAll(fileStore: FileStore, path: string): Uint8Array {
  const file = fileStore.openForRead(path);
  try {
    const bytes = new Uint8Array(FILE_BYTES);
    return bytes.subarray(0, file.read(bytes, 0, FILE_BYTES, 0));
  } finally {
    file.close();
  }
}
