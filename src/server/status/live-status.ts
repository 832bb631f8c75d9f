/**
 * Gathers what a running server tells about itself: the one place where four-letter words, admin commands and monitors get it.
 *
 * Lives on the main thread. The figures are read from shared memory and cost nothing; all else is gathered when it is asked for, in
 * short pieces on every thread that has a part of it (turn-sharing.ts), so that no answer holds up a client's request.
 */
import { resolve } from 'node:path';
import type { CountersReader } from '../../actor/counters/counters-reader.js';
import { SystemClock } from '../../actor/system-clock.js';
import { hex64 } from '../../base/int64.js';
import type { SessionTable } from '../../session/session-table.js';
import type { TreeReader } from '../../store/tree-reader.js';
import { directoryBytes } from '../data-directory.js';
import { describeEnvironment, type Environment, runtimeProperties } from '../environment.js';
import type { ServerConfig } from '../server-config.js';
import type { AskActor, ServerPlan } from '../server-plan.js';
import { FULL_VERSION } from '../version.js';
import { rememberedDigests } from './remembered-digests.js';
import type {
  ConnectionStatus,
  DigestStatus,
  DirectoryStatus,
  EnsembleStatus,
  EphemeralStatus,
  FigureStatus,
  ServerMode,
  SessionsStatus,
  SettingsStatus,
  SizeStatus,
  TotalStatus,
  WatchCounts,
  WatchesByPath,
  WatchesBySession,
} from './server-status.js';
import { SessionListing } from './session-listing.js';
import { ShardQuestions } from './shard-questions.js';
import { TurnSharing } from './turn-sharing.js';
import { WatchListing } from './watch-listing.js';

export const DEFAULT_TRACE_MASK = 306n;

export interface LiveStatusParts {
  readonly config: ServerConfig;
  readonly plan: ServerPlan;
  readonly counters: CountersReader;
  readonly tree: TreeReader;
  readonly sessions: SessionTable;
  readonly ask: AskActor;
  /** The configuration file as it was at the start; null: there is none. May hold secrets. */
  readonly configText: string | null;
  /** Null: no client is served. */
  mode(): ServerMode | null;
  /** Of the metrics; what else `srst` resets is told here. */
  resetMetrics(): Promise<void>;
  /** The whole text of `mntr`. */
  monitorText(): Promise<string>;
  /** Of the leader's proposals; -1 while there was none. */
  proposalBytes(): SizeStatus;
  /** By the names of the metrics; empty while no client is served. */
  gauges(): Promise<Readonly<Record<string, number>>>;
}

export class LiveStatus {
  /** Kept and shown; it has no effect here, and no other server's answer depends on it. */
  traceMask = DEFAULT_TRACE_MASK;
  private readonly parts: LiveStatusParts;
  private readonly shards: ShardQuestions;
  private readonly listing: SessionListing;
  private readonly clock = new SystemClock();

  constructor(parts: LiveStatusParts) {
    this.parts = parts;
    const { config, sessions, tree } = parts;
    const keepsLocal = config.quorumPeer !== null && config.localSessions.isEnabled;
    this.shards = new ShardQuestions(parts.ask, config.connectionShards);
    this.listing = new SessionListing(sessions, tree, this.clock, config.tickMs, keepsLocal);
  }

  get shardQuestions(): ShardQuestions {
    return this.shards;
  }

  mode(): ServerMode | null {
    return this.parts.mode();
  }

  figures(): FigureStatus {
    const { config, counters, tree } = this.parts;
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
      proposalBytes: mode === 'leader' ? this.parts.proposalBytes() : null,
      traceMask: this.traceMask,
    };
  }

  /** Figures that only `server_stats` shows. */
  async totals(): Promise<TotalStatus> {
    const gauges = await this.parts.gauges();
    return {
      slowSyncs: this.parts.counters.sum('fsync_threshold_exceed_count'),
      clientResponses: {
        last: gauges.last_client_response_size ?? -1,
        min: gauges.min_client_response_size ?? -1,
        max: gauges.max_client_response_size ?? -1,
      },
      authFailures: gauges.auth_failed_count ?? 0,
      plainRemoteConnections: gauges.non_mtls_remote_conn_count ?? 0,
      plainLocalConnections: gauges.non_mtls_local_conn_count ?? 0,
      uptimeMs: gauges.uptime ?? 0,
    };
  }

  get configurationText(): string | null {
    return this.parts.configText;
  }

  /** By name. May hold secrets. */
  properties(): readonly (readonly [string, string])[] {
    const all = { ...Object.fromEntries(runtimeProperties()), ...this.parts.config.properties };
    return Object.entries(all).sort(([a], [b]) => (a < b ? -1 : 1));
  }

  environment(): Environment {
    return describeEnvironment();
  }

  /** The ensemble's part only if it is wanted. */
  async settings(withQuorum: boolean): Promise<SettingsStatus> {
    const { config, plan, ask } = this.parts;
    return {
      clientPort: config.clientPort,
      secureClientPort: config.secureClientPort,
      tickMs: config.tickMs,
      maxClientCnxns: config.maxClientCnxns,
      minSessionTimeoutMs: config.minSessionTimeoutMs,
      maxSessionTimeoutMs: config.maxSessionTimeoutMs,
      clientPortListenBacklog: config.clientPortListenBacklog,
      serverId: config.serverId,
      quorum: withQuorum ? await plan.quorumSettings(ask) : null,
    };
  }

  directories(withSizes: boolean): DirectoryStatus {
    const { config } = this.parts;
    const dataDir = resolve(config.dataDir, 'version-2');
    const dataLogDir = resolve(config.dataLogDir, 'version-2');
    return {
      dataDir,
      dataLogDir,
      dataDirBytes: withSizes ? directoryBytes(dataDir) : 0,
      dataLogDirBytes: withSizes ? directoryBytes(dataLogDir) : 0,
    };
  }

  connections(): Promise<ConnectionStatus[]> {
    return this.shards.connections();
  }

  digests(): Promise<DigestStatus[]> {
    return rememberedDigests(this.parts.tree);
  }

  sessions(): Promise<SessionsStatus> {
    return this.listing.sessions(this.mode() ?? 'standalone');
  }

  ephemerals(): Promise<EphemeralStatus> {
    return this.listing.ephemerals();
  }

  /** To be gone through once, as all that is told of watches: it is made while it is taken. */
  async watches(): Promise<WatchesBySession> {
    return (await this.watchListing()).bySession();
  }

  async watchesByPath(): Promise<WatchesByPath> {
    return (await this.watchListing()).byPath();
  }

  async watchCounts(): Promise<WatchCounts> {
    return (await this.watchListing()).counts();
  }

  monitorText(): Promise<string> {
    return this.parts.monitorText();
  }

  /** Null: this server is none of an ensemble, or has lost it. */
  async ensemble(): Promise<EnsembleStatus | null> {
    const mode = this.mode();
    if (mode === null || mode === 'read-only') return null;
    return this.parts.plan.ensemble(this.parts.ask);
  }

  /** Of what is applied: as text, and its halves. */
  lastZxid(): { readonly zxid: string; readonly epoch: number; readonly counter: number } {
    const { tree } = this.parts;
    const hi = tree.zxidHi();
    const lo = tree.zxidLo();
    return { zxid: `0x${hex64(hi, lo)}`, epoch: hi, counter: lo >>> 0 };
  }

  /** Milliseconds since 1970 of a monotonic time. */
  wallMsOf(monotonicMs: number): number {
    return Math.round(this.clock.wallMs() - this.clock.monotonicMs() + monotonicMs);
  }

  async resetObserverStatistics(): Promise<void> {
    await this.parts.plan.resetObserverStatistics(this.parts.ask);
  }

  /** `srst`, `stat_reset`. */
  async resetStatistics(): Promise<void> {
    await this.shards.askAll({ kind: 'reset-statistics', ofServer: true });
    await this.parts.resetMetrics();
  }

  /** `crst`, `connection_stat_reset`. */
  async resetConnectionStatistics(): Promise<void> {
    await this.shards.askAll({ kind: 'reset-statistics', ofServer: false });
  }

  private async watchListing(): Promise<WatchListing> {
    const turns = new TurnSharing(this.clock);
    const listing = new WatchListing(turns);
    await this.shards.watches(turns, listing);
    return listing;
  }
}
