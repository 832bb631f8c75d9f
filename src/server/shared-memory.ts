/**
 * The memory that all threads of one standalone server share from the start, by name.
 *
 * Made once on the main thread before any actor; slabs of the tree beyond the first are made by the tree's writer and
 * offered to the others under `slabName`.
 */
import { ChangedSettings } from '../net/changed-settings.js';
import { ConnectionCounts } from '../net/connection-counts.js';
import { ConnectionThrottle } from '../net/connection-throttle.js';
import { ListenState } from '../net/listen-state.js';
import { OutstandingCounts } from '../net/outstanding-counts.js';
import { SLOW_REQUEST_THRESHOLD, SlowRequestThreshold } from '../net/slow-request-threshold.js';
import { DurableZxid } from '../persistence/durable-zxid.js';
import { SnapshotGate } from '../persistence/snapshot-gate.js';
import { STAGE_STAMPS, StageStamps } from '../processor/stage-stamps.js';
import { SessionTable } from '../session/session-table.js';
import { createTreeMemory } from '../store/tree-memory.js';
import { SharedName, slabName } from './shared-name.js';

/** Slots of 32 bytes, touched only when used. */
const SESSIONS_MAX = 1 << 20;

/** `hashKey`: eight secret random bytes, so that no client can choose paths that collide. */
export function createSharedMemory(hashKey: Int32Array, shardCount: number): Record<string, SharedArrayBuffer> {
  const tree = createTreeMemory(hashKey[0] as number, hashKey[1] as number);
  return {
    [SharedName.treeControl]: tree.control,
    [slabName(0)]: tree.slab0,
    [SharedName.sessions]: new SharedArrayBuffer(SessionTable.byteLengthFor(SESSIONS_MAX)),
    [SharedName.connectionCounts]: ConnectionCounts.createMemory(shardCount, hashKey[0] as number),
    [SharedName.outstandingCounts]: new SharedArrayBuffer(OutstandingCounts.byteLengthFor(shardCount)),
    [SharedName.connectionThrottle]: new SharedArrayBuffer(ConnectionThrottle.byteLength()),
    [SharedName.listenState]: new SharedArrayBuffer(ListenState.byteLengthFor(shardCount)),
    [SharedName.changedSettings]: new SharedArrayBuffer(ChangedSettings.byteLength()),
    [SharedName.durableZxid]: new SharedArrayBuffer(DurableZxid.byteLength()),
    [SLOW_REQUEST_THRESHOLD]: new SharedArrayBuffer(SlowRequestThreshold.byteLength()),
    [STAGE_STAMPS]: StageStamps.createMemory(),
    [SharedName.snapshotGate]: new SharedArrayBuffer(SnapshotGate.byteLength()),
  };
}
