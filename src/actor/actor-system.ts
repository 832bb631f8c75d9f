/**
 * Builds what a topology and a placement say: rings, doorbells, counters, workers; starts the actors left to right and
 * stops them right to left; replaces threads the supervisor has lost. Also hosts the actors placed on the building
 * thread. Lives there. Knows nothing of what the actors do, and is handed to none of them.
 */

import { performance } from 'node:perf_hooks';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { assert } from '../base/assert.js';
import type { Clock } from '../base/clock.js';
import type { ActorFactoryModule, CreateActor } from './actor.js';
import { createCountersBuffer } from './counters/counters-layout.js';
import { CountersReader } from './counters/counters-reader.js';
import { MetricSetReader } from './counters/metric-set-reader.js';
import { createMetricsBuffer } from './counters/metrics-layout.js';
import { EventLoopRunner } from './event-loop-runner.js';
import type { Logger } from './logger.js';
import { countersCapacity } from './mailbox/link-tally.js';
import { createRing, ringDepth } from './mailbox/ring-layout.js';
import { MAIN_THREAD, type Placement, ThreadKind, type ThreadSpec, threadByActor } from './placement.js';
import { PreparedWorker } from './prepared-worker.js';
import { RESTART_INTENSITY_DEFAULT, type RestartIntensity } from './restart-budget.js';
import { Supervisor, WATCH_PERIOD_DEFAULT_MS } from './supervisor.js';
import { SystemClock } from './system-clock.js';
import { ThreadControl, type ThreadDump } from './thread-control.js';
import { ThreadHost, type ThreadWiring, threadOwner, WakeBy } from './thread-host.js';
import type { ThreadMemoryFigures } from './thread-memory.js';
import { ChildPolicy, type ResolvedLink, resolveLinks, type Topology } from './topology.js';
import { createDoorbell } from './wake/doorbell.js';
import { LoopWake } from './wake/loop-wake.js';
import type { WorkerReport } from './worker-report.js';
import { WorkerThread } from './worker-thread.js';

export interface ActorSystemOptions {
  readonly topology: Topology;
  readonly placement: Placement;
  /** Built module exporting `createActor` (see `ActorFactoryModule`); imported by every worker without one of its own. */
  readonly factoryUrl: URL;
  readonly log: Logger;
  /** The logger of an actor on the building thread; default: `log` for all. */
  readonly createLogger?: (actorName: string) => Logger;
  /**
   * Makes the actors of the building thread, where they need what cannot be cloned; default: the factory module. Asked for
   * after the workers were started, so that what it loads is loaded while they load.
   */
  readonly loadCreateActor?: () => CreateActor | Promise<CreateActor>;
  /** Workers that were begun before there was a system; each is used for the thread of its name, or ended. */
  readonly prepared?: readonly PreparedWorker[];
  readonly shared?: Readonly<Record<string, SharedArrayBuffer>>;
  readonly clock?: Clock;
  readonly restartIntensity?: RestartIntensity;
  readonly watchPeriodMs?: number;
  readonly drainLimit?: number;
  readonly countersMax?: number;
  /** Default: memory where `Atomics.waitAsync` exists. */
  readonly eventLoopWakeBy?: WakeBy;
  /** Once: something failed that must not. The rest of the system still stands; the process should end. */
  onFatal(error: Error, actorName: string): void;
}

export class ActorSystem {
  private readonly options: ActorSystemOptions;
  private readonly links: readonly ResolvedLink[];
  private readonly threads: ReadonlyMap<string, string>;
  /** Every thread, the building one included even if it has no actors: it hands on shared memory. */
  private readonly specs: readonly ThreadSpec[];
  private readonly rings: readonly (SharedArrayBuffer | null)[];
  private readonly doorbells: Readonly<Record<string, SharedArrayBuffer>>;
  private readonly wakeBy: Readonly<Record<string, WakeBy>>;
  private readonly counterBuffers: Readonly<Record<string, SharedArrayBuffer>>;
  private readonly metricBuffers: Readonly<Record<string, SharedArrayBuffer>>;
  private readonly clock: Clock;
  private readonly supervisor: Supervisor;
  private readonly workers = new Map<string, WorkerThread>();
  private prepared: readonly PreparedWorker[];
  private host: ThreadHost | null = null;
  private controlHere: ThreadControl | null = null;
  private runner: EventLoopRunner | null = null;
  private fatal = false;

  constructor(options: ActorSystemOptions) {
    this.options = options;
    this.prepared = options.prepared ?? [];
    const { topology, placement } = options;
    this.links = resolveLinks(topology);
    this.threads = threadByActor(topology, placement);
    this.clock = options.clock ?? new SystemClock();
    const main: ThreadSpec = { name: MAIN_THREAD, kind: ThreadKind.eventLoop, actors: [] };
    const hasMain = placement.threads.some((thread) => thread.name === MAIN_THREAD);
    this.specs = hasMain ? placement.threads : [main, ...placement.threads];

    this.rings = this.links.map((link) =>
      this.threads.get(link.from) === this.threads.get(link.to) ? null : createRing(link.capacityBytes),
    );
    this.doorbells = Object.fromEntries(this.specs.map(({ name }) => [name, createDoorbell()]));
    const eventLoopWakeBy = options.eventLoopWakeBy ?? (LoopWake.supported ? WakeBy.memory : WakeBy.port);
    this.wakeBy = Object.fromEntries(
      this.specs.map(({ name, kind }) => [name, kind === ThreadKind.blocking ? WakeBy.memory : eventLoopWakeBy]),
    );
    const owners = [...topology.actors.map(({ name }) => name), ...this.specs.map(({ name }) => threadOwner(name))];
    this.counterBuffers = Object.fromEntries(
      owners.map((owner) => [owner, createCountersBuffer(countersCapacity(owner, this.links, options.countersMax))]),
    );
    this.metricBuffers = Object.fromEntries(
      topology.actors.map((actor) => [actor.name, createMetricsBuffer(actor.metricsBytes)]),
    );

    this.supervisor = new Supervisor({
      clock: this.clock,
      log: options.log,
      restartIntensity: options.restartIntensity ?? RESTART_INTENSITY_DEFAULT,
      watchPeriodMs: options.watchPeriodMs ?? WATCH_PERIOD_DEFAULT_MS,
      fatalActorOf: (threadName) => this.fatalActorOf(threadName),
      replace: (threadName) => this.replaceThread(threadName),
      onFatal: (error, name) => this.onFatal(error, name),
    });
  }

  /** Starts all threads at once, then the actors one after another, left to right. If any of it fails, none is left. */
  async start(): Promise<void> {
    try {
      const ports = this.linkAllThreads();
      for (const spec of this.specs) {
        if (spec.name !== MAIN_THREAD) this.startWorker(spec, ports.get(spec.name)!, this.options.shared ?? {});
      }
      const unused = this.prepared.map((worker) => worker.discard());
      this.prepared = [];
      await this.buildHere(ports.get(MAIN_THREAD)!);
      await Promise.all([...unused, ...[...this.workers.values()].map((worker) => worker.ping())]);
      for (const { name } of this.options.topology.actors) await this.startActor(name);
    } catch (error) {
      await this.stop(0);
      throw error;
    }
    this.supervisor.start();
    for (const [name, worker] of this.workers) this.supervisor.watch(this.spec(name), worker);
  }

  /**
   * Stops the actors right to left, each after it has taken what it was sent, then the threads. What has not ended by
   * the deadline is terminated. After a failure nothing is drained: pass a short deadline.
   */
  async stop(deadlineMs: number): Promise<void> {
    const endMs = this.clock.monotonicMs() + deadlineMs;
    await this.beforeDeadline(endMs, this.supervisor.stop());
    for (const { name } of [...this.options.topology.actors].reverse()) {
      const stopped = await this.beforeDeadline(endMs, this.stopActor(name));
      if (!stopped) this.options.log.warn(`actor ${name} has not stopped`);
    }
    await Promise.all([...this.workers.values()].map((worker) => this.endWorker(worker, endMs)));
    this.runner?.stop();
    this.host?.close();
  }

  /** Asks an actor's `onControl`, wherever it lives. */
  async control(actorName: string, request: unknown): Promise<unknown> {
    const worker = this.workerOf(actorName);
    return worker === null ? this.mainControl().control(actorName, request) : worker.control(actorName, request);
  }

  async dump(): Promise<ThreadDump[]> {
    const workers = [...this.workers.values()].map((worker) => worker.dump());
    return [this.mainControl().dump(), ...(await Promise.all(workers))];
  }

  /** Counters of every actor, under its name, and of every thread, under `thread.<name>`. */
  counters(): CountersReader {
    return new CountersReader(this.counterBuffers);
  }

  /** The memory of all counters, by owner: for a thread of the caller's own that reads them. */
  get counterMemory(): Readonly<Record<string, SharedArrayBuffer>> {
    return this.counterBuffers;
  }

  /** What every actor measures for operators. */
  metrics(): MetricSetReader {
    return new MetricSetReader(Object.values(this.metricBuffers));
  }

  /** The memory of that, by actor: for a thread of the caller's own that reads it. */
  get metricMemory(): Readonly<Record<string, SharedArrayBuffer>> {
    return this.metricBuffers;
  }

  /** All of that begins anew; each thread sees to its own, since each has but one writer. */
  async resetMetrics(): Promise<void> {
    this.mainControl().resetMetrics();
    await Promise.all([...this.workers.values()].map((worker) => worker.resetMetrics()));
  }

  /** What the threads know of their heaps. One that ends while it is asked is left out. */
  async memoryFigures(): Promise<ThreadMemoryFigures[]> {
    const asked = [...this.workers.values()].map((worker) => worker.memoryFigures());
    const answers = await Promise.allSettled(asked);
    const told = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
    return [this.mainControl().memoryFigures(), ...told];
  }

  /** Bytes waiting in each ring now. What waits within a thread is in the counters (`…_depth_bytes`). */
  ringDepths(): Record<string, number> {
    const depths: Record<string, number> = {};
    for (const link of this.links) {
      const ring = this.rings[link.index];
      if (ring !== null) depths[link.name] = ringDepth(ring);
    }
    return depths;
  }

  /** By thread: milliseconds its event loop was not waiting for anything; null for threads that park by themselves. */
  loopActiveMs(): Record<string, number | null> {
    const active: Record<string, number | null> = { [MAIN_THREAD]: performance.eventLoopUtilization().active };
    for (const [name, worker] of this.workers) active[name] = worker.loopActiveMs();
    return active;
  }

  private async buildHere(ports: Record<string, MessagePort>): Promise<void> {
    const { options } = this;
    const createActor = await (options.loadCreateActor?.() ?? this.importFactory());
    this.host = new ThreadHost(this.wiring(MAIN_THREAD, ports, options.shared ?? {}), {
      clock: this.clock,
      createActor,
      createLogger: options.createLogger ?? (() => options.log),
      onFatal: (error, actorName) => this.onFatal(error, actorName),
    });
    this.controlHere = new ThreadControl(this.host, () => {});
    this.runner = new EventLoopRunner(this.host, {
      byPort: this.wakeBy[MAIN_THREAD] === WakeBy.port,
      spinMicros: this.spec(MAIN_THREAD).spinMicros ?? 0,
      onBroken: (error) => this.onFatal(error, MAIN_THREAD),
    });
    this.runner.start();
  }

  private async importFactory(): Promise<CreateActor> {
    const hasActorsHere = [...this.threads.values()].includes(MAIN_THREAD);
    if (!hasActorsHere) return (kind) => assert(false, `no actor lives here, and so no ${kind}`) as never;
    const factory = (await import(this.options.factoryUrl.href)) as ActorFactoryModule;
    return factory.createActor;
  }

  /** A channel for each pair of threads; per thread, the ends it gets. */
  private linkAllThreads(): Map<string, Record<string, MessagePort>> {
    const ports = new Map<string, Record<string, MessagePort>>(this.specs.map(({ name }) => [name, {}]));
    this.specs.forEach((a, index) => {
      for (const b of this.specs.slice(index + 1)) {
        const { port1, port2 } = new MessageChannel();
        ports.get(a.name)![b.name] = port1;
        ports.get(b.name)![a.name] = port2;
      }
    });
    return ports;
  }

  private wiring(
    threadName: string,
    ports: Record<string, MessagePort>,
    shared: Readonly<Record<string, SharedArrayBuffer>>,
  ): ThreadWiring {
    const { topology, placement, restartIntensity, drainLimit } = this.options;
    const here = [...this.threads].filter(([, thread]) => thread === threadName).map(([actor]) => actor);
    const owners = [...here, threadOwner(threadName)];
    return {
      threadName,
      topology,
      placement,
      rings: this.rings,
      doorbells: this.doorbells,
      wakeBy: this.wakeBy,
      ports,
      counters: Object.fromEntries(owners.map((owner) => [owner, this.counterBuffers[owner]])),
      metrics: Object.fromEntries(here.map((actor) => [actor, this.metricBuffers[actor]])),
      shared,
      restartIntensity,
      drainLimit,
    };
  }

  private startWorker(
    spec: ThreadSpec,
    ports: Record<string, MessagePort>,
    shared: Readonly<Record<string, SharedArrayBuffer>>,
  ): WorkerThread {
    const wiring = this.wiring(spec.name, ports, shared);
    const worker: WorkerThread = new WorkerThread(spec, wiring, this.takePrepared(spec), {
      onReport: (report) => this.onReport(report),
      onEnd: (error) => this.supervisor.onEnd(worker, error),
    });
    this.workers.set(spec.name, worker);
    return worker;
  }

  private takePrepared(spec: ThreadSpec): PreparedWorker {
    const factoryUrl = spec.factoryUrl ?? this.options.factoryUrl.href;
    const ready = this.prepared.find((worker) => worker.threadName === spec.name && worker.factoryUrl === factoryUrl);
    if (ready === undefined) return new PreparedWorker(spec.name, factoryUrl);
    this.prepared = this.prepared.filter((worker) => worker !== ready);
    return ready;
  }

  /**
   * The rings, the doorbell and the counters are the old thread's; the channels are new on both ends. The peers post
   * again what the old thread may have taken with it.
   */
  private async replaceThread(threadName: string): Promise<void> {
    const spec = this.spec(threadName);
    const ports: Record<string, MessagePort> = {};
    const relinked: Promise<unknown>[] = [];
    for (const peer of this.specs) {
      if (peer.name === threadName) continue;
      const { port1, port2 } = new MessageChannel();
      ports[peer.name] = port1;
      if (peer.name === MAIN_THREAD) this.mainControl().relink(threadName, port2);
      // A peer that is gone as well gets new channels when its turn comes.
      else
        relinked.push(
          this.workers
            .get(peer.name)!
            .relink(threadName, port2)
            .catch(() => {}),
        );
    }
    const worker = this.startWorker(spec, ports, this.host!.directory.snapshot());
    this.supervisor.watch(spec, worker);
    await Promise.all([worker.ping(), ...relinked]);
    for (const { name } of this.options.topology.actors) {
      if (this.threads.get(name) === threadName) await worker.startActor(name);
    }
  }

  private spec(threadName: string): ThreadSpec {
    return this.specs.find((spec) => spec.name === threadName)!;
  }

  private fatalActorOf(threadName: string): string | null {
    const fatal = this.options.topology.actors.find(
      (actor) => this.threads.get(actor.name) === threadName && actor.policy === ChildPolicy.fatal,
    );
    return fatal?.name ?? null;
  }

  private onReport(report: WorkerReport): void {
    if (report.kind === 'fatal') this.onFatal(report.error, report.actorName);
    else this.options.log[report.level](report.message, { actor: report.actorName, ...report.fields });
  }

  private onFatal(error: Error, actorName: string): void {
    if (this.fatal) return;
    this.fatal = true;
    this.options.onFatal(error, actorName);
  }

  private async startActor(name: string): Promise<void> {
    const worker = this.workerOf(name);
    if (worker === null) this.mainControl().startActor(name);
    else await worker.startActor(name);
  }

  private async stopActor(name: string): Promise<void> {
    const worker = this.workerOf(name);
    if (worker === null) this.mainControl().stopActor(name);
    else await worker.stopActor(name);
  }

  private async endWorker(worker: WorkerThread, endMs: number): Promise<void> {
    if (await this.beforeDeadline(endMs, worker.shutdown())) return;
    this.options.log.warn(`thread ${worker.threadName} is terminated`);
    await worker.terminate();
  }

  private workerOf(actorName: string): WorkerThread | null {
    const thread = this.threads.get(actorName);
    assert(thread !== undefined, `there is no actor ${actorName}`);
    return thread === MAIN_THREAD ? null : this.workers.get(thread)!;
  }

  private mainControl(): ThreadControl {
    assert(this.controlHere !== null, 'the actor system has been started');
    return this.controlHere;
  }

  /** False if the work failed or was not done in time. */
  private async beforeDeadline(endMs: number, work: Promise<unknown>): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<boolean>((resolve) => {
      timer = setTimeout(resolve, Math.max(0, endMs - this.clock.monotonicMs()), false);
    });
    const done = work.then(
      () => true,
      (error: unknown) => {
        this.options.log.debug('something failed while stopping', { err: error });
        return false;
      },
    );
    const result = await Promise.race([done, deadline]);
    clearTimeout(timer);
    return result;
  }
}
