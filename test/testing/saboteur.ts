/**
 * A module that every thread of a server loads first (NODE_OPTIONS), and that makes one of them fail as if by a fault of its own: an
 * error outside of everything, once, as soon as a file is there.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Saboteur {
  readonly nodeOptions: string;
  /** The thread fails now; one that takes its place does not. */
  strike(): void;
}

export const PLANTED = 'the planted one';

/** `threadName`: `main`, or of a worker. */
export function saboteur(directory: string, threadName: string): Saboteur {
  const path = join(directory, 'saboteur.mjs');
  const signal = join(directory, 'signal');
  writeFileSync(
    path,
    `import { rmSync } from 'node:fs';
     import { isMainThread, workerData } from 'node:worker_threads';
     function strike() {
       try { rmSync(${JSON.stringify(signal)}); } catch { return; }
       throw new Error('${PLANTED}');
     }
     const name = isMainThread ? 'main' : workerData?.threadName;
     if (name === ${JSON.stringify(threadName)}) setInterval(strike, 10).unref();`,
  );
  return { nodeOptions: `--import=${path}`, strike: () => writeFileSync(signal, '') };
}
