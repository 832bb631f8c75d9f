/**
 * A running server, whatever its plan: shared memory, the actor system in its placement, and what the main thread does beside
 * them (writing the counters, ending the process when something failed that must not). What answers four-letter words
 * and admin commands is loaded when the first is asked.
 *
 * Lives on the main thread. Nothing per request passes here. What only a standalone server or only a member of an ensemble is,
 * its plan says (server-plan.ts).
 */
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { ActorSystem } from '../actor/actor-system.js';
import type { PreparedWorker } from '../actor/prepared-worker.js';
import { SystemClock } from '../actor/system-clock.js';
import { assert } from '../base/assert.js';
import { ChangedSettings } from '../net/changed-settings.js';
import type { DrainReport, ShardControl } from '../net/shard-control.js';
import { SLOW_REQUEST_THRESHOLD, SlowRequestThreshold } from '../net/slow-request-threshold.js';
import { SessionTable } from '../session/session-table.js';
import type { AdminParts, MainPorts } from './actor-factory.js';
import { type AdminHost, type RunningAdmin, startAdmin } from './admin-host.js';
import type { ClientPortMoves } from './client-port-moves.js';
import { clientPortError, clientPorts } from './client-ports.js';
import type { DatadirCleanupActor } from './datadir-cleanup-actor.js';
import { ExitCode } from './exit-code.js';
import type { LiveControl } from './live-control.js';
import { LiveRestore } from './live-restore.js';
import { PipelineView } from './pipeline-view.js';
import type { ServerConfig } from './server-config.js';
import type { ServerLog } from './server-log.js';
import type { MetricsSources, ServerMetrics, ServerState } from './server-metrics.js';
import type { ServerPlan } from './server-plan.js';
import { createSharedMemory } from './shared-memory.js';
import { SharedName } from './shared-name.js';
import { SlowRequests } from './slow-requests.js';
import type { SnapshotPort } from './snapshotter-actor.js';
import type { LiveStatus } from './status/live-status.js';
import type { ServerMode } from './status/server-status.js';
import type { AskedWord, WordAnswers } from './word-answers.js';

export interface LiveServerEvents {
  /** The client port of this index, among those configured, accepts connections. */
  onListening(index: number, port: number): void;
  /** The client port could not be opened; the error has the system's code, and port and address. */
  onListenFailed(error: Error): void;
  /** The server cannot go on; the process is to end with this code. Called once. */
  onFatal(error: Error, source: string, exitCode: ExitCode): void;
  /** Lines of the audit log (net/audit-trail.ts). */
  onAudit(lines: Uint8Array): void;
}

/** How often a shard that ends is asked how far it is. */
const DRAIN_LOOK_MS = 3;
/** Clients that have been told of the end close their side meanwhile; one that does not is not waited for. */
const PARTING_MS = 50;
const DUMP_MS = 1000;

export class LiveServer implements MainPorts {
  private readonly config: ServerConfig;
  /** The same, with what has been changed while the server runs. */
  private readonly currentConfig: { -readonly [K in keyof ServerConfig]: ServerConfig[K] };
  private readonly plan: ServerPlan;
  private readonly log: ServerLog;
  private readonly events: LiveServerEvents;
  private readonly system: ActorSystem;
  private readonly sessions: SessionTable;
  private readonly memory: Readonly<Record<string, SharedArrayBuffer>>;
  private readonly slowThreshold: SlowRequestThreshold;
  private readonly slowRequests: SlowRequests;
  private readonly clock = new SystemClock();
  /** Its threads are counted from here; the process may be older. */
  private readonly beganMs = this.clock.monotonicMs();
  private listeningSinceMs: number | null = null;
  private metrics: Promise<ServerMetrics> | null = null;
  /** As it was at the start; it may be written anew while the server runs. */
  private readonly configText: string | null;
  private status: Promise<LiveStatus> | null = null;
  private words: Promise<WordAnswers> | null = null;
  private listening = false;
  /** Null: no reconfiguration has moved the port for clients so far. */
  private portMoves: ClientPortMoves | null = null;
  private snapshotter: SnapshotPort | null = null;
  private adminParts: AdminParts | null = null;
  private admin: RunningAdmin | null = null;
  private isStopped = false;
  private pipeline: PipelineView | null = null;
  private cleanup: DatadirCleanupActor | null = null;

  constructor(
    config: ServerConfig,
    plan: ServerPlan,
    log: ServerLog,
    events: LiveServerEvents,
    prepared: readonly PreparedWorker[],
  ) {
    this.config = config;
    this.currentConfig = { ...config };
    this.plan = plan;
    this.log = log;
    this.events = events;
    this.configText = config.configFile === null ? null : readFileSync(config.configFile, 'utf8');
    const random = randomBytes(8);
    const hashKey = new Int32Array([random.readInt32LE(0), random.readInt32LE(4)]);
    const memory = { ...createSharedMemory(hashKey, config.connectionShards), ...plan.memory };
    this.memory = memory;
    this.slowThreshold = new SlowRequestThreshold(memory[SLOW_REQUEST_THRESHOLD] as SharedArrayBuffer);
    this.slowThreshold.ms = config.slowRequestThresholdMs;
    this.slowRequests = new SlowRequests(
      memory,
      new SystemClock(),
      log.named('SlowRequests'),
      config.quorumPeer !== null,
    );
    const sessions = memory[SharedName.sessions];
    assert(sessions !== undefined, 'the sessions have their memory');
    this.sessions = new SessionTable(sessions);
    this.system = new ActorSystem({
      topology: plan.topology,
      placement: plan.placement,
      factoryUrl: plan.factoryUrl,
      loadCreateActor: () => plan.createActorWith(this),
      log: log.named('ActorSystem'),
      createLogger: (actorName) => log.named(actorName),
      prepared,
      shared: memory,
      onFatal: (error, actorName) => this.fatal(error, actorName),
    });
  }

  /** Resolves when the database is loaded and every actor runs; the port opens right after, see `onListening`. */
  async start(): Promise<void> {
    // No client is served by a server whose figures were to be published and cannot.
    if (this.config.metrics.provider === 'prometheus') await (await this.loadMetrics()).start();
    await this.system.start();
  }

  /** Opens the admin port, if there is to be one; rejects with AdminStartError. Once the client port is open. */
  async startAdmin(): Promise<void> {
    if (!this.config.admin.enabled || this.isStopped) return;
    try {
      const admin = await startAdmin(
        this.adminHost(await this.loadStatus(), await this.loadMetrics(), await this.loadControl()),
      );
      // The server may have ended meanwhile, and nobody else would close the port.
      if (this.isStopped) admin?.close();
      else this.admin = admin;
    } catch (error) {
      if (!this.plan.doesWithoutAdmin) throw error;
      this.log.named('QuorumPeer').warn('Problem starting AdminServer', { error });
    }
  }

  /** Null: it is not open. */
  get adminPort(): number | null {
    return this.admin?.port ?? null;
  }

  async stop(deadlineMs: number): Promise<void> {
    this.isStopped = true;
    this.portMoves?.close();
    this.admin?.close();
    (await this.metrics)?.close();
    await this.system.stop(deadlineMs);
  }

  /**
   * Has the clients' requests in the pipeline answered and their connections closed in order; gives up when the time is over. The
   * server serves nobody afterwards.
   */
  async drain(deadlineMs: number): Promise<void> {
    const clock = new SystemClock();
    const endMs = clock.monotonicMs() + deadlineMs;
    let partingUntilMs = endMs;
    const drained = async (): Promise<void> => {
      for (;;) {
        const reports = (await this.everyShard({ kind: 'drain' })) as DrainReport[];
        const nowMs = clock.monotonicMs();
        const isAnswered = reports.every(({ unanswered, unflushed }) => unanswered + unflushed === 0);
        if (isAnswered) partingUntilMs = Math.min(partingUntilMs, nowMs + PARTING_MS);
        if (nowMs >= partingUntilMs || reports.every(({ open }) => open === 0)) return;
        await delay(DRAIN_LOOK_MS);
      }
    };
    // A shard that hangs answers nobody.
    await Promise.race([drained(), delay(deadlineMs, undefined, { ref: false })]);
  }

  /** Where everything stands, as text; for SIGQUIT. */
  async diagnosticReport(): Promise<string> {
    // A thread that has ended, or is not there yet, does not answer either.
    const dump = this.system.dump().catch(() => null);
    const threads = await Promise.race([dump, delay(DUMP_MS, null, { ref: false })]);
    const nowMs = new SystemClock().wallMs();
    const { diagnosticReport } = await import('./diagnostic-report.js');
    return diagnosticReport({ nowMs, mode: this.mode(), threads, ringDepths: this.system.ringDepths() });
  }

  /** Snapshots on demand, and the last one; only after `start` was called. */
  get snapshots(): SnapshotPort {
    assert(this.snapshotter !== null, 'the actors are made');
    return this.snapshotter;
  }

  /** All counters and ring depths, for the stage benchmark; the same figures feed the metrics. */
  writeCounters(path: string): void {
    const counters = { counters: this.system.counters().snapshot(), ringDepths: this.system.ringDepths() };
    writeFileSync(path, JSON.stringify(counters));
  }

  // ---- what the main thread's actors report

  onListening(index: number, port: number): void {
    if (this.portMoves?.tookPlace(index, port) === true) return;
    this.listening = true;
    this.listeningSinceMs ??= new SystemClock().monotonicMs();
    const host = clientPorts(this.config)[index]?.host;
    this.log.named('NIOServerCnxnFactory').info(`binding to port ${host ?? '0.0.0.0'}:${port}`);
    this.events.onListening(index, port);
  }

  onListenFailed(index: number, message: string, code: string): void {
    const error = Object.assign(new Error(message), { code });
    if (this.portMoves?.tryFail(index, error) === true) return;
    const failed = clientPorts(this.config)[index];
    assert(failed !== undefined, 'a port that was configured');
    this.events.onListenFailed(clientPortError(failed, error));
  }

  onClientAddress(host: string, port: number): void {
    import('./client-port-moves.js')
      .then(({ ClientPortMoves }) => {
        if (this.isStopped) return;
        this.portMoves ??= new ClientPortMoves(this.currentConfig, this.ask, this.log.named('NIOServerCnxnFactory'));
        return this.portMoves.move(host, port);
      })
      .catch((error: unknown) => this.fatal(error as Error, 'client port'));
  }

  onSnapshotPort(port: SnapshotPort): void {
    this.snapshotter = port;
  }

  onSnapshotFailed(error: Error): void {
    this.events.onFatal(error, 'snapshotter', ExitCode.txnLogErrorTakingSnapshot);
  }

  onAdminParts(parts: AdminParts): void {
    this.adminParts = parts;
  }

  onDatadirCleanup(cleanup: DatadirCleanupActor): void {
    this.cleanup = cleanup;
  }

  mayPurge(): boolean {
    return this.snapshotter?.isUnfinished() === false && this.adminParts?.restorer.isBusy === false;
  }

  onWord(shard: number, connection: number, client: string, number: number, payload: Uint8Array): void {
    this.answerWord({ shard, connection, client, number, payload }).catch((error: unknown) => {
      this.log.error('a four-letter word could not be answered', { error });
    });
  }

  onSlowRequest(bytes: Uint8Array, words: Int32Array, offset: number, length: number): void {
    this.slowRequests.onReported(bytes, words, offset, length);
  }

  onAudit(lines: Uint8Array): void {
    this.events.onAudit(lines);
  }

  private async answerWord(asked: AskedWord): Promise<void> {
    this.words ??= import('./word-answers.js').then(
      async ({ WordAnswers }) => new WordAnswers(this.config, await this.loadStatus(), this.log),
    );
    const words = await this.words;
    try {
      await words.answer(asked);
    } catch (error) {
      await words.drop(asked);
      throw error;
    }
  }

  /** Loaded when somebody wants to know how the server is doing. */
  private loadStatus(): Promise<LiveStatus> {
    this.status ??= Promise.all([import('./status/live-status.js'), this.loadMetrics()]).then(
      ([{ LiveStatus }, metrics]) => this.makeStatus(LiveStatus, metrics),
    );
    return this.status;
  }

  /** What operators watch. Loaded with the status, or with a provider that publishes it. */
  private loadMetrics(): Promise<ServerMetrics> {
    this.metrics ??= import('./server-metrics.js').then(({ ServerMetrics }) => {
      const { config, system, memory } = this;
      const throttle = memory[SharedName.connectionThrottle];
      assert(throttle !== undefined, 'the throttle has its memory');
      const sources: MetricsSources = {
        clock: new SystemClock(),
        tree: () => this.adminParts?.tree ?? null,
        sessions: this.sessions,
        throttle,
        state: () => this.state(),
        servingSinceMs: () => this.listeningSinceMs,
        pipeline: () => this.pipelineView.look(),
      };
      return new ServerMetrics(config.metrics, system, sources, this.log.named('MetricsProvider'));
    });
    return this.metrics;
  }

  private get pipelineView(): PipelineView {
    this.pipeline ??= new PipelineView(
      this.system,
      this.plan.topology,
      this.plan.placement,
      new SystemClock(),
      () => this.clock.monotonicMs() - this.beganMs,
    );
    return this.pipeline;
  }

  /** Null: no client is served. */
  private state(): ServerState | null {
    const mode = this.mode();
    if (mode === null) return null;
    const master = mode === 'observer' ? this.system.counters().get('quorum-peer', 'learner_master_id') : -1;
    return { mode, peerState: this.plan.peerState(), observerMasterId: master < 0 ? null : master };
  }

  private makeStatus(Status: typeof LiveStatus, metrics: ServerMetrics): LiveStatus {
    const { currentConfig: config, plan, system, adminParts } = this;
    assert(adminParts !== null, 'the actors are made');
    return new Status({
      config,
      plan,
      counters: system.counters(),
      tree: adminParts.tree,
      sessions: this.sessions,
      configText: this.configText,
      ask: this.ask,
      mode: () => this.mode(),
      resetMetrics: () => metrics.reset(),
      monitorText: () => metrics.monitorText(),
      proposalBytes: () => metrics.proposalBytes(),
      gauges: () => metrics.gaugeValues(),
    });
  }

  private readonly ask = (actor: string, request: unknown): Promise<unknown> => this.system.control(actor, request);

  private async loadControl(): Promise<LiveControl> {
    const { liveControl } = await import('./live-control.js');
    const changed = new ChangedSettings(this.memory[SharedName.changedSettings] as SharedArrayBuffer);
    return liveControl(this.currentConfig, changed, this.ask, this.log.levels, this.log.named('ZooKeeperServer'));
  }

  private everyShard(control: ShardControl): Promise<unknown[]> {
    const shards = Array.from({ length: this.config.connectionShards }, (_, shard) => `connections.${shard}`);
    return Promise.all(shards.map((shard) => this.system.control(shard, control)));
  }

  private whenNoPurge(): Promise<void> {
    return this.cleanup?.whenIdle() ?? Promise.resolve();
  }

  private fatal(error: Error, actorName: string): void {
    this.events.onFatal(error, actorName === 'sync' ? 'SyncThread:0' : actorName, exitCodeOf(error));
  }

  private adminHost(status: LiveStatus, metrics: ServerMetrics, control: LiveControl): AdminHost {
    const { config, plan, log, adminParts, snapshots } = this;
    assert(adminParts !== null, 'the actors are made');
    const { restorer, counters, ownsRoot, tree, aclPolicy } = adminParts;
    const isServing = (): boolean => this.mode() !== null;
    const { slowThreshold, slowRequests } = this;
    return {
      config: config.admin,
      auth: config.auth,
      log: log.named('JettyAdminServer'),
      clock: new SystemClock(),
      counters,
      status,
      get isServing() {
        return isServing();
      },
      snapshots,
      pipeline: this.pipelineView,
      slowRequests: {
        get thresholdMs() {
          return slowThreshold.ms;
        },
        get last() {
          return slowRequests.last;
        },
      },
      metrics,
      tree,
      aclPolicy,
      control,
      newRestore: () =>
        new LiveRestore(
          config,
          restorer,
          () => this.whenNoPurge(),
          () => snapshots.holdSnapshots(),
          log.named('ZooKeeperServer'),
        ),
      ownsRoot,
      restoreRefusal: plan.restoreRefusal,
    };
  }

  /** Null: no client is served. */
  mode(): ServerMode | null {
    return this.listening ? this.plan.mode() : null;
  }
}

/** Errors of ours that end a process know with which code (persistence 10, ensemble-protocol 1.5). */
function exitCodeOf(error: Error): ExitCode {
  const { exitCode } = error as { readonly exitCode?: unknown };
  const known = Object.values(ExitCode).find((code) => code === exitCode);
  return known ?? ExitCode.unexpectedError;
}
