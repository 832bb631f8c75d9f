import type { NodeKind } from './node-layout.js';
import type { AnnounceSlab } from './slab-memory.js';
import type { TreeMemory } from './tree-memory.js';
import type { TreeReader } from './tree-reader.js';

export declare class DataTree {
  readonly reader: TreeReader;
  /** Holds the initial tree of persistence 6.6 and lastProcessedZxid 0 when it returns. */
  constructor(memory: TreeMemory, announceSlab: AnnounceSlab);
  /** Every mutator below must run inside a write section (asserted). */
  beginWrite(): void;
  endWrite(zxidHi: number, zxidLo: number): void;
  readonly nodeCount: number;
  readonly dataBytes: number;
  readonly ephemeralCount: number;
  readonly sessionCount: number;
  /** Nodes whose ACL number was unknown when a snapshot was loaded and that replay has not repaired. */
  readonly unresolvedAclCount: number;
  create(path: Uint8Array, pathOff: number, pathLen: number, data: Uint8Array, dataOff: number, dataLen: number,
    acl: Uint8Array | null, aclOff: number, aclLen: number, kind: NodeKind, ownerHi: number, ownerLo: number,
    parentCversion: number, zxidHi: number, zxidLo: number, timeHi: number, timeLo: number): number;
  delete(path: Uint8Array, off: number, len: number, zxidHi: number, zxidLo: number): number;
  /** Same as delete for a node already at hand (closeSession). */
  deleteRef(ref: number, zxidHi: number, zxidLo: number): number;
  setData(path: Uint8Array, off: number, len: number, data: Uint8Array, dataOff: number, dataLen: number,
    version: number, zxidHi: number, zxidLo: number, timeHi: number, timeLo: number): number;
  setAcl(path: Uint8Array, off: number, len: number, acl: Uint8Array | null, aclOff: number, aclLen: number, version: number): number;
  /** Replaces the data only; stat fields stay (quota stats nodes, persistence 3.6). */
  replaceData(ref: number, data: Uint8Array, dataOff: number, dataLen: number): void;
  setDigestWord(ref: number, value: number): void;
  /** The visitor may delete the node it is given. */
  ephemeralsOf(sessionHi: number, sessionLo: number, visit: (ref: number) => void): void;
  sessionsWithEphemerals(visit: (sessionHi: number, sessionLo: number, count: number) => void): void;
  /** Containers and TTL nodes, in no order; the caller judges by child count, cversion and mtime. */
  visitContainers(visit: (ref: number) => void): void;
  visitTtlNodes(visit: (ref: number) => void): void;
  /** Empties everything but a bare root (path ""), as before a snapshot is loaded. */
  clear(): void;
  /** clear() plus the nodes of persistence 6.6. */
  reset(): void;
  /** One snapshot node. stat: the 60 bytes of StatPersisted. aclLen 0 with acl not null: ACL number unknown
   * ("unresolved" until a create or setAcl is replayed). Returns 0, or -101 when the parent is unknown. A path that
   * exists already (the root always does) is overwritten. */
  loadNode(path: Uint8Array, pathOff: number, pathLen: number, data: Uint8Array, dataOff: number, dataLen: number,
    acl: Uint8Array | null, aclOff: number, aclLen: number, stat: Uint8Array, statOff: number, kind: NodeKind): number;
}
