/**
 * Learner: the role of a member that follows or observes a leader (ensemble-protocol 5, 6), from the connection to its end.
 *
 *   connecting --FOLLOWERINFO--> discovery --ACKEPOCH--> synchronization --UPTODATE--> starting --done(serve)--> broadcast
 *
 * Made by the quorum peer when an election has found another one to be the leader, on its thread. The parts decide what packets
 * mean; this wires them, and is the one place where the role ends. Once it has ended nothing is logged, committed or
 * acknowledged any more (ZOOKEEPER-4712), whatever its parts, the socket or the line still say.
 */
import type { PeerAddress } from '../election/peer-network.js';
import type { QuorumVerifier } from '../election/quorum-verifier.js';
import { RecordType, ServerRole } from '../processor/pipeline-records.js';
import { Follower } from './follower.js';
import { LeaderConnection, type LeaderConnectionEvents } from './leader-connection.js';
import { LearnerBroadcast } from './learner-broadcast.js';
import { LearnerDiscovery } from './learner-discovery.js';
import type { LearnerHandler } from './learner-handler.js';
import type { LearnerHost, LearnerOptions } from './learner-host.js';
import { LearnerRequests } from './learner-requests.js';
import { LearnerSync } from './learner-sync.js';
import { Observer } from './observer.js';
import { ObserverMaster } from './observer-master.js';
import { PacketVerdict } from './packet-reader.js';
import type { ZabState } from './peer-report.js';
import { ReceivedConfigs } from './received-configs.js';
import { ReceivedTxns } from './received-txns.js';
import { RelayedTouches } from './relayed-touches.js';
import type { Role } from './role.js';
import { RoleFault } from './role-fault.js';
import type { RoleFigures } from './role-figures.js';

export type LearnerPhase = 'connecting' | 'discovery' | 'synchronization' | 'starting' | 'broadcast' | 'over';

/** Of onRaw: the connection is closed. */
const CLOSED = -1;
/** A leader asks every half tick. */
const TOUCHES_PER_TICK_MAX = 8;
const LEADER_PART_BYTES_MAX = 256 << 20;

export class Learner implements Role, LeaderConnectionEvents {
  private readonly host: LearnerHost;
  private readonly options: LearnerOptions;
  private readonly connection: LeaderConnection;
  /** In the order in which they are tried. */
  private readonly targetSids: readonly number[];
  private readonly discovery: LearnerDiscovery;
  private readonly txns: ReceivedTxns;
  private readonly configs: ReceivedConfigs;
  private readonly requests: LearnerRequests;
  private readonly broadcast: Follower | Observer;
  private readonly touches: RelayedTouches;
  private sync: LearnerSync | null = null; // from discovery's end on
  private master: ObserverMaster | null = null; // while a follower broadcasts
  private hasStarted = false;
  private syncBeganMs = 0;
  private current: LearnerPhase = 'connecting';

  /** It begins with the first `onBatchEnd`, for which it asks. */
  constructor(host: LearnerHost, options: LearnerOptions) {
    this.host = host;
    this.options = options;
    const { timing, history, line, log } = host;
    const master = options.observerMaster;
    const isAhead = host.epochs.acceptedEpoch > host.epochs.currentEpoch;
    const targets = targetsOf(host.configs.committed, options, isAhead);
    this.targetSids = targets.map(({ sid }) => sid);
    this.connection = new LeaderConnection(
      host.network,
      log,
      {
        targets: targets.map(({ addresses }) => addresses),
        connectMsMax: timing.tickMs * (timing.connectLimitTicks > 0 ? timing.connectLimitTicks : timing.initLimitTicks),
        retryMs: timing.connectRetryMs,
        roundMs: master !== null && options.kind === 'observer' ? master.chance() * master.reconnectMsMax : 0,
        silenceMsMax: timing.tickMs * timing.initLimitTicks,
        // What the leader has committed cannot be refused, however long: a closeSession lists all ephemerals.
        partBytesMax: Math.max(options.partBytesMax, LEADER_PART_BYTES_MAX),
      },
      this,
    );
    const { out } = this.connection;
    this.discovery = new LearnerDiscovery(host, options, out);
    this.txns = new ReceivedTxns(history, line, host.measures.ages);
    this.configs = new ReceivedConfigs(host.configs, this.txns);
    this.requests = new LearnerRequests(line, out, log);
    this.touches = new RelayedTouches(options.touched);
    const common = new LearnerBroadcast(
      this.txns,
      this.requests,
      this.touches,
      out,
      log,
      host.clock,
      timing.tickMs / TOUCHES_PER_TICK_MAX,
    );
    const Kind = options.kind === 'follower' ? Follower : Observer;
    this.broadcast = new Kind(this.txns, this.configs, common);
    host.requestTurn();
  }

  get phase(): LearnerPhase {
    return this.current;
  }

  get zabState(): ZabState {
    if (this.current === 'broadcast') return 'broadcast';
    return this.current === 'synchronization' || this.current === 'starting' ? 'synchronization' : 'discovery';
  }

  /** Observers that this follower serves. */
  get learners(): Iterable<LearnerHandler> {
    return this.master?.learners ?? [];
  }

  /** How the leader brought this member to its state; for monitoring. */
  get syncMode(): LearnerSync['mode'] {
    return this.current === 'synchronization' && this.sync !== null ? this.sync.mode : 'none';
  }

  // ---- Role

  showFigures(figures: RoleFigures): void {
    figures.set('learner_master_id', this.targetSids[this.connection.targetIndex] as number);
    if (this.master !== null) figures.set('synced_observers', this.master.syncedCount);
  }

  onLine(type: number, bytes: Uint8Array, words: Int32Array, offset: number, length: number): void {
    if (this.current === 'over') return;
    if (type === RecordType.request) this.requests.forward(bytes, words, offset, length);
    else this.host.line.local(type, bytes, offset, length);
  }

  onDurable(zxidHi: number, zxidLo: number): void {
    const { sync, txns } = this;
    if (this.current === 'over') return;
    txns.onDurable(zxidHi, zxidLo);
    if (sync !== null && !sync.isOver) this.guard(() => sync.onDurable());
  }

  onDone(type: number, zxidHi: number, zxidLo: number, error: number): void {
    const { sync } = this;
    if (this.current === 'over' || sync === null) return;
    if (type === RecordType.serve && this.current === 'starting') {
      this.current = 'broadcast';
      this.touches.reset();
      this.host.measures.beginBroadcast(this.committedCounter());
      this.serveObservers();
      this.host.onBroadcast(this.discovery.epoch);
    } else {
      this.guard(() => sync.onDone(type, zxidHi, zxidLo, error));
    }
  }

  onTick(nowMs: number): void {
    if (this.current === 'over' || !this.hasStarted) return;
    this.connection.onTick(nowMs);
    if (this.master === null) return;
    this.master.onTick(nowMs);
    this.host.requestTurn();
  }

  onBatchEnd(): void {
    if (this.current === 'over') return;
    if (this.hasStarted) {
      this.connection.resume();
      this.finishTurn();
    } else {
      this.start();
    }
  }

  onConfigsChanged(): void {}

  close(): void {
    this.current = 'over';
    this.connection.close();
    this.master?.close();
    this.master = null;
  }

  // ---- LeaderConnectionEvents

  onConnected(): void {
    this.current = 'discovery';
    this.discovery.onConnected();
  }

  onLost(reason: string): void {
    this.over(`Lost the leader: ${reason}`);
  }

  onInput(): void {
    this.host.requestTurn();
  }

  onPacket(
    type: number,
    zxidHi: number,
    zxidLo: number,
    bytes: Uint8Array,
    dataOffset: number,
    dataLength: number,
  ): PacketVerdict {
    if (this.current === 'over') return PacketVerdict.closed;
    try {
      return this.take(type, zxidHi, zxidLo, bytes, dataOffset, dataLength);
    } catch (error) {
      this.fault(error);
      return PacketVerdict.closed;
    }
  }

  onRaw(bytes: Uint8Array, offset: number, length: number): number {
    if (this.current === 'over' || this.sync === null) return CLOSED;
    try {
      return this.sync.onRaw(bytes, offset, length);
    } catch (error) {
      this.fault(error);
      return CLOSED;
    }
  }

  // ---- inside

  private start(): void {
    const { host, options } = this;
    this.hasStarted = true;
    if (host.configs.committed.member(options.leader) === undefined) {
      this.over(`Server ${options.leader} was elected, and is no member`);
      return;
    }
    this.connection.start(host.clock.monotonicMs());
  }

  private take(
    type: number,
    zxidHi: number,
    zxidLo: number,
    bytes: Uint8Array,
    dataOffset: number,
    dataLength: number,
  ): PacketVerdict {
    const { sync } = this;
    if (sync === null) {
      this.discovery.onPacket(type, zxidHi, bytes, dataOffset, dataLength);
      this.sync = new LearnerSync(this.host, this.connection, this.txns, this.configs, this.discovery.epoch);
      this.current = 'synchronization';
      this.syncBeganMs = this.host.clock.monotonicMs();
      return PacketVerdict.taken;
    }
    if (sync.isOver) return this.broadcast.onPacket(type, zxidHi, zxidLo, bytes, dataOffset, dataLength);
    const verdict = sync.onPacket(type, zxidHi, zxidLo, bytes, dataOffset, dataLength);
    if (sync.isOver) this.serve();
    return verdict;
  }

  private serve(): void {
    const { measures, clock } = this.host;
    const syncTime = this.options.kind === 'follower' ? measures.followerSyncTime : measures.observerSyncTime;
    syncTime.add(clock.monotonicMs() - this.syncBeganMs);
    this.current = 'starting';
    this.txns.mayRepeat = false;
    this.txns.isLogging = this.options.isLogging || this.options.kind === 'follower';
    this.txns.publish();
    this.host.line.serve(this.options.kind === 'follower' ? ServerRole.follower : ServerRole.observer, 0, 0);
  }

  private serveObservers(): void {
    const { host, options, txns } = this;
    if (options.kind !== 'follower' || options.observerMaster === null) return;
    this.master = new ObserverMaster(
      host,
      options.observerMaster,
      options.partBytesMax,
      this.requests,
      this.touches,
      this.connection,
    );
    txns.sink = this.master;
  }

  /** One record for what was committed, and one write to each side for what is to be sent. */
  private finishTurn(): void {
    if (this.current === 'over') return;
    const { connection, txns } = this;
    txns.publish();
    if (this.current === 'broadcast') this.measure();
    this.master?.turn();
    if (this.sync?.isAcknowledging && this.options.kind === 'follower') txns.acknowledge(connection.out);
    connection.flush();
  }

  private measure(): void {
    const { txns, host } = this;
    const { received, acknowledged } = txns;
    const isFollower = this.options.kind === 'follower';
    host.measures.onLearnerTurn(isFollower, received, acknowledged, this.committedCounter(), host.clock.wallMs());
  }

  private committedCounter(): number {
    const { lastCommittedHi, lastCommittedLo } = this.host.history;
    return lastCommittedHi === this.discovery.epoch ? lastCommittedLo >>> 0 : 0;
  }

  private guard(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.fault(error);
    }
  }

  private fault(error: unknown): void {
    if (!(error instanceof RoleFault)) throw error;
    this.over(error.message);
  }

  private over(reason: string): void {
    if (this.current === 'over') return;
    this.close();
    this.host.onOver(reason);
  }
}

interface Target {
  readonly sid: number;
  readonly addresses: readonly PeerAddress[];
}

/**
 * Observers try the masters in any order, and the leader when none is there. Who has promised an epoch that came to nothing tries
 * the leader first, which alone can begin a later one.
 */
function targetsOf(config: QuorumVerifier, options: LearnerOptions, isAhead: boolean): Target[] {
  const { leader, kind, observerMaster } = options;
  const targets: Target[] = [];
  if (kind === 'observer' && observerMaster !== null) {
    for (const { sid, type, addresses } of config.members) {
      if (sid === leader || type === 'observer') continue;
      targets.push({ sid, addresses: addresses.map(({ host }) => ({ host, port: observerMaster.port })) });
    }
    for (let last = targets.length - 1; last > 0; last--) {
      const other = Math.floor(observerMaster.chance() * (last + 1));
      [targets[last], targets[other]] = [targets[other], targets[last]];
    }
  }
  const { addresses = [] } = config.member(leader) ?? {};
  const target = { sid: leader, addresses: addresses.map(({ host, quorumPort }) => ({ host, port: quorumPort })) };
  if (isAhead) targets.unshift(target);
  else targets.push(target);
  return targets;
}
