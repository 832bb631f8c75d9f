// Proves one snapshot file to its end: whatever it is compressed with, every length, every seal, and what a start would not
// look at (a gzip trailer). For those who remove older files because of it, and so must not trust the quick test. It reads
// the whole file with one window of memory, on a thread that may block for seconds (server/purge-task.ts), and
// never changes anything. That the log behind a snapshot covers it is not for the file to say.

import { baseNameOf, errorCodeOf, type FileStore, parentOf } from './file-store.js';
import type { SnapshotSink } from './snapshot-content-decoder.js';
import { BrokenSnapshot, SnapshotReader, type SnapshotTail } from './snapshot-reader.js';

export type SnapshotVerdict =
  | { readonly isWhole: true; readonly nodeCount: number; readonly sessionCount: number; readonly tail: SnapshotTail }
  | { readonly isWhole: false; readonly reason: string };

const NOWHERE: SnapshotSink = { onSession: () => undefined, onNode: () => true };

/** A file that cannot be read, or is not there, is not whole either. */
export function verifySnapshot(fileStore: FileStore, path: string): SnapshotVerdict {
  const isStrict = true;
  const reader = new SnapshotReader(fileStore, parentOf(path), baseNameOf(path), NOWHERE, isStrict);
  try {
    const tail = reader.read();
    return { isWhole: true, nodeCount: reader.nodeCount, sessionCount: reader.sessionCount, tail };
  } catch (error) {
    const isOfFile = error instanceof BrokenSnapshot || errorCodeOf(error) !== '';
    if (!isOfFile) throw error;
    return { isWhole: false, reason: error instanceof Error ? error.message : String(error) };
  }
}
