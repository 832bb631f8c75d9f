import { expect, test } from 'vitest';
import { Prng } from '../../../src/base/prng.js';
import { HostProvider } from '../../../src/client/host-provider.js';

const servers = ['a', 'b', 'c', 'd', 'e'].map((host) => ({ host, port: 2181 }));

function round(provider: HostProvider, count: number): string {
  let text = '';
  for (let i = 0; i < count; i++) {
    const { server, roundIsOver } = provider.next();
    text += (roundIsOver ? '|' : '') + server.host;
  }
  return text;
}

test('one shuffle, then round and round in the same order', () => {
  const order = round(new HostProvider(servers, new Prng(7)), 5);
  expect([...order].sort().join('')).toBe('abcde');
  expect(round(new HostProvider(servers, new Prng(7)), 11)).toBe(`${order}|${order}|${order[0]}`);
});

test('the seed decides the order', () => {
  const orders = new Set(Array.from({ length: 40 }, (_, seed) => round(new HostProvider(servers, new Prng(seed)), 5)));
  expect(orders.size).toBeGreaterThan(20);
});

test('a round is counted from the last server that worked', () => {
  const provider = new HostProvider(servers.slice(0, 3), new Prng(1));
  const order = round(provider, 2);
  provider.onConnected(); // to the second one
  const next = round(provider, 4);
  expect(next[0]).not.toBe(order[0]);
  expect(next).toBe(`${next[0]}${order[0]}|${order[1]}${next[0]}`);
});

test('a single server: every attempt after the first ends a round', () => {
  expect(round(new HostProvider(servers.slice(0, 1), new Prng(1)), 3)).toBe('a|a|a');
});
