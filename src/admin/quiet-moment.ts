// Waits for a moment in which the tree can be read. Main thread; between two tries everything else goes on.
// The tree's writer is never waited for in a loop of ours: while it replaces the whole tree, which may take seconds, the answer is
// that there is none.

import { setTimeout as delay } from 'node:timers/promises';

const TRIES = 50;
const PAUSE_MS = 4;

/** Null: there was none. */
export async function atQuietMoment<T>(read: () => T | null): Promise<T | null> {
  for (let tries = 0; tries < TRIES; tries++) {
    const reading = read();
    if (reading !== null) return reading;
    await delay(PAUSE_MS);
  }
  return null;
}
