// The client's state machine: finds a server, opens or re-opens the session, sends requests in order and matches replies
// in order, keeps the session alive, and says when it is over. Owned by one ZooKeeper, lives on its thread. It only
// reacts: to calls, to its connection, to turns. It must never read a clock, a random source or a socket that it was not
// given, and never call user code from inside itself (promises and events reach it in microtasks, in wire order).
//
//             start                 dialed                   response
//   waiting ----------> dialing ------------> handshaking -----------> connected
//      ^                   |                       |                       |
//      +---- lost ---------+---- lost -------------+---- lost -------------+
//
//   over: from every phase, by close(), expiry (the server's word or the local estimate) or refused credentials.

import { assert } from '../base/assert.js';
import { Fifo } from '../base/fifo.js';
import { compareSigned, int64FromHalves } from '../base/int64.js';
import { JuteError } from '../jute/jute-error.js';
import { JuteReader } from '../jute/jute-reader.js';
import { decodeConnectResponse, encodeConnectRequest, PASSWORD_BYTES } from '../protocol/connect.js';
import { ErrorCode } from '../protocol/error-code.js';
import { OpCode, Xid } from '../protocol/op-code.js';
import { decodeWatcherEvent } from '../protocol/replies.js';
import { encodeSetWatches, encodeSetWatches2 } from '../protocol/requests.js';
import { EventType, KeeperState } from '../protocol/watch-event.js';
import { AuthLedger } from './auth-ledger.js';
import type { Chroot } from './chroot.js';
import { ClientState } from './client-state.js';
import { ClientWatchManager, WatchKind } from './client-watch-manager.js';
import type { ServerAddress } from './connect-string.js';
import type { HostAttempt, HostProvider } from './host-provider.js';
import { IncomingFrames } from './incoming-frames.js';
import { KeeperError } from './keeper-error.js';
import { OutgoingFrames } from './outgoing-frames.js';
import { type Operation, type Outstanding, OutstandingRequest } from './outstanding-request.js';
import { RwServerSearch } from './rw-server-search.js';
import { connectTimeoutMs, expirationTimeoutMs, pingAfterMs, readTimeoutMs } from './session-timing.js';
import { planSetWatches } from './set-watches-plan.js';
import type { ClientPorts, Connection } from './transport.js';
import type { WatchedEvent, Watcher } from './watched-event.js';

const XID_MAX = 0x7fff_ffff;
/** Before every attempt but the first, at random below this: clients of a dead server must not return as one. */
const RECONNECT_DELAY_MS_MAX = 1000;
/** More, when every server was tried in vain. */
const ROUND_PAUSE_MS = 1000;

const Phase = { Waiting: 0, Dialing: 1, Handshaking: 2, Connected: 3, Over: 4 } as const;
type Phase = (typeof Phase)[keyof typeof Phase];

export interface SessionSettings {
  /** Asked for; the server decides. */
  readonly sessionTimeoutMs: number;
  readonly canBeReadOnly: boolean;
  /** 0n and 16 zero bytes for a new session. */
  readonly sessionId: bigint;
  readonly password: Uint8Array;
  /** Longest frame taken from a server. */
  readonly frameBytesMax: number;
  /** Of the first request. */
  readonly xidFirst: number;
}

/** What the application may know about the session, and what every connect request repeats. */
interface Session {
  id: bigint;
  password: Uint8Array;
  timeoutMs: number; // asked for, until a server has decided
  // A read-only server's session ids mean nothing elsewhere: only a read-write one's is used to re-open.
  sawReadWriteServer: boolean;
}

export class ClientCnxn {
  readonly watches = new ClientWatchManager();
  private readonly settings: SessionSettings;
  private readonly ports: ClientPorts;
  private readonly hosts: HostProvider;
  private readonly chroot: Chroot;
  private readonly defaultWatcher: Watcher;

  private phase: Phase = Phase.Waiting;
  private publicState: ClientState = ClientState.Connecting;
  private isClosing = false; // close() was called; its request is the last one
  private readonly session: Session;

  // Exactly one connection at a time; null while waiting and when over.
  private connection: Connection | null = null;
  private incoming: IncomingFrames;
  private readonly outgoing = new OutgoingFrames();

  // Invariant: in the order in which they were written, and so in the order of their replies.
  private readonly outstanding = new Fifo<Outstanding>();
  private readonly auth = new AuthLedger();
  private xidNext: number;
  // Highest zxid of an ordinary reply, as halves: the hot path makes no bigint.
  private zxidSeenHi = 0;
  private zxidSeenLo = 0;

  private phaseSinceMs: number;
  private attempt: HostAttempt; // the next one, or the one that is running
  private readonly rwServerSearch: RwServerSearch; // searching exactly while connected read-only
  private attemptAtMs: number; // while waiting
  private lastHeardMs: number; // any byte of a server
  private lastSentMs = 0;

  private connectedWaiters: { resolve: () => void; reject: (error: KeeperError) => void }[] = [];
  private overReason: number = ErrorCode.SessionExpired; // what later requests are told

  constructor(
    settings: SessionSettings,
    ports: ClientPorts,
    hosts: HostProvider,
    chroot: Chroot,
    defaultWatcher: Watcher,
  ) {
    assert(settings.password.length === PASSWORD_BYTES, 'a session password has 16 bytes');
    this.settings = settings;
    this.ports = ports;
    this.hosts = hosts;
    this.chroot = chroot;
    this.defaultWatcher = defaultWatcher;
    this.session = {
      id: settings.sessionId,
      password: new Uint8Array(settings.password),
      timeoutMs: settings.sessionTimeoutMs,
      sawReadWriteServer: settings.sessionId !== 0n,
    };
    this.incoming = new IncomingFrames(settings.frameBytesMax);
    this.xidNext = settings.xidFirst;
    const nowMs = ports.clock.monotonicMs();
    this.phaseSinceMs = nowMs;
    this.lastHeardMs = nowMs;
    this.attempt = hosts.next();
    this.rwServerSearch = new RwServerSearch(ports, hosts, (server) => this.onRwServerFound(server));
    this.attemptAtMs = nowMs;
    ports.scheduler.start(() => this.onTurn());
    ports.scheduler.requestTurn();
  }

  get state(): ClientState {
    return this.publicState;
  }

  get sessionId(): bigint {
    return this.session.id;
  }

  get password(): Uint8Array {
    return new Uint8Array(this.session.password);
  }

  get sessionTimeoutMs(): number {
    return this.session.timeoutMs;
  }

  get zxidSeen(): bigint {
    return int64FromHalves(this.zxidSeenHi, this.zxidSeenLo);
  }

  /** Requests that have no answer yet. */
  get outstandingCount(): number {
    return this.outstanding.length;
  }

  // ---- calls from the application ---------------------------------------------------------------------------------

  submit<T>(operation: Operation<T>): Promise<T> {
    if (this.phase === Phase.Over || this.isClosing) {
      return Promise.reject(new KeeperError(this.overReason, operation.path));
    }
    return this.enqueue(operation);
  }

  addAuth(scheme: string, auth: Uint8Array): Promise<void> {
    if (this.phase === Phase.Over || this.isClosing) return Promise.reject(new KeeperError(this.overReason));
    return new Promise((resolve, reject) => {
      const index = this.auth.add(scheme, auth, (error) => (error === null ? resolve() : reject(error)));
      // Else it waits for the next connection, on which all credentials go first.
      if (this.phase !== Phase.Connected) return;
      this.auth.write(this.outgoing.begin(), index);
      this.outgoing.end();
      this.ports.scheduler.requestTurn();
    });
  }

  /** Resolves at the next moment a session is open (at once, if one is); rejects when none ever will be. */
  whenConnected(): Promise<void> {
    if (this.phase === Phase.Connected) return Promise.resolve();
    if (this.phase === Phase.Over) return Promise.reject(new KeeperError(this.overReason));
    return new Promise((resolve, reject) => this.connectedWaiters.push({ resolve, reject }));
  }

  /** Ends the session at the server if one can be reached now, else leaves it to expire. Never rejects. */
  close(): Promise<void> {
    if (this.phase === Phase.Over || this.isClosing) return Promise.resolve();
    if (this.phase !== Phase.Connected) {
      this.finish(ClientState.Closed, KeeperState.Closed, ErrorCode.SessionExpired);
      return Promise.resolve();
    }
    const closed = this.enqueue<void>({
      type: OpCode.closeSession,
      path: null,
      encode: () => {},
      decode: () => {},
      watch: null,
      onNoNode: null,
    });
    this.isClosing = true;
    // The server may close the connection before its reply is read: the session is as closed then.
    return closed.catch(() => {});
  }

  pauseReading(): void {
    this.connection?.pause();
  }

  resumeReading(): void {
    this.connection?.resume();
  }

  private enqueue<T>(operation: Operation<T>): Promise<T> {
    const xid = this.xidNext;
    const w = this.outgoing.begin();
    try {
      w.writeInt(xid);
      w.writeInt(operation.type);
      operation.encode(w);
    } catch (error) {
      this.outgoing.cancel();
      return Promise.reject(error);
    }
    this.outgoing.end();
    this.xidNext = xid === XID_MAX ? 1 : xid + 1;
    if (this.phase === Phase.Connected) this.ports.scheduler.requestTurn();
    return new Promise((resolve, reject) => {
      this.outstanding.push(new OutstandingRequest(xid, operation, resolve, reject));
    });
  }

  // ---- turns and deadlines ----------------------------------------------------------------------------------------

  private onTurn(): void {
    if (this.phase === Phase.Over) return;
    const nowMs = this.ports.clock.monotonicMs();
    this.checkDeadlines(nowMs);
    this.flush(nowMs);
    this.ports.scheduler.wakeAtMs(this.nextDeadlineMs());
  }

  private checkDeadlines(nowMs: number): void {
    if (nowMs >= this.expiryAtMs()) {
      this.finish(ClientState.Closed, KeeperState.Expired, ErrorCode.SessionExpired);
      return;
    }
    switch (this.phase) {
      case Phase.Waiting:
        if (nowMs >= this.attemptAtMs) this.dial(nowMs);
        break;
      case Phase.Dialing:
      case Phase.Handshaking:
        if (nowMs >= this.phaseSinceMs + this.connectTimeoutMs()) this.onLost();
        break;
      case Phase.Connected:
        if (nowMs >= this.lastHeardMs + readTimeoutMs(this.session.timeoutMs)) this.onLost();
        else if (nowMs >= this.pingAtMs()) this.writePing();
        this.rwServerSearch.onTurn(nowMs);
        break;
      case Phase.Over:
        break;
    }
  }

  private nextDeadlineMs(): number {
    const expiryAtMs = this.expiryAtMs();
    switch (this.phase) {
      case Phase.Waiting:
        return Math.min(this.attemptAtMs, expiryAtMs);
      case Phase.Dialing:
      case Phase.Handshaking:
        return Math.min(this.phaseSinceMs + this.connectTimeoutMs(), expiryAtMs);
      case Phase.Connected:
        return Math.min(
          this.lastHeardMs + readTimeoutMs(this.session.timeoutMs),
          this.pingAtMs(),
          this.rwServerSearch.nextDeadlineMs,
        );
      case Phase.Over:
        return Number.POSITIVE_INFINITY;
    }
  }

  private connectTimeoutMs(): number {
    return connectTimeoutMs(this.session.timeoutMs, this.hosts.size);
  }

  /** The local estimate of when the server must have given the session up; never, while there is none. */
  private expiryAtMs(): number {
    if (this.session.id === 0n) return Number.POSITIVE_INFINITY;
    return this.lastHeardMs + expirationTimeoutMs(this.session.timeoutMs);
  }

  /** Never, while something is on its way out anyway: that serves as well, and a ping could not overtake it. */
  private pingAtMs(): number {
    if (!this.outgoing.isEmpty || this.outgoing.isBlocked) return Number.POSITIVE_INFINITY;
    return this.lastSentMs + pingAfterMs(this.session.timeoutMs);
  }

  private writePing(): void {
    const w = this.outgoing.begin();
    w.writeInt(Xid.ping);
    w.writeInt(OpCode.ping);
    this.outgoing.end();
  }

  private flush(nowMs: number): void {
    if (this.phase !== Phase.Connected || this.outgoing.isEmpty || this.outgoing.isBlocked) return;
    assert(this.connection !== null, 'connected without a connection');
    this.lastSentMs = nowMs;
    this.outgoing.send(this.connection);
  }

  // ---- connecting -------------------------------------------------------------------------------------------------

  private dial(nowMs: number): void {
    this.phase = Phase.Dialing;
    this.phaseSinceMs = nowMs;
    this.incoming = new IncomingFrames(this.settings.frameBytesMax);
    const { host, port } = this.attempt.server;
    const connection = this.ports.transport.connect(host, port, {
      onConnect: () => {
        if (this.connection === connection) this.onDialed();
      },
      onData: (bytes) => {
        if (this.connection === connection) this.onData(bytes);
      },
      onDrain: () => {
        if (this.connection === connection) this.onDrain();
      },
      onClose: () => {
        if (this.connection === connection) this.onLost();
      },
    });
    this.connection = connection;
  }

  private onDialed(): void {
    assert(this.phase === Phase.Dialing && this.connection !== null, 'dialed twice');
    const nowMs = this.ports.clock.monotonicMs();
    this.phase = Phase.Handshaking;
    this.phaseSinceMs = nowMs;
    const frames = new OutgoingFrames();
    encodeConnectRequest(frames.begin(), {
      protocolVersion: 0,
      lastZxidSeen: this.zxidSeen,
      timeOut: this.settings.sessionTimeoutMs,
      sessionId: this.session.sawReadWriteServer ? this.session.id : 0n,
      passwd: this.session.password,
      readOnly: this.settings.canBeReadOnly,
    });
    frames.end();
    this.outgoing.sendAhead(this.connection, frames); // nothing may follow it before the response
    this.ports.scheduler.requestTurn();
  }

  private onConnectResponse(r: JuteReader): void {
    const response = decodeConnectResponse(r);
    if (response.timeOut <= 0) {
      this.finish(ClientState.Closed, KeeperState.Expired, ErrorCode.SessionExpired);
      return;
    }
    if (response.passwd === null || response.passwd.length !== PASSWORD_BYTES) throw new JuteError('session password');
    const isReadOnly = response.readOnly === true;
    const session = this.session;
    session.id = response.sessionId;
    session.password = new Uint8Array(response.passwd);
    session.timeoutMs = response.timeOut;
    if (!isReadOnly) session.sawReadWriteServer = true;
    else this.rwServerSearch.start(this.ports.clock.monotonicMs());
    this.hosts.onConnected();
    this.phase = Phase.Connected;
    this.publicState = isReadOnly ? ClientState.ConnectedReadOnly : ClientState.Connected;
    this.lastSentMs = this.ports.clock.monotonicMs();
    this.prependCredentialsAndWatches();
    this.tellSession(isReadOnly ? KeeperState.ConnectedReadOnly : KeeperState.SyncConnected);
    for (const waiter of this.connectedWaiters.splice(0)) waiter.resolve();
    this.ports.scheduler.requestTurn();
  }

  /**
   * Credentials first: the watches that follow, and every request queued meanwhile, may need them. Watches before the
   * requests: an application that reads after a reconnect must not see new state before the event that announces it.
   */
  private prependCredentialsAndWatches(): void {
    const preamble = new OutgoingFrames();
    for (let i = 0; i < this.auth.count; i++) {
      this.auth.write(preamble.begin(), i);
      preamble.end();
    }
    for (const batch of planSetWatches(this.watches.paths())) {
      const { paths } = batch;
      const w = preamble.begin();
      w.writeInt(Xid.setWatches);
      w.writeInt(batch.needsSetWatches2 ? OpCode.setWatches2 : OpCode.setWatches);
      const record = {
        relativeZxid: this.zxidSeen,
        dataWatches: paths[WatchKind.Data],
        existWatches: paths[WatchKind.Exist],
        childWatches: paths[WatchKind.Child],
        persistentWatches: paths[WatchKind.Persistent],
        persistentRecursiveWatches: paths[WatchKind.PersistentRecursive],
      };
      if (batch.needsSetWatches2) encodeSetWatches2(w, record);
      else encodeSetWatches(w, record);
      preamble.end();
    }
    if (!preamble.isEmpty) this.outgoing.prepend(preamble);
  }

  // ---- the connection speaks --------------------------------------------------------------------------------------

  private readonly onFrame = (bytes: Uint8Array, start: number, end: number): boolean => {
    const r = new JuteReader(bytes, start, end, this.settings.frameBytesMax);
    if (this.phase === Phase.Handshaking) this.onConnectResponse(r);
    else this.onReply(r);
    return this.connection !== null;
  };

  private onData(bytes: Uint8Array): void {
    this.lastHeardMs = this.ports.clock.monotonicMs();
    try {
      this.incoming.accept(bytes, this.onFrame);
    } catch (error) {
      if (!(error instanceof JuteError)) throw error;
      this.onLost(); // where the next frame begins is anyone's guess
    }
  }

  private onReply(r: JuteReader): void {
    const xid = r.readInt();
    const zxidHi = r.readInt();
    const zxidLo = r.readInt();
    const errorCode = r.readInt();
    switch (xid) {
      case Xid.notification:
        this.onNotification(r, int64FromHalves(zxidHi, zxidLo));
        break;
      case Xid.ping:
      case Xid.setWatches:
        break;
      case Xid.auth:
        if (errorCode !== ErrorCode.Ok) {
          this.finish(ClientState.AuthFailed, KeeperState.AuthFailed, ErrorCode.AuthFailed);
        } else if (!this.auth.onAccepted()) {
          throw new JuteError('reply to an auth that was not sent');
        }
        break;
      default: {
        const request = this.outstanding.peek();
        if (request === undefined || request.xid !== xid) throw new JuteError(`reply ${xid} is out of order`);
        if (compareSigned(zxidHi, zxidLo, this.zxidSeenHi, this.zxidSeenLo) > 0) {
          this.zxidSeenHi = zxidHi;
          this.zxidSeenLo = zxidLo;
        }
        request.settle(errorCode, r, this.watches);
        this.outstanding.shift();
        // closeSession was the last one: the session is gone, the server closes after this reply.
        if (this.isClosing && this.outstanding.isEmpty) {
          this.finish(ClientState.Closed, KeeperState.Closed, ErrorCode.SessionExpired);
        }
      }
    }
  }

  private onNotification(r: JuteReader, zxid: bigint): void {
    const { type, path } = decodeWatcherEvent(r);
    const watchers = this.watches.materialize(type as EventType, path);
    if (watchers.size === 0) return;
    this.tell(watchers, {
      type: type as EventType,
      state: KeeperState.SyncConnected,
      path: this.chroot.toClient(path),
      zxid,
    });
  }

  private onDrain(): void {
    this.outgoing.onDrain();
    this.ports.scheduler.requestTurn();
  }

  /** The connection is gone, or must go. Whether its requests were executed nobody knows. */
  private onLost(): void {
    const wasConnected = this.phase === Phase.Connected;
    this.dropConnection();
    if (this.isClosing) {
      this.finish(ClientState.Closed, KeeperState.Closed, ErrorCode.SessionExpired);
      return;
    }
    this.publicState = ClientState.Connecting;
    this.failOutstanding(ErrorCode.ConnectionLoss);
    this.auth.onConnectionLost();
    if (wasConnected) this.tellSession(KeeperState.Disconnected);
    this.attempt = this.hosts.next();
    const delayMs = this.ports.prng.below(RECONNECT_DELAY_MS_MAX) + (this.attempt.roundIsOver ? ROUND_PAUSE_MS : 0);
    this.attemptAtMs = this.ports.clock.monotonicMs() + delayMs;
    this.phase = Phase.Waiting;
    this.ports.scheduler.requestTurn();
  }

  /** Leave the read-only server for one that can write, at once and without looking further. */
  private onRwServerFound(server: ServerAddress): void {
    this.onLost();
    if (this.phase !== Phase.Waiting) return; // it was closing
    this.attempt = { server, roundIsOver: false };
    this.attemptAtMs = this.ports.clock.monotonicMs();
  }

  // ---- endings ----------------------------------------------------------------------------------------------------

  private finish(state: ClientState, event: KeeperState, errorCode: number): void {
    if (this.phase === Phase.Over) return;
    this.phase = Phase.Over;
    this.publicState = state;
    this.overReason = errorCode;
    this.dropConnection();
    this.ports.scheduler.stop();
    this.failOutstanding(errorCode);
    this.auth.rejectAll(new KeeperError(errorCode));
    for (const waiter of this.connectedWaiters.splice(0)) waiter.reject(new KeeperError(errorCode));
    // Whoever still waits for a node hears once that nothing more will come.
    const watchers = this.watches.takeAll();
    watchers.add(this.defaultWatcher);
    this.tell(watchers, { type: EventType.None, state: event, path: null, zxid: -1n });
  }

  private dropConnection(): void {
    this.rwServerSearch.stop();
    this.connection?.destroy();
    this.connection = null;
  }

  private failOutstanding(errorCode: number): void {
    this.outgoing.discard();
    for (let request = this.outstanding.shift(); request !== undefined; request = this.outstanding.shift()) {
      request.fail(errorCode);
    }
  }

  private tellSession(state: KeeperState): void {
    this.tell([this.defaultWatcher], { type: EventType.None, state, path: null, zxid: -1n });
  }

  /**
   * In a microtask, as the reactions to replies are: an application sees replies and events in the order in which they
   * came off the wire. One microtask each, so that a watcher that throws takes no other with it.
   */
  private tell(watchers: Iterable<Watcher>, event: WatchedEvent): void {
    for (const watcher of watchers) void Promise.resolve().then(() => watcher(event));
  }
}
