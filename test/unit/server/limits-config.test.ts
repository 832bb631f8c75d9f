// The limits as an operator writes them: defaults, both spellings of a key, values that mean "off", and the one that is refused.

import { describe, expect, test } from 'vitest';
import { readLimits } from '../../../src/server/limits-config.js';
import { Settings } from '../../../src/server/settings.js';
import { ConfigError } from '../../../src/server/start-error.js';

function limits(file: Record<string, string>) {
  return readLimits(new Settings(new Map(Object.entries(file)), new Map()));
}

describe('limits', () => {
  test('are all off unless they are set', () => {
    const { connectionThrottle, requestThrottler, largeRequests } = limits({});
    expect(connectionThrottle.tokensMax).toBe(0);
    expect(connectionThrottle).toMatchObject({ fillMs: 1, fillCount: 1, freezeMs: -1, dropIncrease: 0.02 });
    expect(connectionThrottle).toMatchObject({
      dropDecrease: 0.002,
      decreaseRatio: 0,
      newSessionWeight: 3,
      renewWeight: 2,
    });
    expect(requestThrottler).toEqual({
      requestsMax: 0,
      stallMs: 100,
      dropStale: true,
      checkLatency: false,
      opWaitMs: 0,
    });
    expect(largeRequests).toEqual({ largeBytesThreshold: Number.POSITIVE_INFINITY, largeBytesMax: 104_857_600 });
  });

  test.each([
    ['connection_throttle_tokens', 'connectionMaxTokens'],
    ['connection_throttle_fill_time', 'connectionTokenFillTime'],
    ['connection_throttle_drop_increase', 'connectionDropIncrease'],
    ['request_throttle_max_requests', 'requestThrottleLimit'],
    ['request_throttle_stall_time', 'requestThrottleStallTime'],
  ])('%s may be spelled %s, as the manual does', (name, alias) => {
    expect(limits({ [alias]: '7' })).toEqual(limits({ [name]: '7' }));
    expect(limits({ [alias]: '7' })).not.toEqual(limits({}));
  });

  test.each(['0', '-1', '-5'])('no request is large with a threshold of %s', (largeRequestThreshold) => {
    expect(limits({ largeRequestThreshold }).largeRequests.largeBytesThreshold).toBe(Number.POSITIVE_INFINITY);
  });

  test('weights below 1 are the defaults, and nothing costs less than a local session', () => {
    const names = ['global', 'renew'].map((kind) => `connection_throttle_${kind}_session_weight`);
    const zero = limits(Object.fromEntries(names.map((name) => [name, '0']))).connectionThrottle;
    expect([zero.newSessionWeight, zero.renewWeight]).toEqual([3, 2]);
    const low = limits({ connection_throttle_local_session_weight: '9' }).connectionThrottle;
    expect([low.newSessionWeight, low.renewWeight]).toEqual([9, 9]);
  });

  test('a ratio that is no number refuses to start', () => {
    expect(() => limits({ connection_throttle_drop_increase: 'often' })).toThrow(ConfigError);
  });
});
