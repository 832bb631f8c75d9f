/**
 * One connection of the workload as the judge sees it: what was sent on it, in order, and everything that came back. Sends
 * through a WireClient and writes down what it sent; knows nothing of right and wrong.
 */
import type { JuteWriter } from '../../../../src/jute/jute-writer.js';
import type { ACL } from '../../../../src/protocol/acl.js';
import { encodeMultiRequest, type MultiOp } from '../../../../src/protocol/multi.js';
import { OpCode, Xid } from '../../../../src/protocol/op-code.js';
import {
  encodeAddWatchRequest,
  encodeCreateRequest,
  encodeCreateTTLRequest,
  encodeDeleteRequest,
  encodeGetACLRequest,
  encodeGetAllChildrenNumberRequest,
  encodeGetDataRequest,
  encodeGetEphemeralsRequest,
  encodeReconfigRequest,
  encodeSetACLRequest,
  encodeSetDataRequest,
  encodeSetWatches,
  encodeSetWatches2,
  encodeSyncRequest,
  encodeWatchesRequest,
} from '../../../../src/protocol/requests.js';
import type { ClientEnd } from '../../../testing/inline/sim-client-network.js';
import type { Frame, WireClient } from '../../../testing/inline/wire-client.js';
import type { ModelAcl, QueryRequest, ReadRequest, WriteRequest } from './model-tree.js';
import type { WatchLists, WatchRequest } from './model-watches.js';

export type Sent =
  | { readonly kind: 'write'; readonly xid: number; readonly request: WriteRequest }
  | { readonly kind: 'close'; readonly xid: number }
  | { readonly kind: 'read'; readonly xid: number; readonly request: ReadRequest }
  | { readonly kind: 'query'; readonly xid: number; readonly request: QueryRequest }
  | { readonly kind: 'sync'; readonly xid: number; readonly path: string | null }
  | { readonly kind: 'setWatches'; readonly xid: number; readonly lists: WatchLists }
  | { readonly kind: 'watches'; readonly xid: number; readonly request: WatchRequest }
  /** Answered with this error, without a body and without a zxid of its own. */
  | { readonly kind: 'plain'; readonly xid: number; readonly err: number }
  /** Answered with this zxid, whatever is applied. */
  | { readonly kind: 'fixed'; readonly xid: number; readonly err: number; readonly zxid: bigint };

/** In which of sixteen buckets Java's hash set keeps an identity: the order of identities can be seen. */
function bucketOf(identity: string): number {
  const int32 = (value: bigint): bigint => BigInt.asIntN(32, value);
  const hash = (text: string): bigint => [...text].reduce((h, c) => int32(31n * h + BigInt(c.charCodeAt(0))), 0n);
  const colon = identity.indexOf(':');
  const all = int32(37n * int32(37n * 17n + hash(identity.slice(0, colon))) + hash(identity.slice(colon + 1)));
  const unsigned = BigInt.asUintN(32, all);
  return Number((unsigned ^ (unsigned >> 16n)) & 15n);
}

export class ModelConnection {
  readonly client: WireClient<ClientEnd>;
  /** `scheme:id`; complete before anything else is sent. */
  readonly identities: string[];
  readonly sent: Sent[] = [];
  readonly frames: Frame[] = [];
  /** Cut by the client, by the server or by a crash: what is missing at the end of `frames` need not have come. */
  isOver = false;
  /** Nothing more is sent. */
  isQuiet = false;

  constructor(client: WireClient<ClientEnd>, address: string) {
    this.client = client;
    this.identities = [`ip:${address}`];
  }

  get sessionId(): bigint {
    return this.client.sessionId;
  }

  /** Takes in what has arrived. */
  collect(): void {
    this.frames.push(...this.client.take());
    if (this.client.connection.ending !== 'open') this.isOver = true;
  }

  login(user: string, id: string): void {
    this.client.auth('digest', user);
    this.identities.push(`digest:${id}`);
    this.identities.sort((a, b) => bucketOf(a) - bucketOf(b));
    this.sent.push({ kind: 'fixed', xid: Xid.auth, err: 0, zxid: 0n });
  }

  write(request: WriteRequest): void {
    const xid = this.client.request(request.op, (w) => encodeWrite(w, request));
    this.sent.push({ kind: 'write', xid, request });
  }

  read(request: ReadRequest): void {
    const { op, path } = request;
    const xid = this.client.request(op, (w) => {
      if (op === OpCode.getACL) encodeGetACLRequest(w, { path });
      else encodeGetDataRequest(w, request);
    });
    this.sent.push({ kind: 'read', xid, request });
  }

  sync(path: string | null): void {
    const xid = this.client.request(OpCode.sync, (w) => encodeSyncRequest(w, { path }));
    this.sent.push({ kind: 'sync', xid, path });
  }

  ping(): void {
    this.client.ping();
    this.sent.push({ kind: 'plain', xid: Xid.ping, err: 0 });
  }

  setWatches(lists: WatchLists): void {
    const { relativeZxid, data, exist, child, lasting } = lists;
    const record = { relativeZxid, dataWatches: data, existWatches: exist, childWatches: child };
    const xid = this.client.request(lasting === undefined ? OpCode.setWatches : OpCode.setWatches2, (w) => {
      if (lasting === undefined) encodeSetWatches(w, record);
      else {
        const { persistent, recursive } = lasting;
        encodeSetWatches2(w, { ...record, persistentWatches: persistent, persistentRecursiveWatches: recursive });
      }
    });
    this.sent.push({ kind: 'setWatches', xid, lists });
  }

  /** addWatch, checkWatches, removeWatches. */
  watches(request: WatchRequest): void {
    const { op, path, argument } = request;
    const xid = this.client.request(op, (w) => {
      if (op === OpCode.addWatch) encodeAddWatchRequest(w, { path, mode: argument });
      else encodeWatchesRequest(w, { path, type: argument });
    });
    this.sent.push({ kind: 'watches', xid, request });
  }

  /** A request that does not decode. */
  garbage(op: number): void {
    const xid = this.client.request(op, Uint8Array.of(0, 0));
    this.sent.push({ kind: 'plain', xid, err: -5 });
  }

  query(request: QueryRequest): void {
    const xid = this.client.request(request.op, (w) => encodeQuery(w, request));
    this.sent.push({ kind: 'query', xid, request });
  }

  close(): void {
    const xid = this.client.closeSession();
    this.sent.push({ kind: 'close', xid });
    this.isQuiet = true;
  }
}

function encodeQuery(w: JuteWriter, request: QueryRequest): void {
  switch (request.op) {
    case OpCode.multiRead:
      encodeMultiRequest(
        w,
        request.parts.map(({ op, path }): MultiOp => ({ type: op, request: { path, watch: true } })),
      );
      break;
    case OpCode.getEphemerals:
      encodeGetEphemeralsRequest(w, { prefixPath: request.prefix });
      break;
    case OpCode.getAllChildrenNumber:
      encodeGetAllChildrenNumberRequest(w, { path: request.path });
      break;
  }
}

function encodeWrite(w: JuteWriter, request: WriteRequest): void {
  switch (request.op) {
    case OpCode.create:
    case OpCode.create2:
    case OpCode.createContainer:
      encodeCreateRequest(w, { ...request, acl: request.acl.map(wireAcl) });
      break;
    case OpCode.createTTL:
      encodeCreateTTLRequest(w, { ...request, acl: request.acl.map(wireAcl) });
      break;
    case OpCode.reconfig:
      encodeReconfigRequest(w, { joiningServers: null, newMembers: null, curConfigId: -1n, ...request });
      break;
    case OpCode.delete:
    case OpCode.check:
      encodeDeleteRequest(w, request);
      break;
    case OpCode.setData:
      encodeSetDataRequest(w, request);
      break;
    case OpCode.setACL:
      encodeSetACLRequest(w, { ...request, acl: request.acl.map(wireAcl) });
      break;
    case OpCode.multi:
      encodeMultiRequest(w, request.ops.map(wireOp));
      break;
  }
}

function wireOp(request: WriteRequest): MultiOp {
  switch (request.op) {
    case OpCode.create:
    case OpCode.create2:
    case OpCode.createContainer:
      return { type: request.op, request: { ...request, acl: request.acl.map(wireAcl) } };
    case OpCode.createTTL:
      return { type: request.op, request: { ...request, acl: request.acl.map(wireAcl) } };
    case OpCode.setData:
      return { type: request.op, request };
    case OpCode.delete:
    case OpCode.check:
      return { type: request.op, request };
    default:
      throw new Error(`operation ${request.op} does not stand in a multi`);
  }
}

function wireAcl(entry: ModelAcl[number]): ACL {
  const [, perms, scheme, id] = /^(\S+) ([^:]*):(.*)$/.exec(entry) as RegExpExecArray;
  return { perms: Number(perms), id: { scheme: scheme as string, id: id as string } };
}
