/**
 * Servers' sockets on Node's: the shell behind `PeerNetwork`, plain, TLS, or either (ensemble-protocol 10.2).
 *
 * Lives on the thread of the actors that it was given to; one of it may serve several. Makes sockets, and knows nothing of what
 * they carry. What a stranger can do here is bounded: connections that have not shown yet what they speak are limited in time
 * and number, and the oldest one makes room for the newest.
 *
 *   plain            accepted -> moved -> accept(socket)
 *   TLS, or either   accepted -> first bytes -> handshake -> accept(socket)
 *                                            -> moved     -> accept(socket), or refused
 */
import { lookup } from 'node:dns';
import { createServer, type Server, Socket } from 'node:net';
import type { Logger } from '../actor/logger.js';
import { SeldomLogger } from '../actor/seldom-logger.js';
import { SystemClock } from '../actor/system-clock.js';
import type { PeerAddress, PeerListener, PeerNetwork, PeerSocket, PeerSocketEvents } from '../election/peer-network.js';
import { attemptPlain, ConnectionRace } from './connection-race.js';
import { detectFirstBytes } from './first-bytes.js';
import { MemberAddresses, plainAddress } from './member-addresses.js';
import { movedForReading, NodePeerSocket, readingThroughBuffer } from './node-peer-socket.js';
import { PendingConnections } from './pending-connections.js';
import type { QuorumTls, QuorumTlsPart } from './quorum-tls.js';

/** How long a connection may take to show what it speaks and, of TLS, until its handshake is done. */
const PENDING_MS_MAX = 10_000;
/** At a time, over all listeners: far beyond what an ensemble's members make. */
const PENDING_MAX = 512;

/** Plain data, as a thread is given it. */
export interface PeerNetworkOptions {
  /** SO_KEEPALIVE on every socket. */
  readonly keepAlive: boolean;
  /** Null: nobody speaks TLS. */
  readonly tls: QuorumTlsPart | null;
  /** Who comes from an address at which no member is, is not let in (CVE-2018-8012). */
  readonly refusesForeign: boolean;
}

type Accept = (socket: PeerSocket) => PeerSocketEvents | null;

export class NodePeerNetwork implements PeerNetwork {
  private readonly options: PeerNetworkOptions;
  private readonly log: Logger;
  private readonly seldom: SeldomLogger;
  private readonly pending: PendingConnections;
  private readonly members: MemberAddresses;
  private tls: Promise<QuorumTls> | null = null;

  constructor(options: PeerNetworkOptions, log: Logger) {
    const clock = new SystemClock();
    this.options = options;
    this.log = log;
    this.seldom = new SeldomLogger(log, clock);
    this.pending = new PendingConnections(PENDING_MAX, PENDING_MS_MAX, this.seldom);
    this.members = new MemberAddresses(clock);
  }

  /** The hosts of all members, as configured: who is foreign, and whose certificates are whose, is judged by them. */
  setMemberHosts(hosts: readonly string[]): void {
    this.members.setHosts(hosts);
  }

  listen(
    host: string | undefined,
    port: number,
    accept: Accept,
    onListening: (port: number) => void,
    onError: (error: Error) => void,
    noDelay = true,
  ): PeerListener {
    let isClosed = false;
    let isListening = false;
    let take = (accepted: Socket): void => this.takePlain(accepted, null, accept);
    const { keepAlive } = this.options;
    const server = createServer({ keepAlive, pauseOnConnect: true }, (accepted) => {
      if (noDelay) accepted.setNoDelay(true);
      this.unlessForeign(accepted, () => take(accepted));
    });
    server.on('error', (error) => {
      if (isClosed) return;
      // One connection that could not be accepted is no reason to give up all the others.
      if (isListening) this.seldom.warn('accept', `A connection could not be accepted: ${error.message}`);
      else onError(error);
    });
    const listenAt = (address: string | undefined): void => {
      if (isClosed) return;
      server.listen(address === undefined ? { port } : { port, host: address }, () => {
        isListening = true;
        if (!isClosed) onListening(portOf(server, port));
      });
    };
    const begin = (): void => {
      if (host === undefined) listenAt(undefined);
      else this.resolveOwn(host, listenAt, (error) => isClosed || onError(error));
    };
    const { tls } = this.options;
    if (tls === null) {
      begin();
    } else {
      this.loadTls(tls).then(
        (quorumTls) => {
          take = (accepted) => this.takeByFirstBytes(quorumTls, tls, accepted, accept);
          begin();
        },
        (error: Error) => isClosed || onError(error),
      );
    }
    return {
      close: (onClosed) => {
        isClosed = true;
        // The port is free at once; connections that were accepted here live on, so the server's own callback would wait for them.
        server.close();
        if (onClosed !== undefined) setImmediate(onClosed);
      },
    };
  }

  connect(addresses: readonly PeerAddress[], timeoutMs: number, events: PeerSocketEvents, noDelay = true): PeerSocket {
    const { tls } = this.options;
    let race: ConnectionRace | null = null;
    let isCancelled = false;
    const peer = new NodePeerSocket(() => {
      isCancelled = true;
      race?.cancel();
    });
    peer.listenWith(events);
    const isEncrypted = tls?.options.isRequired === true;
    const onWon = (socket: Socket): void => {
      if (noDelay) socket.setNoDelay(true);
      if (this.options.keepAlive) socket.setKeepAlive(true);
      peer.remoteAddress = socket.remoteAddress ?? '';
      peer.remotePort = socket.remotePort ?? 0;
      if (isEncrypted) peer.suspectRefusal();
      peer.adopt(socket, isEncrypted, isEncrypted);
      events.onOpen();
    };
    const onLost = (reason: string): void => peer.failOpening(reason);
    if (!isEncrypted) {
      const made = (): Socket =>
        new Socket(readingThroughBuffer(peer) as unknown as ConstructorParameters<typeof Socket>[0]);
      race = new ConnectionRace(addresses, timeoutMs, attemptPlain(made), onWon, onLost);
      return peer;
    }
    this.loadTls(tls).then(
      (quorumTls) => {
        if (!isCancelled) race = new ConnectionRace(addresses, timeoutMs, quorumTls.attempt, onWon, onLost);
      },
      (error: Error) => onLost(error.message),
    );
    return peer;
  }

  close(): void {
    this.pending.close();
    // Had loading failed, whoever wanted it would have been told.
    this.tls?.then(
      (tls) => tls.close(),
      () => {},
    );
  }

  /** What does TLS is loaded when it is wanted, and then serves everybody. */
  private loadTls(part: QuorumTlsPart): Promise<QuorumTls> {
    this.tls ??= import('./quorum-tls.js').then(
      ({ QuorumTls }) => new QuorumTls(part, this.members, this.log, this.seldom),
    );
    return this.tls;
  }

  /**
   * IPv4 before IPv6: of a name that stands for both, Java's servers listen on the former, and call it there. Node would take
   * whichever the system names first.
   */
  private resolveOwn(host: string, onResolved: (address: string) => void, onError: (error: Error) => void): void {
    lookup(host, { family: 0, order: 'ipv4first' } as { family: 0 }, (error, address) => {
      if (error === null) onResolved(address);
      else onError(error);
    });
  }

  /** Its address may have to be looked up; what it sends meanwhile waits in the system. */
  private unlessForeign(accepted: Socket, take: () => void): void {
    const { remoteAddress } = accepted;
    if (!this.options.refusesForeign || remoteAddress === undefined) {
      take();
      return;
    }
    const destroy = (): void => void accepted.destroy();
    accepted.on('error', destroy);
    this.pending.add(accepted, remoteAddress);
    this.members.isMember(plainAddress(remoteAddress), (isMember) => {
      this.pending.remove(accepted);
      accepted.removeListener('error', destroy);
      if (accepted.destroyed) return;
      if (isMember) {
        take();
        return;
      }
      this.seldom.warn(
        'foreign',
        `A connection from ${remoteAddress} is refused: no member of the ensemble is there (threadkeeper.quorum.foreignAddresses)`,
      );
      accepted.destroy();
    });
  }

  /** `first`: what has been read of it already. */
  private takePlain(accepted: Socket, first: Buffer | null, accept: Accept): void {
    const peer = this.newPeer(accepted);
    if (peer === null) return;
    const { socket, isMoved } = movedForReading(accepted, peer);
    peer.adopt(socket, false, !isMoved);
    if (!begin(peer, accept)) return;
    if (first !== null) peer.onBytes(first, first.length);
    peer.beginReading();
  }

  /** Nothing is done for a connection that has not sent anything: not even where nothing but TLS will do. */
  private takeByFirstBytes(tls: QuorumTls, part: QuorumTlsPart, accepted: Socket, accept: Accept): void {
    const peer = this.newPeer(accepted);
    if (peer === null) return;
    const takesPlain = !part.options.isRequired || part.options.takesPlain;
    accepted.on('error', () => accepted.destroy());
    this.pending.add(accepted, peer.remoteAddress);
    detectFirstBytes(accepted, takesPlain ? part.options.detectionMs : PENDING_MS_MAX, (isTls, first) => {
      if (isTls) {
        if (first !== null) accepted.unshift(first);
        this.secure(tls, accepted, peer, accept);
        return;
      }
      this.pending.remove(accepted);
      if (takesPlain) {
        this.takePlain(accepted, first, accept);
        return;
      }
      this.seldom.warn('plain', `A connection from ${peer.remoteAddress} that does not speak TLS is refused`);
      accepted.destroy();
    });
  }

  private secure(tls: QuorumTls, accepted: Socket, peer: NodePeerSocket, accept: Accept): void {
    tls.secure(
      accepted,
      (socket) => {
        this.pending.remove(accepted);
        peer.adopt(socket, true, true);
        begin(peer, accept);
      },
      (reason) => this.seldom.warn('certificate', `A connection from ${peer.remoteAddress} is refused: ${reason}`),
    );
  }

  /** Null: it has gone already. */
  private newPeer(accepted: Socket): NodePeerSocket | null {
    const { remoteAddress, remotePort } = accepted;
    if (remoteAddress === undefined || remotePort === undefined) {
      accepted.destroy();
      return null;
    }
    const peer = new NodePeerSocket(() => {});
    peer.remoteAddress = remoteAddress;
    peer.remotePort = remotePort;
    return peer;
  }
}

/** Whether the connection is wanted. */
function begin(peer: NodePeerSocket, accept: Accept): boolean {
  const events = accept(peer);
  if (events === null) peer.destroy();
  else peer.listenWith(events);
  return !peer.isOver;
}

function portOf(server: Server, port: number): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : port;
}
