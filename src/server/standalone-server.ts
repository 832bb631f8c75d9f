/**
 * The plan of a standalone server. Main thread, once.
 */
import { CAN_REUSE_PORT } from '../net/node-client-network.js';
import { createActorWith } from './actor-factory.js';
import type { ServerConfig } from './server-config.js';
import type { ServerPlan } from './server-plan.js';
import { standalonePlacement, standaloneTopology } from './standalone-topology.js';

export function standalonePlan(config: ServerConfig): ServerPlan {
  return {
    topology: standaloneTopology(config, !CAN_REUSE_PORT),
    placement: standalonePlacement(config.placement, config.connectionShards),
    memory: {},
    factoryUrl: new URL('./actor-factory.js', import.meta.url),
    createActorWith,
    mode: () => 'standalone',
    peerState: () => null,
    quorumSettings: async () => null,
    ensemble: async () => null,
    resetObserverStatistics: async () => {},
    doesWithoutAdmin: false,
    restoreRefusal: null,
  };
}
