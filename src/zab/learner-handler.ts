/**
 * LearnerHandler: the leader's end of the connection of one learner (ensemble-protocol 5, 6), whoever that is.
 *
 *   info --FOLLOWERINFO--> epoch --LEADERINFO--> ackEpoch --ACKEPOCH--> epochAcks --> planning --> sync
 *                                                                                                   | NEWLEADER
 *                                       streaming <--UPTODATE-- acknowledged <--ACK-- newLeader <---+
 *
 * It knows its packets and its times; what concerns more than one learner it tells its LearnerMaster. Lives on the quorum peer's
 * thread, on nothing but its socket. Packets gather in one buffer, which is written once per turn. What a learner sends can
 * close this connection, and nothing else. Its parts: learner-inlet.ts (requests), sync-decision.ts and sync-feed.ts (bringing
 * it up to date), sync-limit-check.ts and ping-rounds.ts (whether it keeps up), learner-statistics.ts.
 */
import { readInt32 } from '../base/bytes.js';
import { compareSigned, hex64, numberFromHalves } from '../base/int64.js';
import type { PeerSocket, PeerSocketEvents } from '../election/peer-network.js';
import type { QuorumVerifier } from '../election/quorum-verifier.js';
import { SnapshotAbandoned } from '../persistence/snapshot-content-encoder.js';
import type { SyncPlan } from '../persistence/sync-plan.js';
import { InletVerdict, LearnerInlet } from './learner-inlet.js';
import type { LearnerMaster } from './learner-master.js';
import { LearnerStatistics } from './learner-statistics.js';
import { PacketBuffer } from './packet-buffer.js';
import { type PacketHandler, PacketReader, PacketResult, PacketVerdict } from './packet-reader.js';
import type { LearnerReport } from './peer-report.js';
import { PingRounds } from './ping-rounds.js';
import { PacketType, packetName, QUORUM_PROTOCOL_VERSION, readLearnerInfo } from './quorum-packet.js';
import type { SyncDecision } from './sync-decision.js';
import { FeedState, type SyncFeed } from './sync-feed.js';
import { SyncLimitCheck } from './sync-limit-check.js';

export type LinkState =
  | 'info'
  | 'epoch'
  | 'ackEpoch'
  | 'epochAcks'
  | 'planning'
  | 'sync'
  | 'newLeader'
  | 'acknowledged'
  | 'streaming'
  | 'closed';

interface Planning {
  readonly decision: SyncDecision;
  readonly onPlanned: (plan: SyncPlan) => void;
}

/** Behind the socket's own buffers, while a learner is brought up to date. */
const SYNC_WINDOW_BYTES = 1 << 20;
const SYNC_BYTES_PER_TURN = 256 << 10;
/** For what a learner may leave unread of the broadcast. */
const QUEUE_BYTES_MAX = 64 << 20;
/** Until it has said who it is. */
const FIRST_PACKET_BYTES_MAX = 4096;

export class LearnerHandler implements PeerSocketEvents, PacketHandler {
  /** The link's, in records of prep. */
  readonly number: number;
  readonly out = new PacketBuffer();
  sid = 0;
  isObserver = false;
  acceptedEpoch = 0;
  private configVersionHi = 0;
  private configVersionLo = 0;
  /** The last zxid it has logged. */
  lastHi = 0;
  lastLo = 0;
  /** Counter of the last proposal of this epoch that it acknowledged, and all before. */
  acked = 0;
  /** Alive for the quorum up to this tick. */
  private ackDeadlineTick: number;
  private readonly master: LearnerMaster;
  private readonly socket: PeerSocket;
  private readonly reader = new PacketReader(FIRST_PACKET_BYTES_MAX);
  private readonly partBytesMax: number;
  private readonly inlet: LearnerInlet;
  private readonly statistics: LearnerStatistics;
  private readonly syncLimit = new SyncLimitCheck();
  private readonly pings = new PingRounds();
  private current: LinkState = 'info';
  private sinceMs: number; // in this state, or since the sync last made progress
  private heardMs: number;
  private protocolVersion = 0;
  /** While it is being planned by what it is brought up to date. */
  private planning: Planning | null = null;
  private feed: SyncFeed | null = null;
  private isPaused = false;
  /** A server before 1.0 was told NEWLEADER first, and has acknowledged it while it was brought up to date. */
  private hasAckedEarly = false;
  constructor(master: LearnerMaster, socket: PeerSocket, number: number, partBytesMax: number) {
    this.master = master;
    this.socket = socket;
    this.number = number;
    this.partBytesMax = partBytesMax;
    this.sinceMs = master.nowMs;
    this.heardMs = master.nowMs;
    this.inlet = new LearnerInlet(master.line, number);
    this.statistics = new LearnerStatistics(master.measures, this.out, master.nowMs);
    this.ackDeadlineTick = master.tick + master.timing.initLimitTicks + master.timing.syncLimitTicks;
  }

  get state(): LinkState {
    return this.current;
  }

  get remote(): string {
    return `${this.socket.remoteAddress}:${this.socket.remotePort}`;
  }

  /** For logs: who it is. */
  get name(): string {
    if (this.current === 'info') return `a connection from ${this.remote}`;
    return `${this.isObserver ? 'observer' : 'follower'} ${this.sid} (${this.remote})`;
  }

  /** It has said who it is, and was heard of in time: it counts for the quorum that a leader needs. */
  get isAlive(): boolean {
    return this.current !== 'info' && this.master.tick <= this.ackDeadlineTick;
  }

  /** Up to date, and alive. */
  get isSynced(): boolean {
    return this.current === 'streaming' && this.isAlive;
  }

  isHeardWithin(ms: number): boolean {
    return this.current === 'streaming' && this.master.nowMs - this.heardMs <= ms;
  }

  /** Whether it followed when it heard of the round, and the round began before that. */
  hasAnswered(round: number): boolean {
    return this.current === 'streaming' && this.pings.hasAnswered(round);
  }

  /** Its members are those of a configuration that is not committed here: it would be sent back. */
  isConfigNewerThan({ versionHi, versionLo }: QuorumVerifier): boolean {
    return compareSigned(this.configVersionHi, this.configVersionLo, versionHi, versionLo) > 0;
  }

  /** Servers before 1.0 know nothing of LEADERINFO. */
  get speaksEpochs(): boolean {
    return this.protocolVersion >= QUORUM_PROTOCOL_VERSION;
  }

  get isSentSnapshot(): boolean {
    return this.feed?.plan.op === 'SNAP';
  }

  report(): LearnerReport {
    const { epoch, lastProposed } = this.master;
    return this.statistics.report(this.socket, this.sid, epoch, lastProposed | 0);
  }

  resetStatistics(): void {
    this.statistics.reset();
  }

  // ---- what the master says

  leaderInfo(): void {
    this.out.begin(PacketType.leaderInfo, this.master.epoch, 0);
    this.out.putInt(QUORUM_PROTOCOL_VERSION);
    this.out.end();
    this.enter('ackEpoch');
  }

  awaitEpochAcks(): void {
    this.enter('epochAcks');
  }

  /** `onPlanned` follows at once, or in a later turn. */
  beginPlanning(decision: SyncDecision, onPlanned: (plan: SyncPlan) => void): void {
    this.planning = { decision, onPlanned };
    this.enter('planning');
    this.plan();
  }

  beginSync(feed: SyncFeed): void {
    this.feed = feed;
    this.enter('sync');
    if (!this.speaksEpochs && feed.plan.op !== 'SNAP') this.newLeader(null);
    feed.begin();
    this.master.requestTurn();
  }

  /** Behind everything committed. `text` of the last seen config. */
  endSync(text: Uint8Array): void {
    const op = this.feed?.plan.op;
    if (this.speaksEpochs) this.newLeader(text);
    else if (op === 'SNAP') this.newLeader(null);
    this.feed = null;
    this.statistics.beginAcks(this.master.lastProposed);
    this.enter('newLeader');
  }

  upToDate(): void {
    this.out.empty(PacketType.upToDate, -1, -1);
    this.enter('streaming');
    this.heardMs = this.master.nowMs;
  }

  /** Every half tick, from NEWLEADER on; a follower that is too far behind is dropped instead. */
  ping(): void {
    const { master } = this;
    if (this.current !== 'newLeader' && this.current !== 'acknowledged' && this.current !== 'streaming') return;
    if (this.syncLimit.isExceeded(master.nowMs, master.timing.syncLimitTicks * master.timing.tickMs)) {
      this.drop(`it has not acknowledged 0x${hex64(master.epoch, this.syncLimit.waitsFor)} within syncLimit`);
      return;
    }
    this.out.empty(PacketType.ping, master.epoch, master.lastProposed | 0);
    if (this.current === 'streaming') this.pings.onSent(master.pingRound);
  }

  /** Something was proposed to it just now. */
  watch(): void {
    if (this.current === 'streaming') this.syncLimit.onProposed(this.master.lastProposed, this.master.nowMs);
  }

  /** This server was held up itself: what has arrived meanwhile is still to be read. */
  forgive(ms: number): void {
    const { nowMs } = this.master;
    this.sinceMs = Math.min(this.sinceMs + ms, nowMs);
    this.heardMs = Math.min(this.heardMs + ms, nowMs);
    this.syncLimit.forgive(ms, nowMs);
  }

  checkTimes(): void {
    const { nowMs, timing } = this.master;
    const initMs = timing.initLimitTicks * timing.tickMs;
    switch (this.current) {
      case 'info':
      case 'ackEpoch':
      case 'newLeader':
        if (nowMs - this.sinceMs > initMs) this.drop(`it said nothing within initLimit (${this.current})`);
        return;
      case 'sync':
        if (nowMs - this.sinceMs > initMs)
          this.drop('it took nothing within initLimit while it was brought up to date');
        return;
      case 'streaming':
        if (this.isPaused) this.heardMs = nowMs;
        else if (nowMs - this.heardMs > timing.syncLimitTicks * timing.tickMs) this.drop('it was silent for syncLimit');
        return;
      default:
    }
  }

  /** Once per turn, when everybody has written into the buffer. */
  turn(): void {
    if (this.isPaused) this.settle(this.reader.resume(this));
    if (this.current === 'planning') this.plan();
    else if (this.current === 'sync') this.pump();
    if (this.current === 'newLeader' && this.hasAckedEarly) this.acknowledge();
    this.flush();
    if (this.socket.queuedBytes === 0) this.statistics.onQueueEmpty(this.master.nowMs);
  }

  measureAcks(nowWallMs: number): void {
    this.statistics.measureAcks(this.acked, nowWallMs);
  }

  /** As `drop`, for what anybody can cause who has found the port, as often as he likes. */
  dropStranger(reason: string): void {
    if (this.current === 'closed') return;
    this.master.strangerLog.warn('refused', `closed ${this.name}: ${reason}`);
    this.close();
    this.master.onGone(this);
  }

  drop(reason: string): void {
    if (this.current === 'closed') return;
    this.say(`closed ${this.name}: ${reason}`);
    this.close();
    this.master.onGone(this);
  }

  /** Nothing more comes from it. */
  close(): void {
    if (this.current === 'closed') return;
    this.finish();
    this.socket.destroy();
  }

  // ---- what the socket says

  onOpen(): void {}

  onData(bytes: Uint8Array, length: number): void {
    if (this.current === 'closed') return;
    this.heardMs = this.master.nowMs;
    this.settle(this.reader.push(bytes, length, this));
    this.master.requestTurn();
  }

  onDrain(): void {
    if (this.current !== 'sync') return;
    this.sinceMs = this.master.nowMs;
    this.master.requestTurn();
  }

  onClose(reason: string): void {
    if (this.current === 'closed') return;
    this.say(`${this.name} is gone: ${reason}`);
    this.finish();
    this.master.onGone(this);
    this.master.requestTurn();
  }

  onPacket(
    type: number,
    zxidHi: number,
    zxidLo: number,
    bytes: Uint8Array,
    dataOffset: number,
    dataLength: number,
    idsOffset: number,
    idsLength: number,
  ): PacketVerdict {
    const { master } = this;
    this.statistics.packetsReceived++;
    switch (this.current) {
      case 'streaming':
        this.ackDeadlineTick = master.tick + master.timing.syncLimitTicks;
        switch (type) {
          case PacketType.ack:
            return this.takeAck(zxidHi, zxidLo);
          case PacketType.request:
            return this.takeRequest(bytes, dataOffset, dataLength, idsOffset, idsLength);
          case PacketType.ping:
            return this.takePing(bytes, dataOffset, dataLength);
          case PacketType.revalidate:
            return this.takeRevalidate(bytes, dataOffset, dataLength);
          default:
            return this.unexpected(type);
        }
      case 'info':
        return this.takeInfo(type, zxidHi, zxidLo, bytes, dataOffset, dataLength);
      case 'ackEpoch':
        if (type !== PacketType.ackEpoch) return this.unexpected(type);
        if (dataLength < 4) return this.malformed(type);
        this.lastHi = zxidHi;
        this.lastLo = zxidLo;
        master.onEpochAck(this, readInt32(bytes, dataOffset));
        return this.verdict();
      // Followers of 3.8.0 acknowledge what they are brought up to date with, too early and one by one; all of it is committed.
      case 'sync':
        if (type !== PacketType.ack) return this.unexpected(type);
        this.hasAckedEarly ||= !this.speaksEpochs && zxidHi === master.epoch && zxidLo === 0;
        return PacketVerdict.taken;
      case 'acknowledged':
        return type === PacketType.ack ? this.takeAck(zxidHi, zxidLo) : this.unexpected(type);
      case 'newLeader':
        if (type !== PacketType.ack) return this.unexpected(type);
        if (zxidHi !== master.epoch || zxidLo !== 0) return this.takeAck(zxidHi, zxidLo);
        this.acknowledge();
        return this.verdict();
      default:
        return this.unexpected(type);
    }
  }

  /** There is no stream from a learner. */
  onRaw(): number {
    return -1;
  }

  // ---- packets

  private takeInfo(
    type: number,
    zxidHi: number,
    zxidLo: number,
    bytes: Uint8Array,
    dataOffset: number,
    dataLength: number,
  ): PacketVerdict {
    if (type !== PacketType.followerInfo && type !== PacketType.observerInfo) return this.unexpected(type);
    this.isObserver = type === PacketType.observerInfo;
    this.acceptedEpoch = zxidHi;
    this.lastHi = zxidHi;
    this.lastLo = zxidLo;
    if (dataLength < 0) {
      this.sid = this.master.nextAnonymousSid();
      this.protocolVersion = 1;
    } else {
      const info = readLearnerInfo(bytes, dataOffset, dataLength);
      if (info === null) return this.malformed(type);
      this.sid = numberFromHalves(info.sidHi, info.sidLo);
      if (!Number.isSafeInteger(this.sid)) {
        this.drop(`0x${hex64(info.sidHi, info.sidLo)} is no id of a server`);
        return PacketVerdict.closed;
      }
      this.protocolVersion = info.protocolVersion;
      this.configVersionHi = info.configVersionHi;
      this.configVersionLo = info.configVersionLo;
    }
    this.statistics.setSid(this.sid);
    this.reader.partBytesMax = this.partBytesMax;
    this.enter('epoch');
    this.master.onLearnerInfo(this);
    return this.verdict();
  }

  private takeAck(zxidHi: number, zxidLo: number): PacketVerdict {
    const counter = zxidLo >>> 0;
    if (zxidHi === this.master.epoch && counter > this.acked && counter <= this.master.lastProposed) {
      this.acked = counter;
      this.syncLimit.onAck(counter, this.master.lastProposed, this.master.nowMs);
      this.master.onAck();
    }
    return PacketVerdict.taken;
  }

  private takeRequest(
    bytes: Uint8Array,
    dataOffset: number,
    dataLength: number,
    idsOffset: number,
    idsLength: number,
  ): PacketVerdict {
    const verdict = this.inlet.request(bytes, dataOffset, dataLength, idsOffset, idsLength);
    if (verdict === InletVerdict.taken) this.statistics.requestsReceived++;
    return this.ofInlet(verdict, PacketType.request);
  }

  private takePing(bytes: Uint8Array, dataOffset: number, dataLength: number): PacketVerdict {
    const verdict = this.inlet.touches(bytes, dataOffset, dataLength);
    if (verdict === InletVerdict.taken && this.pings.onAnswered()) this.master.onRoundAnswered();
    return this.ofInlet(verdict, PacketType.ping);
  }

  private takeRevalidate(bytes: Uint8Array, dataOffset: number, dataLength: number): PacketVerdict {
    const verdict = this.inlet.revalidate(bytes, dataOffset, dataLength);
    if (verdict === InletVerdict.taken) this.master.measures.revalidations.increment();
    return this.ofInlet(verdict, PacketType.revalidate);
  }

  private ofInlet(verdict: InletVerdict, type: number): PacketVerdict {
    if (verdict === InletVerdict.malformed) return this.malformed(type);
    return verdict === InletVerdict.later ? PacketVerdict.later : PacketVerdict.taken;
  }

  private unexpected(type: number): PacketVerdict {
    this.drop(`it sent ${packetName(type)}, which has no place here (${this.current})`);
    return PacketVerdict.closed;
  }

  private malformed(type: number): PacketVerdict {
    this.drop(`it sent a malformed ${packetName(type)}`);
    return PacketVerdict.closed;
  }

  /** Of a packet whose handling may have closed the link. */
  private verdict(): PacketVerdict {
    return this.current === 'closed' ? PacketVerdict.closed : PacketVerdict.taken;
  }

  // ---- the rest

  private acknowledge(): void {
    this.enter('acknowledged');
    this.master.onNewLeaderAck(this);
  }

  private newLeader(text: Uint8Array | null): void {
    if (text === null) this.out.empty(PacketType.newLeader, this.master.epoch, 0);
    else this.out.withData(PacketType.newLeader, this.master.epoch, 0, text, 0, text.length);
  }

  private plan(): void {
    const { planning } = this;
    if (planning === null) return;
    const plan = planning.decision.step();
    if (plan === null) {
      this.master.requestTurn();
      return;
    }
    this.planning = null;
    planning.onPlanned(plan);
  }

  /** Gives the socket what it has room for. */
  private pump(): void {
    const { feed } = this;
    if (feed === null) return;
    const room = SYNC_WINDOW_BYTES - this.socket.queuedBytes;
    if (room <= 0) return;
    let state: FeedState;
    try {
      state = feed.step(Math.min(room, SYNC_BYTES_PER_TURN));
    } catch (error) {
      if (!(error instanceof SnapshotAbandoned)) throw error;
      this.drop(error.message);
      return;
    }
    if (state === FeedState.failed) {
      this.drop(feed.fault);
      return;
    }
    if (state === FeedState.waits) return;
    this.sinceMs = this.master.nowMs;
    if (state === FeedState.caughtUp) this.master.onCaughtUp(this);
    else this.master.requestTurn();
  }

  private settle(result: PacketResult): void {
    if (result === PacketResult.later) {
      // It comes again.
      this.statistics.packetsReceived--;
      if (!this.isPaused) this.socket.pause();
      this.isPaused = true;
    } else if (result === PacketResult.malformed) {
      this.drop(this.reader.fault);
    } else if (result === PacketResult.drained && this.isPaused) {
      this.isPaused = false;
      this.socket.resume();
    }
  }

  private flush(): void {
    if (this.current === 'closed' || this.out.length === 0) return;
    this.statistics.onFlush(this.master.nowMs);
    this.out.flush(this.socket);
    const queued = this.socket.queuedBytes;
    if (queued > QUEUE_BYTES_MAX) this.drop(`it has left ${queued >> 20} MiB unread`);
  }

  private enter(state: LinkState): void {
    this.current = state;
    this.sinceMs = this.master.nowMs;
  }

  private say(text: string): void {
    if (this.current === 'info') this.master.strangerLog.warn('stranger', text);
    else this.master.log.warn(text);
  }

  private finish(): void {
    this.current = 'closed';
    this.planning?.decision.close();
    this.planning = null;
    this.feed?.close();
    this.feed = null;
    this.out.clear();
  }
}
