/**
 * Reads a node by its reference: the fields of its record (node-layout.ts), its stat, path, name and data, and its ACL list.
 * The second floor of TreeReader, on the same thread and under the same rules (tree-reader.ts): what it answers may be
 * garbage until the section was valid, so lengths are cut to the longest ever stored, copies to the room there is.
 */
import { writeInt32 } from '../base/bytes.js';
import { ACL_BYTES, ACL_LENGTH, ACL_SERIAL, OPEN_ACL } from './acl-cache.js';
import { ACL_BYTES_MAX, DATA_BYTES_MAX, PATH_BYTES_MAX } from './control-layout.js';
import {
  DIGEST_AVERSION,
  DIGEST_CTIME,
  DIGEST_CVERSION,
  DIGEST_CZXID,
  DIGEST_MTIME,
  DIGEST_MZXID,
  DIGEST_OWNER,
  DIGEST_PZXID,
  DIGEST_VERSION,
} from './node-digest.js';
import {
  ACL,
  CVERSION,
  DATA,
  DATA_LENGTH,
  DIGEST,
  inlineWord,
  KIND_MASK,
  NAME_OFFSET,
  NodeKind,
  PARENT,
  PATH,
  PATH_BYTE,
  PATH_LENGTH,
  SHAPE,
  STAT,
  STAT_AVERSION,
  STAT_BYTES,
  STAT_CTIME,
  STAT_CVERSION,
  STAT_CZXID,
  STAT_MTIME,
  STAT_MZXID,
  STAT_OWNER,
  STAT_PZXID,
  STAT_VERSION,
  swapWord,
  tailWord,
} from './node-layout.js';
import { UNIT_MASK } from './slab-memory.js';
import { bounded, SlabView } from './slab-view.js';

const CONTAINER_OWNER_HI = 0x80000000 | 0;

export class NodeReader extends SlabView {
  parent(ref: number): number {
    return this.word(ref, PARENT);
  }

  kind(ref: number): NodeKind {
    return (this.word(ref, SHAPE) & KIND_MASK) as NodeKind;
  }

  pathLength(ref: number): number {
    return bounded(this.word(ref, PATH_LENGTH), this.control[PATH_BYTES_MAX]);
  }

  /** At most `length` bytes of the path. */
  copyPath(ref: number, out: Uint8Array, pos: number, length: number = out.length - pos): void {
    this.copyWords(ref, PATH, out, pos, Math.min(this.pathLength(ref), length, out.length - pos));
  }

  nameLength(ref: number): number {
    const words = this.slab(ref);
    const node = (ref & UNIT_MASK) << 1;
    return bounded((words[node + PATH_LENGTH] | 0) - (words[node + NAME_OFFSET] | 0), this.control[PATH_BYTES_MAX]);
  }

  /** At most `length` bytes of the last path component. */
  copyName(ref: number, out: Uint8Array, pos: number, length: number = out.length - pos): void {
    this.copyNameBytes(ref, out, pos, Math.min(this.nameLength(ref), length, out.length - pos));
  }

  /** Names begin at any byte, and most are short. */
  protected copyNameBytes(ref: number, out: Uint8Array, pos: number, length: number): void {
    const offset = this.word(ref, NAME_OFFSET);
    const bytes = this.slabBytes(ref);
    const from = ((ref & UNIT_MASK) << 3) + PATH_BYTE + offset;
    if (offset < 0 || from + length > bytes.length) return;
    if (length > 192) out.set(bytes.subarray(from, from + length), pos);
    else for (let i = 0; i < length; i++) out[pos + i] = bytes[from + i];
  }

  /** -1 = null data. */
  dataLength(ref: number): number {
    const length = this.word(ref, DATA_LENGTH);
    return length < 0 ? -1 : Math.min(length, this.control[DATA_BYTES_MAX]);
  }

  /** length: what dataLength gave. */
  copyData(ref: number, out: Uint8Array, pos: number, length: number): void {
    this.copyDataFrom(ref, 0, out, pos, length);
  }

  /** length bytes of the data from its byte `from` (a multiple of 4) on. */
  copyDataFrom(ref: number, from: number, out: Uint8Array, pos: number, length: number): void {
    const data = this.word(ref, DATA);
    const room = Math.min(length, out.length - pos);
    const word = from >>> 2;
    if (data !== 0) this.copyWords(data, word, out, pos, room);
    else this.copyWords(ref, inlineWord(this.pathLength(ref), this.kind(ref)) + word, out, pos, room);
  }

  version(ref: number): number {
    return this.statWord(ref, STAT_VERSION);
  }

  /** As stored: counts creations only. */
  cversion(ref: number): number {
    return this.word(ref, CVERSION);
  }

  /** As on the wire: creations and deletions. */
  wireCversion(ref: number): number {
    return this.statWord(ref, STAT_CVERSION);
  }

  aversion(ref: number): number {
    return this.statWord(ref, STAT_AVERSION);
  }

  czxidHi(ref: number): number {
    return this.statWord(ref, STAT_CZXID);
  }

  czxidLo(ref: number): number {
    return this.statWord(ref, STAT_CZXID + 1);
  }

  mzxidHi(ref: number): number {
    return this.statWord(ref, STAT_MZXID);
  }

  mzxidLo(ref: number): number {
    return this.statWord(ref, STAT_MZXID + 1);
  }

  pzxidHi(ref: number): number {
    return this.statWord(ref, STAT_PZXID);
  }

  pzxidLo(ref: number): number {
    return this.statWord(ref, STAT_PZXID + 1);
  }

  ctimeHi(ref: number): number {
    return this.statWord(ref, STAT_CTIME);
  }

  ctimeLo(ref: number): number {
    return this.statWord(ref, STAT_CTIME + 1);
  }

  mtimeHi(ref: number): number {
    return this.statWord(ref, STAT_MTIME);
  }

  mtimeLo(ref: number): number {
    return this.statWord(ref, STAT_MTIME + 1);
  }

  /** As on the wire: the session of an ephemeral, else 0. */
  ownerHi(ref: number): number {
    return this.statWord(ref, STAT_OWNER);
  }

  ownerLo(ref: number): number {
    return this.statWord(ref, STAT_OWNER + 1);
  }

  /** As stored: also the container mark and the value of a TTL node. */
  storedOwnerHi(ref: number): number {
    const kind = this.kind(ref);
    if (kind === NodeKind.container) return CONTAINER_OWNER_HI;
    return kind === NodeKind.ttl ? this.word(ref, tailWord(this.pathLength(ref))) : this.ownerHi(ref);
  }

  storedOwnerLo(ref: number): number {
    const kind = this.kind(ref);
    if (kind === NodeKind.container) return 0;
    return kind === NodeKind.ttl ? this.word(ref, tailWord(this.pathLength(ref)) + 1) : this.ownerLo(ref);
  }

  /** The 68 bytes of the wire Stat. */
  copyStat(ref: number, out: Uint8Array, pos: number): void {
    this.copyWords(ref, STAT, out, pos, Math.min(STAT_BYTES, out.length - pos));
  }

  /** The 60 bytes of StatPersisted, as snapshots hold them. */
  copyStatPersisted(ref: number, out: Uint8Array, pos: number): void {
    this.copyWords(ref, STAT, out, pos, Math.min(36, out.length - pos));
    writeInt32(out, pos + 36, this.cversion(ref));
    writeInt32(out, pos + 40, this.aversion(ref));
    writeInt32(out, pos + 44, this.storedOwnerHi(ref));
    writeInt32(out, pos + 48, this.storedOwnerLo(ref));
    writeInt32(out, pos + 52, this.pzxidHi(ref));
    writeInt32(out, pos + 56, this.pzxidLo(ref));
  }

  /** What the node counts in the tree digest; 0 with digests off. */
  digestWord(ref: number): number {
    return this.word(ref, DIGEST);
  }

  /** The stat as the tree digest takes it (node-digest.ts). */
  copyDigestStat(ref: number, out: Int32Array): void {
    const words = this.slab(ref);
    const node = (ref & UNIT_MASK) << 1;
    out[DIGEST_CZXID] = words[node + STAT_CZXID];
    out[DIGEST_CZXID + 1] = words[node + STAT_CZXID + 1];
    out[DIGEST_MZXID] = words[node + STAT_MZXID];
    out[DIGEST_MZXID + 1] = words[node + STAT_MZXID + 1];
    out[DIGEST_PZXID] = words[node + STAT_PZXID];
    out[DIGEST_PZXID + 1] = words[node + STAT_PZXID + 1];
    out[DIGEST_CTIME] = words[node + STAT_CTIME];
    out[DIGEST_CTIME + 1] = words[node + STAT_CTIME + 1];
    out[DIGEST_MTIME] = words[node + STAT_MTIME];
    out[DIGEST_MTIME + 1] = words[node + STAT_MTIME + 1];
    out[DIGEST_VERSION] = words[node + STAT_VERSION];
    out[DIGEST_CVERSION] = swapWord(words[node + CVERSION]);
    out[DIGEST_AVERSION] = words[node + STAT_AVERSION];
    out[DIGEST_OWNER] = words[node + STAT_OWNER];
    out[DIGEST_OWNER + 1] = words[node + STAT_OWNER + 1];
    const kind = words[node + SHAPE] & KIND_MASK;
    if (kind === NodeKind.persistent || kind === NodeKind.ephemeral) return;
    out[DIGEST_OWNER] = swapWord(this.storedOwnerHi(ref));
    out[DIGEST_OWNER + 1] = swapWord(this.storedOwnerLo(ref));
  }

  /** 0 = open (world:anyone:31). */
  aclRef(ref: number): number {
    return this.word(ref, ACL);
  }

  /** Bytes of the list as a jute vector<ACL>. 0: unresolved (the snapshot did not list it), nobody may pass. */
  aclLength(aclRef: number): number {
    if (aclRef === 0) return OPEN_ACL.length;
    return bounded(this.word(aclRef, ACL_LENGTH), this.control[ACL_BYTES_MAX]);
  }

  /** 0 for the open list; otherwise a number that never stands for another list. */
  aclSerial(aclRef: number): number {
    return aclRef === 0 ? 0 : this.word(aclRef, ACL_SERIAL);
  }

  /** At most `length` bytes of the list. */
  copyAcl(aclRef: number, out: Uint8Array, pos: number, length: number = out.length - pos): void {
    const room = Math.min(this.aclLength(aclRef), length, out.length - pos);
    if (aclRef !== 0) this.copyWords(aclRef, ACL_BYTES, out, pos, room);
    else for (let i = 0; i < room; i++) out[pos + i] = OPEN_ACL[i];
  }
}
