/**
 * One request frame of an open connection: answered here, sent down the pipeline, or refused.
 *
 * Lives on the shard's thread. Reads are answered from the shared tree, but only when the connection has nothing on its way
 * and the tree is at the zxid that the shard has told its clients; then an event always leaves before a reply that shows its
 * change, and a read sees the writes before it (client-protocol 3.4). Everything else goes where it keeps its place.
 */
import type { Logger } from '../actor/logger.js';
import { readInt32 } from '../base/bytes.js';
import { compareSigned } from '../base/int64.js';
import type { AclPolicy, Identity } from '../processor/acl.js';
import { FLAG_CLOSE } from '../processor/pipeline-records.js';
import { finishRead } from '../processor/read/finish-read.js';
import { NOT_HERE, ReadContext, Watch } from '../processor/read/read-context.js';
import { NO_ACTION, WatchRequest } from '../processor/watch-request.js';
import { ErrorCode } from '../protocol/error-code.js';
import { isClientOperation, OpCode, Xid } from '../protocol/op-code.js';
import type { SessionTable } from '../session/session-table.js';
import type { TreeReader } from '../store/tree-reader.js';
import { WatchMode, WatchTable } from '../watch/watch-mode.js';
import type { AuthRequests } from './auth-requests.js';
import { EagerAclCheck } from './eager-acl-check.js';
import { FrameVerdict } from './frame-buffer.js';
import { OUT_BYTES_SOFT, type ReplyWriter } from './reply-writer.js';
import type { RequestSender } from './request-sender.js';
import { type RequestThrottler, ThrottleVerdict } from './request-throttler.js';
import { CnxnState, type ServerCnxn } from './server-cnxn.js';
import { ShardCounter, type ShardCounters } from './shard-counters.js';
import type { ShardMeasures } from './shard-measures.js';
import type { ShardPosition } from './shard-position.js';
import type { WatchNotifier } from './watch-notifier.js';

/** Reads that keep their place behind writes have their answers made before anybody knows whether the client reads them. */
const READS_BEHIND_WRITES_MAX = 64;
/** Each may have the answers of many reads in it. */
const MULTI_READS_BEHIND_WRITES_MAX = 4;
/** A socket that has not taken this much is not read any more; its session then expires unless it reads. */
export const QUEUED_BYTES_MAX = 2 << 20;
const REQUEST_HEADER_BYTES = 8;
/** ErrorResponse with error 0 (client-protocol 3.5). */
const ADD_WATCH_RESPONSE = new Uint8Array(4);
const NO_BYTES = new Uint8Array(0);
const CHILDREN_MAX = 4096;
const CATCH_UP_TRIES = 4;
/** As an integer: it is compared with for each read. */
const NO_BOUND = 0x7fffffff;

export class RequestRouter {
  private readonly sessions: SessionTable;
  private readonly sender: RequestSender;
  private readonly replies: ReplyWriter;
  private readonly notifier: WatchNotifier<ServerCnxn>;
  private readonly position: ShardPosition;
  private readonly counters: ShardCounters;
  private readonly measures: ShardMeasures;
  private readonly throttler: RequestThrottler;
  private readonly log: Logger;
  private readonly authRequests: AuthRequests;
  private readonly read: ReadContext;
  private readonly watchRequest = new WatchRequest();
  /** Null: whatever the ACL says is said by prep. */
  private readonly eager: EagerAclCheck | null;
  /** Processes what final has sent so far; the number of records. */
  private readonly catchUp: () => number;
  /** Reads that are answered here between `begin` and `end`. */
  private readonly readBatchMax: number;
  /** The connection whose request is in work. */
  private current!: ServerCnxn;
  private nowMs = 0;
  /** Whether a request since `begin` keeps its session alive. */
  private touches = false;
  // Since `begin`: all requests, those that had waited for the throttle, reads answered here, and all that was answered at once.
  private received = 0;
  private waited = 0;
  private readsLocal = 0;
  private instants = 0;

  constructor(
    tree: TreeReader,
    guarded: boolean,
    aclPolicy: AclPolicy,
    sessions: SessionTable,
    sender: RequestSender,
    replies: ReplyWriter,
    notifier: WatchNotifier<ServerCnxn>,
    position: ShardPosition,
    counters: ShardCounters,
    measures: ShardMeasures,
    throttler: RequestThrottler,
    log: Logger,
    authRequests: AuthRequests,
    catchUp: () => number,
    readBatchMax: number | null,
    checksEagerly: boolean,
  ) {
    this.sessions = sessions;
    this.sender = sender;
    this.replies = replies;
    this.notifier = notifier;
    this.position = position;
    this.counters = counters;
    this.measures = measures;
    this.throttler = throttler;
    this.log = log;
    this.authRequests = authRequests;
    this.catchUp = catchUp;
    this.readBatchMax = readBatchMax ?? NO_BOUND;
    this.read = new ReadContext(tree, aclPolicy, guarded ? CHILDREN_MAX : Number.POSITIVE_INFINITY, measures.reads);
    this.eager = checksEagerly ? new EagerAclCheck(this.read) : null;
    this.read.identities = (): readonly Identity[] => this.current.identities;
  }

  begin(nowMs: number): void {
    this.touches = false;
    this.nowMs = nowMs;
  }

  /** The requests since `begin` were all of one connection; they are counted, and one store keeps its session alive. */
  end(cnxn: ServerCnxn): void {
    if (this.received > 0) this.tally(cnxn);
    if (!this.touches) return;
    if (this.sessions.isOpen(cnxn.slot, cnxn.sessionHi, cnxn.sessionLo)) this.sessions.touch(cnxn.slot, this.nowMs);
  }

  private tally(cnxn: ServerCnxn): void {
    const { counters, measures, received, readsLocal, instants } = this;
    cnxn.packetsReceived += received;
    counters.add(ShardCounter.packetsReceived, received);
    measures.onUnthrottled(received - this.waited);
    this.received = 0;
    this.waited = 0;
    if (instants === 0) return;
    counters.addInstant(instants);
    measures.onInstantReads(instants, this.nowMs);
    this.instants = 0;
    if (readsLocal === 0) return;
    counters.add(ShardCounter.packetsSent, readsLocal);
    counters.add(ShardCounter.readsLocal, readsLocal);
    measures.flush();
    this.readsLocal = 0;
  }

  onRequest(cnxn: ServerCnxn, bytes: Uint8Array, offset: number, length: number): FrameVerdict {
    if (length < REQUEST_HEADER_BYTES) {
      this.replies.closeAfterFlush(cnxn);
      return FrameVerdict.closed;
    }
    if (cnxn.out !== null && cnxn.out.length > OUT_BYTES_SOFT) this.replies.flush(cnxn);
    if (cnxn.socket.queuedBytes > QUEUED_BYTES_MAX) return FrameVerdict.later;
    const xid = readInt32(bytes, offset);
    const op = readInt32(bytes, offset + 4);
    const body = offset + REQUEST_HEADER_BYTES;
    const bodyLength = length - REQUEST_HEADER_BYTES;
    if (!this.sender.hasBudgetFor(length)) {
      this.rejectLarge(cnxn, length);
      return FrameVerdict.closed;
    }
    if (!this.sender.hasRoomFor(cnxn, bodyLength)) return FrameVerdict.later;
    this.current = cnxn;
    if (op === OpCode.auth) {
      this.count(cnxn, op);
      return this.authRequests.onAuth(cnxn, xid, bytes, body, bodyLength);
    }
    if (op === OpCode.sasl) {
      this.count(cnxn, op);
      return this.authRequests.onSasl(cnxn, xid, bytes, body, bodyLength);
    }
    if (!cnxn.maySpeak) {
      this.count(cnxn, op);
      return this.authRequests.refuse(cnxn, xid);
    }
    const throttled = this.throttler.isOn ? this.throttle(cnxn, op) : ThrottleVerdict.pass;
    if (throttled === ThrottleVerdict.wait) return FrameVerdict.later;
    if (throttled === ThrottleVerdict.drop) return FrameVerdict.closed;
    if (!this.sessions.isOpen(cnxn.slot, cnxn.sessionHi, cnxn.sessionLo)) {
      this.count(cnxn, op);
      return FrameVerdict.taken;
    }
    if (throttled === ThrottleVerdict.throttled && isClientOperation(op)) {
      this.accept(cnxn, op);
      this.counters.add(ShardCounter.throttledOps, 1);
      this.sender.refuse(cnxn, xid, ErrorCode.ThrottledOp, this.position);
      return FrameVerdict.taken;
    }
    switch (op) {
      case OpCode.getData:
      case OpCode.exists:
      case OpCode.getChildren:
      case OpCode.getChildren2:
      case OpCode.getACL:
      case OpCode.multiRead:
      case OpCode.getEphemerals:
      case OpCode.getAllChildrenNumber:
      case OpCode.whoAmI:
        if (cnxn.outstanding >= readsBehindWritesMax(op)) return FrameVerdict.later;
        if (this.readsLocal >= this.readBatchMax) {
          this.sender.askForTurn();
          return FrameVerdict.later;
        }
        this.accept(cnxn, op);
        if (cnxn.outstanding > 0 || !this.answerRead(cnxn, op, xid, bytes, body, bodyLength)) {
          this.counters.add(ShardCounter.readsForwarded, 1);
          this.sender.request(cnxn, op, xid, bytes, body, bodyLength);
        }
        return FrameVerdict.taken;
      case OpCode.ping:
        this.accept(cnxn, op);
        if (cnxn.outstanding > 0) {
          this.sender.request(cnxn, op, Xid.ping, bytes, body, 0);
          return FrameVerdict.taken;
        }
        this.instants++;
        this.sender.inOrder(cnxn, Xid.ping, this.position.zxidHi, this.position.zxidLo, ErrorCode.Ok, 0);
        return FrameVerdict.taken;
      case OpCode.addWatch:
      case OpCode.checkWatches:
      case OpCode.removeWatches:
        this.accept(cnxn, op);
        if (cnxn.outstanding > 0 || !this.isCaughtUp()) this.sender.request(cnxn, op, xid, bytes, body, bodyLength);
        else this.answerWatchRequest(cnxn, op, xid, bytes, body, bodyLength);
        return FrameVerdict.taken;
      case OpCode.create:
      case OpCode.create2:
      case OpCode.createContainer:
      case OpCode.createTTL:
      case OpCode.delete:
      case OpCode.setData:
      case OpCode.setACL:
        this.accept(cnxn, op);
        // Zxid 0, as the reference answers what no stage has seen.
        if (this.eager !== null && cnxn.outstanding === 0 && this.eager.refuses(op, bytes, body, bodyLength)) {
          this.sender.inOrder(cnxn, xid, 0, 0, ErrorCode.NoAuth, 0);
          return FrameVerdict.taken;
        }
        this.sender.request(cnxn, op, xid, bytes, body, bodyLength);
        return FrameVerdict.taken;
      case OpCode.reconfig:
      case OpCode.multi:
      case OpCode.sync:
      case OpCode.setWatches:
      case OpCode.setWatches2:
        this.accept(cnxn, op);
        this.sender.request(cnxn, op, xid, bytes, body, bodyLength);
        return FrameVerdict.taken;
      case OpCode.closeSession:
        this.accept(cnxn, op);
        this.sender.request(cnxn, op, xid, bytes, body, bodyLength);
        // Of a local session nothing behind it is read: a leader, which does not know it, could not tell that it is closed.
        if (this.sessions.isUnlogged(cnxn.slot)) cnxn.state = CnxnState.ending;
        return FrameVerdict.taken;
      default:
        this.accept(cnxn, op);
        // Unknown, or the server's own business: the connection ends (client-protocol 3.5).
        this.sender.inOrder(cnxn, xid, -1, -1, ErrorCode.Unimplemented, FLAG_CLOSE);
        return FrameVerdict.taken;
    }
  }

  /** More bytes of large requests than the server takes at a time (client-protocol 9.4): the connection ends. */
  rejectLarge(cnxn: ServerCnxn, frameBytes: number): void {
    this.counters.add(ShardCounter.largeRequestsRejected, 1);
    this.log.warn(
      `Closing the connection of ${cnxn.peer}: its request of ${frameBytes} bytes does not fit beside the large requests ` +
        'in flight (largeRequestMaxBytes)',
    );
    this.replies.closeAfterFlush(cnxn);
  }

  /** What the request throttler says; a connection whose request is dropped ends. */
  private throttle(cnxn: ServerCnxn, op: number): ThrottleVerdict {
    const waitedMs = cnxn.throttledSinceMs < 0 ? -1 : this.nowMs - cnxn.throttledSinceMs;
    const verdict = this.throttler.judge(cnxn, op, this.sender.inFlight, this.nowMs);
    if (verdict === ThrottleVerdict.wait && waitedMs < 0) this.counters.add(ShardCounter.throttleWaits, 1);
    if ((verdict === ThrottleVerdict.pass || verdict === ThrottleVerdict.throttled) && waitedMs >= 0) {
      this.waited++;
      this.measures.onThrottled(waitedMs);
      if (this.throttler.isStale(cnxn, op, waitedMs)) this.counters.add(ShardCounter.staleRequests, 1);
    }
    if (verdict === ThrottleVerdict.drop) {
      this.counters.add(ShardCounter.staleRequestsDropped, 1);
      this.replies.closeAfterFlush(cnxn);
    }
    return verdict;
  }

  /** A request that enters the pipeline, or is answered in its place, keeps its session alive (client-protocol 2.8). */
  private accept(cnxn: ServerCnxn, op: number): void {
    this.count(cnxn, op);
    this.touches = true;
  }

  /** False when the answer has to come from the final stage. */
  private answerRead(
    cnxn: ServerCnxn,
    op: number,
    xid: number,
    bytes: Uint8Array,
    body: number,
    bodyLength: number,
  ): boolean {
    const { read, position } = this;
    read.sessionHi = cnxn.sessionHi;
    read.sessionLo = cnxn.sessionLo;
    for (let tries = 0; tries < CATCH_UP_TRIES; tries++) {
      const out = this.replies.outOf(cnxn);
      cnxn.beginReply(out);
      read.out = out;
      read.body.begin(bytes, body, bodyLength);
      const error = finishRead(read, op);
      if (error === NOT_HERE) {
        cnxn.dropReply(out);
        return false;
      }
      if (read.zxidHi === position.zxidHi && read.zxidLo === position.zxidLo) {
        this.measures.onResponse(cnxn.endReply(out, xid, read.zxidHi, read.zxidLo, error));
        this.readsLocal++;
        this.instants++;
        read.countRead(op, error);
        if (read.watch !== Watch.none) {
          const table = read.watch === Watch.child ? WatchTable.child : WatchTable.data;
          const { pathOffset, pathLength } = read;
          this.notifier.watches.add(table, WatchMode.standard, bytes, pathOffset, pathLength, cnxn);
        }
        return true;
      }
      // The tree is ahead of what this shard has told its clients: first the records up to there, then the answer.
      cnxn.dropReply(out);
      if (this.catchUp() === 0) return false;
      if (cnxn.state !== CnxnState.open) return true;
    }
    return false;
  }

  /**
   * Whether this shard has told its clients of everything that the tree shows, and so of everything that anybody has been
   * answered. A write of another shard's client may be done and its record still be on the way here.
   */
  private isCaughtUp(): boolean {
    const { position } = this;
    const { tree } = this.read;
    for (let tries = 0; tries < CATCH_UP_TRIES; tries++) {
      const sequence = tree.begin();
      const zxidHi = tree.zxidHi();
      const zxidLo = tree.zxidLo();
      if (sequence < 0 || !tree.valid(sequence)) continue;
      if (compareSigned(position.zxidHi, position.zxidLo, zxidHi, zxidLo) >= 0) return true;
      if (this.catchUp() === 0) return false;
    }
    return false;
  }

  /** The connection's watches are this shard's, and its position is the moment from which they hear of changes. */
  private answerWatchRequest(
    cnxn: ServerCnxn,
    op: number,
    xid: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
  ): void {
    if (cnxn.state !== CnxnState.open) return;
    const { position, watchRequest } = this;
    const { body } = this.read;
    body.begin(bytes, offset, length);
    const kind = watchRequest.decode(op, body);
    const error =
      kind === NO_ACTION
        ? ErrorCode.MarshallingError
        : this.notifier.act(kind, bytes, watchRequest.pathOffset, watchRequest.pathLength, cnxn);
    const reply = op === OpCode.addWatch && error === ErrorCode.Ok ? ADD_WATCH_RESPONSE : NO_BYTES;
    this.replies.reply(cnxn, xid, position.zxidHi, position.zxidLo, error, reply, 0, reply.length);
    this.instants++;
  }

  private count(cnxn: ServerCnxn, op: number): void {
    cnxn.lastOp = op;
    this.received++;
  }
}

function readsBehindWritesMax(op: number): number {
  return op === OpCode.multiRead ? MULTI_READS_BEHIND_WRITES_MAX : READS_BEHIND_WRITES_MAX;
}
