/**
 * What an actor counts and measures for its operators, by name. Registered when the actor (or a role of it) is built, which allocates;
 * recording afterwards is plain stores into shared memory that any thread reads (metric-set-reader.ts). One writer: the owner's thread.
 * Which names there are, and what is shown of each, is not decided here (src/metrics/metric-catalogue.ts). Counters lie among the
 * owner's other counters; a name that is counted there already is the same counter.
 */

import { assert } from '../../base/assert.js';
import { Counter } from './counter.js';
import type { CounterSet } from './counters.js';
import { KeyedSummary } from './keyed-summary.js';
import {
  CAPACITY_WORD,
  ENTRY_HEADER_BYTES,
  EntryKind,
  EntryWord,
  entryBytes,
  KEYS_DEFAULT_MAX,
  METRICS_HEADER_BYTES,
  RESETS_WORD,
  readEntryName,
  SUMMARY_CELLS,
  USED_WORD,
  writeEntryName,
} from './metrics-layout.js';
import { Summary } from './summary.js';

export class MetricSet {
  private readonly buffer: SharedArrayBuffer;
  private readonly counterSet: CounterSet;
  private readonly words: Int32Array;
  private readonly bytes: Uint8Array;
  /** Where each entry begins. */
  private readonly entryByName = new Map<string, number>();
  private readonly counters = new Map<string, Counter>();
  private readonly summaries = new Map<string, Summary>();
  private readonly keyedSummaries = new Map<string, KeyedSummary>();

  /** Attaches to memory made by `createMetricsBuffer`; what a previous owner counted stays. */
  constructor(buffer: SharedArrayBuffer, counterSet: CounterSet) {
    this.buffer = buffer;
    this.counterSet = counterSet;
    this.words = new Int32Array(buffer);
    this.bytes = new Uint8Array(buffer);
    const used = Atomics.load(this.words, USED_WORD);
    for (let entry = METRICS_HEADER_BYTES; entry < used; entry += this.words[(entry >> 2) + EntryWord.bytes]) {
      this.entryByName.set(readEntryName(this.bytes, entry), entry);
    }
  }

  counter(name: string): Counter {
    let counter = this.counters.get(name);
    if (counter === undefined) {
      const index = this.counterSet.register(name);
      counter = new Counter(this.counterSet.values.subarray(index, index + 1));
      this.counters.set(name, counter);
    }
    return counter;
  }

  summary(name: string): Summary {
    let summary = this.summaries.get(name);
    if (summary === undefined) {
      const entry = this.entry(name, EntryKind.summary, 0);
      summary = new Summary(new Float64Array(this.buffer, entry + ENTRY_HEADER_BYTES, SUMMARY_CELLS));
      this.summaries.set(name, summary);
    }
    return summary;
  }

  /** Also for counters by key: what is shown of it then is the sum. */
  keyed(name: string, keysMax: number = KEYS_DEFAULT_MAX): KeyedSummary {
    let keyed = this.keyedSummaries.get(name);
    if (keyed === undefined) {
      keyed = new KeyedSummary(this.buffer, this.entry(name, EntryKind.keyed, keysMax));
      this.keyedSummaries.set(name, keyed);
    }
    return keyed;
  }

  /** All counting begins anew, on the owner's thread, where nobody else is adding. Readers see that it happened. */
  reset(): void {
    for (const counter of this.counters.values()) counter.reset();
    for (const summary of this.summaries.values()) summary.reset();
    for (const keyed of this.keyedSummaries.values()) keyed.reset();
    Atomics.add(this.words, RESETS_WORD, 1);
  }

  private entry(name: string, kind: EntryKind, keysMax: number): number {
    const known = this.entryByName.get(name);
    if (known !== undefined) {
      assert(this.words[(known >> 2) + EntryWord.kind] === kind, `metric ${name} is registered as another kind`);
      return known;
    }
    const entry = this.words[USED_WORD];
    const end = entry + entryBytes(kind, keysMax);
    assert(end <= this.words[CAPACITY_WORD], `no room for metric ${name}`);
    const header = entry >> 2;
    this.words[header + EntryWord.bytes] = end - entry;
    this.words[header + EntryWord.kind] = kind;
    this.words[header + EntryWord.keysMax] = keysMax;
    writeEntryName(this.bytes, entry, name);
    this.entryByName.set(name, entry);
    // What it covers first: a reader never sees an entry without its name.
    Atomics.store(this.words, USED_WORD, end);
    return entry;
  }
}
