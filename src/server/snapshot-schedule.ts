/**
 * Which snapshot is written when, and what follows from one that failed: one at a time, those that the log asks for and those
 * that somebody asks for by hand (persistence 7.1, 7.2, 10.1).
 *
 * Lives on the main thread, within the snapshotter; deterministic, and knows neither files nor threads: `begin` has the work
 * done elsewhere. It never lets a failure of a snapshot that was asked for by hand end the server.
 *
 *   sync: the log has grown ---due---> [schedule] ---begin---> task, one at a time
 *   admin: take one         ---take--> [        ] <--outcome--
 */
import type { Logger } from '../actor/logger.js';
import { assert } from '../base/assert.js';
import type { Clock } from '../base/clock.js';
import { compareSigned, hex64 } from '../base/int64.js';
import { SnapshotWriteError } from '../persistence/snapshot-writer.js';
import type { SnapshotFile, SnapshotOutcome } from './snapshot-attempt.js';

/**
 * After a disk was found full the log's wishes are passed over for so long: each try writes until nothing is left, beside a
 * log that needs room too.
 */
export const FULL_DISK_PAUSE_MS = 60_000;

export interface SnapshotPorts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly directory: string;
  /** Has a snapshot written unless `good` is of the tree's zxid; calls back once, at once or later. */
  begin(good: SnapshotFile | null, done: (outcome: SnapshotOutcome | Error) => void): void;
  /** One was written, in so many milliseconds. */
  onTaken?(tookMs: number): void;
  /** Ends the process. */
  fail(error: Error): void;
}

/** A snapshot that was asked for was not taken. The server goes on. */
export class SnapshotRefused extends Error {
  override readonly name = 'SnapshotRefused';
}

interface Waiter {
  resolve(file: SnapshotFile): void;
  reject(error: Error): void;
}

export class SnapshotSchedule {
  private readonly ports: SnapshotPorts;
  private good: SnapshotFile | null = null; // the newest whole one, loaded or written
  private isLoaded = false; // there is a database
  private isDue = false;
  private waiters: Waiter[] = [];
  private running: { readonly wasDue: boolean; readonly waiters: readonly Waiter[] } | null = null;
  private holdCount = 0; // who wants none begun
  private holders: (() => void)[] = []; // of them: who waits for the running one
  private beganMs = 0;
  private pausedUntilMs = Number.NEGATIVE_INFINITY;

  constructor(ports: SnapshotPorts) {
    this.ports = ports;
  }

  /** The snapshot written or loaded last: what a start would load now. */
  get last(): SnapshotFile | null {
    return this.good;
  }

  /** One is being written, or will be right after. */
  get isUnfinished(): boolean {
    return this.running !== null || this.isDue;
  }

  /** The database is there, from this snapshot if it came from any. */
  onLoaded(file: SnapshotFile | null): void {
    this.good = file;
    this.isLoaded = true;
  }

  /** The log has grown enough, or a start has replayed a part of it. */
  onDue(): void {
    const { log, clock } = this.ports;
    if (this.running?.wasDue === true || this.isDue) {
      log.warn('Too busy to snap, skipping');
      return;
    }
    if (clock.monotonicMs() < this.pausedUntilMs) {
      log.info('The disk was full at the last snapshot; skipping this one');
      return;
    }
    this.isDue = true;
    this.beginNext();
  }

  /**
   * Takes a snapshot that holds everything applied so far. If the newest good one does already, that one is the answer: it is
   * never written over. Rejects with the reason when there is none to give.
   */
  take(): Promise<SnapshotFile> {
    return new Promise((resolve, reject) => {
      if (!this.isLoaded) {
        reject(new SnapshotRefused('the database is not loaded yet'));
        return;
      }
      this.waiters.push({ resolve, reject });
      this.beginNext();
    });
  }

  /** The server stops, and with it what is being written. */
  stop(): void {
    const waiters = [...(this.running?.waiters ?? []), ...this.waiters];
    this.waiters = [];
    for (const { reject } of waiters) reject(new SnapshotRefused('the server is stopping'));
  }

  /**
   * Resolves when none is being written; none is begun from then on until the function it gives was called, once. For a
   * restore: a snapshot of the tree that was must not appear among the files of the one that is.
   */
  holdBack(): Promise<() => void> {
    this.holdCount++;
    const release = (): void => {
      this.holdCount--;
      this.beginNext();
    };
    if (this.running === null) return Promise.resolve(release);
    return new Promise((resolve) => this.holders.push(() => resolve(release)));
  }

  private beginNext(): void {
    if (this.running !== null || this.holdCount > 0 || !(this.isDue || this.waiters.length > 0)) return;
    this.running = { wasDue: this.isDue, waiters: this.waiters };
    this.isDue = false;
    this.waiters = [];
    this.beganMs = this.ports.clock.monotonicMs();
    this.ports.begin(this.good, (outcome) => this.onOutcome(outcome));
  }

  private onOutcome(outcome: SnapshotOutcome | Error): void {
    const { running } = this;
    assert(running !== null, 'an outcome comes of a snapshot that was begun');
    this.running = null;
    if (outcome instanceof Error) this.onFailed(running, outcome);
    else if (outcome.kind === 'written') this.onWritten(running, outcome.file);
    else if (outcome.kind === 'unchanged') this.answer(running, this.good);
    else if (outcome.kind === 'disk-full') this.onDiskFull(running, outcome.reason);
    else if (outcome.kind === 'failed') this.onFailed(running, new SnapshotWriteError(outcome.reason));
    else this.refuse(running, new SnapshotRefused(outcome.reason));
    const { holders } = this;
    this.holders = [];
    for (const isIdle of holders) isIdle();
    this.beginNext();
  }

  private onWritten(running: { readonly waiters: readonly Waiter[] }, file: SnapshotFile): void {
    const { log, directory, clock } = this.ports;
    // A restore may have come in between, with a zxid above all before it.
    if (this.good === null || compareSigned(file.zxidHi, file.zxidLo, this.good.zxidHi, this.good.zxidLo) > 0) {
      this.good = file;
    }
    this.pausedUntilMs = Number.NEGATIVE_INFINITY;
    log.info(`Snapshotting: 0x${hex64(file.zxidHi, file.zxidLo)} to ${directory}/${file.name}`);
    const tookMs = clock.monotonicMs() - this.beganMs;
    log.info(`Snapshot taken in ${Math.round(tookMs)} ms`);
    this.ports.onTaken?.(tookMs);
    this.answer(running, file);
  }

  private answer({ waiters }: { readonly waiters: readonly Waiter[] }, file: SnapshotFile | null): void {
    assert(file !== null, 'what has not changed has a snapshot');
    for (const { resolve } of waiters) resolve(file);
  }

  private refuse({ waiters }: { readonly waiters: readonly Waiter[] }, error: Error): void {
    for (const { reject } of waiters) reject(error);
  }

  /** Nothing is lost, the log goes on holding what the snapshot would have held. */
  private onDiskFull(running: { readonly waiters: readonly Waiter[] }, reason: string): void {
    const { log, clock, directory } = this.ports;
    this.pausedUntilMs = clock.monotonicMs() + FULL_DISK_PAUSE_MS;
    log.error(
      `${reason}. Writes go on, and the logs keep what it would hold; free space for ${directory}, ` +
        `or starts take longer and the log will end the server when it finds no room either`,
    );
    this.refuse(running, new SnapshotRefused(reason));
  }

  private onFailed(running: { readonly wasDue: boolean; readonly waiters: readonly Waiter[] }, error: Error): void {
    this.refuse(running, error);
    if (running.wasDue) this.ports.fail(error);
    else this.ports.log.error(`a snapshot that was asked for could not be taken: ${error.message}`);
  }
}
