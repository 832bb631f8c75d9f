/**
 * One election connection from its first byte (ensemble-protocol 3.1 to 3.5): HELLO, then SASL if there is an authenticator, then
 * frames; or, when it was only a wake-up call, its end.
 *
 *   initiator   connecting -> (HELLO sent) authenticating -> greeted
 *   acceptor    hello      ->              authenticating -> greeted        greeted -> linked | ending
 *
 * What a greeted connection is for, its owner, QuorumCnxManager, decides; it alone calls `link`, `end` and `destroy`, and watches
 * the deadline. Bytes that came early are handed to whoever is next: nothing here waits for a read.
 */
import { assert } from '../base/assert.js';
import { HelloReader } from './hello.js';
import type { PeerAuthExchange, PeerAuthenticator } from './peer-authenticator.js';
import type { PeerAddress, PeerSocket, PeerSocketEvents } from './peer-network.js';
import { RecvWorker } from './recv-worker.js';
import { type SendQueue, SendWorker } from './send-worker.js';

export interface ConnectionOwner {
  /** The HELLO is written or read, and whatever authentication there is has been passed. */
  onGreeted(connection: ElectionConnection): void;
  onPayload(sid: number, bytes: Uint8Array, offset: number, length: number): void;
  /** The other side broke a rule, or was refused: it is to be ended or destroyed now. */
  onFault(connection: ElectionConnection, reason: string): void;
  /** Gone; it is told once, and not after `destroy`. */
  onClosed(connection: ElectionConnection, reason: string): void;
}

type Phase = 'connecting' | 'hello' | 'authenticating' | 'greeted' | 'linked' | 'ending' | 'closed';

export class ElectionConnection implements PeerSocketEvents {
  readonly isInitiator: boolean;
  /** Of the other side; of one that was accepted known from its HELLO, before that NaN. */
  sid: number;
  /** Where the other side says it listens. Of an accepted connection. */
  announced: readonly PeerAddress[] = [];
  /** Until it is linked. */
  deadlineMs: number;
  /** The other side has closed: nothing can be sent any more. */
  isGone = false;

  private readonly owner: ConnectionOwner;
  private readonly authenticator: PeerAuthenticator;
  /** Of an initiator: its own HELLO. */
  private readonly ownHello: Uint8Array | null;
  private readonly dialledHost: string;
  private readonly helloReader = new HelloReader();
  private socket: PeerSocket | null = null;
  /** Its owner had no more use for it, and did not lose it. */
  wasEnded = false;
  private phase: Phase;
  private exchange: PeerAuthExchange | null = null;
  private sendWorker: SendWorker | null = null;
  private recvWorker: RecvWorker | null = null;

  private constructor(
    owner: ConnectionOwner,
    authenticator: PeerAuthenticator,
    ownHello: Uint8Array | null,
    sid: number,
    dialledHost: string,
    deadlineMs: number,
  ) {
    this.owner = owner;
    this.authenticator = authenticator;
    this.ownHello = ownHello;
    this.isInitiator = ownHello !== null;
    this.phase = this.isInitiator ? 'connecting' : 'hello';
    this.sid = sid;
    this.dialledHost = dialledHost;
    this.deadlineMs = deadlineMs;
  }

  static initiate(
    owner: ConnectionOwner,
    authenticator: PeerAuthenticator,
    hello: Uint8Array,
    sid: number,
    host: string,
    deadlineMs: number,
  ): ElectionConnection {
    return new ElectionConnection(owner, authenticator, hello, sid, host, deadlineMs);
  }

  static accept(
    owner: ConnectionOwner,
    authenticator: PeerAuthenticator,
    socket: PeerSocket,
    deadlineMs: number,
  ): ElectionConnection {
    const connection = new ElectionConnection(owner, authenticator, null, Number.NaN, '', deadlineMs);
    connection.socket = socket;
    return connection;
  }

  /** Of an initiator, which is made before its socket. */
  attach(socket: PeerSocket): void {
    this.socket = socket;
  }

  get isLinked(): boolean {
    return this.phase === 'linked';
  }

  get remote(): string {
    return this.socket === null ? '' : `${this.socket.remoteAddress}:${this.socket.remotePort}`;
  }

  /** The present phase in words, for log lines. */
  get doing(): string {
    return this.phase;
  }

  // ---- what its owner does

  /** Frames from here on. */
  link(queue: SendQueue): void {
    assert(
      this.phase === 'greeted' && this.socket !== null && !this.isGone,
      'only a greeted connection becomes a link',
    );
    this.phase = 'linked';
    this.sendWorker = new SendWorker(this.socket, queue);
    this.recvWorker = new RecvWorker((bytes, offset, length) => this.owner.onPayload(this.sid, bytes, offset, length));
    this.sendWorker.start();
  }

  flush(): void {
    this.sendWorker?.flush();
  }

  /** Of an acceptor: it has had the time to begin its authentication. Without effect where silence is no answer. */
  takeSilence(): void {
    if (this.isInitiator || this.phase !== 'authenticating' || this.exchange === null) return;
    if (this.exchange.ended() === 'tolerated') this.greet();
  }

  /** Behind what has been written. The other side is given until the deadline. */
  end(): void {
    this.phase = 'ending';
    this.wasEnded = true;
    if (!this.isGone) this.socket?.end();
  }

  destroy(): void {
    this.phase = 'closed';
    this.recvWorker?.close();
    if (!this.isGone) this.socket?.destroy();
  }

  // ---- what the socket says

  onOpen(): void {
    if (this.phase !== 'connecting') return;
    assert(this.socket !== null && this.ownHello !== null, 'an initiator has its socket and its HELLO');
    // One write, and the very first: a reference server reads nothing else while it waits for it.
    this.socket.write(this.ownHello, 0, this.ownHello.length);
    this.authenticate(this.authenticator.asConnecting(this.sid, this.dialledHost));
  }

  onData(bytes: Uint8Array, length: number): void {
    let at = 0;
    if (this.phase === 'hello') {
      at = this.helloReader.feed(bytes, 0, length);
      if (!this.takeHello()) return;
    }
    // Also without bytes left: it was the HELLO that was waited for.
    if (this.phase === 'authenticating' && at < length) at += this.feedExchange(bytes, at, length - at);
    if (this.phase !== 'linked' || at === length) return;
    const fault = this.recvWorker?.onData(bytes, at, length - at) ?? null;
    if (fault !== null) this.owner.onFault(this, fault);
  }

  onDrain(): void {
    this.flush();
  }

  onClose(reason: string): void {
    if (this.phase === 'closed') return;
    this.isGone = true;
    if (this.phase === 'authenticating' && !this.isInitiator && this.exchange !== null) {
      // A wake-up call says nothing behind its HELLO, and may be over already.
      const outcome = this.exchange.ended();
      if (outcome === 'tolerated' || outcome === 'authenticated') this.greet();
    }
    this.phase = 'closed';
    this.recvWorker?.close();
    this.owner.onClosed(this, reason);
  }

  /** False: there is none yet, or never will be. */
  private takeHello(): boolean {
    const { hello, fault } = this.helloReader;
    if (fault !== null) this.owner.onFault(this, `its HELLO has ${fault}`);
    if (hello === null) return false;
    this.sid = hello.sid;
    this.announced = hello.addresses;
    this.authenticate(this.authenticator.asAccepting(this.socket?.remoteAddress ?? ''));
    return true;
  }

  private authenticate(exchange: PeerAuthExchange | null): void {
    this.phase = 'authenticating';
    this.exchange = exchange;
    if (exchange === null) {
      this.greet();
      return;
    }
    const first = exchange.start();
    if (first !== null) this.socket?.write(first, 0, first.length);
  }

  private feedExchange(bytes: Uint8Array, offset: number, length: number): number {
    const { exchange } = this;
    assert(exchange !== null, 'there is an exchange while it authenticates');
    const outcome = exchange.feed(bytes, offset, length);
    const { reply, consumed } = exchange;
    if (reply !== null) this.socket?.write(reply, 0, reply.length);
    if (outcome === 'refused') this.owner.onFault(this, exchange.reason);
    else if (outcome !== 'more') this.greet();
    return consumed;
  }

  private greet(): void {
    this.phase = 'greeted';
    this.exchange = null;
    this.owner.onGreeted(this);
  }
}
