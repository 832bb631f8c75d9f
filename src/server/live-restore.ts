/**
 * A restore of the running server, from the file to the answer: proves the file on a pool thread, then sends it through the
 * pipeline (processor/restorer-actor.ts).
 *
 * Lives on the main thread and waits there; all work is done elsewhere. Whoever asks has written the file and removes it again
 * if it is still there afterwards.
 */
import type { Logger } from '../actor/logger.js';
import { joinPath } from '../persistence/file-store.js';
import { encodeRestorePlan, RESTORE_NAME } from '../persistence/restore-plan.js';
import type { RestorerActor } from '../processor/restorer-actor.js';
import { directoriesOf } from './log-thread.js';
import type { RestoreProof, RestoreTask } from './restore-task.js';
import type { ServerConfig } from './server-config.js';

const TASK = new URL('./restore-task.js', import.meta.url);

/** The database is as it was; the message says why. */
export class RestoreRefused extends Error {
  override readonly name = 'RestoreRefused';
}

export interface RestoredDatabase {
  /** The highest zxid of what was restored; the server goes on above it. */
  readonly zxidHi: number;
  readonly zxidLo: number;
}

export class LiveRestore {
  /** The uncompressed snapshot goes here. */
  readonly path: string;
  private readonly server: ServerConfig;
  private readonly snapshotDirectory: string;
  private readonly restorer: RestorerActor;
  private readonly whenNoPurge: () => Promise<void>;
  private readonly holdSnapshots: () => Promise<() => void>;
  private readonly log: Logger;

  /** `whenNoPurge` and `holdSnapshots`: all of them exchange names in the directories. */
  constructor(
    server: ServerConfig,
    restorer: RestorerActor,
    whenNoPurge: () => Promise<void>,
    holdSnapshots: () => Promise<() => void>,
    log: Logger,
  ) {
    this.server = server;
    this.snapshotDirectory = directoriesOf(server).snapshotDirectory;
    this.path = joinPath(this.snapshotDirectory, RESTORE_NAME);
    this.restorer = restorer;
    this.whenNoPurge = whenNoPurge;
    this.holdSnapshots = holdSnapshots;
    this.log = log;
  }

  /** Resolves when the restored database is durable and served. Rejects with RestoreRefused: nothing has changed. */
  async run(): Promise<RestoredDatabase> {
    const proof = await this.prove();
    if ('reason' in proof) throw new RestoreRefused(proof.reason);
    const { plan, lastZxidHi: zxidHi, lastZxidLo: zxidLo, nodeCount, sessionCount, digestAgrees } = proof.proven;
    if (!digestAgrees) {
      this.log.warn('The snapshot names another tree digest than it has: it was taken while the tree was changing');
    }
    this.log.info(`Restoring a snapshot of ${nodeCount} nodes and ${sessionCount} sessions`);
    const release = await this.holdSnapshots();
    try {
      await this.install(encodeRestorePlan(plan), zxidHi, zxidLo);
    } finally {
      release();
    }
    return { zxidHi, zxidLo };
  }

  private async install(plan: Uint8Array, zxidHi: number, zxidLo: number): Promise<void> {
    await this.whenNoPurge();
    // No purge begins from here on until it is done: the restorer is busy before anything else runs.
    await new Promise<void>((resolve, reject) => {
      this.restorer.restore({
        plan,
        zxidHi,
        zxidLo,
        onDone: (isRestored) => {
          if (isRestored) resolve();
          else reject(new RestoreRefused('its files could not be written'));
        },
      });
    });
  }

  private async prove(): Promise<RestoreProof> {
    const { Piscina } = await import('piscina');
    const pool = new Piscina({ filename: TASK.href, minThreads: 0, maxThreads: 1 });
    const { snapshotDirectory } = this;
    const { emulate353TtlNodes, digestEnabled } = this.server;
    const task: RestoreTask = { snapshotDirectory, emulate353TtlNodes, digestEnabled };
    try {
      return (await pool.run(task)) as RestoreProof;
    } finally {
      await pool.destroy();
    }
  }
}
