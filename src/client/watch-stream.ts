// A persistent watch as an async iterator: `for await (const event of zk.watch('/a', { recursive: true })) …`. Made by
// ZooKeeper.watch, used by one loop. It registers itself, again after every reconnect, and keeps what the loop has not
// taken yet in a bounded buffer; it never drops an event in silence.
//
// What comes out, in the order in which it came off the wire:
//   type None, state SyncConnected      from here on no change is missed: read now what matters. First of all, and again
//    (or ConnectedReadOnly)             after every reconnect: changes in between are not made up for
//   NodeCreated, NodeDataChanged, …     changes, each once, with their path and zxid
//   type None, state Disconnected       changes are missed until the next SyncConnected
//   PersistentWatchRemoved, or None     the last one: somebody removed the watch, or the session is over (state Expired,
//    with Expired, Closed, AuthFailed   Closed or AuthFailed)
//
//   starting --(registered)--> watching --+--(session over, watch removed)--> ended      the buffer is still delivered
//      |                                  +--(buffer full)------------------> ended      … then WatchOverflowError
//      +--(refused)--> ended: the error   +--(signal, return)---------------> ended      the buffer is thrown away

import { assert } from '../base/assert.js';
import { Fifo } from '../base/fifo.js';
import { ErrorCode } from '../protocol/error-code.js';
import { EventType, KeeperState } from '../protocol/watch-event.js';
import { isKeeperError } from './keeper-error.js';
import type { WatchedEvent, Watcher } from './watched-event.js';

export const WATCH_EVENTS_BUFFERED_MAX_DEFAULT = 10_000;

export interface WatchStreamOptions {
  /** The whole subtree (created, deleted, data changed); else the node and the list of its children. */
  readonly recursive?: boolean | undefined;
  /** Ends the loop with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Events that may wait for the loop; one more ends it with WatchOverflowError. 10 000 unless told otherwise. */
  readonly bufferedEventsMax?: number | undefined;
}

/** The loop was too slow for the changes. What was buffered has been delivered; after that, changes are missing. */
export class WatchOverflowError extends Error {
  override readonly name = 'WatchOverflowError';
}

/** What the stream needs of a client. */
export interface WatchSource {
  /** Resolves when the server watches. */
  add(watcher: Watcher): Promise<void>;
  /** Never fails: where the server cannot be told, it has nothing to remember either. */
  remove(watcher: Watcher): void;
  addSessionListener(listener: Watcher): void;
  removeSessionListener(listener: Watcher): void;
  /** Returns what takes the callback off the signal again. */
  onAbort(signal: AbortSignal, callback: () => void): () => void;
  /** SyncConnected or ConnectedReadOnly, when the server has just answered. */
  connectedState(): KeeperState;
}

interface Waiter {
  readonly resolve: (result: IteratorResult<WatchedEvent, undefined>) => void;
  readonly reject: (error: unknown) => void;
}

const Phase = { Starting: 0, Watching: 1, Ended: 2 } as const;
type Phase = (typeof Phase)[keyof typeof Phase];

export class WatchStream implements AsyncIterableIterator<WatchedEvent> {
  private readonly source: WatchSource;
  private readonly takeOffSignal: (() => void) | null = null;
  private readonly bufferedEventsMax: number;
  private phase: Phase = Phase.Starting;
  // Invariant: at most one of the two is not empty.
  private readonly buffered = new Fifo<WatchedEvent>();
  private readonly waiters = new Fifo<Waiter>();
  private failure: { readonly error: unknown } | null = null; // told once, behind what is buffered

  constructor(source: WatchSource, options: WatchStreamOptions = {}) {
    const { signal, bufferedEventsMax = WATCH_EVENTS_BUFFERED_MAX_DEFAULT } = options;
    assert(bufferedEventsMax > 0, 'a stream buffers at least one event');
    this.source = source;
    this.bufferedEventsMax = bufferedEventsMax;
    if (signal?.aborted) {
      this.phase = Phase.Ended;
      this.failure = { error: signal.reason };
      return;
    }
    if (signal !== undefined) {
      this.takeOffSignal = source.onAbort(signal, () => this.end({ error: signal.reason }, true));
    }
    this.register();
  }

  /** The next event; waits for one. */
  next(): Promise<IteratorResult<WatchedEvent, undefined>> {
    const event = this.buffered.shift();
    if (event !== undefined) return Promise.resolve({ value: event, done: false });
    if (this.failure !== null) {
      const { error } = this.failure;
      this.failure = null;
      return Promise.reject(error);
    }
    if (this.phase === Phase.Ended) return Promise.resolve({ value: undefined, done: true });
    return new Promise((resolve, reject) => this.waiters.push({ resolve, reject }));
  }

  /** Leaves the loop: the watch is removed, what was buffered is gone. */
  return(): Promise<IteratorResult<WatchedEvent, undefined>> {
    this.end(null, true);
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  private register(): void {
    this.source.add(this.onEvent).then(
      () => this.onRegistered(),
      (error: unknown) => this.onRefused(error),
    );
  }

  private onRegistered(): void {
    if (this.phase === Phase.Ended) {
      this.source.remove(this.onEvent); // it was left while the request was under way
      return;
    }
    this.phase = Phase.Watching;
    this.source.addSessionListener(this.onEvent);
    this.push({ type: EventType.None, state: this.source.connectedState(), path: null, zxid: -1n });
  }

  private onRefused(error: unknown): void {
    if (this.phase === Phase.Ended) return;
    if (isKeeperError(error, ErrorCode.ConnectionLoss)) this.register();
    else this.end({ error }, false);
  }

  /** Watcher and session listener in one, so that the end of the session is told once. */
  private readonly onEvent: Watcher = (event) => {
    if (this.phase !== Phase.Watching) return;
    this.push(event);
    if (isLast(event)) this.end(null, false);
  };

  private push(event: WatchedEvent): void {
    const waiter = this.waiters.shift();
    if (waiter !== undefined) {
      waiter.resolve({ value: event, done: false });
    } else if (this.buffered.length < this.bufferedEventsMax) {
      this.buffered.push(event);
    } else {
      const message = `${this.bufferedEventsMax} events of a watch wait and one more came`;
      this.end({ error: new WatchOverflowError(message) }, false);
    }
  }

  private end(failure: { readonly error: unknown } | null, discards: boolean): void {
    if (discards) this.buffered.clear();
    if (this.phase === Phase.Ended) return;
    const wasWatching = this.phase === Phase.Watching;
    this.phase = Phase.Ended;
    this.failure = failure;
    this.takeOffSignal?.();
    if (wasWatching) {
      this.source.removeSessionListener(this.onEvent);
      this.source.remove(this.onEvent);
    }
    // The first waiting call is told the reason, the others only that it is over.
    for (let waiter = this.waiters.shift(); waiter !== undefined; waiter = this.waiters.shift()) {
      const told = this.failure;
      this.failure = null;
      if (told !== null) waiter.reject(told.error);
      else waiter.resolve({ value: undefined, done: true });
    }
  }
}

function isLast({ type, state }: WatchedEvent): boolean {
  if (type !== EventType.None) return type === EventType.PersistentWatchRemoved;
  return state === KeeperState.Expired || state === KeeperState.Closed || state === KeeperState.AuthFailed;
}
