// Committed transactions out of the log on disk, for a learner that misses more than the committed log holds (DIFF from
// disk). Owned by one `SyncFeed` on the leader, on a thread that may block: first the plan reads the zxids
// through it, then the records are sent from it, each opened anew. The log is being written meanwhile: reading ends
// where the writer is, which is behind everything that is asked for here. It never sends beyond the zxid it was
// given, since what follows in the log may not be committed; purge must spare the files as long as it is open.

import { compareSigned } from '../base/int64.js';
import { errorCodeOf, type FileStore, joinPath } from './file-store.js';
import { listSnapshots, passesQuickTest } from './snapshot-files.js';
import type { ZxidSource } from './sync-plan.js';
import { TxnLogDamage } from './txn-log-damage.js';
import { chooseTxnLogs, listTxnLogs } from './txn-log-files.js';
import { TxnLogSequence } from './txn-log-sequence.js';

export interface ProposalsFromLogOptions {
  readonly fileStore: FileStore;
  readonly logDirectory: string;
  readonly snapshotDirectory: string;
  /** The log may be read as long as it is not larger than this many newest snapshots; 0: however large; negative: never. */
  readonly snapshotSizeFactor: number;
  /** Records up to here may be leftovers that were never committed (LogFloor); both halves -1: there are none such. */
  readonly floorHi: number;
  readonly floorLo: number;
}

export class ProposalsFromLog implements ZxidSource {
  private readonly sequence: TxnLogSequence;
  private isAtFirst = true; // the sequence stands at the first record, which has not been given yet
  private hasEnded = false;

  private constructor(sequence: TxnLogSequence) {
    this.sequence = sequence;
  }

  /**
   * From the beginning of the file that must hold the zxid, if it does begin at or below it. Null: the log does not reach
   * back so far, must not be used from there, is too large compared to a snapshot, or cannot be read.
   */
  static open(options: ProposalsFromLogOptions, fromHi: number, fromLo: number): ProposalsFromLog | null {
    const { fileStore, logDirectory, floorHi, floorLo } = options;
    if (options.snapshotSizeFactor < 0 || compareSigned(fromHi, fromLo, floorHi, floorLo) < 0) return null;
    try {
      // From the file before one that begins with this very zxid, as the reference does.
      const beforeLo = (fromLo - 1) | 0;
      const files = chooseTxnLogs(listTxnLogs(fileStore, logDirectory), fromLo === 0 ? fromHi - 1 : fromHi, beforeLo);
      if (files.length === 0) return null;
      let bytes = 0;
      for (const { name } of files.slice(1)) bytes += fileStore.sizeOf(joinPath(logDirectory, name));
      const bytesMax = logBytesMax(options);
      if (bytesMax > 0 && bytes > bytesMax) return null;
      const proposals = new ProposalsFromLog(new TxnLogSequence(fileStore, logDirectory, files));
      if (proposals.findFirst(fromHi, fromLo)) return proposals;
      proposals.close();
      return null;
    } catch (error) {
      if (endsReading(error)) return null;
      throw error;
    }
  }

  get zxidHi(): number {
    return this.sequence.reader.zxidHi;
  }

  get zxidLo(): number {
    return this.sequence.reader.zxidLo;
  }

  /** The current entry lies in `bytes`; valid until the next call. */
  get bytes(): Uint8Array {
    return this.sequence.reader.bytes;
  }

  get entryOffset(): number {
    return this.sequence.reader.entryOffset;
  }

  get entryLength(): number {
    return this.sequence.reader.entryLength;
  }

  /** An error of the disk and damage end it like the end of the log: whoever does not get far enough sends a snapshot. */
  next(): boolean {
    if (this.hasEnded) return false;
    if (this.isAtFirst) {
      this.isAtFirst = false;
      return true;
    }
    return this.advance();
  }

  /** Moves to the first record above the zxid; false when there is none. */
  seekAbove(zxidHi: number, zxidLo: number): boolean {
    while (this.next()) if (compareSigned(this.zxidHi, this.zxidLo, zxidHi, zxidLo) > 0) return true;
    return false;
  }

  close(): void {
    this.hasEnded = true;
    this.sequence.close();
  }

  private findFirst(fromHi: number, fromLo: number): boolean {
    return this.advance() && compareSigned(this.zxidHi, this.zxidLo, fromHi, fromLo) <= 0;
  }

  private advance(): boolean {
    try {
      if (this.sequence.next()) return true;
    } catch (error) {
      if (!endsReading(error)) throw error;
      this.sequence.close();
    }
    this.hasEnded = true;
    return false;
  }
}

/** 0: no limit, also when there is no snapshot to compare with. */
function logBytesMax({ fileStore, snapshotDirectory, snapshotSizeFactor }: ProposalsFromLogOptions): number {
  const newest = listSnapshots(fileStore, snapshotDirectory).find((file) =>
    passesQuickTest(fileStore, snapshotDirectory, file.name),
  );
  return newest === undefined ? 0 : fileStore.sizeOf(joinPath(snapshotDirectory, newest.name)) * snapshotSizeFactor;
}

function endsReading(error: unknown): boolean {
  return error instanceof TxnLogDamage || errorCodeOf(error) !== '';
}
