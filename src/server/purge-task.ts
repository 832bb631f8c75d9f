/**
 * One purge of the data directories, done by a piscina worker: reads as many snapshots to their last byte as are to be kept,
 * newest first, and removes what is older than all of them (persistence/purge.ts).
 *
 * The default export is what piscina calls. It blocks its thread, behind all threads that clients wait for, and holds nothing
 * afterwards. What it did comes back as data; it throws nothing but what is wrong with this program.
 */
import { errorCodeOf, type FileStore, joinPath } from '../persistence/file-store.js';
import { NodeFileStore } from '../persistence/node-file-store.js';
import { type PurgeDirectories, purge } from '../persistence/purge.js';
import { verifySnapshot } from '../persistence/verify-snapshot.js';
import { yieldToOtherThreads } from './thread-priority.js';

export interface PurgeTask {
  readonly directories: PurgeDirectories;
  readonly retainCount: number;
}

export interface PurgeOutcome {
  readonly removed: readonly { readonly path: string; readonly writtenMs: number }[];
  /** Snapshots that do not count, and files that could not be removed: sentences. */
  readonly complaints: readonly string[];
  /** What ended it before its end; null: nothing. */
  readonly failure: string | null;
}

export default function purgeDirectories(task: PurgeTask): PurgeOutcome {
  yieldToOtherThreads();
  return runPurge(new NodeFileStore(), task);
}

/** The same on any thread and any disk. */
export function runPurge(fileStore: FileStore, { directories, retainCount }: PurgeTask): PurgeOutcome {
  const removed: { path: string; writtenMs: number }[] = [];
  const complaints: string[] = [];
  const isWhole = (name: string): boolean => {
    const verdict = verifySnapshot(fileStore, joinPath(directories.snapshotDirectory, name));
    if (!verdict.isWhole) complaints.push(`${name} does not count as a snapshot to keep: ${verdict.reason}`);
    return verdict.isWhole;
  };
  try {
    purge(fileStore, directories, {
      retainCount,
      // Nobody reads old transactions from the files of a server that stands alone.
      neededFrom: null,
      isWhole,
      onRemove: (path) => removed.push({ path, writtenMs: fileStore.timesOf(path).writtenMs }),
      onFailed: (path, error) => {
        complaints.push(`Failed to remove ${path}: ${error instanceof Error ? error.message : error}`);
      },
    });
    return { removed, complaints, failure: null };
  } catch (error) {
    if (!(error instanceof Error) || errorCodeOf(error) === '') throw error;
    return { removed, complaints, failure: error.message };
  }
}
