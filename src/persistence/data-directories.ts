// Finds, makes and checks the two directories everything else works in: dataLogDir/version-2 for logs, dataDir/version-2
// for snapshots and epoch files (often one and the same). Runs once at start, before anything is read; changes nothing but
// missing directories. The sentences are ZooKeeper's, letter by letter: operators and scripts search for them.

import { LOG_PREFIX, SNAPSHOT_PREFIX } from './file-names.js';
import { type FileStore, joinPath } from './file-store.js';

export const VERSION_DIRECTORY = 'version-2';

/** The process ends with this code. */
const EXIT_UNABLE_TO_ACCESS_DATADIR = 3;

export class DataDirectoryError extends Error {
  override readonly name = 'DataDirectoryError';
  readonly exitCode = EXIT_UNABLE_TO_ACCESS_DATADIR;
  /** What is there and cannot be written; null where something else is wrong. */
  readonly refused: string | null;

  constructor(message: string, { cause, refused = null }: { cause?: unknown; refused?: string | null } = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.refused = refused;
  }
}

export interface DataDirectories {
  readonly logDirectory: string;
  readonly snapshotDirectory: string;
}

export function openDataDirectories(
  fileStore: FileStore,
  dataDir: string,
  dataLogDir: string,
  autocreate: boolean,
): DataDirectories {
  const logDirectory = joinPath(normalPath(dataLogDir), VERSION_DIRECTORY);
  const snapshotDirectory = joinPath(normalPath(dataDir), VERSION_DIRECTORY);
  // The second sentence has no blank before "Please", as in the original.
  openDirectory(fileStore, logDirectory, 'data directory', ' ', autocreate);
  openDirectory(fileStore, snapshotDirectory, 'snap directory', '', autocreate);
  if (logDirectory !== snapshotDirectory) {
    const advice = 'Check if dataLogDir and dataDir configuration is correct.';
    if (hasNameStarting(fileStore, logDirectory, `${SNAPSHOT_PREFIX}.`)) {
      throw new DataDirectoryError(`Log directory has snapshot files. ${advice}`);
    }
    if (hasNameStarting(fileStore, snapshotDirectory, `${LOG_PREFIX}.`)) {
      throw new DataDirectoryError(`Snapshot directory has log files. ${advice}`);
    }
  }
  return { logDirectory, snapshotDirectory };
}

/** As Java's File keeps a path: without repeated or closing slashes. Nothing else is resolved. */
function normalPath(path: string): string {
  const single = path.replace(/\/+/g, '/');
  return single.length > 1 && single.endsWith('/') ? single.slice(0, -1) : single;
}

function openDirectory(fileStore: FileStore, path: string, what: string, blank: string, autocreate: boolean): void {
  if (!fileStore.exists(path)) {
    if (!autocreate) {
      throw new DataDirectoryError(
        `Missing ${what} ${path}, automatic data directory creation is disabled ` +
          `(zookeeper.datadir.autocreate is false).${blank}Please create this directory manually.`,
      );
    }
    try {
      fileStore.makeDirectories(path);
    } catch (error) {
      throw new DataDirectoryError(`Unable to create ${what} ${path}`, { cause: error });
    }
  }
  if (!fileStore.isDirectory(path) || !fileStore.canWrite(path)) {
    throw new DataDirectoryError(`Cannot write to ${what} ${path}`, { refused: path });
  }
}

function hasNameStarting(fileStore: FileStore, directory: string, prefix: string): boolean {
  return fileStore.list(directory).some((name) => name.startsWith(prefix));
}
