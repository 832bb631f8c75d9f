/**
 * Lets the operating system put the calling thread behind the server's others: for work that has time, beside clients that
 * have none. A shell; called by tasks of the piscina pool on their own threads, never by an actor.
 *
 * Linux keeps a niceness per thread and takes a thread's number where it takes a process's; elsewhere the same call would
 * slow down the whole process, so nothing is done there.
 */
import { readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';

/** About a tenth of a core's time when others want it, all of it when nobody does. */
const NICENESS = 10;

/** False where the system cannot do it for one thread. */
export function yieldToOtherThreads(): boolean {
  if (process.platform !== 'linux') return false;
  try {
    const thread = readlinkSync('/proc/thread-self');
    setPriority(Number(thread.slice(thread.lastIndexOf('/') + 1)), NICENESS);
    return true;
  } catch {
    // Without /proc, or in a sandbox that forbids it, the task runs as everything else does.
    return false;
  }
}
