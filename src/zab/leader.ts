/**
 * Leader: one term of leading (ensemble-protocol 5.3, 5.8, 6), from the moment the election has decided.
 *
 *   discovery, epochAcks, synchronization  --established--> establishing --the final stage serves--> broadcast         any --> over
 *
 * A state machine on what RoleHost gives it, on the quorum peer's thread; one LearnerHandler per connection. Of a turn: packets and
 * records only note what happened; onBatchEnd does what that makes possible. Here is the way from one phase to the next, what ends
 * a term, and who may learn; what it is made of:
 *
 *   learner-cnx-acceptor.ts    listens                        leader-establishment.ts    finds an epoch, and a quorum that follows
 *   learner-links.ts           connections within limits      leader-broadcast.ts        proposes, commits, answers syncs
 */
import type { Logger } from '../actor/logger.js';
import { SeldomLogger } from '../actor/seldom-logger.js';
import { assert } from '../base/assert.js';
import { hex64 } from '../base/int64.js';
import { encodeUtf8 } from '../base/utf8.js';
import { isQuorumOf, memberOfEither } from '../election/config-pair.js';
import type { PeerSocket, PeerSocketEvents } from '../election/peer-network.js';
import {
  FLAG_UNPROVEN,
  InternalOp,
  RecordType,
  ServerRole,
  WORD_ERROR,
  WORD_FLAGS,
  WORD_LEARNER,
  WORD_OP,
  WORD_ROUND,
  WORD_SESSION_HI,
  WORD_SESSION_LO,
  WORD_ZXID_LO,
} from '../processor/pipeline-records.js';
import { ErrorCode } from '../protocol/error-code.js';
import { OpCode } from '../protocol/op-code.js';
import { judgeReconfig } from './judge-reconfig.js';
import { LeaderBroadcast } from './leader-broadcast.js';
import { type EstablishmentPhase, LeaderEstablishment } from './leader-establishment.js';
import { LearnerCnxAcceptor } from './learner-cnx-acceptor.js';
import { LearnerHandler } from './learner-handler.js';
import { LearnerLinks, type SyncLimits } from './learner-links.js';
import type { LearnerMaster } from './learner-master.js';
import type { ZabState } from './peer-report.js';
import type { PipelinePort } from './pipeline-port.js';
import { PacketType } from './quorum-packet.js';
import type { QuorumTiming, Role, RoleHost } from './role.js';
import { RoleFault } from './role-fault.js';
import type { RoleFigures } from './role-figures.js';
import { startSync } from './start-sync.js';
import { SyncLimitCheck } from './sync-limit-check.js';
import type { SyncSources } from './sync-sources.js';
import type { ZabMeasures } from './zab-measures.js';

export interface LeaderOptions extends SyncLimits {
  /** quorumListenOnAllIPs */
  readonly listenOnAllIps: boolean;
  readonly isReconfigEnabled: boolean;
  /** Then no reconfiguration leaves less than two voters. */
  readonly isStandaloneEnabled: boolean;
  /** Of a packet's data: jute.maxbuffer and its extra. */
  readonly partBytesMax: number;
  /** Voters whose votes have elected it. */
  readonly supporters: ReadonlySet<number>;
  readonly sources: SyncSources;
  /** The counter that no transaction has: behind it there is no next one (ZOOKEEPER-1277). */
  readonly counterLast: number;
  /** The quorum port listens, on all of its addresses: who follows finds somebody there. Once. */
  onQuorumPortOpen(): void;
}

export type LeaderPhase = Exclude<EstablishmentPhase, 'established'> | 'establishing' | 'broadcast' | 'over';

const BIND_ATTEMPTS = 5;
const BIND_RETRY_MS = 100;
const STRANGERS_MAX = 256;
/** A learner in broadcast answers a PING every half tick. */
const LIVING_TICKS = 1.5;

export class Leader implements Role, LearnerMaster {
  readonly timing: QuorumTiming;
  readonly line: PipelinePort;
  readonly measures: ZabMeasures;
  readonly log: Logger;
  readonly strangerLog: SeldomLogger;
  nowMs: number;
  tick = 0;
  private readonly host: RoleHost;
  private readonly options: LeaderOptions;
  private current: LeaderPhase = 'discovery';
  private phaseSinceMs: number;
  private tickedMs: number;
  private readonly startedMs: number;
  private readonly acceptor: LearnerCnxAcceptor;
  private bindsLeft = BIND_ATTEMPTS; // 0: this server cannot lead
  private bindFailure = '';
  private wasOpen = false;
  private readonly links: LearnerLinks;
  private readonly establishment: LeaderEstablishment;
  private readonly broadcast: LeaderBroadcast;
  private readonly ownDisk = new SyncLimitCheck();
  private isPingTick = false; // every second half tick is a tick
  private nextHalfTickMs: number;

  constructor(host: RoleHost, options: LeaderOptions) {
    assert(host.history.pendingCount === 0, 'a leader begins with what is in its log, all of it settled');
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
    this.links = new LearnerLinks(STRANGERS_MAX, options);
    const { isReconfigEnabled } = options;
    this.broadcast = new LeaderBroadcast(host, isReconfigEnabled);
    this.establishment = new LeaderEstablishment(host, isReconfigEnabled, this.links, this.broadcast, (link) =>
      this.startSync(link),
    );
    this.acceptor = new LearnerCnxAcceptor(host.network, host.clock, BIND_RETRY_MS, {
      onSocket: (socket) => this.accept(socket),
      onOpen: () => this.onPortOpen(),
      onFailed: (failure) => {
        this.bindFailure = failure;
        this.bindsLeft--;
      },
    });
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
    return this.establishment.epoch;
  }

  get lastProposed(): number {
    return this.broadcast.lastProposed;
  }

  get pingRound(): number {
    return this.broadcast.syncs.pingRound;
  }

  get learners(): LearnerLinks {
    return this.links;
  }

  // ---- Role

  showFigures(figures: RoleFigures): void {
    const { committed } = this.host.configs;
    let [followers, nonVoting, observers] = [0, 0, 0];
    for (const link of this.links) {
      if (!link.isSynced) continue;
      if (link.isObserver) observers++;
      else if (committed.isVoter(link.sid)) followers++;
      else nonVoting++;
    }
    figures.set('learners', this.links.size);
    figures.set('synced_followers', followers);
    figures.set('synced_non_voting_followers', nonVoting);
    figures.set('synced_observers', observers);
    figures.set('pending_syncs', this.broadcast.syncs.length);
  }

  onLine(type: number, bytes: Uint8Array, words: Int32Array, offset: number, length: number): void {
    const at = offset >> 2;
    if (type === RecordType.judge) {
      if (this.current !== 'over') this.judge(bytes, words, offset);
    } else if (this.current === 'over' || this.isOverByStandstill()) {
      this.line.giveBack(words, offset);
    } else if (type === RecordType.txn) {
      this.propose(bytes, words, offset, length);
    } else if (words[at + WORD_LEARNER] !== 0) {
      this.answerLearner(words, at);
    } else {
      if (words[at + WORD_OP] === OpCode.sync && type === RecordType.pass) {
        // It waits for its proof in the commit stage, and what is behind it keeps its place.
        const round = this.broadcast.syncs.joinOwn();
        if (round !== 0) {
          words[at + WORD_FLAGS] |= FLAG_UNPROVEN;
          words[at + WORD_ROUND] = round;
        }
      }
      this.line.passOn(type, bytes, offset, length);
    }
  }

  /** What a learner has asked for has passed everything that was decided before. */
  private answerLearner(words: Int32Array, at: number): void {
    const link = this.links.get(words[at + WORD_LEARNER]);
    if (link === undefined || this.current !== 'broadcast') return;
    const op = words[at + WORD_OP];
    if (op === OpCode.sync) {
      this.broadcast.syncs.ask(link, this.lastProposed);
    } else if (op === InternalOp.reopenSession) {
      const { out } = link;
      out.begin(PacketType.revalidate, -1, -1);
      out.putLong(words[at + WORD_SESSION_HI], words[at + WORD_SESSION_LO]);
      out.putByte(words[at + WORD_ERROR] === ErrorCode.Ok ? 1 : 0);
      out.end();
    }
  }

  private propose(bytes: Uint8Array, words: Int32Array, offset: number, length: number): void {
    const counter = words[(offset >> 2) + WORD_ZXID_LO] >>> 0;
    if (counter >= this.options.counterLast) {
      this.end('the counter of zxids is at its end, and another epoch must begin');
      this.line.giveBack(words, offset);
      return;
    }
    // From the final stage it is one step to prep and from there one to here: its transaction may overtake what final says.
    if (this.current === 'establishing') this.beginBroadcast();
    assert(this.current === 'broadcast', 'transactions are made while a leader serves');
    try {
      this.broadcast.propose(bytes, words, offset, length);
    } catch (error) {
      this.fault(error);
    }
  }

  private judge(bytes: Uint8Array, words: Int32Array, offset: number): void {
    const { host, options, broadcast } = this;
    judgeReconfig(bytes, words, offset, host, options.isStandaloneEnabled, broadcast.syncedVoters());
  }

  onDurable(zxidHi: number, zxidLo: number): void {
    this.broadcast.onDurable(zxidHi, zxidLo);
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
    if (epochWaitMsMax < 0 || this.establishment.isEpochFixed || !this.options.supporters.has(sid)) return;
    if (this.nowMs - this.startedMs <= epochWaitMsMax) return;
    this.measures.disloyalVoters.increment();
    this.end(`voter ${sid} looks for a leader and the epoch is not begun`);
  }

  onTick(nowMs: number): void {
    if (this.current === 'over' || this.isOverByStandstill()) return;
    const heldUpMs = nowMs - this.tickedMs;
    this.nowMs = nowMs;
    this.tickedMs = nowMs;
    if (heldUpMs > this.timing.tickMs / 2) {
      this.links.forgive(heldUpMs);
      this.ownDisk.forgive(heldUpMs, nowMs);
    }
    if (this.acceptor.isDue(nowMs)) this.bind();
    if (this.bindsLeft === 0) {
      this.end(`cannot listen on the quorum port: ${this.bindFailure}`);
      return;
    }
    const before = this.links.size;
    this.links.checkTimes();
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
    if (this.current === 'over' || this.isOverByStandstill()) return;
    this.nowMs = Math.max(this.nowMs, this.host.clock.monotonicMs());
    try {
      this.advance();
    } catch (error) {
      this.fault(error);
    }
    if (this.isOver()) return;
    const { broadcast } = this;
    const isServing = this.isBroadcasting();
    if (isServing) {
      broadcast.commit();
      if (this.isOver()) return;
      broadcast.measure();
    }
    broadcast.tell();
    if (isServing) broadcast.syncs.maybeStart(broadcast.followers);
    this.links.turn();
    // A link that has caught up in its turn has joined the broadcast behind what was told.
    if (broadcast.hasNews && this.isBroadcasting()) this.host.requestTurn();
  }

  onConfigsChanged(): void {
    // Quorums are asked of the eras that proposals began with; liveness asks `configs` each time.
    this.broadcast.syncs.onConfigsChanged();
  }

  close(): void {
    this.current = 'over';
    this.acceptor.close();
    this.links.close();
    this.broadcast.close();
  }

  // ---- LearnerMaster

  onLearnerInfo(link: LearnerHandler): void {
    if (link.sid === this.host.myId) {
      link.dropStranger('it has the id of this server');
      return;
    }
    const living = this.links.livingTwinOf(link, this.timing.tickMs * LIVING_TICKS);
    if (living !== undefined) {
      link.dropStranger(`server ${link.sid} is connected already, from ${living.remote}`);
      return;
    }
    if (!this.isWelcome(link)) {
      link.dropStranger(`server ${link.sid} is in no configuration`);
      return;
    }
    this.links.limitTwins(link);
    if (link.isConfigNewerThan(this.host.configs.committed)) {
      link.drop("its configuration is newer than this server's");
      return;
    }
    try {
      this.establishment.onCall(link);
    } catch (error) {
      this.fault(error);
    }
  }

  onEpochAck(link: LearnerHandler, epoch: number): void {
    this.establishment.onEpochAck(link, epoch);
  }

  onCaughtUp(link: LearnerHandler): void {
    assert(this.broadcast.isDistributed, 'a link joins between two turns of the broadcast');
    const { committed, lastSeen } = this.host.configs;
    // UPTODATE makes it the learner's committed one. What this epoch has proposed since follows as a transaction like others.
    const isEstablished = this.establishment.phase === 'established';
    link.endSync(encodeUtf8((isEstablished ? committed : lastSeen).toText()));
    this.broadcast.join(link);
  }

  onNewLeaderAck(link: LearnerHandler): void {
    this.broadcast.hasNews = true; // it counts from here on
    if (this.current === 'broadcast') link.upToDate();
    else this.establishment.onNewLeaderAck(link);
  }

  onAck(): void {
    this.broadcast.hasNews = true;
  }

  onRoundAnswered(): void {
    this.broadcast.syncs.onRoundAnswered();
  }

  onGone(link: LearnerHandler): void {
    this.links.remove(link);
    this.broadcast.leave(link);
  }

  nextAnonymousSid(): number {
    return this.links.nextAnonymousSid();
  }

  requestTurn(): void {
    this.host.requestTurn();
  }

  // ---- the quorum port

  private bind(): void {
    const own = memberOfEither(this.host.configs, this.host.myId);
    if (own === undefined) {
      this.bindFailure = `server ${this.host.myId} is in no configuration`;
      this.bindsLeft = 0;
      return;
    }
    const addresses = own.addresses.map(({ host, quorumPort }) => ({ host, port: quorumPort }));
    this.acceptor.open(addresses, this.options.listenOnAllIps);
  }

  private onPortOpen(): void {
    if (this.current === 'over') return;
    this.bindsLeft = BIND_ATTEMPTS;
    if (this.wasOpen) return;
    this.wasOpen = true;
    this.options.onQuorumPortOpen();
  }

  private accept(socket: PeerSocket): PeerSocketEvents | null {
    if (this.current === 'over') return null;
    this.links.limitStrangers();
    const link = new LearnerHandler(this, socket, this.links.nextNumber(), this.options.partBytesMax);
    this.links.add(link);
    return link;
  }

  /** With a fixed membership nobody else is served; a server that is to join by reconfig is followed by none before that. */
  private isWelcome(link: LearnerHandler): boolean {
    const { configs } = this.host;
    if (memberOfEither(configs, link.sid) !== undefined) return true;
    return this.options.isReconfigEnabled && !this.links.isOneTooMany(link, configs);
  }

  // ---- up to the broadcast

  private advance(): void {
    const { establishment } = this;
    if (establishment.phase === 'established') return;
    const phase = establishment.advance();
    if (phase === 'established') {
      this.enter('establishing');
      this.line.serve(ServerRole.leader, this.epoch, 0);
    } else if (phase !== this.current) {
      this.enter(phase);
    }
  }

  private beginBroadcast(): void {
    this.enter('broadcast');
    this.measures.beginBroadcast(0);
    this.broadcast.syncs.lookWhetherAlone();
    this.host.onBroadcast(this.epoch);
    for (const link of this.links) if (link.state === 'acknowledged') link.upToDate();
  }

  private startSync(link: LearnerHandler): void {
    const { endHi, endLo } = this.establishment;
    startSync(link, this.links, this.host, this.options.sources, endHi, endLo);
  }

  // ---- time

  private halfTick(): void {
    this.links.ping();
    this.isPingTick = !this.isPingTick;
    if (this.isPingTick || this.current !== 'broadcast') return;
    this.tick++;
    this.checkQuorum();
    this.checkOwnDisk();
  }

  private checkQuorum(): void {
    const alive = new Set([this.host.myId, ...this.livingFollowers()]);
    if (isQuorumOf(this.host.configs, alive)) return;
    this.end(`not enough followers are left: ${[...alive].join(', ')} are no quorum`);
  }

  /**
   * What is asked of a follower's disk is asked of the own one, too: what it does not take has to wait, and when there is no room left
   * nobody writes any more. Where the others are no quorum, nobody else could lead.
   */
  private checkOwnDisk(): void {
    const { ownDisk, nowMs, timing } = this;
    const { ownAcked, lastProposed } = this.broadcast;
    ownDisk.onAck(ownAcked, lastProposed, nowMs);
    if (ownAcked < lastProposed) ownDisk.onProposed(lastProposed, nowMs);
    if (!ownDisk.isExceeded(nowMs, timing.syncLimitTicks * timing.tickMs)) return;
    if (!isQuorumOf(this.host.configs, this.livingFollowers())) return;
    this.end(`the own disk has not taken 0x${hex64(this.epoch, ownDisk.waitsFor)} within syncLimit`);
  }

  private livingFollowers(): Set<number> {
    const sids = new Set<number>();
    for (const link of this.links) if (!link.isObserver && link.isAlive) sids.add(link.sid);
    return sids;
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
    const who = this.links
      .all()
      .map((link) => `${link.name} ${link.state}`)
      .join(', ');
    this.end(`no quorum within initLimit (${this.current}; learners: ${who === '' ? 'none' : who})`);
  }

  // Methods, since they are asked again behind calls that may have changed the answer.
  private isOver(): boolean {
    return this.current === 'over';
  }

  private isBroadcasting(): boolean {
    return this.current === 'broadcast';
  }

  private enter(phase: LeaderPhase): void {
    this.current = phase;
    this.phaseSinceMs = this.nowMs;
  }

  private fault(error: unknown): void {
    if (!(error instanceof RoleFault)) throw error;
    this.end(error.message);
  }

  private end(reason: string): void {
    if (this.current === 'over') return;
    this.current = 'over';
    this.host.onOver(reason);
  }
}
