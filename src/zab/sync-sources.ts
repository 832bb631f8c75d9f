/**
 * Where a leader takes from what its learners miss: the port between LearnerHandlers and this server's tree and log on disk.
 * The last committed transactions are in ProposalHistory; everything else comes from here. Read on the quorum peer's thread, in
 * small steps; whoever opens one of these closes it.
 */
import type { ZxidSource } from '../persistence/sync-plan.js';

/** Of the log on disk, read in one step: some milliseconds. */
export const DISK_BYTES_PER_STEP = 1 << 20;

/** The log on disk, from the beginning of a file (persistence/proposals-from-log.ts). */
export interface DiskProposals extends ZxidSource {
  /** The current entry lies here; valid until `next`. */
  readonly bytes: Uint8Array;
  readonly entryOffset: number;
  readonly entryLength: number;
  close(): void;
}

/** The tree as it is (persistence/snap-stream-encoder.ts): surely up to the zxid, and perhaps what was applied meanwhile. */
export interface SnapStream {
  readonly zxidHi: number;
  readonly zxidLo: number;
  /** Bytes that are the caller's; empty: go on; null: that was all. Throws when the tree was replaced meanwhile. */
  next(): Uint8Array | null;
}

export interface SyncSources {
  /** forceSnapshotSync */
  readonly isSnapForced: boolean;
  /**
   * From a record that is at or below the zxid; null when the log does not reach back so far or must not be used.
   * `isSizeLimited`: nor when it is too large compared to a snapshot.
   */
  openDisk(fromHi: number, fromLo: number, isSizeLimited: boolean): DiskProposals | null;
  newSnapStream(): SnapStream;
}
