/**
 * The tree as ZooKeeper's documentation has it, small and slow, written without a look at the server's own: what a write does
 * and answers, what a read shows, which watches a change fires. The history checker replays every write on it in the order of
 * zxids. Everything can be undone, back to a mark, for the search over writes whose outcome nobody knows.
 */
import { ErrorCode } from '../../../src/protocol/error-code.js';
import { EventType } from '../../../src/protocol/watch-event.js';
import type { MultiPart, NodeStat, Outcome, PartResult, ReadOp, WriteOp } from './history.js';

export interface ModelNode {
  readonly path: string;
  data: string;
  version: number;
  /** Children ever made: what sequential names are counted by. */
  created: number;
  readonly owner: bigint;
  readonly czxid: bigint;
  mzxid: bigint;
  pzxid: bigint;
  readonly children: Set<string>;
}

/** A change that watches may be set for: of the node itself, or of its children. */
export interface Change {
  readonly zxid: bigint;
  readonly path: string;
  readonly isOfChildren: boolean;
  readonly type: number;
}

export class TreeModel {
  /** Told each change as it is applied, the owner's view of `apply`. */
  onChange: (change: Change) => void = () => {};
  /** Who may own ephemeral nodes: not a session that is known to its server alone. */
  isGlobal: (session: bigint) => boolean = () => true;
  readonly nodes = new Map<string, ModelNode>();
  private readonly closed = new Set<bigint>();
  private readonly journal: (() => void)[] = [];

  constructor() {
    for (const path of ['/', '/zookeeper', '/zookeeper/config', '/zookeeper/quota']) {
      this.nodes.set(path, newNode(path, '', 0n, 0n));
    }
    this.nodes.get('/')?.children.add('zookeeper');
    for (const name of ['config', 'quota']) this.nodes.get('/zookeeper')?.children.add(name);
  }

  // ---- undoing

  mark(): number {
    return this.journal.length;
  }

  undoTo(mark: number): void {
    while (this.journal.length > mark) this.journal.pop()?.();
  }

  /** Nothing before this will be undone. */
  forgetJournal(): void {
    this.journal.length = 0;
  }

  // ---- writes

  isClosed(session: bigint): boolean {
    return this.closed.has(session);
  }

  ephemeralsOf(session: bigint): string[] {
    return [...this.nodes.values()].filter((node) => node.owner === session).map((node) => node.path);
  }

  closeSession(session: bigint, zxid: bigint): void {
    for (const path of this.ephemeralsOf(session)) this.remove(path, zxid);
    this.closed.add(session);
    this.journal.push(() => this.closed.delete(session));
  }

  /** What the write answers if it has this zxid; an error leaves the tree as it was. */
  apply(op: WriteOp, session: bigint, zxid: bigint): Outcome {
    if (this.closed.has(session)) return { zxid, err: ErrorCode.SessionExpired };
    if (op.kind === 'closeSession') {
      this.closeSession(session, zxid);
      return { zxid, err: 0 };
    }
    // Its node is none that anybody looks at; its text tells of the version that it has got.
    if (op.kind === 'reconfig') return { zxid, err: 0, configVersion: zxid };
    if (op.kind !== 'multi') return { zxid, ...this.applyPart(op, session, zxid) };
    const mark = this.mark();
    const changes: Change[] = [];
    const { onChange } = this;
    this.onChange = (change) => changes.push(change);
    const results: PartResult[] = [];
    let failedAt = -1;
    for (const [index, part] of op.parts.entries()) {
      const result = this.applyPart(part, session, zxid);
      results.push(result);
      if (result.err !== 0) {
        failedAt = index;
        break;
      }
    }
    this.onChange = onChange;
    if (failedAt < 0) {
      for (const change of changes) onChange(change);
      return { zxid, err: 0, results };
    }
    this.undoTo(mark);
    return {
      zxid,
      err: 0,
      results: op.parts.map((_part, index) => ({
        err: index < failedAt ? 0 : index === failedAt ? results[index].err : ErrorCode.RuntimeInconsistency,
      })),
    };
  }

  private applyPart(op: MultiPart, session: bigint, zxid: bigint): PartResult {
    switch (op.kind) {
      case 'create':
        if (op.isEphemeral && !this.isGlobal(session)) return { err: ErrorCode.EphemeralOnLocalSession };
        return this.create(op.path, op.data, op.isEphemeral ? session : 0n, op.isSequential, zxid);
      case 'delete': {
        const node = this.nodes.get(op.path);
        if (node === undefined) return { err: ErrorCode.NoNode };
        if (op.version !== -1 && op.version !== node.version) return { err: ErrorCode.BadVersion };
        if (node.children.size > 0) return { err: ErrorCode.NotEmpty };
        this.remove(op.path, zxid);
        return { err: 0 };
      }
      case 'setData': {
        const node = this.nodes.get(op.path);
        if (node === undefined) return { err: ErrorCode.NoNode };
        if (op.version !== -1 && op.version !== node.version) return { err: ErrorCode.BadVersion };
        const { data, version, mzxid } = node;
        Object.assign(node, { data: op.data, version: version + 1, mzxid: zxid });
        this.journal.push(() => Object.assign(node, { data, version, mzxid }));
        this.onChange({ zxid, path: op.path, isOfChildren: false, type: EventType.NodeDataChanged });
        return { err: 0, stat: statOf(node) };
      }
      case 'check': {
        const node = this.nodes.get(op.path);
        if (node === undefined) return { err: ErrorCode.NoNode };
        return { err: op.version !== -1 && op.version !== node.version ? ErrorCode.BadVersion : 0 };
      }
    }
  }

  private create(path: string, data: string, owner: bigint, isSequential: boolean, zxid: bigint): PartResult {
    const parent = this.nodes.get(parentOf(path));
    if (parent === undefined) return { err: ErrorCode.NoNode };
    const actual = isSequential ? `${path}${String(parent.created).padStart(10, '0')}` : path;
    if (this.nodes.has(actual)) return { err: ErrorCode.NodeExists };
    if (parent.owner !== 0n) return { err: ErrorCode.NoChildrenForEphemerals };
    const node = newNode(actual, data, owner, zxid);
    const { created, pzxid } = parent;
    this.nodes.set(actual, node);
    parent.children.add(nameOf(actual));
    Object.assign(parent, { created: created + 1, pzxid: zxid });
    this.journal.push(() => {
      this.nodes.delete(actual);
      parent.children.delete(nameOf(actual));
      Object.assign(parent, { created, pzxid });
    });
    this.onChange({ zxid, path: actual, isOfChildren: false, type: EventType.NodeCreated });
    this.onChange({ zxid, path: parent.path, isOfChildren: true, type: EventType.NodeChildrenChanged });
    return { err: 0, path: actual };
  }

  private remove(path: string, zxid: bigint): void {
    const node = this.nodes.get(path) as ModelNode;
    const parent = this.nodes.get(parentOf(path)) as ModelNode;
    const { pzxid } = parent;
    this.nodes.delete(path);
    parent.children.delete(nameOf(path));
    parent.pzxid = zxid;
    this.journal.push(() => {
      this.nodes.set(path, node);
      parent.children.add(nameOf(path));
      parent.pzxid = pzxid;
    });
    this.onChange({ zxid, path, isOfChildren: false, type: EventType.NodeDeleted });
    this.onChange({ zxid, path, isOfChildren: true, type: EventType.NodeDeleted });
    this.onChange({ zxid, path: parent.path, isOfChildren: true, type: EventType.NodeChildrenChanged });
  }

  // ---- reads

  /** What the read shows now. */
  read(op: ReadOp, zxid: bigint): Outcome {
    const node = this.nodes.get(op.path);
    if (node === undefined) return { zxid, err: ErrorCode.NoNode };
    switch (op.kind) {
      case 'exists':
        return { zxid, err: 0, stat: statOf(node) };
      case 'getData':
        return { zxid, err: 0, data: node.data, stat: statOf(node) };
      case 'getChildren':
        return { zxid, err: 0, children: [...node.children].sort() };
    }
  }
}

export function statOf(node: ModelNode): NodeStat {
  return {
    czxid: node.czxid,
    mzxid: node.mzxid,
    pzxid: node.pzxid,
    version: node.version,
    // Every change of the children counts: those that were made, and those that are gone again.
    cversion: 2 * node.created - node.children.size,
    ephemeralOwner: node.owner,
    dataLength: node.data.length,
    numChildren: node.children.size,
  };
}

function newNode(path: string, data: string, owner: bigint, zxid: bigint): ModelNode {
  return { path, data, version: 0, created: 0, owner, czxid: zxid, mzxid: zxid, pzxid: zxid, children: new Set() };
}

export function parentOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash <= 0 ? '/' : path.slice(0, slash);
}

export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
