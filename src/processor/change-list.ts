/**
 * What a transaction changed, and what a request asks of its connection's watches: part B of `commit` and `reply` records.
 *
 *   change := kind:int  pathLength:int  path  aclLength:int  acl  parentAclLength:int  parentAcl      kinds 1 to 3
 *   action := kind:int  pathLength:int  path                                                          all others
 *
 * Integers are big-endian. Changes go to every shard, which looks for watches and filters by the ACLs (client-protocol 7.2,
 * 7.4); an ACL of length 0 is the open one. Actions go to the shard of the asking connection only; their path may be null
 * (length -1). Only that shard knows what its connections watch, so it is the one to find that a watch is not there.
 * Written by final, read by connections; never kept beyond the record.
 */
import type { ScratchBytes } from './scratch-bytes.js';

export const ChangeKind = {
  created: 1,
  deleted: 2,
  dataChanged: 3,
  addData: 4,
  addChild: 5,
  /** In both tables. */
  addPersistent: 6,
  addRecursive: 7,
  /** An event for the asking connection alone, zxid -1 (setWatches): kind = eventBase + event type. */
  eventBase: 16,
  /** checkWatches and removeWatches: kind = base + watcher type. */
  checkBase: 32,
  removeBase: 48,
} as const;

export const LAST_CHANGE_KIND = ChangeKind.dataChanged;

/** vector<ACL> {0, world, anyone}: stands for a list that recovery could not find, since an empty one would be the open one. */
export const NOBODY_ACL_BYTES: Uint8Array = Uint8Array.from([
  0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 5, 0x77, 0x6f, 0x72, 0x6c, 0x64, 0, 0, 0, 6, 0x61, 0x6e, 0x79, 0x6f, 0x6e, 0x65,
]);

export function writeAction(out: ScratchBytes, kind: number, bytes: Uint8Array, offset: number, length: number): void {
  out.writeInt(kind);
  if (length >= 0 && kind >= ChangeKind.eventBase && kind < ChangeKind.checkBase) {
    out.writeEcho(bytes, offset, length);
    return;
  }
  // As it came: watches that are answered on the shard have their paths from there, too.
  out.writeInt(length);
  if (length > 0) out.writeBytes(bytes, offset, length);
}
