/**
 * The counts of connections: per address and in all, over several shards, for any number of addresses that come and go.
 */
import { describe, expect, it } from 'vitest';
import { Prng } from '../../../src/base/prng.js';
import { ConnectionCounts, REFUSED, REFUSED_IN_ALL } from '../../../src/net/connection-counts.js';
import { InlineServer } from '../../testing/inline-server.js';

const ADDRESSES = 70_000;

function shards(count: number, seed = 1): ConnectionCounts[] {
  const memory = ConnectionCounts.createMemory(count, seed);
  return Array.from({ length: count }, (_, shard) => new ConnectionCounts(memory, shard, count));
}

function addressOf(i: number): string {
  return `10.${(i >> 16) & 0xff}.${(i >> 8) & 0xff}.${i & 0xff}`;
}

describe('limits', () => {
  it('per address, over all shards', () => {
    const [a, b] = shards(2);
    const first = a.tryAdd('10.0.0.1', 2, 0);
    expect(first).not.toBe(REFUSED);
    expect(b.tryAdd('10.0.0.1', 2, 0)).not.toBe(REFUSED);
    expect(a.tryAdd('10.0.0.1', 2, 0)).toBe(REFUSED);
    expect(b.tryAdd('10.0.0.1', 2, 0)).toBe(REFUSED);
    expect(b.tryAdd('10.0.0.2', 2, 0)).not.toBe(REFUSED);
    a.remove(first);
    expect(b.tryAdd('10.0.0.1', 2, 0)).not.toBe(REFUSED);
    expect(a.tryAdd('10.0.0.1', 2, 0)).toBe(REFUSED);
  });

  it('in all, over all shards', () => {
    const [a, b] = shards(2);
    const row = a.tryAdd('10.0.0.1', 0, 2);
    expect(b.tryAdd('10.0.0.2', 0, 2)).toBeGreaterThanOrEqual(0);
    expect(b.tryAdd('10.0.0.3', 0, 2)).toBe(REFUSED_IN_ALL);
    a.remove(row);
    expect(b.tryAdd('10.0.0.3', 0, 2)).toBeGreaterThanOrEqual(0);
  });

  it('what a shard held is forgotten when it is made anew, what others hold is not', () => {
    const [a, b] = shards(2);
    a.tryAdd('10.0.0.1', 2, 0);
    b.tryAdd('10.0.0.1', 2, 0);
    a.clearOwn();
    expect(a.tryAdd('10.0.0.1', 2, 0)).not.toBe(REFUSED);
    expect(a.tryAdd('10.0.0.1', 2, 0)).toBe(REFUSED);
  });
});

describe('addresses without connections are forgotten', () => {
  it('one after the other, more than the table has rows', () => {
    const [a, b] = shards(2);
    for (let i = 0; i < ADDRESSES; i++) {
      const address = addressOf(i);
      const row = a.tryAdd(address, 1, 0);
      if (row === REFUSED || b.tryAdd(address, 1, 0) !== REFUSED) throw new Error(`${address} is not limited to one`);
      a.remove(row);
    }
  });

  it('a server limits the seventy-thousandth client as it did the first', () => {
    const server = InlineServer.start({ config: { maxClientCnxns: 1 } });
    let unlimited = 0;
    for (let i = 0; i < ADDRESSES; i++) {
      const address = addressOf(i);
      const client = server.network.connect(0, { address });
      server.network.deliverAll();
      // Now and then, and always at the end, a second one tries.
      if (i % 10 === 0 || i > ADDRESSES - 1000) {
        const second = server.network.connect(0, { address });
        server.network.deliverAll();
        if (!second.refused) unlimited++;
      }
      client.destroy();
      server.network.deliverAll();
    }
    expect(unlimited).toBe(0);
    server.run();
    expect(server.counters().sum('connections', 'connections.')).toBe(0);
    server.stop();
  });

  it('counts are a model’s, whoever comes and goes', () => {
    const prng = new Prng(4711);
    const all = shards(3, 99);
    const open: { shard: number; address: string; row: number }[] = [];
    for (let step = 0; step < 60_000; step++) {
      // Up to 900 of 6000 addresses at a time, so that rows change hands all the time.
      if (open.length > 0 && prng.below(1800) < open.length) {
        const [gone] = open.splice(prng.below(open.length), 1);
        all[gone.shard].remove(gone.row);
        continue;
      }
      const shard = prng.below(3);
      const address = addressOf(prng.below(6000) ** 2);
      const row = all[shard].tryAdd(address, 2, 0);
      const held = open.filter((one) => one.address === address).length;
      if ((row === REFUSED) !== held >= 2) throw new Error(`step ${step}: ${address} holds ${held}, row ${row}`);
      if (row !== REFUSED) open.push({ shard, address, row });
    }
    expect(open.length).toBeGreaterThan(500);
  });
});
