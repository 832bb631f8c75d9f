/**
 * DatadirCleanupManager: removes old snapshots and logs, the first time right after the database is there and then every
 * autopurge.purgeInterval hours. Off by default: then it says so and never wakes.
 *
 * Lives on the main thread; deterministic, since `begin` has the work done elsewhere. It waits while a snapshot is unfinished
 * or a restore exchanges the files, and whoever is about to exchange them waits for it (`whenIdle`). A purge that fails is an
 * error in the log and nothing else: the next one tries again.
 */
import type { Actor, ActorContext } from '../actor/actor.js';
import type { RecordHandler } from '../actor/mailbox/mailbox.js';
import { JavaDates } from './java-date.js';
import type { PurgeOutcome } from './purge-task.js';

export interface DatadirCleanupOptions {
  readonly retainCount: number;
  /** 0: never. */
  readonly intervalHours: number;
}

export interface DatadirCleanupPorts {
  /** False while somebody else is at work on the names in the directories. */
  mayPurge(): boolean;
  /** Has the directories purged; calls back once, at once or later. */
  begin(retainCount: number, done: (outcome: PurgeOutcome | Error) => void): void;
}

const HOUR_MS = 3_600_000;
/** How late a purge may begin. Shared with other actors' ticks, so that it wakes nobody. */
const TICK_MS = 1000;

export class DatadirCleanupActor implements Actor {
  readonly inboxes: Record<string, RecordHandler>;

  private readonly context: ActorContext;
  private readonly options: DatadirCleanupOptions;
  private readonly ports: DatadirCleanupPorts;
  private readonly dates = new JavaDates();
  private nextMs = Number.POSITIVE_INFINITY; // until there is a database
  private isRunning = false;
  private idleWaiters: (() => void)[] = [];

  constructor(context: ActorContext, options: DatadirCleanupOptions, ports: DatadirCleanupPorts) {
    this.context = context;
    this.options = options;
    this.ports = ports;
    this.inboxes = { final: () => this.onLoaded() };
  }

  get tickMs(): number {
    return this.isOff ? HOUR_MS : TICK_MS;
  }

  onStart(): void {
    const { log } = this.context;
    log.info(`autopurge.snapRetainCount set to ${this.options.retainCount}`);
    log.info(`autopurge.purgeInterval set to ${this.options.intervalHours}`);
    if (this.isOff) log.info('Purge task is not scheduled.');
  }

  onTick(nowMs: number): void {
    if (nowMs < this.nextMs || this.isRunning || !this.ports.mayPurge()) return;
    // At a fixed rate; what was missed is not made up for.
    const intervalMs = this.options.intervalHours * HOUR_MS;
    this.nextMs += Math.max(1, Math.ceil((nowMs - this.nextMs) / intervalMs)) * intervalMs;
    this.isRunning = true;
    this.context.log.info('Purge task started.');
    this.ports.begin(this.options.retainCount, (outcome) => this.onDone(outcome));
  }

  /** Resolves when no purge is running. Who then begins at once, before anything else runs, has the directories to itself. */
  whenIdle(): Promise<void> {
    if (!this.isRunning) return Promise.resolve();
    return new Promise((resolve) => this.idleWaiters.push(resolve));
  }

  private get isOff(): boolean {
    return this.options.intervalHours === 0;
  }

  /** Until then recovery may want any file; a restore tells it again, and changes nothing about the times. */
  private onLoaded(): void {
    if (this.isOff || this.nextMs !== Number.POSITIVE_INFINITY) return;
    // Not in this turn, in which the snapshotter may not have heard yet that a start's snapshot is due.
    this.nextMs = this.context.clock.monotonicMs() + 1;
  }

  private onDone(outcome: PurgeOutcome | Error): void {
    const { log } = this.context;
    if (outcome instanceof Error) {
      log.error('Error occurred while purging.', { error: outcome });
    } else {
      for (const { path, writtenMs } of outcome.removed) {
        log.info(`Removing file: ${this.dates.medium(writtenMs)}\t${path}`);
      }
      for (const complaint of outcome.complaints) log.warn(complaint);
      if (outcome.failure !== null) log.error(`Error occurred while purging. ${outcome.failure}`);
    }
    log.info('Purge task completed.');
    this.isRunning = false;
    const waiters = this.idleWaiters;
    this.idleWaiters = [];
    for (const resolve of waiters) resolve();
  }
}
