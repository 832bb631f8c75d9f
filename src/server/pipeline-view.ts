/**
 * The pipeline as an operator sees it: every actor on its thread with what waits for it and what it has done, every mailbox,
 * every thread. One picture is put together from counters that the threads keep in shared memory anyway.
 *
 * Main thread; made when somebody first asks. Asks no actor and takes no lock: each figure is true by itself, but two of them
 * may be a few records apart. All but depths only grow, so what happened between two pictures is their difference.
 */

import type { Placement } from '../actor/placement.js';
import { ThreadKind, threadByActor } from '../actor/placement.js';
import { type ResolvedLink, resolveLinks, type Topology } from '../actor/topology.js';
import type { Clock } from '../base/clock.js';

/** Where the figures come from: the actor system. */
export interface PipelineSource {
  /** Owner (an actor, or `thread.<name>`), then counter. */
  counters(): { snapshot(): Record<string, Record<string, number>> };
  /** By link between threads. */
  ringDepths(): Record<string, number>;
  /** By thread; null where the thread parks by itself. */
  loopActiveMs(): Record<string, number | null>;
}

export interface ActorPicture {
  readonly name: string;
  readonly thread: string;
  /** Handled since the start. */
  readonly records: number;
  readonly batches: number;
  readonly batchMax: number;
  /** In its turns: batches, their ends, and ticks. What callbacks of sockets cost is the thread's alone. */
  readonly busyMs: number;
  /** Sent to it and not handled yet. */
  readonly waitingRecords: number;
  readonly waitingBytes: number;
  /** The most that any one of its mailboxes ever held. */
  readonly waitingBytesMax: number;
  /** How often a sender was told that one of its mailboxes has no room for new work. */
  readonly refusals: number;
  /** Turns in which it had records and did not take them, since what it makes of them had no room. */
  readonly held: number;
  readonly restarts: number;
}

export interface LinkPicture {
  readonly name: string;
  readonly from: string;
  readonly to: string;
  /** False: both ends live on one thread. */
  readonly crossesThreads: boolean;
  readonly capacityBytes: number;
  readonly records: number;
  readonly publishes: number;
  readonly refusals: number;
  /** Records that had to wait outside the mailbox, and such as were too large for it. */
  readonly spilled: number;
  readonly large: number;
  readonly depthBytes: number;
  readonly depthBytesMax: number;
}

export interface ThreadPicture {
  readonly name: string;
  readonly kind: ThreadKind;
  readonly actors: readonly string[];
  readonly turns: number;
  /** Turns that found nothing to do. */
  readonly idleTurns: number;
  readonly records: number;
  readonly turnRecordsMax: number;
  readonly turnMaxMs: number;
  /** Other threads woken by it. */
  readonly wakesSent: number;
  /** In turns that did something. */
  readonly busyMs: number;
  /** Not waiting: turns and all callbacks of its event loop; where a thread parks by itself, the same as `busyMs`. */
  readonly activeMs: number;
}

export interface PipelinePicture {
  /** When it was taken, by the monotonic clock: only differences mean anything. */
  readonly takenMs: number;
  /** How long the process has been there. */
  readonly uptimeMs: number;
  readonly placement: string;
  readonly threads: readonly ThreadPicture[];
  /** In the order of the line. */
  readonly actors: readonly ActorPicture[];
  readonly links: readonly LinkPicture[];
}

type Figures = Readonly<Record<string, number>>;
const NONE: Figures = {};

export class PipelineView {
  private readonly source: PipelineSource;
  private readonly placement: Placement;
  private readonly clock: Clock;
  private readonly uptimeMs: () => number;
  /** Knows the names of all counters once it has read them. */
  private counters: ReturnType<PipelineSource['counters']> | null = null;
  private readonly actorNames: readonly string[];
  private readonly links: readonly ResolvedLink[];
  private readonly threads: ReadonlyMap<string, string>;

  constructor(source: PipelineSource, topology: Topology, placement: Placement, clock: Clock, uptimeMs: () => number) {
    this.source = source;
    this.placement = placement;
    this.clock = clock;
    this.uptimeMs = uptimeMs;
    this.actorNames = topology.actors.map(({ name }) => name);
    this.links = resolveLinks(topology);
    this.threads = threadByActor(topology, placement);
  }

  look(): PipelinePicture {
    this.counters ??= this.source.counters();
    const counters = this.counters.snapshot();
    const depths = this.source.ringDepths();
    const active = this.source.loopActiveMs();
    const links = this.links.map((link) => this.link(link, counters[link.from] ?? NONE, depths));
    return {
      takenMs: this.clock.monotonicMs(),
      uptimeMs: this.uptimeMs(),
      placement: this.placement.name,
      threads: this.placement.threads.map(({ name, kind, actors }) => {
        const figures = counters[`thread.${name}`] ?? NONE;
        return threadPicture(name, kind, actors, figures, active[name] ?? null);
      }),
      actors: this.actorNames.map((name) => {
        const incoming = links.filter(({ to }) => to === name);
        return actorPicture(name, this.threads.get(name) ?? '', counters[name] ?? NONE, incoming);
      }),
      links,
    };
  }

  private link({ name, from, to, capacityBytes }: ResolvedLink, figures: Figures, depths: Figures): LinkPicture {
    const figure = (what: string): number => figures[`${name}_${what}`] ?? 0;
    const crossesThreads = this.threads.get(from) !== this.threads.get(to);
    return {
      name,
      from,
      to,
      crossesThreads,
      capacityBytes,
      records: figure('records'),
      publishes: figure('publishes'),
      refusals: figure('refusals'),
      spilled: figure('spilled'),
      large: figure('large'),
      // The producer of a ring knows what waited when it last sent something; the ring itself knows now.
      depthBytes: depths[name] ?? figure('depth_bytes'),
      depthBytesMax: figure('depth_bytes_max'),
    };
  }
}

function actorPicture(name: string, thread: string, own: Figures, incoming: readonly LinkPicture[]): ActorPicture {
  const figure = (what: string): number => own[what] ?? 0;
  const sum = (of: (link: LinkPicture) => number): number => incoming.reduce((total, link) => total + of(link), 0);
  const waitingBytes = sum(({ depthBytes }) => depthBytes);
  const sentRecords = sum(({ records }) => records);
  return {
    name,
    thread,
    records: figure('records'),
    batches: figure('batches'),
    batchMax: figure('batch_max'),
    busyMs: figure('busy_ms'),
    // Records that were lost with an actor that failed would seem to wait for ever.
    waitingRecords: waitingBytes === 0 ? 0 : Math.max(0, sentRecords - figure('records')),
    waitingBytes,
    waitingBytesMax: incoming.reduce((most, link) => Math.max(most, link.depthBytesMax), 0),
    refusals: sum(({ refusals }) => refusals),
    held: figure('held'),
    restarts: figure('restarts'),
  };
}

function threadPicture(
  name: string,
  kind: ThreadKind,
  actors: readonly string[],
  figures: Figures,
  loopActiveMs: number | null,
): ThreadPicture {
  const figure = (what: string): number => figures[what] ?? 0;
  const busyMs = figure('busy_ms');
  return {
    name,
    kind,
    actors,
    turns: figure('turns'),
    idleTurns: figure('idle_turns'),
    records: figure('records'),
    turnRecordsMax: figure('turn_records_max'),
    turnMaxMs: figure('turn_max_ms'),
    wakesSent: figure('wakes_sent'),
    busyMs,
    activeMs: kind === ThreadKind.blocking || loopActiveMs === null ? busyMs : loopActiveMs,
  };
}
