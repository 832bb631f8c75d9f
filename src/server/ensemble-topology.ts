/**
 * A member of an ensemble as data: the standalone server with two more stages in the line of its writes, and the election.
 *
 * Read by ActorSystem on the main thread. The same actors and links serve all roles; what a role is, the quorum peer decides.
 *
 *   connections.k -> prep -> quorum-peer -> sync -> commit -> final -> connections.k
 *                     ^      |  ^  ^  |      |       ^          |
 *                     +------+  |  |  +------|-------+          |       forwarded, halt, touch      local requests, committed
 *                               |  +---------+                  |       durable
 *            election <---------+-------------------------------+       done
 *
 *   inline     one thread for all
 *   compact    main: all but sync                                                              log: sync
 *   pipeline   main: housekeeping   io-k: connections.k   quorum: quorum-peer, election   core: prep, commit, final   log
 *   staged     the same, with threads of their own for prep, log, and final with commit
 *
 * No circle of rings can stand still. An actor is not fed while an outbox of its is spilled, but what it names in `alwaysDrains`
 * it takes even then. Every circle but one goes through the quorum peer, by an inbox from sync, final or election: these it
 * always drains, and what it makes of a record there is bounded by that record (a `durable` or `done` becomes at most one
 * `committed`, what an election says becomes nothing in any ring but the election's). The remaining one is prep -> quorum-peer ->
 * prep: towards prep go only requests and touches, for which room (and a reserve beyond) was asked before a learner's socket
 * was read, and the end of a role, which is in the reserve; so that ring never spills, and prep can always be waited for.
 * final -> prep and final -> restorer carry one record per role or restore. Connection shards always drain.
 */
import { metricsBytes } from '../actor/counters/metrics-layout.js';
import { type Placement, ThreadKind, type ThreadSpec } from '../actor/placement.js';
import { type ActorSpec, ChildPolicy, type LinkSpec, type Topology } from '../actor/topology.js';
import { LEARNERS_SHOWN_MAX } from '../zab/zab-measures.js';
import type { PlacementName } from './placement-choice.js';
import type { ServerConfig } from './server-config.js';
import {
  type ActorConfig,
  ActorKind,
  SUMMARIES_MAX,
  standalonePlacement,
  standaloneTopology,
  threadsByActor,
} from './standalone-topology.js';

const RING_BYTES = 1 << 20;
const SMALL_RING_BYTES = 1 << 14;
const ELECTION_RING_BYTES = 1 << 16;
const QUORUM_THREAD = 'quorum';
/** It counts by learner. */
const QUORUM_PEER_METRICS_BYTES = metricsBytes(
  SUMMARIES_MAX,
  LEARNERS_SHOWN_MAX,
  LEARNERS_SHOWN_MAX,
  LEARNERS_SHOWN_MAX,
);

export function ensembleTopology(server: ServerConfig, shardsShareSocket: boolean): Topology {
  const standalone = standaloneTopology(server, shardsShareSocket);
  const threads = threadsByActor(ensemblePlacement(server.placement, server.connectionShards));
  const actor = (name: string, kind: string): ActorSpec => {
    const config: ActorConfig = { server, shard: 0, guarded: threads.get(name) !== threads.get('final') };
    return { name, kind, policy: ChildPolicy.fatal, config };
  };
  const actors = standalone.actors.flatMap((spec) => {
    switch (spec.name) {
      case 'sync':
        return [
          { ...actor('quorum-peer', ActorKind.quorumPeer), metricsBytes: QUORUM_PEER_METRICS_BYTES },
          actor('election', ActorKind.election),
          spec,
        ];
      case 'final':
        return [actor('commit', ActorKind.commit), spec];
      default:
        return [spec];
    }
  });
  const links = standalone.links.filter(
    ({ from, to }) => !(from === 'prep' && to === 'sync') && !(from === 'sync' && to === 'final'),
  );
  return { actors, links: [...links, ...memberLinks()] };
}

/** Stages keep their own names for what comes before and behind them, whoever that is. */
function memberLinks(): LinkSpec[] {
  const link = (from: string, to: string, outbox = to, inbox = from): LinkSpec => ({
    from,
    to,
    outbox,
    inbox,
    capacityBytes: RING_BYTES,
  });
  const small = (from: string, to: string): LinkSpec => ({ from, to, capacityBytes: SMALL_RING_BYTES });
  return [
    link('prep', 'quorum-peer', 'sync', 'prep'),
    link('quorum-peer', 'sync', 'sync', 'prep'),
    link('sync', 'commit', 'final', 'sync'),
    link('commit', 'final', 'final', 'sync'),
    link('quorum-peer', 'commit'),
    link('quorum-peer', 'prep'),
    small('sync', 'quorum-peer'),
    small('final', 'quorum-peer'),
    { from: 'quorum-peer', to: 'election', capacityBytes: ELECTION_RING_BYTES },
    { from: 'election', to: 'quorum-peer', capacityBytes: ELECTION_RING_BYTES },
    small('quorum-peer', 'supervisor'),
    small('final', 'session-tracker'),
    small('final', 'container-manager'),
  ];
}

export function ensemblePlacement(name: PlacementName, shardCount: number): Placement {
  const standalone = standalonePlacement(name, shardCount);
  const quorum = ['quorum-peer', 'election'];
  const isAlone = name === 'pipeline' || name === 'staged';
  const threads = standalone.threads.map((thread): ThreadSpec => {
    if (!thread.actors.includes('final')) return thread;
    const before = thread.actors.filter((actor) => actor !== 'final');
    return { ...thread, actors: [...before, ...(isAlone ? [] : quorum), 'commit', 'final'] };
  });
  if (isAlone)
    threads.push({ name: QUORUM_THREAD, kind: ThreadKind.eventLoop, actors: quorum, hangTimeoutMs: 120_000 });
  return { name: standalone.name, threads };
}
