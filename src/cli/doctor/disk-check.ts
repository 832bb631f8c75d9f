// Whether the disks are fit for a log that every write waits for: latency of small synchronous writes, free space against
// what snapshots need, what kind of file system it is, and whether somebody purges. Pure, over what was measured.
// Sizes are bytes, times milliseconds.

import { type Finding, info, ok, warning } from './finding.js';

export interface DirectoryFacts {
  readonly path: string;
  /** Null: the directory is not there yet. */
  readonly device: number | null;
  readonly isWritable: boolean;
  readonly freeBytes: number;
  /** As statfs names it: the magic number of its type. */
  readonly fileSystemType: number;
}

export interface SyncLatency {
  readonly count: number;
  readonly medianMs: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

export interface DiskFacts {
  readonly snapshots: DirectoryFacts;
  readonly logs: DirectoryFacts;
  /** Null: it could not be measured. */
  readonly latency: SyncLatency | null;
  readonly snapshotBytes: readonly number[];
  readonly logFileCount: number;
  readonly retainCount: number;
  /** 0: nobody purges. */
  readonly purgeIntervalHours: number;
  readonly preAllocBytes: number;
  readonly fsyncWarningMs: number;
  readonly isSyncForced: boolean;
}

const MEDIAN_MS_GOOD = 10;
const MEDIAN_MS_BAD = 50;
const FILES_WITHOUT_PURGE_MAX = 20;
const MEMORY_FILE_SYSTEMS: ReadonlySet<number> = new Set([0x0102_1994, 0x8584_58f6]);
const NETWORK_FILE_SYSTEMS: ReadonlySet<number> = new Set([0x6969, 0xff53_4d42, 0xfe53_4d42, 0x0102_1997]);
const OVERLAY_FILE_SYSTEM = 0x794c_7630;

export function checkDisks(facts: DiskFacts): Finding[] {
  return [...checkLatency(facts), ...checkSpace(facts), ...checkFileSystems(facts), ...checkPurge(facts)];
}

function checkLatency({ latency, logs, fsyncWarningMs, isSyncForced }: DiskFacts): Finding[] {
  const check = 'log disk';
  const findings: Finding[] = [];
  if (!isSyncForced) {
    const what = 'forceSync=no: writes are acknowledged before they are on disk, and lost with the power';
    findings.push(warning(check, what, logs.path, 'Remove forceSync=no where data matters.'));
  }
  if (latency === null) return findings;
  const { medianMs, p99Ms, maxMs, count } = latency;
  const figures = `write and fdatasync took ${ms(medianMs)} (median), ${ms(p99Ms)} (p99), ${ms(maxMs)} (max) of ${count}`;
  const remedy = 'Give dataLogDir a disk of its own: an SSD with power-loss protection, nothing else writing to it.';
  if (medianMs > MEDIAN_MS_BAD || maxMs >= fsyncWarningMs)
    findings.push(warning(check, `${figures}: slow`, logs.path, remedy));
  else if (medianMs > MEDIAN_MS_GOOD)
    findings.push(info(check, `${figures}: each write waits so long`, logs.path, remedy));
  else findings.push(ok(check, figures, logs.path));
  return findings;
}

function checkSpace({ snapshots, logs, snapshotBytes, retainCount, preAllocBytes }: DiskFacts): Finding[] {
  const check = 'free space';
  const largest = Math.max(0, ...snapshotBytes);
  const shares = snapshots.device !== null && snapshots.device === logs.device;
  // A snapshot is written whole before the oldest one goes; the log grows by blocks.
  const snapshotNeed = largest * (retainCount + 1 - Math.min(retainCount, snapshotBytes.length)) + largest;
  const logNeed = Math.max(preAllocBytes, 64 << 20) * 2;
  const needs: readonly (readonly [DirectoryFacts, number])[] = shares
    ? [[logs, snapshotNeed + logNeed]]
    : [
        [snapshots, snapshotNeed],
        [logs, logNeed],
      ];
  return needs.map(([{ path, freeBytes }, need]) => {
    const figures = `${mb(freeBytes)} free, ${mb(need)} needed for the next snapshots and logs`;
    if (freeBytes >= need) return ok(check, figures, path);
    return warning(check, figures, path, 'Make room or purge (zkCleanup): a server that cannot write its log ends.');
  });
}

function checkFileSystems({ snapshots, logs }: DiskFacts): Finding[] {
  const check = 'file system';
  const findings: Finding[] = [];
  for (const { path, fileSystemType } of snapshots.path === logs.path ? [logs] : [snapshots, logs]) {
    if (MEMORY_FILE_SYSTEMS.has(fileSystemType)) {
      findings.push(warning(check, 'is in memory: its data is lost with the machine', path, 'Put it on a disk.'));
    } else if (NETWORK_FILE_SYSTEMS.has(fileSystemType)) {
      findings.push(
        warning(check, 'is on the network: each write waits for it', path, 'Put it on a disk of this machine.'),
      );
    } else if (fileSystemType === OVERLAY_FILE_SYSTEM) {
      findings.push(warning(check, "is a container's layer: its data is lost with it", path, 'Mount a volume there.'));
    }
  }
  if (snapshots.device !== null && snapshots.device === logs.device) {
    const what = 'logs and snapshots are on one device: while a snapshot is written, writes may wait longer';
    findings.push(info(check, what, logs.path, 'Give dataLogDir a device of its own where latency matters.'));
  }
  return findings;
}

function checkPurge({ purgeIntervalHours, snapshotBytes, logFileCount, retainCount, snapshots }: DiskFacts): Finding[] {
  const check = 'purging';
  if (purgeIntervalHours > 0) return [ok(check, `every ${purgeIntervalHours} h, ${retainCount} snapshots are kept`)];
  const files = snapshotBytes.length + logFileCount;
  const remedy = 'Set autopurge.purgeInterval=24, or run zkCleanup regularly.';
  if (files <= FILES_WITHOUT_PURGE_MAX)
    return [info(check, 'is off: old snapshots and logs stay', snapshots.path, remedy)];
  return [warning(check, `is off, and ${files} snapshots and logs lie there`, snapshots.path, remedy)];
}

function ms(value: number): string {
  return `${value < 10 ? value.toFixed(2) : value.toFixed(0)} ms`;
}

function mb(bytes: number): string {
  return bytes >= 10 * 2 ** 30 ? `${Math.floor(bytes / 2 ** 30)} GB` : `${Math.ceil(bytes / 2 ** 20)} MB`;
}
