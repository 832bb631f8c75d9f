/**
 * What passes between the thread of the Prometheus provider and the main thread. All of it is cloned; nothing of a request is in it.
 *
 *   main thread                                    provider's thread
 *        <------------- listening, or failed ---------
 *        <------------- ask ----------------------------   a scrape has begun
 *        -------------- facts ------------------------->   within FACTS_WAIT_MAX_MS, or the last ones are shown again
 *        -------------- lines ------------------------->   somebody asks for `mntr`
 *        <------------- lines --------------------------
 */

import type { ThreadMemoryFigures } from '../../actor/thread-memory.js';
import type { GaugeFigures, MetricsMemory } from '../metrics-reader.js';
import type { ExposedFamily } from './exposition.js';

export const FACTS_WAIT_MAX_MS = 1000;

/** The `workerData` of the provider's thread. */
export interface ProviderStart {
  readonly memory: MetricsMemory;
  /** Null: all addresses. */
  readonly host: string | null;
  readonly port: number;
  readonly showsProcess: boolean;
}

/** What only the main thread knows of a moment. */
export interface ScrapeFacts {
  readonly gauges: GaugeFigures;
  readonly threads: readonly ThreadMemoryFigures[];
  /** Made there, such as those of the pipeline. */
  readonly families: readonly ExposedFamily[];
}

export type ToProvider =
  | { readonly kind: 'facts'; readonly facts: ScrapeFacts }
  | { readonly kind: 'lines'; readonly id: number };

export type FromProvider =
  | { readonly kind: 'listening'; readonly port: number }
  | { readonly kind: 'failed'; readonly message: string; readonly code: string; readonly port: number }
  | { readonly kind: 'ask' }
  | { readonly kind: 'warn'; readonly message: string }
  | { readonly kind: 'lines'; readonly id: number; readonly figures: readonly (readonly [string, number])[] };
