// What the log's thread must know of a proven snapshot to give it a new end and make it the database (restore-files.ts): the
// restore's plan, as it travels the pipeline. Pure; any thread.
//
//   word 0            1            2             3                4           5
//   +----------------+------------+-------------+----------------+-----------+-----------+   big-endian ints
//   | content bytes, | content    | Adler-32 of | digest version | digest hi | digest lo |
//   | upper half     | bytes, low | the content | 0: unknown     |           |           |
//   +----------------+------------+-------------+----------------+-----------+-----------+
//
// The content reaches to the end of seal 1: what stands behind it in the file speaks of another zxid.

import { readInt32, writeInt32 } from '../base/bytes.js';
import { TEMPORARY_PREFIX } from './file-names.js';

/**
 * Where the snapshot lies until then, in the snapshot directory. It begins as every temporary of a snapshot does: should a
 * crash leave it behind, the next start removes it.
 */
export const RESTORE_NAME = `${TEMPORARY_PREFIX}snapshot.restore`;

export const RESTORE_PLAN_BYTES = 24;

const HALF = 0x1_0000_0000;

export interface RestorePlan {
  readonly contentBytes: number;
  readonly contentSum: number;
  /** 0: the tree's digest is not known. */
  readonly digestVersion: number;
  readonly digestHi: number;
  readonly digestLo: number;
}

export function encodeRestorePlan(plan: RestorePlan): Uint8Array {
  const bytes = new Uint8Array(RESTORE_PLAN_BYTES);
  writeInt32(bytes, 0, Math.floor(plan.contentBytes / HALF));
  writeInt32(bytes, 4, plan.contentBytes | 0);
  writeInt32(bytes, 8, plan.contentSum | 0);
  writeInt32(bytes, 12, plan.digestVersion);
  writeInt32(bytes, 16, plan.digestHi);
  writeInt32(bytes, 20, plan.digestLo);
  return bytes;
}

export function decodeRestorePlan(bytes: Uint8Array, offset: number): RestorePlan {
  return {
    contentBytes: readInt32(bytes, offset) * HALF + (readInt32(bytes, offset + 4) >>> 0),
    contentSum: readInt32(bytes, offset + 8) >>> 0,
    digestVersion: readInt32(bytes, offset + 12),
    digestHi: readInt32(bytes, offset + 16),
    digestLo: readInt32(bytes, offset + 20),
  };
}
