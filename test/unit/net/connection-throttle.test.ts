// The token bucket of new connections (client-protocol 2.7): sizes, filling, weights, the drop at random, and that all shards
// draw from the same one. The figures are worked out by hand from the text.

import { describe, expect, test } from 'vitest';
import { ConnectionThrottle, type ConnectionThrottleOptions } from '../../../src/net/connection-throttle.js';
import { Ending } from '../../testing/inline/sim-client-network.js';
import { InlineServer } from '../../testing/inline-server.js';

const OFF: ConnectionThrottleOptions = {
  tokensMax: 0,
  fillMs: 1,
  fillCount: 1,
  freezeMs: -1,
  dropIncrease: 0.02,
  dropDecrease: 0.002,
  decreaseRatio: 0,
  weighted: false,
  newSessionWeight: 3,
  renewWeight: 2,
};

function bucket(options: Partial<ConnectionThrottleOptions>, random = () => 0): ConnectionThrottle {
  const memory = new SharedArrayBuffer(ConnectionThrottle.byteLength());
  return new ConnectionThrottle(memory, { ...OFF, ...options }, random);
}

function passed(throttle: ConnectionThrottle, times: number, nowMs: number, renews = false): number {
  let count = 0;
  for (let i = 0; i < times; i++) if (throttle.tryPass(renews, nowMs)) count++;
  return count;
}

describe('the bucket', () => {
  test('of size 0 lets everybody in', () => {
    expect(passed(bucket({}), 10_000, 5)).toBe(10_000);
  });

  test('is full at first, and empty after as many as it holds', () => {
    expect(passed(bucket({ tokensMax: 5, fillMs: 1000 }), 20, 1)).toBe(5);
  });

  test('is filled only when more than the fill time has passed, in proportion, up to its size', () => {
    const throttle = bucket({ tokensMax: 10, fillMs: 100, fillCount: 2 });
    expect(passed(throttle, 20, 1)).toBe(10);
    expect(passed(throttle, 20, 101)).toBe(0);
    expect(passed(throttle, 20, 251)).toBe(5);
    expect(passed(throttle, 20, 351)).toBe(0);
    expect(passed(throttle, 20, 100_000)).toBe(10);
  });

  test('works at any moment of the clock, its wrap at 32 bits included', () => {
    for (const beginMs of [0, 2 ** 31 - 50, 2 ** 32 - 50, 2 ** 40]) {
      const throttle = bucket({ tokensMax: 3, fillMs: 10 });
      expect(passed(throttle, 5, beginMs)).toBe(3);
      expect(passed(throttle, 5, beginMs + 100)).toBe(3);
    }
  });

  test('with weights is meant in new sessions, which cost more than renewals', () => {
    expect(passed(bucket({ tokensMax: 4, fillMs: 1000, weighted: true }), 20, 1)).toBe(4);
    expect(passed(bucket({ tokensMax: 4, fillMs: 1000, weighted: true }), 20, 1, true)).toBe(6);
    expect(passed(bucket({ tokensMax: 4, fillMs: 1000 }), 20, 1, true)).toBe(4);
  });
});

describe('the drop at random', () => {
  test('grows by one step per freeze time while the bucket is empty, and falls again when it is nearly full', () => {
    let random = 0.99;
    const throttle = bucket({ tokensMax: 2, fillMs: 1_000_000, freezeMs: 10, dropIncrease: 0.4 }, () => random);
    expect(passed(throttle, 2, 1)).toBe(2);
    // Empty at each of these: the chance becomes 0.4, 0.8, 1.
    for (const nowMs of [20, 40, 60]) expect(throttle.tryPass(false, nowMs)).toBe(false);
    // Full again: 0.998, then 0.996.
    expect(throttle.tryPass(false, 3_000_000)).toBe(false);
    random = 0.997;
    expect(throttle.tryPass(false, 3_000_020)).toBe(true);
  });

  test('of 0 drops nobody, whatever is drawn', () => {
    const throttle = bucket({ tokensMax: 100, fillMs: 1, freezeMs: 1_000_000 }, () => 0);
    expect(passed(throttle, 100, 1)).toBe(100);
  });
});

describe('a server with a bucket', () => {
  const connectionThrottle = { ...OFF, tokensMax: 2, fillMs: 1000 };

  function start(connectionShards = 1): InlineServer {
    const server = InlineServer.start();
    const { limits } = server.config;
    server.stop();
    return InlineServer.start({ connectionShards, config: { limits: { ...limits, connectionThrottle } } });
  }

  test('closes whom it does not let in, without a byte, and lets others in later', () => {
    const server = start();
    server.connect();
    server.connect();
    const third = server.dial();
    third.handshake();
    server.run();
    expect(third.take()).toEqual([]);
    expect(third.connection.ending).toBe(Ending.fin);
    expect(server.counters().get('connections.0', 'connection_rejected')).toBe(1);
    server.advance(1500);
    expect(server.connect().sessionId).not.toBe(0n);
  });

  test('counts the connections of all its shards', () => {
    const server = start(2);
    server.connect({ shard: 0 });
    server.connect({ shard: 1 });
    for (const shard of [0, 1]) {
      const late = server.dial({ shard });
      late.handshake();
      server.run();
      expect(late.take()).toEqual([]);
    }
  });
});
