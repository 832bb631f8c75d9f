/**
 * Leader: one term of leading (ensemble-protocol 5.3, 5.8, 6), from the moment the election has decided.
 *
 *   discovery --epoch fixed--> epochAcks --quorum--> synchronization --quorum of NEWLEADER acks--> establishing --served--> broadcast
 *
 * A state machine on what RoleHost gives it, on the quorum peer's thread; one LearnerHandler per connection. Everything it tells
 * others is made durable first: the accepted epoch before LEADERINFO, the current epoch before any NEWLEADER ack counts.
 *
 * Of a turn: onLine and onDurable and packets only note what happened; onBatchEnd commits what a quorum has, in order of zxids,
 * says so to the commit stage once, and gives every learner its packets in one write.
 */
import type { Logger } from '../actor/logger.js';
import { SeldomLogger } from '../actor/seldom-logger.js';
import { assert } from '../base/assert.js';
import { readInt32 } from '../base/bytes.js';
import { Fifo } from '../base/fifo.js';
import { compareSigned, hex64, hiOf, hiOfNumber, loOf, loOfNumber } from '../base/int64.js';
import { decodeUtf8, encodeUtf8 } from '../base/utf8.js';
import type { PeerListener, PeerSocket, PeerSocketEvents } from '../election/peer-network.js';
import { parseQuorumConfigText } from '../election/quorum-config-text.js';
import type { QuorumVerifier } from '../election/quorum-verifier.js';
import { planReconfig } from '../election/reconfig-plan.js';
import { JuteReader } from '../jute/jute-reader.js';
import {
  FLAG_UNPROVEN,
  InternalOp,
  PIPELINE_HEADER_BYTES,
  RecordType,
  ServerRole,
  WORD_ERROR,
  WORD_FLAGS,
  WORD_LEARNER,
  WORD_LENGTH_A,
  WORD_LENGTH_B,
  WORD_OP,
  WORD_ROUND,
  WORD_SESSION_HI,
  WORD_SESSION_LO,
  WORD_ZXID_HI,
  WORD_ZXID_LO,
} from '../processor/pipeline-records.js';
import { ErrorCode } from '../protocol/error-code.js';
import { OpCode } from '../protocol/op-code.js';
import { decodeReconfigRequest } from '../protocol/requests.js';
import { CommitQuorum } from './commit-quorum.js';
import { EpochDiscovery, isLaterHistory } from './epoch-discovery.js';
import { LeadershipProof } from './leadership-proof.js';
import { LearnerHandler, type LearnerMaster, limitTwins } from './learner-handler.js';
import { PacketBuffer } from './packet-buffer.js';
import type { ZabState } from './peer-report.js';
import type { PipelinePort } from './pipeline-port.js';
import { PacketType, QUORUM_PROTOCOL_VERSION, TXN_BODY } from './quorum-packet.js';
import type { QuorumTiming, Role, RoleHost } from './role.js';
import type { RoleFigures } from './role-figures.js';
import { SyncFeed } from './sync-feed.js';
import type { SyncSources } from './sync-sources.js';
import type { ZabMeasures } from './zab-measures.js';

export interface LeaderOptions {
  /** quorumListenOnAllIPs */
  readonly listenOnAllIps: boolean;
  readonly isReconfigEnabled: boolean;
  /** Then no reconfiguration leaves less than two voters. */
  readonly isStandaloneEnabled: boolean;
  /** Of a packet's data: jute.maxbuffer and its extra. */
  readonly partBytesMax: number;
  /** Learners that are sent a snapshot, or a DIFF, at one time, beyond which observers are turned away. */
  readonly snapSyncsMax: number;
  readonly diffSyncsMax: number;
  /** Voters whose votes have elected it. */
  readonly supporters: ReadonlySet<number>;
  readonly sources: SyncSources;
  /** The counter that no transaction has: behind it there is no next one (ZOOKEEPER-1277). */
  readonly counterLast: number;
  /** The quorum port listens, on all of its addresses: who follows finds somebody there. Once. */
  onQuorumPortOpen(): void;
}

export type LeaderPhase = 'discovery' | 'epochAcks' | 'synchronization' | 'establishing' | 'broadcast' | 'over';

interface PendingSync {
  readonly link: LearnerHandler;
  /** Answered behind the commit of this one. */
  readonly counter: number;
  /** And when this round has proven that this server leads. */
  readonly round: number;
}

const BIND_ATTEMPTS = 5;
const BIND_RETRY_MS = 100;
const STRANGERS_MAX = 256;
const UNLISTED_MAX = 64;
/** A learner in broadcast answers a PING every half tick. */
const LIVING_TICKS = 1.5;
const NO_BYTES = new Uint8Array(0);
const LEADER_INFO = new Uint8Array([0, QUORUM_PROTOCOL_VERSION >> 16, 0, 0]);

export class Leader implements Role, LearnerMaster {
  readonly timing: QuorumTiming;
  readonly line: PipelinePort;
  readonly measures: ZabMeasures;
  readonly log: Logger;
  readonly strangerLog: SeldomLogger;
  nowMs: number;
  tick = 0;
  /** Counter of the last zxid proposed in this epoch; 0: none yet. */
  lastProposed = 0;
  private readonly host: RoleHost;
  private readonly options: LeaderOptions;
  private current: LeaderPhase = 'discovery';
  private phaseSinceMs: number;
  private tickedMs: number;
  private readonly startedMs: number;
  // The end of this server's log before the epoch, with the epoch that had brought it (5.3.1).
  private readonly endHi: number;
  private readonly endLo: number;
  private readonly endEpoch: number;

  private readonly listeners: PeerListener[] = [];
  private bindsLeft = BIND_ATTEMPTS;
  private bindAtMs = 0; // 0: bound, or on the way
  private bindFailure = '';
  private listening = 0;
  private wasOpen = false;

  private readonly links = new Map<number, LearnerHandler>(); // by number
  // The links whose buffers the broadcast goes to: behind NEWLEADER.
  private readonly followers: LearnerHandler[] = [];
  private readonly observers: LearnerHandler[] = [];
  private lastLink = 0;
  private lastAnonymousSid = 0;

  private readonly discovery: EpochDiscovery;
  private readonly newLeaderAcks = new Set<number>();
  private newLeaderVerifiers: readonly QuorumVerifier[] = [];

  // Broadcast. Packets of this turn that all followers, all observers get, in order.
  private readonly toFollowers = new PacketBuffer();
  private readonly toObservers = new PacketBuffer();
  private quorum: CommitQuorum | null = null;
  private ownAcked = 0;
  private lastCommitted = 0;
  private hasNewAcks = false;
  /** False once a reconfiguration has named somebody else: the next leader commits what follows (9.4). */
  private isAllowedToCommit = true;
  private pendingConfig: QuorumVerifier | null = null;
  private pendingConfigCounter = 0;
  private readonly syncs = new Fifo<PendingSync>();
  private readonly proof = new LeadershipProof();
  private hasRoundAnswers = false;
  /** Is a quorum by itself: then nobody else can have been elected. */
  private isQuorumAlone = false;
  private isPingTick = false; // every second half tick is a tick
  private nextHalfTickMs: number;
  private hasBegun = false;

  constructor(host: RoleHost, options: LeaderOptions) {
    assert(host.history.pendingCount === 0, 'a leader begins with what is in its log, all of it settled');
    const { history } = host;
    this.host = host;
    this.options = options;
    this.timing = host.timing;
    this.line = host.line;
    this.measures = host.measures;
    this.log = host.log;
    this.strangerLog = new SeldomLogger(host.log, host.clock);
    this.nowMs = host.clock.monotonicMs();
    this.startedMs = this.nowMs;
    this.phaseSinceMs = this.nowMs;
    this.tickedMs = this.nowMs;
    this.nextHalfTickMs = this.nowMs + this.timing.tickMs / 2;
    this.endHi = history.lastCommittedHi;
    this.endLo = history.lastCommittedLo;
    this.endEpoch = host.epochs.currentEpoch;
    this.discovery = new EpochDiscovery(host.myId);
    this.bind();
    host.requestTurn();
  }

  get phase(): LeaderPhase {
    return this.current;
  }

  get zabState(): ZabState {
    if (this.current === 'broadcast') return 'broadcast';
    return this.current === 'synchronization' || this.current === 'establishing' ? 'synchronization' : 'discovery';
  }

  get epoch(): number {
    return this.discovery.epoch;
  }

  /** For reports: who is connected, in order of their coming. */
  get learners(): IterableIterator<LearnerHandler> {
    return this.links.values();
  }

  // ---- Role

  showFigures(figures: RoleFigures): void {
    const { committed } = this.host.configs;
    let [followers, nonVoting, observers] = [0, 0, 0];
    for (const link of this.links.values()) {
      if (link.state !== 'streaming' || this.tick > link.ackDeadlineTick) continue;
      if (link.isObserver) observers++;
      else if (committed.isVoter(link.sid)) followers++;
      else nonVoting++;
    }
    figures.set('learners', this.links.size);
    figures.set('synced_followers', followers);
    figures.set('synced_non_voting_followers', nonVoting);
    figures.set('synced_observers', observers);
    figures.set('pending_syncs', this.syncs.length);
  }

  onLine(type: number, bytes: Uint8Array, words: Int32Array, offset: number, length: number): void {
    const at = offset >> 2;
    if (type === RecordType.judge) {
      if (this.current !== 'over') this.judge(bytes, words, offset);
      return;
    }
    if (this.current === 'over' || this.isOverByStandstill()) {
      this.line.bounce(bytes, words, offset);
      return;
    }
    if (type === RecordType.txn) {
      this.propose(bytes, words, offset, length);
      return;
    }
    const number = words[at + WORD_LEARNER];
    if (number === 0) {
      if (words[at + WORD_OP] === OpCode.sync && type === RecordType.pass && !this.isQuorumAlone) {
        // It waits for its proof in the commit stage, and what is behind it keeps its place.
        words[at + WORD_FLAGS] |= FLAG_UNPROVEN;
        words[at + WORD_ROUND] = this.proof.join();
      }
      this.line.passOn(type, bytes, offset, length);
      return;
    }
    const link = this.links.get(number);
    if (link === undefined || this.current !== 'broadcast') return;
    const op = words[at + WORD_OP];
    if (op === OpCode.sync) {
      const round = this.isQuorumAlone ? 0 : this.proof.join(this.lastProposed);
      this.syncs.push({ link, counter: this.lastProposed, round });
    } else if (op === InternalOp.reopenSession) {
      const { out } = link;
      out.begin(PacketType.revalidate, -1, -1);
      out.putLong(words[at + WORD_SESSION_HI], words[at + WORD_SESSION_LO]);
      out.putByte(words[at + WORD_ERROR] === ErrorCode.Ok ? 1 : 0);
      out.end();
    }
  }

  onDurable(zxidHi: number, zxidLo: number): void {
    if (this.quorum === null || zxidHi !== this.epoch) return;
    this.ownAcked = Math.max(this.ownAcked, zxidLo >>> 0);
    this.hasNewAcks = true;
  }

  onDone(type: number, _zxidHi: number, _zxidLo: number, error: number): void {
    if (type !== RecordType.serve || this.current !== 'establishing') return;
    if (error !== ErrorCode.Ok) {
      this.end(`the final stage could not begin to serve: error ${error}`);
      return;
    }
    this.beginBroadcast();
  }

  /** One of those who voted may have changed its mind: with maxTimeToWaitForEpoch there is no use in waiting on (5.3.2). */
  onVoterLooking(sid: number): void {
    const { epochWaitMsMax } = this.timing;
    if (epochWaitMsMax < 0 || this.discovery.isFixed || !this.options.supporters.has(sid)) return;
    if (this.nowMs - this.startedMs <= epochWaitMsMax) return;
    this.measures.disloyalVoters.increment();
    this.end(`voter ${sid} looks for a leader and the epoch is not begun`);
  }

  onTick(nowMs: number): void {
    if (this.current === 'over' || this.isOverByStandstill()) return;
    const heldUpMs = nowMs - this.tickedMs;
    this.nowMs = nowMs;
    this.tickedMs = nowMs;
    if (heldUpMs > this.timing.tickMs / 2) for (const link of this.links.values()) link.forgive(heldUpMs);
    if (this.bindAtMs !== 0 && nowMs >= this.bindAtMs) this.bind();
    if (this.bindsLeft === 0) {
      this.end(`cannot listen on the quorum port: ${this.bindFailure}`);
      return;
    }
    const before = this.links.size;
    for (const link of [...this.links.values()]) link.checkTimes();
    // Who was silent for so long has left as well, and may follow somebody else by now.
    if (this.links.size < before && this.current === 'broadcast') this.checkQuorum();
    if (nowMs >= this.nextHalfTickMs) {
      this.nextHalfTickMs = nowMs + this.timing.tickMs / 2;
      this.halfTick();
    }
    this.checkPhaseTime();
    this.host.requestTurn();
  }

  onBatchEnd(): void {
    if (this.isOver() || this.isOverByStandstill()) return;
    this.nowMs = Math.max(this.nowMs, this.host.clock.monotonicMs());
    this.advance();
    if (this.hasRoundAnswers) this.proveRound();
    this.commitReady();
    if (this.isOver()) return;
    if (this.current === 'broadcast') this.measure();
    this.distribute();
    this.answerSyncs();
    if (this.proof.mayStart && this.current === 'broadcast') this.startRound();
    for (const link of this.links.values()) link.turn();
    // A link that has caught up in its turn has joined the broadcast behind what was distributed.
    if (this.hasNewAcks && this.current === 'broadcast') this.host.requestTurn();
  }

  private measure(): void {
    const nowWallMs = this.host.clock.wallMs();
    this.measures.onLeaderTurn(this.lastProposed, this.ownAcked, this.lastCommitted, nowWallMs);
    for (const link of this.followers) link.measureAcks(nowWallMs);
  }

  onConfigsChanged(): void {
    // Quorums are asked of the eras that proposals began with; liveness asks `configs` each time.
    this.lookWhetherAlone();
    // Who has not answered the round yet may be needed no more, and may have left without a word.
    this.hasRoundAnswers = true;
  }

  private lookWhetherAlone(): void {
    const alone = new Set([this.host.myId]);
    this.isQuorumAlone = this.verifiersNow().every((verifier) => verifier.containsQuorum(alone));
  }

  close(): void {
    this.current = 'over';
    for (const listener of this.listeners) listener.close();
    this.listeners.length = 0;
    for (const link of this.links.values()) link.close();
    this.links.clear();
    this.followers.length = 0;
    this.observers.length = 0;
    this.syncs.clear();
  }

  // ---- LearnerMaster

  onLearnerInfo(link: LearnerHandler): void {
    const { committed } = this.host.configs;
    if (link.sid === this.host.myId) {
      link.dropStranger('it has the id of this server');
      return;
    }
    const living = this.livingLinkOf(link);
    if (living !== undefined) {
      link.dropStranger(`server ${link.sid} is connected already, from ${living.remote}`);
      return;
    }
    if (!this.isWelcome(link)) {
      link.dropStranger(`server ${link.sid} is in no configuration`);
      return;
    }
    limitTwins(link, this.links.values());
    if (compareSigned(link.configVersionHi, link.configVersionLo, committed.versionHi, committed.versionLo) > 0) {
      link.drop(`its configuration 0x${hex64(link.configVersionHi, link.configVersionLo)} is newer than this server's`);
      return;
    }
    const { acceptedEpoch } = link;
    const isVoter = !link.isObserver && committed.isVoter(link.sid);
    if (!this.discovery.propose(link.sid, acceptedEpoch, isVoter)) {
      link.drop(`it has accepted epoch ${acceptedEpoch}, and none is left behind that`);
      return;
    }
    if (this.discovery.isFixed) this.tellEpoch(link);
  }

  onEpochAck(link: LearnerHandler, epoch: number): void {
    // A link of before is over whether it knows or not: what it acknowledged may be truncated now.
    for (const other of [...this.links.values()]) {
      if (other !== link && other.sid === link.sid && other.state !== 'info')
        other.drop('the same server has come again');
    }
    if (this.current === 'epochAcks') {
      if (epoch !== -1) {
        if (isLaterHistory(epoch, link.lastHi, link.lastLo, this.endEpoch, this.endHi, this.endLo)) {
          link.drop(
            `its history, epoch ${epoch} up to 0x${hex64(link.lastHi, link.lastLo)}, is ahead of the leader's, ` +
              `epoch ${this.endEpoch} up to 0x${hex64(this.endHi, this.endLo)}`,
          );
          return;
        }
        if (!link.isObserver && this.host.configs.committed.isVoter(link.sid)) this.discovery.countEpochAck(link.sid);
      }
      link.awaitEpochAcks();
      return;
    }
    this.startSync(link);
  }

  onCaughtUp(link: LearnerHandler): void {
    // This turn's packets are with those who were there before; this one gets what is proposed from the history.
    assert(
      this.toFollowers.length === 0 && this.toObservers.length === 0,
      'a link joins between two turns of the broadcast',
    );
    link.endSync(encodeUtf8(this.host.configs.lastSeen.toText()));
    if (link.isObserver) {
      this.observers.push(link);
      return;
    }
    const { pending } = this.host.history;
    for (let i = 0; i < pending.length; i++) {
      pending.look(i);
      const { zxidHi, zxidLo, entryOffset, entryLength } = pending;
      link.out.withData(PacketType.proposal, zxidHi, zxidLo, pending.bytes, entryOffset, entryLength);
    }
    this.followers.push(link);
  }

  onNewLeaderAck(link: LearnerHandler): void {
    this.hasNewAcks = true; // it counts from here on
    if (this.current === 'broadcast') link.upToDate();
    else if (!link.isObserver) this.newLeaderAcks.add(link.sid);
  }

  onAck(): void {
    this.hasNewAcks = true;
  }

  get pingRound(): number {
    return this.proof.asking;
  }

  onRoundAnswered(): void {
    this.hasRoundAnswers = true;
  }

  onGone(link: LearnerHandler): void {
    this.links.delete(link.number);
    remove(this.followers, link);
    remove(this.observers, link);
  }

  nextAnonymousSid(): number {
    return --this.lastAnonymousSid;
  }

  requestTurn(): void {
    this.host.requestTurn();
  }

  // ---- the quorum port

  private bind(): void {
    const own = this.host.configs.committed.member(this.host.myId) ?? this.host.configs.lastSeen.member(this.host.myId);
    this.bindAtMs = 0;
    if (own === undefined) {
      this.bindFailure = `server ${this.host.myId} is in no configuration`;
      this.bindsLeft = 0;
      return;
    }
    const isEverywhere = this.options.listenOnAllIps;
    const bound = new Set<number>();
    for (const { host, quorumPort } of own.addresses) {
      if (isEverywhere && bound.has(quorumPort)) continue;
      bound.add(quorumPort);
      const listener = this.host.network.listen(
        isEverywhere ? undefined : host,
        quorumPort,
        (socket) => this.accept(socket),
        () => this.onListening(),
        (error) => this.onBindError(listener, `${host}:${quorumPort}: ${error.message}`),
      );
      this.listeners.push(listener);
    }
  }

  private onListening(): void {
    this.listening++;
    if (this.current === 'over' || this.listening !== this.listeners.length) return;
    this.bindsLeft = BIND_ATTEMPTS;
    if (this.wasOpen) return;
    this.wasOpen = true;
    this.options.onQuorumPortOpen();
  }

  /** All of them anew, a little later: the port may still be in the hands of the role before. */
  private onBindError(listener: PeerListener, failure: string): void {
    if (this.current === 'over' || !this.listeners.includes(listener)) return;
    for (const other of this.listeners) other.close();
    this.listeners.length = 0;
    this.listening = 0;
    this.bindFailure = failure;
    this.bindsLeft--;
    if (this.bindsLeft > 0) this.bindAtMs = this.host.clock.monotonicMs() + BIND_RETRY_MS;
  }

  private accept(socket: PeerSocket): PeerSocketEvents | null {
    if (this.current === 'over') return null;
    this.limitStrangers();
    const link = new LearnerHandler(this, socket, ++this.lastLink, this.options.partBytesMax);
    this.links.set(link.number, link);
    return link;
  }

  /** Of those who have not said who they are the oldest goes. */
  private limitStrangers(): void {
    let oldest: LearnerHandler | null = null;
    let count = 0;
    for (const link of this.links.values()) {
      if (link.state !== 'info') continue;
      oldest ??= link;
      count++;
    }
    if (count >= STRANGERS_MAX) oldest?.drop(`${count} others have not said who they are either`);
  }

  /** With a fixed membership nobody else is served; a server that is to join by reconfig is followed by none before that. */
  private isWelcome(link: LearnerHandler): boolean {
    const { committed, lastSeen } = this.host.configs;
    const isListed = (sid: number): boolean =>
      committed.member(sid) !== undefined || lastSeen.member(sid) !== undefined;
    if (isListed(link.sid)) return true;
    if (!this.options.isReconfigEnabled) return false;
    let others = 0;
    for (const other of this.links.values())
      if (other !== link && other.state !== 'info' && !isListed(other.sid)) others++;
    return others < UNLISTED_MAX;
  }

  /**
   * Another link of the same server that answers: a second server with that id must not take its place. One that is silent may
   * be the rest of what was cut, and gives way once the newcomer has said what it has (onEpochAck).
   */
  private livingLinkOf(link: LearnerHandler): LearnerHandler | undefined {
    const { tickMs } = this.timing;
    for (const other of this.links.values()) {
      if (other !== link && other.sid === link.sid && other.isHeardWithin(tickMs * LIVING_TICKS)) return other;
    }
    return undefined;
  }

  // ---- up to the broadcast

  /** Whatever what has happened makes possible. */
  private advance(): void {
    const { host, discovery } = this;
    if (!this.hasBegun) {
      this.hasBegun = true;
      const isVoter = host.configs.committed.isVoter(host.myId);
      if (!discovery.propose(host.myId, host.epochs.acceptedEpoch, isVoter)) {
        this.end('no epoch is left behind the one that was accepted');
        return;
      }
    }
    if (this.current === 'discovery' && discovery.hasCallers(host.configs.committed)) this.fixEpoch();
    if (this.current === 'epochAcks' && discovery.hasEpochAcks(host.configs.committed)) this.beginSynchronization();
    if (this.current === 'synchronization' && this.isFollowedByQuorum()) this.establish();
  }

  private fixEpoch(): void {
    const { host, discovery } = this;
    const { epoch } = discovery;
    if (!this.persist(() => host.epochs.setAcceptedEpoch(epoch))) return;
    discovery.fix();
    this.log.info(`begins epoch ${epoch} behind 0x${hex64(this.endHi, this.endLo)} of epoch ${this.endEpoch}`);
    const { committed, lastSeen } = host.configs;
    if (this.options.isReconfigEnabled && isUnversioned(committed) && isUnversioned(lastSeen)) {
      // ZOOKEEPER-1783: the configuration of the files gets a version with the first epoch.
      if (!this.persist(() => host.configs.seen(committed.withVersion(epoch, 0)))) return;
    }
    this.newLeaderVerifiers = this.verifiersNow();
    discovery.countEpochAck(host.myId);
    this.enter('epochAcks');
    for (const link of [...this.links.values()]) if (link.state === 'epoch') this.tellEpoch(link);
  }

  private tellEpoch(link: LearnerHandler): void {
    if (link.speaksEpochs) {
      link.leaderInfo(LEADER_INFO);
      return;
    }
    // Servers before 1.0: what they said first is all they say, and its epoch is the one of their history.
    this.onEpochAck(link, link.lastHi);
  }

  private beginSynchronization(): void {
    const { host } = this;
    if (!this.persist(() => host.epochs.setCurrentEpoch(this.epoch))) return;
    this.newLeaderAcks.add(host.myId);
    this.quorum = new CommitQuorum(this.newLeaderVerifiers);
    this.enter('synchronization');
    for (const link of [...this.links.values()]) if (link.state === 'epochAcks') this.startSync(link);
  }

  private isFollowedByQuorum(): boolean {
    return this.newLeaderVerifiers.every((verifier) => verifier.containsQuorum(this.newLeaderAcks));
  }

  private establish(): void {
    const { host, epoch } = this;
    host.history.beginEpoch(epoch);
    const { committed, lastSeen } = host.configs;
    if (this.options.isReconfigEnabled) {
      const designated = this.designatedLeader(lastSeen, committed, (sid) => (this.newLeaderAcks.has(sid) ? 1 : 0));
      host.configs.activate(lastSeen, designated, epoch, 0);
      if (designated !== host.myId) this.isAllowedToCommit = false;
      this.quorum = new CommitQuorum(this.verifiersNow());
    }
    this.log.info(`is established for epoch ${epoch} by ${[...this.newLeaderAcks].join(', ')}`);
    this.enter('establishing');
    this.line.serve(ServerRole.leader, epoch, 0);
  }

  private beginBroadcast(): void {
    this.enter('broadcast');
    this.measures.beginBroadcast(0);
    this.lookWhetherAlone();
    this.host.onBroadcast(this.epoch);
    for (const link of this.links.values()) if (link.state === 'acknowledged') link.upToDate();
  }

  private startSync(link: LearnerHandler): void {
    const { history } = this.host;
    const { sources } = this.options;
    const feed = new SyncFeed(history, sources, link.out, link.lastHi, link.lastLo, this.endHi, this.endLo);
    const { op } = feed.plan;
    let running = 0;
    for (const other of this.links.values())
      if (other.state === 'sync' && other.isSentSnapshot === (op === 'SNAP')) running++;
    if (link.isObserver) {
      if (running >= (op === 'SNAP' ? this.options.snapSyncsMax : this.options.diffSyncsMax)) {
        link.drop(`${running} learners are being brought up to date already`);
        return;
      }
    }
    const { committedLog } = history;
    this.log.info(
      `Synchronizing with Learner sid: ${link.sid} maxCommittedLog=0x${hex64(committedLog.maxHi, committedLog.maxLo)} ` +
        `minCommittedLog=0x${hex64(committedLog.minHi, committedLog.minLo)} ` +
        `lastProcessedZxid=0x${hex64(history.lastCommittedHi, history.lastCommittedLo)} ` +
        `peerLastZxid=0x${hex64(link.lastHi, link.lastLo)}`,
    );
    this.log.info(
      `brings ${link.name} up to date by ${op} to 0x${hex64(feed.plan.zxidHi, feed.plan.zxidLo)}` +
        ` from 0x${hex64(link.lastHi, link.lastLo)}${feed.plan.isFromDisk ? ', from the log on disk' : ''}`,
    );
    this.measures.onSync(op === 'SNAP', running + 1);
    link.beginSync(feed);
  }

  private verifiersNow(): QuorumVerifier[] {
    const { committed, lastSeen } = this.host.configs;
    const isPending =
      compareSigned(lastSeen.versionHi, lastSeen.versionLo, committed.versionHi, committed.versionLo) > 0;
    return isPending ? [committed, lastSeen] : [committed];
  }

  // ---- broadcast

  private propose(bytes: Uint8Array, words: Int32Array, offset: number, length: number): void {
    const at = offset >> 2;
    const zxidHi = words[at + WORD_ZXID_HI];
    const zxidLo = words[at + WORD_ZXID_LO];
    const counter = zxidLo >>> 0;
    if (counter >= this.options.counterLast) {
      this.end('the counter of zxids is at its end, and another epoch must begin');
      this.line.bounce(bytes, words, offset);
      return;
    }
    // From the final stage it is one step to prep and from there one to here: its transaction may overtake what final says.
    if (this.current === 'establishing') this.beginBroadcast();
    assert(this.current === 'broadcast', 'transactions are made while a leader serves');
    assert(zxidHi === this.epoch && counter === this.lastProposed + 1, 'prep counts within the epoch');
    const entry = offset + PIPELINE_HEADER_BYTES;
    const entryLength = words[at + WORD_LENGTH_A];
    const isChange = words[at + WORD_OP] === OpCode.reconfig && words[at + WORD_ERROR] === ErrorCode.Ok;
    if (isChange && this.options.isReconfigEnabled) {
      if (!this.seeConfig(bytes, entry, counter)) return;
    }
    this.host.history.append(zxidHi, zxidLo, bytes, entry, entryLength);
    this.measures.ages.note(zxidHi, zxidLo, bytes, entry);
    this.lastProposed = counter;
    if (this.followers.length > 0) {
      this.toFollowers.withData(PacketType.proposal, zxidHi, zxidLo, bytes, entry, entryLength);
    }
    this.line.passOn(RecordType.txn, bytes, offset, length);
  }

  /** A request to change the members (9.3): prep waits for the answer, and makes a transaction of either. */
  private judge(bytes: Uint8Array, words: Int32Array, offset: number): void {
    const at = offset >> 2;
    const body = offset + PIPELINE_HEADER_BYTES + words[at + WORD_LENGTH_A];
    const record = decodeReconfigRequest(new JuteReader(bytes, body, body + words[at + WORD_LENGTH_B]));
    const { committed, lastSeen } = this.host.configs;
    const plan = planReconfig(
      {
        joining: record.joiningServers,
        leaving: record.leavingServers,
        newMembers: record.newMembers,
        fromVersionHi: hiOf(record.curConfigId),
        fromVersionLo: loOf(record.curConfigId),
      },
      {
        committed,
        lastSeen,
        standaloneEnabled: this.options.isStandaloneEnabled,
        isQuorumSynced: (config) => config.containsQuorum(this.syncedVoters()),
      },
    );
    if (plan.error !== ErrorCode.Ok) {
      this.log.info(`refuses a reconfiguration: ${plan.reason}`);
      this.line.judged(plan.error, NO_BYTES);
      return;
    }
    const text = plan.config.toText();
    this.line.judged(ErrorCode.Ok, encodeUtf8(text.slice(0, text.lastIndexOf('version='))));
  }

  /** This server, and the followers that are up to date and alive. */
  private syncedVoters(): ReadonlySet<number> {
    const sids = new Set([this.host.myId]);
    for (const link of this.followers) {
      if (link.state === 'streaming' && this.tick <= link.ackDeadlineTick) sids.add(link.sid);
    }
    return sids;
  }

  /** A new configuration is proposed: from here on both must agree (9.4). */
  private seeConfig(bytes: Uint8Array, entry: number, counter: number): boolean {
    const { configs } = this.host;
    const path = entry + TXN_BODY;
    const data = path + 4 + readInt32(bytes, path);
    const config = parseQuorumConfigText(decodeUtf8(bytes, data + 4, readInt32(bytes, data)));
    assert(this.pendingConfig === null, 'one reconfiguration is pending at most');
    if (!this.persist(() => configs.seen(config))) return false;
    this.pendingConfig = config;
    this.pendingConfigCounter = counter;
    this.quorum?.beginEra(counter, [configs.committed, config]);
    return true;
  }

  /** Everything that a quorum has, in order. */
  private commitReady(): void {
    const { quorum } = this;
    if (!this.hasNewAcks || quorum === null || this.current !== 'broadcast') return;
    this.hasNewAcks = false;
    if (!this.isAllowedToCommit || this.lastCommitted === this.lastProposed) return;
    quorum.clearAcks();
    quorum.addAck(this.host.myId, this.ownAcked);
    for (const link of this.followers) quorum.addAck(link.sid, this.ackedBy(link));
    const before = this.lastCommitted;
    while (this.isAllowedToCommit) {
      // The learner that asked for a sync has its answer before the commit of a write behind that.
      const limit = Math.max(this.proof.commitLimit, this.lastCommitted);
      const point = Math.min(quorum.committable(this.lastCommitted), this.lastProposed, limit);
      if (point === this.lastCommitted) break;
      while (this.lastCommitted < point && this.isAllowedToCommit) {
        this.commitNext();
        // SYNC goes right behind the commit that it waits for: the write behind it at its learner is committed behind it.
        if (this.syncs.peek()?.counter === this.lastCommitted) {
          this.distribute();
          this.answerSyncs();
        }
      }
    }
    if (this.lastCommitted > before) this.line.committed(this.epoch, this.lastCommitted | 0);
  }

  private ackedBy(link: LearnerHandler): number {
    return link.state === 'streaming' || link.state === 'acknowledged' ? link.acked : 0;
  }

  private commitNext(): void {
    const { history } = this.host;
    const { epoch } = this;
    const counter = this.lastCommitted + 1;
    const zxidLo = counter | 0;
    history.commitHead();
    this.lastCommitted = counter;
    assert(history.lastCommittedLo === zxidLo, 'commits follow one another');
    const { pending } = history;
    if (this.pendingConfig !== null && counter === this.pendingConfigCounter) {
      this.commitConfig(this.pendingConfig, counter);
      return;
    }
    if (this.followers.length > 0) this.toFollowers.empty(PacketType.commit, epoch, zxidLo);
    if (this.observers.length > 0) {
      this.toObservers.withData(
        PacketType.inform,
        epoch,
        zxidLo,
        pending.bytes,
        pending.entryOffset,
        pending.entryLength,
      );
    }
  }

  private commitConfig(config: QuorumVerifier, counter: number): void {
    const { configs, history, myId } = this.host;
    const { epoch } = this;
    const zxidLo = counter | 0;
    const designated = this.designatedLeader(config, configs.committed, (sid) => this.ackedBySid(sid, counter));
    this.toFollowers.begin(PacketType.commitAndActivate, epoch, zxidLo);
    this.toFollowers.putLong(hiOfNumber(designated), loOfNumber(designated));
    this.toFollowers.end();
    const { pending } = history;
    this.toObservers.begin(PacketType.informAndActivate, epoch, zxidLo);
    this.toObservers.putLong(hiOfNumber(designated), loOfNumber(designated));
    this.toObservers.putBytes(pending.bytes, pending.entryOffset, pending.entryLength);
    this.toObservers.end();
    this.pendingConfig = null;
    this.quorum?.beginEra(this.lastProposed + 1, [config]);
    if (designated !== myId) this.isAllowedToCommit = false;
    this.log.info(`configuration 0x${hex64(config.versionHi, config.versionLo)} is committed, leader ${designated}`);
    configs.activate(config, designated, epoch, zxidLo);
  }

  private ackedBySid(sid: number, least: number): number {
    for (const link of this.followers)
      if (link.sid === sid) return this.ackedBy(link) >= least ? this.ackedBy(link) : 0;
    return 0;
  }

  /**
   * Who leads once the configuration is committed (9.4): this server while it votes there under the address it has, else one of
   * the voters with the most of the proposals behind it. `merit` 0: does not have the configuration.
   */
  private designatedLeader(next: QuorumVerifier, before: QuorumVerifier, merit: (sid: number) => number): number {
    const { myId } = this.host;
    const now = before.member(myId);
    const then = next.member(myId);
    if (next.isVoter(myId) && (now === undefined || then === undefined || sameQuorumAddresses(now, then))) return myId;
    let best = myId;
    let most = 0;
    for (const { sid } of next.members) {
      if (sid === myId || !next.isVoter(sid)) continue;
      const has = merit(sid);
      if (has > most) {
        most = has;
        best = sid;
      }
    }
    return best;
  }

  /** Packets for all into the buffer of each. */
  private distribute(): void {
    spread(this.toFollowers, this.followers);
    spread(this.toObservers, this.observers);
    if (this.lastProposed > this.lastCommitted)
      for (const link of this.followers) if (link.acked < this.lastProposed) link.watch();
  }

  private answerSyncs(): void {
    for (
      let head = this.syncs.peek();
      head !== undefined && head.counter <= this.lastCommitted && head.round <= this.proof.proven;
      head = this.syncs.peek()
    ) {
      this.syncs.shift();
      if (head.link.state !== 'closed') head.link.out.empty(PacketType.sync, 0, 0);
    }
  }

  // ---- whether this server leads

  private startRound(): void {
    this.proof.start();
    for (const link of [...this.followers]) if (link.state === 'streaming') link.ping();
    if (!this.isQuorumAlone) return;
    // Asked while it was not.
    this.hasRoundAnswers = true;
    this.host.requestTurn();
  }

  private proveRound(): void {
    this.hasRoundAnswers = false;
    const { proof } = this;
    if (proof.asking === 0) return;
    const sids = new Set([this.host.myId]);
    for (const link of this.followers) if (link.hasAnswered(proof.asking)) sids.add(link.sid);
    if (!this.verifiersNow().every((verifier) => verifier.containsQuorum(sids))) return;
    proof.prove();
    // First its answer, then what was not committed for its sake.
    this.distribute();
    this.answerSyncs();
    this.hasNewAcks = true;
    this.line.proven(proof.proven);
  }

  // ---- time

  private halfTick(): void {
    for (const link of [...this.links.values()]) link.ping();
    this.isPingTick = !this.isPingTick;
    if (this.isPingTick || this.current !== 'broadcast') return;
    this.tick++;
    this.checkQuorum();
  }

  private checkQuorum(): void {
    const alive = new Set([this.host.myId]);
    for (const link of this.links.values()) {
      if (!link.isObserver && link.state !== 'info' && this.tick <= link.ackDeadlineTick) alive.add(link.sid);
    }
    for (const verifier of this.verifiersNow()) {
      if (verifier.containsQuorum(alive)) continue;
      this.end(`not enough followers are left: ${[...alive].join(', ')} are no quorum`);
      return;
    }
  }

  /**
   * A process that stood still for so long finds its followers gone to another leader, whose transactions it knows nothing of: it
   * must not answer one more sync. Those it had are still to be told so by their sockets.
   */
  private isOverByStandstill(): boolean {
    if (this.current !== 'broadcast') return false;
    const stoodMs = this.host.clock.monotonicMs() - this.tickedMs;
    if (stoodMs <= this.timing.syncLimitTicks * this.timing.tickMs) return false;
    this.end(`this server stood still for ${Math.round(stoodMs)} ms, more than its followers wait`);
    return true;
  }

  private checkPhaseTime(): void {
    if (this.current === 'broadcast' || this.current === 'over') return;
    if (this.nowMs - this.phaseSinceMs <= this.timing.initLimitTicks * this.timing.tickMs) return;
    const who = [...this.links.values()].map((link) => `${link.name} ${link.state}`).join(', ');
    this.end(`no quorum within initLimit (${this.current}; learners: ${who === '' ? 'none' : who})`);
  }

  private isOver(): boolean {
    return this.current === 'over';
  }

  private enter(phase: LeaderPhase): void {
    this.current = phase;
    this.phaseSinceMs = this.nowMs;
  }

  /** What must be on the disk first; a disk that fails ends the term, and the next one tries again. */
  private persist(write: () => void): boolean {
    try {
      write();
      return true;
    } catch (error) {
      this.end(`cannot make it durable: ${error instanceof Error ? error.message : String(error)}`);
      return false;
    }
  }

  private end(reason: string): void {
    if (this.current === 'over') return;
    this.current = 'over';
    this.host.onOver(reason);
  }
}

function isUnversioned(config: QuorumVerifier): boolean {
  return config.versionHi === 0 && config.versionLo === 0;
}

function sameQuorumAddresses(
  a: { readonly addresses: readonly { readonly host: string; readonly quorumPort: number }[] },
  b: { readonly addresses: readonly { readonly host: string; readonly quorumPort: number }[] },
): boolean {
  const texts = [a, b].map(({ addresses }) =>
    addresses
      .map(({ host, quorumPort }) => `${host} ${quorumPort}`)
      .sort()
      .join(),
  );
  return texts[0] === texts[1];
}

function spread(packets: PacketBuffer, links: readonly LearnerHandler[]): void {
  if (packets.length === 0) return;
  for (const link of links) link.out.putPackets(packets);
  packets.clear();
}

function remove(links: LearnerHandler[], link: LearnerHandler): void {
  const index = links.indexOf(link);
  if (index >= 0) links.splice(index, 1);
}
