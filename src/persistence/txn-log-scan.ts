// Looks at the part of a log that cannot be read record by record any more: is anything but zeros left, and does a whole
// record begin anywhere in it? Used by TxnLogReader when it stops, on its thread. Reads in chunks of fixed size, whatever
// the damaged bytes claim.

import { adler32 } from '../base/adler32.js';
import { readInt32 } from '../base/bytes.js';
import { compareSigned } from '../base/int64.js';
import { TXN_HEADER_BYTES } from '../protocol/txns.js';
import type { StoredFile } from './file-store.js';
import type { LaterRecord } from './log-finding.js';
import {
  ENTRY_TYPE_OFFSET,
  ENTRY_ZXID_OFFSET,
  RECORD_END_BYTE,
  RECORD_EXTRA_BYTES,
  RECORD_PREFIX_BYTES,
} from './txn-log-format.js';

const CHUNK_BYTES = 1 << 20;
/** Types are small numbers, in old and future versions alike; random bytes hardly ever are. */
const PLAUSIBLE_TYPE_MAX = 1000;
/** What must be in one piece to judge whether a record may begin at a place. */
const CANDIDATE_BYTES = RECORD_PREFIX_BYTES + TXN_HEADER_BYTES;

/** Offset of the last byte in [start, fileSize) that is not zero, or -1. */
export function lastNonZeroOffset(file: StoredFile, start: number, fileSize: number): number {
  // Most logs end soon: whole words, and no more of them than there is to read.
  const words = new Int32Array((Math.min(CHUNK_BYTES, Math.max(fileSize - start, 0)) + 3) >> 2);
  const bytes = new Uint8Array(words.buffer);
  let last = -1;
  for (let at = start; at < fileSize; at += bytes.length) {
    const count = file.read(bytes, 0, bytes.length, at);
    if (count < bytes.length) bytes.fill(0, count);
    let word = words.length - 1;
    while (word >= 0 && words[word] === 0) word--;
    if (word < 0) continue;
    let byte = word * 4 + 3;
    while (bytes[byte] === 0) byte--;
    last = at + byte;
  }
  return last;
}

/**
 * The first place in [start, end) where a whole record above the given zxid begins: length, end byte and checksum are
 * right. `end`: behind the last byte that is not zero, which is as far as any record can reach.
 */
export function findLaterRecord(
  file: StoredFile,
  start: number,
  end: number,
  zxidHi: number,
  zxidLo: number,
): LaterRecord | null {
  const chunk = new Uint8Array(CHUNK_BYTES);
  let at = start;
  while (at + CANDIDATE_BYTES < end) {
    const count = file.read(chunk, 0, Math.min(CHUNK_BYTES, end - at), at);
    const candidateCount = count - CANDIDATE_BYTES + 1;
    for (let i = 0; i < candidateCount; i++) {
      if (chunk[i] !== 0 || readInt32(chunk, i) !== 0) continue;
      if (!mayBeRecord(chunk, i, end - at, zxidHi, zxidLo)) continue;
      if (!isRecord(file, at + i, readInt32(chunk, i + 4), readInt32(chunk, i + 8))) continue;
      const zxid = i + RECORD_PREFIX_BYTES + ENTRY_ZXID_OFFSET;
      return { offset: at + i, zxidHi: readInt32(chunk, zxid), zxidLo: readInt32(chunk, zxid + 4) };
    }
    if (candidateCount <= 0) break;
    at += candidateCount;
  }
  return null;
}

/**
 * Hands on every whole record above the zxid in [start, end), as far apart as they may lie: what could be read of a log
 * behind a place where nobody may go on reading.
 */
export function visitWholeRecords(
  file: StoredFile,
  start: number,
  end: number,
  zxidHi: number,
  zxidLo: number,
  visit: (record: LaterRecord) => void,
): void {
  const $head = new Uint8Array(CANDIDATE_BYTES);
  let at = start;
  for (;;) {
    const next = recordAt($head, file, at, end, zxidHi, zxidLo) ?? findLaterRecord(file, at, end, zxidHi, zxidLo);
    if (next === null) return;
    visit(next);
    file.read($head, 0, CANDIDATE_BYTES, next.offset);
    at = next.offset + readInt32($head, 8) + RECORD_EXTRA_BYTES;
  }
}

/** Cheap where one record follows the other. */
function recordAt(
  $head: Uint8Array,
  file: StoredFile,
  at: number,
  end: number,
  zxidHi: number,
  zxidLo: number,
): LaterRecord | null {
  if (at + CANDIDATE_BYTES >= end || file.read($head, 0, CANDIDATE_BYTES, at) < CANDIDATE_BYTES) return null;
  if (readInt32($head, 0) !== 0 || !mayBeRecord($head, 0, end - at, zxidHi, zxidLo)) return null;
  if (!isRecord(file, at, readInt32($head, 4), readInt32($head, 8))) return null;
  const zxid = RECORD_PREFIX_BYTES + ENTRY_ZXID_OFFSET;
  return { offset: at, zxidHi: readInt32($head, zxid), zxidLo: readInt32($head, zxid + 4) };
}

/** What the bytes at hand tell; `bytesLeft` counts from chunk[0]. Cheap, so that few places are read again. */
function mayBeRecord(chunk: Uint8Array, i: number, bytesLeft: number, zxidHi: number, zxidLo: number): boolean {
  const length = readInt32(chunk, i + 8);
  if (length < TXN_HEADER_BYTES || length + RECORD_EXTRA_BYTES > bytesLeft - i) return false;
  const entry = i + RECORD_PREFIX_BYTES;
  const zxid = entry + ENTRY_ZXID_OFFSET;
  if (compareSigned(readInt32(chunk, zxid), readInt32(chunk, zxid + 4), zxidHi, zxidLo) <= 0) return false;
  return Math.abs(readInt32(chunk, entry + ENTRY_TYPE_OFFSET)) <= PLAUSIBLE_TYPE_MAX;
}

function isRecord(file: StoredFile, offset: number, checksum: number, length: number): boolean {
  const entry = offset + RECORD_PREFIX_BYTES;
  const piece = new Uint8Array(Math.min(CHUNK_BYTES, length));
  if (file.read(piece, 0, 1, entry + length) !== 1 || piece[0] !== RECORD_END_BYTE) return false;
  let sum = 1;
  for (let done = 0; done < length; done += piece.length) {
    const count = Math.min(piece.length, length - done);
    if (file.read(piece, 0, count, entry + done) !== count) return false;
    sum = adler32(piece, 0, count, sum);
  }
  return (sum | 0) === checksum;
}
