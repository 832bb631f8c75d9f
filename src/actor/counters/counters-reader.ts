/**
 * Reads counters of any owner from any thread: `mntr`, the metrics page, the stage benchmark. Asks no actor, takes no
 * lock, and therefore sees each value on its own, not a moment common to all of them.
 */

import { CAPACITY_WORD, COUNT_WORD, HEADER_BYTES, labelOffset, readLabel } from './counters-layout.js';

export class CountersReader {
  private readonly sets: {
    owner: string;
    words: Int32Array;
    bytes: Uint8Array;
    values: Float64Array;
    labels: string[];
  }[];

  /** Owner (actor or thread name) and its memory. */
  constructor(buffers: Readonly<Record<string, SharedArrayBuffer>>) {
    this.sets = Object.entries(buffers).map(([owner, buffer]) => {
      const words = new Int32Array(buffer, 0, HEADER_BYTES / 4);
      const values = new Float64Array(buffer, HEADER_BYTES, words[CAPACITY_WORD]);
      return { owner, words, bytes: new Uint8Array(buffer), values, labels: [] };
    });
  }

  /** Calls `visit` for every counter there is now. */
  forEach(visit: (owner: string, name: string, value: number) => void): void {
    for (const set of this.sets) {
      const count = Atomics.load(set.words, COUNT_WORD);
      while (set.labels.length < count) {
        set.labels.push(readLabel(set.bytes, labelOffset(set.values.length, set.labels.length)));
      }
      for (let i = 0; i < count; i++) visit(set.owner, set.labels[i], set.values[i]);
    }
  }

  /** The value of one counter; 0 while its owner has not registered it. */
  get(owner: string, name: string): number {
    let found = 0;
    this.forEach((setOwner, setName, value) => {
      if (setOwner === owner && setName === name) found = value;
    });
    return found;
  }

  /** The sum of the counters of that name over all owners whose name starts with `ownerPrefix`. */
  sum(name: string, ownerPrefix = ''): number {
    let total = 0;
    this.forEach((setOwner, setName, value) => {
      if (setName === name && setOwner.startsWith(ownerPrefix)) total += value;
    });
    return total;
  }

  /** Everything as plain data: owner, then name. */
  snapshot(): Record<string, Record<string, number>> {
    const result: Record<string, Record<string, number>> = {};
    this.forEach((owner, name, value) => {
      result[owner] ??= {};
      result[owner][name] = value;
    });
    return result;
  }
}
