/**
 * A topology from a few lines: actors given as functions, links as "from > to", all on the test's own thread, on a clock
 * that stands still until moved.
 */

import type { Actor, ActorContext } from '../../../src/actor/actor.js';
import { InlineRunner } from '../../../src/actor/inline-runner.js';
import { silentLogger } from '../../../src/actor/logger.js';
import { ThreadHost } from '../../../src/actor/thread-host.js';
import { ChildPolicy, type LinkSpec, type Topology } from '../../../src/actor/topology.js';
import { ManualClock } from '../../../src/base/clock.js';

export interface InlineSystem {
  readonly runner: InlineRunner;
  readonly host: ThreadHost;
  readonly clock: ManualClock;
  readonly contexts: Record<string, ActorContext>;
  readonly fatal: [actorName: string, message: string][];
}

export interface InlineActors {
  readonly actors: Readonly<Record<string, (context: ActorContext) => Actor>>;
  /** "a > b", optionally followed by the capacity in bytes. */
  readonly links: readonly string[];
  readonly restart?: readonly string[];
}

export function inlineSystem({ actors, links, restart = [] }: InlineActors): InlineSystem {
  const topology: Topology = {
    actors: Object.keys(actors).map((name) => ({
      name,
      kind: name,
      policy: restart.includes(name) ? ChildPolicy.restart : ChildPolicy.fatal,
    })),
    links: links.map((line): LinkSpec => {
      const [from, , to, capacity] = line.split(' ');
      return capacity === undefined ? { from, to } : { from, to, capacityBytes: Number(capacity) };
    }),
  };
  const clock = new ManualClock();
  const contexts: Record<string, ActorContext> = {};
  const fatal: [string, string][] = [];
  const host = ThreadHost.inline(topology, {
    clock,
    createActor: (kind, name, context) => {
      contexts[name] = context;
      return actors[kind](context);
    },
    createLogger: () => silentLogger,
    onFatal: (error, actorName) => fatal.push([actorName, error.message]),
  });
  return { runner: new InlineRunner(host), host, clock, contexts, fatal };
}

/** Sends one record with one word in it. */
export function sendWord(context: ActorContext, outbox: string, word: number): void {
  const sender = context.outbox(outbox);
  sender.claim(1, 4);
  sender.words[sender.offset >> 2] = word;
  sender.commit();
}
