/**
 * The names under which all threads of one server find the memory they share (shared-memory.ts makes it).
 *
 * Apart from the making, so that a thread which only looks something up does not load everything that lies there.
 */
import type { ActorContext } from '../actor/actor.js';
import { assert } from '../base/assert.js';

export const SharedName = {
  treeControl: 'tree.control',
  sessions: 'sessions',
  connectionCounts: 'connection-counts',
  outstandingCounts: 'outstanding-counts',
  connectionThrottle: 'connection-throttle',
  listenState: 'listen-state',
  changedSettings: 'changed-settings',
  durableZxid: 'durable-zxid',
  snapshotGate: 'snapshot-gate',
  /** A member's alone. */
  peerStatus: 'peer-status',
} as const;

export function slabName(index: number): string {
  return `slab.${index}`;
}

/** The memory of this name; it was made before any actor. */
export function sharedMemory(context: ActorContext, name: string): SharedArrayBuffer {
  const buffer = context.shared[name];
  assert(buffer !== undefined, `shared memory ${name} was made at the start`);
  return buffer;
}
