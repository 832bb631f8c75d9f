// The client's state machine: finds a server, opens or re-opens the session, sends requests in order and matches replies
// in order, keeps the session alive, and says when it is over. Owned by one ZooKeeper, lives on its thread. It only
// reacts: to calls, to its connection, to turns. It must never read a clock, a random source or a socket that it was not
// given, and never call user code from inside itself (promises and events reach it in microtasks, in wire order).
// Its phases are drawn in client-phase.ts.

import { assert } from '../base/assert.js';
import type { JuteError } from '../jute/jute-error.js';
import { JuteReader } from '../jute/jute-reader.js';
import type { JuteWriter } from '../jute/jute-writer.js';
import { decodeConnectResponse } from '../protocol/connect.js';
import { ErrorCode } from '../protocol/error-code.js';
import { OpCode, Xid } from '../protocol/op-code.js';
import { encodeWatchesRequest } from '../protocol/requests.js';
import { KeeperState } from '../protocol/watch-event.js';
import type { AbortSignals } from './abort-signals.js';
import { AuthLedger } from './auth-ledger.js';
import { CallLimits } from './call-limits.js';
import { type CallOptions, NO_CALL_OPTIONS } from './call-options.js';
import type { Chroot } from './chroot.js';
import { ClientDeadlines, Due } from './client-deadlines.js';
import { Phase } from './client-phase.js';
import { ClientSession, type SessionHandle, type SessionSettings } from './client-session.js';
import { ClientState } from './client-state.js';
import { ClientWatchManager } from './client-watch-manager.js';
import type { ServerAddress } from './connect-string.js';
import { ConnectedWaiter } from './connected-waiter.js';
import type { HostProvider } from './host-provider.js';
import { KeeperError } from './keeper-error.js';
import { type Operation, type Outstanding, OutstandingRequest } from './outstanding-request.js';
import { ReplyReader } from './reply-reader.js';
import { type EncodeRecord, RequestQueue } from './request-queue.js';
import { RwServerSearch } from './rw-server-search.js';
import { SaslConversation } from './sasl-conversation.js';
import type { SaslMechanism } from './sasl-mechanism.js';
import { ServerAttempt } from './server-attempt.js';
import { ServerLink } from './server-link.js';
import { SessionEvents } from './session-events.js';
import { writeCredentialsAndWatches } from './session-renewal.js';
import type { ClientPorts } from './transport.js';
import { type WatchRemoval, WatchRemovalRequest } from './watch-removal-request.js';
import type { Watcher } from './watched-event.js';

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

  private readonly link: ServerLink;
  private readonly requests: RequestQueue;
  private readonly replies: ReplyReader;
  private readonly limits: CallLimits;
  private readonly auth = new AuthLedger();
  private sasl: SaslConversation | null = null; // exactly while authenticating

  private readonly attempt: ServerAttempt;
  private readonly deadlines: ClientDeadlines;
  private readonly rwServerSearch: RwServerSearch; // searching exactly while connected read-only
  private lostBy: Error | null = null; // why there is no session, or why the last connection went

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
    this.link = new ServerLink(ports, settings.frameBytesMax, {
      onDialed: () => this.onDialed(),
      onFrame: (bytes, start, end) => this.onFrame(bytes, start, end),
      onDrain: () => ports.scheduler.requestTurn(),
      onGarbage: (error) => this.onGarbage(error),
      onClose: (error) => this.onLost(error ?? this.closedByServer()),
    });
    this.requests = new RequestQueue(this.link.outgoing, this.watches, settings.xidFirst);
    this.replies = new ReplyReader(this.session, this.requests, this.watches, this.events, this.auth);
    this.limits = new CallLimits(ports.clock, ports.scheduler);
    const nowMs = ports.clock.monotonicMs();
    this.attempt = new ServerAttempt(hosts, ports.prng, nowMs);
    this.deadlines = new ClientDeadlines(this.session, this.link, this.attempt, hosts, nowMs);
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

  get abortSignals(): AbortSignals {
    return this.limits.abortSignals;
  }

  /** Until the local estimate gives the session up; infinite while there is none, 0 when it is over. */
  get expiresInMs(): number {
    if (this.phase === Phase.Over) return 0;
    return Math.max(0, this.deadlines.expiryAtMs - this.ports.clock.monotonicMs());
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
      this.auth.write(this.link.outgoing.begin(), index);
      this.link.outgoing.end();
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
      this.limits.add(waiter, timeoutMs, signal, () => this.connectedWaiters.delete(waiter));
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
    this.link.pause();
  }

  resumeReading(): void {
    this.link.resume();
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
    if (timeoutMs > 0 || signal !== undefined) this.limits.add(request, timeoutMs, signal);
  }

  /** A method, because the compiler would otherwise believe that nothing in between can change the phase. */
  private get isOver(): boolean {
    return this.phase === Phase.Over;
  }

  // ---- turns and deadlines ----------------------------------------------------------------------------------------

  private onTurn(): void {
    if (this.isOver) return;
    const nowMs = this.ports.clock.monotonicMs();
    this.doWhatIsDue(nowMs);
    if (this.isOver) return;
    this.limits.abandonOverdue(nowMs, this.phase === Phase.Connected ? null : this.lostBy);
    this.link.flush(nowMs);
    this.ports.scheduler.wakeAtMs(
      Math.min(this.deadlines.nextMs(this.phase), this.limits.nextDeadlineMs, this.rwServerSearch.nextDeadlineMs),
    );
  }

  private doWhatIsDue(nowMs: number): void {
    switch (this.deadlines.dueAt(nowMs, this.phase)) {
      case Due.expiry:
        this.finish(ClientState.Closed, KeeperState.Expired, ErrorCode.SessionExpired);
        return;
      case Due.attempt:
        this.dial(nowMs);
        break;
      case Due.silence:
        this.onSilence(this.deadlines.silentMs(nowMs, this.phase));
        break;
      case Due.ping:
        this.writePing();
        break;
      case Due.nothing:
        break;
    }
    this.rwServerSearch.onTurn(nowMs);
  }

  private writePing(): void {
    const w = this.link.outgoing.begin();
    w.writeInt(Xid.ping);
    w.writeInt(OpCode.ping);
    this.link.outgoing.end();
  }

  // ---- connecting -------------------------------------------------------------------------------------------------

  private dial(nowMs: number): void {
    this.phase = Phase.Dialing;
    this.deadlines.phaseSinceMs = nowMs;
    this.link.dial(this.attempt.server);
  }

  private onDialed(): void {
    assert(this.phase === Phase.Dialing, 'dialed, but nobody asked for it');
    const nowMs = this.ports.clock.monotonicMs();
    this.phase = Phase.Handshaking;
    this.deadlines.phaseSinceMs = nowMs;
    // Nothing follows it before the response: requests are not written while no session is open.
    this.session.encodeConnectRequest(this.link.outgoing.begin(), this.settings);
    this.link.outgoing.end();
    this.link.flush(nowMs);
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
    this.link.lastSentMs = nowMs;
    if (this.session.isReadOnly) this.rwServerSearch.start(nowMs);
    writeCredentialsAndWatches(this.link.outgoing, this.auth, this.watches, this.zxidSeen);
    this.requests.writeDeferred();
    this.events.tellSession(this.session.isReadOnly ? KeeperState.ConnectedReadOnly : KeeperState.SyncConnected);
    if (usedSasl) this.events.tellSession(KeeperState.SaslAuthenticated);
    for (const waiter of this.connectedWaiters) waiter.onConnected();
    this.ports.scheduler.requestTurn();
  }

  // ---- SASL -------------------------------------------------------------------------------------------------------

  private authenticate(mechanism: SaslMechanism): void {
    this.phase = Phase.Authenticating;
    this.deadlines.phaseSinceMs = this.ports.clock.monotonicMs();
    this.sasl = new SaslConversation(mechanism, this.link.outgoing, () => this.requests.takeXid());
    this.sasl.begin();
    this.ports.scheduler.requestTurn();
  }

  // ---- the connection speaks --------------------------------------------------------------------------------------

  private onFrame(bytes: Uint8Array, start: number, end: number): void {
    const r = new JuteReader(bytes, start, end, this.settings.frameBytesMax);
    if (this.phase === Phase.Handshaking) {
      this.onConnectResponse(r);
      return;
    }
    switch (this.replies.accept(r, this.sasl)) {
      case 'apart':
        break;
      case 'settled':
        // closeSession was the last one: the session is gone, the server closes after this reply.
        if (this.isClosing && this.requests.isEmpty) {
          this.finish(ClientState.Closed, KeeperState.Closed, ErrorCode.SessionExpired);
        }
        break;
      case 'waiting':
        this.ports.scheduler.requestTurn();
        break;
      case 'done':
        this.onReady();
        break;
      case 'refused':
        this.finish(ClientState.AuthFailed, KeeperState.AuthFailed, ErrorCode.AuthFailed);
        break;
    }
  }

  private onGarbage(error: JuteError): void {
    this.onLost(new Error(`${this.serverText} sent what no server sends: ${error.message}`, { cause: error }));
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
    this.link.drop();
    this.sasl = null;
  }
}
