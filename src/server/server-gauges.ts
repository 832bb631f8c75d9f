/**
 * The gauges of this moment (operations 4.2): from the counters of all actors, the control block of the tree, the session table and
 * the process. Main thread; asks no actor and never holds the thread up for as much as a millisecond. While no client is served
 * there are none.
 */
import { opendir, readFile, stat } from 'node:fs/promises';
import type { CountersReader } from '../actor/counters/counters-reader.js';
import { SummaryCell } from '../actor/counters/metrics-layout.js';
import type { Clock } from '../base/clock.js';
import { fourDecimals } from '../metrics/default-figures.js';
import { type GaugeFigures, type MetricsReader, NO_GAUGES } from '../metrics/metrics-reader.js';
import { ConnectionThrottle } from '../net/connection-throttle.js';
import type { SessionTable } from '../session/session-table.js';
import type { TreeReader } from '../store/tree-reader.js';
import { readQuotas } from './quota-figures.js';
import type { ServerMode } from './status/server-status.js';

export interface GaugeSources {
  readonly clock: Clock;
  readonly counters: CountersReader;
  readonly reader: MetricsReader;
  /** Null: the actors are not made yet. */
  tree(): TreeReader | null;
  readonly sessions: SessionTable;
  readonly throttle: SharedArrayBuffer;
  /** Null: no client is served. */
  mode(): ServerMode | null;
  /** Monotonic milliseconds. Null: no client was ever served. */
  servingSinceMs(): number | null;
}

const MEMBER_MODES: readonly ServerMode[] = ['leader', 'follower', 'observer'];
const LEADER_FIGURES = ['learners', 'synced_followers', 'synced_non_voting_followers', 'pending_syncs'];
const CONNECTIONS = 'connections.';
const QUORUM_PEER = 'quorum-peer';

export class ServerGauges {
  private readonly sources: GaugeSources;
  private descriptorsMax: number | null = null;

  constructor(sources: GaugeSources) {
    this.sources = sources;
  }

  async read(): Promise<GaugeFigures> {
    const mode = this.sources.mode();
    const tree = this.sources.tree();
    const { sessions } = this.sources;
    if (mode === null || tree === null) return NO_GAUGES;
    const [open, max, quotas] = await Promise.all([openDescriptors(), this.maxDescriptors(), readQuotas(tree)]);
    const values: Record<string, number> = {
      ...this.ofConnections(),
      ...ofTree(tree),
      global_sessions: Math.max(0, sessions.openCount - sessions.localCount),
      local_sessions: sessions.localCount,
      connection_drop_probability: ConnectionThrottle.dropProbability(this.sources.throttle),
      ...sizes('client_response_size', this.sources.reader),
      ...(mode === 'leader' ? sizes('proposal_size', this.sources.reader) : {}),
      ...this.ofMember(mode),
      ...(open === null ? {} : { open_file_descriptor_count: open }),
      ...(max === null ? {} : { max_file_descriptor_count: max }),
    };
    return { values, sets: { ...quotas } };
  }

  private ofConnections(): Record<string, number> {
    const sums: Record<string, number> = {};
    let [minMs, maxMs] = [Number.POSITIVE_INFINITY, 0];
    const minima = new Map<string, number>();
    const measured = new Set<string>();
    this.sources.counters.forEach((owner, name, value) => {
      if (!owner.startsWith(CONNECTIONS)) return;
      sums[name] = (sums[name] ?? 0) + value;
      if (name === 'latency_min_ms') minima.set(owner, value);
      if (name === 'latency_max_ms') maxMs = Math.max(maxMs, value);
      if (name === 'latency_count' && value > 0) measured.add(owner);
    });
    for (const owner of measured) minMs = Math.min(minMs, minima.get(owner) ?? 0);
    const sum = (name: string): number => sums[name] ?? 0;
    return {
      avg_latency: measured.size === 0 ? 0 : fourDecimals(sum('latency_total_ms') / sum('latency_count')),
      max_latency: Math.ceil(maxMs),
      min_latency: Number.isFinite(minMs) ? Math.floor(minMs) : 0,
      packets_received: sum('packets_received'),
      packets_sent: sum('packets_sent'),
      num_alive_connections: sum('connections'),
      outstanding_requests: sum('outstanding_requests'),
      watch_count: sum('watch_count'),
      outstanding_tls_handshake: sum('outstanding_tls_handshake'),
      auth_failed_count: sum('auth_failed_count'),
      non_mtls_remote_conn_count: sum('non_mtls_remote_conn_count'),
      non_mtls_local_conn_count: sum('non_mtls_local_conn_count'),
    };
  }

  private ofMember(mode: ServerMode): Record<string, number> {
    const { clock, counters } = this.sources;
    const own: Record<string, number> = {};
    counters.forEach((owner, name, value) => {
      if (owner === QUORUM_PEER) own[name] = value;
    });
    const isMember = MEMBER_MODES.includes(mode);
    const sinceMs = isMember ? own.serving_since_ms : this.sources.servingSinceMs();
    const uptime = Math.max(0, Math.round(clock.monotonicMs() - (sinceMs ?? clock.monotonicMs())));
    const shown: Record<string, number> = { uptime };
    if (!isMember) return shown;
    if (mode === 'leader') shown.leader_uptime = uptime;
    const names = ['quorum_size', 'synced_observers', ...(mode === 'leader' ? LEADER_FIGURES : [])];
    for (const name of names) if (own[name] >= 0) shown[name] = own[name];
    return shown;
  }

  private async maxDescriptors(): Promise<number | null> {
    this.descriptorsMax ??= await descriptorLimit();
    return this.descriptorsMax;
  }
}

function ofTree(tree: TreeReader): Record<string, number> {
  return {
    // The reference keeps the root under two names, and counts both.
    znode_count: tree.nodeCount() + 1,
    ephemerals_count: tree.ephemeralCount(),
    approximate_data_size: tree.dataBytes(),
  };
}

function sizes(summary: 'client_response_size' | 'proposal_size', reader: MetricsReader): Record<string, number> {
  const cells = reader.summary(summary);
  const none = cells[SummaryCell.count] === 0;
  return {
    [`last_${summary}`]: none ? -1 : cells[SummaryCell.last],
    [`max_${summary}`]: none ? -1 : cells[SummaryCell.greatest],
    [`min_${summary}`]: none ? -1 : cells[SummaryCell.least],
  };
}

/** Null: not Linux. Newer kernels say it as a size; else the entries are counted, a few at a time. */
async function openDescriptors(): Promise<number | null> {
  try {
    const { size } = await stat('/proc/self/fd');
    if (size > 0) return size;
    let count = 0;
    for await (const _entry of await opendir('/proc/self/fd', { bufferSize: 256 })) count++;
    return count;
  } catch {
    return null;
  }
}

async function descriptorLimit(): Promise<number | null> {
  try {
    const limits = await readFile('/proc/self/limits', 'latin1');
    const soft = /^Max open files\s+(\d+)/m.exec(limits)?.[1];
    return soft === undefined ? null : Number(soft);
  } catch {
    return null;
  }
}
