// zkCleanup without its process: removes old snapshots and logs, of the directories that zoo.cfg names (as zkCleanup.sh) or
// that are given (as Apache's PurgeTxnLog). Words, streams and exit codes are theirs. Stricter in one thing: snapshots count
// only when they prove whole to the last byte, so reading them takes a while.
//
//   zkCleanup [--config dir] -n count
//   zkCleanup dataLogDir [dataDir] -n count

import { join, resolve } from 'node:path';
import { openDataDirectories, VERSION_DIRECTORY } from '../../persistence/data-directories.js';
import { type FileStore, joinPath } from '../../persistence/file-store.js';
import { purge, RETAIN_COUNT_MIN } from '../../persistence/purge.js';
import { verifySnapshot } from '../../persistence/verify-snapshot.js';
import { JavaDates } from '../../server/java-date.js';
import { ToolFailure, type ToolIo } from '../offline/tool-io.js';
import { configFileOf } from '../zk-server/config-file.js';
import { readConfiguredDirectories } from './configured-directories.js';

const EXIT_DONE = 0;
const EXIT_UNEXPECTED_ERROR = 1;
const INT_MAX = 0x7fffffff;

const USAGE = `Usage:
PurgeTxnLog dataLogDir [snapDir] -n count
	dataLogDir -- path to the txn log directory
	snapDir -- path to the snapshot directory
	count -- the number of old snaps/logs you want to keep, value should be greater than or equal to 3
zkCleanup -n count takes the directories from zoo.cfg. Only snapshots that prove whole to the last byte are counted.
`;

type Environment = Readonly<Record<string, string | undefined>>;

/** The words of the call are wrong: what is said before the usage. */
class UsageError extends Error {}

export function cleanup(args: readonly string[], io: ToolIo, fileStore: FileStore, env: Environment): number {
  try {
    const [first, ...others] = withDirectories(args, env);
    const [dataLogDir, snapDir, count] = readArguments(first, others, fileStore);
    purgeDirectories(fileStore, dataLogDir, snapDir, count, io);
    return EXIT_DONE;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    if (error.message !== '') io.err(`${error.message}\n`);
    io.out(USAGE);
    return EXIT_UNEXPECTED_ERROR;
  }
}

/** The form of zkCleanup.sh made that of PurgeTxnLog. */
function withDirectories(args: readonly string[], env: Environment): readonly string[] {
  const hasConfig = args[0] === '--config' && args.length > 1;
  const rest = hasConfig ? args.slice(2) : args;
  if (!hasConfig && rest[0] !== '-n') return rest;
  const configFile = configFileOf(hasConfig ? { ...env, ZOOCFGDIR: args[1] } : env);
  const directories = readConfiguredDirectories(configFile);
  if (directories === null) {
    throw new ToolFailure(`Unable to find config file at ${configFile}`, EXIT_UNEXPECTED_ERROR);
  }
  const { dataDir, dataLogDir } = directories;
  if (dataDir === null) {
    throw new ToolFailure(`Unable to determine dataDir from ${configFile}`, EXIT_UNEXPECTED_ERROR);
  }
  return dataLogDir === null ? [dataDir, ...rest] : [dataLogDir, dataDir, ...rest];
}

function readArguments(
  first: string | undefined,
  others: readonly string[],
  fileStore: FileStore,
): readonly [string, string, number] {
  if (first === undefined || others.length < 2 || others.length > 3) throw new UsageError('');
  const dataLogDir = existing(first, fileStore);
  const snapDir = others.length === 3 ? existing(others[0], fileStore) : dataLogDir;
  const [option, countText] = others.slice(-2);
  const count = readCount(countText);
  if (option !== '-n') throw new UsageError('');
  return [dataLogDir, snapDir, count];
}

function existing(path: string, fileStore: FileStore): string {
  if (!fileStore.exists(path)) throw new UsageError(`Path '${resolve(path)}' does not exist. `);
  return path;
}

function readCount(text: string): number {
  const count = Number(text);
  if (!/^[+-]?\d+$/.test(text) || Math.abs(count) > INT_MAX) {
    throw new UsageError(`'${text}' can not be parsed to integer.`);
  }
  if (count < RETAIN_COUNT_MIN) throw new UsageError('count should be greater than or equal to 3');
  return count;
}

function purgeDirectories(fileStore: FileStore, dataLogDir: string, snapDir: string, count: number, io: ToolIo): void {
  const isThere = [dataLogDir, snapDir].every((path) => fileStore.isDirectory(join(path, VERSION_DIRECTORY)));
  // Apache's would make them, to find nothing in them.
  if (!isThere) return;
  const directories = openDataDirectories(fileStore, snapDir, dataLogDir, false);
  const dates = new JavaDates();
  purge(fileStore, directories, {
    retainCount: count,
    neededFrom: null,
    isWhole: (name) => isWhole(fileStore, directories.snapshotDirectory, name, io),
    onRemove: (path) => io.out(`Removing file: ${dates.medium(fileStore.timesOf(path).writtenMs)}\t${path}\n`),
    onFailed: (path) => io.err(`Failed to remove ${path}\n`),
  });
}

function isWhole(fileStore: FileStore, directory: string, name: string, io: ToolIo): boolean {
  const verdict = verifySnapshot(fileStore, joinPath(directory, name));
  if (!verdict.isWhole) io.err(`${joinPath(directory, name)} does not count: ${verdict.reason}\n`);
  return verdict.isWhole;
}
