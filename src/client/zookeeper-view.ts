// The operations on znodes: one method each, thin over ClientCnxn. A ZooKeeper is itself a view; chroot() makes others
// that show a subtree as if it were the whole tree and share the session, its connection and its order of requests. On
// the thread of its client. It must keep no state of the session.
//
// * 64-bit numbers (zxids, times, owners) are bigint. Data is Uint8Array or null, which ZooKeeper tells apart from empty.
// * Requests may be made at any time, without waiting for each other: they are executed and answered in order. Those that
//   were not answered when a connection is lost are rejected with ConnectionLoss; whether they were executed is unknown.
// * Expected outcomes are rejections with KeeperError; a path that cannot be one rejects with InvalidPathError.
// * Watches of exists, getData and getChildren are callbacks and fire once; those of addWatch stay until removed. `true`
//   stands for the watcher given at construction, which also hears of the session (events of type None) and sees paths
//   as the client itself does, not as a view. Other watchers hear of their node, or else once, with type None, that the
//   session is over: a lost connection does not concern them, their watches are registered again on the next one.
// * A promise and an event settle in the order in which they came off the wire.
// * Every call takes CallOptions last: a timeout, an AbortSignal, what to do while disconnected.

import type { JuteReader } from '../jute/jute-reader.js';
import type { JuteWriter } from '../jute/jute-writer.js';
import { type ACL, type ClientInfo, OPEN_ACL_UNSAFE } from '../protocol/acl.js';
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
  encodeAddWatchRequest,
  encodeCreateRequest,
  encodeCreateTTLRequest,
  encodeGetEphemeralsRequest,
  encodePathRequest,
  encodeReconfigRequest,
  encodeSetACLRequest,
  encodeSetDataRequest,
  encodeVersionedRequest,
  encodeWatchableRequest,
  encodeWatchesRequest,
} from '../protocol/requests.js';
import type { Stat } from '../protocol/stat.js';
import { AddWatchMode, KeeperState, WatcherType } from '../protocol/watch-event.js';
import type { CallOptions } from './call-options.js';
import type { Chroot } from './chroot.js';
import type { ClientCnxn } from './client-cnxn.js';
import { ClientState } from './client-state.js';
import { WatchKind } from './client-watch-manager.js';
import type { CreateOptions } from './create-options.js';
import type { DataCopies } from './data-copies.js';
import { isKeeperError } from './keeper-error.js';
import { MultiError } from './multi-error.js';
import { MultiRead } from './multi-read.js';
import type { Operation, WatchToRegister } from './outstanding-request.js';
import { Transaction } from './transaction.js';
import { type WatchSource, WatchStream, type WatchStreamOptions } from './watch-stream.js';
import type { Watcher } from './watched-event.js';
import { checkPath, checkSequentialPath } from './znode-path.js';

const CONFIG_PATH = '/zookeeper/config';

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

/** Either a whole new membership, or who comes and who goes. Servers as in the configuration file, comma separated. */
export type MembershipChange = (
  | { readonly members: string }
  | { readonly joining?: string | undefined; readonly leaving?: string | undefined }
) & {
  /** BadVersion unless this is the version of the current configuration; any unless told otherwise. */
  readonly fromVersion?: bigint | undefined;
};

export interface RemoveWatchesOptions extends CallOptions {
  readonly local?: boolean | undefined;
}

/** A callback, or true for the watcher given at construction. */
export type Watch = Watcher | boolean;

export class ZooKeeperView {
  protected readonly cnxn: ClientCnxn;
  private readonly chrootOfView: Chroot;
  private readonly copies: DataCopies;

  /** Made by chroot(), and by ZooKeeper for itself. */
  constructor(cnxn: ClientCnxn, chroot: Chroot, copies: DataCopies) {
    this.cnxn = cnxn;
    this.chrootOfView = chroot;
    this.copies = copies;
  }

  /**
   * A view in which the node at this path is the root. Shares session, connection and order with all other views. The
   * node need not exist; a create in the view does not make it.
   */
  chroot(path: string): ZooKeeperView {
    return new ZooKeeperView(this.cnxn, this.chrootOfView.below(checkPath(path)), this.copies);
  }

  /** Returns the path; of a sequential node, with its counter. */
  create(path: string, data: Uint8Array | null = null, options: CreateOptions = {}): Promise<string> {
    return this.createWith(OpCode.create, path, data, options, (r, type) =>
      this.chrootOfView.toClient(type === OpCode.create ? decodeCreateResponse(r).path : decodeCreate2Response(r).path),
    );
  }

  /** As create, with the new node's Stat. */
  create2(path: string, data: Uint8Array | null = null, options: CreateOptions = {}): Promise<Created> {
    return this.createWith(OpCode.create2, path, data, options, (r) => {
      const { path: serverPath, stat } = decodeCreate2Response(r);
      return { path: this.chrootOfView.toClient(serverPath), stat };
    });
  }

  /** version -1 matches any, here and elsewhere. */
  delete(path: string, version = -1, call?: CallOptions): Promise<void> {
    return this.submit(path, call, (serverPath) => ({
      type: OpCode.delete,
      path,
      encode: (w) => encodeVersionedRequest(w, { path: serverPath, version }),
      decode: () => {},
      watch: null,
      onNoNode: null,
    }));
  }

  /** null when the node does not exist; a watch then waits for it to be created. */
  exists(path: string, watch: Watch = false, call?: CallOptions): Promise<Stat | null> {
    return this.submit<Stat | null>(path, call, (serverPath) => ({
      type: OpCode.exists,
      path,
      encode: (w) => encodeWatchableRequest(w, { path: serverPath, watch: watch !== false }),
      decode: (r) => decodeStatResponse(r).stat,
      watch: this.watchFor(watch, WatchKind.Data, serverPath),
      onNoNode: { value: null },
    }));
  }

  getData(path: string, watch: Watch = false, call?: CallOptions): Promise<NodeData> {
    return this.submit(path, call, (serverPath) => this.getDataOperation(path, serverPath, watch));
  }

  setData(path: string, data: Uint8Array | null, version = -1, call?: CallOptions): Promise<Stat> {
    return this.submit(path, call, (serverPath) => ({
      type: OpCode.setData,
      path,
      encode: (w) => encodeSetDataRequest(w, { path: serverPath, data, version }),
      decode: (r) => decodeStatResponse(r).stat,
      watch: null,
      onNoNode: null,
    }));
  }

  getACL(path: string, call?: CallOptions): Promise<NodeAcl> {
    return this.submit(path, call, (serverPath) => ({
      type: OpCode.getACL,
      path,
      encode: (w) => encodePathRequest(w, { path: serverPath }),
      decode: decodeGetACLResponse,
      watch: null,
      onNoNode: null,
    }));
  }

  /** The version is the Stat's aversion. */
  setACL(path: string, acl: readonly ACL[], version = -1, call?: CallOptions): Promise<Stat> {
    return this.submit(path, call, (serverPath) => ({
      type: OpCode.setACL,
      path,
      encode: (w) => encodeSetACLRequest(w, { path: serverPath, acl, version }),
      decode: (r) => decodeStatResponse(r).stat,
      watch: null,
      onNoNode: null,
    }));
  }

  /** Names without the path, in no particular order. */
  getChildren(path: string, watch: Watch = false, call?: CallOptions): Promise<readonly string[]> {
    return this.submit(path, call, (serverPath) => ({
      type: OpCode.getChildren,
      path,
      encode: (w) => encodeWatchableRequest(w, { path: serverPath, watch: watch !== false }),
      decode: (r) => decodeGetChildrenResponse(r).children,
      watch: this.watchFor(watch, WatchKind.Child, serverPath),
      onNoNode: null,
    }));
  }

  getChildren2(path: string, watch: Watch = false, call?: CallOptions): Promise<NodeChildren> {
    return this.submit(path, call, (serverPath) => ({
      type: OpCode.getChildren2,
      path,
      encode: (w) => encodeWatchableRequest(w, { path: serverPath, watch: watch !== false }),
      decode: decodeGetChildren2Response,
      watch: this.watchFor(watch, WatchKind.Child, serverPath),
      onNoNode: null,
    }));
  }

  /** Number of all descendants. */
  getAllChildrenNumber(path: string, call?: CallOptions): Promise<number> {
    return this.submit(path, call, (serverPath) => ({
      type: OpCode.getAllChildrenNumber,
      path,
      encode: (w) => encodePathRequest(w, { path: serverPath }),
      decode: (r) => decodeGetAllChildrenNumberResponse(r).totalNumber,
      watch: null,
      onNoNode: null,
    }));
  }

  /** Paths of this session's ephemerals that begin with the prefix: '/ab' stands for '/abc' too. */
  getEphemerals(prefixPath = '/', call?: CallOptions): Promise<readonly string[]> {
    return this.submit(prefixPath, call, (serverPath) => ({
      type: OpCode.getEphemerals,
      path: prefixPath,
      encode: (w) => encodeGetEphemeralsRequest(w, { prefixPath: serverPath }),
      // The prefix of a chroot /app would also find what lies below /apple.
      decode: (r) =>
        decodeGetEphemeralsResponse(r)
          .ephemerals.filter((path) => this.chrootOfView.holds(path))
          .map((path) => this.chrootOfView.toClient(path)),
      watch: null,
      onNoNode: null,
    }));
  }

  /** The text of the ensemble's configuration; its path knows no chroot. */
  getConfig(watch: Watch = false, call?: CallOptions): Promise<NodeData> {
    return this.cnxn.submit(this.getDataOperation(CONFIG_PATH, CONFIG_PATH, watch), call);
  }

  /** Changes the ensemble's membership. Resolves with the new configuration, as getConfig would read it. */
  reconfig(change: MembershipChange, call?: CallOptions): Promise<NodeData> {
    const { fromVersion = -1n } = change;
    const record = {
      joiningServers: 'joining' in change ? (change.joining ?? null) : null,
      leavingServers: 'leaving' in change ? (change.leaving ?? null) : null,
      newMembers: 'members' in change ? change.members : null,
      curConfigId: fromVersion,
    };
    return this.cnxn.submit(
      {
        type: OpCode.reconfig,
        path: null,
        encode: (w) => encodeReconfigRequest(w, record),
        decode: (r) => this.ownData(decodeGetDataResponse(r)),
        watch: null,
        onNoNode: null,
      },
      call,
    );
  }

  /** When it resolves, this server has applied everything that was committed before. Returns the path. */
  sync(path: string, call?: CallOptions): Promise<string> {
    return this.submit(path, call, (serverPath) => ({
      type: OpCode.sync,
      path,
      encode: (w) => encodePathRequest(w, { path: serverPath }),
      decode: (r) => this.chrootOfView.toClient(decodeSyncResponse(r).path ?? serverPath),
      watch: null,
      onNoNode: null,
    }));
  }

  /** The identities of this connection: scheme and user (for digest, the name; for ip, the address). */
  whoAmI(call?: CallOptions): Promise<readonly ClientInfo[]> {
    return this.cnxn.submit(
      {
        type: OpCode.whoAmI,
        path: null,
        encode: () => {},
        decode: (r) => decodeWhoAmIResponse(r).clientInfo,
        watch: null,
        onNoNode: null,
      },
      call,
    );
  }

  /**
   * A watch that stays: on the node and its list of children, or (recursive) on the node and everything below it, then
   * without events for lists of children. The node need not exist. watch() is the same as an async iterator.
   */
  addWatch(path: string, watch: Watcher | true, mode: AddWatchMode, call?: CallOptions): Promise<void> {
    const kind = mode === AddWatchMode.Persistent ? WatchKind.Persistent : WatchKind.PersistentRecursive;
    return this.submit(path, call, (serverPath) => ({
      type: OpCode.addWatch,
      path,
      encode: (w) => encodeAddWatchRequest(w, { path: serverPath, mode }),
      decode: () => {},
      watch: this.watchFor(watch, kind, serverPath),
      onNoNode: null,
    }));
  }

  /**
   * Changes at a path for a `for await` loop, whatever becomes of the connection; see WatchStream for what comes out.
   * Leaving the loop removes the watch. Throws InvalidPathError at once.
   */
  watch(path: string, options: WatchStreamOptions = {}): WatchStream {
    checkPath(path);
    const recursive = options.recursive === true;
    const mode = recursive ? AddWatchMode.PersistentRecursive : AddWatchMode.Persistent;
    const type = recursive ? WatcherType.PersistentRecursive : WatcherType.Persistent;
    const source: WatchSource = {
      add: (watcher) => this.addWatch(path, watcher, mode, { whileDisconnected: 'queue', timeoutMs: 0 }),
      remove: (watcher) => {
        this.removeWatches(path, watcher, type, { timeoutMs: 0, whileDisconnected: 'attempt' })
          .catch((error: unknown) => {
            // Servers before 3.9 do not know the type. Any stands for it where nobody else watches the node.
            const known = isKeeperError(error, ErrorCode.MarshallingError) ? WatcherType.Any : type;
            return this.removeWatches(path, watcher, known, { timeoutMs: 0, local: true });
          })
          // Without an answer the watch is gone all the same: locally, and at the server with the connection.
          .catch(() => {});
      },
      addSessionListener: (listener) => this.cnxn.addSessionListener(listener),
      removeSessionListener: (listener) => this.cnxn.removeSessionListener(listener),
      onAbort: (signal, callback) => this.cnxn.abortSignals.add(signal, callback),
      connectedState: () =>
        this.cnxn.state === ClientState.ConnectedReadOnly ? KeeperState.ConnectedReadOnly : KeeperState.SyncConnected,
    };
    return new WatchStream(source, options);
  }

  /**
   * Takes a watcher off: of one type, or any. It is told so by an event of a "removed" type. NoWatcher when it was not
   * there. With `local` also when the server refuses or cannot be reached. Servers before 3.9 only know the types
   * Children, Data and Any.
   */
  removeWatches(path: string, watch: Watcher | true, type: WatcherType, options?: RemoveWatchesOptions): Promise<void> {
    return this.removeFrom(path, watch === true ? this.cnxn.defaultWatcher : watch, type, options);
  }

  /** As removeWatches, for all watchers of this client at the path. */
  removeAllWatches(path: string, type: WatcherType, options?: RemoveWatchesOptions): Promise<void> {
    return this.removeFrom(path, null, type, options);
  }

  /** Whether the server knows a watch of this connection at the path: NoWatcher if not. Changes nothing. */
  checkWatches(path: string, type: WatcherType, call?: CallOptions): Promise<void> {
    return this.submit(path, call, (serverPath) => ({
      type: OpCode.checkWatches,
      path,
      encode: (w) => encodeWatchesRequest(w, { path: serverPath, type }),
      decode: () => {},
      watch: null,
      onNoNode: null,
    }));
  }

  /** All ops or none. transaction() builds them with typed results. Rejects with MultiError when an op is refused. */
  multi(ops: readonly MultiOp[], call?: CallOptions): Promise<MultiResult[]> {
    return this.submitMulti(OpCode.multi, ops, call, (results) => this.multiResults(results, ops));
  }

  /** Several writes as one: all or none. */
  transaction(): Transaction {
    return new Transaction((ops, call, read) =>
      this.submitMulti(OpCode.multi, ops, call, (results) => read(this.multiResults(results, ops))),
    );
  }

  /** Several reads in one request, from one moment of this server. Each has its own answer or error. */
  multiRead(): MultiRead {
    const own = (result: MultiResult): MultiResult =>
      result.type === OpCode.getData ? { type: result.type, response: this.ownData(result.response) } : result;
    return new MultiRead((ops, call, read) =>
      this.submitMulti(OpCode.multiRead, ops, call, (results) => read(results.map(own))),
    );
  }

  private submit<T>(
    path: string,
    call: CallOptions | undefined,
    operationFor: (serverPath: string) => Operation<T>,
  ): Promise<T> {
    try {
      return this.cnxn.submit(operationFor(this.chrootOfView.toServer(checkPath(path))), call);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  private getDataOperation(path: string, serverPath: string, watch: Watch): Operation<NodeData> {
    return {
      type: OpCode.getData,
      path,
      encode: (w) => encodeWatchableRequest(w, { path: serverPath, watch: watch !== false }),
      decode: (r) => this.ownData(decodeGetDataResponse(r)),
      watch: this.watchFor(watch, WatchKind.Data, serverPath),
      onNoNode: null,
    };
  }

  private submitMulti<T>(
    type: typeof OpCode.multi | typeof OpCode.multiRead,
    ops: readonly MultiOp[],
    call: CallOptions | undefined,
    read: (results: MultiResult[]) => T,
  ): Promise<T> {
    if (ops.length === 0) return Promise.resolve(read([]));
    const serverOps = ops.map((op) => this.opWithChroot(op));
    const encode = (w: JuteWriter): void => encodeMultiRequest(w, serverOps);
    const decode = (r: JuteReader): T => read(decodeMultiResponse(r));
    return this.cnxn.submit({ type, path: null, encode, decode, watch: null, onNoNode: null }, call);
  }

  private removeFrom(
    path: string,
    watcher: Watcher | null,
    type: WatcherType,
    options: RemoveWatchesOptions = {},
  ): Promise<void> {
    try {
      const serverPath = this.chrootOfView.toServer(checkPath(path));
      return this.cnxn.removeWatches({ path, serverPath, watcher, type, local: options.local ?? false }, options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Data out of the read buffer, for the application to keep. */
  private ownData({ data, stat }: NodeData): NodeData {
    return { data: data === null ? null : this.copies.copy(data), stat };
  }

  /** The opcode decides what kind of node is made, the flags only ephemeral and sequential. */
  private createWith<T>(
    plainType: typeof OpCode.create | typeof OpCode.create2,
    path: string,
    data: Uint8Array | null,
    options: CreateOptions,
    decode: (r: JuteReader, type: OpCode) => T,
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
    const request: CreateRequest = { path: this.chrootOfView.toServer(path), data, acl, flags: mode };
    const operation: Operation<T> = {
      type,
      path,
      encode: (w) =>
        ttlMs === undefined
          ? encodeCreateRequest(w, request)
          : encodeCreateTTLRequest(w, { ...request, ttl: BigInt(ttlMs) }),
      decode: (r) => decode(r, type),
      watch: null,
      onNoNode: null,
    };
    return this.cnxn.submit(operation, options);
  }

  private watchFor(watch: Watch, kind: WatchKind, serverPath: string): WatchToRegister | null {
    if (watch === false) return null;
    // The default watcher cannot tell views apart: it sees what the client sees.
    if (watch === true) return { kind, serverPath, watcher: this.cnxn.defaultWatcher, chroot: this.cnxn.chroot };
    return { kind, serverPath, watcher: watch, chroot: this.chrootOfView };
  }

  private opWithChroot(op: MultiOp): MultiOp {
    const path = op.request.path === null ? null : this.chrootOfView.toServer(op.request.path);
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
      return { type: result.type, response: { path: this.chrootOfView.toClient(result.response.path) } };
    }
    if (result.type === OpCode.create2) {
      return {
        type: result.type,
        response: { ...result.response, path: this.chrootOfView.toClient(result.response.path) },
      };
    }
    return result;
  }
}
