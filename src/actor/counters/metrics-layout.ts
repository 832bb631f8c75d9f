/**
 * Memory of one actor's summaries, plain and keyed: written by its thread alone, read by any. Fixed size, made before the owner
 * starts; what is never touched costs address space only. Entries stand one behind another and are never moved or taken back.
 *
 *   byte 0        4           8           12            64
 *   +------------+------------+-----------+-------------+---------+---------+-----
 *   | bytes used | capacity   | resets    | (unused)    | entry   | entry   | ...
 *   | int32      | int32      | int32     |             |         |         |
 *   +------------+------------+-----------+-------------+---------+---------+-----
 *
 *   entry   0          4        8           12          16                        80
 *          +----------+--------+-----------+-----------+-------------------------+---------------------------------------
 *          | its      | kind   | keys max  | keys used | name: length byte, then | summary: its cells
 *          | bytes    | int32  | int32     | int32     | up to 63 of ASCII       | keyed:   index, then keys max + 1 slots
 *          +----------+--------+-----------+-----------+-------------------------+---------------------------------------
 *
 *   index   2 x keys max int32, rounded up to 8 bytes: by hash of the key, 1 + the slot; 0 is free. The writer's alone.
 *   slot    int32 length of the key, up to 116 bytes of it (120 in all), then its cells. The last slot is of all keys together
 *           for which there was no room.
 *   cells   float64 each: count, sum, least, greatest, last, then HISTOGRAM_CELLS of the log-linear histogram. While the count is 0 the
 *           least is Infinity.
 *
 * "Bytes used" and "keys used" only grow and are stored after what they cover. Each cell is one aligned 8-byte word, so a reader
 * sees it whole; several of them need not belong to the same moment, by the few records that were being added.
 */

import { assert } from '../../base/assert.js';
import { LABEL_BYTES, readLabel, writeLabel } from './counters-layout.js';
import { HISTOGRAM_CELLS } from './log-linear-histogram.js';

export const USED_WORD = 0;
export const CAPACITY_WORD = 1;
export const RESETS_WORD = 2;
export const METRICS_HEADER_BYTES = 64;

export const EntryWord = { bytes: 0, kind: 1, keysMax: 2, keysUsed: 3 } as const;
const NAME_OFFSET = 16;
export const ENTRY_HEADER_BYTES = NAME_OFFSET + LABEL_BYTES;

export const EntryKind = { summary: 1, keyed: 2 } as const;
export type EntryKind = (typeof EntryKind)[keyof typeof EntryKind];

export const SummaryCell = { count: 0, sum: 1, least: 2, greatest: 3, last: 4, histogram: 5 } as const;
export const SUMMARY_CELLS = SummaryCell.histogram + HISTOGRAM_CELLS;
const SUMMARY_BYTES = SUMMARY_CELLS * 8;

export const KEY_BYTES_MAX = 116;
export const KEY_AREA_BYTES = 4 + KEY_BYTES_MAX;
export const SLOT_BYTES = KEY_AREA_BYTES + SUMMARY_BYTES;
export const KEYS_DEFAULT_MAX = 256;

const SUMMARIES_DEFAULT_MAX = 40;

/** Of an owner with so many plain summaries at most, and a keyed one for each of these numbers of keys. */
export function metricsBytes(summaries: number, ...keysMax: readonly number[]): number {
  const plain = METRICS_HEADER_BYTES + summaries * entryBytes(EntryKind.summary, 0);
  return keysMax.reduce((total, keys) => total + entryBytes(EntryKind.keyed, keys), plain);
}

/** By default for an owner that has some dozens of plain summaries. */
export function createMetricsBuffer(bytes: number = metricsBytes(SUMMARIES_DEFAULT_MAX)): SharedArrayBuffer {
  assert(bytes % 8 === 0 && bytes >= METRICS_HEADER_BYTES, 'metrics take whole words');
  const buffer = new SharedArrayBuffer(bytes);
  const words = new Int32Array(buffer, 0, METRICS_HEADER_BYTES / 4);
  words[USED_WORD] = METRICS_HEADER_BYTES;
  words[CAPACITY_WORD] = bytes;
  return buffer;
}

export function indexWords(keysMax: number): number {
  return keysMax * 2;
}

function indexBytes(keysMax: number): number {
  return indexWords(keysMax) * 4;
}

export function entryBytes(kind: EntryKind, keysMax: number): number {
  const body = kind === EntryKind.summary ? SUMMARY_BYTES : indexBytes(keysMax) + (keysMax + 1) * SLOT_BYTES;
  return ENTRY_HEADER_BYTES + body;
}

/** Where the slot of that number begins, from the beginning of its entry. */
export function slotOffset(keysMax: number, slot: number): number {
  return ENTRY_HEADER_BYTES + indexBytes(keysMax) + slot * SLOT_BYTES;
}

export function writeEntryName(bytes: Uint8Array, entry: number, name: string): void {
  writeLabel(bytes, entry + NAME_OFFSET, name);
}

export function readEntryName(bytes: Uint8Array, entry: number): string {
  return readLabel(bytes, entry + NAME_OFFSET);
}
