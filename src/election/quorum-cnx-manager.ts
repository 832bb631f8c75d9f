/**
 * The election's connections (ensemble-protocol 3): one link per pair of servers, kept by the one with the larger sid, and for every
 * peer a queue of one message. Everything goes over the PeerNetwork; time comes by `tick`.
 *
 *   connectOne(sid)  -> initiator's connection: HELLO, SASL -> own sid larger: the link; smaller: closed, it was a wake-up call
 *   somebody's HELLO -> acceptor's connection                -> own sid larger: closed, and connected back; smaller: the link
 *
 * Owned by ElectionActor, on its thread. Never connects by itself: only when there is something to send, when it is told to, or
 * because somebody called. Nothing waits for anything: many handshakes may be under way, each with a deadline of its own.
 */
import type { Logger } from '../actor/logger.js';
import type { SeldomLogger } from '../actor/seldom-logger.js';
import { type ConnectionOwner, ElectionConnection } from './election-connection.js';
import type { LinkState } from './election-port.js';
import { encodeHello } from './hello.js';
import type { PeerAuthenticator } from './peer-authenticator.js';
import type { PeerAddress, PeerNetwork, PeerSocket, PeerSocketEvents } from './peer-network.js';
import type { QuorumMember, QuorumVerifier } from './quorum-verifier.js';
import type { SendQueue } from './send-worker.js';

export interface CnxSettings {
  readonly myId: number;
  readonly multiAddress: boolean;
  /** False: a server that no configuration knows is refused. */
  readonly reconfigEnabled: boolean;
  readonly cnxTimeoutMs: number;
  readonly handshakeTimeoutMs: number;
}

/** What comes of it. Called from within callbacks of the network; may call back. */
export interface CnxEvents {
  onMessage(sid: number, bytes: Uint8Array, offset: number, length: number): void;
  /** A link is there, and nothing was sent over it yet: what is sent now goes first. */
  onConnected(sid: number): void;
  /** A link broke, and no other has taken its place. */
  onLost(sid: number): void;
}

/** What is known of one server, member or not. */
interface Peer extends SendQueue {
  readonly sid: number;
  link: ElectionConnection | null;
  /** An attempt of ours that has not become a link yet. */
  attempt: ElectionConnection | null;
  /** There was a link since it last called. */
  wasUp: boolean;
  /** The other side, whose the link is, was woken: until then it is not called again. */
  wokenUntilMs: number;
}

/** Accepted connections that have not said who they are. A member does so at once: when there are more, the oldest is none. */
const UNGREETED_MAX = 256;
/** Servers that no configuration knows, about to join or removed: a connection is all there is of them. */
const STRANGERS_MAX = 64;
/** A second wake-up call while the other side is connecting back would make it drop what it has just made. */
const WAKE_UP_MS = 300;
/**
 * Who authenticates himself begins right behind his HELLO; one who does not may have nothing to say for long, and is not waited for
 * where that is no must. Shorter than WAKE_UP_MS: another wake-up call would end what is waiting here.
 */
const SILENCE_MS = 150;

export class QuorumCnxManager implements ConnectionOwner {
  private readonly settings: CnxSettings;
  private readonly network: PeerNetwork;
  private readonly authenticator: PeerAuthenticator;
  private readonly events: CnxEvents;
  private readonly log: Logger;
  /** For what a stranger can make happen as often as he likes. */
  private readonly seldom: SeldomLogger;
  private committed: QuorumVerifier;
  private lastSeen: QuorumVerifier;
  private own: QuorumMember;
  private nowMs = 0;

  /** Members, in so far as there was anything to send or to hear, and strangers while they are connected. */
  private readonly peers = new Map<number, Peer>();
  /** Everything that is not a link: attempts, handshakes, and what is ending. */
  private readonly pending = new Set<ElectionConnection>();
  /** Those of them that were accepted and have not passed their handshake, oldest first. */
  private readonly ungreeted = new Set<ElectionConnection>();

  /** `own`: this server as a member, or as one that is about to be. */
  constructor(
    settings: CnxSettings,
    network: PeerNetwork,
    authenticator: PeerAuthenticator,
    events: CnxEvents,
    log: Logger,
    seldom: SeldomLogger,
    committed: QuorumVerifier,
    lastSeen: QuorumVerifier,
    own: QuorumMember,
  ) {
    this.settings = settings;
    this.network = network;
    this.authenticator = authenticator;
    this.events = events;
    this.log = log;
    this.seldom = seldom;
    this.committed = committed;
    this.lastSeen = lastSeen;
    this.own = own;
  }

  /** Links stay as they are. */
  configs(committed: QuorumVerifier, lastSeen: QuorumVerifier, own: QuorumMember): void {
    this.committed = committed;
    this.lastSeen = lastSeen;
    this.own = own;
  }

  /** Time for what follows, until told again. */
  now(nowMs: number): void {
    this.nowMs = nowMs;
  }

  /** Handshakes that took too long. */
  tick(): void {
    const { handshakeTimeoutMs } = this.settings;
    for (const connection of this.pending) {
      if (this.nowMs >= connection.deadlineMs - handshakeTimeoutMs + SILENCE_MS) connection.takeSilence();
    }
    for (const connection of this.pending) {
      if (this.nowMs < connection.deadlineMs) continue;
      const { doing, remote, isInitiator } = connection;
      connection.destroy();
      this.forget(connection);
      if (doing === 'ending') continue;
      const kind = isInitiator ? 'no answer' : 'silent';
      this.seldom.warn(kind, `Election connection with ${remote || 'nobody yet'} given up: still ${doing}`);
    }
  }

  toSend(sid: number, message: Uint8Array): void {
    const peer = this.peerOf(sid);
    if (peer === null) return;
    peer.unsent = message;
    if (peer.link !== null) peer.link.flush();
    else this.connectOne(sid);
  }

  haveDelivered(): boolean {
    for (const peer of this.peers.values()) if (peer.unsent === null) return true;
    return false;
  }

  connectAll(): void {
    for (const sid of [...this.peers.keys()]) this.connectOne(sid);
  }

  linkOf(sid: number): LinkState {
    const peer = this.peers.get(sid);
    if (peer === undefined) return 'never';
    if (peer.link !== null) return 'up';
    return peer.wasUp ? 'lost' : 'never';
  }

  /** The link to that server is given up for another: it may lead nowhere, and nobody tells. */
  renew(sid: number): void {
    const peer = this.peers.get(sid);
    if (peer === undefined || peer.link === null) return;
    this.log.info(`Election connection with server ${sid} (${peer.link.remote}) is silent: made anew`);
    peer.link.destroy();
    peer.link = null;
    peer.wasUp = false;
    this.connectOne(sid);
  }

  /** The addresses are looked up anew each time. */
  connectOne(sid: number): void {
    const peer = this.peerOf(sid);
    if (peer === null || peer.link !== null || peer.attempt !== null || this.nowMs < peer.wokenUntilMs) return;
    const addresses = this.addressesOf(sid);
    if (addresses.length > 0) {
      this.attempt(peer, addresses);
      return;
    }
    this.seldom.warn('unknown', `No address of server ${sid}: it is in no configuration`);
    this.forgetStranger(peer);
  }

  /** A new connection of somebody else's making. */
  accept(socket: PeerSocket): PeerSocketEvents {
    if (this.ungreeted.size >= UNGREETED_MAX) this.refuseOldest();
    const deadlineMs = this.nowMs + this.settings.handshakeTimeoutMs;
    const connection = ElectionConnection.accept(this, this.authenticator, socket, deadlineMs);
    this.pending.add(connection);
    this.ungreeted.add(connection);
    return connection;
  }

  /** Every connection ends, and nothing is remembered. */
  close(): void {
    for (const connection of this.pending) connection.destroy();
    for (const peer of this.peers.values()) peer.link?.destroy();
    this.pending.clear();
    this.ungreeted.clear();
    this.peers.clear();
  }

  // ---- what connections say

  onGreeted(connection: ElectionConnection): void {
    const { sid } = connection;
    const { myId } = this.settings;
    this.ungreeted.delete(connection);
    if (sid === myId) {
      this.seldom.warn('own', `Election connection from ${connection.remote} says it is this server (${myId}): closed`);
      connection.end();
    } else if (!this.settings.reconfigEnabled && !this.isMember(sid)) {
      this.seldom.warn(
        'stranger',
        `Election connection from ${connection.remote} closed: nobody knows a server ${sid}`,
      );
      connection.end();
    } else if (connection.isInitiator) {
      if (sid > myId) this.endWakeUpCall(connection);
      else this.becomeLink(connection);
    } else if (sid > myId) {
      this.becomeLink(connection);
    } else {
      this.connectBack(connection);
    }
  }

  onPayload(sid: number, bytes: Uint8Array, offset: number, length: number): void {
    this.events.onMessage(sid, bytes, offset, length);
  }

  onFault(connection: ElectionConnection, reason: string): void {
    const who = Number.isNaN(connection.sid) ? connection.remote : `server ${connection.sid} (${connection.remote})`;
    this.seldom.warn('fault', `Election connection with ${who} closed: ${reason}`);
    this.ungreeted.delete(connection);
    if (!connection.isLinked) {
      // It may have been told why, and is given until its deadline to read it.
      connection.end();
      return;
    }
    connection.destroy();
    this.lose(connection);
  }

  onClosed(connection: ElectionConnection, reason: string): void {
    if (this.pending.has(connection)) {
      this.forget(connection);
      if (connection.isInitiator && !connection.wasEnded) {
        const where = this.addressesOf(connection.sid)
          .map(({ host, port }) => `${host}:${port}`)
          .join('|');
        this.log.warn(`Cannot open channel to ${connection.sid} at election address ${where}: ${reason}`);
      }
      return;
    }
    this.log.info(`Election connection with server ${connection.sid} broke: ${reason}`);
    this.lose(connection);
  }

  // ---- links

  private becomeLink(connection: ElectionConnection): void {
    this.forget(connection);
    if (connection.isGone) return;
    const peer = this.peerOf(connection.sid);
    if (peer === null) {
      connection.destroy();
      return;
    }
    peer.link?.destroy();
    peer.link = connection;
    peer.wasUp = true;
    this.events.onConnected(peer.sid);
    connection.link(peer);
  }

  private endWakeUpCall(connection: ElectionConnection): void {
    connection.end();
    const peer = this.peers.get(connection.sid);
    if (peer === undefined) return;
    if (peer.attempt === connection) peer.attempt = null;
    peer.wokenUntilMs = this.nowMs + WAKE_UP_MS;
  }

  /** The caller's sid is smaller: whatever there was with it is not what it has in its hands any more. */
  private connectBack(connection: ElectionConnection): void {
    const peer = this.peerOf(connection.sid);
    connection.end();
    if (peer === null) return;
    peer.link?.destroy();
    peer.link = null;
    peer.wasUp = false;
    if (peer.attempt !== null) return;
    const { announced } = connection;
    if (announced.length > 0) this.attempt(peer, announced);
    else this.connectOne(peer.sid);
  }

  private attempt(peer: Peer, addresses: readonly PeerAddress[]): void {
    const { myId, multiAddress, cnxTimeoutMs, handshakeTimeoutMs } = this.settings;
    const ownAddresses = this.own.addresses.map(({ host, electionPort }) => ({ host, port: electionPort }));
    const connection = ElectionConnection.initiate(
      this,
      this.authenticator,
      encodeHello(myId, ownAddresses, multiAddress),
      peer.sid,
      addresses[0].host,
      this.nowMs + cnxTimeoutMs + handshakeTimeoutMs,
    );
    peer.attempt = connection;
    this.pending.add(connection);
    connection.attach(this.network.connect(addresses, cnxTimeoutMs, connection));
  }

  private lose(connection: ElectionConnection): void {
    const peer = this.peers.get(connection.sid);
    if (peer === undefined || peer.link !== connection) return;
    peer.link = null;
    this.events.onLost(peer.sid);
    this.forgetStranger(peer);
  }

  private refuseOldest(): void {
    for (const oldest of this.ungreeted) {
      this.seldom.warn('many', `Too many election connections that do not say who they are: ${oldest.remote} closed`);
      oldest.destroy();
      this.forget(oldest);
      return;
    }
  }

  private forget(connection: ElectionConnection): void {
    this.pending.delete(connection);
    this.ungreeted.delete(connection);
    const peer = this.peers.get(connection.sid);
    if (peer === undefined || peer.attempt !== connection) return;
    peer.attempt = null;
    this.forgetStranger(peer);
  }

  private forgetStranger(peer: Peer): void {
    if (peer.link === null && peer.attempt === null && !this.isMember(peer.sid)) this.peers.delete(peer.sid);
  }

  /** Null: there are too many that nobody knows. */
  private peerOf(sid: number): Peer | null {
    const known = this.peers.get(sid);
    if (known !== undefined) return known;
    if (!this.isMember(sid) && this.strangerCount() >= STRANGERS_MAX) return null;
    const peer: Peer = { sid, unsent: null, lastSent: null, link: null, attempt: null, wasUp: false, wokenUntilMs: 0 };
    this.peers.set(sid, peer);
    return peer;
  }

  private strangerCount(): number {
    let count = 0;
    for (const sid of this.peers.keys()) if (!this.isMember(sid)) count++;
    return count;
  }

  private isMember(sid: number): boolean {
    return this.committed.member(sid) !== undefined || this.lastSeen.member(sid) !== undefined;
  }

  /** Those of the committed configuration first, then others that the last seen one has. */
  private addressesOf(sid: number): readonly PeerAddress[] {
    const addresses: PeerAddress[] = [];
    for (const config of [this.committed, this.lastSeen]) {
      for (const { host, electionPort } of config.member(sid)?.addresses ?? []) {
        if (!addresses.some((known) => known.host === host && known.port === electionPort)) {
          addresses.push({ host, port: electionPort });
        }
      }
    }
    return addresses;
  }
}
