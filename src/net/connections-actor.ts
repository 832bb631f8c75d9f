/**
 * ServerCnxnFactory: the shell of one connection shard. Accepts clients and cuts their bytes into frames; its parts do the
 * rest, in the order in which a request meets them:
 *
 *   socket -> [frame-buffer] -> [session-opener | request-router] -> [request-sender] -> prep ...
 *   socket <- [reply-writer] <- [result-router] <- ... final
 *
 * Owns the sockets and the watches of its connections; lives on one event-loop thread. It never waits, never writes the
 * tree, and takes a request only when the pipeline has room for it: until then the client's socket is paused.
 */
import type { Actor, ActorContext } from '../actor/actor.js';
import type { RecordHandler } from '../actor/mailbox/mailbox.js';
import { copyBytes, readInt32 } from '../base/bytes.js';
import { hex64 } from '../base/int64.js';
import type { AclPolicy } from '../processor/acl.js';
import { ipIdentityOf } from '../processor/ip-address.js';
import {
  PIPELINE_HEADER_BYTES,
  PIPELINE_HEADER_WORDS,
  RecordType,
  WORD_CONNECTION,
  WORD_SHARD,
} from '../processor/pipeline-records.js';
import { ScratchBytes } from '../processor/scratch-bytes.js';
import type { SessionTable } from '../session/session-table.js';
import type { TreeReader } from '../store/tree-reader.js';
import { AuditTrail } from './audit-trail.js';
import type { Authenticator } from './auth/authenticator.js';
import { AuthRequests } from './auth-requests.js';
import { type ClientNetwork, type ClientSocket, type ClientSocketEvents, PortKind } from './client-socket.js';
import { type ConnectionCounts, REFUSED, REFUSED_IN_ALL } from './connection-counts.js';
import type { ConnectionThrottle } from './connection-throttle.js';
import { FrameResult, FrameVerdict } from './frame-buffer.js';
import type { ListenState } from './listen-state.js';
import type { OutstandingCounts } from './outstanding-counts.js';
import { ReplyWriter } from './reply-writer.js';
import { QUEUED_BYTES_MAX, RequestRouter } from './request-router.js';
import { RequestSender, type RequestSenderOptions } from './request-sender.js';
import { RequestThrottler, type RequestThrottlerOptions } from './request-throttler.js';
import { ResultRouter } from './result-router.js';
import { CnxnState, ServerCnxn } from './server-cnxn.js';
import { SessionOpener, type SessionOpenerOptions } from './session-opener.js';
import { ShardConnections } from './shard-connections.js';
import { GONE, type ShardControl, ShardRecord, type ShardSettings } from './shard-control.js';
import { ShardCounter, ShardCounters } from './shard-counters.js';
import { ShardDrain } from './shard-drain.js';
import { ShardListener, type ShardListenerOptions } from './shard-listener.js';
import { ShardListing } from './shard-listing.js';
import { ShardMeasures } from './shard-measures.js';
import { ShardPosition } from './shard-position.js';
import { ShardRole } from './shard-role.js';
import { SlowRequestReporter } from './slow-request-reporter.js';
import { WatchNotifier } from './watch-notifier.js';

/** What operators have changed since the start. A shard's context outlives it: the one made anew in its place goes on with these. */
const CHANGED_SETTINGS = new WeakMap<ActorContext, ShardSettings>();

export interface ConnectionsOptions extends ShardListenerOptions, RequestSenderOptions, SessionOpenerOptions {
  readonly frameBytesMax: number;
  readonly maxClientCnxns: number;
  readonly maxCnxns: number;
  readonly sessionlessTimeoutMs: number;
  readonly requestThrottler: RequestThrottlerOptions;
  /** False: while the server leads, its clients are turned away. */
  readonly leaderServes?: boolean;
  /** Of one connection, in a row; null, or left out: as many as have come. */
  readonly readBatchMax?: number | null;
  /** What the ACL forbids is refused here already, before the leader is asked. */
  readonly checksAclEagerly?: boolean;
  /** TLS connections are refused before their handshake while nobody is served. */
  readonly dropsEarlyHandshakes?: boolean;
  /** How many roles of this server have ended, as the quorum peer knows it. A standalone server's never does. */
  readonly endedRoleCount?: () => number;
  /** The server's user, as the audit log calls it; nothing is audited without. */
  readonly auditUser?: string | null;
}

/** Whether these four bytes, as a big-endian int, are a four-letter word. */
export type IsFourLetterWord = (word: number) => boolean;

/** Watches of dead connections that are taken away in one turn: about a millisecond, then the sockets have their way. */
const WATCHES_PURGED_MAX = 2048;
/** A closing connection that does not take its last bytes and close its own half is cut off after this. */
const CLOSING_MAX_MS = 15_000;
const TICK_MS = 1000;

export class ConnectionsActor implements Actor {
  readonly inboxes: Record<string, RecordHandler>;
  readonly alwaysDrains = true;
  readonly tickMs: number;

  private readonly context: ActorContext;
  private readonly authenticator: Authenticator;
  private readonly counts: ConnectionCounts;
  private readonly outstanding: OutstandingCounts;
  private readonly role: ShardRole;
  /** Its parts look at it each time: what may change at run time changes here. */
  private readonly options: ConnectionsOptions;
  private readonly isWord: IsFourLetterWord;
  private readonly tree: TreeReader;
  private readonly sessions: SessionTable;
  private readonly counters: ShardCounters;
  private readonly measures: ShardMeasures;
  private readonly slow: SlowRequestReporter;
  private readonly connections = new ShardConnections();
  private readonly position = new ShardPosition();
  private readonly listener: ShardListener;
  private readonly notifier: WatchNotifier<ServerCnxn>;
  private readonly replies: ReplyWriter;
  private readonly sender: RequestSender;
  private readonly opener: SessionOpener;
  private readonly router: RequestRouter;
  private readonly throttler: RequestThrottler;
  private readonly throttle: ConnectionThrottle;
  private readonly audit: AuditTrail | null;
  private readonly drain: ShardDrain;
  private readonly listing: ShardListing;
  private stalled: ServerCnxn[] = [];
  /** The connection whose frames are being handed out. */
  private current!: ServerCnxn;
  private nowMs = 0;
  private listens = false;
  private stopped = false;

  constructor(
    context: ActorContext,
    network: ClientNetwork,
    tree: TreeReader,
    sessions: SessionTable,
    aclPolicy: AclPolicy,
    authenticator: Authenticator,
    counts: ConnectionCounts,
    outstanding: OutstandingCounts,
    throttle: ConnectionThrottle,
    listenState: ListenState,
    isWord: IsFourLetterWord,
    given: ConnectionsOptions,
    guarded: boolean,
  ) {
    const options = { ...given };
    this.throttle = throttle;
    this.context = context;
    this.authenticator = authenticator;
    this.counts = counts;
    this.outstanding = outstanding;
    this.role = new ShardRole(
      listenState,
      options.shard,
      options.leaderServes ?? true,
      options.endedRoleCount ?? (() => 0),
    );
    this.tree = tree;
    this.sessions = sessions;
    this.options = options;
    this.isWord = isWord;
    const throttler = new RequestThrottler(options.requestThrottler);
    this.throttler = throttler;
    this.tickMs = throttler.isOn ? Math.min(TICK_MS, options.requestThrottler.stallMs) : TICK_MS;
    const { connections, position, role } = this;
    const { clock, log } = context;
    const requestTurn = (): void => context.requestTurn();
    const counters = new ShardCounters(context.counters);
    const measures = new ShardMeasures(context.metrics, context.clock);
    const slow = new SlowRequestReporter(context, requestTurn);
    const notifier = new WatchNotifier<ServerCnxn>(
      aclPolicy,
      tree.newPathHash(),
      (cnxn, type, bytes, offset, length) =>
        replies.event(cnxn, type, results.eventZxidHi, results.eventZxidLo, bytes, offset, length),
      (eventType, watchers) => measures.onTriggered(eventType, watchers),
    );
    const replies = new ReplyWriter(connections, counters, {
      nowMs: () => clock.monotonicMs(),
      requestTurn,
      onResponse: (byteCount) => measures.onResponse(byteCount),
      onClosing: (cnxn) => {
        notifier.watches.removeWatcher(cnxn);
        throttler.forget(cnxn);
      },
    });
    const auditUser = options.auditUser ?? null;
    const audit = auditUser === null ? null : new AuditTrail(context.outbox('supervisor'), auditUser, options.shard);
    const sender = new RequestSender(context.outbox('prep'), outstanding, replies, options, requestTurn, audit);
    const opener = new SessionOpener(
      connections,
      sender,
      replies,
      position,
      role,
      counters,
      measures,
      throttle,
      clock,
      log,
      options,
    );
    const listener = new ShardListener(context, network, listenState, options, (socket, kind) =>
      this.accept(socket, kind),
    );
    const results = new ResultRouter(
      options.shard,
      connections,
      sender,
      replies,
      opener,
      notifier,
      position,
      counters,
      measures,
      slow,
      clock,
      audit,
      (serverRole, endedBefore, replaced) =>
        replaced ? this.onDatabaseReplaced() : this.onServing(serverRole, endedBefore),
      () => this.onHalt(),
    );
    const fromFinal = context.inbox('final');
    const onResult: RecordHandler = (type, bytes, words, offset) => results.onResult(type, bytes, words, offset);
    this.router = new RequestRouter(
      tree,
      guarded,
      aclPolicy,
      sessions,
      sender,
      replies,
      notifier,
      position,
      counters,
      measures,
      throttler,
      log,
      new AuthRequests(authenticator, sender, replies),
      () => fromFinal.drain(onResult, Number.MAX_SAFE_INTEGER),
      options.readBatchMax ?? null,
      options.checksAclEagerly ?? false,
    );
    this.audit = audit;
    this.drain = new ShardDrain(connections, replies);
    this.counters = counters;
    this.measures = measures;
    this.slow = slow;
    this.notifier = notifier;
    this.listing = new ShardListing(connections, notifier.watches, sessions, options.sessionlessTimeoutMs);
    this.replies = replies;
    this.sender = sender;
    this.opener = opener;
    this.listener = listener;
    const changed = CHANGED_SETTINGS.get(context);
    if (changed !== undefined) this.apply(changed);
    this.inboxes = { final: onResult };
    if (options.shard > 0) {
      this.inboxes['connections.0'] = (_type, _bytes, words, offset) =>
        listener.listenLike(
          words[offset >> 2] as number,
          words[(offset >> 2) + 1] as number,
          words[(offset >> 2) + 2] as number,
        );
    }
  }

  /**
   * A shard made anew finds a server that serves already; its first commit records tell it how far it is behind. Or one that is
   * between two roles, and waits for this shard's fence.
   */
  onStart(): void {
    this.counts.clearOwn();
    if (!this.role.isKnown) return;
    this.position.zxidHi = this.tree.zxidHi();
    this.position.zxidLo = this.tree.zxidLo();
    this.listens = true;
    this.listener.resume();
    if (this.role.isHalted) this.sendFence();
  }

  onBatchEnd(): void {
    if (this.drain.hasBegun) this.drain.step();
    if (this.stalled.length > 0) this.resumeStalled();
    if (this.audit !== null) this.audit.flush();
    this.replies.flushAll();
    this.measures.flush();
    this.slow.refresh();
    this.purgeWatches();
    this.counters.set(ShardCounter.outstandingRequests, this.outstanding.own);
    this.counters.set(ShardCounter.watchCount, this.notifier.watches.count);
  }

  /**
   * Connections that never became sessions are dropped when idle (client-protocol 2.7), and so is who would keep a
   * connection half closed for ever by neither reading nor closing.
   */
  onTick(nowMs: number): void {
    if (this.role.isOver) this.closeClients();
    for (const cnxn of this.connections.sessionless) {
      if (nowMs < idleUntilMs(cnxn.activeMs, this.options.sessionlessTimeoutMs)) continue;
      this.counters.add(ShardCounter.sessionlessExpired, 1);
      cnxn.socket.destroy();
    }
    for (const cnxn of this.connections.closing) {
      if (nowMs - cnxn.closingMs >= CLOSING_MAX_MS) cnxn.socket.destroy();
    }
    // Room that other shards have made is not told to anybody.
    if (this.throttler.hasWaiting) this.context.requestTurn();
  }

  onStop(): void {
    this.stopped = true;
    this.listener.close();
    for (const cnxn of this.connections.byId.values()) cnxn.socket.destroy();
  }

  onControl(request: unknown): unknown {
    const control = request as ShardControl;
    switch (control.kind) {
      case 'answer-word':
        return this.answerWord(control.connection, control.text, control.isLast);
      case 'drop-word':
        this.connections.byId.get(control.connection)?.socket.destroy();
        return null;
      case 'connections':
        return this.listing.connectionPiece(control.isFirst);
      case 'watches':
        return this.listing.watchPiece(control.from);
      case 'change-settings':
        return this.change(control.settings);
      case 'move-port':
        this.listener.move(control.index, control.host, control.port);
        return null;
      case 'terminate':
        return this.terminate(control.what, control.sessionHi, control.sessionLo);
      case 'reset-latency':
        this.counters.resetLatency(control.maxOnly);
        return null;
      case 'drain':
        this.drain.begin();
        this.context.requestTurn();
        return this.drain.report();
      case 'reset-statistics':
        for (const cnxn of this.connections.byId.values()) cnxn.resetStatistics();
        if (control.ofServer) this.counters.reset();
        return null;
    }
  }

  private change(settings: ShardSettings): null {
    CHANGED_SETTINGS.set(this.context, settings);
    this.apply(settings);
    this.context.requestTurn();
    return null;
  }

  private apply(settings: ShardSettings): void {
    Object.assign(this.options, settings);
    this.throttler.configure(settings.requestThrottler);
    this.throttle.configure(settings.connectionThrottle);
    this.slow.changeThreshold(settings.slowRequestThresholdMs);
  }

  private terminate(what: 'session' | 'connection', sessionHi: number, sessionLo: number): boolean {
    for (const cnxn of this.connections.bySlot.values()) {
      if (cnxn.sessionHi !== sessionHi || cnxn.sessionLo !== sessionLo || cnxn.state === CnxnState.closing) continue;
      if (what === 'session') this.sender.closeSession(cnxn, this.context.clock.monotonicMs());
      else this.replies.closeAfterFlush(cnxn);
      return true;
    }
    return false;
  }

  /**
   * A restore: watches are gone, as in Apache's server. Sessions that the database does not know lose their connections, and
   * their clients learn of it when they come back; the others go on as if nothing had happened.
   */
  private onDatabaseReplaced(): void {
    for (const cnxn of this.connections.byId.values()) {
      this.notifier.watches.removeWatcher(cnxn);
      if (cnxn.state === CnxnState.open && !this.sessions.isOpen(cnxn.slot, cnxn.sessionHi, cnxn.sessionLo)) {
        this.replies.closeAfterFlush(cnxn);
      }
    }
    this.context.requestTurn();
  }

  // ---- roles

  private onServing(role: number, endedBefore: number): void {
    this.role.serve(role, endedBefore);
    this.listen();
  }

  /**
   * Nobody is served until the next role (ensemble-protocol 1.3): clients lose their connections, and keep their sessions. Who has
   * not asked for a session yet may still be about to ask a four-letter word.
   */
  private onHalt(): void {
    this.closeClients();
    this.sendFence();
    this.listen();
  }

  private closeClients(): void {
    this.role.halt();
    for (const cnxn of this.connections.byId.values()) {
      if (cnxn.state !== CnxnState.handshake && cnxn.state !== CnxnState.answering) this.replies.closeAfterFlush(cnxn);
    }
  }

  /** Behind the last request of the old role. */
  private sendFence(): void {
    const out = this.context.outbox('prep');
    out.claim(RecordType.fence, PIPELINE_HEADER_BYTES);
    const at = out.offset >> 2;
    out.words.fill(0, at, at + PIPELINE_HEADER_WORDS);
    out.words[at + WORD_SHARD] = this.options.shard;
    out.words[at + WORD_CONNECTION] = -1;
    out.commit();
    this.context.requestTurn();
  }

  private listen(): void {
    if (this.listens) return;
    this.listens = true;
    this.listener.start();
  }

  private purgeWatches(): void {
    const { watches } = this.notifier;
    if (!watches.isLeaving) return;
    watches.purge(WATCHES_PURGED_MAX);
    if (watches.isLeaving) this.context.requestTurn();
  }

  // ---- connections come and go

  private accept(socket: ClientSocket, kind: PortKind): ClientSocketEvents | null {
    const { maxClientCnxns, maxCnxns } = this.options;
    if (this.drain.hasBegun) return null;
    if (kind === PortKind.tls && this.options.dropsEarlyHandshakes === true && !this.role.servesClients) {
      this.counters.add(ShardCounter.closedUnserved, 1);
      return null;
    }
    const address = ipIdentityOf(socket.remoteAddress);
    const countedOn = this.counts.tryAdd(address, maxClientCnxns, maxCnxns);
    if (countedOn === REFUSED || countedOn === REFUSED_IN_ALL) {
      this.counters.add(ShardCounter.connectionsRefused, 1);
      this.counters.add(ShardCounter.connectionsRejected, 1);
      const isOfAll = countedOn === REFUSED_IN_ALL;
      this.context.log.warn(
        isOfAll
          ? `Too many connections max allowed is ${maxCnxns}`
          : `Too many connections from ${address} - max is ${maxClientCnxns}`,
      );
      return null;
    }
    const nowMs = this.context.clock.monotonicMs();
    // The counter outlives the shard: answers to a predecessor's connections may still come, and must find nobody.
    this.counters.add(ShardCounter.connectionsAccepted, 1);
    const id = this.counters.get(ShardCounter.connectionsAccepted);
    const cnxn = new ServerCnxn(id, socket, nowMs);
    this.authenticator.greet(cnxn, address);
    this.connections.add(cnxn);
    this.counters.set(ShardCounter.connections, this.connections.byId.size);
    return {
      onSecured: () => this.authenticator.greet(cnxn, address),
      onData: (bytes, length) => this.onData(cnxn, bytes, length),
      onEnd: () => this.onEnd(cnxn),
      onDrain: () => {
        if (cnxn.stalled) this.context.requestTurn();
      },
      onClose: () => {
        // By now a shard made anew may be counting, in the same places and from nothing.
        if (this.stopped) return;
        this.counts.remove(countedOn);
        if (isServed(cnxn.state)) {
          this.counters.add(ShardCounter.connectionsDropped, 1);
          this.context.log.warn(`Close of session 0x${sessionText(cnxn)}: the connection of ${cnxn.peer} broke`);
        }
        this.forget(cnxn);
      },
    };
  }

  /** Who has asked a four-letter word may close its half before it reads the answer; any other client is gone. */
  private onEnd(cnxn: ServerCnxn): void {
    if (isServed(cnxn.state)) this.counters.add(ShardCounter.connectionsDropped, 1);
    if (cnxn.state !== CnxnState.answering && cnxn.state !== CnxnState.closing) {
      this.context.log.info(
        'Unable to read additional data from client, it probably closed the socket: ' +
          `address = ${cnxn.peer}, session = 0x${sessionText(cnxn)}`,
      );
    }
    if (cnxn.state !== CnxnState.answering) this.replies.closeAfterFlush(cnxn);
  }

  private forget(cnxn: ServerCnxn): void {
    cnxn.state = CnxnState.closing;
    cnxn.input.clear();
    cnxn.out = null;
    this.connections.remove(cnxn);
    this.notifier.watches.removeWatcher(cnxn);
    this.sender.forget(cnxn);
    this.throttler.forget(cnxn);
    this.counters.set(ShardCounter.connections, this.connections.byId.size);
    if (this.stalled.length > 0 || this.notifier.watches.isLeaving) this.context.requestTurn();
  }

  // ---- bytes from clients

  private onData(cnxn: ServerCnxn, bytes: Uint8Array, length: number): void {
    if (this.role.isOver) this.closeClients();
    if (isDeaf(cnxn.state)) return;
    this.counters.add(ShardCounter.bytesReceived, length);
    this.beginFrames(cnxn);
    const result = cnxn.input.push(bytes, length, this.options.frameBytesMax, this.onFrame);
    this.endFrames(cnxn, result);
  }

  private beginFrames(cnxn: ServerCnxn): void {
    this.current = cnxn;
    this.nowMs = this.context.clock.monotonicMs();
    if (cnxn.state === CnxnState.handshake) cnxn.activeMs = this.nowMs;
    this.router.begin(this.nowMs);
    this.sender.begin(this.nowMs);
  }

  private readonly onFrame = (bytes: Uint8Array, offset: number, length: number): FrameVerdict => {
    const cnxn = this.current;
    switch (cnxn.state) {
      case CnxnState.open:
        return this.router.onRequest(cnxn, bytes, offset, length);
      case CnxnState.handshake:
        return this.opener.onConnectRequest(cnxn, bytes, offset, length);
      case CnxnState.opening:
        return FrameVerdict.later;
      default:
        return FrameVerdict.closed;
    }
  };

  private endFrames(cnxn: ServerCnxn, result: FrameResult): void {
    this.router.end(cnxn);
    switch (result) {
      case FrameResult.later:
        if (!cnxn.stalled) {
          cnxn.stalled = true;
          cnxn.stalledSinceMs = this.nowMs;
          this.stalled.push(cnxn);
          this.counters.add(ShardCounter.readsStalled, 1);
          cnxn.socket.pause();
        }
        break;
      case FrameResult.badLength:
        this.onBadLength(cnxn);
        break;
      case FrameResult.drained:
        this.throttler.forget(cnxn);
        // A frame that is too large for the moment need not be waited for.
        if (cnxn.state === CnxnState.open && !this.sender.hasBudgetFor(cnxn.input.peekInt())) {
          this.router.rejectLarge(cnxn, cnxn.input.peekInt());
          break;
        }
        if (cnxn.stalled) {
          cnxn.stalled = false;
          this.tellHeldBack(cnxn);
          cnxn.socket.resume();
        }
        break;
    }
    if (cnxn.out !== null) this.replies.flush(cnxn);
    // Reads and watch requests that are answered here cause no turn.
    this.counters.set(ShardCounter.watchCount, this.notifier.watches.count);
    if (this.replies.hasUnflushed) this.context.requestTurn();
  }

  private tellHeldBack(cnxn: ServerCnxn): void {
    const heldMs = this.nowMs - cnxn.stalledSinceMs;
    if (heldMs >= this.slow.thresholdMs) this.slow.onHeldBack(cnxn, Math.floor(heldMs), this.nowMs);
  }

  private resumeStalled(): void {
    if (this.role.isOver) this.closeClients();
    const waiting = this.stalled;
    this.stalled = [];
    this.throttler.setResuming(true);
    for (const cnxn of waiting) {
      if (isDeaf(cnxn.state)) continue;
      if (cnxn.state === CnxnState.opening || cnxn.socket.queuedBytes > QUEUED_BYTES_MAX) {
        this.stalled.push(cnxn);
        continue;
      }
      this.beginFrames(cnxn);
      const result = cnxn.input.resume(this.options.frameBytesMax, this.onFrame);
      if (result === FrameResult.later) this.stalled.push(cnxn);
      this.endFrames(cnxn, result);
    }
    this.throttler.setResuming(false);
  }

  // ---- four-letter words

  /** Before the handshake, four bytes that are no length may be a four-letter word (client-protocol 1.3). */
  private onBadLength(cnxn: ServerCnxn): void {
    const frameLength = cnxn.input.peekInt();
    if (cnxn.state === CnxnState.handshake && this.isWord(frameLength)) {
      cnxn.packetsReceived++;
      cnxn.lastOp = 0;
      this.counters.add(ShardCounter.packetsReceived, 1);
      this.askForWord(cnxn);
      return;
    }
    this.context.log.warn(
      `Len error. A message from ${cnxn.peer} with advertised length of ${frameLength} ` +
        `is either a malformed message or too large to process (length is greater than jute.maxbuffer=${this.options.frameBytesMax})`,
    );
    this.replies.closeAfterFlush(cnxn);
  }

  /** The answer is made where the whole server's status is, and comes back through `onControl`. */
  private askForWord(cnxn: ServerCnxn): void {
    const payload = cnxn.input.takeRest();
    const out = this.context.outbox('supervisor');
    const client = new ScratchBytes(64);
    client.writeUstring(cnxn.peer);
    out.claim(ShardRecord.word, 8 + payload.length + client.length);
    const at = out.offset >> 2;
    out.words[at] = cnxn.id;
    out.words[at + 1] = readInt32(payload, 0);
    out.words[at + 2] = payload.length - 4;
    copyBytes(payload, 4, out.bytes, out.offset + 12, payload.length - 4);
    copyBytes(client.bytes, 0, out.bytes, out.offset + 8 + payload.length, client.length);
    out.commit();
    this.connections.sessionless.delete(cnxn);
    cnxn.state = CnxnState.answering;
    this.context.requestTurn();
  }

  /** One part of it. How many bytes the client has still to take. */
  private answerWord(id: number, text: string, isLast: boolean): number {
    const cnxn = this.connections.byId.get(id);
    if (cnxn === undefined || cnxn.state !== CnxnState.answering) return GONE;
    this.replies.text(cnxn, text, isLast);
    if (isLast) this.replies.closeAfterFlush(cnxn);
    else this.replies.flush(cnxn);
    return cnxn.socket.queuedBytes;
  }
}

/** Buckets as wide as the time itself, so that idleness is noticed after one to two of them (client-protocol 2.7). */
function idleUntilMs(activeMs: number, timeoutMs: number): number {
  const widthMs = Math.max(timeoutMs, 1);
  return (Math.floor((activeMs + timeoutMs) / widthMs) + 1) * widthMs;
}

/** What arrives is not looked at any more. */
function isDeaf(state: CnxnState): boolean {
  return state === CnxnState.closing || state === CnxnState.ending || state === CnxnState.answering;
}

/** The connection ends because its client or the network wants it so. */
function isServed(state: CnxnState): boolean {
  return state !== CnxnState.closing && state !== CnxnState.answering;
}

function sessionText({ sessionHi, sessionLo }: ServerCnxn): string {
  return hex64(sessionHi, sessionLo);
}
