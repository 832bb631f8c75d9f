/**
 * What the finishers of reads share: the tree as one thread sees it, the request in work, and where the answer goes.
 *
 * One per thread that answers reads: every connection shard (guarded reader) and final (its own reader). A finisher runs
 * inside begin..valid of the tree: what it reads may be garbage until `valid` has said otherwise, so it bounds what it
 * reserves, appends only to `out`, and keeps nothing. The answer counts only if the section was valid.
 */

import { ErrorCode } from '../../protocol/error-code.js';
import { OpCode } from '../../protocol/op-code.js';
import { SubtreeCounter } from '../../store/subtree-counter.js';
import type { TreeReader } from '../../store/tree-reader.js';
import { type AclEntry, type AclPolicy, type Identity, parseStoredAcl } from '../acl.js';
import type { NamespaceMeasure } from '../namespace-measure.js';
import { RequestBody } from '../request-body.js';
import { ScratchBytes } from '../scratch-bytes.js';

export const Watch = { none: 0, data: 1, child: 2 } as const;
export type Watch = (typeof Watch)[keyof typeof Watch];

/** Not an answer: the section was torn, try again. */
export const TORN = 1;
/** Not an answer: this read is for the final stage (a very long list of children, or too many torn tries). */
export const NOT_HERE = 2;

/** Above this many bytes a length is believed only after another look at the sequence. */
const TRUSTED_BYTES_MAX = 65536;
/** A Stat, in what is counted per namespace. */
const COUNTED_STAT_BYTES = 68;
const ACL_CACHE_MAX = 4096;
/** For a list that recovery could not resolve: an empty one would let everybody in. */
const NOBODY: readonly AclEntry[] = [{ perms: 0, scheme: 'world', id: 'anyone' }];

export class ReadContext {
  readonly tree: TreeReader;
  readonly body = new RequestBody();
  out: ScratchBytes = new ScratchBytes();
  readonly subtree: SubtreeCounter;
  readonly aclPolicy: AclPolicy;
  /** Lists longer than this are left to the final stage, which needs no second look. */
  readonly childrenMax: number;
  /** Of the connection that asks. */
  sessionHi = 0;
  sessionLo = 0;
  sequence = 0;
  /** lastProcessedZxid of the tree in the section that gave the answer. */
  zxidHi = 0;
  zxidLo = 0;
  pathOffset = 0;
  pathLength = 0;
  /** The node that `openNode` has found. */
  ref = 0;
  /** Of the value that was read: data, or names of children. */
  valueBytes = 0;
  /** Of a multiRead's parts that have an answer: offset and length of the path, and the value's bytes, one behind the other. */
  readonly parts: number[] = [];
  wantsWatch = false;
  /** The reply has a body although its error is not Ok. */
  bodyWithError = false;
  /** What the connection has to remember if the answer counts. */
  watch: Watch = Watch.none;
  identities: () => readonly Identity[] = () => [];

  private readonly reads: NamespaceMeasure;
  private readonly aclCache = new Map<number, readonly AclEntry[]>();
  private readonly $acl = new ScratchBytes(256);

  constructor(tree: TreeReader, aclPolicy: AclPolicy, childrenMax: number, reads: NamespaceMeasure) {
    this.tree = tree;
    this.reads = reads;
    this.subtree = new SubtreeCounter(tree);
    this.aclPolicy = aclPolicy;
    this.childrenMax = childrenMax;
  }

  /** Another thread may write while this one reads. */
  get isGuarded(): boolean {
    return this.childrenMax !== Number.POSITIVE_INFINITY;
  }

  /** The node's list, null for the open ACL; undefined when the section was torn. */
  aclOf(ref: number): readonly AclEntry[] | null | undefined {
    const aclRef = this.tree.aclRef(ref);
    if (aclRef === 0) return null;
    const serial = this.tree.aclSerial(aclRef);
    const cached = this.aclCache.get(serial);
    if (cached !== undefined) return cached;
    const length = this.tree.aclLength(aclRef);
    if (!this.tree.valid(this.sequence)) return undefined;
    this.$acl.reset();
    this.$acl.reserve(length);
    this.tree.copyAcl(aclRef, this.$acl.bytes, 0);
    if (!this.tree.valid(this.sequence)) return undefined;
    const entries = length === 0 ? NOBODY : parseStoredAcl(this.$acl.bytes, 0, length);
    if (this.aclCache.size >= ACL_CACHE_MAX) this.aclCache.clear();
    this.aclCache.set(serial, entries);
    return entries;
  }

  /** Ok, NoAuth or TORN. */
  checkAcl(ref: number, permission: number): number {
    if (this.tree.aclRef(ref) === 0) return ErrorCode.Ok;
    const acl = this.aclOf(ref);
    if (acl === undefined) return TORN;
    return this.aclPolicy.allows(acl, permission, this.identities()) ? ErrorCode.Ok : ErrorCode.NoAuth;
  }

  /** False when the length cannot be believed. */
  trust(length: number): boolean {
    return length <= TRUSTED_BYTES_MAX || this.tree.valid(this.sequence);
  }

  /** Of an answer that counts: for the bytes that are read of each namespace, counted as the reference does. */
  countRead(op: number, error: number): void {
    switch (op) {
      case OpCode.getData:
      case OpCode.exists:
      case OpCode.getChildren:
      case OpCode.getChildren2:
        if (error === ErrorCode.Ok) this.countOne(this.pathOffset, this.pathLength, this.valueBytes);
        return;
      case OpCode.multiRead: {
        const { parts } = this;
        for (let i = 0; i < parts.length; i += 3) this.countOne(parts[i], parts[i + 1], parts[i + 2]);
        parts.length = 0;
      }
    }
  }

  private countOne(offset: number, length: number, valueBytes: number): void {
    this.reads.add(this.body.bytes, offset, length, length + valueBytes + COUNTED_STAT_BYTES);
  }
}
