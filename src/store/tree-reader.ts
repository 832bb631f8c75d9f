import type { NodeKind } from './node-layout.js';
import type { SlabSource } from './slab-memory.js';
import type { TreeMemory } from './tree-memory.js';

export declare class TreeReader {
  /** A guarded reader for a thread that is not the writer's; the writer's own one is `DataTree.reader`. */
  constructor(memory: TreeMemory, source: SlabSource);
  /** An even sequence, or -1 when the writer stayed inside its section for the whole (bounded) spin. */
  begin(): number;
  /** True when nothing was written since begin; until then everything read may be garbage. */
  valid(sequence: number): boolean;
  zxidHi(): number;
  zxidLo(): number;
  /** Grows with every clear(): refs and cursors from before are worthless. */
  incarnation(): number;
  nodeCount(): number;
  dataBytes(): number;
  ephemeralCount(): number;
  sessionCount(): number;
  /** ref, or 0. "" and "/" are both the root (whose own path has length 0). */
  find(path: Uint8Array, offset: number, length: number): number;
  pathLength(ref: number): number;
  nameLength(ref: number): number;
  parent(ref: number): number;
  kind(ref: number): NodeKind;
  dataLength(ref: number): number;
  aclRef(ref: number): number;
  digestWord(ref: number): number;
  childCount(ref: number): number;
  version(ref: number): number;
  cversion(ref: number): number;
  aversion(ref: number): number;
  czxidHi(ref: number): number;
  czxidLo(ref: number): number;
  mzxidHi(ref: number): number;
  mzxidLo(ref: number): number;
  pzxidHi(ref: number): number;
  pzxidLo(ref: number): number;
  ctimeHi(ref: number): number;
  ctimeLo(ref: number): number;
  mtimeHi(ref: number): number;
  mtimeLo(ref: number): number;
  /** As on the wire: the session of an ephemeral, else 0. */
  ownerHi(ref: number): number;
  ownerLo(ref: number): number;
  /** As stored: also the container mark and the TTL value. */
  storedOwnerHi(ref: number): number;
  storedOwnerLo(ref: number): number;
  copyStat(ref: number, out: Uint8Array, pos: number): void;
  /** The 60 bytes of StatPersisted, as snapshots hold them. */
  copyStatPersisted(ref: number, out: Uint8Array, pos: number): void;
  copyData(ref: number, out: Uint8Array, pos: number, length: number): void;
  copyPath(ref: number, out: Uint8Array, pos: number): void;
  copyName(ref: number, out: Uint8Array, pos: number): void;
  aclLength(aclRef: number): number;
  aclSerial(aclRef: number): number;
  copyAcl(aclRef: number, out: Uint8Array, pos: number): void;
  childAt(ref: number, index: number): number;
  copyChildRefs(ref: number, out: Int32Array): number;
  childNamesLength(ref: number): number;
  copyChildNames(ref: number, out: Uint8Array, pos: number): number;
  /** First ephemeral of a session or 0; the rest by nextEphemeral. Any thread (inside begin..valid). */
  firstEphemeralOf(sessionHi: number, sessionLo: number): number;
  ephemeralCountOf(sessionHi: number, sessionLo: number): number;
  nextEphemeral(ref: number): number;
}
