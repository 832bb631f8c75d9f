/**
 * What an actor is, and what it is given. An actor owns something, handles one record at a time to the end, never
 * awaits inside a handler and shares no mutable objects; everything it needs from the world comes through its context.
 * All its methods are called on the one thread the placement put it on, by that thread's runner.
 */

import type { Clock } from '../base/clock.js';
import type { CounterSet } from './counters/counters.js';
import type { MetricSet } from './counters/metric-set.js';
import type { Logger } from './logger.js';
import type { MailboxReceiver, MailboxSender, RecordHandler } from './mailbox/mailbox.js';

export interface Actor {
  /** Name of each inbox and what handles its records. Drained in this order. Read once, after construction. */
  readonly inboxes: Readonly<Record<string, RecordHandler>>;

  /** Once, before the first record, in the topology's order over all threads. */
  onStart?(): void;

  /** Once per turn, after the drains, if any inbox had records or a turn was asked for (`requestTurn`, room again). */
  onBatchEnd?(): void;

  /**
   * Behind `onBatchEnd` and `onTick`, and before anybody sees what was made of the records: how many there were, 0 included, how long
   * all of it took and what the time is now. The runtime measures this anyway; so a stage knows its times without reading a clock.
   */
  onMeasured?(records: number, tookMs: number, nowMs: number): void;

  /** About every `tickMs`; `nowMs` is the context's monotonic clock. */
  onTick?(nowMs: number): void;
  readonly tickMs?: number;

  /**
   * False: the runner leaves the inboxes alone this turn. Whoever answers false must see to a later turn, by
   * `requestTurn` or by having asked an outbox's `hasRoom`.
   */
  mayTake?(): boolean;

  /**
   * What finishes work already begun is taken whatever the outboxes say, or two full rings could wait for each other.
   * True: fed even while an outbox is spilled. Names: those inboxes are drained even then, and even if `mayTake` says no.
   * Every circle of links needs such a place.
   */
  readonly alwaysDrains?: boolean | readonly string[];

  /** Answers a request of the control side (dump, reconfigure). Cold: arguments and answer are cloned. */
  onControl?(request: unknown): unknown;

  /** Once, after its last batch; also before an actor that failed is made anew. Must give up what it holds. */
  onStop?(): void;
}

export interface ActorContext {
  readonly name: string;

  /** The outbox of that name; by default an outbox is called after the actor it leads to. */
  outbox(name: string): MailboxSender;

  /** All outboxes called `prefix.<number>`, in the order of their numbers; `[outbox(prefix)]` if just that one exists. */
  outboxes(prefix: string): MailboxSender[];

  /** The inbox of that name, for an actor that drains it in the middle of a step. Default name: the sending actor's. */
  inbox(name: string): MailboxReceiver;

  /** Names of all inboxes called `prefix.<number>` (or just `prefix`), in the order of their numbers. */
  inboxNames(prefix: string): string[];

  /** Read once per turn; within a turn it stands still. Outside of turns it is read anew each time. */
  readonly clock: Clock;
  readonly counters: CounterSet;

  /**
   * What operators see of it (`mntr`, Prometheus). Ask for what is recorded when the actor is built, then only add:
   *   this.prepTime = context.metrics.summary('prep_process_time');    ...    this.prepTime.add(tookMs);
   */
  readonly metrics: MetricSet;

  /** Shared memory given to every thread when the system was built. */
  readonly shared: Readonly<Record<string, SharedArrayBuffer>>;

  /** Makes a new piece of shared memory known to all threads. Whoever sees a record published later can find it. */
  offerShared(name: string, buffer: SharedArrayBuffer): void;

  /** A buffer given at build time or offered by any thread; looks through the offers that have arrived. */
  findShared(name: string): SharedArrayBuffer | undefined;

  readonly log: Logger;

  /** The actor's part of the topology, as plain cloneable data. */
  readonly config: unknown;

  /**
   * Asks for a turn soon, with a batch end for this actor; used by I/O callbacks on event-loop threads. Many calls make
   * one turn. Whoever commits records outside of a turn must ask for one, or they stay unpublished.
   */
  requestTurn(): void;

  /** Publishes all outboxes of this thread and wakes their readers now: for an actor about to block its thread. */
  flush(): void;

  /**
   * Reports this actor as failed. What follows is the policy of its spec: made anew, or the end of the process. Called
   * from one of the actor's own methods it throws `error`, so that the record being handled is not carried on with.
   */
  fatal(error: Error): void;
}

/** Makes the actor of a spec. The same function serves workers, the main thread and the inline runner. */
export type CreateActor = (kind: string, name: string, context: ActorContext) => Actor;

/**
 * What the module given to the actor system by URL exports. Without `createLogger`, or where it answers null, what actors on
 * workers log is sent to the logger of the main thread.
 */
export interface ActorFactoryModule {
  createActor: CreateActor;
  createLogger?(threadName: string, actorName: string, config: unknown): Logger | null;
}
