// Proves one snapshot file to its last byte, without making anything of it: every length and every seal, in the memory of
// one window. For whoever wants to rely on a snapshot that is not to be loaded, as purging does, on a thread that may block.
// It says nothing about the log that a snapshot may need besides.

import type { FileStore } from './file-store.js';
import type { SnapshotSink } from './snapshot-content-decoder.js';
import { SnapshotReader, type SnapshotTail } from './snapshot-reader.js';

const FORGETS_ALL: SnapshotSink = {
  onSession: () => undefined,
  onNode: () => true,
};

/** Throws BrokenSnapshot, or what the file store throws. */
export function verifySnapshot(fileStore: FileStore, directory: string, name: string): SnapshotTail {
  return new SnapshotReader(fileStore, directory, name, FORGETS_ALL).read();
}
