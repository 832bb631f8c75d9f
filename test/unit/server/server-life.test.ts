// The end of a server whose parts do not answer any more.

import { expect, test } from 'vitest';
import type { ServerConfig } from '../../../src/server/server-config.js';
import { ServerLife } from '../../../src/server/server-life.js';
import type { ServerLog } from '../../../src/server/server-log.js';

test('a shard that cannot be asked any more keeps nobody from stopping the rest', async () => {
  const told: string[] = [];
  const log = { warn: (message: string) => told.push(message) } as unknown as ServerLog;
  const life = new ServerLife({} as ServerConfig, log, { onStartFailed: () => {}, onFatal: () => {} });
  const drain = (): Promise<void> => Promise.reject(new Error('thread io-0 has ended'));
  Object.assign(life, { hasStarted: true, live: { drain } });
  await life.drain();
  expect(told).toEqual(['Clients could not be told of the end']);
});

test('clients are waited for as long as is configured, and not before there are any', async () => {
  const waits: number[] = [];
  const life = new ServerLife({ drainMs: 70 } as ServerConfig, {} as ServerLog, {
    onStartFailed: () => {},
    onFatal: () => {},
  });
  const drain = async (deadlineMs: number): Promise<void> => void waits.push(deadlineMs);
  Object.assign(life, { live: { drain } });
  await life.drain();
  expect(waits).toEqual([]);
  Object.assign(life, { hasStarted: true });
  await life.drain();
  expect(waits).toEqual([70]);
});
