// The settings that were changed, in the memory that shards begin with.

import { expect, test } from 'vitest';
import { ChangedSettings } from '../../../src/net/changed-settings.js';
import type { ShardSettings } from '../../../src/net/shard-control.js';

/** No two alike, so that none can stand in the place of another. */
const SETTINGS: ShardSettings = {
  maxClientCnxns: 60,
  maxCnxns: 0,
  minSessionTimeoutMs: 4000,
  maxSessionTimeoutMs: 40_000,
  globalOutstandingLimit: 1000,
  slowRequestThresholdMs: 250,
  largeRequests: { largeBytesThreshold: Number.POSITIVE_INFINITY, largeBytesMax: 104_857_600 },
  requestThrottler: { requestsMax: 7, stallMs: 100, dropStale: true, checkLatency: false, opWaitMs: 8 },
  connectionThrottle: {
    tokensMax: 9,
    fillMs: 1,
    fillCount: 2,
    freezeMs: -1,
    dropIncrease: 0.02,
    dropDecrease: 0.002,
    decreaseRatio: 0.3,
    weighted: true,
    newSessionWeight: 5,
    renewWeight: 3,
  },
};

test('nothing has been changed before anything was', () => {
  const memory = new SharedArrayBuffer(ChangedSettings.byteLength());
  expect(new ChangedSettings(memory).get()).toBe(null);
});

test('what was set is what anybody reads who finds the memory, the newest of it', () => {
  const memory = new SharedArrayBuffer(ChangedSettings.byteLength());
  const writer = new ChangedSettings(memory);
  writer.set({ ...SETTINGS, maxClientCnxns: 61, maxCnxns: 62 });
  writer.set(SETTINGS);
  expect(new ChangedSettings(memory).get()).toEqual(SETTINGS);
});

test('booleans are told apart', () => {
  const memory = new SharedArrayBuffer(ChangedSettings.byteLength());
  const { requestThrottler, connectionThrottle } = SETTINGS;
  const settings: ShardSettings = {
    ...SETTINGS,
    requestThrottler: { ...requestThrottler, dropStale: false, checkLatency: true },
    connectionThrottle: { ...connectionThrottle, weighted: false },
  };
  new ChangedSettings(memory).set(settings);
  expect(new ChangedSettings(memory).get()).toEqual(settings);
});
