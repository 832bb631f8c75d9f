/** Which addresses are tried when, and what becomes of those that lose; names and attempts are a script, time is a fake. */
import { Socket } from 'node:net';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { ConnectionRace } from '../../../src/peer/connection-race.js';

const NAMES: Readonly<Record<string, readonly string[]>> = { both: ['10.0.0.1', '::1'], one: ['10.0.0.2'], none: [] };

let happened: string[] = [];
let attempts: Map<string, { open(): void; fail(reason: string): void }>;

beforeEach(() => {
  vi.useFakeTimers();
  happened = [];
  attempts = new Map();
});
afterEach(() => {
  vi.useRealTimers();
});

async function race(...hosts: string[]): Promise<ConnectionRace> {
  const made = new ConnectionRace(
    hosts.map((host) => ({ host, port: 1 })),
    5000,
    (address, _port, host, onOpen, onFailed) => {
      happened.push(`try ${host} ${address}`);
      attempts.set(address, { open: () => onOpen(new Socket()), fail: onFailed });
      return () => happened.push(`stop ${address}`);
    },
    () => happened.push('won'),
    (reason) => happened.push(`lost: ${reason}`),
    (host, onFound) => {
      const addresses = NAMES[host];
      const error = Object.assign(new Error(), { code: 'ENOTFOUND' });
      queueMicrotask(() => onFound(addresses === undefined ? error : null, [...(addresses ?? [])]));
    },
  );
  await Promise.resolve();
  return made;
}

function take(): string[] {
  return happened.splice(0);
}

it('addresses of different names are tried at once, a name’s one behind the other when it is silent', async () => {
  await race('both', 'one');
  expect(take()).toEqual(['try both 10.0.0.1', 'try one 10.0.0.2']);
  vi.advanceTimersByTime(249);
  expect(take()).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(take()).toEqual(['try both ::1']);
  attempts.get('10.0.0.1')?.open();
  expect(take()).toEqual(['stop 10.0.0.2', 'stop ::1', 'won']);
  vi.advanceTimersByTime(10_000);
  expect(take()).toEqual([]);
});

it('the next address of a name comes up as soon as the one before it fails', async () => {
  await race('both');
  attempts.get('10.0.0.1')?.fail('refused');
  expect(take()).toEqual(['try both 10.0.0.1', 'try both ::1']);
  vi.advanceTimersByTime(300);
  attempts.get('::1')?.fail('refused, too');
  expect(take()).toEqual(['lost: refused; refused, too']);
});

it('it is lost when all have failed, and not before', async () => {
  await race('one', 'unknown', 'none');
  expect(take()).toEqual(['try one 10.0.0.2']);
  attempts.get('10.0.0.2')?.fail('refused');
  expect(take()).toEqual(['lost: unknown: ENOTFOUND; refused']);
});

it('it is lost when time is over, and everything is stopped', async () => {
  await race('both');
  vi.advanceTimersByTime(5000);
  expect(take()).toEqual([
    'try both 10.0.0.1',
    'try both ::1',
    'stop 10.0.0.1',
    'stop ::1',
    'lost: no connection after 5000 ms',
  ]);
});

it('a cancelled one tells nothing', async () => {
  const cancelled = await race('both');
  cancelled.cancel();
  attempts.get('10.0.0.1')?.open();
  vi.advanceTimersByTime(10_000);
  expect(take()).toEqual(['try both 10.0.0.1', 'stop 10.0.0.1']);
});
