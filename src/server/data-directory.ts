// The data directories as the main thread sees them: the check before anything is read, in the words and with the exit code
// of a start error, and the sizes that `dirs` and `conf` show. Main thread only; the rules themselves are persistence's, and
// no file of the database is read or written here.

import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DataDirectoryError, openDataDirectories } from '../persistence/data-directories.js';
import { NodeFileStore } from '../persistence/node-file-store.js';
import { DatadirError } from './start-error.js';

/** Makes what is missing, if it may; a refusal is a DatadirError with ZooKeeper's sentence, exit code 3. */
export function checkDataDirectories(dataDir: string, dataLogDir: string, autocreate: boolean): void {
  try {
    openDataDirectories(new NodeFileStore(), dataDir, dataLogDir, autocreate);
  } catch (error) {
    if (error instanceof DataDirectoryError) throw new DatadirError(error.message, { cause: error.cause });
    throw error;
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
