/**
 * The node record: one znode in slab memory, drawn in words of 4 bytes from the record's first unit.
 *
 *        +----------------+----------------+----------------+----------------+
 *    0   | HASH           | PATH_LENGTH    | PARENT ref     | SHAPE          |
 *    4   | DATA ref       | DATA_LENGTH    | ACL ref        | POSITION       |
 *    8   | CHILDREN ref   | CAPACITY       | CVERSION       | DIGEST         |
 *        |  or NEXT ref   |  or PREVIOUS   |  as stored     |                |
 *        +----------------+----------------+----------------+----------------+
 *   12   | wire Stat, 68 bytes as a reply shows them (client-protocol section 4): czxid mzxid ctime mtime version
 *        | cversion aversion ephemeralOwner dataLength numChildren pzxid; big-endian, so each word is byte-swapped
 *   28   +----------------+----------------+
 *   29   | NAME_OFFSET    | path bytes, zero-padded to a whole word ...
 *        +----------------+
 *        then, from the next unit on (the tail): for a TTL node only the stored owner hi, lo (its wire owner is 0); for a
 *        TTL node or a container its place in container-index.ts and a free word; then room for data, as much as the node
 *        was created with and its size class leaves
 *
 * PATH_LENGTH  in bytes; the root's is 0. Invariant: the path's hash under the tree's key is HASH.
 * SHAPE        kind in the low 2 bits, above them the record's size in units of 8 bytes.
 * DATA_LENGTH  -1 = null; the wire dataLength is max(DATA_LENGTH, 0).
 * DATA         0: the data (if any) is in the record's tail. Otherwise it did not fit there and has a block of its own;
 *              invariant: then DATA_LENGTH is greater than the room. A record never moves, so neither does its room grow.
 * ACL          0 = world:anyone:31, else a block of acl-cache.ts that counts this node.
 * CHILDREN     array of refs, CAPACITY of them, the first numChildren in use; 0 when there has been no child.
 *              An ephemeral has no children: the two words are its neighbours in its session's list (ephemeral-index.ts).
 * POSITION     Invariant: parent.CHILDREN[POSITION] is this node.
 * CVERSION     creations only; the wire cversion is 2 * CVERSION - numChildren.
 * DIGEST       what the node counts in the tree digest (tree-digest.ts).
 *
 * Data in the record spares a look-up one miss of all caches, a quarter of its time at a million nodes; above
 * INLINE_BYTES_MAX that no longer counts, and a record would keep too much when its data shrinks.
 *
 * Written only by the tree's writer inside a write section; read by any thread. Path and data begin at multiples of 8.
 */

import { numberFromHalves } from '../base/int64.js';

export const NodeKind = { persistent: 0, ephemeral: 1, container: 2, ttl: 3 } as const;
export type NodeKind = (typeof NodeKind)[keyof typeof NodeKind];

/** Bytes of the wire Stat (client-protocol section 4). */
export const STAT_BYTES = 68;
/** Bytes of StatPersisted (persistence 4.1). */
export const STAT_PERSISTED_BYTES = 60;

export const HASH = 0;
export const PATH_LENGTH = 1;
export const PARENT = 2;
export const SHAPE = 3;
export const DATA = 4;
export const DATA_LENGTH = 5;
export const ACL = 6;
export const POSITION = 7;
export const CHILDREN = 8;
export const CAPACITY = 9;
export const CVERSION = 10;
export const DIGEST = 11;
export const STAT = 12;
export const NAME_OFFSET = 29;
export const PATH = 30;

/** In place of CHILDREN and CAPACITY for ephemerals. */
export const NEXT = CHILDREN;
export const PREVIOUS = CAPACITY;

export const STAT_CZXID = STAT;
export const STAT_MZXID = STAT + 2;
export const STAT_CTIME = STAT + 4;
export const STAT_MTIME = STAT + 6;
export const STAT_VERSION = STAT + 8;
export const STAT_CVERSION = STAT + 9;
export const STAT_AVERSION = STAT + 10;
export const STAT_OWNER = STAT + 11;
export const STAT_DATA_LENGTH = STAT + 13;
export const STAT_CHILD_COUNT = STAT + 14;
export const STAT_PZXID = STAT + 15;

export const PATH_BYTE = PATH * 4;

const CONTAINER_OWNER_HI = 0x80000000 | 0;

/** Data up to this size is kept in the record of a node created with it. */
export const INLINE_BYTES_MAX = 512;

export const KIND_MASK = 3;
export const SHAPE_SHIFT = 2;

/** Words from the record's start to its tail. */
export function tailWord(pathLength: number): number {
  return ((PATH_BYTE + pathLength + 7) & ~7) >>> 2;
}

/** Words from the record's start to the data in its tail. */
export function inlineWord(pathLength: number, kind: NodeKind): number {
  const tail = tailWord(pathLength);
  if (kind === NodeKind.persistent || kind === NodeKind.ephemeral) return tail;
  return tail + (kind === NodeKind.ttl ? 4 : 2);
}

/** Of a container or TTL node: words from the record's start to its place in the container index. */
export function placeWord(pathLength: number, kind: NodeKind): number {
  return tailWord(pathLength) + (kind === NodeKind.ttl ? 2 : 0);
}

/** Between a little-endian word of memory and the big-endian one of the wire. */
export function swapWord(x: number): number {
  return (x << 24) | ((x & 0xff00) << 8) | ((x >>> 8) & 0xff00) | (x >>> 24);
}

/** The kind a stored ephemeralOwner stands for (client-protocol 6.4; persistence 6.5: 0xff owners are never sessions). */
export function nodeKindOfOwner(ownerHi: number, ownerLo: number, emulate353TtlNodes: boolean): NodeKind {
  if (ownerHi === 0 && ownerLo === 0) return NodeKind.persistent;
  if (ownerHi === CONTAINER_OWNER_HI && ownerLo === 0) return NodeKind.container;
  if (ownerHi >>> 24 === 0xff) return NodeKind.ttl;
  if (emulate353TtlNodes && ownerHi < 0) return NodeKind.ttl;
  return NodeKind.ephemeral;
}

/** What the stored ephemeralOwner of a TTL node says: 40 bits behind the mark 0xff, or 63 in the format of 3.5.3. */
export function ttlMsOfOwner(ownerHi: number, ownerLo: number): number {
  return numberFromHalves(ownerHi >>> 24 === 0xff ? ownerHi & 0xff : ownerHi & 0x7fffffff, ownerLo);
}
