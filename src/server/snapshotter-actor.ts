/**
 * The shell of the snapshotter: has snapshots written by a task in the piscina pool (snapshot-task.ts), hands it slabs of the
 * tree that appear while it runs, and is the port through which the main thread asks for one by hand. Which is written when,
 * and what a failure means, is decided by snapshot-schedule.ts.
 *
 * Lives on the main thread and does nothing there but start the task and take its outcome.
 */
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { Piscina } from 'piscina';
import type { Actor, ActorContext } from '../actor/actor.js';
import type { RecordHandler } from '../actor/mailbox/mailbox.js';
import { joinPath } from '../persistence/file-store.js';
import { SharedName, slabName } from './shared-name.js';
import type { SnapshotFile, SnapshotOutcome } from './snapshot-attempt.js';
import type { SnapshotConfig } from './snapshot-config.js';
import { readSnapshotLoaded, SnapshotRecord } from './snapshot-records.js';
import { SnapshotSchedule } from './snapshot-schedule.js';
import type { SnapshotTask } from './snapshot-task.js';

const TASK = new URL('./snapshot-task.js', import.meta.url);
/** A pool thread without work ends after this: the next snapshot under a steady load finds it with its code compiled. */
const IDLE_TIMEOUT_MS = 60_000;

export interface TakenSnapshot extends SnapshotFile {
  readonly path: string;
}

/** What the main thread may ask of the snapshotter. */
export interface SnapshotPort {
  /**
   * Takes a snapshot that holds every transaction applied so far, after those already under way. When the newest good one
   * holds them all, that file is the answer, whoever took it. Rejects with the reason when there is none to give; the server
   * goes on.
   */
  takeSnapshot(): Promise<TakenSnapshot>;
  /** The snapshot loaded or written last; null without one. */
  lastSnapshot(): TakenSnapshot | null;
  /** One is being written, or will be right after. */
  isUnfinished(): boolean;
  /** Resolves when none is being written, and none is begun until the function it gives was called. */
  holdSnapshots(): Promise<() => void>;
}

export class SnapshotterActor implements Actor, SnapshotPort {
  readonly inboxes: Record<string, RecordHandler>;
  readonly tickMs = 250;

  private readonly context: ActorContext;
  private readonly directory: string;
  private readonly config: SnapshotConfig;
  private readonly schedule: SnapshotSchedule;
  private pool: Piscina | null = null;
  private running: { port: MessagePort; slabCount: number } | null = null;

  /** `fail` ends the process; it gets the reason. */
  constructor(context: ActorContext, snapshotDirectory: string, config: SnapshotConfig, fail: (error: Error) => void) {
    this.context = context;
    this.config = config;
    this.directory = snapshotDirectory;
    const snapshotTime = context.metrics.summary('snapshottime');
    this.schedule = new SnapshotSchedule({
      clock: context.clock,
      log: context.log,
      directory: snapshotDirectory,
      begin: (good, done) => this.begin(good, done),
      onTaken: (tookMs) => snapshotTime.add(tookMs),
      fail,
    });
    this.inboxes = {
      sync: () => this.schedule.onDue(),
      final: (type, bytes, words, offset) => {
        if (type === SnapshotRecord.due) this.schedule.onDue();
        else this.schedule.onLoaded(readSnapshotLoaded(type, bytes, words, offset));
      },
    };
  }

  async takeSnapshot(): Promise<TakenSnapshot> {
    return this.withPath(await this.schedule.take());
  }

  lastSnapshot(): TakenSnapshot | null {
    const { last } = this.schedule;
    return last === null ? null : this.withPath(last);
  }

  isUnfinished(): boolean {
    return this.schedule.isUnfinished;
  }

  holdSnapshots(): Promise<() => void> {
    return this.schedule.holdBack();
  }

  onTick(): void {
    this.handOverSlabs();
  }

  onStop(): void {
    this.schedule.stop();
    this.running?.port.close();
    void this.pool?.destroy();
  }

  private withPath(file: SnapshotFile): TakenSnapshot {
    return { ...file, path: joinPath(this.directory, file.name) };
  }

  private begin(good: SnapshotFile | null, done: (outcome: SnapshotOutcome | Error) => void): void {
    const { port1, port2 } = new MessageChannel();
    port1.unref();
    this.running = { port: port1, slabCount: 0 };
    this.handOverSlabs();
    const { shared } = this.context;
    const task: SnapshotTask = {
      directory: this.directory,
      config: this.config,
      treeControl: shared[SharedName.treeControl] as SharedArrayBuffer,
      sessions: shared[SharedName.sessions] as SharedArrayBuffer,
      durableZxid: shared[SharedName.durableZxid] as SharedArrayBuffer,
      snapshotGate: shared[SharedName.snapshotGate] as SharedArrayBuffer,
      good,
      slabs: port2,
    };
    const end = (outcome: SnapshotOutcome | Error): void => {
      port1.close();
      this.running = null;
      done(outcome);
    };
    this.run(task, port2).then(end, (error: unknown) => end(error instanceof Error ? error : new Error(String(error))));
  }

  private async run(task: SnapshotTask, port: MessagePort): Promise<SnapshotOutcome> {
    if (this.pool === null) {
      // Loaded with the first snapshot: most starts need none, and they are to be short.
      const { Piscina } = await import('piscina');
      this.pool = new Piscina({ filename: TASK.href, minThreads: 0, maxThreads: 1, idleTimeout: IDLE_TIMEOUT_MS });
    }
    return (await this.pool.run(task, { transferList: [port] })) as SnapshotOutcome;
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
