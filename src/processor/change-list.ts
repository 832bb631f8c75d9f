/**
 * What a transaction changed, and what a read asks its connection to remember: part B of `commit` and `reply` records.
 *
 *   entry := kind:int  pathLength:int  path  aclLength:int  acl  parentAclLength:int  parentAcl        (big-endian ints)
 *
 * kind 1..3 (created, deleted, data changed) go to every shard, which looks for watches and filters by the ACLs
 * (client-protocol 7.2, 7.4); an ACL of length 0 is the open one. The other kinds go to the shard of the asking connection
 * only and have no ACLs. Written by final, read by connections; never kept beyond the record.
 */
export const ChangeKind = {
  created: 1,
  deleted: 2,
  dataChanged: 3,
  registerData: 4,
  registerChild: 5,
  /** An event for the asking connection alone, zxid -1 (setWatches): kind = eventBase + event type. */
  eventBase: 16,
} as const;
