/**
 * A network whose connections are authenticated before anybody sees them (ensemble-protocol 3.5, 10.1): on quorum ports SASL is the
 * very first that is said. Stands between the sockets and the quorum peer, and does to its owner what `PeerNetwork` promises: of a
 * connection that was refused he is told as of one that never was.
 *
 * Lives on the thread of its owner. A stranger costs one socket, one packet at most, and a limited time; of too many the oldest goes.
 */
import type { SeldomLogger } from '../actor/seldom-logger.js';
import type { PeerAuthExchange, PeerAuthenticator } from '../election/peer-authenticator.js';
import type { PeerAddress, PeerListener, PeerNetwork, PeerSocket, PeerSocketEvents } from '../election/peer-network.js';

/** Accepted and not yet authenticated, at a time. */
const WAITING_MAX = 256;

type Accept = (socket: PeerSocket) => PeerSocketEvents | null;

export class AuthenticatedPeerNetwork implements PeerNetwork {
  private readonly inner: PeerNetwork;
  private readonly authenticator: PeerAuthenticator;
  private readonly timeoutMs: number;
  private readonly log: SeldomLogger;
  /** Oldest first. */
  private readonly waiting = new Set<AcceptedConnection>();

  constructor(inner: PeerNetwork, authenticator: PeerAuthenticator, timeoutMs: number, log: SeldomLogger) {
    this.inner = inner;
    this.authenticator = authenticator;
    this.timeoutMs = timeoutMs;
    this.log = log;
  }

  listen(
    host: string | undefined,
    port: number,
    accept: Accept,
    onListening: (port: number) => void,
    onError: (error: Error) => void,
  ): PeerListener {
    return this.inner.listen(host, port, (socket) => this.take(socket, accept), onListening, onError);
  }

  connect(addresses: readonly PeerAddress[], timeoutMs: number, events: PeerSocketEvents): PeerSocket {
    // Which server is called does not matter to a password that they all share.
    const exchange = this.authenticator.asConnecting(-1, addresses[0]?.host ?? '');
    if (exchange === null) return this.inner.connect(addresses, timeoutMs, events);
    const opened = new OpenedConnection(exchange, events, this.timeoutMs);
    opened.socket = this.inner.connect(addresses, timeoutMs, opened);
    return opened;
  }

  close(): void {
    for (const connection of this.waiting) connection.refuse('the server stops');
    this.inner.close();
  }

  private take(socket: PeerSocket, accept: Accept): PeerSocketEvents | null {
    const exchange = this.authenticator.asAccepting(socket.remoteAddress);
    if (exchange === null) return accept(socket);
    if (this.waiting.size >= WAITING_MAX) {
      const [oldest] = this.waiting;
      oldest?.refuse('too many connections wait to be authenticated');
    }
    const connection = new AcceptedConnection(socket, exchange, accept, this.timeoutMs, (reason, isClosed) => {
      this.waiting.delete(connection);
      if (reason === '') return;
      const end = isClosed ? 'is closed' : 'is used all the same';
      this.log.warn(isClosed ? 'refused' : 'tolerated', `A connection from ${socket.remoteAddress} ${end}: ${reason}`);
    });
    this.waiting.add(connection);
    return connection;
  }
}

/** One that was accepted: its owner's from the moment that it is authenticated. */
class AcceptedConnection implements PeerSocketEvents {
  private readonly socket: PeerSocket;
  private readonly exchange: PeerAuthExchange;
  private readonly accept: Accept;
  private readonly onDecided: (reason: string, isClosed: boolean) => void;
  private readonly timer: NodeJS.Timeout;
  private owner: PeerSocketEvents | null = null;
  private isDecided = false;

  constructor(
    socket: PeerSocket,
    exchange: PeerAuthExchange,
    accept: Accept,
    timeoutMs: number,
    onDecided: (reason: string, isClosed: boolean) => void,
  ) {
    this.socket = socket;
    this.exchange = exchange;
    this.accept = accept;
    this.onDecided = onDecided;
    this.timer = setTimeout(() => this.refuse(`it said nothing in ${timeoutMs} ms`), timeoutMs);
  }

  onOpen(): void {}

  onData(bytes: Uint8Array, length: number): void {
    if (this.owner !== null) {
      this.owner.onData(bytes, length);
      return;
    }
    if (this.isDecided) return;
    const outcome = this.exchange.feed(bytes, 0, length);
    const { reply, consumed, reason } = this.exchange;
    if (reply !== null) this.socket.write(reply, 0, reply.length);
    if (outcome === 'more') return;
    if (outcome === 'refused') {
      this.decide(reason, true);
      // What it is told goes before the end.
      this.socket.end();
      return;
    }
    this.decide(reason, false);
    this.owner = this.accept(this.socket);
    if (this.owner === null) this.socket.destroy();
    else if (consumed < length) this.owner.onData(bytes.subarray(consumed, length), length - consumed);
  }

  onDrain(): void {
    this.owner?.onDrain();
  }

  onClose(reason: string): void {
    if (!this.isDecided) this.decide('', true);
    this.owner?.onClose(reason);
  }

  refuse(reason: string): void {
    if (this.isDecided) return;
    this.decide(reason, true);
    this.socket.destroy();
  }

  private decide(reason: string, isClosed: boolean): void {
    this.isDecided = true;
    clearTimeout(this.timer);
    this.onDecided(reason, isClosed);
  }
}

/** One that this server opened: open for its owner when it is authenticated. */
class OpenedConnection implements PeerSocket, PeerSocketEvents {
  socket: PeerSocket | null = null;
  private readonly exchange: PeerAuthExchange;
  private readonly owner: PeerSocketEvents;
  private readonly timeoutMs: number;
  private timer: NodeJS.Timeout | null = null;
  private phase: 'opening' | 'authenticating' | 'open' | 'over' = 'opening';

  constructor(exchange: PeerAuthExchange, owner: PeerSocketEvents, timeoutMs: number) {
    this.exchange = exchange;
    this.owner = owner;
    this.timeoutMs = timeoutMs;
  }

  get remoteAddress(): string {
    return this.socket?.remoteAddress ?? '';
  }

  get remotePort(): number {
    return this.socket?.remotePort ?? 0;
  }

  get queuedBytes(): number {
    return this.socket?.queuedBytes ?? 0;
  }

  onOpen(): void {
    this.phase = 'authenticating';
    this.timer = setTimeout(() => this.fail(`no answer to authentication in ${this.timeoutMs} ms`), this.timeoutMs);
    this.send(this.exchange.start());
  }

  onData(bytes: Uint8Array, length: number): void {
    if (this.phase === 'open') {
      this.owner.onData(bytes, length);
      return;
    }
    if (this.phase !== 'authenticating') return;
    const outcome = this.exchange.feed(bytes, 0, length);
    const { consumed, reason } = this.exchange;
    this.send(this.exchange.reply);
    if (outcome === 'more') return;
    if (outcome === 'refused') {
      this.fail(reason);
      return;
    }
    this.stopTimer();
    this.phase = 'open';
    this.owner.onOpen();
    if (consumed < length && this.isOpen()) {
      this.owner.onData(bytes.subarray(consumed, length), length - consumed);
    }
  }

  onDrain(): void {
    if (this.phase === 'open') this.owner.onDrain();
  }

  onClose(reason: string): void {
    this.stopTimer();
    if (this.phase === 'over') return;
    const wasAuthenticating = this.phase === 'authenticating';
    this.phase = 'over';
    this.owner.onClose(wasAuthenticating ? `${reason}, during authentication` : reason);
  }

  write(bytes: Uint8Array, offset: number, length: number): boolean {
    return this.socket?.write(bytes, offset, length) ?? true;
  }

  pause(): void {
    this.socket?.pause();
  }

  resume(): void {
    this.socket?.resume();
  }

  end(): void {
    this.socket?.end();
  }

  destroy(): void {
    this.stopTimer();
    this.phase = 'over';
    this.socket?.destroy();
  }

  private send(bytes: Uint8Array | null): void {
    if (bytes !== null) this.socket?.write(bytes, 0, bytes.length);
  }

  /** From within a callback or the timer only, so the owner may be told at once. */
  private fail(reason: string): void {
    this.destroy();
    this.owner.onClose(reason);
  }

  /** Its owner may have done anything in the meantime. */
  private isOpen(): boolean {
    return this.phase === 'open';
  }

  private stopTimer(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }
}
