/**
 * Which actor lives on which thread, and how each thread waits: plain data. The tables themselves (`inline`, `compact`,
 * `pipeline`, `staged`, connection shards) are written beside the topology they belong to.
 */

import { assert } from '../base/assert.js';
import type { Topology } from './topology.js';

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
  /** Goes on looking for work for so long before it sleeps. Default 0: only pays where a core is to spare. */
  readonly spinMicros?: number;
  /** Built module exporting `createActor` for the kinds that live here, if it is not the system's; loads less. */
  readonly factoryUrl?: string;
}

export interface Placement {
  readonly name: string;
  /** A thread called `main` is the building thread; each other one becomes a worker. */
  readonly threads: readonly ThreadSpec[];
}

/** The thread of each actor. Throws `AssertionError` unless every actor lives on exactly one. */
export function threadByActor(topology: Topology, placement: Placement): Map<string, string> {
  const threads = new Set<string>();
  const result = new Map<string, string>();
  const actors = new Set(topology.actors.map((actor) => actor.name));
  for (const thread of placement.threads) {
    assert(!threads.has(thread.name), `two threads called ${thread.name} in placement ${placement.name}`);
    threads.add(thread.name);
    assert(
      thread.name !== MAIN_THREAD || thread.kind === ThreadKind.eventLoop,
      `placement ${placement.name} would park the main thread`,
    );
    for (const actor of thread.actors) {
      assert(actors.has(actor), `placement ${placement.name} places ${actor}, which is no actor`);
      assert(!result.has(actor), `placement ${placement.name} places ${actor} twice`);
      result.set(actor, thread.name);
    }
  }
  for (const actor of actors) assert(result.has(actor), `placement ${placement.name} has no thread for ${actor}`);
  return result;
}

/** Everything on the building thread. */
export function inlinePlacement(topology: Topology): Placement {
  const actors = topology.actors.map((actor) => actor.name);
  return { name: 'inline', threads: [{ name: MAIN_THREAD, kind: ThreadKind.eventLoop, actors }] };
}
