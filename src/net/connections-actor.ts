/**
 * ServerCnxnFactory: the shell of one connection shard. Accepts clients, cuts their bytes into requests, answers reads
 * straight from the shared tree, sends everything else down the pipeline and the results back to the clients.
 *
 * Owns the sockets and the watches of its connections; lives on one event-loop thread. It never waits, never writes the
 * tree, and takes a request only when the pipeline has room for it: until then the client's socket is paused.
 *
 * Order on one connection (client-protocol 3.4): while requests of a connection are in the pipeline its later reads go
 * there too and keep their place; only a connection with nothing outstanding is answered here. A read that has seen zxid Z
 * is answered after the commit records up to Z were processed, so an event leaves before any reply that shows its change.
 */
import type { Actor, ActorContext } from '../actor/actor.js';
import type { MailboxReceiver, MailboxSender, RecordHandler } from '../actor/mailbox/mailbox.js';
import { copyBytes, readInt32, writeInt32 } from '../base/bytes.js';
import { compareSigned, hex64 } from '../base/int64.js';
import { decodeUtf8, latin1 } from '../base/utf8.js';
import type { AclPolicy, Identity } from '../processor/acl.js';
import { ipIdentityOf } from '../processor/ip-address.js';
import {
  FLAG_CLOSE,
  FLAG_OWN_ZXID,
  InternalOp,
  PIPELINE_HEADER_BYTES,
  RecordType,
  WORD_ARRIVED_MS,
  WORD_CONNECTION,
  WORD_ERROR,
  WORD_FLAGS,
  WORD_LENGTH_A,
  WORD_LENGTH_B,
  WORD_OP,
  WORD_SESSION_HI,
  WORD_SESSION_LO,
  WORD_SHARD,
  WORD_SLOT,
  WORD_XID,
  WORD_ZXID_HI,
  WORD_ZXID_LO,
} from '../processor/pipeline-records.js';
import { finishRead } from '../processor/read/finish-read.js';
import { NOT_HERE, ReadContext, Watch } from '../processor/read/read-context.js';
import { ScratchBytes } from '../processor/scratch-bytes.js';
import { ErrorCode } from '../protocol/error-code.js';
import { OpCode, Xid } from '../protocol/op-code.js';
import { passwordMatches } from '../protocol/session-password.js';
import { KeeperState } from '../protocol/watch-event.js';
import type { SessionTable } from '../session/session-table.js';
import type { TreeReader } from '../store/tree-reader.js';
import { WatchTable } from '../watch/watch-manager.js';
import type { ClientListener, ClientNetwork, ClientSocket, ClientSocketEvents } from './client-socket.js';
import type { ConnectionCounts } from './connection-counts.js';
import { digestLogin } from './digest-login.js';
import { FrameResult, FrameVerdict } from './frame-buffer.js';
import { ConnectRequestView, writeConnectResponse } from './handshake.js';
import type { ListenState } from './listen-state.js';
import type { OutstandingCounts } from './outstanding-counts.js';
import { CnxnState, ServerCnxn } from './server-cnxn.js';
import { type ShardControl, ShardRecord } from './shard-control.js';
import { WatchNotifier } from './watch-notifier.js';

export interface ConnectionsOptions {
  readonly shard: number;
  readonly shardCount: number;
  /** Null: there is no client port. */
  readonly port: number | null;
  readonly host: string | undefined;
  readonly backlog: number | undefined;
  readonly keepAlive: boolean;
  readonly frameBytesMax: number;
  readonly minSessionTimeoutMs: number;
  readonly maxSessionTimeoutMs: number;
  readonly maxClientCnxns: number;
  readonly maxCnxns: number;
  readonly globalOutstandingLimit: number;
  readonly sessionlessTimeoutMs: number;
  readonly digestEnabled: boolean;
  readonly superDigest: string | null;
}

/** Whether these four bytes, as a big-endian int, are a four-letter word. */
export type IsFourLetterWord = (word: number) => boolean;

/** Replies of one connection beyond this go to its socket before more of its requests are taken. */
const OUT_BYTES_SOFT = 1 << 20;
/** Reads that keep their place behind writes have their answers made before anybody knows whether the client reads them. */
const READS_BEHIND_WRITES_MAX = 64;
/** A socket that has not taken this much is not read any more; its session then expires unless it reads. */
const QUEUED_BYTES_MAX = 2 << 20;
/** A closing connection that does not take its last bytes and close its own half is cut off after this. */
const CLOSING_MAX_MS = 15_000;
/** Events for a client that does not read are kept up to here; then the connection goes. */
const QUEUED_BYTES_FATAL = 32 << 20;
const CHILDREN_MAX = 4096;
const CATCH_UP_TRIES = 4;
const POOLED_BYTES_MAX = 256 * 1024;
const POOLED_MAX = 64;
/** A ready-made reply must not look like the operation it answers: some of them mean more to a stage. */
const NO_OPERATION = 0;
const NO_BYTES = new Uint8Array(0);

const COUNTERS = [
  'packets_received',
  'packets_sent',
  'connections',
  'outstanding_requests',
  'watch_count',
  'reads_local',
  'reads_forwarded',
  'latency_count',
  'latency_total_ms',
  'latency_max_ms',
  'latency_min_ms',
  'connections_refused',
  'reads_stalled',
  'connections_accepted',
] as const;
const RECEIVED = 0;
const SENT = 1;
const CONNECTIONS = 2;
const OUTSTANDING = 3;
const WATCHES = 4;
const READS_LOCAL = 5;
const READS_FORWARDED = 6;
const LATENCY_COUNT = 7;
const LATENCY_TOTAL = 8;
const LATENCY_MAX = 9;
const LATENCY_MIN = 10;
const REFUSED = 11;
const STALLS = 12;
const ACCEPTED = 13;

export class ConnectionsActor implements Actor {
  readonly inboxes: Record<string, RecordHandler>;
  readonly alwaysDrains = true;
  readonly tickMs = 1000;

  private readonly context: ActorContext;
  private readonly network: ClientNetwork;
  private readonly sessions: SessionTable;
  private readonly counts: ConnectionCounts;
  private readonly outstanding: OutstandingCounts;
  private readonly listenState: ListenState;
  private readonly tree: TreeReader;
  private readonly options: ConnectionsOptions;
  private readonly isWord: IsFourLetterWord;
  private readonly read: ReadContext;
  private readonly notifier: WatchNotifier<ServerCnxn>;
  private readonly results: MailboxReceiver;
  private readonly onResultHandler: RecordHandler;
  private readonly toPrep: MailboxSender;
  private readonly stats: Float64Array;
  private readonly byId = new Map<number, ServerCnxn>();
  private readonly bySlot = new Map<number, ServerCnxn>();
  private readonly sessionless = new Set<ServerCnxn>();
  private readonly closing = new Set<ServerCnxn>();
  private readonly connectRequest = new ConnectRequestView();
  private listener: ClientListener | null = null;
  /** Of the other shards, as of the socket read in work. */
  private outstandingElsewhere = 0;
  // Of the last commit record processed. Behind the tree by the records that wait in the mailbox, or ahead of it by the write
  // section that final is about to end; a read is answered here only when both are equal.
  private zxidHi = 0;
  private zxidLo = 0;
  private eventZxidHi = 0;
  private eventZxidLo = 0;
  private dirty: ServerCnxn[] = [];
  private stalled: ServerCnxn[] = [];
  private readonly pool: ScratchBytes[] = [];
  /** The connection whose frames are being handed out. */
  private current!: ServerCnxn;
  private nowMs = 0;
  private touched = false;
  private stopped = false;

  constructor(
    context: ActorContext,
    network: ClientNetwork,
    tree: TreeReader,
    sessions: SessionTable,
    aclPolicy: AclPolicy,
    counts: ConnectionCounts,
    outstanding: OutstandingCounts,
    listenState: ListenState,
    isWord: IsFourLetterWord,
    options: ConnectionsOptions,
    guarded: boolean,
  ) {
    this.context = context;
    this.network = network;
    this.sessions = sessions;
    this.counts = counts;
    this.outstanding = outstanding;
    this.listenState = listenState;
    this.tree = tree;
    this.options = options;
    this.isWord = isWord;
    this.read = new ReadContext(tree, aclPolicy, guarded ? CHILDREN_MAX : Number.POSITIVE_INFINITY);
    this.read.identities = (): readonly Identity[] => this.current.identities;
    this.notifier = new WatchNotifier(aclPolicy, (cnxn, type, bytes, offset, length) =>
      this.notify(cnxn, type, bytes, offset, length),
    );
    this.toPrep = context.outbox('prep');
    this.results = context.inbox('final');
    this.stats = context.counters.registerBlock(COUNTERS);
    this.onResultHandler = (type, bytes, words, offset) => this.onResult(type, bytes, words, offset);
    this.inboxes = { final: this.onResultHandler };
    if (options.shard > 0) {
      this.inboxes['connections.0'] = (_type, _bytes, words, offset) =>
        this.listenLike(words[offset >> 2] as number, words[(offset >> 2) + 1] as number);
    }
  }

  /** A shard made anew finds a server that serves already; its first commit records tell it how far it is behind. */
  onStart(): void {
    this.counts.clearOwn();
    if (!this.listenState.isServing) return;
    this.zxidHi = this.tree.zxidHi();
    this.zxidLo = this.tree.zxidLo();
    if (this.options.shard === 0) this.startListening();
    else this.listenLike(this.listenState.fd, this.listenState.port);
  }

  onBatchEnd(): void {
    if (this.stalled.length > 0) this.resumeStalled();
    this.flushDirty();
    this.stats[OUTSTANDING] = this.outstanding.own;
    this.stats[WATCHES] = this.notifier.watches.count;
  }

  /**
   * Connections that never became sessions are dropped when idle (client-protocol 2.7), and so is who would keep a
   * connection half closed for ever by neither reading nor closing.
   */
  onTick(nowMs: number): void {
    for (const cnxn of this.sessionless) {
      if (nowMs - cnxn.acceptedMs >= this.options.sessionlessTimeoutMs) cnxn.socket.destroy();
    }
    for (const cnxn of this.closing) {
      if (nowMs - cnxn.closingMs >= CLOSING_MAX_MS) cnxn.socket.destroy();
    }
  }

  onStop(): void {
    this.stopped = true;
    this.listener?.close();
    for (const cnxn of this.byId.values()) cnxn.socket.destroy();
  }

  // ---- listening

  /**
   * Shard 0 opens the port first, alone, so that a port in use is found out. The others then listen on its descriptor, or,
   * where Node can do it, each shard gets a socket of its own on the same port: those outlive the death of a shard.
   */
  private startListening(): void {
    const { port: configuredPort, shard, shardCount } = this.options;
    if (configuredPort === null || shard > 0) return;
    const ownSockets = shardCount > 1 && this.network.canReusePort;
    this.listen(configuredPort, undefined, false, (fd, port) => {
      if (!ownSockets) {
        this.announceListening(fd, port);
        return;
      }
      this.listener?.close(() => this.listen(port, undefined, true, () => this.announceListening(-1, port)));
    });
  }

  private listen(
    port: number,
    fd: number | undefined,
    reusePort: boolean,
    onListening: (fd: number, port: number) => void,
  ): void {
    const { host, backlog, keepAlive } = this.options;
    this.listener = this.network.listen(
      { host, port, backlog, keepAlive, fd, reusePort },
      (socket) => this.accept(socket),
      onListening,
      (error) => this.announceFailure(error),
    );
  }

  private listenLike(fd: number, port: number): void {
    if (fd >= 0) this.listen(port, fd, false, () => {});
    else this.listen(port, undefined, true, () => {});
  }

  private announceListening(fd: number, port: number): void {
    const others = this.options.shardCount > 1 ? this.context.outboxes('connections') : [];
    for (const out of [...others, this.context.outbox('supervisor')]) {
      out.claim(ShardRecord.listening, 8);
      out.words[out.offset >> 2] = fd;
      out.words[(out.offset >> 2) + 1] = port;
      out.commit();
    }
    this.listenState.publish(port, fd);
    this.context.requestTurn();
  }

  private announceFailure(error: Error): void {
    const text = new ScratchBytes();
    text.writeUstring(error.message);
    text.writeUstring((error as Error & { code?: string }).code ?? '');
    const out = this.context.outbox('supervisor');
    out.claim(ShardRecord.failed, text.length);
    copyBytes(text.bytes, 0, out.bytes, out.offset, text.length);
    out.commit();
    this.context.requestTurn();
  }

  private accept(socket: ClientSocket): ClientSocketEvents | null {
    const { maxClientCnxns, maxCnxns } = this.options;
    const address = ipIdentityOf(socket.remoteAddress);
    if (!this.counts.tryAdd(address, maxClientCnxns, maxCnxns)) {
      this.add(REFUSED, 1);
      this.context.log.warn(`Too many connections from ${address} - max is ${maxClientCnxns}`);
      return null;
    }
    const nowMs = this.context.clock.monotonicMs();
    // The counter outlives the shard: answers to a predecessor's connections may still come, and must find nobody.
    this.add(ACCEPTED, 1);
    const cnxn = new ServerCnxn(this.stats[ACCEPTED] as number, socket, [{ scheme: 'ip', id: address }], nowMs);
    this.byId.set(cnxn.id, cnxn);
    this.sessionless.add(cnxn);
    this.stats[CONNECTIONS] = this.byId.size;
    return {
      onData: (bytes, length) => this.onData(cnxn, bytes, length),
      onEnd: () => this.onEnd(cnxn),
      onDrain: () => {
        if (cnxn.stalled) this.context.requestTurn();
      },
      onClose: () => {
        // By now a shard made anew may be counting, in the same places and from nothing.
        if (this.stopped) return;
        this.counts.remove(address);
        this.forget(cnxn);
      },
    };
  }

  /** Who has asked a four-letter word may close its half before it reads the answer; any other client is gone. */
  private onEnd(cnxn: ServerCnxn): void {
    if (cnxn.state !== CnxnState.answering) this.closeAfterFlush(cnxn);
  }

  private forget(cnxn: ServerCnxn): void {
    cnxn.state = CnxnState.closing;
    cnxn.input.clear();
    cnxn.out = null;
    this.byId.delete(cnxn.id);
    this.sessionless.delete(cnxn);
    this.closing.delete(cnxn);
    if (cnxn.slot >= 0 && this.bySlot.get(cnxn.slot) === cnxn) this.bySlot.delete(cnxn.slot);
    this.notifier.watches.removeWatcher(cnxn);
    this.outstanding.add(-cnxn.outstanding);
    cnxn.outstanding = 0;
    this.stats[CONNECTIONS] = this.byId.size;
    if (this.stalled.length > 0) this.context.requestTurn();
  }

  // ---- bytes from clients

  private onData(cnxn: ServerCnxn, bytes: Uint8Array, length: number): void {
    if (cnxn.state === CnxnState.closing || cnxn.state === CnxnState.answering) return;
    this.beginFrames(cnxn);
    const result = cnxn.input.push(bytes, length, this.options.frameBytesMax, this.onFrame);
    this.endFrames(cnxn, result);
  }

  private beginFrames(cnxn: ServerCnxn): void {
    this.current = cnxn;
    this.nowMs = this.context.clock.monotonicMs();
    this.touched = false;
    this.outstandingElsewhere = this.outstanding.ofOthers();
  }

  private endFrames(cnxn: ServerCnxn, result: FrameResult): void {
    if (this.touched && this.sessions.isOpen(cnxn.slot, cnxn.sessionHi, cnxn.sessionLo)) {
      this.sessions.touch(cnxn.slot, this.nowMs);
    }
    switch (result) {
      case FrameResult.later:
        if (!cnxn.stalled) {
          cnxn.stalled = true;
          this.stalled.push(cnxn);
          this.add(STALLS, 1);
          cnxn.socket.pause();
        }
        break;
      case FrameResult.badLength:
        this.onBadLength(cnxn);
        break;
      case FrameResult.drained:
        if (cnxn.stalled) {
          cnxn.stalled = false;
          cnxn.socket.resume();
        }
        break;
    }
    if (cnxn.out !== null) this.flush(cnxn);
    if (this.dirty.length > 0) this.context.requestTurn();
  }

  /** Before the handshake, four bytes that are no length may be a four-letter word (client-protocol 1.3). */
  private onBadLength(cnxn: ServerCnxn): void {
    if (cnxn.state === CnxnState.handshake && this.isWord(cnxn.input.peekInt())) {
      this.count(cnxn, 0);
      this.askForWord(cnxn);
      return;
    }
    const frameLength = cnxn.input.peekInt();
    this.context.log.warn(
      `Len error. A message from /${cnxn.socket.remoteAddress}:${cnxn.socket.remotePort} with advertised length of ${frameLength} ` +
        `is either a malformed message or too large to process (length is greater than jute.maxbuffer=${this.options.frameBytesMax})`,
    );
    this.closeAfterFlush(cnxn);
  }

  /** The answer is made where the whole server's status is, and comes back through `onControl`. */
  private askForWord(cnxn: ServerCnxn): void {
    const { input } = cnxn;
    const payload = input.takeRest();
    const out = this.context.outbox('supervisor');
    const client = new ScratchBytes(64);
    client.writeUstring(`/${cnxn.socket.remoteAddress}:${cnxn.socket.remotePort}`);
    out.claim(ShardRecord.word, 8 + payload.length + client.length);
    const at = out.offset >> 2;
    out.words[at] = cnxn.id;
    out.words[at + 1] = readInt32(payload, 0);
    out.words[at + 2] = payload.length - 4;
    copyBytes(payload, 4, out.bytes, out.offset + 12, payload.length - 4);
    copyBytes(client.bytes, 0, out.bytes, out.offset + 8 + payload.length, client.length);
    out.commit();
    this.sessionless.delete(cnxn);
    cnxn.state = CnxnState.answering;
    this.context.requestTurn();
  }

  onControl(request: unknown): unknown {
    const control = request as ShardControl;
    switch (control.kind) {
      case 'answer-word': {
        const cnxn = this.byId.get(control.connection);
        if (cnxn === undefined) return null;
        if (control.text !== null) {
          this.outOf(cnxn).writeText(control.text);
          cnxn.packetsSent++;
          this.add(SENT, 1);
        }
        this.closeAfterFlush(cnxn);
        return null;
      }
      case 'connections':
        return [...this.byId.values()].map((cnxn) => cnxn.report());
      case 'reset-statistics':
        for (const cnxn of this.byId.values()) cnxn.resetStatistics();
        if (control.ofServer) this.resetStatistics();
        return null;
    }
  }

  private resetStatistics(): void {
    for (const index of [RECEIVED, SENT, LATENCY_COUNT, LATENCY_TOTAL, LATENCY_MAX, LATENCY_MIN]) this.stats[index] = 0;
  }

  private resumeStalled(): void {
    const waiting = this.stalled;
    this.stalled = [];
    for (const cnxn of waiting) {
      if (cnxn.state === CnxnState.closing) continue;
      if (cnxn.state === CnxnState.opening || cnxn.socket.queuedBytes > QUEUED_BYTES_MAX) {
        this.stalled.push(cnxn);
        continue;
      }
      this.beginFrames(cnxn);
      const result = cnxn.input.resume(this.options.frameBytesMax, this.onFrame);
      if (result === FrameResult.later) this.stalled.push(cnxn);
      this.endFrames(cnxn, result);
    }
  }

  private readonly onFrame = (bytes: Uint8Array, offset: number, length: number): FrameVerdict => {
    const cnxn = this.current;
    switch (cnxn.state) {
      case CnxnState.open:
        return this.onRequest(cnxn, bytes, offset, length);
      case CnxnState.handshake:
        return this.onConnectRequest(cnxn, bytes, offset, length);
      case CnxnState.opening:
        return FrameVerdict.later;
      default:
        return FrameVerdict.closed;
    }
  };

  // ---- handshake

  private onConnectRequest(cnxn: ServerCnxn, bytes: Uint8Array, offset: number, length: number): FrameVerdict {
    const request = this.connectRequest;
    if (!request.read(bytes, offset, length)) return this.close(cnxn);
    if (compareSigned(request.lastZxidHi, request.lastZxidLo, this.zxidHi, this.zxidLo) > 0) {
      this.context.log.info(
        `Refusing session request for client /${cnxn.socket.remoteAddress}:${cnxn.socket.remotePort} as it has seen zxid ` +
          `0x${hex64(request.lastZxidHi, request.lastZxidLo)} our last zxid is 0x${hex64(this.zxidHi, this.zxidLo)} client must try another server`,
      );
      return this.close(cnxn);
    }
    if (!this.toPrep.hasRoom(PIPELINE_HEADER_BYTES + 4)) return FrameVerdict.later;
    const { minSessionTimeoutMs, maxSessionTimeoutMs } = this.options;
    cnxn.timeoutMs = Math.min(Math.max(request.timeoutMs, minSessionTimeoutMs), maxSessionTimeoutMs);
    cnxn.knowsReadOnly = request.hasReadOnly;
    this.add(RECEIVED, 1);
    cnxn.packetsReceived++;
    const { sessionHi, sessionLo } = request;
    cnxn.sessionHi = sessionHi;
    cnxn.sessionLo = sessionLo;
    let op: number = OpCode.createSession;
    if (sessionHi !== 0 || sessionLo !== 0) {
      const { passwordOffset, passwordLength } = request;
      if (!passwordMatches(sessionHi, sessionLo, bytes, passwordOffset, passwordLength)) {
        this.refuseSession(cnxn);
        return FrameVerdict.taken;
      }
      op = InternalOp.reopenSession;
    }
    cnxn.state = CnxnState.opening;
    this.sessionless.delete(cnxn);
    const timeout = new Uint8Array(4);
    writeInt32(timeout, 0, cnxn.timeoutMs);
    this.send(cnxn, RecordType.request, op, 0, timeout, 0, 4, ErrorCode.Ok, 0);
    return FrameVerdict.taken;
  }

  private openSession(cnxn: ServerCnxn, slot: number, sessionHi: number, sessionLo: number): void {
    const other = this.bySlot.get(slot);
    if (other !== undefined && other !== cnxn) this.closeAfterFlush(other);
    cnxn.slot = slot;
    cnxn.sessionHi = sessionHi;
    cnxn.sessionLo = sessionLo;
    cnxn.state = CnxnState.open;
    this.bySlot.set(slot, cnxn);
    writeConnectResponse(this.outOf(cnxn), cnxn.timeoutMs, sessionHi, sessionLo, cnxn.knowsReadOnly);
    this.add(SENT, 1);
    cnxn.packetsSent++;
  }

  private refuseSession(cnxn: ServerCnxn): void {
    const id = hex64(cnxn.sessionHi, cnxn.sessionLo);
    this.context.log.info(
      `Invalid session 0x${id} for client /${cnxn.socket.remoteAddress}:${cnxn.socket.remotePort}, probably expired`,
    );
    writeConnectResponse(this.outOf(cnxn), 0, 0, 0, cnxn.knowsReadOnly);
    this.closeAfterFlush(cnxn);
  }

  // ---- requests

  private onRequest(cnxn: ServerCnxn, bytes: Uint8Array, offset: number, length: number): FrameVerdict {
    if (length < 8) return this.close(cnxn);
    if (cnxn.out !== null && cnxn.out.length > OUT_BYTES_SOFT) this.flush(cnxn);
    if (cnxn.socket.queuedBytes > QUEUED_BYTES_MAX) return FrameVerdict.later;
    const xid = readInt32(bytes, offset);
    const op = readInt32(bytes, offset + 4);
    const body = offset + 8;
    const bodyLength = length - 8;
    if (!this.hasRoomFor(cnxn, bodyLength)) return FrameVerdict.later;
    if (op === OpCode.auth) {
      this.count(cnxn, op);
      this.authenticate(cnxn, xid, bytes, body, bodyLength);
      return FrameVerdict.taken;
    }
    if (!this.sessions.isOpen(cnxn.slot, cnxn.sessionHi, cnxn.sessionLo)) {
      this.count(cnxn, op);
      return FrameVerdict.taken;
    }
    switch (op) {
      case OpCode.getData:
      case OpCode.exists:
      case OpCode.getChildren:
      case OpCode.getChildren2:
      case OpCode.getACL:
        if (cnxn.outstanding >= READS_BEHIND_WRITES_MAX) return FrameVerdict.later;
        this.count(cnxn, op);
        this.touched = true;
        if (cnxn.outstanding > 0 || !this.answerRead(cnxn, op, xid, bytes, body, bodyLength)) {
          this.add(READS_FORWARDED, 1);
          this.send(cnxn, RecordType.request, op, xid, bytes, body, bodyLength, ErrorCode.Ok, 0);
        }
        return FrameVerdict.taken;
      case OpCode.ping:
        this.count(cnxn, op);
        this.touched = true;
        if (cnxn.outstanding > 0) this.send(cnxn, RecordType.request, op, Xid.ping, bytes, body, 0, ErrorCode.Ok, 0);
        else this.replyNow(cnxn, Xid.ping, this.zxidHi, this.zxidLo, ErrorCode.Ok);
        return FrameVerdict.taken;
      case OpCode.create:
      case OpCode.create2:
      case OpCode.delete:
      case OpCode.setData:
      case OpCode.setACL:
      case OpCode.multi:
      case OpCode.sync:
      case OpCode.setWatches:
      case OpCode.closeSession:
        this.count(cnxn, op);
        this.touched = true;
        this.send(cnxn, RecordType.request, op, xid, bytes, body, bodyLength, ErrorCode.Ok, 0);
        return FrameVerdict.taken;
      default:
        this.count(cnxn, op);
        this.touched = true;
        this.refuseOperation(cnxn, op, xid);
        return FrameVerdict.taken;
    }
  }

  /** Room in the pipeline, and the reference's back-pressure: above the limit, one request per connection (9.1). */
  private hasRoomFor(cnxn: ServerCnxn, bodyLength: number): boolean {
    if (cnxn.outstanding > 0) {
      if (this.outstanding.own + this.outstandingElsewhere >= this.options.globalOutstandingLimit) return false;
    }
    return this.toPrep.hasRoom(PIPELINE_HEADER_BYTES + cnxn.identityBytes.length + bodyLength);
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
    const read = this.read;
    for (let tries = 0; tries < CATCH_UP_TRIES; tries++) {
      const out = this.outOf(cnxn);
      cnxn.beginReply(out);
      read.out = out;
      read.body.begin(bytes, body, bodyLength);
      const error = finishRead(read, op);
      if (error === NOT_HERE) {
        cnxn.dropReply(out);
        return false;
      }
      if (read.zxidHi === this.zxidHi && read.zxidLo === this.zxidLo) {
        cnxn.endReply(out, xid, read.zxidHi, read.zxidLo, error);
        this.add(SENT, 1);
        this.add(READS_LOCAL, 1);
        // Answered within the millisecond in which it came.
        this.add(LATENCY_COUNT, 1);
        this.stats[LATENCY_MIN] = 0;
        if (read.watch !== Watch.none) {
          const table = read.watch === Watch.child ? WatchTable.child : WatchTable.data;
          this.notifier.watches.add(table, latin1(bytes, read.pathOffset, read.pathLength), cnxn);
        }
        return true;
      }
      // The tree is ahead of what this shard has told its clients: first the records up to there, then the answer.
      cnxn.dropReply(out);
      if (this.results.drain(this.onResultHandler, Number.MAX_SAFE_INTEGER) === 0) return false;
      if (cnxn.state !== CnxnState.open) return true;
    }
    return false;
  }

  private authenticate(cnxn: ServerCnxn, xid: number, bytes: Uint8Array, body: number, length: number): void {
    const request = this.read.body;
    request.begin(bytes, body, length);
    request.readInt();
    const schemeLength = request.readSlice();
    const schemeOffset = request.sliceOffset;
    const authLength = request.readSlice();
    const authOffset = request.sliceOffset;
    if (request.failed) {
      this.inOrder(cnxn, xid, 0, 0, ErrorCode.MarshallingError, 0);
      return;
    }
    const scheme = schemeLength < 0 ? '' : decodeUtf8(bytes, schemeOffset, schemeLength);
    let ok = false;
    if (authLength < 0) {
      // Null data satisfies no scheme (client-protocol 5.6).
    } else if (scheme === 'ip') {
      ok = true;
    } else if (scheme === 'digest' && this.options.digestEnabled) {
      cnxn.addIdentities(digestLogin(bytes.subarray(authOffset, authOffset + authLength), this.options.superDigest));
      ok = true;
    }
    if (ok) {
      this.inOrder(cnxn, xid, 0, 0, ErrorCode.Ok, 0);
      return;
    }
    this.context.log.warn(`Authentication failed for scheme: ${JSON.stringify(scheme)}`);
    this.inOrder(cnxn, xid, 0, 0, ErrorCode.AuthFailed, FLAG_CLOSE);
  }

  /** Unknown codes end the connection (client-protocol 3.5); known ones that this server does not serve yet do not. */
  private refuseOperation(cnxn: ServerCnxn, op: number, xid: number): void {
    const flags = isServedLater(op) ? 0 : FLAG_CLOSE;
    this.inOrder(cnxn, xid, -1, -1, ErrorCode.Unimplemented, flags);
  }

  /** A reply that needs no stage: now if nothing is outstanding, otherwise in its place through the pipeline. */
  private inOrder(cnxn: ServerCnxn, xid: number, zxidHi: number, zxidLo: number, error: number, flags: number): void {
    if (cnxn.outstanding > 0) {
      const ownFlags = flags | FLAG_OWN_ZXID;
      this.send(cnxn, RecordType.echo, NO_OPERATION, xid, NO_BYTES, 0, 0, error, ownFlags, zxidHi, zxidLo);
      return;
    }
    this.replyNow(cnxn, xid, zxidHi, zxidLo, error);
    if ((flags & FLAG_CLOSE) !== 0) this.closeAfterFlush(cnxn);
  }

  private replyNow(cnxn: ServerCnxn, xid: number, zxidHi: number, zxidLo: number, error: number): void {
    const out = this.outOf(cnxn);
    cnxn.beginReply(out);
    cnxn.endReply(out, xid, zxidHi, zxidLo, error);
    this.add(SENT, 1);
  }

  private send(
    cnxn: ServerCnxn,
    type: number,
    op: number,
    xid: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    error: number,
    flags: number,
    zxidHi = 0,
    zxidLo = 0,
  ): void {
    const out = this.toPrep;
    const identityBytes = cnxn.identityBytes;
    out.claim(type, PIPELINE_HEADER_BYTES + identityBytes.length + length);
    const words = out.words;
    const at = out.offset >> 2;
    words[at + WORD_SHARD] = this.options.shard;
    words[at + WORD_CONNECTION] = cnxn.id;
    words[at + WORD_XID] = xid;
    words[at + WORD_OP] = op;
    words[at + WORD_SLOT] = cnxn.slot;
    words[at + WORD_SESSION_HI] = cnxn.sessionHi;
    words[at + WORD_SESSION_LO] = cnxn.sessionLo;
    words[at + WORD_ZXID_HI] = zxidHi;
    words[at + WORD_ZXID_LO] = zxidLo;
    words[at + WORD_ERROR] = error;
    words[at + WORD_FLAGS] = flags;
    words[at + WORD_ARRIVED_MS] = this.nowMs | 0;
    words[at + WORD_LENGTH_A] = identityBytes.length;
    words[at + WORD_LENGTH_B] = length;
    const body = out.offset + PIPELINE_HEADER_BYTES;
    copyBytes(identityBytes, 0, out.bytes, body, identityBytes.length);
    copyBytes(bytes, offset, out.bytes, body + identityBytes.length, length);
    out.commit();
    cnxn.outstanding++;
    this.outstanding.add(1);
    this.context.requestTurn();
  }

  // ---- results from the final stage

  private onResult(type: number, bytes: Uint8Array, words: Int32Array, offset: number): void {
    const header = offset >> 2;
    const zxidHi = words[header + WORD_ZXID_HI] as number;
    const zxidLo = words[header + WORD_ZXID_LO] as number;
    const slot = words[header + WORD_SLOT] as number;
    if (type === RecordType.serving) {
      this.zxidHi = zxidHi;
      this.zxidLo = zxidLo;
      this.startListening();
      return;
    }
    if (type === RecordType.moved) {
      const old = this.bySlot.get(slot);
      if (old !== undefined) this.closeAfterFlush(old);
      return;
    }
    const mine = words[header + WORD_SHARD] === this.options.shard;
    const cnxn = mine ? this.byId.get(words[header + WORD_CONNECTION] as number) : undefined;
    const replyLength = words[header + WORD_LENGTH_A] as number;
    const changesLength = words[header + WORD_LENGTH_B] as number;
    const body = offset + PIPELINE_HEADER_BYTES;
    if (type === RecordType.commit) {
      this.zxidHi = zxidHi;
      this.zxidLo = zxidLo;
      this.eventZxidHi = zxidHi;
      this.eventZxidLo = zxidLo;
    } else {
      // Events that setWatches makes up for carry no transaction's zxid (client-protocol 3.3).
      this.eventZxidHi = -1;
      this.eventZxidLo = -1;
    }
    if (changesLength > 0) this.notifier.process(bytes, body + replyLength, changesLength, cnxn);
    if (cnxn !== undefined) this.onReply(cnxn, bytes, words, header, body, replyLength);
    if (type === RecordType.commit && words[header + WORD_OP] !== OpCode.createSession) this.afterCommit(words, header);
  }

  private onReply(
    cnxn: ServerCnxn,
    bytes: Uint8Array,
    words: Int32Array,
    header: number,
    body: number,
    length: number,
  ): void {
    cnxn.outstanding--;
    this.outstanding.add(-1);
    // Nothing follows the frame that ended the connection, and a session that opens now has lost its connection already.
    if (cnxn.state === CnxnState.closing) return;
    const op = words[header + WORD_OP] as number;
    const error = words[header + WORD_ERROR] as number;
    this.measure(cnxn, words[header + WORD_ARRIVED_MS] as number);
    if (op === OpCode.createSession || op === InternalOp.reopenSession) {
      const sessionHi = words[header + WORD_SESSION_HI] as number;
      const sessionLo = words[header + WORD_SESSION_LO] as number;
      if (error === ErrorCode.Ok) this.openSession(cnxn, words[header + WORD_SLOT] as number, sessionHi, sessionLo);
      else this.refuseSession(cnxn);
      return;
    }
    const out = this.outOf(cnxn);
    cnxn.beginReply(out);
    if (error === ErrorCode.Ok && length > 0) out.writeBytes(bytes, body, length);
    const xid = words[header + WORD_XID] as number;
    cnxn.endReply(out, xid, words[header + WORD_ZXID_HI] as number, words[header + WORD_ZXID_LO] as number, error);
    this.add(SENT, 1);
    if (((words[header + WORD_FLAGS] as number) & FLAG_CLOSE) !== 0) this.closeAfterFlush(cnxn);
  }

  /** A closed session takes its connection along, behind the reply if there is one. */
  private afterCommit(words: Int32Array, header: number): void {
    const op = words[header + WORD_OP] as number;
    if (op !== OpCode.closeSession && op !== InternalOp.expireSession) return;
    if (words[header + WORD_ERROR] !== ErrorCode.Ok) return;
    const cnxn = this.bySlot.get(words[header + WORD_SLOT] as number);
    if (cnxn !== undefined) this.closeAfterFlush(cnxn);
  }

  private notify(cnxn: ServerCnxn, eventType: number, bytes: Uint8Array, pathOffset: number, pathLength: number): void {
    if (cnxn.state === CnxnState.closing) return;
    if (cnxn.socket.queuedBytes > QUEUED_BYTES_FATAL) {
      cnxn.socket.destroy();
      return;
    }
    const out = this.outOf(cnxn);
    cnxn.beginReply(out);
    out.writeInt(eventType);
    out.writeInt(KeeperState.SyncConnected);
    out.writeInt(pathLength);
    out.writeBytes(bytes, pathOffset, pathLength);
    cnxn.endReply(out, Xid.notification, this.eventZxidHi, this.eventZxidLo, ErrorCode.Ok);
    this.add(SENT, 1);
  }

  // ---- bytes to clients

  private outOf(cnxn: ServerCnxn): ScratchBytes {
    let out = cnxn.out;
    if (out === null) {
      out = this.pool.pop() ?? new ScratchBytes(16384);
      cnxn.out = out;
      this.dirty.push(cnxn);
    }
    return out;
  }

  private flushDirty(): void {
    const dirty = this.dirty;
    if (dirty.length === 0) return;
    this.dirty = [];
    for (const cnxn of dirty) this.flush(cnxn);
  }

  private flush(cnxn: ServerCnxn): void {
    const out = cnxn.out;
    if (out !== null) {
      cnxn.out = null;
      // When the system did not take all of it at once the memory is the socket's.
      const reusable = out.length === 0 || cnxn.socket.write(out.bytes, out.length);
      if (reusable && out.bytes.length <= POOLED_BYTES_MAX && this.pool.length < POOLED_MAX) {
        out.reset();
        this.pool.push(out);
      }
    }
    if (cnxn.closeAfterFlush) {
      cnxn.closeAfterFlush = false;
      cnxn.socket.end();
    }
  }

  private close(cnxn: ServerCnxn): FrameVerdict {
    this.closeAfterFlush(cnxn);
    return FrameVerdict.closed;
  }

  /** Orderly end behind everything that was queued; nothing more is read. */
  private closeAfterFlush(cnxn: ServerCnxn): void {
    if (cnxn.state === CnxnState.closing) return;
    cnxn.state = CnxnState.closing;
    cnxn.closeAfterFlush = true;
    cnxn.closingMs = this.context.clock.monotonicMs();
    this.closing.add(cnxn);
    cnxn.input.clear();
    // Or the client's own end behind what waited here would never be seen.
    if (cnxn.stalled) cnxn.socket.resume();
    this.notifier.watches.removeWatcher(cnxn);
    this.outOf(cnxn);
    this.context.requestTurn();
  }

  private count(cnxn: ServerCnxn, op: number): void {
    cnxn.packetsReceived++;
    cnxn.lastOp = op;
    this.add(RECEIVED, 1);
  }

  private measure(cnxn: ServerCnxn, arrivedMs: number): void {
    const nowMs = this.context.clock.monotonicMs();
    const latencyMs = Math.max(((nowMs | 0) - arrivedMs) | 0, 0);
    cnxn.measure(latencyMs, nowMs);
    const stats = this.stats;
    this.add(LATENCY_COUNT, 1);
    this.add(LATENCY_TOTAL, latencyMs);
    if (latencyMs > (stats[LATENCY_MAX] as number)) stats[LATENCY_MAX] = latencyMs;
    if (latencyMs < (stats[LATENCY_MIN] as number) || stats[LATENCY_COUNT] === 1) stats[LATENCY_MIN] = latencyMs;
  }

  private add(index: number, amount: number): void {
    this.stats[index] = (this.stats[index] as number) + amount;
  }
}

/** Operations of the specification that come with a later version of this server. */
function isServedLater(op: number): boolean {
  switch (op) {
    case OpCode.reconfig:
    case OpCode.checkWatches:
    case OpCode.removeWatches:
    case OpCode.createContainer:
    case OpCode.createTTL:
    case OpCode.multiRead:
    case OpCode.sasl:
    case OpCode.getEphemerals:
    case OpCode.getAllChildrenNumber:
    case OpCode.setWatches2:
    case OpCode.addWatch:
    case OpCode.whoAmI:
      return true;
    default:
      return false;
  }
}
