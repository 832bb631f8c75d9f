// Brings a tree that is kept across roles to the end of the log: what was logged but not applied when a role ended counts in the
// next vote, and whoever votes for it must have it (ZOOKEEPER-2678, 2845). Used by quorum-peer between two roles, when the
// pipeline has stopped and the log is closed, on the thread that has the tree's writing half. When it throws, the tree is
// not to be used any more: recover() makes a new one from the files.

import type { DataTree } from '../store/data-tree.js';
import { TxnApplier } from '../store/txn-applier.js';
import type { FileStore } from './file-store.js';
import { listTxnLogs } from './txn-log-files.js';
import { type RecordVisitor, TxnLogReplay } from './txn-log-replay.js';

/**
 * Applies every record above the tree's zxid; `onApplied` is told each (sessions, CommittedLog). Returns how many there were.
 * Throws TxnLogDamage, TxnLogHole, or what the file store throws.
 */
export function fastForward(
  fileStore: FileStore,
  logDirectory: string,
  tree: DataTree,
  onApplied: RecordVisitor,
): number {
  const zxidHi = tree.reader.zxidHi();
  const zxidLo = tree.reader.zxidLo();
  const replay = new TxnLogReplay(fileStore, logDirectory, listTxnLogs(fileStore, logDirectory), zxidHi, zxidLo);
  const applier = new TxnApplier(tree);
  tree.beginWrite();
  try {
    replay.run((reader) => {
      applier.apply(reader.bytes, reader.entryOffset, reader.entryLength, null);
      onApplied(reader);
    });
  } finally {
    tree.endWrite(replay.lastHi, replay.lastLo);
  }
  return replay.recordCount;
}
