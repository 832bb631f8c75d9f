/**
 * What is counted per link, by the producing thread, in its counters. Indices into the block returned by
 * `registerLinkTally`; the names in a reader are `<from>_to_<to>_<name>`.
 */

import type { CounterSet } from '../counters/counters.js';
import { COUNTERS_DEFAULT_CAPACITY } from '../counters/counters-layout.js';

export const LinkTally = {
  records: 0,
  publishes: 1,
  /** `hasRoom` said no. */
  refusals: 2,
  spilledRecords: 3,
  largeRecords: 4,
  /** Published and, as far as the producer knew at its last publish, not consumed; within a thread also after each drain. */
  depthBytes: 5,
  depthBytesMax: 6,
} as const;

const NAMES = ['records', 'publishes', 'refusals', 'spilled', 'large', 'depth_bytes', 'depth_bytes_max'];

export function registerLinkTally(counters: CounterSet, linkName: string): Float64Array {
  return counters.registerBlock(NAMES.map((name) => `${linkName}_${name}`));
}

/** How many counters an owner may have: those of its links, which are as many as there are shards, and `ownMax` others. */
export function countersCapacity(
  owner: string,
  links: readonly { readonly from: string }[],
  ownMax: number = COUNTERS_DEFAULT_CAPACITY,
): number {
  return ownMax + links.filter(({ from }) => from === owner).length * NAMES.length;
}

/** For a mailbox outside any system: tests and benches. */
export function privateLinkTally(): Float64Array {
  return new Float64Array(NAMES.length);
}
