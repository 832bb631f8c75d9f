// How the server spreads over threads on this machine: the setting of the operator, or by the number of cores. A pure
// function, asked once by server-config.ts; which actors a placement puts where is written beside the topology.
// It must never look at the machine itself: the core count is given.

export const PLACEMENT_SETTINGS = ['auto', 'inline', 'compact', 'pipeline', 'staged'] as const;
export type PlacementSetting = (typeof PLACEMENT_SETTINGS)[number];
export type PlacementName = Exclude<PlacementSetting, 'auto'>;

export interface PlacementChoice {
  readonly placement: PlacementName;
  readonly connectionShards: number;
}

/** Up to here two threads would only take the cores from each other. */
const COMPACT_CORES_MAX = 2;
/** From here on more threads for connections have cores of their own. */
const SHARDED_CORES_MIN = 8;
/** One shard for every so many cores; the rest is for prep, sync, final, the kernel and everybody else. */
const CORES_PER_SHARD = 4;
const AUTO_SHARDS_MAX = 8;

/**
 * As many as a server inside another program may count on. Where shards cannot each have a listening socket of their own, every one of
 * them closes the number of the one that they share when it stops, and the second one's might be a file of that program by then: so
 * one shard is to be enough, unless the program asks for more.
 */
export function embeddedCores(coreCount: number, canReusePort: boolean): number {
  return canReusePort ? coreCount : Math.min(coreCount, SHARDED_CORES_MIN - 1);
}

export function choosePlacement(
  setting: PlacementSetting,
  shardsSetting: number | 'auto',
  coreCount: number,
): PlacementChoice {
  const placement = setting === 'auto' ? (coreCount <= COMPACT_CORES_MAX ? 'compact' : 'pipeline') : setting;
  if (shardsSetting !== 'auto') return { placement, connectionShards: shardsSetting };
  const alone = placement === 'inline' || placement === 'compact' || coreCount < SHARDED_CORES_MIN;
  return {
    placement,
    connectionShards: alone ? 1 : Math.min(AUTO_SHARDS_MAX, Math.floor(coreCount / CORES_PER_SHARD)),
  };
}
