/**
 * Outstanding changes: what prep has decided and final has not applied yet, laid over the data tree.
 *
 * Owned by prep, on its thread. A path that has a record here is judged by the record, any other path by the tree; records
 * are keyed by a hash of the path's bytes. Never larger than what is in flight: a record goes once the tree has passed the
 * last change that it stands for.
 *
 *      change 7: /a        change 8: /a/b      change 9: /a
 *      +------------+      +------------+      +------------+
 *  log | zxid 7, /a | ---> | zxid 8 ... | ---> | zxid 9, /a |     oldest first; dropped up to the tree's zxid
 *      +------------+      +------------+      +------------+
 *            \___________________________________/
 *                 both point to the one record of /a, which goes with the last of them
 */

import { copyBytes, equalBytes } from '../base/bytes.js';
import type { Fifo } from '../base/fifo.js';
import { compareUnsigned } from '../base/int64.js';
import { DigestSum } from '../store/digest-sum.js';
import { DIGEST_STAT_WORDS } from '../store/node-digest.js';
import { NodeKind } from '../store/node-layout.js';
import type { TreeReader } from '../store/tree-reader.js';

/** A length of an ACL: recovery found no list for the node, so it lets nobody in but who passes every ACL. */
export const ACL_UNRESOLVED = -1;

export class ChangeRecord {
  path: Uint8Array = new Uint8Array(64);
  pathLength = 0;
  hash = 0;
  next: ChangeRecord | null = null;
  exists = false;
  version = 0;
  /** Stored form: counts creations of children only, and names sequential ones. */
  cversion = 0;
  aversion = 0;
  childCount = 0;
  /** Bytes of data; the data itself no later write asks for. */
  dataLength = 0;
  kind: NodeKind = NodeKind.persistent;
  ownerHi = 0;
  ownerLo = 0;
  /** Serialised vector<ACL>; length 0 = the open ACL, ACL_UNRESOLVED = a list that nobody knows. */
  acl: Uint8Array = new Uint8Array(0);
  aclLength = 0;
  /** What the node counts in the tree digest, and the stat it counts with (node-digest.ts); not kept with digests off. */
  digest = 0;
  readonly stat = new Int32Array(DIGEST_STAT_WORDS);
  /** Of the last change; the record may go once the tree has applied it. */
  zxidHi = 0;
  zxidLo = 0;
  /** True while the record is linked into the table (and not only a reading of the tree). */
  outstanding = false;

  copyFrom(other: ChangeRecord): void {
    this.setPath(other.path, 0, other.pathLength);
    this.hash = other.hash;
    this.exists = other.exists;
    this.version = other.version;
    this.cversion = other.cversion;
    this.aversion = other.aversion;
    this.childCount = other.childCount;
    this.dataLength = other.dataLength;
    this.kind = other.kind;
    this.ownerHi = other.ownerHi;
    this.ownerLo = other.ownerLo;
    this.setAcl(other.acl, 0, other.aclLength);
    this.digest = other.digest;
    for (let i = 0; i < DIGEST_STAT_WORDS; i++) this.stat[i] = other.stat[i];
    this.zxidHi = other.zxidHi;
    this.zxidLo = other.zxidLo;
  }

  setPath(bytes: Uint8Array, offset: number, length: number): void {
    if (this.path.length < length) this.path = new Uint8Array(length * 2);
    copyBytes(bytes, offset, this.path, 0, length);
    this.pathLength = length;
  }

  setAcl(bytes: Uint8Array, offset: number, length: number): void {
    if (this.acl.length < length) this.acl = new Uint8Array(length);
    if (length > 0) copyBytes(bytes, offset, this.acl, 0, length);
    this.aclLength = length;
  }
}

interface Change {
  record: ChangeRecord;
  zxidHi: number;
  zxidLo: number;
}

export class OutstandingChanges {
  /** The tree digest after everything decided so far; kept by prep/digest-prediction.ts, put back with a failed multi. */
  readonly digest = new DigestSum();
  /** Changes noted and forgotten since whoever counts them has looked. */
  queuedCount = 0;
  removedCount = 0;
  private savedDigestHi = 0;
  private savedDigestLo = 0;
  private readonly table = new Map<number, ChangeRecord>();
  private readonly log: Fifo<Change>;
  private readonly free: ChangeRecord[] = [];
  private readonly freeChanges: Change[] = [];
  private readonly tree: TreeReader;
  private readonly keepsDigest: boolean;
  /** States before a multi, to be put back if it fails; null outside of a multi. */
  private saved: { record: ChangeRecord; before: ChangeRecord }[] | null = null;

  constructor(tree: TreeReader, log: Fifo<Change>, keepsDigest: boolean) {
    this.tree = tree;
    this.log = log;
    this.keepsDigest = keepsDigest;
  }

  get count(): number {
    return this.table.size;
  }

  /** Nothing is outstanding: the tree was replaced. */
  clear(): void {
    this.table.clear();
    this.log.clear();
  }

  /** Drops what the tree has applied, up to this zxid. */
  forget(hi: number, lo: number): void {
    for (;;) {
      const change = this.log.peek();
      if (change === undefined || compareUnsigned(change.zxidHi, change.zxidLo, hi, lo) > 0) return;
      this.log.shift();
      this.removedCount++;
      const record = change.record;
      if (record.outstanding && record.zxidHi === change.zxidHi && record.zxidLo === change.zxidLo) this.unlink(record);
      this.freeChanges.push(change);
    }
  }

  /**
   * The state of a path after everything prep has decided so far. The record may be changed only after `touch`. It is the
   * caller's until its request is done: other look-ups do not disturb it.
   */
  get(path: Uint8Array, offset: number, length: number): ChangeRecord {
    const hash = hashOf(path, offset, length);
    for (let r = this.table.get(hash) ?? null; r !== null; r = r.next) {
      if (r.pathLength === length && equalBytes(r.path, 0, path, offset, length)) return r;
    }
    const record = this.free.pop() ?? new ChangeRecord();
    record.setPath(path, offset, length);
    record.hash = hash;
    record.outstanding = false;
    record.next = null;
    this.readTree(record);
    return record;
  }

  /** Says that `record` is about to be changed by the transaction `zxid`. */
  touch(record: ChangeRecord, zxidHi: number, zxidLo: number): void {
    if (this.saved !== null) {
      const before = this.free.pop() ?? new ChangeRecord();
      before.copyFrom(record);
      before.outstanding = record.outstanding;
      this.saved.push({ record, before });
    }
    if (!record.outstanding) {
      record.outstanding = true;
      record.next = this.table.get(record.hash) ?? null;
      this.table.set(record.hash, record);
    }
    record.zxidHi = zxidHi;
    record.zxidLo = zxidLo;
    this.queuedCount++;
    const change = this.freeChanges.pop() ?? { record, zxidHi, zxidLo };
    change.record = record;
    change.zxidHi = zxidHi;
    change.zxidLo = zxidLo;
    this.log.push(change);
  }

  /** A reading that turned out not to be needed goes back to the pool. */
  done(record: ChangeRecord): void {
    if (!record.outstanding && this.free.length < 1024) this.free.push(record);
  }

  beginMulti(): void {
    this.saved = [];
    this.savedDigestHi = this.digest.hi;
    this.savedDigestLo = this.digest.lo;
  }

  /** The multi is good: its changes stay. */
  commitMulti(): void {
    this.saved = null;
  }

  /** The multi failed: everything is exactly as before it (client-protocol 5.5). */
  rollbackMulti(): void {
    const saved = this.saved ?? [];
    this.saved = null;
    this.digest.set(this.savedDigestHi, this.savedDigestLo);
    for (let i = saved.length - 1; i >= 0; i--) {
      const { record, before } = saved[i] as { record: ChangeRecord; before: ChangeRecord };
      if (!before.outstanding) {
        this.unlink(record);
      } else {
        record.copyFrom(before);
        if (this.free.length < 1024) this.free.push(before);
      }
    }
  }

  /** Every outstanding ephemeral of the session that will exist; `visit` gets its record. */
  visitEphemeralsOf(sessionHi: number, sessionLo: number, visit: (record: ChangeRecord) => void): void {
    for (const first of this.table.values()) {
      for (let r: ChangeRecord | null = first; r !== null; r = r.next) {
        if (r.exists && r.kind === NodeKind.ephemeral && r.ownerHi === sessionHi && r.ownerLo === sessionLo) visit(r);
      }
    }
  }

  has(path: Uint8Array, offset: number, length: number): boolean {
    for (let r = this.table.get(hashOf(path, offset, length)) ?? null; r !== null; r = r.next) {
      if (r.pathLength === length && equalBytes(r.path, 0, path, offset, length)) return true;
    }
    return false;
  }

  private readTree(record: ChangeRecord): void {
    const tree = this.tree;
    for (;;) {
      const sequence = tree.begin();
      if (sequence < 0) continue;
      const ref = tree.find(record.path, 0, record.pathLength);
      record.exists = ref !== 0;
      record.digest = 0;
      if (ref !== 0) {
        record.version = tree.version(ref);
        record.cversion = tree.cversion(ref);
        record.aversion = tree.aversion(ref);
        record.childCount = tree.childCount(ref);
        record.dataLength = Math.max(tree.dataLength(ref), 0);
        record.kind = tree.kind(ref);
        record.ownerHi = tree.ownerHi(ref);
        record.ownerLo = tree.ownerLo(ref);
        if (this.keepsDigest) {
          record.digest = tree.digestWord(ref);
          tree.copyDigestStat(ref, record.stat);
        }
        const aclRef = tree.aclRef(ref);
        record.aclLength = 0;
        if (aclRef !== 0) {
          const length = tree.aclLength(aclRef);
          if (record.acl.length < length) record.acl = new Uint8Array(length);
          tree.copyAcl(aclRef, record.acl, 0, length);
          record.aclLength = length > 0 ? length : ACL_UNRESOLVED;
        }
      }
      if (tree.valid(sequence)) return;
    }
  }

  private unlink(record: ChangeRecord): void {
    let previous: ChangeRecord | null = null;
    let r = this.table.get(record.hash) ?? null;
    while (r !== record && r !== null) {
      previous = r;
      r = r.next;
    }
    if (r === null) return;
    if (previous !== null) previous.next = record.next;
    else if (record.next !== null) this.table.set(record.hash, record.next);
    else this.table.delete(record.hash);
    record.next = null;
    record.outstanding = false;
    if (this.free.length < 1024) this.free.push(record);
  }
}

/** 31 bits, so that it is a small integer as a Map key. */
function hashOf(path: Uint8Array, offset: number, length: number): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < length; i++) h = Math.imul(h ^ (path[offset + i] as number), 0x01000193);
  return (h ^ (h >>> 15)) >>> 1;
}
