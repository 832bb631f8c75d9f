// Threads, and what the keys of Apache's thread pools mean to them: plain data, read once by the main thread.
//
// Apache has one pool that watches connections (selectors), one that reads and writes them (workers) and one that executes
// requests (commit processor). Here one connection shard does all three for its connections, so the shards are as many as the
// largest of these numbers that is set, up to the cores: threads without a core only take it from each other. Our own key is
// stronger. Batch sizes bound the same things as there: reads in a row of one connection, commits applied in a row. The times for
// which Apache's pools wait at a shutdown bound the one wait that there is: for the answers to what clients have asked.

import { choosePlacement, PLACEMENT_SETTINGS, type PlacementName } from './placement-choice.js';
import type { Settings } from './settings.js';
import { ConfigError } from './start-error.js';

export interface ThreadConfig {
  readonly placement: PlacementName;
  readonly connectionShards: number;
  /** Reads of one connection that are answered in a row; null: all that have come. */
  readonly readBatchMax: number | null;
  /** Commits that are applied in a row before others on that thread have their turn; null: what the runtime takes at a time. */
  readonly commitBatchMax: number | null;
  /** How long the end of the server waits until everything that clients have asked is answered. */
  readonly drainMs: number;
}

const CONNECTION_SHARDS_MAX = 64;
/** Long enough for any disk that works, short enough for who waits for a restart. */
const DRAIN_DEFAULT_MS = 1000;
const TIMER_MS_MAX = 0x7fffffff;
const POOL_KEYS = ['nio.numSelectorThreads', 'nio.numWorkerThreads', 'commitProcessor.numWorkerThreads'] as const;
const PATIENCE_KEYS = [
  'nio.shutdownTimeout',
  'commitProcessor.shutdownTimeout',
  'request_throttler.shutdownTimeout',
] as const;

export function readThreadConfig(settings: Settings, coreCount: number): ThreadConfig {
  const own = settings.countOrAuto('threadkeeper.connectionShards', CONNECTION_SHARDS_MAX);
  const shards = own === 'auto' ? (shardsOfPools(settings, coreCount) ?? own) : own;
  const readBatch = settings.lenientInt('commitProcessor.maxReadBatchSize');
  const commitBatch = settings.lenientInt('commitProcessor.maxCommitBatchSize');
  return {
    ...choosePlacement(settings.choice('threadkeeper.placement', PLACEMENT_SETTINGS), shards, coreCount),
    readBatchMax: readBatch < 0 ? null : Math.max(1, readBatch),
    // One commit at a time is their default, for whose sake nobody here gives up batches.
    commitBatchMax: settings.isSet('commitProcessor.maxCommitBatchSize') && commitBatch > 0 ? commitBatch : null,
    drainMs: readDrainMs(settings),
  };
}

/** Null: nothing is said of pools, or only that there are none. */
function shardsOfPools(settings: Settings, coreCount: number): number | null {
  const selectors = settings.lenientInt('nio.numSelectorThreads', 1);
  if (selectors < 1) throw new ConfigError(`nio.numSelectorThreads must be at least 1, not ${selectors}`);
  const asked = Math.max(...POOL_KEYS.map((name) => settings.lenientInt(name, 0)));
  return asked < 1 ? null : Math.min(asked, coreCount, CONNECTION_SHARDS_MAX);
}

/** The least of those that are set; a timer can wait for 24 days, and that is as good as for ever. */
function readDrainMs(settings: Settings): number {
  const set = PATIENCE_KEYS.filter((name) => settings.isSet(name)).map((name) => patienceMs(settings, name));
  return set.length === 0 ? DRAIN_DEFAULT_MS : Math.max(0, Math.min(...set, TIMER_MS_MAX));
}

function patienceMs(settings: Settings, name: (typeof PATIENCE_KEYS)[number]): number {
  return name === 'request_throttler.shutdownTimeout' ? settings.lenientInt(name) : settings.lenientLong(name);
}
