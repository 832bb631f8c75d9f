// A snapshot file brought into a data tree, for tools that show or compare it. The tree lies outside the JavaScript heap, as
// the server's does: about 300 bytes per node. Lives on the tool's thread, which it blocks. The nodes are taken even where
// the checksums behind them are wrong, as Apache's tools take them; but then that is told.

import { resolve } from 'node:path';
import { parseDataFileName, SNAPSHOT_PREFIX } from '../../persistence/file-names.js';
import { baseNameOf, errorCodeOf, type FileStore, parentOf } from '../../persistence/file-store.js';
import { type RecoveredSession, RecoveredSessions } from '../../persistence/recovered-sessions.js';
import { BrokenSnapshot, SnapshotReader } from '../../persistence/snapshot-reader.js';
import { TreeLoader } from '../../persistence/tree-loader.js';
import { DataTree } from '../../store/data-tree.js';
import { createTreeMemory } from '../../store/tree-memory.js';
import type { TreeReader } from '../../store/tree-reader.js';
import { ToolFailure, type ToolIo } from '../offline/tool-io.js';

const EXIT_UNEXPECTED_ERROR = 1;
const EXIT_INVALID_INVOCATION = 2;

export interface LoadedSnapshot {
  readonly tree: TreeReader;
  /** In the order of the file. */
  readonly sessions: readonly RecoveredSession[];
  /** Of the file's name; -1 (both halves) if it has none. */
  readonly nameZxidHi: number;
  readonly nameZxidLo: number;
}

export function loadSnapshot(fileStore: FileStore, path: string, io: ToolIo): LoadedSnapshot {
  const tree = new DataTree(createTreeMemory(0, 0), () => undefined);
  const sessions = new RecoveredSessions();
  tree.beginWrite();
  tree.clear();
  const reader = new SnapshotReader(fileStore, parentOf(path), baseNameOf(path), new TreeLoader(tree, sessions, false));
  try {
    reader.read();
  } catch (error) {
    const isFinding = error instanceof BrokenSnapshot || errorCodeOf(error) !== '';
    if (!isFinding || !(error instanceof Error)) throw error;
    if (!reader.isContentRead) throw new ToolFailure(error.message, EXIT_UNEXPECTED_ERROR, { cause: error });
    io.err(`${error.message}\n`);
  }
  tree.recountQuotas();
  const name = parseDataFileName(baseNameOf(path), SNAPSHOT_PREFIX, []);
  const nameZxidHi = name === null ? -1 : name.zxidHi;
  const nameZxidLo = name === null ? -1 : name.zxidLo;
  tree.endWrite(Math.max(nameZxidHi, 0), name === null ? 0 : nameZxidLo);
  return { tree: tree.reader, sessions: sessions.list(), nameZxidHi, nameZxidLo };
}

/** Apache's complaints about a file that was named. */
export function checkSnapshotFile(fileStore: FileStore, path: string): void {
  let complaint: string | null = null;
  if (!fileStore.exists(path)) complaint = `File '${resolve(path)}' does not exist.`;
  else if (fileStore.isDirectory(path)) complaint = `'${resolve(path)}' is a directory. it must be a file.`;
  if (complaint !== null) throw new ToolFailure(complaint, EXIT_INVALID_INVOCATION);
}
