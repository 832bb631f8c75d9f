/**
 * Which actor lives on which thread, and how each thread waits: plain data. The tables themselves (`inline`, `compact`,
 * `pipeline`, `staged`, connection shards) are written beside the topology they belong to.
 */

export const ThreadKind = { eventLoop: 'event-loop', blocking: 'blocking' } as const;
/** event-loop: may own sockets and timers. blocking: parks in Atomics.wait, for rings and synchronous files only. */
export type ThreadKind = (typeof ThreadKind)[keyof typeof ThreadKind];

/** The name of the thread that builds the system. It needs no spec; it is always an event-loop thread. */
export const MAIN_THREAD = 'main';

export interface ThreadSpec {
  readonly name: string;
  readonly kind: ThreadKind;
  /** Names of the actors living here. */
  readonly actors: readonly string[];
  /** A thread that shows no sign of life for so long, although rung, is taken for hung. Default 10 s. */
  readonly hangTimeoutMs?: number;
  /** Blocking threads: keeps looking at its rings for so long before it parks. Default 0: a spare core is needed. */
  readonly spinMicros?: number;
}

export interface Placement {
  readonly name: string;
  /** A thread called `main` is the building thread; each other one becomes a worker. */
  readonly threads: readonly ThreadSpec[];
}
