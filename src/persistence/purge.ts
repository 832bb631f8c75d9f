// Removes snapshots and logs that no start will need: all that is older than the oldest of the newest `retainCount` whole
// snapshots, and than whatever somebody is still reading from. What goes is decided by names alone, once it is known which
// snapshots are whole. Lives on a thread that may block; a crash at any call leaves everything that is kept.
//
//   log.1   log.50   log.a0      log.f3        z: zxid of the oldest snapshot kept (or of what is being read, if lower);
//     |       |        |    z      |              the log with the greatest name up to z has its next transaction, so
//   goes    goes     kept   |    kept             that one stays and all behind it
//
// Nothing but `log.*` and `snapshot.*` is ever removed, no directory, and nothing at all while no snapshot is whole.

import { compareSigned } from '../base/int64.js';
import { type DataFileName, LOG_PREFIX, parseDataFileName, SNAPSHOT_PREFIX } from './file-names.js';
import { type FileStore, joinPath } from './file-store.js';
import { listSnapshots } from './snapshot-files.js';

export interface Zxid {
  readonly hi: number;
  readonly lo: number;
}

/** Names, in the order in which they are to go: oldest first. */
export interface PurgePlan {
  readonly logs: readonly string[];
  readonly snapshots: readonly string[];
}

export interface PurgeDirectories {
  readonly logDirectory: string;
  readonly snapshotDirectory: string;
}

export interface PurgeOptions {
  readonly retainCount: number;
  /** Transactions above this zxid are still being read from the files; null: nobody reads. */
  readonly neededFrom: Zxid | null;
  /** Is it whole, to its last byte? Asked about the newest first, and no further than necessary. */
  readonly isWhole: (name: string) => boolean;
  /** Before each removal, and when it failed. */
  readonly onRemove: (path: string) => void;
  readonly onFailed: (path: string, error: unknown) => void;
}

const NOTHING: PurgePlan = { logs: [], snapshots: [] };

/** Fewer would leave no room for a broken one and one that is being replaced. */
export const RETAIN_COUNT_MIN = 3;

export function purge(fileStore: FileStore, directories: PurgeDirectories, options: PurgeOptions): void {
  const { logDirectory, snapshotDirectory } = directories;
  const snapshots = listSnapshots(fileStore, snapshotDirectory);
  const planWith = (isWhole: (name: string) => boolean): PurgePlan => {
    const oldest = oldestKept(snapshots, options.retainCount, isWhole);
    if (oldest === null) return NOTHING;
    const keptFrom = lower(oldest, options.neededFrom);
    return planPurge(fileStore.list(logDirectory), fileStore.list(snapshotDirectory), keptFrom);
  };
  // A broken one only makes more of them stay: when all were whole and still nothing went, none needs to be read.
  const most = planWith(() => true);
  if (most.logs.length === 0 && most.snapshots.length === 0) return;
  const plan = planWith(options.isWhole);
  remove(fileStore, logDirectory, plan.logs, options);
  remove(fileStore, snapshotDirectory, plan.snapshots, options);
}

/** Of the newest `count` whole snapshots, or of all there are; null without one. `newestFirst`: as listSnapshots has them. */
export function oldestKept(
  newestFirst: readonly DataFileName[],
  count: number,
  isWhole: (name: string) => boolean,
): Zxid | null {
  let oldest: Zxid | null = null;
  let found = 0;
  for (const { name, zxidHi, zxidLo } of newestFirst) {
    if (!isWhole(name)) continue;
    oldest = { hi: zxidHi, lo: zxidLo };
    if (++found === count) break;
  }
  return oldest;
}

/** Everything needed to start from `keptFrom` or later stays. */
export function planPurge(logNames: readonly string[], snapshotNames: readonly string[], keptFrom: Zxid): PurgePlan {
  const logs = filesOf(logNames, LOG_PREFIX);
  const lastNeeded = logs.filter((file) => !isAbove(file, keptFrom)).at(-1);
  // The reference keeps what has one and the same zxid together, too: none of them is known to be the right one.
  const isNeeded = (file: ParsedName): boolean =>
    isAbove(file, keptFrom) || (lastNeeded?.hasZxid === true && compare(file, lastNeeded) === 0);
  const snapshots = filesOf(snapshotNames, SNAPSHOT_PREFIX);
  return {
    logs: logs.filter((file) => !isNeeded(file)).map(({ name }) => name),
    snapshots: snapshots.filter((file) => compare(file, keptFrom) < 0).map(({ name }) => name),
  };
}

interface ParsedName extends Zxid {
  readonly name: string;
  readonly hasZxid: boolean;
}

/** Ascending; names without a number are of zxid -1 to the reference, so they go with the first. */
function filesOf(names: readonly string[], prefix: string): ParsedName[] {
  return names
    .filter((name) => name.startsWith(`${prefix}.`))
    .map((name) => {
      const parsed = parseDataFileName(name, prefix, []);
      return { name, hi: parsed?.zxidHi ?? -1, lo: parsed?.zxidLo ?? -1, hasZxid: parsed !== null };
    })
    .sort(compare);
}

function remove(fileStore: FileStore, directory: string, names: readonly string[], options: PurgeOptions): void {
  if (names.length === 0) return;
  for (const name of names) {
    const path = joinPath(directory, name);
    if (fileStore.isDirectory(path)) continue;
    options.onRemove(path);
    try {
      fileStore.unlink(path);
    } catch (error) {
      // What cannot be removed takes room, and that is all: the next purge tries again.
      options.onFailed(path, error);
    }
  }
  fileStore.syncDirectory(directory);
}

function isAbove(a: Zxid, b: Zxid): boolean {
  return compare(a, b) > 0;
}

function compare(a: Zxid, b: Zxid): number {
  return compareSigned(a.hi, a.lo, b.hi, b.lo);
}

function lower(a: Zxid, b: Zxid | null): Zxid {
  return b !== null && isAbove(a, b) ? b : a;
}
