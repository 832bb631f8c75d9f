/**
 * The shell of the snapshotter: takes a snapshot when the sync stage has rolled its log, or when recovery has replayed one.
 *
 * Lives on the main thread and does nothing there but start the task in the piscina pool (snapshot-task.ts), hand it slabs
 * of the tree that appear while it runs, and report how it ended. One snapshot at a time; a failed one ends the process
 * with exit code 10, as operators know it, though nothing is lost by it.
 */
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { Piscina } from 'piscina';
import type { Actor, ActorContext } from '../actor/actor.js';
import type { RecordHandler } from '../actor/mailbox/mailbox.js';
import { hex64 } from '../base/int64.js';
import { SharedName, slabName } from './shared-name.js';
import type { SnapshotTask, SnapshotTaskResult } from './snapshot-task.js';

const TASK = new URL('./snapshot-task.js', import.meta.url);
/** A pool thread without work ends after this. */
const IDLE_TIMEOUT_MS = 2000;

export class SnapshotterActor implements Actor {
  readonly inboxes: Record<string, RecordHandler>;
  readonly tickMs = 250;

  private readonly context: ActorContext;
  private readonly directory: string;
  private readonly fail: (error: Error) => void;
  private pool: Piscina | null = null;
  private running: { port: MessagePort; slabCount: number } | null = null;
  private loaded: { zxidHi: number; zxidLo: number } | null = null;

  /** `fail` ends the process; it gets what the task threw. */
  constructor(context: ActorContext, snapshotDirectory: string, fail: (error: Error) => void) {
    this.context = context;
    this.directory = snapshotDirectory;
    this.fail = fail;
    const onDue: RecordHandler = () => this.take();
    this.inboxes = { sync: onDue, final: onDue };
  }

  onTick(): void {
    this.handOverSlabs();
  }

  onStop(): void {
    this.running?.port.close();
    void this.pool?.destroy();
  }

  private take(): void {
    if (this.running !== null) {
      this.context.log.warn('Too busy to snap, skipping');
      return;
    }
    const { port1, port2 } = new MessageChannel();
    port1.unref();
    this.running = { port: port1, slabCount: 0 };
    this.handOverSlabs();
    const { shared } = this.context;
    const task: SnapshotTask = {
      directory: this.directory,
      treeControl: shared[SharedName.treeControl] as SharedArrayBuffer,
      sessions: shared[SharedName.sessions] as SharedArrayBuffer,
      durableZxid: shared[SharedName.durableZxid] as SharedArrayBuffer,
      loaded: this.loaded,
      slabs: port2,
    };
    this.run(task, port2).then(
      (result) => this.done(result),
      (error: unknown) => this.fail(error instanceof Error ? error : new Error(String(error))),
    );
  }

  private async run(task: SnapshotTask, port: MessagePort): Promise<SnapshotTaskResult | null> {
    if (this.pool === null) {
      // Loaded with the first snapshot: most starts need none, and they are to be short.
      const { Piscina } = await import('piscina');
      this.pool = new Piscina({ filename: TASK.href, minThreads: 0, maxThreads: 1, idleTimeout: IDLE_TIMEOUT_MS });
    }
    return (await this.pool.run(task, { transferList: [port] })) as SnapshotTaskResult | null;
  }

  private done(result: SnapshotTaskResult | null): void {
    this.running?.port.close();
    this.running = null;
    if (result === null) return;
    this.loaded = { zxidHi: result.zxidHi, zxidLo: result.zxidLo };
    const zxid = hex64(result.zxidHi, result.zxidLo);
    this.context.log.info(`Snapshotting: 0x${zxid} to ${this.directory}/${result.name}`);
    this.context.log.info(`Snapshot taken in ${result.tookMs} ms`);
  }

  /** The task may meet a reference into a slab that was made after it began. */
  private handOverSlabs(): void {
    const running = this.running;
    if (running === null) return;
    for (;;) {
      const slab = this.context.findShared(slabName(running.slabCount));
      if (slab === undefined) return;
      running.port.postMessage({ index: running.slabCount, slab });
      running.slabCount++;
    }
  }
}
