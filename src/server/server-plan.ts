/**
 * What makes a running server a standalone one or a member of an ensemble: its actors and their places, and what it says of
 * itself. Made once on the main thread (standalone-server.ts, ensemble-server.ts), for live-server.ts alone.
 */
import type { CreateActor } from '../actor/actor.js';
import type { Placement } from '../actor/placement.js';
import type { Topology } from '../actor/topology.js';
import type { MainPorts } from './actor-factory.js';
import type { EnsembleStatus, QuorumSettings, ServerMode } from './status/server-status.js';

/** Asks the actor of this name, wherever it lives (Actor.onControl). */
export type AskActor = (actor: string, request: unknown) => Promise<unknown>;

export interface ServerPlan {
  readonly topology: Topology;
  readonly placement: Placement;
  /** Beyond what every server shares among its threads. */
  readonly memory: Readonly<Record<string, SharedArrayBuffer>>;
  /** The module that workers make their actors with. */
  readonly factoryUrl: URL;
  createActorWith(ports: MainPorts): CreateActor;
  /** Once the client port is open. Null: no client is served. */
  mode(): ServerMode | null;
  /** What `mntr` shows of its part in the ensemble while clients are served; null: it has none. */
  peerState(): string | null;
  /** What `conf` shows of the ensemble; null: there is none. */
  quorumSettings(ask: AskActor): Promise<QuorumSettings | null>;
  /** What admin commands show of the ensemble; null: there is none. */
  ensemble(ask: AskActor): Promise<EnsembleStatus | null>;
  /** Of the observers that learn from this server. */
  resetObserverStatistics(ask: AskActor): Promise<void>;
  /** The server goes on without its AdminServer when that cannot be started. */
  readonly doesWithoutAdmin: boolean;
  /** Why no snapshot can be restored into the running server; null: one can. */
  readonly restoreRefusal: string | null;
}
