/**
 * Has snapshots proved by the pool, one at a time (verify-snapshot-task.ts). For the main thread, which must not read files
 * of hundreds of megabytes itself, and for tools that run beside a server.
 *
 * Its owner closes it; its thread ends by itself after a while without work.
 */
import type { Piscina } from 'piscina';
import type { SnapshotVerdict } from '../persistence/verify-snapshot.js';

const TASK = new URL('./verify-snapshot-task.js', import.meta.url);
const IDLE_TIMEOUT_MS = 2000;

export class SnapshotVerifier {
  private pool: Piscina | null = null;

  /** Rejects only with what nobody expects; a file that is broken or gone is a verdict. */
  async verify(path: string): Promise<SnapshotVerdict> {
    if (this.pool === null) {
      // Loaded with the first file: a server that never purges needs none of it.
      const { Piscina } = await import('piscina');
      this.pool ??= new Piscina({ filename: TASK.href, minThreads: 0, maxThreads: 1, idleTimeout: IDLE_TIMEOUT_MS });
    }
    return (await this.pool.run(path)) as SnapshotVerdict;
  }

  async close(): Promise<void> {
    await this.pool?.destroy();
    this.pool = null;
  }
}
