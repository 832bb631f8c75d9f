/**
 * addWatch, checkWatches and removeWatches (client-protocol 3.5, 7.5): request body to action of a change list.
 *
 * Used by the shard when the connection has nothing on its way, and by final, which sends the action back with the reply, so
 * that it takes effect in its place. Neither looks at the tree: any path will do, null and "" too. Decodes only.
 */
import { OpCode } from '../protocol/op-code.js';
import { AddWatchMode, WatcherType } from '../protocol/watch-event.js';
import { ChangeKind } from './change-list.js';
import type { RequestBody } from './request-body.js';

/** Not an action: a body that does not decode, or an unknown mode or type. */
export const NO_ACTION = 0;

export class WatchRequest {
  pathOffset = 0;
  pathLength = 0;

  /** The kind of the action, its path in `pathOffset` and `pathLength`; or NO_ACTION. */
  decode(op: number, body: RequestBody): number {
    this.pathLength = body.readSlice();
    this.pathOffset = body.sliceOffset;
    const argument = body.readInt();
    return body.failed ? NO_ACTION : kindOf(op, argument);
  }
}

export function isWatchRequest(op: number): boolean {
  return op === OpCode.addWatch || op === OpCode.checkWatches || op === OpCode.removeWatches;
}

function kindOf(op: number, argument: number): number {
  if (op === OpCode.addWatch) {
    if (argument === AddWatchMode.Persistent) return ChangeKind.addPersistent;
    return argument === AddWatchMode.PersistentRecursive ? ChangeKind.addRecursive : NO_ACTION;
  }
  if (argument < WatcherType.Children || argument > WatcherType.PersistentRecursive) return NO_ACTION;
  return (op === OpCode.checkWatches ? ChangeKind.checkBase : ChangeKind.removeBase) + argument;
}
