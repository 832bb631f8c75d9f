/**
 * Memory of one set of counters: the writer is one thread, readers are any. Fixed size, made before the owner starts.
 *
 *   byte 0        4           8                64                64 + 8n                    64 + 8n + 64n
 *   +------------+------------+----------------+-----------------+--------------------------+
 *   | count      | capacity n | (unused)       | n values        | n labels of 64 bytes     |
 *   | int32      | int32      |                 | float64 each    | length byte, then ASCII  |
 *   +------------+------------+----------------+-----------------+--------------------------+
 *
 * `count` only grows, and is stored after the label it covers. A value is one aligned 8-byte word: on the 64-bit
 * machines we run on, a reader sees it whole, though perhaps late. Values and labels are apart, so that the owner's adds
 * touch as few cache lines as can be.
 */

import { assert } from '../../base/assert.js';

export const COUNT_WORD = 0;
export const CAPACITY_WORD = 1;
export const HEADER_BYTES = 64;
export const LABEL_BYTES = 64;
const LABEL_LENGTH_MAX = LABEL_BYTES - 1;
export const COUNTERS_DEFAULT_CAPACITY = 256;

export function createCountersBuffer(capacity: number = COUNTERS_DEFAULT_CAPACITY): SharedArrayBuffer {
  const buffer = new SharedArrayBuffer(HEADER_BYTES + capacity * (8 + LABEL_BYTES));
  new Int32Array(buffer)[CAPACITY_WORD] = capacity;
  return buffer;
}

export function labelOffset(capacity: number, index: number): number {
  return HEADER_BYTES + capacity * 8 + index * LABEL_BYTES;
}

export function writeLabel(bytes: Uint8Array, offset: number, label: string): void {
  assert(label.length > 0 && label.length <= LABEL_LENGTH_MAX, `counter name of ${label.length} characters: ${label}`);
  for (let i = 0; i < label.length; i++) {
    const code = label.charCodeAt(i);
    assert(code > 32 && code < 127, `counter name with a character outside printable ASCII: ${label}`);
    bytes[offset + 1 + i] = code;
  }
  bytes[offset] = label.length;
}

export function readLabel(bytes: Uint8Array, offset: number): string {
  let label = '';
  const length = bytes[offset];
  for (let i = 0; i < length; i++) label += String.fromCharCode(bytes[offset + 1 + i]);
  return label;
}
