// What the doctor measures on the disks: file systems, files, and the latency of small synchronous writes, by a file of its
// own beside the logs that is removed again in every case. Synchronous; for at most a second and a half.
// It must never write to a file of the server's.

import {
  accessSync,
  closeSync,
  constants,
  fdatasyncSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { VERSION_DIRECTORY } from '../../persistence/data-directories.js';
import { NodeFileStore } from '../../persistence/node-file-store.js';
import { listSnapshots } from '../../persistence/snapshot-files.js';
import { listTxnLogs } from '../../persistence/txn-log-files.js';
import type { ServerConfig } from '../../server/server-config.js';
import type { DataFacts } from './data-check.js';
import type { DirectoryFacts, DiskFacts, SyncLatency } from './disk-check.js';

const RECORD_BYTES = 1024;
const PREALLOCATED_BYTES = 4 << 20;
const WRITES_MAX = 300;
const MEASURE_MS_MAX = 1500;

export function readDiskFacts(config: ServerConfig): DiskFacts {
  const { dataDir, dataLogDir } = config;
  const store = new NodeFileStore();
  const snapshotDirectory = join(dataDir, VERSION_DIRECTORY);
  const logDirectory = join(dataLogDir, VERSION_DIRECTORY);
  return {
    snapshots: directoryFacts(dataDir),
    logs: directoryFacts(dataLogDir),
    latency: measureSync(nearestExisting(dataLogDir)),
    snapshotBytes: isDirectory(snapshotDirectory)
      ? listSnapshots(store, snapshotDirectory).map(({ name }) => sizeOf(join(snapshotDirectory, name)))
      : [],
    logFileCount: isDirectory(logDirectory) ? listTxnLogs(store, logDirectory).length : 0,
    retainCount: config.snapRetainCount,
    purgeIntervalHours: config.purgeIntervalHours,
    preAllocBytes: config.preAllocBytes,
    fsyncWarningMs: config.fsyncWarningThresholdMs,
    isSyncForced: config.forceSync,
  };
}

export function readDataFacts(config: ServerConfig): Omit<DataFacts, 'damage' | 'whyNotLooked'> {
  const { dataDir, dataLogDir } = config;
  const snapshotDirectory = join(dataDir, VERSION_DIRECTORY);
  const logDirectory = join(dataLogDir, VERSION_DIRECTORY);
  return {
    dataDir,
    snapshotNames: namesIn(snapshotDirectory),
    logNames: namesIn(logDirectory),
    isWritable: [dataDir, dataLogDir, snapshotDirectory, logDirectory].every(
      (path) => !isDirectory(path) || mayWrite(path),
    ),
    isMissing: !isDirectory(snapshotDirectory),
    mayBeCreated: config.datadirAutocreate,
    acceptedEpoch: firstLineOf(join(snapshotDirectory, 'acceptedEpoch')),
    currentEpoch: firstLineOf(join(snapshotDirectory, 'currentEpoch')),
    isSnapshotTrustEmpty: config.snapshotTrustEmpty,
  };
}

export function firstLineOf(path: string): string | null {
  try {
    return readFileSync(path, 'latin1').split(/\r\n|\r|\n/, 1)[0];
  } catch {
    return null;
  }
}

function directoryFacts(path: string): DirectoryFacts {
  const existing = nearestExisting(path);
  const fileSystem = statfsSync(existing);
  return {
    path,
    device: statSync(existing).dev,
    isWritable: mayWrite(existing),
    freeBytes: fileSystem.bavail * fileSystem.bsize,
    fileSystemType: fileSystem.type,
  };
}

/** Appends records as the log does: into space that is there already, each with a sync of its own. */
function measureSync(directory: string): SyncLatency | null {
  if (!mayWrite(directory)) return null;
  const path = join(directory, `.threadkeeper-doctor-${process.pid}`);
  try {
    const file = openSync(path, 'wx', 0o600);
    try {
      return measureFile(file);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall !== undefined) return null;
    throw error;
  } finally {
    rmSync(path, { force: true });
  }
}

function measureFile(file: number): SyncLatency {
  writeSync(file, Buffer.alloc(PREALLOCATED_BYTES), 0, PREALLOCATED_BYTES, 0);
  fdatasyncSync(file);
  const record = Buffer.alloc(RECORD_BYTES, 0x5a);
  const times: number[] = [];
  const end = performance.now() + MEASURE_MS_MAX;
  while (times.length < WRITES_MAX && (times.length === 0 || performance.now() < end)) {
    const begin = performance.now();
    writeSync(file, record, 0, RECORD_BYTES, times.length * RECORD_BYTES);
    fdatasyncSync(file);
    times.push(performance.now() - begin);
  }
  times.sort((a, b) => a - b);
  const at = (part: number) => times[Math.min(times.length - 1, Math.floor(times.length * part))];
  return { count: times.length, medianMs: at(0.5), p99Ms: at(0.99), maxMs: at(1) };
}

function nearestExisting(path: string): string {
  let at = path === '' ? '.' : path;
  while (!isDirectory(at) && dirname(at) !== at) at = dirname(at);
  return at;
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

function namesIn(path: string): string[] {
  return isDirectory(path) ? readdirSync(path) : [];
}

function mayWrite(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
