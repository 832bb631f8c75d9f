/**
 * ZooKeeper's tree as simply as it can be written: a Map from path to node, one operation after the other, every rule read
 * off client-protocol 5.4, 5.5, 6 and 7.2. What the server answers under any schedule must be what this answers in the
 * order of the zxids. It shares no code with the server but the numbers of operations and errors.
 */
import { ErrorCode } from '../../../../src/protocol/error-code.js';
import type { MultiResult } from '../../../../src/protocol/multi.js';
import { OpCode } from '../../../../src/protocol/op-code.js';
import type { Stat } from '../../../../src/protocol/stat.js';

/** `perms scheme:id`, as in `31 world:anyone`. */
export type ModelAcl = readonly string[];

export const OPEN: ModelAcl = ['31 world:anyone'];
const READ = 1;
const WRITE = 2;
const CREATE = 4;
const DELETE = 8;
const ADMIN = 16;
const PROTECTED = ['/', '/zookeeper', '/zookeeper/quota', '/zookeeper/config'];

export type CreateRequest = {
  readonly path: string | null;
  readonly data: Uint8Array | null;
  readonly acl: ModelAcl;
  readonly flags: number;
} & (
  | { readonly op: typeof OpCode.create | typeof OpCode.create2 | typeof OpCode.createContainer }
  | { readonly op: typeof OpCode.createTTL; readonly ttl: bigint }
);

export type WriteRequest =
  | CreateRequest
  | { readonly op: typeof OpCode.reconfig; readonly leavingServers: string }
  | { readonly op: typeof OpCode.delete | typeof OpCode.check; readonly path: string | null; readonly version: number }
  | {
      readonly op: typeof OpCode.setData;
      readonly path: string | null;
      readonly data: Uint8Array | null;
      readonly version: number;
    }
  | {
      readonly op: typeof OpCode.setACL;
      readonly path: string | null;
      readonly acl: ModelAcl;
      readonly version: number;
    }
  | { readonly op: typeof OpCode.multi; readonly ops: readonly WriteRequest[] };

export interface ReadRequest {
  readonly op:
    | typeof OpCode.exists
    | typeof OpCode.getData
    | typeof OpCode.getChildren
    | typeof OpCode.getChildren2
    | typeof OpCode.getACL;
  readonly path: string | null;
  readonly watch: boolean;
}

/** Reads that are not about one node. */
export type QueryRequest =
  | { readonly op: typeof OpCode.multiRead; readonly parts: readonly MultiReadPart[] }
  | { readonly op: typeof OpCode.getEphemerals; readonly prefix: string | null }
  | { readonly op: typeof OpCode.getAllChildrenNumber; readonly path: string | null }
  | { readonly op: typeof OpCode.whoAmI };

export interface MultiReadPart {
  readonly op: typeof OpCode.getData | typeof OpCode.getChildren;
  readonly path: string | null;
}

export interface Change {
  readonly kind: 'created' | 'deleted' | 'changed';
  readonly path: string;
  readonly acl: ModelAcl;
  readonly parentAcl: ModelAcl;
}

/** Who asks, and what the transaction brings along. */
export interface WriteContext {
  readonly zxid: bigint;
  readonly timeMs: bigint;
  readonly sessionId: bigint;
  readonly identities: readonly string[];
  readonly isOpen: boolean;
}

export interface Outcome {
  readonly err: number;
  /** What a decoder of the reply's body yields; null when there is no body. */
  readonly body: unknown;
  readonly changes: readonly Change[];
}

export interface ModelNode {
  data: Uint8Array | null;
  acl: ModelAcl;
  czxid: bigint;
  mzxid: bigint;
  pzxid: bigint;
  ctime: bigint;
  mtime: bigint;
  version: number;
  /** Counts creations. */
  cversion: number;
  aversion: number;
  kind: 'persistent' | 'ephemeral' | 'container' | 'ttl';
  /** Of an ephemeral, else 0. */
  owner: bigint;
  ttlMs: bigint;
  children: Set<string>;
}

class Refusal extends Error {
  readonly code: number;

  constructor(code: number) {
    super(`refused with ${code}`);
    this.code = code;
  }
}

export class ModelTree {
  private nodes = new Map<string, ModelNode>();
  private changes: Change[] = [];
  private readonly extendedTypes: boolean;

  constructor(extendedTypes: boolean) {
    this.extendedTypes = extendedTypes;
    for (const path of PROTECTED) {
      this.nodes.set(path, emptyNode(path === '/zookeeper/config' ? ['1 world:anyone'] : OPEN));
    }
    (this.nodes.get('/') as ModelNode).children.add('zookeeper');
    (this.nodes.get('/zookeeper') as ModelNode).children.add('quota').add('config');
    (this.nodes.get('/zookeeper/config') as ModelNode).aversion = -1;
  }

  get paths(): string[] {
    return [...this.nodes.keys()];
  }

  /** To look at, not to change. */
  get entries(): ReadonlyMap<string, Readonly<ModelNode>> {
    return this.nodes;
  }

  write(request: WriteRequest, context: WriteContext): Outcome {
    this.changes = [];
    if (request.op === OpCode.multi) return this.multi(request.ops, context);
    try {
      const result = this.operation(request, context, false);
      return { err: ErrorCode.Ok, body: plainBody(request.op, result), changes: this.changes };
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return { err: error.code, body: null, changes: [] };
    }
  }

  /** The ephemerals of the session go, in the order given, which must name them all. */
  closeSession(sessionId: bigint, zxid: bigint, order: readonly string[]): readonly Change[] {
    this.changes = [];
    const owned = [...this.nodes].filter(([, node]) => node.owner === sessionId).map(([path]) => path);
    if ([...owned].sort().join() !== [...order].sort().join()) {
      throw new Error(`the session owns ${owned.join(' ')}, its close deletes ${order.join(' ')}`);
    }
    for (const path of order) this.remove(path, zxid);
    return this.changes;
  }

  /** The container manager removes a node: whether it may is judged here, by what it was at that time. */
  deleteContainer(path: string, zxid: bigint, timeMs: bigint): readonly Change[] {
    this.changes = [];
    const node = this.nodes.get(path);
    if (node === undefined) throw new Error(`the container manager removes ${path}, which is not there`);
    const mayGo =
      node.children.size === 0 &&
      ((node.kind === 'container' && node.cversion > 0) ||
        (node.kind === 'ttl' && this.extendedTypes && timeMs - node.mtime > node.ttlMs));
    if (!mayGo) throw new Error(`the container manager removes ${path}, a ${node.kind} node that is to stay`);
    this.remove(path, zxid);
    return this.changes;
  }

  read(
    request: ReadRequest,
    identities: readonly string[],
  ): { err: number; body: unknown; watch: 'data' | 'child' | null } {
    const { op, path } = request;
    const refuse = (err: number): { err: number; body: null; watch: null } => ({ err, body: null, watch: null });
    if (path === null) return refuse(ErrorCode.MarshallingError);
    if (op === OpCode.exists && path.includes('\0')) return refuse(ErrorCode.BadArguments);
    const node = this.nodes.get(path === '' ? '/' : path);
    const watch = !request.watch ? null : op === OpCode.exists || op === OpCode.getData ? 'data' : 'child';
    if (node === undefined) return { ...refuse(ErrorCode.NoNode), watch: op === OpCode.exists ? watch : null };
    if (!allows(node.acl, op === OpCode.getACL ? READ | ADMIN : READ, identities)) return refuse(ErrorCode.NoAuth);
    const stat = statOf(node);
    const children = [...node.children].sort();
    switch (op) {
      case OpCode.exists:
        return { err: 0, body: { stat }, watch };
      case OpCode.getData:
        return { err: 0, body: { data: node.data, stat }, watch };
      case OpCode.getChildren:
        return { err: 0, body: { children }, watch };
      case OpCode.getChildren2:
        return { err: 0, body: { children, stat }, watch };
      default: {
        const isAdmin = allows(node.acl, ADMIN, identities);
        const acl = node.acl.map((entry) => (isAdmin ? entry : entry.replace(/^(\S+ digest:[^:]*):.*$/, '$1:x')));
        return { err: 0, body: { acl, stat }, watch: null };
      }
    }
  }

  /** A refused multiRead has a body all the same: what came before its null path. */
  query(request: QueryRequest, identities: readonly string[], sessionId: bigint): { err: number; body: unknown } {
    switch (request.op) {
      case OpCode.multiRead: {
        const results: MultiResult[] = [];
        for (const { op, path } of request.parts) {
          if (path === null) return { err: ErrorCode.MarshallingError, body: results };
          const { err, body } = this.read({ op, path, watch: true }, identities);
          if (err === ErrorCode.Ok) results.push({ type: op, response: body } as MultiResult);
          else results.push({ type: OpCode.error, response: { err } });
        }
        return { err: ErrorCode.Ok, body: results };
      }
      case OpCode.getEphemerals: {
        const { prefix } = request;
        // Java's trim, which takes away all control characters.
        const all = prefix === null || /^[\0- ]*\/?[\0- ]*$/.test(prefix);
        const owned = [...this.nodes].filter(([, node]) => node.owner === sessionId).map(([path]) => path);
        return { err: 0, body: { ephemerals: owned.filter((path) => all || path.startsWith(prefix)).sort() } };
      }
      case OpCode.getAllChildrenNumber: {
        const { path } = request;
        if (path === null) return { err: ErrorCode.MarshallingError, body: null };
        const { err } = this.read({ op: OpCode.getData, path, watch: false }, identities);
        if (err !== ErrorCode.Ok) return { err, body: null };
        const below = this.paths.filter((other) => other !== '/' && other.startsWith(path === '/' ? '/' : `${path}/`));
        // By the name "" the root has itself below it.
        return { err, body: { totalNumber: below.length + (path === '' ? 1 : 0) } };
      }
      case OpCode.whoAmI:
        return { err: 0, body: identities.map((identity) => whoAmIText(identity)).sort() };
    }
  }

  /** Of setWatches: mzxid and pzxid, or null when there is no node. */
  zxidsOf(path: string): { mzxid: bigint; pzxid: bigint } | null {
    return this.nodes.get(path === '' ? '/' : path) ?? null;
  }

  private multi(ops: readonly WriteRequest[], context: WriteContext): Outcome {
    if (ops.some((op) => !decodes(op))) return { err: ErrorCode.MarshallingError, body: null, changes: [] };
    const before = new Map(
      [...this.nodes].map(([path, node]) => [path, { ...node, children: new Set(node.children) }]),
    );
    const results: MultiResult[] = [];
    for (const [index, op] of ops.entries()) {
      try {
        results.push(multiResult(resultOp(op), this.operation(op, context, true)));
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        this.nodes = before;
        const codes = ops.map((_, i) => (i < index ? 0 : i === index ? error.code : ErrorCode.RuntimeInconsistency));
        const failed = codes.map((err): MultiResult => ({ type: OpCode.error, response: { err } }));
        return { err: ErrorCode.Ok, body: failed, changes: [] };
      }
    }
    return { err: ErrorCode.Ok, body: results, changes: this.changes };
  }

  private operation(
    request: WriteRequest,
    context: WriteContext,
    inMulti: boolean,
  ): { path: string; stat: Stat | null } {
    switch (request.op) {
      case OpCode.create:
      case OpCode.create2:
      case OpCode.createContainer:
      case OpCode.createTTL:
        return this.create(request, context, inMulti);
      case OpCode.reconfig:
        // Not enabled.
        throw new Refusal(ErrorCode.ReconfigDisabled);
      case OpCode.delete:
        return this.delete(request.path, request.version, context);
      case OpCode.setData: {
        const node = this.existing(request.path, WRITE, context);
        checkVersion(request.version, node.version);
        node.data = request.data;
        node.version = (node.version + 1) | 0;
        node.mzxid = context.zxid;
        node.mtime = context.timeMs;
        this.note('changed', request.path as string);
        return { path: request.path as string, stat: statOf(node) };
      }
      case OpCode.setACL: {
        check(context.isOpen, ErrorCode.SessionExpired);
        check(isValidPath(request.path), ErrorCode.BadArguments);
        const acl = fixedUp(request.acl, context.identities);
        const node = this.existing(request.path, ADMIN, context);
        checkVersion(request.version, node.aversion);
        node.acl = acl;
        node.aversion = (node.aversion + 1) | 0;
        return { path: request.path as string, stat: statOf(node) };
      }
      case OpCode.check: {
        const node = this.existing(request.path, READ, context);
        checkVersion(request.version, node.version);
        return { path: request.path as string, stat: null };
      }
      default:
        throw new Error('a multi inside a multi');
    }
  }

  private create(request: CreateRequest, context: WriteContext, inMulti: boolean): { path: string; stat: Stat } {
    const { flags } = request;
    const ttlMs = request.op === OpCode.createTTL ? request.ttl : -1n;
    check(flags >= 0 && flags <= 6, ErrorCode.BadArguments);
    if (flags >= 5) {
      check(this.extendedTypes, ErrorCode.Unimplemented);
      check(ttlMs >= 1n && ttlMs <= 0xffffffffffn, ErrorCode.BadArguments);
    } else {
      check(request.op !== OpCode.createTTL || inMulti, ErrorCode.BadArguments);
    }
    const kind = kindOf(request, inMulti);
    check(context.isOpen, ErrorCode.SessionExpired);
    check(request.path !== null, ErrorCode.MarshallingError);
    let path = request.path as string;
    check(path.includes('/') && !path.includes('\0'), ErrorCode.BadArguments);
    const acl = fixedUp(request.acl, context.identities);
    const parent = this.nodes.get(parentOf(path));
    check(parent !== undefined, ErrorCode.NoNode);
    check(allows(parent.acl, CREATE, context.identities), ErrorCode.NoAuth);
    if (flags === 2 || flags === 3 || flags === 6) path += String(parent.cversion).padStart(10, '0');
    check(isValidPath(path), ErrorCode.BadArguments);
    check(!this.nodes.has(path), ErrorCode.NodeExists);
    check(parent.kind !== 'ephemeral', ErrorCode.NoChildrenForEphemerals);
    const { zxid, timeMs } = context;
    const node: ModelNode = {
      ...emptyNode(acl),
      data: request.data,
      czxid: zxid,
      mzxid: zxid,
      pzxid: zxid,
      ctime: timeMs,
      mtime: timeMs,
      kind,
      owner: kind === 'ephemeral' ? context.sessionId : 0n,
      ttlMs,
    };
    this.nodes.set(path, node);
    parent.children.add(nameOf(path));
    parent.cversion++;
    parent.pzxid = zxid;
    this.note('created', path);
    return { path, stat: statOf(node) };
  }

  private delete(path: string | null, version: number, context: WriteContext): { path: string; stat: null } {
    check(context.isOpen, ErrorCode.SessionExpired);
    check(path !== null, ErrorCode.MarshallingError);
    check(path.includes('/') && !path.includes('\0') && !PROTECTED.includes(path), ErrorCode.BadArguments);
    const parent = this.nodes.get(parentOf(path));
    check(parent !== undefined, ErrorCode.NoNode);
    check(allows(parent.acl, DELETE, context.identities), ErrorCode.NoAuth);
    const node = this.nodes.get(path);
    check(node !== undefined, ErrorCode.NoNode);
    checkVersion(version, node.version);
    check(node.children.size === 0, ErrorCode.NotEmpty);
    this.remove(path, context.zxid);
    return { path, stat: null };
  }

  private remove(path: string, zxid: bigint): void {
    this.note('deleted', path);
    this.nodes.delete(path);
    const parent = this.nodes.get(parentOf(path)) as ModelNode;
    parent.children.delete(nameOf(path));
    parent.pzxid = zxid;
  }

  private existing(path: string | null, permission: number, context: WriteContext): ModelNode {
    check(context.isOpen, ErrorCode.SessionExpired);
    check(isValidPath(path), ErrorCode.BadArguments);
    const node = this.nodes.get(path as string);
    check(node !== undefined, ErrorCode.NoNode);
    check(allows(node.acl, permission, context.identities), ErrorCode.NoAuth);
    return node;
  }

  private note(kind: Change['kind'], path: string): void {
    const acl = (this.nodes.get(path) as ModelNode).acl;
    this.changes.push({ kind, path, acl, parentAcl: this.nodes.get(parentOf(path))?.acl ?? OPEN });
  }
}

function whoAmIText(identity: string): string {
  const [scheme, user] = identity.split(':') as [string, string];
  return scheme === 'super' ? 'super:' : `${scheme}:${user}`;
}

/** Whether one of the identities, written `scheme:id`, passes. */
export function allows(acl: ModelAcl, permission: number, identities: readonly string[]): boolean {
  return acl.some((entry) => {
    const space = entry.indexOf(' ');
    if ((Number(entry.slice(0, space)) & permission) === 0) return false;
    const id = entry.slice(space + 1);
    return id === 'world:anyone' || identities.includes(id);
  });
}

/** Only what the workload uses: world, digest and auth. */
function fixedUp(acl: ModelAcl, identities: readonly string[]): ModelAcl {
  const fixed: string[] = [];
  for (const entry of new Set(acl)) {
    const [perms, id] = [entry.slice(0, entry.indexOf(' ')), entry.slice(entry.indexOf(' ') + 1)];
    if (id !== 'auth:') {
      fixed.push(entry);
      continue;
    }
    const logins = identities.filter((identity) => identity.startsWith('digest:'));
    check(logins.length > 0, ErrorCode.InvalidACL);
    for (const login of logins) fixed.push(`${perms} ${login}`);
  }
  check(fixed.length > 0, ErrorCode.InvalidACL);
  return fixed;
}

/** Whether a multi with this part decodes (client-protocol 5.3). */
function decodes(request: WriteRequest): boolean {
  switch (request.op) {
    case OpCode.multi:
    case OpCode.reconfig:
    case OpCode.setACL:
      return false;
    case OpCode.create:
    case OpCode.create2:
    case OpCode.createContainer:
      return request.path !== null && request.flags >= 0 && request.flags < 5;
    default:
      return request.path !== null;
  }
}

/** client-protocol 3.6; the flags are good. */
function kindOf({ op, flags }: CreateRequest, inMulti: boolean): ModelNode['kind'] {
  if (op === OpCode.createContainer || (inMulti && flags === 4)) return 'container';
  if (op === OpCode.createTTL && flags >= 5) return 'ttl';
  return flags === 1 || flags === 3 ? 'ephemeral' : 'persistent';
}

/** As which operation the part of a multi is answered (client-protocol 3.7). */
function resultOp(request: WriteRequest): number {
  switch (request.op) {
    case OpCode.create:
    case OpCode.createTTL:
      return request.flags >= 4 ? OpCode.create2 : OpCode.create;
    case OpCode.createContainer:
      return OpCode.create2;
    default:
      return request.op;
  }
}

function check(condition: boolean, code: number): asserts condition {
  if (!condition) throw new Refusal(code);
}

function checkVersion(asked: number, present: number): void {
  check(asked === -1 || asked === present, ErrorCode.BadVersion);
}

function isValidPath(path: string | null): boolean {
  if (path === null || !path.startsWith('/')) return false;
  if (path === '/') return true;
  const names = path.slice(1).split('/');
  if (names.some((name) => name === '' || name === '.' || name === '..')) return false;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters in question
  return !/[\u0000-\u001f\u007f-\u009f\ud800-\uf8ff\ufff0-\uffff]/.test(path);
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/';
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function emptyNode(acl: ModelAcl): ModelNode {
  return {
    data: new Uint8Array(0),
    acl,
    czxid: 0n,
    mzxid: 0n,
    pzxid: 0n,
    ctime: 0n,
    mtime: 0n,
    version: 0,
    cversion: 0,
    aversion: 0,
    kind: 'persistent',
    owner: 0n,
    ttlMs: -1n,
    children: new Set(),
  };
}

function statOf(node: ModelNode): Stat {
  return {
    czxid: node.czxid,
    mzxid: node.mzxid,
    ctime: node.ctime,
    mtime: node.mtime,
    version: node.version,
    cversion: 2 * node.cversion - node.children.size,
    aversion: node.aversion,
    ephemeralOwner: node.owner,
    dataLength: node.data?.length ?? 0,
    numChildren: node.children.size,
    pzxid: node.pzxid,
  };
}

function plainBody(op: number, { path, stat }: { path: string; stat: Stat | null }): unknown {
  if (op === OpCode.create) return { path };
  if (op === OpCode.create2 || op === OpCode.createContainer || op === OpCode.createTTL) return { path, stat };
  return stat === null ? null : { stat };
}

function multiResult(op: number, { path, stat }: { path: string; stat: Stat | null }): MultiResult {
  switch (op) {
    case OpCode.create:
      return { type: OpCode.create, response: { path } };
    case OpCode.create2:
      return { type: OpCode.create2, response: { path, stat: stat as Stat } };
    case OpCode.setData:
      return { type: OpCode.setData, response: { stat: stat as Stat } };
    default:
      return { type: op as typeof OpCode.delete | typeof OpCode.check, response: null };
  }
}
