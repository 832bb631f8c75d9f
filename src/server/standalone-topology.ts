/**
 * The standalone server as data: which actors, which mailboxes between them, and on which threads they live.
 *
 * Read by ActorSystem on the main thread. Roles are chains: the standalone one is
 *
 *   connections.k -> prep -> sync -> final -> connections.k        reads are answered in connections.k, without a hop
 *
 * and the placements only say who shares a thread:
 *
 *   inline     one thread for all, stepped by hand (tests, simulator)
 *   compact    main: all but sync                                      log: sync
 *   pipeline   main: housekeeping           io-k: connections.k        core: prep, final        log: sync
 *   staged     main: housekeeping           io-k: connections.k        prep     log     final   one each
 *
 * Housekeeping: session tracker, container manager, snapshotter, restorer, datadir cleanup, supervisor.
 */

import { KEYS_DEFAULT_MAX, metricsBytes } from '../actor/counters/metrics-layout.js';
import { MAIN_THREAD, type Placement, ThreadKind, type ThreadSpec } from '../actor/placement.js';
import { type ActorSpec, ChildPolicy, type LinkSpec, type Topology } from '../actor/topology.js';
import type { PlacementName } from './placement-choice.js';
import type { ServerConfig } from './server-config.js';

export const ActorKind = {
  connections: 'connections',
  prep: 'prep',
  quorumPeer: 'quorum-peer',
  election: 'election',
  sync: 'sync',
  commit: 'commit',
  final: 'final',
  sessionTracker: 'session-tracker',
  containerManager: 'container-manager',
  snapshotter: 'snapshotter',
  restorer: 'restorer',
  datadirCleanup: 'datadir-cleanup',
  supervisor: 'supervisor',
} as const;

/** What every actor of the server is given; plain data. */
export interface ActorConfig {
  readonly server: ServerConfig;
  /** Of connection shards; 0 otherwise. */
  readonly shard: number;
  /** False on the thread that owns the tree: its reader needs no guard there. */
  readonly guarded: boolean;
}

const RING_BYTES = 1 << 20;
export const SUMMARIES_MAX = 48;
/** Those that count by namespace. */
const METRICS_BYTES: Readonly<Record<string, number>> = {
  [ActorKind.connections]: metricsBytes(SUMMARIES_MAX, KEYS_DEFAULT_MAX),
  [ActorKind.prep]: metricsBytes(SUMMARIES_MAX, KEYS_DEFAULT_MAX),
  [ActorKind.final]: metricsBytes(SUMMARIES_MAX, KEYS_DEFAULT_MAX, KEYS_DEFAULT_MAX),
};

/** How an actor of that kind is measured. */
function measured(kind: string): Pick<ActorSpec, 'metricsBytes'> {
  const bytes = METRICS_BYTES[kind];
  return bytes === undefined ? {} : { metricsBytes: bytes };
}

/** Commits come to final by one mailbox, behind which reads of its thread wait. */
function bounded(kind: string, { commitBatchMax }: ServerConfig): Pick<ActorSpec, 'drainLimit'> {
  return kind === ActorKind.final && commitBatchMax !== null ? { drainLimit: commitBatchMax } : {};
}

/** Both as src/launch/quorum-peer-main.ts has them, which begins this thread before there is a configuration. */
const LOG_FACTORY = new URL('./log-thread.js', import.meta.url).href;
const LOG_THREAD = 'log';

/**
 * `shardsShareSocket`: several shards listen on one descriptor (Node without reusePort). A shard that dies takes it along,
 * so its death is the server's; otherwise a dead shard is made anew alone, and its clients reconnect.
 */
export function standaloneTopology(server: ServerConfig, shardsShareSocket: boolean): Topology {
  const shardPolicy = shardsShareSocket && server.connectionShards > 1 ? ChildPolicy.fatal : ChildPolicy.restart;
  const shards = shardNames(server.connectionShards);
  const threads = threadsByActor(standalonePlacement(server.placement, server.connectionShards));
  const actor = (name: string, kind: string, policy: ChildPolicy, shard = 0): ActorSpec => {
    const guarded = threads.get(name) !== threads.get('final');
    const config: ActorConfig = { server, shard, guarded };
    return { name, kind, policy, config, ...measured(kind), ...bounded(kind, server) };
  };
  const actors: ActorSpec[] = [
    actor('supervisor', ActorKind.supervisor, ChildPolicy.fatal),
    ...shards.map((name, shard) => actor(name, ActorKind.connections, shardPolicy, shard)),
    actor('session-tracker', ActorKind.sessionTracker, ChildPolicy.fatal),
    actor('container-manager', ActorKind.containerManager, ChildPolicy.fatal),
    actor('restorer', ActorKind.restorer, ChildPolicy.fatal),
    actor('datadir-cleanup', ActorKind.datadirCleanup, ChildPolicy.fatal),
    actor('prep', ActorKind.prep, ChildPolicy.fatal),
    actor('sync', ActorKind.sync, ChildPolicy.fatal),
    actor('snapshotter', ActorKind.snapshotter, ChildPolicy.fatal),
    actor('final', ActorKind.final, ChildPolicy.fatal),
  ];
  const link = (from: string, to: string): LinkSpec => ({ from, to, capacityBytes: RING_BYTES });
  const small = (from: string, to: string): LinkSpec => ({ from, to, capacityBytes: 1 << 14 });
  const links: LinkSpec[] = [
    ...shards.map((shard) => link(shard, 'prep')),
    small('session-tracker', 'prep'),
    small('container-manager', 'prep'),
    small('restorer', 'prep'),
    small('final', 'restorer'),
    link('prep', 'sync'),
    link('sync', 'final'),
    ...shards.map((shard) => link('final', shard)),
    small('final', 'prep'),
    small('sync', 'snapshotter'),
    small('final', 'snapshotter'),
    small('final', 'datadir-cleanup'),
    // Lines of the audit log travel here, too.
    ...shards.map((shard) => (server.audit.enabled ? link(shard, 'supervisor') : small(shard, 'supervisor'))),
    ...shards.slice(1).map((shard) => small(shards[0] as string, shard)),
  ];
  return { actors, links };
}

export function standalonePlacement(name: PlacementName, shardCount: number): Placement {
  const shards = shardNames(shardCount);
  const housekeeping = [
    'supervisor',
    'session-tracker',
    'container-manager',
    'snapshotter',
    'restorer',
    'datadir-cleanup',
  ];
  const main = (actors: readonly string[]): ThreadSpec => ({
    name: MAIN_THREAD,
    kind: ThreadKind.eventLoop,
    actors: [...housekeeping, ...actors],
  });
  const blocking = (thread: string, ...actors: string[]): ThreadSpec => ({
    name: thread,
    kind: ThreadKind.blocking,
    actors,
    // A slow disk is not a hung thread; it is told by its own warning.
    hangTimeoutMs: 120_000,
  });
  const logThread: ThreadSpec = { ...blocking(LOG_THREAD, 'sync'), factoryUrl: LOG_FACTORY };
  const io = shards.map((shard, k): ThreadSpec => ({ name: `io-${k}`, kind: ThreadKind.eventLoop, actors: [shard] }));
  switch (name) {
    case 'inline':
      return { name, threads: [main([...shards, 'prep', 'sync', 'final'])] };
    case 'compact': {
      const threads = [main([shards[0] as string, 'prep', 'final']), logThread, ...io.slice(1)];
      return { name, threads };
    }
    case 'pipeline':
      return { name, threads: [main([]), ...io, blocking('core', 'prep', 'final'), logThread] };
    case 'staged': {
      const stages = [blocking('prep', 'prep'), logThread, blocking('final', 'final')];
      return { name, threads: [main([]), ...io, ...stages] };
    }
  }
}

function shardNames(count: number): string[] {
  return Array.from({ length: count }, (_, shard) => `connections.${shard}`);
}

export function threadsByActor(placement: Placement): Map<string, string> {
  const threads = new Map<string, string>();
  for (const thread of placement.threads) for (const actor of thread.actors) threads.set(actor, thread.name);
  return threads;
}
