// Builds the tree anew from the snapshot that a restore has installed. Runs on the thread that owns the tree, inside a write
// section, while nobody has a request on the way. The file was proven before (restore-plan.ts), by loading it the same way:
// whatever goes wrong here is the disk's doing, and ends the process; the next start loads the same file.

import { assert } from '../base/assert.js';
import type { DataTree } from '../store/data-tree.js';
import { snapshotName } from './file-names.js';
import type { FileStore } from './file-store.js';
import { type RecoveredSession, RecoveredSessions } from './recovered-sessions.js';
import { SnapshotReader } from './snapshot-reader.js';
import { TreeLoader } from './tree-loader.js';

/** The sessions of the restored database. */
export function loadRestoredDatabase(
  fileStore: FileStore,
  snapshotDirectory: string,
  tree: DataTree,
  emulate353TtlNodes: boolean,
  zxidHi: number,
  zxidLo: number,
): RecoveredSession[] {
  const sessions = new RecoveredSessions();
  tree.clear();
  const loader = new TreeLoader(tree, sessions, emulate353TtlNodes);
  new SnapshotReader(fileStore, snapshotDirectory, snapshotName(zxidHi, zxidLo), loader).read();
  tree.recountQuotas();
  assert(tree.unresolvedAclCount === 0, 'a proven snapshot holds every list that it names');
  return sessions.list();
}
