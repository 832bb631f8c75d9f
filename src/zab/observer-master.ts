/**
 * ObserverMaster: a follower that serves observers (ensemble-protocol 8.2), so that the leader need not. The links are the
 * leader's (learner-handler.ts); what differs is that nothing is decided here: the epoch is the follower's, what is committed
 * comes from the leader and is passed on behind its COMMIT, and what observers ask goes to the leader as the follower's own.
 *
 * Owned by the learner while it broadcasts, on the quorum peer's thread. An observer reads what this follower has committed, so
 * its tree is never ahead of what a quorum has; when the follower's role ends, so do its links.
 */
import type { Logger } from '../actor/logger.js';
import { SeldomLogger } from '../actor/seldom-logger.js';
import { assert } from '../base/assert.js';
import { encodeUtf8 } from '../base/utf8.js';
import type { PeerSocket, PeerSocketEvents } from '../election/peer-network.js';
import { LearnerCnxAcceptor } from './learner-cnx-acceptor.js';
import { LearnerHandler } from './learner-handler.js';
import type { ObserverMasterOptions } from './learner-host.js';
import { LearnerLinks } from './learner-links.js';
import type { LearnerMaster, RequestInlet } from './learner-master.js';
import type { LearnerRequests, Relay } from './learner-requests.js';
import { PacketBuffer } from './packet-buffer.js';
import { PacketType } from './quorum-packet.js';
import type { CommitSink } from './received-txns.js';
import type { RelayedTouches } from './relayed-touches.js';
import type { QuorumTiming, RoleHost } from './role.js';
import { startSync } from './start-sync.js';
import type { ZabMeasures } from './zab-measures.js';

/** What waits for the leader, beyond which observers are not read. */
const FORWARDED_BYTES_MAX = 4 << 20;
const STRANGERS_MAX = 64;
const BIND_RETRY_MS = 1000;
const NONE = -1;

export class ObserverMaster implements LearnerMaster, CommitSink {
  readonly epoch: number;
  readonly timing: QuorumTiming;
  readonly measures: ZabMeasures;
  readonly line: RequestInlet;
  readonly log: Logger;
  readonly strangerLog: SeldomLogger;
  nowMs: number;
  tick = 0;
  /** Its observers are in no quorum. */
  readonly pingRound = 0;
  private readonly host: RoleHost;
  private readonly options: ObserverMasterOptions;
  private readonly partBytesMax: number;
  private readonly requests: LearnerRequests;
  private readonly acceptor: LearnerCnxAcceptor;
  private readonly links: LearnerLinks;
  private readonly relays = new Map<number, Relay>(); // of the links
  private readonly observers: LearnerHandler[] = []; // behind NEWLEADER
  private readonly toObservers = new PacketBuffer(); // of this turn
  private nextHalfTickMs: number;
  private isSecondHalf = false;

  /** `leader`: the follower's own connection. */
  constructor(
    host: RoleHost,
    options: ObserverMasterOptions,
    partBytesMax: number,
    requests: LearnerRequests,
    touches: RelayedTouches,
    leader: { readonly queuedBytes: number },
  ) {
    this.host = host;
    this.options = options;
    this.partBytesMax = partBytesMax;
    this.requests = requests;
    this.epoch = host.epochs.currentEpoch;
    this.timing = host.timing;
    this.measures = host.measures;
    this.log = host.log;
    this.strangerLog = new SeldomLogger(host.log, host.clock);
    this.nowMs = host.clock.monotonicMs();
    this.nextHalfTickMs = this.nowMs + this.timing.tickMs / 2;
    this.line = {
      hasRoomForRequests: (byteCount) => leader.queuedBytes + byteCount <= FORWARDED_BYTES_MAX,
      forwarded: (link, ...request) => {
        const relay = this.relays.get(link);
        assert(relay !== undefined, 'a link that forwards is there');
        this.requests.relay(relay, ...request);
      },
      touch: (bytes, offset, length) => touches.add(bytes, offset, length),
    };
    this.links = new LearnerLinks(STRANGERS_MAX, options);
    this.acceptor = new LearnerCnxAcceptor(host.network, host.clock, BIND_RETRY_MS, {
      onSocket: (socket) => this.accept(socket),
      onOpen: () => {},
      // The follower goes on; observers find other masters meanwhile.
      onFailed: (failure) => this.strangerLog.warn('port', `cannot listen for observers: ${failure}`),
    });
    this.bind();
  }

  /** Counter of the last transaction that is committed here. */
  get lastProposed(): number {
    const { lastCommittedHi, lastCommittedLo } = this.host.history;
    return lastCommittedHi === this.epoch ? lastCommittedLo >>> 0 : 0;
  }

  get learners(): LearnerLinks {
    return this.links;
  }

  /** Observers that are sent what is committed. */
  get syncedCount(): number {
    let count = 0;
    for (const link of this.links) if (link.state === 'streaming') count++;
    return count;
  }

  onTick(nowMs: number): void {
    const heldUpMs = nowMs - this.nowMs;
    this.nowMs = nowMs;
    if (heldUpMs > this.timing.tickMs / 2) this.links.forgive(heldUpMs);
    if (this.acceptor.isDue(nowMs)) this.bind();
    this.links.checkTimes();
    if (nowMs < this.nextHalfTickMs) return;
    this.nextHalfTickMs = nowMs + this.timing.tickMs / 2;
    this.links.ping();
    this.isSecondHalf = !this.isSecondHalf;
    if (this.isSecondHalf) this.tick++;
    this.host.requestTurn();
  }

  /** What was committed in this turn, and everything else, in one write for each observer. */
  turn(): void {
    this.distribute();
    this.links.turn();
  }

  close(): void {
    this.acceptor.close();
    this.links.close();
    this.relays.clear();
    this.observers.length = 0;
  }

  // ---- CommitSink

  onCommitted(
    zxidHi: number,
    zxidLo: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    activation: Uint8Array | null,
  ): void {
    if (this.observers.length === 0) return;
    this.measures.onRelayed();
    const { toObservers } = this;
    if (activation === null) {
      toObservers.withData(PacketType.inform, zxidHi, zxidLo, bytes, offset, length);
      return;
    }
    toObservers.begin(PacketType.informAndActivate, zxidHi, zxidLo);
    toObservers.putBytes(activation, 0, activation.length);
    toObservers.putBytes(bytes, offset, length);
    toObservers.end();
  }

  // ---- LearnerMaster

  onLearnerInfo(link: LearnerHandler): void {
    const { configs } = this.host;
    if (!link.isObserver) link.drop('a follower serves observers only');
    else if (this.links.isOneTooMany(link, configs))
      link.drop(`server ${link.sid} is in no configuration, like too many others`);
    else if (link.isConfigNewerThan(configs.committed)) {
      link.drop("its configuration is newer than this server's");
    } else {
      this.links.limitTwins(link);
      link.leaderInfo();
    }
  }

  onEpochAck(link: LearnerHandler): void {
    this.links.dropOthersOf(link);
    startSync(link, this.links, this.host, this.options.sources, NONE, NONE);
  }

  onCaughtUp(link: LearnerHandler): void {
    this.distribute(); // to those who were there before: this one has it
    // What this follower has seen may be proposed only, even by a leader long gone; UPTODATE makes it the committed one.
    link.endSync(encodeUtf8(this.host.configs.committed.toText()));
    this.observers.push(link);
  }

  onNewLeaderAck(link: LearnerHandler): void {
    link.upToDate();
  }

  onAck(): void {}

  onRoundAnswered(): void {}

  onGone(link: LearnerHandler): void {
    this.links.remove(link);
    this.relays.delete(link.number);
    const index = this.observers.indexOf(link);
    if (index >= 0) this.observers.splice(index, 1);
  }

  nextAnonymousSid(): number {
    return this.links.nextAnonymousSid();
  }

  requestTurn(): void {
    this.host.requestTurn();
  }

  // ---- inside

  private bind(): void {
    const { host, options } = this;
    const own = host.configs.committed.member(host.myId);
    if (own === undefined) return;
    const addresses = own.addresses.map((address) => ({ host: address.host, port: options.port }));
    this.acceptor.open(addresses, options.listenOnAllIps);
  }

  private accept(socket: PeerSocket): PeerSocketEvents {
    this.links.limitStrangers();
    const link = new LearnerHandler(this, socket, this.links.nextNumber(), this.partBytesMax);
    this.links.add(link);
    this.relays.set(link.number, this.relayOf(link));
    return link;
  }

  private distribute(): void {
    const { toObservers } = this;
    if (toObservers.length === 0) return;
    for (const link of this.observers) link.out.putPackets(toObservers);
    toObservers.clear();
  }

  /** The leader's answers find the observer that asked, if it is still there. */
  private relayOf(link: LearnerHandler): Relay {
    return {
      synced: () => {
        this.distribute();
        if (link.state !== 'closed') link.out.empty(PacketType.sync, 0, 0);
      },
      revalidated: (bytes, offset, length) => {
        if (link.state !== 'closed') link.out.withData(PacketType.revalidate, -1, -1, bytes, offset, length);
      },
    };
  }
}
