/**
 * Reads the summaries of all owners from any thread, without asking any of them: copies of their cells, those of one name
 * added up. Each cell is whole, and several belong together but for the records that were being added in that moment.
 */

import { decodeUtf8 } from '../../base/utf8.js';
import {
  ENTRY_HEADER_BYTES,
  EntryKind,
  EntryWord,
  KEY_AREA_BYTES,
  METRICS_HEADER_BYTES,
  RESETS_WORD,
  readEntryName,
  SUMMARY_CELLS,
  SummaryCell,
  slotOffset,
  USED_WORD,
} from './metrics-layout.js';

/** The key under which a keyed summary shows what had no room. */
export const OTHER_KEYS = '__others__';

interface OwnedEntry {
  readonly set: ReadSet;
  readonly offset: number;
  readonly kind: EntryKind;
  readonly name: string;
}

interface ReadSet {
  readonly buffer: SharedArrayBuffer;
  readonly words: Int32Array;
  readonly bytes: Uint8Array;
  /** Up to where its entries are known here. */
  seen: number;
}

export class MetricSetReader {
  private readonly sets: readonly ReadSet[];
  private readonly entriesByName = new Map<string, OwnedEntry[]>();

  /** The memory of every owner. */
  constructor(buffers: Iterable<SharedArrayBuffer>) {
    this.sets = [...buffers].map((buffer) => ({
      buffer,
      words: new Int32Array(buffer),
      bytes: new Uint8Array(buffer),
      seen: METRICS_HEADER_BYTES,
    }));
  }

  /** Adds up what all owners have under that name. False, and nothing changed, if nobody has it. `cells` are SUMMARY_CELLS. */
  addSummary(name: string, cells: Float64Array): boolean {
    const entries = this.entries(name);
    for (const { set, offset, kind } of entries) {
      if (kind !== EntryKind.summary) continue;
      addCells(cells, new Float64Array(set.buffer, offset + ENTRY_HEADER_BYTES, SUMMARY_CELLS));
    }
    return entries.length > 0;
  }

  /** By key, in the order in which the keys came; what had no room comes last. */
  keyed(name: string): Map<string, Float64Array> {
    const found = new Map<string, Float64Array>();
    const others = emptyCells();
    for (const entry of this.entries(name)) {
      if (entry.kind === EntryKind.keyed) this.addKeys(entry, found, others);
    }
    if (others[SummaryCell.count] > 0) found.set(OTHER_KEYS, others);
    return found;
  }

  /** How often any of the sets was reset: copies taken before a change have nothing to do with those taken after it. */
  resetCount(): number {
    return this.sets.reduce((total, { words }) => total + Atomics.load(words, RESETS_WORD), 0);
  }

  private addKeys({ set, offset }: OwnedEntry, found: Map<string, Float64Array>, others: Float64Array): void {
    const header = offset >> 2;
    const keysMax = set.words[header + EntryWord.keysMax];
    const used = Atomics.load(set.words, header + EntryWord.keysUsed);
    for (let slot = 0; slot <= keysMax; slot++) {
      if (slot === used) slot = keysMax;
      const area = offset + slotOffset(keysMax, slot);
      const from = new Float64Array(set.buffer, area + KEY_AREA_BYTES, SUMMARY_CELLS);
      if (slot === keysMax) {
        addCells(others, from);
        continue;
      }
      const key = decodeUtf8(set.bytes, area + 4, set.words[area >> 2]);
      const cells = found.get(key) ?? emptyCells();
      addCells(cells, from);
      found.set(key, cells);
    }
  }

  private entries(name: string): readonly OwnedEntry[] {
    for (const set of this.sets) this.findNewEntries(set);
    return this.entriesByName.get(name) ?? [];
  }

  private findNewEntries(set: ReadSet): void {
    const used = Atomics.load(set.words, USED_WORD);
    while (set.seen < used) {
      const offset = set.seen;
      const name = readEntryName(set.bytes, offset);
      const kind = set.words[(offset >> 2) + EntryWord.kind] as EntryKind;
      const entries = this.entriesByName.get(name) ?? [];
      entries.push({ set, offset, kind, name });
      this.entriesByName.set(name, entries);
      set.seen += set.words[(offset >> 2) + EntryWord.bytes];
    }
  }
}

/** Cells of a summary to which nothing was added. */
export function emptyCells(): Float64Array {
  const cells = new Float64Array(SUMMARY_CELLS);
  cells[SummaryCell.least] = Number.POSITIVE_INFINITY;
  return cells;
}

function addCells(to: Float64Array, from: Float64Array): void {
  if (from[SummaryCell.count] === 0) return;
  to[SummaryCell.count] += from[SummaryCell.count];
  to[SummaryCell.sum] += from[SummaryCell.sum];
  to[SummaryCell.least] = Math.min(to[SummaryCell.least], from[SummaryCell.least]);
  to[SummaryCell.greatest] = Math.max(to[SummaryCell.greatest], from[SummaryCell.greatest]);
  // Of several owners, that of any.
  to[SummaryCell.last] = from[SummaryCell.last];
  for (let cell = SummaryCell.histogram; cell < SUMMARY_CELLS; cell++) to[cell] += from[cell];
}
