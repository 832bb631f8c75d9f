// Names of logs and snapshots: `log.<zxid>` carries the zxid of its first record, `snapshot.<zxid>` that of the last
// transaction it surely holds, in hex. Pure; any thread. Accepts what the reference accepts and marks what it would
// never write itself, so that the caller can warn.

import { hex64 } from '../base/int64.js';

export const LOG_PREFIX = 'log';
export const SNAPSHOT_PREFIX = 'snapshot';

/**
 * Temporaries begin with a dot: the reference takes no such name for a snapshot (it would take `snapshot.5.tmp`),
 * should a crash leave one behind.
 */
export const TEMPORARY_PREFIX = '.tmp-';

export interface DataFileName {
  readonly name: string;
  readonly zxidHi: number;
  readonly zxidLo: number;
  /** The reference would not have given this name: further parts (`log.6.bak`), upper case, leading zeros. */
  readonly isOdd: boolean;
}

export function logName(zxidHi: number, zxidLo: number): string {
  return `${LOG_PREFIX}.${hex64(zxidHi, zxidLo)}`;
}

export function snapshotName(zxidHi: number, zxidLo: number): string {
  return `${SNAPSHOT_PREFIX}.${hex64(zxidHi, zxidLo)}`;
}

/**
 * Null for names that are no data file of this kind, and for those without a number: the reference counts these as
 * zxid -1 and never reads them.
 */
export function parseDataFileName(name: string, prefix: string, knownSuffixes: readonly string[]): DataFileName | null {
  const parts = name.split('.');
  if (parts.length < 2 || parts[0] !== prefix) return null;
  const digits = parts[1];
  // A Java long in hex: up to 16 digits once leading zeros are gone, the first at most 7.
  if (!/^0*(?:[0-7]?[0-9a-fA-F]{15}|[0-9a-fA-F]{0,14})$/.test(digits) || digits.length === 0) return null;
  const padded = digits.replace(/^0+/, '').padStart(16, '0');
  const zxidHi = Number.parseInt(padded.slice(0, 8), 16) | 0;
  const zxidLo = Number.parseInt(padded.slice(8), 16) | 0;
  const plain = `${prefix}.${hex64(zxidHi, zxidLo)}`;
  const isOdd = name !== plain && !knownSuffixes.some((suffix) => name === plain + suffix);
  return { name, zxidHi, zxidLo, isOdd };
}
