// A checkWatches or removeWatches between being sent and being answered. Its effect is local: the watchers leave the
// client's sets when the server has said yes, or whatever it said (even nothing) if the caller asked for a local removal.
// Queued by ClientCnxn like any request. What it took out is told as events of the "removed" types.

import { assert } from '../base/assert.js';
import type { JuteReader } from '../jute/jute-reader.js';
import { ErrorCode } from '../protocol/error-code.js';
import { type EventType, KeeperState, type WatcherType } from '../protocol/watch-event.js';
import type { ClientWatchManager, ToldWatchers } from './client-watch-manager.js';
import { KeeperError } from './keeper-error.js';
import type { Outstanding } from './outstanding-request.js';
import type { Watcher } from './watched-event.js';

export interface WatchRemoval {
  readonly path: string;
  readonly serverPath: string;
  /** null: every watcher. */
  readonly watcher: Watcher | null;
  readonly type: WatcherType;
  /** Also when the server refuses or cannot be reached. */
  readonly local: boolean;
}

export type TellRemoved = (type: EventType, state: KeeperState, told: ToldWatchers) => void;

export class WatchRemovalRequest implements Outstanding {
  xid = 0;
  onSettled: (() => void) | null = null;
  private readonly removal: WatchRemoval;
  private readonly tellRemoved: TellRemoved;
  private readonly resolve: () => void;
  private readonly reject: (error: unknown) => void;
  private abandoned = false;

  constructor(removal: WatchRemoval, tell: TellRemoved, resolve: () => void, reject: (error: unknown) => void) {
    this.removal = removal;
    this.tellRemoved = tell;
    this.resolve = resolve;
    this.reject = reject;
  }

  get path(): string {
    return this.removal.path;
  }

  get isAbandoned(): boolean {
    return this.abandoned;
  }

  watchesAt(): boolean {
    return false;
  }

  settle(errorCode: number, _record: JuteReader, watches: ClientWatchManager): void {
    this.conclude(errorCode, watches, KeeperState.SyncConnected, null);
  }

  fail(errorCode: number, watches: ClientWatchManager, cause: Error | null): void {
    this.conclude(errorCode, watches, KeeperState.Disconnected, cause);
  }

  /** The sets still change when the reply comes: they must say what the server will tell. */
  abandon(reason: unknown): void {
    assert(!this.abandoned, 'given up twice');
    this.abandoned = true;
    this.reject(reason);
    this.onSettled?.();
  }

  private conclude(errorCode: number, watches: ClientWatchManager, state: KeeperState, cause: Error | null): void {
    const { serverPath, watcher, type, local } = this.removal;
    let code = errorCode;
    if (errorCode === ErrorCode.Ok || local) {
      const removed = watches.remove(type, serverPath, watcher);
      for (const [eventType, told] of removed) this.tellRemoved(eventType, state, told);
      code = removed.size > 0 ? ErrorCode.Ok : ErrorCode.NoWatcher;
    }
    if (this.abandoned) return;
    if (code === ErrorCode.Ok) this.resolve();
    else this.reject(new KeeperError(code, this.removal.path, code === errorCode ? cause : null));
    this.onSettled?.();
  }
}
