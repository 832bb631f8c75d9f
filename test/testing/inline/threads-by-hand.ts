/**
 * A placement's threads, all on the calling thread and worked by hand: each has its own host and duty cycle, and what
 * lies between two of them is a real ring with its spill, its side path and its offers of shared memory. One thread in the
 * placement gives local mailboxes only, the simulator's usual case.
 *
 * Where `ActorSystem` starts workers, this only makes hosts; nothing here waits, and a seed replays exactly.
 */
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { CreateActor } from '../../../src/actor/actor.js';
import { createCountersBuffer } from '../../../src/actor/counters/counters-layout.js';
import { CountersReader } from '../../../src/actor/counters/counters-reader.js';
import { MetricSetReader } from '../../../src/actor/counters/metric-set-reader.js';
import { createMetricsBuffer } from '../../../src/actor/counters/metrics-layout.js';
import { InlineRunner } from '../../../src/actor/inline-runner.js';
import type { Logger } from '../../../src/actor/logger.js';
import { createRing } from '../../../src/actor/mailbox/ring-layout.js';
import { type Placement, threadByActor } from '../../../src/actor/placement.js';
import { ThreadHost, threadOwner, WakeBy } from '../../../src/actor/thread-host.js';
import { resolveLinks, type Topology } from '../../../src/actor/topology.js';
import { createDoorbell } from '../../../src/actor/wake/doorbell.js';
import type { Clock } from '../../../src/base/clock.js';
import type { Prng } from '../../../src/base/prng.js';

export interface ThreadsByHandPorts {
  readonly clock: Clock;
  /** Asked once per thread, since what actors of one thread share is made with it. */
  createActorsOf(threadName: string): CreateActor;
  createLogger(actorName: string): Logger;
  onFatal(error: Error, actorName: string): void;
}

const TURNS_MAX = 100_000;

export class ThreadsByHand {
  private readonly topology: Topology;
  private readonly hosts = new Map<string, ThreadHost>();
  private readonly runners: InlineRunner[];
  private readonly threads: ReadonlyMap<string, string>;
  private readonly counterBuffers: Record<string, SharedArrayBuffer>;
  private readonly metricBuffers: Record<string, SharedArrayBuffer>;

  constructor(
    topology: Topology,
    placement: Placement,
    shared: Readonly<Record<string, SharedArrayBuffer>>,
    ports: ThreadsByHandPorts,
  ) {
    this.topology = topology;
    this.threads = threadByActor(topology, placement);
    const names = placement.threads.map((thread) => thread.name);
    const rings = resolveLinks(topology).map((link) =>
      this.threads.get(link.from) === this.threads.get(link.to) ? null : createRing(link.capacityBytes),
    );
    const doorbells = Object.fromEntries(names.map((name) => [name, createDoorbell()]));
    const owners = [...topology.actors.map((actor) => actor.name), ...names.map(threadOwner)];
    this.counterBuffers = Object.fromEntries(owners.map((owner) => [owner, createCountersBuffer()]));
    this.metricBuffers = Object.fromEntries(
      topology.actors.map((actor) => [actor.name, createMetricsBuffer(actor.metricsBytes)]),
    );
    const channels = channelsBetween(names);
    for (const threadName of names) {
      const host = new ThreadHost(
        {
          threadName,
          topology,
          placement,
          rings,
          doorbells,
          wakeBy: Object.fromEntries(names.map((name) => [name, WakeBy.memory])),
          ports: channels.get(threadName) as Record<string, MessagePort>,
          counters: this.counterBuffers,
          metrics: this.metricBuffers,
          shared,
        },
        {
          clock: ports.clock,
          createActor: ports.createActorsOf(threadName),
          createLogger: (actorName) => ports.createLogger(actorName),
          onFatal: (error, actorName) => ports.onFatal(error, actorName),
        },
      );
      this.hosts.set(threadName, host);
    }
    this.runners = [...this.hosts.values()].map((host) => new InlineRunner(host));
  }

  start(): void {
    for (const { name } of this.topology.actors) this.hostOf(name).startActor(name);
  }

  /** Right to left, each after it has taken what it was sent. */
  stop(): void {
    for (const { name } of [...this.topology.actors].reverse()) this.hostOf(name).stopActor(name);
    this.close();
  }

  /** Lets go of the ports; nothing is stopped or handed on. */
  close(): void {
    for (const host of this.hosts.values()) host.close();
  }

  control(actorName: string, request: unknown): unknown {
    return this.hostOf(actorName).control(actorName, request);
  }

  /** One turn of one thread. */
  turnOf(threadName: string): void {
    this.hosts.get(threadName)?.cycle.turn();
  }

  /** Turns of all threads, until none of them has anything left to do; false when there was nothing to begin with. */
  runUntilIdle(): boolean {
    let worked = false;
    for (let turns = 0; this.runners.some((runner) => runner.host.cycle.hasWork()); turns++) {
      if (turns > TURNS_MAX) throw new Error(`still busy after ${TURNS_MAX} turns`);
      worked = true;
      for (const runner of this.runners) runner.turn();
    }
    return worked;
  }

  /** One step of one thread, both chosen by the generator; false when nothing can happen now. Who is held gets no turn. */
  stepAtRandom(prng: Prng, batchMax: number, isHeld: ((actorName: string) => boolean) | null = null): boolean {
    const first = prng.below(this.runners.length);
    for (let i = 0; i < this.runners.length; i++) {
      const runner = this.runners[(first + i) % this.runners.length] as InlineRunner;
      if (runner.stepAtRandom(prng, batchMax, isHeld)) return true;
    }
    return false;
  }

  /** A turn of every thread whose ticks are due, whether or not anything else is. */
  turnAll(): void {
    for (const runner of this.runners) runner.turn();
  }

  tickNextMs(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const runner of this.runners) next = Math.min(next, runner.tickNextMs());
    return next;
  }

  metrics(): MetricSetReader {
    return new MetricSetReader(Object.values(this.metricBuffers));
  }

  counters(): CountersReader {
    return new CountersReader(this.counterBuffers);
  }

  private hostOf(actorName: string): ThreadHost {
    return this.hosts.get(this.threads.get(actorName) as string) as ThreadHost;
  }
}

function channelsBetween(names: readonly string[]): Map<string, Record<string, MessagePort>> {
  const ports = new Map<string, Record<string, MessagePort>>(names.map((name) => [name, {}]));
  names.forEach((a, index) => {
    for (const b of names.slice(index + 1)) {
      const { port1, port2 } = new MessageChannel();
      (ports.get(a) as Record<string, MessagePort>)[b] = port1;
      (ports.get(b) as Record<string, MessagePort>)[a] = port2;
    }
  });
  return ports;
}
