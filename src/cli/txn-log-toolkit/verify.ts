// zkTxnLogToolkit's verify: what a start would say to a log, a snapshot or a whole data directory, told without starting and
// without changing anything. The readers are recovery's own, so nothing passes here that a start refuses. Damage goes to
// stderr with file, offset and zxid, as recovery words it; the exit code is 1 then.

import { hex64 } from '../../base/int64.js';
import { DataDirectoryError, VERSION_DIRECTORY } from '../../persistence/data-directories.js';
import { parseDataFileName, SNAPSHOT_PREFIX } from '../../persistence/file-names.js';
import { baseNameOf, errorCodeOf, type FileStore, joinPath, parentOf } from '../../persistence/file-store.js';
import { ReadOnlyFileStore } from '../../persistence/read-only-file-store.js';
import { RecoveredSessions } from '../../persistence/recovered-sessions.js';
import { recover } from '../../persistence/recovery.js';
import { RecoveryError } from '../../persistence/recovery-error.js';
import { listSnapshots } from '../../persistence/snapshot-files.js';
import { BrokenSnapshot, SnapshotReader } from '../../persistence/snapshot-reader.js';
import { TreeLoader } from '../../persistence/tree-loader.js';
import { TxnLogDamage } from '../../persistence/txn-log-damage.js';
import { listTxnLogs } from '../../persistence/txn-log-files.js';
import { TxnLogReader } from '../../persistence/txn-log-reader.js';
import { TxnLogHole } from '../../persistence/txn-log-replay.js';
import { DataTree } from '../../store/data-tree.js';
import { createTreeMemory } from '../../store/tree-memory.js';
import { ToolFailure, type ToolIo } from '../offline/tool-io.js';

const EXIT_WHOLE = 0;
const EXIT_DAMAGED = 1;

/** What recovery throws about files; anything else is no finding. */
const FINDINGS = [TxnLogDamage, TxnLogHole, BrokenSnapshot, RecoveryError, DataDirectoryError];

export function verify(fileStore: FileStore, paths: readonly string[], io: ToolIo): number {
  const [first, second = first] = paths.map(trimmed);
  const looked = new ReadOnlyFileStore(fileStore);
  if (!looked.exists(first)) throw new ToolFailure(`File doesn't exist or not readable: ${first}`, EXIT_DAMAGED);
  if (looked.isDirectory(first)) return verifyDirectories(looked, dataDir(first), dataDir(second), io);
  return verifyFile(looked, first, io) ? EXIT_WHOLE : EXIT_DAMAGED;
}

/** Each file by itself, then what a start would make of all of them. */
function verifyDirectories(fileStore: FileStore, dataLogDir: string, dataDir: string, io: ToolIo): number {
  const logs = joinPath(dataLogDir, VERSION_DIRECTORY);
  const snapshots = joinPath(dataDir, VERSION_DIRECTORY);
  for (const directory of [logs, snapshots]) {
    if (!fileStore.isDirectory(directory)) throw new ToolFailure(`There is no directory ${directory}`, EXIT_DAMAGED);
  }
  const files = [
    ...listTxnLogs(fileStore, logs).map(({ name }) => joinPath(logs, name)),
    ...listSnapshots(fileStore, snapshots).map(({ name }) => joinPath(snapshots, name)),
  ];
  if (files.length === 0) {
    io.out(`There is no database in ${dataDir}.\n`);
    return EXIT_WHOLE;
  }
  let isWhole = true;
  for (const file of files) isWhole = verifyFile(fileStore, file, io) && isWhole;
  return verifyStart(fileStore, dataLogDir, dataDir, io) && isWhole ? EXIT_WHOLE : EXIT_DAMAGED;
}

function verifyStart(fileStore: FileStore, dataLogDir: string, dataDir: string, io: ToolIo): boolean {
  try {
    const recovered = recover({
      fileStore,
      dataDir,
      dataLogDir,
      tree: newTree(),
      datadirAutocreate: false,
      dbAutocreate: false,
      trustEmptySnapshot: false,
      emulate353TtlNodes: false,
      warn: (message) => io.err(`${message}\n`),
      isOnlyLook: true,
    });
    const { tree, sessions, snapshot, recordsReplayed, lastZxidHi, lastZxidLo } = recovered;
    io.out(
      `A start would come up at zxid 0x${hex64(lastZxidHi, lastZxidLo)} with ${counted(tree.nodeCount, 'node')} and ` +
        `${counted(sessions.length, 'session')}, from ${snapshot?.name ?? 'no snapshot'} and ` +
        `${counted(recordsReplayed, 'transaction')}.\n`,
    );
    return true;
  } catch (error) {
    return tellDamage('A start would be refused', error, io);
  }
}

/** False when it is damaged, which has been told then. */
function verifyFile(fileStore: FileStore, path: string, io: ToolIo): boolean {
  const isSnapshot = parseDataFileName(baseNameOf(path), SNAPSHOT_PREFIX, []) !== null;
  try {
    io.out(`${path}: ${isSnapshot ? readSnapshot(fileStore, path) : readLog(fileStore, path)}\n`);
    return true;
  } catch (error) {
    return tellDamage(path, error, io);
  }
}

function readLog(fileStore: FileStore, path: string): string {
  const reader = new TxnLogReader(fileStore, path);
  try {
    let count = 0;
    let first = '';
    while (reader.next()) {
      if (count === 0) first = hex64(reader.zxidHi, reader.zxidLo);
      count++;
    }
    const range = count === 0 ? '' : `, zxid 0x${first} to 0x${hex64(reader.zxidHi, reader.zxidLo)}`;
    return `${counted(count, 'transaction')}${range}, ${endText(reader)}`;
  } finally {
    reader.close();
  }
}

function endText({ end, endOffset }: TxnLogReader): string {
  if (end === 'torn') return `then a torn record at offset ${endOffset}, which a start drops`;
  return end === 'noHeader' ? 'no header, so nothing was ever in it' : 'whole';
}

function readSnapshot(fileStore: FileStore, path: string): string {
  const tree = newTree();
  const sessions = new RecoveredSessions();
  tree.beginWrite();
  tree.clear();
  const loader = new TreeLoader(tree, sessions, false);
  const reader = new SnapshotReader(fileStore, parentOf(path), baseNameOf(path), loader);
  reader.read();
  return `${counted(reader.nodeCount, 'node')} and ${counted(reader.sessionCount, 'session')}, whole`;
}

function newTree(): DataTree {
  return new DataTree(createTreeMemory(0, 0), () => undefined);
}

function tellDamage(what: string, error: unknown, io: ToolIo): false {
  const isFinding = FINDINGS.some((finding) => error instanceof finding) || errorCodeOf(error) !== '';
  if (!(error instanceof Error) || !isFinding) throw error;
  io.err(error.message.includes(what) ? `${error.message}\n` : `${what}: ${error.message}\n`);
  return false;
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

function trimmed(path: string): string {
  return path.length > 1 ? path.replace(/\/+$/, '') : path;
}

function dataDir(path: string): string {
  return baseNameOf(path) === VERSION_DIRECTORY ? parentOf(path) : path;
}
