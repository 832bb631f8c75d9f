// The data directories as the main thread sees them: the check before anything is read, in the words and with the exit code
// of a start error, and the sizes that `dirs` and `conf` show. Main thread only; the rules themselves are persistence's, and
// no file of the database is read or written here.

import { accessSync, constants, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DataDirectoryError, openDataDirectories } from '../persistence/data-directories.js';
import { NodeFileStore } from '../persistence/node-file-store.js';
import { DatadirError } from './start-error.js';

/** Makes what is missing, if it may; a refusal is a DatadirError with ZooKeeper's sentence, exit code 3. */
export function checkDataDirectories(dataDir: string, dataLogDir: string, autocreate: boolean): void {
  try {
    openDataDirectories(new NodeFileStore(), dataDir, dataLogDir, autocreate);
  } catch (error) {
    if (!(error instanceof DataDirectoryError)) throw error;
    const cause = error.cause ?? (error.refused === null ? undefined : new Error(whyRefused(error.refused)));
    throw new DatadirError(error.message, { cause });
  }
}

/** What an operator has to change: the kind of the thing, its owner, or the file system. */
function whyRefused(path: string): string {
  const { uid, mode } = statSync(path);
  if ((mode & constants.S_IFMT) !== constants.S_IFDIR) return 'it is no directory';
  const runsAs = process.geteuid?.();
  const owners =
    runsAs === undefined || runsAs === uid ? '' : `; it is user ${uid}'s, and this server runs as user ${runsAs}`;
  try {
    accessSync(path, constants.W_OK | constants.X_OK);
    return 'it can be written by now';
  } catch (error) {
    return `${(error as Error).message}${owners}`;
  }
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
