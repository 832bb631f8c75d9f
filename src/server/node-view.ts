/**
 * Single nodes for whoever looks at the tree by HTTP: data, Stat and ACL of one, the children of one by the page. Asks for the
 * permissions a client would need: READ for data and children, READ or ADMIN for the ACL, whose digests are masked without ADMIN
 * (client-protocol 5.4); the Stat is anybody's who knows the path.
 *
 * Main thread; reads the shared tree under its seqlock, a bounded piece per section, and never waits for the writer: null says that
 * there was no quiet moment, and that the caller may ask again. Writes nothing, sets no watch.
 */
import { hex64, numberFromHalves } from '../base/int64.js';
import { decodeUtf8, encodeUtf8 } from '../base/utf8.js';
import {
  type AclEntry,
  type AclPolicy,
  type Identity,
  maskedAcl,
  Permission,
  parseStoredAcl,
} from '../processor/acl.js';
import { NodeKind, ttlMsOfOwner } from '../store/node-layout.js';
import type { TreeReader } from '../store/tree-reader.js';

export interface NodeStat {
  /** Hexadecimal digits, as session ids are: no browser can take them for numbers. */
  readonly czxid: string;
  readonly mzxid: string;
  readonly pzxid: string;
  readonly ctimeMs: number;
  readonly mtimeMs: number;
  readonly version: number;
  readonly cversion: number;
  readonly aversion: number;
  /** The session of an ephemeral, else 0. */
  readonly owner: string;
  readonly dataLength: number;
  readonly childCount: number;
  readonly kind: keyof typeof NodeKind;
  /** Null: it is no node with a time to live. */
  readonly ttlMs: number | null;
}

export interface NodeReading {
  readonly stat: NodeStat;
  /** False: data and children are not for these identities. */
  readonly mayRead: boolean;
  /** At most what was asked for; null: none, or not theirs. */
  readonly data: Uint8Array | null;
  /** Null: not theirs. */
  readonly acl: readonly AclEntry[] | null;
}

export interface ChildReading {
  readonly name: string;
  readonly childCount: number;
  readonly dataLength: number;
  readonly kind: keyof typeof NodeKind;
}

export interface ChildrenReading {
  readonly mayRead: boolean;
  /** Of all there are. */
  readonly childCount: number;
  /** In the order of the tree, which is none: a page may miss or repeat what moves between two questions. */
  readonly children: readonly ChildReading[];
}

/** The node is not there. */
export const NO_NODE = 'no-node';
/** `path` is the node's, `identities` whoever asks. */
export interface NodeReader {
  readNode(path: string, identities: readonly Identity[], dataBytesMax: number): NodeReading | typeof NO_NODE | null;
  readChildren(
    path: string,
    identities: readonly Identity[],
    first: number,
    count: number,
  ): ChildrenReading | typeof NO_NODE | null;
}

const TRIES = 8;
/** Read within one section: some microseconds. */
const CHILDREN_PER_SECTION = 64;
const OPEN: readonly AclEntry[] = [{ perms: Permission.all, scheme: 'world', id: 'anyone' }];
/** For a list that recovery could not resolve: an empty one would let everybody in. */
const NOBODY: readonly AclEntry[] = [{ perms: 0, scheme: 'world', id: 'anyone' }];
const KIND_NAMES = Object.keys(NodeKind) as (keyof typeof NodeKind)[];
/** What is read holds only if nothing was written meanwhile. */
const TORN = 'torn';

export class NodeView implements NodeReader {
  private readonly tree: TreeReader;
  private readonly policy: AclPolicy;
  private readonly $refs = new Int32Array(CHILDREN_PER_SECTION);

  constructor(tree: TreeReader, policy: AclPolicy) {
    this.tree = tree;
    this.policy = policy;
  }

  readNode(path: string, identities: readonly Identity[], dataBytesMax: number): NodeReading | typeof NO_NODE | null {
    const bytes = encodeUtf8(path);
    return this.whole((sequence) => {
      const ref = this.tree.find(bytes, 0, bytes.length);
      if (ref === 0) return NO_NODE;
      const acl = this.aclOf(ref, sequence);
      if (acl === null) return TORN;
      const stat = this.statOf(ref);
      const mayRead = this.policy.allows(acl, Permission.read, identities);
      const length = Math.min(stat.dataLength, dataBytesMax);
      if (!this.tree.valid(sequence)) return TORN;
      const data = mayRead && this.tree.dataLength(ref) >= 0 ? new Uint8Array(length) : null;
      if (data !== null) this.tree.copyData(ref, data, 0, length);
      return { stat, mayRead, data, acl: this.shownAcl(acl, mayRead, identities) };
    });
  }

  readChildren(
    path: string,
    identities: readonly Identity[],
    first: number,
    count: number,
  ): ChildrenReading | typeof NO_NODE | null {
    const bytes = encodeUtf8(path);
    const children: ChildReading[] = [];
    for (;;) {
      const from = first + children.length;
      const wanted = Math.min(CHILDREN_PER_SECTION, count - children.length);
      const reading = this.whole((sequence) => this.childrenOf(bytes, identities, from, wanted, sequence));
      if (reading === null || reading === NO_NODE || !reading.mayRead) return reading;
      children.push(...reading.children);
      const { childCount } = reading;
      if (reading.children.length < wanted || children.length >= count) return { mayRead: true, childCount, children };
    }
  }

  private childrenOf(
    path: Uint8Array,
    identities: readonly Identity[],
    from: number,
    wanted: number,
    sequence: number,
  ): ChildrenReading | typeof NO_NODE | typeof TORN {
    const { tree, $refs } = this;
    const ref = tree.find(path, 0, path.length);
    if (ref === 0) return NO_NODE;
    const acl = this.aclOf(ref, sequence);
    if (acl === null) return TORN;
    const childCount = tree.childCount(ref);
    if (!this.policy.allows(acl, Permission.read, identities)) return { mayRead: false, childCount, children: [] };
    const found = tree.copyChildRefsFrom(ref, from, $refs, 0, wanted);
    const children: ChildReading[] = [];
    for (let i = 0; i < found; i++) {
      const child = $refs[i];
      const nameLength = tree.nameLength(child);
      if (!tree.valid(sequence)) return TORN;
      const name = new Uint8Array(nameLength);
      tree.copyName(child, name, 0);
      children.push({
        name: decodeUtf8(name, 0, nameLength),
        childCount: tree.childCount(child),
        dataLength: Math.max(0, tree.dataLength(child)),
        kind: KIND_NAMES[tree.kind(child)],
      });
    }
    return { mayRead: true, childCount, children };
  }

  /** What `read` makes of one quiet moment of the tree; null: there was none. */
  private whole<T>(read: (sequence: number) => T | typeof TORN): T | null {
    for (let tries = 0; tries < TRIES; tries++) {
      const sequence = this.tree.begin();
      if (sequence < 0) continue;
      const reading = read(sequence);
      if (reading !== TORN && this.tree.valid(sequence)) return reading;
    }
    return null;
  }

  /** Null: torn. */
  private aclOf(ref: number, sequence: number): readonly AclEntry[] | null {
    const { tree } = this;
    const aclRef = tree.aclRef(ref);
    const length = aclRef === 0 ? 0 : tree.aclLength(aclRef);
    if (!tree.valid(sequence)) return null;
    if (aclRef === 0) return OPEN;
    const bytes = new Uint8Array(length);
    tree.copyAcl(aclRef, bytes, 0, length);
    if (!tree.valid(sequence)) return null;
    return length === 0 ? NOBODY : parseStoredAcl(bytes, 0, length);
  }

  private shownAcl(
    acl: readonly AclEntry[],
    mayRead: boolean,
    identities: readonly Identity[],
  ): readonly AclEntry[] | null {
    if (this.policy.allows(acl, Permission.admin, identities)) return acl;
    return mayRead ? maskedAcl(acl) : null;
  }

  private statOf(ref: number): NodeStat {
    const { tree } = this;
    const kind = KIND_NAMES[tree.kind(ref)];
    return {
      czxid: hex64(tree.czxidHi(ref), tree.czxidLo(ref)),
      mzxid: hex64(tree.mzxidHi(ref), tree.mzxidLo(ref)),
      pzxid: hex64(tree.pzxidHi(ref), tree.pzxidLo(ref)),
      ctimeMs: numberFromHalves(tree.ctimeHi(ref), tree.ctimeLo(ref)),
      mtimeMs: numberFromHalves(tree.mtimeHi(ref), tree.mtimeLo(ref)),
      version: tree.version(ref),
      cversion: tree.wireCversion(ref),
      aversion: tree.aversion(ref),
      owner: hex64(tree.ownerHi(ref), tree.ownerLo(ref)),
      dataLength: Math.max(0, tree.dataLength(ref)),
      childCount: tree.childCount(ref),
      kind,
      ttlMs: kind === 'ttl' ? ttlMsOfOwner(tree.storedOwnerHi(ref), tree.storedOwnerLo(ref)) : null,
    };
  }
}
