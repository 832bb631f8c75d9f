/**
 * One try at a snapshot, with how it ended as plain data: what a task on a pool thread throws loses everything but its text
 * on the way to the main thread, and there it is decided by the kind of failure whether the server goes on.
 *
 * Runs on the thread that writes the snapshot. It decides nothing, and lets through what is no failure of a disk.
 */
import { errorCodeOf, joinPath } from '../persistence/file-store.js';
import { SnapshotAbandoned } from '../persistence/snapshot-content-encoder.js';
import { SnapshotWriteError, SnapshotWriter, type SnapshotWriterOptions } from '../persistence/snapshot-writer.js';

/** A whole snapshot in the snapshot directory. */
export interface SnapshotFile {
  readonly name: string;
  readonly zxidHi: number;
  readonly zxidLo: number;
  readonly sizeBytes: number;
  /** When the file was written. */
  readonly fileTimeMs: number;
}

export type SnapshotOutcome =
  | { readonly kind: 'written'; readonly file: SnapshotFile; readonly nodeCount: number }
  /** The tree has not changed since the snapshot that was known to be good. */
  | { readonly kind: 'unchanged' }
  /** There is no room for it; or the disk failed; or the tree was replaced meanwhile. Nothing is left of it. */
  | { readonly kind: 'disk-full' | 'failed' | 'abandoned'; readonly reason: string };

const DISK_FULL_CODES: readonly string[] = ['ENOSPC', 'EDQUOT'];

export function attemptSnapshot(
  options: SnapshotWriterOptions,
  fileTimeMsOf: (path: string) => number,
): SnapshotOutcome {
  try {
    const written = new SnapshotWriter(options).write();
    if (written === null) return { kind: 'unchanged' };
    const { name, zxidHi, zxidLo, fileBytes, nodeCount } = written;
    const fileTimeMs = fileTimeMsOf(joinPath(options.directory, name));
    return { kind: 'written', file: { name, zxidHi, zxidLo, sizeBytes: fileBytes, fileTimeMs }, nodeCount };
  } catch (error) {
    if (error instanceof SnapshotAbandoned) return { kind: 'abandoned', reason: error.message };
    if (!(error instanceof SnapshotWriteError)) throw error;
    const isFull = DISK_FULL_CODES.includes(errorCodeOf(error.cause));
    return { kind: isFull ? 'disk-full' : 'failed', reason: error.message };
  }
}
