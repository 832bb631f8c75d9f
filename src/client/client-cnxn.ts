// The client's state machine: finds a server, opens or re-opens the session, sends requests in order and matches replies
// in order, keeps the session alive, and says when it is over. Owned by one ZooKeeper, lives on its thread. It only
// reacts: to calls, to its connection, to turns. It must never read a clock, a random source or a socket that it was not
// given, and never call user code from inside itself (promises and events reach it in microtasks, in wire order).
//
//             start                 dialed                   response          (SASL done)
//   waiting ----------> dialing ------------> handshaking ----------> authenticating ----------> connected
//      ^                   |                       |                        |                        |
//      +---- lost ---------+---- lost -------------+---- lost --------------+---- lost --------------+
//
//   authenticating: only with SASL; nothing but its tokens is sent meanwhile.
//   over: from every phase, by close(), detach(), expiry (the server's word or the local estimate) or refused credentials.

import { assert } from '../base/assert.js';
import { int64FromHalves } from '../base/int64.js';
import { JuteError } from '../jute/jute-error.js';
import { JuteReader } from '../jute/jute-reader.js';
import type { JuteWriter } from '../jute/jute-writer.js';
import { decodeConnectResponse } from '../protocol/connect.js';
import { ErrorCode } from '../protocol/error-code.js';
import { OpCode, Xid } from '../protocol/op-code.js';
import { decodeWatcherEvent } from '../protocol/replies.js';
import { encodeWatchesRequest } from '../protocol/requests.js';
import { type EventType, KeeperState } from '../protocol/watch-event.js';
import { AbortSignals } from './abort-signals.js';
import { AuthLedger } from './auth-ledger.js';
import { type CallOptions, NO_CALL_OPTIONS } from './call-options.js';
import type { Chroot } from './chroot.js';
import { ClientSession, type SessionHandle, type SessionSettings } from './client-session.js';
import { ClientState } from './client-state.js';
import { ClientWatchManager } from './client-watch-manager.js';
import type { ServerAddress } from './connect-string.js';
import { ConnectedWaiter } from './connected-waiter.js';
import type { HostProvider } from './host-provider.js';
import { IncomingFrames } from './incoming-frames.js';
import { KeeperError } from './keeper-error.js';
import { OutgoingFrames } from './outgoing-frames.js';
import { type Limited, type Operation, type Outstanding, OutstandingRequest } from './outstanding-request.js';
import { type EncodeRecord, RequestQueue } from './request-queue.js';
import { RwServerSearch } from './rw-server-search.js';
import { SaslConversation } from './sasl-conversation.js';
import type { SaslMechanism } from './sasl-mechanism.js';
import { ServerAttempt } from './server-attempt.js';
import { SessionEvents } from './session-events.js';
import { writeCredentialsAndWatches } from './session-renewal.js';
import { connectTimeoutMs, expirationTimeoutMs, pingAfterMs, readTimeoutMs } from './session-timing.js';
import type { ClientPorts, Connection } from './transport.js';
import { type WatchRemoval, WatchRemovalRequest } from './watch-removal-request.js';
import type { Watcher } from './watched-event.js';

const Phase = { Waiting: 0, Dialing: 1, Handshaking: 2, Authenticating: 3, Connected: 4, Over: 5 } as const;
type Phase = (typeof Phase)[keyof typeof Phase];

export class ClientCnxn {
  readonly watches = new ClientWatchManager();
  private readonly settings: SessionSettings;
  private readonly ports: ClientPorts;
  private readonly hosts: HostProvider;
  /** Through which the default watcher sees paths. */
  readonly chroot: Chroot;
  readonly defaultWatcher: Watcher;
  private readonly events: SessionEvents;

  private phase: Phase = Phase.Waiting;
  private publicState: ClientState = ClientState.Connecting;
  private isClosing = false; // close() was called; its request is the last one
  private closed: Promise<void> | null = null; // what every further close() waits for
  private readonly session: ClientSession;

  // Exactly one connection at a time; null while waiting and when over.
  private connection: Connection | null = null;
  private incoming: IncomingFrames;
  private readonly outgoing = new OutgoingFrames();

  private readonly requests: RequestQueue;
  readonly abortSignals = new AbortSignals();
  private readonly auth = new AuthLedger();
  private sasl: SaslConversation | null = null; // exactly while authenticating

  private phaseSinceMs: number;
  private readonly attempt: ServerAttempt;
  private readonly rwServerSearch: RwServerSearch; // searching exactly while connected read-only
  private lostBy: Error | null = null; // why there is no session, or why the last connection went
  private lastHeardMs: number; // any byte of a server
  private lastSentMs = 0;

  private readonly connectedWaiters = new Set<ConnectedWaiter>();
  private overReason: number = ErrorCode.SessionExpired; // what later requests are told

  constructor(
    settings: SessionSettings,
    ports: ClientPorts,
    hosts: HostProvider,
    chroot: Chroot,
    defaultWatcher: Watcher,
  ) {
    this.settings = settings;
    this.ports = ports;
    this.hosts = hosts;
    this.chroot = chroot;
    this.defaultWatcher = defaultWatcher;
    this.events = new SessionEvents(defaultWatcher);
    this.session = new ClientSession(settings);
    this.incoming = new IncomingFrames(settings.frameBytesMax);
    this.requests = new RequestQueue(this.outgoing, this.watches, settings.xidFirst);
    const nowMs = ports.clock.monotonicMs();
    this.phaseSinceMs = nowMs;
    this.lastHeardMs = nowMs;
    this.attempt = new ServerAttempt(hosts, ports.prng, nowMs);
    this.rwServerSearch = new RwServerSearch(ports, hosts, (server) => this.onRwServerFound(server));
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
    return this.session.password;
  }

  get sessionTimeoutMs(): number {
    return this.session.timeoutMs;
  }

  get zxidSeen(): bigint {
    return this.session.zxidSeen;
  }

  /** Requests that have no answer yet. */
  get outstandingCount(): number {
    return this.requests.length;
  }

  /** Until the local estimate gives the session up; infinite while there is none, 0 when it is over. */
  get expiresInMs(): number {
    if (this.phase === Phase.Over) return 0;
    return Math.max(0, this.expiryAtMs() - this.ports.clock.monotonicMs());
  }

  // ---- calls from the application ---------------------------------------------------------------------------------

  submit<T>(operation: Operation<T>, call: CallOptions = NO_CALL_OPTIONS): Promise<T> {
    return new Promise((resolve, reject) => {
      this.accept(new OutstandingRequest(operation, resolve, reject), operation.type, operation.encode, call);
    });
  }

  /**
   * One of several watchers: the server only says whether it knows such a watch, since it has one for all of them. The
   * last one, or all: the server forgets it. A watch that is just being registered counts as another one.
   */
  removeWatches(removal: WatchRemoval, call: CallOptions): Promise<void> {
    const { serverPath, watcher, type } = removal;
    const isLast =
      watcher === null || (this.watches.isSole(type, serverPath, watcher) && !this.requests.watchesAt(serverPath));
    return new Promise((resolve, reject) => {
      const request = new WatchRemovalRequest(
        removal,
        (eventType, state, told) => this.events.tellNode(eventType, state, serverPath, -1n, told),
        resolve,
        reject,
      );
      const encode = (w: JuteWriter): void => encodeWatchesRequest(w, { path: serverPath, type });
      this.accept(request, isLast ? OpCode.removeWatches : OpCode.checkWatches, encode, call);
    });
  }

  /** The listener hears of the session as the default watcher does, until it is taken off or the session is over. */
  addSessionListener(listener: Watcher): void {
    this.events.addListener(listener);
  }

  removeSessionListener(listener: Watcher): void {
    this.events.removeListener(listener);
  }

  addAuth(scheme: string, auth: Uint8Array | null): Promise<void> {
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
  whenConnected({ signal, timeoutMs = 0 }: CallOptions): Promise<void> {
    if (this.phase === Phase.Connected) return Promise.resolve();
    if (this.phase === Phase.Over) return Promise.reject(new KeeperError(this.overReason));
    if (signal?.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      const waiter = new ConnectedWaiter(resolve, reject);
      this.connectedWaiters.add(waiter);
      this.limit(waiter, timeoutMs, signal, () => this.connectedWaiters.delete(waiter));
    });
  }

  /** Ends the session at the server if one can be reached now, else leaves it to expire. Never rejects. */
  close(): Promise<void> {
    if (this.closed !== null) return this.closed;
    if (this.phase !== Phase.Connected) {
      this.finish(ClientState.Closed, KeeperState.Closed, ErrorCode.SessionExpired);
      return Promise.resolve();
    }
    const answered = this.submit<void>(
      { type: OpCode.closeSession, path: null, encode: () => {}, decode: () => {}, watch: null, onNoNode: null },
      { timeoutMs: 0 },
    );
    this.isClosing = true;
    // The server may close the connection before its reply is read: the session is as closed then.
    this.closed = answered.catch(() => {});
    return this.closed;
  }

  /** Leaves the session alive at the server, for the timeout from now on, and lets go of it. */
  detach(): SessionHandle {
    const handle = { id: this.session.id, password: this.password, lastZxid: this.zxidSeen };
    // Whether they were executed the next client will see.
    this.requests.failAll(ErrorCode.ConnectionLoss, new Error('this client has let go of the session'));
    this.finish(ClientState.Closed, KeeperState.Closed, ErrorCode.SessionExpired);
    return handle;
  }

  pauseReading(): void {
    this.connection?.pause();
  }

  resumeReading(): void {
    this.connection?.resume();
  }

  /** Where every request enters: sent, kept or refused, and then timed. */
  private accept(request: Outstanding, type: OpCode, encode: EncodeRecord, call: CallOptions): void {
    const { signal, whileDisconnected = this.settings.whileDisconnected } = call;
    if (this.phase === Phase.Over || this.isClosing) {
      request.fail(this.overReason, this.watches, null);
      return;
    }
    if (signal?.aborted) {
      request.abandon(signal.reason);
      return;
    }
    if (this.phase !== Phase.Connected && whileDisconnected === 'fail') {
      request.fail(
        ErrorCode.ConnectionLoss,
        this.watches,
        this.lostBy ?? new Error('no server has given a session yet'),
      );
      return;
    }
    try {
      if (this.phase === Phase.Connected) this.requests.write(request, type, encode);
      else this.requests.defer(request, type, encode, whileDisconnected === 'queue');
    } catch (error) {
      request.abandon(error); // it cannot be encoded
      return;
    }
    if (this.phase === Phase.Connected) this.ports.scheduler.requestTurn();
    const timeoutMs = call.timeoutMs ?? this.settings.requestTimeoutMs;
    if (timeoutMs > 0 || signal !== undefined) this.limit(request, timeoutMs, signal);
  }

  private limit(
    request: Limited,
    timeoutMs: number,
    signal: AbortSignal | undefined,
    onSettled: (() => void) | null = null,
  ): void {
    const takeOffSignal =
      signal === undefined ? null : this.abortSignals.add(signal, () => request.abandon(signal.reason));
    if (timeoutMs > 0) {
      this.requests.addDeadline(request, this.ports.clock.monotonicMs() + timeoutMs);
      this.ports.scheduler.requestTurn();
    }
    request.onSettled = () => {
      this.requests.dropDeadline(request);
      takeOffSignal?.();
      onSettled?.();
    };
  }

  /** A method, because the compiler would otherwise believe that nothing in between can change the phase. */
  private get isOver(): boolean {
    return this.phase === Phase.Over;
  }

  // ---- turns and deadlines ----------------------------------------------------------------------------------------

  private onTurn(): void {
    if (this.isOver) return;
    const nowMs = this.ports.clock.monotonicMs();
    this.checkDeadlines(nowMs);
    if (this.isOver) return;
    this.requests.abandonOverdue(nowMs, this.phase === Phase.Connected ? null : this.lostBy);
    this.flush(nowMs);
    this.ports.scheduler.wakeAtMs(Math.min(this.nextDeadlineMs(), this.requests.nextDeadlineMs));
  }

  private checkDeadlines(nowMs: number): void {
    if (nowMs >= this.expiryAtMs()) {
      this.finish(ClientState.Closed, KeeperState.Expired, ErrorCode.SessionExpired);
      return;
    }
    switch (this.phase) {
      case Phase.Waiting:
        if (nowMs >= this.attempt.atMs) this.dial(nowMs);
        break;
      case Phase.Dialing:
      case Phase.Handshaking:
      case Phase.Authenticating:
        if (nowMs >= this.phaseSinceMs + this.connectTimeoutMs()) this.onSilence(nowMs - this.phaseSinceMs);
        break;
      case Phase.Connected:
        if (nowMs >= this.lastHeardMs + readTimeoutMs(this.session.timeoutMs)) this.onSilence(nowMs - this.lastHeardMs);
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
        return Math.min(this.attempt.atMs, expiryAtMs);
      case Phase.Dialing:
      case Phase.Handshaking:
      case Phase.Authenticating:
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
    if (this.outgoing.isEmpty || this.outgoing.isBlocked) return;
    assert(this.connection !== null && this.phase !== Phase.Dialing, 'something to send, but nowhere to');
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
      onClose: (error) => {
        if (this.connection === connection) this.onLost(error ?? this.closedByServer());
      },
    });
    this.connection = connection;
  }

  private onDialed(): void {
    assert(this.phase === Phase.Dialing && this.connection !== null, 'dialed twice');
    const nowMs = this.ports.clock.monotonicMs();
    this.phase = Phase.Handshaking;
    this.phaseSinceMs = nowMs;
    // Nothing follows it before the response: requests are not written while no session is open.
    this.session.encodeConnectRequest(this.outgoing.begin(), this.settings);
    this.outgoing.end();
    this.flush(nowMs);
    this.ports.scheduler.requestTurn();
  }

  private onConnectResponse(r: JuteReader): void {
    const response = decodeConnectResponse(r);
    if (response.timeOut <= 0) {
      this.finish(ClientState.Closed, KeeperState.Expired, ErrorCode.SessionExpired);
      return;
    }
    this.session.onOpened(response);
    if (this.ports.createSaslMechanism === undefined) this.onReady();
    else this.authenticate(this.ports.createSaslMechanism());
  }

  /** The session is open and the server knows who we are. */
  private onReady(): void {
    const nowMs = this.ports.clock.monotonicMs();
    const usedSasl = this.sasl !== null;
    this.sasl = null;
    this.hosts.onConnected();
    this.phase = Phase.Connected;
    this.publicState = this.session.isReadOnly ? ClientState.ConnectedReadOnly : ClientState.Connected;
    this.lastSentMs = nowMs;
    if (this.session.isReadOnly) this.rwServerSearch.start(nowMs);
    writeCredentialsAndWatches(this.outgoing, this.auth, this.watches, this.zxidSeen);
    this.requests.writeDeferred();
    this.events.tellSession(this.session.isReadOnly ? KeeperState.ConnectedReadOnly : KeeperState.SyncConnected);
    if (usedSasl) this.events.tellSession(KeeperState.SaslAuthenticated);
    for (const waiter of this.connectedWaiters) waiter.onConnected();
    this.ports.scheduler.requestTurn();
  }

  // ---- SASL -------------------------------------------------------------------------------------------------------

  private authenticate(mechanism: SaslMechanism): void {
    this.phase = Phase.Authenticating;
    this.phaseSinceMs = this.ports.clock.monotonicMs();
    this.sasl = new SaslConversation(mechanism, this.outgoing, () => this.requests.takeXid());
    this.sasl.begin();
    this.ports.scheduler.requestTurn();
  }

  private onSaslReply(xid: number, errorCode: number, r: JuteReader): void {
    assert(this.sasl !== null, 'authenticating without a mechanism');
    const progress = this.sasl.onReply(xid, errorCode, r);
    if (progress === 'refused') this.finish(ClientState.AuthFailed, KeeperState.AuthFailed, ErrorCode.AuthFailed);
    else if (progress === 'done') this.onReady();
    else this.ports.scheduler.requestTurn();
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
      // Where the next frame begins is anyone's guess.
      this.onLost(new Error(`${this.serverText} sent what no server sends: ${error.message}`, { cause: error }));
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
        break;
      case Xid.setWatches:
        // Watches that are not registered would be silent for ever: rather another connection.
        if (errorCode !== ErrorCode.Ok) throw new JuteError(`setWatches was refused with ${errorCode}`);
        break;
      case Xid.auth:
        if (errorCode !== ErrorCode.Ok) {
          this.finish(ClientState.AuthFailed, KeeperState.AuthFailed, ErrorCode.AuthFailed);
        } else if (!this.auth.onAccepted()) {
          throw new JuteError('reply to an auth that was not sent');
        }
        break;
      default: {
        if (this.phase === Phase.Authenticating) {
          this.onSaslReply(xid, errorCode, r);
          return;
        }
        const request = this.requests.peek();
        if (request === undefined || request.xid !== xid) throw new JuteError(`reply ${xid} is out of order`);
        this.session.onReplied(zxidHi, zxidLo);
        request.settle(errorCode, r, this.watches);
        this.requests.shift();
        // closeSession was the last one: the session is gone, the server closes after this reply.
        if (this.isClosing && this.requests.isEmpty) {
          this.finish(ClientState.Closed, KeeperState.Closed, ErrorCode.SessionExpired);
        }
      }
    }
  }

  private onNotification(r: JuteReader, zxid: bigint): void {
    const { type, path } = decodeWatcherEvent(r);
    const told = this.watches.materialize(type as EventType, path);
    if (told.size > 0) this.events.tellNode(type as EventType, KeeperState.SyncConnected, path, zxid, told);
  }

  private onDrain(): void {
    this.outgoing.onDrain();
    this.ports.scheduler.requestTurn();
  }

  private closedByServer(): Error {
    const when = this.phase === Phase.Connected ? '' : ' before it gave a session';
    return new Error(`${this.serverText} closed the connection${when}`);
  }

  private onSilence(silentMs: number): void {
    const what = this.phase === Phase.Dialing ? 'could not be connected to' : 'has said nothing';
    this.onLost(new Error(`${this.serverText} ${what} for ${Math.floor(silentMs)} ms`));
  }

  /** The connection is gone, or must go. Whether its requests were executed nobody knows. */
  private onLost(cause: Error): void {
    const wasConnected = this.phase === Phase.Connected;
    this.lostBy = cause;
    this.dropConnection();
    if (this.isClosing) {
      this.finish(ClientState.Closed, KeeperState.Closed, ErrorCode.SessionExpired);
      return;
    }
    this.publicState = ClientState.Connecting;
    this.requests.failWithConnection(cause);
    this.auth.onConnectionLost();
    if (wasConnected) this.events.tellSession(KeeperState.Disconnected);
    this.attempt.onFailed(this.ports.clock.monotonicMs());
    this.phase = Phase.Waiting;
    this.ports.scheduler.requestTurn();
  }

  /** Leave the read-only server for one that can write, at once and without looking further. */
  private onRwServerFound(server: ServerAddress): void {
    this.onLost(new Error(`${this.serverText} is read-only, and another server is not`));
    if (this.phase !== Phase.Waiting) return; // it was closing
    this.attempt.goTo(server, this.ports.clock.monotonicMs());
  }

  // ---- endings ----------------------------------------------------------------------------------------------------

  private finish(state: ClientState, event: KeeperState, errorCode: number): void {
    if (this.phase === Phase.Over) return;
    this.phase = Phase.Over;
    this.publicState = state;
    this.overReason = errorCode;
    this.dropConnection();
    this.ports.scheduler.stop();
    this.requests.failAll(errorCode, null);
    this.auth.rejectAll(new KeeperError(errorCode));
    for (const waiter of this.connectedWaiters) waiter.fail(new KeeperError(errorCode));
    this.events.tellOver(event, this.watches.takeAll());
  }

  /** Of the connection that is, or of the attempt. */
  private get serverText(): string {
    const { host, port } = this.attempt.server;
    return `${host.includes(':') ? `[${host}]` : host}:${port}`;
  }

  private dropConnection(): void {
    this.rwServerSearch.stop();
    this.connection?.destroy();
    this.connection = null;
    this.sasl = null;
    this.outgoing.discard();
  }
}
