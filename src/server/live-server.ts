/**
 * A running server, whatever its plan: shared memory, the actor system in its placement, and what the main thread does beside
 * them (answering four-letter words, writing the counters, ending the process when something failed that must not).
 *
 * Lives on the main thread. Nothing per request passes here. What only a standalone server or only a member of an ensemble is,
 * its plan says (server-plan.ts).
 */
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ActorSystem } from '../actor/actor-system.js';
import { SystemClock } from '../actor/system-clock.js';
import { assert } from '../base/assert.js';
import type { ConnectionReport, DrainReport, ShardControl } from '../net/shard-control.js';
import { TreeReader } from '../store/tree-reader.js';
import type { AdminParts, MainPorts } from './actor-factory.js';
import { type AdminHost, type RunningAdmin, startAdmin } from './admin-host.js';
import { clientPortError, clientPorts } from './client-ports.js';
import { directoryBytes } from './data-directory.js';
import type { DatadirCleanupActor } from './datadir-cleanup-actor.js';
import { diagnosticReport } from './diagnostic-report.js';
import { describeEnvironment } from './environment.js';
import { ExitCode } from './exit-code.js';
import type { ConnectionStatus, ServerMode, ServerStatus } from './four-letter-words/server-status.js';
import { answer, DEFAULT_TRACE_MASK, FourLetterWhitelist, needs, recogniseNumber } from './four-letter-words.js';
import { javaInetAddress } from './java-text.js';
import { LiveRestore } from './live-restore.js';
import { operationTag } from './operation-tag.js';
import { PipelineView } from './pipeline-view.js';
import { rememberedDigests } from './remembered-digests.js';
import type { ServerConfig } from './server-config.js';
import type { ServerLog } from './server-log.js';
import type { ServerPlan } from './server-plan.js';
import { createSharedMemory } from './shared-memory.js';
import { SharedName, slabName } from './shared-name.js';
import type { SnapshotPort } from './snapshotter-actor.js';
import { FULL_VERSION } from './version.js';

export interface LiveServerEvents {
  /** The client port of this index, among those configured, accepts connections. */
  onListening(index: number, port: number): void;
  /** The client port could not be opened; the error has the system's code, and port and address. */
  onListenFailed(error: Error): void;
  /** The server cannot go on; the process is to end with this code. Called once. */
  onFatal(error: Error, source: string, exitCode: ExitCode): void;
  /** Lines of the audit log (net/audit-trail.ts). */
  onAudit(lines: string): void;
}

/** How often a shard that ends is asked how far it is. */
const DRAIN_LOOK_MS = 3;
/** Clients that have been told of the end close their side meanwhile; one that does not is not waited for. */
const PARTING_MS = 50;
const DUMP_MS = 1000;

export class LiveServer implements MainPorts {
  private readonly config: ServerConfig;
  private readonly plan: ServerPlan;
  private readonly log: ServerLog;
  private readonly events: LiveServerEvents;
  private readonly system: ActorSystem;
  private readonly whitelist: FourLetterWhitelist;
  private readonly tree: TreeReader;
  private traceMask = DEFAULT_TRACE_MASK;
  private listening = false;
  private whitelistLogged = false;
  private snapshotter: SnapshotPort | null = null;
  private adminParts: AdminParts | null = null;
  private admin: RunningAdmin | null = null;
  private cleanup: DatadirCleanupActor | null = null;

  constructor(config: ServerConfig, plan: ServerPlan, log: ServerLog, events: LiveServerEvents) {
    this.config = config;
    this.plan = plan;
    this.log = log;
    this.events = events;
    this.whitelist = new FourLetterWhitelist(config.fourLetterWhitelist, config.readOnlyModeEnabled);
    const random = randomBytes(8);
    const hashKey = new Int32Array([random.readInt32LE(0), random.readInt32LE(4)]);
    const memory = { ...createSharedMemory(hashKey, config.connectionShards), ...plan.memory };
    const control = memory[SharedName.treeControl];
    const slab0 = memory[slabName(0)];
    assert(control !== undefined && slab0 !== undefined, 'the tree has its memory');
    // Only figures of the control block are read here, so no slab is ever asked for.
    this.tree = new TreeReader({ control, slab0 }, { load: () => undefined });
    this.system = new ActorSystem({
      topology: plan.topology,
      placement: plan.placement,
      factoryUrl: plan.factoryUrl,
      loadCreateActor: () => plan.loadCreateActor(this),
      log: log.named('ActorSystem'),
      createLogger: (actorName) => log.named(actorName),
      shared: memory,
      onFatal: (error, actorName) => this.fatal(error, actorName),
    });
  }

  /** Resolves when the database is loaded and every actor runs; the port opens right after, see `onListening`. */
  async start(): Promise<void> {
    await this.system.start();
  }

  /** Opens the admin port, if there is to be one; rejects with AdminStartError. Once the client port is open. */
  async startAdmin(): Promise<void> {
    if (!this.config.admin.enabled) return;
    try {
      this.admin = await startAdmin(this.adminHost());
    } catch (error) {
      if (!this.plan.doesWithoutAdmin) throw error;
      this.log.named('QuorumPeer').warn('Problem starting AdminServer', { error });
    }
  }

  async stop(deadlineMs: number): Promise<void> {
    this.admin?.close();
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
    await Promise.race([drained(), delay(deadlineMs)]);
  }

  /** Where everything stands, as text; for SIGQUIT. */
  async diagnosticReport(): Promise<string> {
    const threads = await Promise.race([this.system.dump(), delay(DUMP_MS, null)]);
    const nowMs = new SystemClock().wallMs();
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
    this.listening = true;
    const host = clientPorts(this.config)[index]?.host;
    this.log.named('NIOServerCnxnFactory').info(`binding to port ${host ?? '0.0.0.0'}:${port}`);
    this.events.onListening(index, port);
  }

  onListenFailed(index: number, message: string, code: string): void {
    const failed = clientPorts(this.config)[index];
    assert(failed !== undefined, 'a port that was configured');
    this.events.onListenFailed(clientPortError(failed, Object.assign(new Error(message), { code })));
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
    this.answerWord(shard, connection, client, number, payload).catch((error: unknown) => {
      this.log.error('a four-letter word could not be answered', { error });
    });
  }

  onAudit(lines: string): void {
    this.events.onAudit(lines);
  }

  private whenNoPurge(): Promise<void> {
    return this.cleanup?.whenIdle() ?? Promise.resolve();
  }

  private fatal(error: Error, actorName: string): void {
    this.events.onFatal(error, actorName === 'sync' ? 'SyncThread:0' : actorName, exitCodeOf(error));
  }

  private adminHost(): AdminHost {
    const { config, plan, log, adminParts, snapshots } = this;
    assert(adminParts !== null, 'the actors are made');
    const { restorer, counters, ownsRoot } = adminParts;
    const isServing = (): boolean => this.mode() !== null;
    return {
      config: config.admin,
      auth: config.auth,
      log: log.named('JettyAdminServer'),
      clock: new SystemClock(),
      counters,
      get isServing() {
        return isServing();
      },
      snapshots,
      pipeline: new PipelineView(
        this.system,
        plan.topology,
        plan.placement,
        new SystemClock(),
        () => process.uptime() * 1000,
      ),
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
  private mode(): ServerMode | null {
    return this.listening ? this.plan.mode() : null;
  }

  // ---- four-letter words

  private async answerWord(
    shard: number,
    connection: number,
    client: string,
    number: number,
    payload: Uint8Array,
  ): Promise<void> {
    const word = recogniseNumber(number);
    assert(word !== null, 'a shard passes on known words only');
    if (!this.whitelistLogged) {
      this.whitelistLogged = true;
      this.log.info(this.whitelist.logLine());
    }
    const wants = word === 'telnet close' ? 'nothing' : needs(word);
    const status = await this.status(wants === 'connections', wants === 'directories', wants === 'digests');
    const { text, effect } = answer(word, this.whitelist, status, payload);
    this.log.info(`Processing ${word} command from ${client}`);
    if (effect.kind === 'set-trace-mask') this.traceMask = effect.mask;
    if (effect.kind === 'reset-server-statistics') await this.everyShard({ kind: 'reset-statistics', ofServer: true });
    if (effect.kind === 'reset-connection-statistics') {
      await this.everyShard({ kind: 'reset-statistics', ofServer: false });
    }
    await this.ask(shard, { kind: 'answer-word', connection, text });
  }

  private async status(
    withConnections: boolean,
    withDirectories: boolean,
    withDigests: boolean,
  ): Promise<ServerStatus> {
    const { config, tree } = this;
    const counters = this.system.counters();
    const sum = (name: string): number => counters.sum(name, 'connections.');
    const measured = sum('latency_count');
    let latencyMinMs = Number.POSITIVE_INFINITY;
    let latencyMaxMs = 0;
    for (let shard = 0; shard < config.connectionShards; shard++) {
      if (counters.get(`connections.${shard}`, 'latency_count') === 0) continue;
      latencyMinMs = Math.min(latencyMinMs, counters.get(`connections.${shard}`, 'latency_min_ms'));
      latencyMaxMs = Math.max(latencyMaxMs, counters.get(`connections.${shard}`, 'latency_max_ms'));
    }
    const mode = this.mode();
    const reports = withConnections ? ((await this.everyShard({ kind: 'connections' })) as ConnectionReport[][]) : [];
    return {
      version: FULL_VERSION,
      serving: mode !== null,
      mode: mode ?? 'standalone',
      latencyMinMs: Number.isFinite(latencyMinMs) ? latencyMinMs : 0,
      latencyAvgMs: measured === 0 ? 0 : sum('latency_total_ms') / measured,
      latencyMaxMs,
      receivedCount: sum('packets_received'),
      sentCount: sum('packets_sent'),
      connectionCount: sum('connections'),
      outstandingCount: sum('outstanding_requests'),
      zxidHi: tree.zxidHi(),
      zxidLo: tree.zxidLo(),
      // The reference keeps the root under two names, and counts both.
      nodeCount: tree.nodeCount() + 1,
      proposalBytes: mode === 'leader' ? this.proposalBytes() : null,
      traceMask: this.traceMask,
      connections: reports.flat().map((report) => connectionStatus(report)),
      digests: withDigests ? await rememberedDigests(tree) : [],
      settings: {
        clientPort: config.clientPort,
        secureClientPort: config.secureClientPort,
        tickMs: config.tickMs,
        maxClientCnxns: config.maxClientCnxns,
        minSessionTimeoutMs: config.minSessionTimeoutMs,
        maxSessionTimeoutMs: config.maxSessionTimeoutMs,
        clientPortListenBacklog: config.clientPortListenBacklog,
        serverId: config.serverId,
        quorum: withDirectories
          ? await this.plan.quorumSettings((actor, request) => this.system.control(actor, request))
          : null,
      },
      directories: this.directories(withDirectories),
      environment: describeEnvironment(),
    };
  }

  private proposalBytes(): ServerStatus['proposalBytes'] {
    const figure = (name: string): number => this.system.counters().get('quorum-peer', name) - 1;
    return { last: figure('last_proposal_size'), min: figure('min_proposal_size'), max: figure('max_proposal_size') };
  }

  private directories(withSizes: boolean): ServerStatus['directories'] {
    const dataDir = resolve(this.config.dataDir, 'version-2');
    const dataLogDir = resolve(this.config.dataLogDir, 'version-2');
    return {
      dataDir,
      dataLogDir,
      dataDirBytes: withSizes ? directoryBytes(dataDir) : 0,
      dataLogDirBytes: withSizes ? directoryBytes(dataLogDir) : 0,
    };
  }

  private async everyShard(control: ShardControl): Promise<unknown[]> {
    const shards = Array.from({ length: this.config.connectionShards }, (_, shard) => this.ask(shard, control));
    return Promise.all(shards);
  }

  private ask(shard: number, control: ShardControl): Promise<unknown> {
    return this.system.control(`connections.${shard}`, control);
  }
}

function connectionStatus(report: ConnectionReport): ConnectionStatus {
  const clock = new SystemClock();
  const wallOriginMs = clock.wallMs() - clock.monotonicMs();
  return {
    address: javaInetAddress(report.address),
    port: report.port,
    interestOps: report.isAnswering ? 0 : 1,
    queuedCount: report.outstanding,
    receivedCount: report.received,
    sentCount: report.sent,
    session: report.hasSession
      ? {
          sessionHi: report.sessionHi,
          sessionLo: report.sessionLo,
          lastOperation: operationTag(report.lastOp),
          establishedWallMs: Math.round(wallOriginMs + report.establishedMs),
          timeoutMs: report.timeoutMs,
          lastCxid: report.lastXid,
          lastZxidHi: report.lastZxidHi,
          lastZxidLo: report.lastZxidLo,
          lastResponseMonotonicMs: Math.round(report.lastResponseMs),
          lastLatencyMs: report.lastLatencyMs,
          minLatencyMs: report.minLatencyMs,
          avgLatencyMs: report.latencyCount === 0 ? 0 : Math.floor(report.totalLatencyMs / report.latencyCount),
          maxLatencyMs: report.maxLatencyMs,
        }
      : null,
  };
}

/** Errors of ours that end a process know with which code (persistence 10, ensemble-protocol 1.5). */
function exitCodeOf(error: Error): ExitCode {
  const { exitCode } = error as { readonly exitCode?: unknown };
  const known = Object.values(ExitCode).find((code) => code === exitCode);
  return known ?? ExitCode.unexpectedError;
}
