/**
 * Bytes read or written below each top-level node, which Apache calls a namespace. One per kind and thread; owned by whoever answers or
 * applies. Made for many records of the same namespace and size behind one another, which cost a comparison of the namespace each:
 * only another size or namespace, or the end of a batch, reaches shared memory.
 */

import type { KeyedSummary } from '../actor/counters/keyed-summary.js';

const SLASH = 0x2f;
/** Longer ones go straight into the summary, which counts them together. */
const KEY_BYTES_MAX = 256;

/** Of the path's first component, which begins behind its slash; 0 for the root. */
export function namespaceLength(path: Uint8Array, offset: number, length: number): number {
  let end = 1;
  while (end < length && path[offset + end] !== SLASH) end++;
  return end - 1;
}

export class NamespaceMeasure {
  private readonly summary: KeyedSummary;
  private readonly key = new Uint8Array(KEY_BYTES_MAX);
  private keyLength = 0;
  private value = 0;
  private times = 0;

  constructor(summary: KeyedSummary) {
    this.summary = summary;
  }

  add(path: Uint8Array, offset: number, length: number, value: number): void {
    if (value === this.value && this.isSame(path, offset, length)) {
      this.times++;
      return;
    }
    this.begin(path, offset, length, value);
  }

  /** What was added since the last time becomes visible. */
  flush(): void {
    if (this.times === 0) return;
    this.summary.addMany(this.key, 0, this.keyLength, this.value, this.times);
    this.times = 0;
  }

  private isSame(path: Uint8Array, offset: number, length: number): boolean {
    const { key, keyLength } = this;
    const end = keyLength + 1;
    if (keyLength === 0 || length < end || (length > end && path[offset + end] !== SLASH)) return false;
    for (let i = 0; i < keyLength; i++) if (path[offset + 1 + i] !== key[i]) return false;
    return true;
  }

  private begin(path: Uint8Array, offset: number, length: number, value: number): void {
    this.flush();
    const keyLength = namespaceLength(path, offset, length);
    if (keyLength === 0) return;
    if (keyLength > KEY_BYTES_MAX) {
      this.summary.add(path, offset + 1, keyLength, value);
      return;
    }
    const { key } = this;
    for (let i = 0; i < keyLength; i++) key[i] = path[offset + 1 + i];
    this.keyLength = keyLength;
    this.value = value;
    this.times = 1;
  }
}
