/**
 * A free port on the loopback address. Taken below the range from which the kernel gives ports to outgoing connections,
 * so that no client of another test can take it between this check and the server's bind.
 */
import { createServer } from 'node:net';

const FIRST = 20_000;
const COUNT = 12_000;
const TRIES = 50;

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ port, host: '127.0.0.1', exclusive: true }, () => probe.close(() => resolve(true)));
  });
}

export async function freePort(): Promise<number> {
  for (let i = 0; i < TRIES; i++) {
    const port = FIRST + Math.floor(Math.random() * COUNT);
    if (await isFree(port)) return port;
  }
  throw new Error(`no free port among ${TRIES} tried`);
}
