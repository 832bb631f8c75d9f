/**
 * Gives purges to a thread of their own: a piscina pool that lives as long as one purge, since hours lie between two of them.
 *
 * Called on the main thread, which only waits for the outcome. Nothing here knows what is purged, or when.
 */
import type { PurgeDirectories } from '../persistence/purge.js';
import type { PurgeOutcome, PurgeTask } from './purge-task.js';

const TASK = new URL('./purge-task.js', import.meta.url);

export async function purgeInPool(directories: PurgeDirectories, retainCount: number): Promise<PurgeOutcome> {
  // Loaded with the first purge: most servers never purge.
  const { Piscina } = await import('piscina');
  const pool = new Piscina({ filename: TASK.href, minThreads: 0, maxThreads: 1 });
  const task: PurgeTask = { directories, retainCount };
  try {
    return (await pool.run(task)) as PurgeOutcome;
  } finally {
    await pool.destroy();
  }
}
