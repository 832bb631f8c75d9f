/**
 * The actors of one thread, assembled: mailboxes (rings to other threads, local ones within), contexts, cells, and the
 * duty cycle that works them. The same on workers, on the main thread and inline; a runner is put on top of it.
 * It also keeps the policy inside a thread: an actor that fails is made anew in its cell, or ends the process.
 * Lives on its thread. Never starts threads or timers, never waits.
 */

import type { MessagePort } from 'node:worker_threads';
import { AssertionError, assert } from '../base/assert.js';
import type { Clock } from '../base/clock.js';
import type { ActorContext, CreateActor } from './actor.js';
import { ActorCell, ActorTally, type CellInbox, type CellOutbox } from './actor-cell.js';
import { CounterSet } from './counters/counters.js';
import { createCountersBuffer } from './counters/counters-layout.js';
import { MetricSet } from './counters/metric-set.js';
import { createMetricsBuffer } from './counters/metrics-layout.js';
import { DutyCycle } from './duty-cycle.js';
import type { Logger } from './logger.js';
import { LargeInbox, LargeOutbox } from './mailbox/large-record.js';
import { countersCapacity, registerLinkTally } from './mailbox/link-tally.js';
import { LocalMailbox } from './mailbox/local-mailbox.js';
import { SideChannel } from './mailbox/side-channel.js';
import { attachProducer, RingReceiver, RingSender } from './mailbox/spsc-ring.js';
import { inlinePlacement, MAIN_THREAD, type Placement, threadByActor } from './placement.js';
import { RESTART_INTENSITY_DEFAULT, RestartBudget, type RestartIntensity } from './restart-budget.js';
import { SharedDirectory } from './shared-directory.js';
import { TurnClock } from './system-clock.js';
import { ChildPolicy, type ResolvedLink, resolveLinks, type Topology } from './topology.js';
import { type Bell, WakeTarget } from './wake/bell.js';
import { Doorbell } from './wake/doorbell.js';
import { PortBell } from './wake/port-wake.js';

/** How a thread is rung; follows from its kind and from what its Node can do. */
export const WakeBy = { memory: 'memory', port: 'port' } as const;
export type WakeBy = (typeof WakeBy)[keyof typeof WakeBy];

/** All that a thread needs to build its part. Cloneable, but for the ports, which are transferred. */
export interface ThreadWiring {
  readonly threadName: string;
  readonly topology: Topology;
  readonly placement: Placement;
  /** By link index; null for links within one thread. */
  readonly rings: readonly (SharedArrayBuffer | null)[];
  /** By thread name. */
  readonly doorbells: Readonly<Record<string, SharedArrayBuffer>>;
  readonly wakeBy: Readonly<Record<string, WakeBy>>;
  /** By name of the thread at the other end. */
  readonly ports: Readonly<Record<string, MessagePort>>;
  /** By owner, for the actors of this thread and the thread itself. */
  readonly counters: Readonly<Record<string, SharedArrayBuffer>>;
  /** By actor, for those of this thread. */
  readonly metrics: Readonly<Record<string, SharedArrayBuffer>>;
  readonly shared: Readonly<Record<string, SharedArrayBuffer>>;
  readonly restartIntensity?: RestartIntensity | undefined;
  readonly drainLimit?: number | undefined;
}

export interface ThreadHostPorts {
  readonly clock: Clock;
  readonly createActor: CreateActor;
  createLogger(actorName: string): Logger;
  /** An actor failed that must not, or too often. The host has stopped feeding anybody. */
  onFatal(error: Error, actorName: string): void;
}

/** Counters of a thread itself are kept under this owner name. */
export function threadOwner(threadName: string): string {
  return `thread.${threadName}`;
}

export class ThreadHost {
  readonly threadName: string;
  readonly cycle: DutyCycle;
  readonly clock: TurnClock;
  readonly doorbell: Doorbell;
  readonly directory: SharedDirectory;
  /** Set by the runner: a turn is wanted. */
  onTurnWanted: () => void = () => {};
  /** Set by the runner where bells come by message. */
  onBellMessage: () => void = () => {};

  private readonly wiring: ThreadWiring;
  private readonly ports: ThreadHostPorts;
  private readonly links: readonly ResolvedLink[];
  private readonly threads: ReadonlyMap<string, string>;
  private readonly targets = new Map<string, WakeTarget>();
  private readonly channels = new Map<string, SideChannel>();
  private readonly sendersByThread = new Map<string, RingSender[]>();
  private readonly locals = new Map<number, LocalMailbox>();
  private readonly cells = new Map<string, ActorCell>();
  private readonly contexts = new Map<string, ActorContext>();
  private readonly budgets = new Map<string, RestartBudget>();
  private halted = false;

  constructor(wiring: ThreadWiring, ports: ThreadHostPorts) {
    this.wiring = wiring;
    this.ports = ports;
    this.threadName = wiring.threadName;
    this.links = resolveLinks(wiring.topology);
    this.threads = threadByActor(wiring.topology, wiring.placement);
    this.clock = new TurnClock(ports.clock);
    this.doorbell = new Doorbell(wiring.doorbells[this.threadName]);
    this.directory = new SharedDirectory(wiring.shared);
    for (const [peer, port] of Object.entries(wiring.ports)) this.openChannel(peer, port);

    const specs = wiring.topology.actors.filter((spec) => this.threads.get(spec.name) === this.threadName);
    for (const spec of specs) this.cells.set(spec.name, this.createCell(spec.name));
    const threadCounters = new CounterSet(wiring.counters[threadOwner(this.threadName)]);
    threadCounters.increment(threadCounters.register('starts'));
    this.cycle = new DutyCycle({
      cells: [...this.cells.values()],
      targets: [...this.targets.values()],
      clock: this.clock,
      nowMs: () => ports.clock.monotonicMs(),
      counters: threadCounters,
      doorbell: this.doorbell,
      ...(wiring.drainLimit === undefined ? {} : { drainLimit: wiring.drainLimit }),
      onFailure: (cell, error) => this.onFailure(cell, error),
    });
    for (const cell of this.cells.values()) {
      this.contexts.set(cell.name, this.createContext(cell));
      this.budgets.set(cell.name, new RestartBudget(wiring.restartIntensity ?? RESTART_INTENSITY_DEFAULT));
      cell.occupy(this.createActor(cell));
    }
  }

  /** The whole topology on the calling thread, without rings or workers: for the inline runner. */
  static inline(
    topology: Topology,
    ports: ThreadHostPorts,
    shared: Record<string, SharedArrayBuffer> = {},
  ): ThreadHost {
    const owners = [...topology.actors.map((actor) => actor.name), threadOwner(MAIN_THREAD)];
    return new ThreadHost(
      {
        threadName: MAIN_THREAD,
        topology,
        placement: inlinePlacement(topology),
        rings: topology.links.map(() => null),
        doorbells: { [MAIN_THREAD]: new SharedArrayBuffer(256) },
        wakeBy: {},
        ports: {},
        counters: Object.fromEntries(
          owners.map((owner) => [owner, createCountersBuffer(countersCapacity(owner, topology.links))]),
        ),
        metrics: Object.fromEntries(
          topology.actors.map((actor) => [actor.name, createMetricsBuffer(actor.metricsBytes)]),
        ),
        shared,
      },
      ports,
    );
  }

  get actorNames(): string[] {
    return [...this.cells.keys()];
  }

  /** Counter memory of everything on this thread. */
  get counters(): Readonly<Record<string, SharedArrayBuffer>> {
    return this.wiring.counters;
  }

  /** What each actor of this thread measures for operators. */
  get metrics(): Readonly<Record<string, SharedArrayBuffer>> {
    return this.wiring.metrics;
  }

  cell(name: string): ActorCell {
    const cell = this.cells.get(name);
    assert(cell !== undefined, `actor ${name} does not live on thread ${this.threadName}`);
    return cell;
  }

  /** Throws what the actor's onStart throws: an actor that cannot start does not count as failed. */
  startActor(name: string): void {
    const cell = this.cell(name);
    assert(!cell.running, `actor ${name} is started twice`);
    cell.actor.onStart?.();
    cell.running = true;
    cell.requested = true;
    this.cycle.planTick(cell, this.clock.monotonicMs());
    this.publish(cell);
    this.onTurnWanted();
  }

  /** Gives the actor all it still has in its inboxes, then lets it stop. */
  stopActor(name: string): void {
    const cell = this.cell(name);
    if (!cell.running) return;
    // As long as it gets on: a spill that does not move, or an actor that declines, ends it.
    while (this.cycle.turnOf(cell, Number.MAX_SAFE_INTEGER) > 0) this.publish(cell);
    this.publish(cell);
    if (!cell.running) return;
    cell.running = false;
    cell.actor.onStop?.();
    this.publish(cell);
    this.onTurnWanted();
  }

  control(name: string, request: unknown): unknown {
    const { actor } = this.cell(name);
    assert(actor.onControl !== undefined, `actor ${name} answers no control requests`);
    return actor.onControl(request);
  }

  /** What the actors of this thread have counted for operators begins anew. Between two turns, so nobody is adding. */
  resetMetrics(): void {
    for (const cell of this.cells.values()) cell.metrics.reset();
  }

  /** The thread at the other end of a channel was replaced. */
  relink(peer: string, port: MessagePort): void {
    const channel = this.channels.get(peer);
    assert(channel !== undefined, `thread ${this.threadName} has no channel to ${peer}`);
    channel.relink(port);
    this.onTurnWanted();
  }

  /** Feeds nobody any more. Nothing is handed back: for a thread that ends in failure. */
  halt(): void {
    this.halted = true;
    for (const cell of this.cells.values()) cell.running = false;
  }

  close(): void {
    for (const channel of this.channels.values()) channel.close();
  }

  private onFailure(cell: ActorCell, error: Error): void {
    if (this.halted) return;
    const budget = this.budgets.get(cell.name)!;
    if (cell.spec.policy === ChildPolicy.fatal || !budget.trySpend(this.ports.clock.monotonicMs())) {
      this.halt();
      this.ports.onFatal(error, cell.name);
      return;
    }
    this.contexts.get(cell.name)!.log.error(`${cell.name} failed and is made anew`, { err: error });
    cell.tally[ActorTally.restarts] += 1;
    try {
      cell.actor.onStop?.();
    } catch (stopError) {
      // It has failed already; what it says on its way out changes nothing.
      this.contexts.get(cell.name)!.log.warn(`${cell.name} failed again while stopping`, { err: stopError });
    }
    cell.running = false;
    try {
      cell.occupy(this.createActor(cell));
      this.startActor(cell.name);
    } catch (startError) {
      cell.failure = null;
      this.halt();
      this.ports.onFatal(startError instanceof Error ? startError : new Error(String(startError)), cell.name);
    }
  }

  private publish(cell: ActorCell): void {
    for (const sender of cell.localSenders) sender.publish();
    this.cycle.flush();
  }

  private createActor(cell: ActorCell) {
    return this.ports.createActor(cell.spec.kind, cell.name, this.contexts.get(cell.name)!);
  }

  private createCell(name: string): ActorCell {
    const spec = this.wiring.topology.actors.find((candidate) => candidate.name === name)!;
    const counters = new CounterSet(this.wiring.counters[name]);
    const inboxes = this.links.filter((link) => link.to === name).map((link) => this.createInbox(link));
    const outboxes = this.links.filter((link) => link.from === name).map((link) => this.createOutbox(link, counters));
    const metrics = new MetricSet(this.wiring.metrics[name], counters);
    return new ActorCell(spec, inboxes, outboxes, counters, metrics);
  }

  private createOutbox(link: ResolvedLink, counters: CounterSet): CellOutbox {
    const thread = this.threads.get(link.to)!;
    if (thread === this.threadName) {
      const sender = this.local(link);
      sender.countInto(registerLinkTally(counters, link.name));
      return { name: link.outbox, sender, isLocal: true };
    }
    const ring = this.ring(link);
    const channel = this.channels.get(thread)!;
    const sender = new RingSender(ring, {
      tally: registerLinkTally(counters, link.name),
      target: this.target(thread),
      large: new LargeOutbox(channel.carrier(link.index), attachProducer(ring)),
    });
    this.sendersByThread.set(thread, [...(this.sendersByThread.get(thread) ?? []), sender]);
    return { name: link.outbox, sender, isLocal: false };
  }

  private createInbox(link: ResolvedLink): CellInbox {
    const thread = this.threads.get(link.from)!;
    if (thread === this.threadName) return { name: link.inbox, receiver: this.local(link), isLocal: true };
    const channel = this.channels.get(thread)!;
    const large = new LargeInbox(channel);
    channel.register(link.index, large);
    const receiver = new RingReceiver(this.ring(link), {
      producer: this.target(thread),
      large,
      onLost: (type, length) => {
        const log = this.ports.createLogger(link.to);
        log.error(`a record was lost with the threads that held it`, { link: link.name, type, length });
      },
    });
    return { name: link.inbox, receiver, isLocal: false };
  }

  private ring(link: ResolvedLink): SharedArrayBuffer {
    const ring = this.wiring.rings[link.index];
    assert(ring !== null && ring !== undefined, `no ring for link ${link.name}`);
    return ring;
  }

  private local(link: ResolvedLink): LocalMailbox {
    let mailbox = this.locals.get(link.index);
    if (mailbox === undefined) {
      mailbox = new LocalMailbox(link.capacityBytes);
      this.locals.set(link.index, mailbox);
    }
    return mailbox;
  }

  private target(thread: string): WakeTarget {
    let target = this.targets.get(thread);
    if (target === undefined) {
      target = new WakeTarget(this.bell(thread));
      this.targets.set(thread, target);
    }
    return target;
  }

  private bell(thread: string): Bell {
    const doorbell = new Doorbell(this.wiring.doorbells[thread]);
    if (this.wiring.wakeBy[thread] !== WakeBy.port) return doorbell;
    return new PortBell(doorbell, () => this.channels.get(thread)!.postBell());
  }

  private openChannel(peer: string, port: MessagePort): void {
    const byMessage = this.wiring.wakeBy[this.threadName] === WakeBy.port;
    const channel = new SideChannel(port, {
      onOffer: (name, buffer) => this.directory.accept(name, buffer),
      onBell: byMessage ? () => this.onBellMessage() : undefined,
      onRelinked: () => {
        this.directory.repeatOffers(channel);
        for (const sender of this.sendersByThread.get(peer) ?? []) sender.repostBodies();
      },
    });
    this.channels.set(peer, channel);
    this.directory.addChannel(channel);
  }

  private createContext(cell: ActorCell): ActorContext {
    const outboxes = new Map(cell.outboxes.map(({ name, sender }) => [name, sender]));
    const inboxes = new Map(cell.inboxes.map(({ name, receiver }) => [name, receiver]));
    const find = <T>(ends: Map<string, T>, kind: string, name: string): T => {
      const end = ends.get(name);
      // Not an assert with a message made up in advance: some actors look their mailboxes up for each record.
      if (end === undefined) throw new AssertionError(`actor ${cell.name} has no ${kind} ${name}`);
      return end;
    };
    return {
      name: cell.name,
      outbox: (name) => find(outboxes, 'outbox', name),
      outboxes: (prefix) => numbered(outboxes.keys(), prefix).map((name) => find(outboxes, 'outbox', name)),
      inbox: (name) => find(inboxes, 'inbox', name),
      inboxNames: (prefix) => numbered(inboxes.keys(), prefix),
      clock: this.clock,
      counters: cell.counters,
      metrics: cell.metrics,
      shared: this.wiring.shared,
      offerShared: (name, buffer) => this.directory.offer(name, buffer),
      findShared: (name) => this.directory.find(name),
      log: this.ports.createLogger(cell.name),
      config: cell.spec.config,
      requestTurn: () => {
        cell.requested = true;
        this.onTurnWanted();
      },
      flush: () => {
        for (const sender of cell.localSenders) sender.publish();
        this.cycle.flush();
      },
      fatal: (error) => {
        cell.failure ??= error;
        if (this.cycle.current === cell) throw error;
        this.onTurnWanted();
      },
    };
  }
}

/** The names `prefix` and `prefix.<number>`, in the order of their numbers. */
function numbered(names: Iterable<string>, prefix: string): string[] {
  const found: [order: number, name: string][] = [];
  for (const name of names) {
    if (name === prefix) found.push([-1, name]);
    else if (name.startsWith(`${prefix}.`) && /^\d+$/.test(name.slice(prefix.length + 1))) {
      found.push([Number(name.slice(prefix.length + 1)), name]);
    }
  }
  return found.sort((a, b) => a[0] - b[0]).map(([, name]) => name);
}
