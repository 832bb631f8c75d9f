/**
 * The nodes that every new tree has (persistence 6.6), made without a transaction: their stats are zeros but for one aversion,
 * and their parents' stats do not tell of them. Called by the data tree, on its thread, inside a write section, on a tree with
 * nothing but a root.
 */
import { encodeUtf8 } from '../base/utf8.js';
import { NodeKind, STAT_AVERSION } from './node-layout.js';
import { type NodeRecords, nameOffsetOf } from './node-records.js';
import { SLAB_SHIFT, UNIT_MASK } from './slab-memory.js';
import type { TreeDigest } from './tree-digest.js';

const NOTHING = new Uint8Array(0);
const ZOOKEEPER_PATH = encodeUtf8('/zookeeper');
const QUOTA_PATH = encodeUtf8('/zookeeper/quota');
const CONFIG_PATH = encodeUtf8('/zookeeper/config');
/** vector of one: perms READ, world, anyone. */
const CONFIG_ACL = Uint8Array.from([
  ...[0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 5, ...encodeUtf8('world')],
  ...[0, 0, 0, 6, ...encodeUtf8('anyone')],
]);

export function createSystemNodes(records: NodeRecords, digest: TreeDigest | null): void {
  createNode(records, digest, ZOOKEEPER_PATH, null);
  createNode(records, digest, QUOTA_PATH, null);
  const config = createNode(records, digest, CONFIG_PATH, CONFIG_ACL);
  // Below /zookeeper nothing counts in the digest.
  records.memory.words[config >>> SLAB_SHIFT][((config & UNIT_MASK) << 1) + STAT_AVERSION] = -1;
}

function createNode(records: NodeRecords, digest: TreeDigest | null, path: Uint8Array, acl: Uint8Array | null): number {
  const nameOffset = nameOffsetOf(path, 0, path.length);
  const parent = records.lookUp(path, 0, nameOffset - 1);
  records.lookUp(path, 0, path.length);
  const ref = records.add(path.length, nameOffset, parent, 0, NodeKind.persistent, 0, 0);
  records.setAcl(ref, acl, 0, acl === null ? -1 : acl.length);
  records.storeData(ref, NOTHING, 0, 0);
  digest?.count(ref);
  return ref;
}
