// The client as applications see it: one method per operation, thin over ClientCnxn. One instance is one session, on the
// thread that made it; it re-opens its session on other servers by itself until that is expired or closed.
//
// * 64-bit numbers (zxids, times, owners) are bigint. Data is Uint8Array or null, which ZooKeeper tells apart from empty.
// * Requests may be made at any time, without waiting for each other: they are executed and answered in order. Those that
//   were not answered when a connection is lost are rejected with ConnectionLoss; whether they were executed is unknown.
// * Expected outcomes are rejections with KeeperError; a path that cannot be one rejects with InvalidPathError.
// * Watches are callbacks and fire once. `true` stands for the watcher given at construction, which also hears of the
//   session (events of type None). Other watchers hear of their node, or else once, with type None, that the session is
//   over: a lost connection does not concern them, their watches are registered again on the next one.
// * A promise and an event settle in the order in which they came off the wire.

import { type ACL, type ClientInfo, OPEN_ACL_UNSAFE } from '../protocol/acl.js';
import { PASSWORD_BYTES } from '../protocol/connect.js';
import { CreateMode, isSequential, isTtl } from '../protocol/create-mode.js';
import { ErrorCode } from '../protocol/error-code.js';
import { decodeMultiResponse, encodeMultiRequest, type MultiOp, type MultiResult } from '../protocol/multi.js';
import { OpCode } from '../protocol/op-code.js';
import {
  decodeCreate2Response,
  decodeCreateResponse,
  decodeGetACLResponse,
  decodeGetAllChildrenNumberResponse,
  decodeGetChildren2Response,
  decodeGetChildrenResponse,
  decodeGetDataResponse,
  decodeGetEphemeralsResponse,
  decodeStatResponse,
  decodeSyncResponse,
  decodeWhoAmIResponse,
} from '../protocol/replies.js';
import {
  type CreateRequest,
  encodeCreateRequest,
  encodeCreateTTLRequest,
  encodeGetEphemeralsRequest,
  encodePathRequest,
  encodeSetACLRequest,
  encodeSetDataRequest,
  encodeVersionedRequest,
  encodeWatchableRequest,
} from '../protocol/requests.js';
import type { Stat } from '../protocol/stat.js';
import { Chroot } from './chroot.js';
import { ClientCnxn } from './client-cnxn.js';
import { type ClientState, isAlive } from './client-state.js';
import { WatchKind } from './client-watch-manager.js';
import { parseConnectString } from './connect-string.js';
import type { CreateOptions } from './create-options.js';
import { DataCopies } from './data-copies.js';
import { HostProvider } from './host-provider.js';
import { MultiError } from './multi-error.js';
import type { Operation, WatchToRegister } from './outstanding-request.js';
import { Transaction } from './transaction.js';
import type { ClientPorts } from './transport.js';
import type { Watcher } from './watched-event.js';
import { checkPath, checkSequentialPath } from './znode-path.js';

export const SESSION_TIMEOUT_MS_DEFAULT = 30_000;
/** Servers do not limit what they send: a list of a million children is longer than any default of jute.maxbuffer. */
const FRAME_BYTES_MAX_DEFAULT = 64 * 1024 * 1024;
const CONFIG_PATH = '/zookeeper/config';

export interface ZooKeeperOptions {
  /** Asked for; the server may raise or lower it. */
  readonly sessionTimeoutMs?: number;
  /** Hears of the session, and of nodes watched with `true`. */
  readonly watcher?: Watcher;
  /** Also accept a server that has lost its quorum and only answers reads. */
  readonly canBeReadOnly?: boolean;
  /** Take over a session that another client opened. */
  readonly session?: { readonly id: bigint; readonly password: Uint8Array };
  readonly frameBytesMax?: number;
  /** Number of the first request; only tests care. */
  readonly xidFirst?: number;
}

export interface Created {
  readonly path: string;
  readonly stat: Stat;
}

export interface NodeData {
  /** A copy of its own, but short ones share their `buffer`, as Node's Buffers do: mind byteOffset. */
  readonly data: Uint8Array | null;
  readonly stat: Stat;
}

export interface NodeChildren {
  /** Names without the path, in no particular order. */
  readonly children: readonly string[];
  readonly stat: Stat;
}

export interface NodeAcl {
  readonly acl: readonly ACL[];
  readonly stat: Stat;
}

/** A callback, or true for the watcher given at construction. */
export type Watch = Watcher | boolean;

export class ZooKeeper {
  private readonly chroot: Chroot;
  private readonly cnxn: ClientCnxn;
  private readonly defaultWatcher: Watcher;
  private readonly copies = new DataCopies();

  /** Begins to connect at once. openZooKeeper() is this with the ports of the real world. */
  constructor(connectString: string, options: ZooKeeperOptions, ports: ClientPorts) {
    const { servers, chroot } = parseConnectString(connectString);
    this.chroot = new Chroot(chroot);
    this.defaultWatcher = options.watcher ?? (() => {});
    const settings = {
      sessionTimeoutMs: options.sessionTimeoutMs ?? SESSION_TIMEOUT_MS_DEFAULT,
      canBeReadOnly: options.canBeReadOnly ?? false,
      sessionId: options.session?.id ?? 0n,
      password: options.session?.password ?? new Uint8Array(PASSWORD_BYTES),
      frameBytesMax: options.frameBytesMax ?? FRAME_BYTES_MAX_DEFAULT,
      xidFirst: options.xidFirst ?? 1,
    };
    const hosts = new HostProvider(servers, ports.prng);
    this.cnxn = new ClientCnxn(settings, ports, hosts, this.chroot, this.defaultWatcher);
  }

  get state(): ClientState {
    return this.cnxn.state;
  }

  /** False: expired, closed or refused; every further request is rejected. */
  get isAlive(): boolean {
    return isAlive(this.cnxn.state);
  }

  /** 0n until a session was opened. */
  get sessionId(): bigint {
    return this.cnxn.sessionId;
  }

  get sessionPassword(): Uint8Array {
    return this.cnxn.password;
  }

  /** As negotiated; before that, as asked for. */
  get sessionTimeoutMs(): number {
    return this.cnxn.sessionTimeoutMs;
  }

  get outstandingCount(): number {
    return this.cnxn.outstandingCount;
  }

  /** Resolves when a session is open, rejects when none ever will be. */
  whenConnected(): Promise<void> {
    return this.cnxn.whenConnected();
  }

  /** Returns the path; of a sequential node, with its counter. */
  create(path: string, data: Uint8Array | null = null, options: CreateOptions = {}): Promise<string> {
    return this.createWith(OpCode.create, path, data, options, (r, type) =>
      this.chroot.toClient(type === OpCode.create ? decodeCreateResponse(r).path : decodeCreate2Response(r).path),
    );
  }

  /** As create, with the new node's Stat. */
  create2(path: string, data: Uint8Array | null = null, options: CreateOptions = {}): Promise<Created> {
    return this.createWith(OpCode.create2, path, data, options, (r) => {
      const { path: serverPath, stat } = decodeCreate2Response(r);
      return { path: this.chroot.toClient(serverPath), stat };
    });
  }

  /** version -1 matches any, here and elsewhere. */
  delete(path: string, version = -1): Promise<void> {
    return this.submit(path, (serverPath) => ({
      type: OpCode.delete,
      path,
      encode: (w) => encodeVersionedRequest(w, { path: serverPath, version }),
      decode: () => {},
      watch: null,
      onNoNode: null,
    }));
  }

  /** null when the node does not exist; a watch then waits for it to be created. */
  exists(path: string, watch: Watch = false): Promise<Stat | null> {
    return this.submit<Stat | null>(path, (serverPath) => ({
      type: OpCode.exists,
      path,
      encode: (w) => encodeWatchableRequest(w, { path: serverPath, watch: watch !== false }),
      decode: (r) => decodeStatResponse(r).stat,
      watch: this.watchFor(watch, WatchKind.Data, serverPath),
      onNoNode: { value: null },
    }));
  }

  getData(path: string, watch: Watch = false): Promise<NodeData> {
    return this.submit(path, (serverPath) => this.getDataOperation(path, serverPath, watch));
  }

  setData(path: string, data: Uint8Array | null, version = -1): Promise<Stat> {
    return this.submit(path, (serverPath) => ({
      type: OpCode.setData,
      path,
      encode: (w) => encodeSetDataRequest(w, { path: serverPath, data, version }),
      decode: (r) => decodeStatResponse(r).stat,
      watch: null,
      onNoNode: null,
    }));
  }

  getACL(path: string): Promise<NodeAcl> {
    return this.submit(path, (serverPath) => ({
      type: OpCode.getACL,
      path,
      encode: (w) => encodePathRequest(w, { path: serverPath }),
      decode: decodeGetACLResponse,
      watch: null,
      onNoNode: null,
    }));
  }

  /** The version is the Stat's aversion. */
  setACL(path: string, acl: readonly ACL[], version = -1): Promise<Stat> {
    return this.submit(path, (serverPath) => ({
      type: OpCode.setACL,
      path,
      encode: (w) => encodeSetACLRequest(w, { path: serverPath, acl, version }),
      decode: (r) => decodeStatResponse(r).stat,
      watch: null,
      onNoNode: null,
    }));
  }

  /** Names without the path, in no particular order. */
  getChildren(path: string, watch: Watch = false): Promise<readonly string[]> {
    return this.submit(path, (serverPath) => ({
      type: OpCode.getChildren,
      path,
      encode: (w) => encodeWatchableRequest(w, { path: serverPath, watch: watch !== false }),
      decode: (r) => decodeGetChildrenResponse(r).children,
      watch: this.watchFor(watch, WatchKind.Child, serverPath),
      onNoNode: null,
    }));
  }

  getChildren2(path: string, watch: Watch = false): Promise<NodeChildren> {
    return this.submit(path, (serverPath) => ({
      type: OpCode.getChildren2,
      path,
      encode: (w) => encodeWatchableRequest(w, { path: serverPath, watch: watch !== false }),
      decode: decodeGetChildren2Response,
      watch: this.watchFor(watch, WatchKind.Child, serverPath),
      onNoNode: null,
    }));
  }

  /** Number of all descendants. */
  getAllChildrenNumber(path: string): Promise<number> {
    return this.submit(path, (serverPath) => ({
      type: OpCode.getAllChildrenNumber,
      path,
      encode: (w) => encodePathRequest(w, { path: serverPath }),
      decode: (r) => decodeGetAllChildrenNumberResponse(r).totalNumber,
      watch: null,
      onNoNode: null,
    }));
  }

  /** Paths of this session's ephemerals that begin with the prefix. */
  getEphemerals(prefixPath = '/'): Promise<readonly string[]> {
    return this.submit(prefixPath, (serverPath) => ({
      type: OpCode.getEphemerals,
      path: prefixPath,
      encode: (w) => encodeGetEphemeralsRequest(w, { prefixPath: serverPath }),
      decode: (r) => decodeGetEphemeralsResponse(r).ephemerals.map((path) => this.chroot.toClient(path)),
      watch: null,
      onNoNode: null,
    }));
  }

  /** The text of the ensemble's configuration; its path knows no chroot. */
  getConfig(watch: Watch = false): Promise<NodeData> {
    return this.cnxn.submit(this.getDataOperation(CONFIG_PATH, CONFIG_PATH, watch));
  }

  /** When it resolves, this server has applied everything that was committed before. Returns the path. */
  sync(path: string): Promise<string> {
    return this.submit(path, (serverPath) => ({
      type: OpCode.sync,
      path,
      encode: (w) => encodePathRequest(w, { path: serverPath }),
      decode: (r) => this.chroot.toClient(decodeSyncResponse(r).path ?? serverPath),
      watch: null,
      onNoNode: null,
    }));
  }

  whoAmI(): Promise<readonly ClientInfo[]> {
    return this.cnxn.submit({
      type: OpCode.whoAmI,
      path: null,
      encode: () => {},
      decode: (r) => decodeWhoAmIResponse(r).clientInfo,
      watch: null,
      onNoNode: null,
    });
  }

  /** All ops or none. transaction() builds them with typed results. Rejects with MultiError when an op is refused. */
  multi(ops: readonly MultiOp[]): Promise<MultiResult[]> {
    if (ops.length === 0) return Promise.resolve([]);
    const serverOps = ops.map((op) => this.opWithChroot(op));
    return this.cnxn.submit({
      type: OpCode.multi,
      path: null,
      encode: (w) => encodeMultiRequest(w, serverOps),
      decode: (r) => this.multiResults(decodeMultiResponse(r), ops),
      watch: null,
      onNoNode: null,
    });
  }

  transaction(): Transaction {
    return new Transaction((ops) => this.multi(ops));
  }

  /**
   * Adds an identity to the session, on this and every later connection. Requests made after this call have it. A
   * refusal ends the session: state AUTH_FAILED.
   */
  addAuth(scheme: string, auth: Uint8Array): Promise<void> {
    return this.cnxn.addAuth(scheme, auth);
  }

  /** Ends the session; its ephemerals go. Requests made before are answered first. Never rejects. */
  close(): Promise<void> {
    return this.cnxn.close();
  }

  /** Stops taking bytes from this connection: what the server sends piles up there. Until resumeReading or a reconnect. */
  pauseReading(): void {
    this.cnxn.pauseReading();
  }

  resumeReading(): void {
    this.cnxn.resumeReading();
  }

  private submit<T>(path: string, operationFor: (serverPath: string) => Operation<T>): Promise<T> {
    try {
      return this.cnxn.submit(operationFor(this.chroot.toServer(checkPath(path))));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  private getDataOperation(path: string, serverPath: string, watch: Watch): Operation<NodeData> {
    return {
      type: OpCode.getData,
      path,
      encode: (w) => encodeWatchableRequest(w, { path: serverPath, watch: watch !== false }),
      decode: (r) => {
        const { data, stat } = decodeGetDataResponse(r);
        return { data: data === null ? null : this.copies.copy(data), stat };
      },
      watch: this.watchFor(watch, WatchKind.Data, serverPath),
      onNoNode: null,
    };
  }

  /** The opcode decides what kind of node is made, the flags only ephemeral and sequential. */
  private createWith<T>(
    plainType: typeof OpCode.create | typeof OpCode.create2,
    path: string,
    data: Uint8Array | null,
    options: CreateOptions,
    decode: (r: Parameters<Operation<T>['decode']>[0], type: OpCode) => T,
  ): Promise<T> {
    const { mode = CreateMode.Persistent, acl = OPEN_ACL_UNSAFE, ttlMs } = options;
    if (isTtl(mode) !== (ttlMs !== undefined)) {
      return Promise.reject(new TypeError('ttlMs goes with the TTL modes, and they with it'));
    }
    const type = mode === CreateMode.Container ? OpCode.createContainer : isTtl(mode) ? OpCode.createTTL : plainType;
    try {
      if (isSequential(mode)) checkSequentialPath(path);
      else checkPath(path);
    } catch (error) {
      return Promise.reject(error);
    }
    const request: CreateRequest = { path: this.chroot.toServer(path), data, acl, flags: mode };
    return this.cnxn.submit({
      type,
      path,
      encode: (w) =>
        ttlMs === undefined
          ? encodeCreateRequest(w, request)
          : encodeCreateTTLRequest(w, { ...request, ttl: BigInt(ttlMs) }),
      decode: (r) => decode(r, type),
      watch: null,
      onNoNode: null,
    });
  }

  private watchFor(watch: Watch, kind: WatchKind, serverPath: string): WatchToRegister | null {
    if (watch === false) return null;
    return { kind, serverPath, watcher: watch === true ? this.defaultWatcher : watch };
  }

  private opWithChroot(op: MultiOp): MultiOp {
    const path = op.request.path === null ? null : this.chroot.toServer(op.request.path);
    return { ...op, request: { ...op.request, path } } as MultiOp; // the same kind of op, another path
  }

  /** A refused multi comes with a good reply header: the failure is in its results. */
  private multiResults(results: MultiResult[], ops: readonly MultiOp[]): MultiResult[] {
    const codes = results.map((result) => (result.type === OpCode.error ? result.response.err : ErrorCode.Ok));
    const failed = codes.findIndex((code) => code !== ErrorCode.Ok);
    if (failed >= 0) throw new MultiError(codes, failed, ops[failed]?.request.path ?? null);
    return results.map((result) => this.resultWithoutChroot(result));
  }

  private resultWithoutChroot(result: MultiResult): MultiResult {
    if (result.type === OpCode.create) {
      return { type: result.type, response: { path: this.chroot.toClient(result.response.path) } };
    }
    if (result.type === OpCode.create2) {
      return { type: result.type, response: { ...result.response, path: this.chroot.toClient(result.response.path) } };
    }
    return result;
  }
}
