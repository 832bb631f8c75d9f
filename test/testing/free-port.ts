/**
 * A free port on the loopback address. Taken below the range from which the kernel gives ports to outgoing connections,
 * so that no client of another test can take it between this check and the server's bind. No port is given twice in a
 * process, and test files that run side by side choose from ranges of their own, for the same reason.
 */
import { createServer } from 'node:net';

const FIRST = 20_000;
const COUNT = 12_000;
const TRIES = 50;
/** Test files run side by side, at most. */
const POOLS_MAX = 4;

const given = new Set<number>();

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ port, host: '127.0.0.1', exclusive: true }, () => probe.close(() => resolve(true)));
  });
}

export async function freePort(): Promise<number> {
  for (let i = 0; i < TRIES; i++) {
    const port = candidate();
    if (given.has(port)) continue;
    // Before the check: of two callers side by side only one may get it.
    given.add(port);
    if (await isFree(port)) return port;
  }
  throw new Error(`no free port among ${TRIES} tried`);
}

function candidate(): number {
  const pool = Number(process.env.VITEST_POOL_ID ?? 0);
  if (pool === 0) return FIRST + Math.floor(Math.random() * COUNT);
  const each = COUNT / POOLS_MAX;
  return FIRST + ((pool - 1) % POOLS_MAX) * each + Math.floor(Math.random() * each);
}
