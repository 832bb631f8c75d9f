// Makes sure, before anything is read, that the data directories are there, can be written, and are not each other's:
// `version-2` below dataDir for snapshots and below dataLogDir for logs. Main thread, once, at start; every refusal is
// a DatadirError with ZooKeeper's sentence, exit code 3. It reads and writes no file of the database itself.

import { accessSync, constants, existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { DatadirError } from './start-error.js';

export interface DataDirectories {
  /** Absolute, with version-2. */
  readonly snapDir: string;
  readonly logDir: string;
}

const VERSION_DIRECTORY = 'version-2';

export function openDataDirectories(dataDir: string, dataLogDir: string, autocreate: boolean): DataDirectories {
  const snapDir = join(resolve(dataDir), VERSION_DIRECTORY);
  const logDir = join(resolve(dataLogDir), VERSION_DIRECTORY);
  // The log's directory first, and called the data directory: in the order and the words of the reference.
  ensureDirectory('data', logDir, autocreate);
  ensureDirectory('snap', snapDir, autocreate);
  if (snapDir !== logDir) {
    if (holds(logDir, 'snapshot.')) {
      throw new DatadirError(`Log directory has snapshot files. ${HINT}`);
    }
    if (holds(snapDir, 'log.')) {
      throw new DatadirError(`Snapshot directory has log files. ${HINT}`);
    }
  }
  return { snapDir, logDir };
}

/** Size of all files below a directory, for `dirs` and `conf`. Files that go away while it counts do not count. */
export function directoryBytes(path: string): number {
  let bytes = 0;
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    const child = join(path, entry.name);
    if (entry.isDirectory()) bytes += directoryBytes(child);
    else bytes += statSync(child, { throwIfNoEntry: false })?.size ?? 0;
  }
  return bytes;
}

const HINT = 'Check if dataLogDir and dataDir configuration is correct.';

function ensureDirectory(kind: 'data' | 'snap', path: string, autocreate: boolean): void {
  if (!existsSync(path)) {
    if (!autocreate) {
      throw new DatadirError(
        `Missing ${kind} directory ${path}, automatic data directory creation is disabled ` +
          '(zookeeper.datadir.autocreate is false). Please create this directory manually.',
      );
    }
    attempt(`Unable to create ${kind} directory ${path}`, () => mkdirSync(path, { recursive: true }));
  }
  attempt(`Cannot write to ${kind} directory ${path}`, () => accessSync(path, constants.W_OK | constants.X_OK));
  if (!statSync(path).isDirectory()) throw new DatadirError(`Unable to create ${kind} directory ${path}`);
}

function attempt(sentence: string, action: () => void): void {
  try {
    action();
  } catch (error) {
    throw new DatadirError(sentence, { cause: error });
  }
}

function holds(directory: string, prefix: string): boolean {
  return readdirSync(directory).some((name) => name.startsWith(prefix));
}
