/**
 * What operators have changed of the connection shards' settings since the start, in memory that outlives every shard: one that is
 * made anew, on its thread or on a new one, begins with these.
 *
 * Written by the main thread, which then tells every shard to read it again (`settings-changed`): so a shard that is made in the midst
 * of a change, and may read parts of it, reads the whole once more. Cold.
 *
 *   cell 0   0: nothing has been changed
 *   then     one double per setting, in the order of `set`; a boolean is 0 or 1
 */
import type { ShardSettings } from './shard-control.js';

const CELLS = 24;

export class ChangedSettings {
  private readonly cells: Float64Array;

  constructor(memory: SharedArrayBuffer) {
    this.cells = new Float64Array(memory);
  }

  static byteLength(): number {
    return CELLS * 8;
  }

  set(settings: ShardSettings): void {
    const { largeRequests: large, requestThrottler: requests, connectionThrottle: connections } = settings;
    this.cells.set([
      1,
      settings.maxClientCnxns,
      settings.maxCnxns,
      settings.minSessionTimeoutMs,
      settings.maxSessionTimeoutMs,
      settings.globalOutstandingLimit,
      settings.slowRequestThresholdMs,
      large.largeBytesThreshold,
      large.largeBytesMax,
      requests.requestsMax,
      requests.stallMs,
      Number(requests.dropStale),
      Number(requests.checkLatency),
      requests.opWaitMs,
      connections.tokensMax,
      connections.fillMs,
      connections.fillCount,
      connections.freezeMs,
      connections.dropIncrease,
      connections.dropDecrease,
      connections.decreaseRatio,
      Number(connections.weighted),
      connections.newSessionWeight,
      connections.renewWeight,
    ]);
  }

  /** Null: those of the start are in force. */
  get(): ShardSettings | null {
    if (this.cells[0] === 0) return null;
    let cell = 1;
    const next = (): number => this.cells[cell++] as number;
    return {
      maxClientCnxns: next(),
      maxCnxns: next(),
      minSessionTimeoutMs: next(),
      maxSessionTimeoutMs: next(),
      globalOutstandingLimit: next(),
      slowRequestThresholdMs: next(),
      largeRequests: { largeBytesThreshold: next(), largeBytesMax: next() },
      requestThrottler: {
        requestsMax: next(),
        stallMs: next(),
        dropStale: next() === 1,
        checkLatency: next() === 1,
        opWaitMs: next(),
      },
      connectionThrottle: {
        tokensMax: next(),
        fillMs: next(),
        fillCount: next(),
        freezeMs: next(),
        dropIncrease: next(),
        dropDecrease: next(),
        decreaseRatio: next(),
        weighted: next() === 1,
        newSessionWeight: next(),
        renewWeight: next(),
      },
    };
  }
}
