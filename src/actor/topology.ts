/**
 * Which actors there are and which mailboxes join them: plain cloneable data, sent to every thread as it is.
 * The order of the actors is the order in which they start (left to right) and the reverse of that in which they stop,
 * and within one thread the order in which they are fed. Says nothing about threads: that is `placement.ts`.
 */

import { assert } from '../base/assert.js';

export const ChildPolicy = { restart: 'restart', fatal: 'fatal' } as const;
/** restart: made anew, alone. fatal: its failure is the end of the process. */
export type ChildPolicy = (typeof ChildPolicy)[keyof typeof ChildPolicy];

export interface ActorSpec {
  readonly name: string;
  /** What the factory is asked for; several actors may be of one kind. */
  readonly kind: string;
  readonly policy: ChildPolicy;
  /** Plain cloneable data for `ActorContext.config`. */
  readonly config?: unknown;
  /** What it measures for operators needs so much (counters/metrics-layout.ts); by default room for plain summaries. */
  readonly metricsBytes?: number;
  /** Records that it takes from one inbox in one turn, where that is not left to the runtime. */
  readonly drainLimit?: number;
}

export interface LinkSpec {
  /** The producing actor and the consuming one. */
  readonly from: string;
  readonly to: string;
  /** The producer's name for it; default: `to`. */
  readonly outbox?: string;
  /** The consumer's name for it; default: `from`. */
  readonly inbox?: string;
  /** Size of the ring, a power of two; within one thread the point above which `hasRoom` says no. Default 1 MB. */
  readonly capacityBytes?: number;
}

export interface Topology {
  readonly actors: readonly ActorSpec[];
  readonly links: readonly LinkSpec[];
}

/** A link with all its defaults filled in. */
export interface ResolvedLink {
  readonly index: number;
  /** As in counters: `prep_to_sync`; followed by the outbox's own name if it has one. */
  readonly name: string;
  readonly from: string;
  readonly to: string;
  readonly outbox: string;
  readonly inbox: string;
  readonly capacityBytes: number;
}

const LINK_CAPACITY_DEFAULT_BYTES = 1024 * 1024;

/** Fills in defaults and refuses what could not work. Throws `AssertionError`: a topology is part of the program. */
export function resolveLinks(topology: Topology): ResolvedLink[] {
  const actorNames = new Set(topology.actors.map((actor) => actor.name));
  assert(actorNames.size === topology.actors.length, `two actors of one name among ${[...actorNames].join(', ')}`);

  const ends = new Set<string>();
  const claimEnd = (end: string): void => {
    assert(!ends.has(end), `two links share ${end}: a mailbox has one producer and one consumer`);
    ends.add(end);
  };
  return topology.links.map((link, index) => {
    assert(actorNames.has(link.from), `a link comes from ${link.from}, which is no actor`);
    assert(actorNames.has(link.to), `a link leads to ${link.to}, which is no actor`);
    const outbox = link.outbox ?? link.to;
    const inbox = link.inbox ?? link.from;
    claimEnd(`outbox ${outbox} of ${link.from}`);
    claimEnd(`inbox ${inbox} of ${link.to}`);
    const suffix = outbox === link.to ? '' : `.${outbox}`;
    const capacityBytes = link.capacityBytes ?? LINK_CAPACITY_DEFAULT_BYTES;
    return {
      index,
      name: `${link.from}_to_${link.to}${suffix}`,
      from: link.from,
      to: link.to,
      outbox,
      inbox,
      capacityBytes,
    };
  });
}
