/**
 * The shell of an election: FastLeaderElection decides, QuorumCnxManager has the connections, ElectionListener the ports; this actor
 * gives them the time and the network and carries records between them and the quorum peer (election-records.ts).
 *
 * Lives on a thread with an event loop, since it owns sockets. Callbacks of sockets are worked off at once, outside of turns; what they
 * send to the quorum peer goes with the turn they ask for. It decides nothing by itself, and keeps no file.
 */
import type { Actor, ActorContext } from '../actor/actor.js';
import type { MailboxSender, RecordHandler } from '../actor/mailbox/mailbox.js';
import { SeldomLogger } from '../actor/seldom-logger.js';
import { AssertionError, assert } from '../base/assert.js';
import { hex64 } from '../base/int64.js';
import { ElectionListener } from './election-listener.js';
import type { ElectionPort, LinkState } from './election-port.js';
import {
  ElectionRecord,
  readAppoint,
  readConfigs,
  readEstablished,
  readLook,
  sendElected,
  sendGossip,
  sendVoterLooking,
} from './election-records.js';
import { FastLeaderElection } from './fast-leader-election.js';
import { decodeNotification, encodeNotification, type Notification } from './notification.js';
import { noPeerAuthentication, type PeerAuthenticator } from './peer-authenticator.js';
import type { PeerNetwork } from './peer-network.js';
import { type CnxEvents, QuorumCnxManager } from './quorum-cnx-manager.js';
import { parseQuorumConfigText } from './quorum-config-text.js';
import type { QuorumMember, QuorumVerifier } from './quorum-verifier.js';
import { type DecidedState, PeerState, type Vote } from './vote.js';

/** Plain data. */
export interface ElectionOptions {
  readonly myId: number;
  readonly cnxTimeoutMs: number;
  readonly handshakeTimeoutMs: number;
  readonly notificationMsMin: number;
  readonly notificationMsMax: number;
  readonly multiAddress: boolean;
  readonly listenOnAllIps: boolean;
  /** Attempts to bind the election port, a second apart; 0: for ever. */
  readonly bindRetries: number;
  readonly reconfigEnabled: boolean;
  /** The committed configuration at the start; this server is in it, or in the last seen one. */
  readonly configText: string;
  /** Null: the same. */
  readonly lastSeenText: string | null;
}

/** Nobody can reach this server's election port, so it can take no part in elections. */
export class ElectionPortError extends Error {
  override readonly name = 'ElectionPortError';
  readonly exitCode = 14;
}

const CALL_TICK_MS = 10;
/** A call that begins has its first tick within this: far less than the shortest time it waits. */
const REST_TICK_MS = 100;

const STATE_NAMES = ['LOOKING', 'FOLLOWING', 'LEADING', 'OBSERVING'] as const;

export class ElectionActor implements Actor, ElectionPort, CnxEvents {
  readonly inboxes: Record<string, RecordHandler>;
  /** Of the two that tell each other, the one that never waits. */
  readonly alwaysDrains = true;

  private readonly context: ActorContext;
  private readonly options: ElectionOptions;
  private readonly toQuorumPeer: MailboxSender;
  private readonly connections: QuorumCnxManager;
  private readonly listener: ElectionListener;
  private readonly election: FastLeaderElection;
  private readonly seldom: SeldomLogger;
  private configText: string;
  private own: QuorumMember;

  constructor(
    context: ActorContext,
    network: PeerNetwork,
    options: ElectionOptions,
    authenticator: PeerAuthenticator = noPeerAuthentication,
  ) {
    const { myId } = options;
    this.context = context;
    this.options = options;
    this.toQuorumPeer = context.outbox('quorum-peer');
    this.inboxes = { 'quorum-peer': this.onRecord };
    const committed = parseQuorumConfigText(options.configText);
    const lastSeen = options.lastSeenText === null ? committed : parseQuorumConfigText(options.lastSeenText);
    const own = committed.member(myId) ?? lastSeen.member(myId);
    assert(own !== undefined, 'this server is a member when it starts');
    this.own = own;
    this.configText = committed.toText();
    this.seldom = new SeldomLogger(context.log, context.clock);
    this.connections = new QuorumCnxManager(
      options,
      network,
      authenticator,
      this,
      context.log,
      this.seldom,
      committed,
      lastSeen,
      own,
    );
    this.listener = new ElectionListener(
      network,
      options,
      (socket) => {
        this.connections.now(this.context.clock.monotonicMs());
        return this.connections.accept(socket);
      },
      (reason) => this.context.fatal(new ElectionPortError(reason)),
      context.log,
    );
    this.election = new FastLeaderElection(myId, this, options, committed, lastSeen);
  }

  /** Fine while a call waits for something; a server at rest is not woken more often than its handshakes need. */
  get tickMs(): number {
    return this.election.isCalling ? CALL_TICK_MS : REST_TICK_MS;
  }

  onStart(): void {
    const nowMs = this.context.clock.monotonicMs();
    this.connections.now(nowMs);
    this.listener.open(this.own, nowMs);
  }

  onTick(nowMs: number): void {
    this.connections.now(nowMs);
    this.connections.tick();
    this.listener.tick(nowMs);
    this.election.tick(nowMs);
  }

  onStop(): void {
    this.listener.close();
    this.connections.close();
  }

  // ---- from the quorum peer

  private readonly onRecord: RecordHandler = (type, bytes, words, offset) => {
    const nowMs = this.context.clock.monotonicMs();
    this.connections.now(nowMs);
    switch (type) {
      case ElectionRecord.configs: {
        const { committedText, lastSeenText, restart } = readConfigs(bytes, words, offset);
        const committed = parseQuorumConfigText(committedText);
        const lastSeen = lastSeenText === null ? committed : parseQuorumConfigText(lastSeenText);
        this.onConfigs(committed, lastSeen, restart, nowMs);
        return;
      }
      case ElectionRecord.look: {
        const { zxidHi, zxidLo, currentEpoch, mayVote } = readLook(words, offset);
        this.context.log.info(`New election. My id = ${this.options.myId}, proposed zxid=0x${hex64(zxidHi, zxidLo)}`);
        this.election.look(zxidHi, zxidLo, currentEpoch, mayVote, nowMs);
        return;
      }
      case ElectionRecord.leave:
        this.election.leave();
        return;
      case ElectionRecord.announce:
        this.election.announce();
        return;
      case ElectionRecord.established:
        this.election.established(readEstablished(words, offset));
        return;
      case ElectionRecord.appoint: {
        const { state, leader, zxidHi, zxidLo } = readAppoint(words, offset);
        this.election.appoint(state, leader, zxidHi, zxidLo);
        return;
      }
      default:
        throw new AssertionError(`the quorum peer sends no record ${type} to the election`);
    }
  };

  private onConfigs(committed: QuorumVerifier, lastSeen: QuorumVerifier, restart: boolean, nowMs: number): void {
    const { myId } = this.options;
    // Told to others is where this server listens, which changes with a restart alone. One that was removed goes on where it was.
    if (restart) this.own = committed.member(myId) ?? lastSeen.member(myId) ?? this.own;
    this.configText = committed.toText();
    this.connections.configs(committed, lastSeen, this.own);
    this.election.configs(committed, lastSeen, restart);
    if (!restart) return;
    this.connections.close();
    this.listener.open(this.own, nowMs);
  }

  // ---- from the network

  onMessage(sid: number, bytes: Uint8Array, offset: number, length: number): void {
    const notification = decodeNotification(bytes, offset, length);
    if (notification === null) {
      this.context.log.debug(`Notification of ${length} bytes from server ${sid} ignored`);
      return;
    }
    this.logNotification(sid, notification);
    this.election.onNotification(sid, notification, this.atNow());
  }

  /** As operators and tools look for it. */
  private logNotification(sid: number, notification: Notification): void {
    const { leader, zxidHi, zxidLo, round, peerEpoch, state, version } = notification;
    const config = /^version=([0-9a-f]+)$/m.exec(notification.configText ?? '')?.[1] ?? '0';
    this.context.log.info(
      `Notification: my state:${STATE_NAMES[this.election.peerState]}; n.sid:${sid}, n.state:${STATE_NAMES[state]}, ` +
        `n.leader:${leader}, n.round:0x${round.toString(16)}, n.peerEpoch:0x${peerEpoch.toString(16)}, ` +
        `n.zxid:0x${hex64(zxidHi, zxidLo)}, message format version:0x${version.toString(16)}, ` +
        `n.config version:0x${config}`,
    );
  }

  onConnected(sid: number): void {
    this.election.onConnected(sid, this.atNow());
  }

  onLost(_sid: number): void {
    this.election.onLost(this.atNow());
  }

  /** A callback of a socket: what is sent to the quorum peer needs a turn. */
  private atNow(): number {
    const nowMs = this.context.clock.monotonicMs();
    this.connections.now(nowMs);
    this.context.requestTurn();
    return nowMs;
  }

  // ---- from the election

  send(sid: number, state: PeerState, vote: Vote): void {
    this.connections.toSend(sid, encodeNotification(state, vote, this.configText));
  }

  haveDelivered(): boolean {
    return this.connections.haveDelivered();
  }

  connectAll(): void {
    this.connections.connectAll();
  }

  linkOf(sid: number): LinkState {
    return this.connections.linkOf(sid);
  }

  renewLink(sid: number): void {
    this.connections.renew(sid);
  }

  decided(state: DecidedState, vote: Vote, supporters: readonly number[], elapsedMs: number): void {
    const { leader, zxidHi, zxidLo, round, peerEpoch } = vote;
    const tookMs = Math.round(elapsedMs);
    this.context.log.info(
      `${STATE_NAMES[PeerState.looking]} -> ${STATE_NAMES[state]}: leader ${leader}, zxid 0x${hex64(zxidHi, zxidLo)}, ` +
        `round ${round}, epoch ${peerEpoch}, votes of ${supporters.join(' ')}; the election took ${tookMs} ms`,
    );
    sendElected(this.toQuorumPeer, state, vote, supporters, tookMs);
  }

  notificationTimedOut(nextMs: number): void {
    this.context.log.info(`Notification time out: ${nextMs} ms`);
  }

  gossip(config: QuorumVerifier, gaveUp: boolean): void {
    const version = hex64(config.versionHi, config.versionLo);
    this.context.log.info(`A peer has a newer configuration (version ${version})`);
    sendGossip(this.toQuorumPeer, config.toText(), gaveUp);
  }

  voterLooking(sid: number): void {
    sendVoterLooking(this.toQuorumPeer, sid);
  }

  configUnreadable(sid: number, reason: string): void {
    this.seldom.warn('config', `Server ${sid} sent a configuration that cannot be read: ${reason}`);
  }
}
