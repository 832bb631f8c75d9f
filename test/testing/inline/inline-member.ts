/**
 * One member of an ensemble in the calling thread, by hand: the production actors in their production topology, on a clock, a
 * disk, a client network and a machine in a simulated network between servers that are all its own. It does nothing until it is
 * stepped; it may die, lose its power, stand still, and start again from what its disk kept.
 *
 * Observers and defects are put around its actors from outside: `onActor` sees each one as it is made.
 */
import type { Actor, ActorContext } from '../../../src/actor/actor.js';
import { type Logger, silentLogger } from '../../../src/actor/logger.js';
import { assert } from '../../../src/base/assert.js';
import { ManualClock } from '../../../src/base/clock.js';
import type { Prng } from '../../../src/base/prng.js';
import { ElectionActor } from '../../../src/election/election-actor.js';
import type { PeerNetwork } from '../../../src/election/peer-network.js';
import { parseQuorumConfigText } from '../../../src/election/quorum-config-text.js';
import { DynamicConfigFiles } from '../../../src/persistence/dynamic-config-files.js';
import type { FileStore } from '../../../src/persistence/file-store.js';
import type { SimFileStore } from '../../../src/persistence/sim-file-store.js';
import { resetSyncMark } from '../../../src/persistence/sync-mark.js';
import { listTxnLogs } from '../../../src/persistence/txn-log-files.js';
import { CommitProcessor } from '../../../src/processor/commit-processor.js';
import type { ServerRole } from '../../../src/processor/pipeline-records.js';
import { ensemblePlacement, ensembleTopology } from '../../../src/server/ensemble-topology.js';
import { recoverMember } from '../../../src/server/member-recovery.js';
import { memberRoles } from '../../../src/server/member-roles.js';
import type { QuorumPeerConfig } from '../../../src/server/quorum-peer-config.js';
import type { ServerConfig } from '../../../src/server/server-config.js';
import { createSharedMemory } from '../../../src/server/shared-memory.js';
import { SharedName } from '../../../src/server/shared-name.js';
import { type ActorConfig, ActorKind } from '../../../src/server/standalone-topology.js';
import { ThreadTree } from '../../../src/server/thread-tree.js';
import type { OpenRole } from '../../../src/zab/open-role.js';
import { PeerStatus } from '../../../src/zab/peer-status.js';
import { QuorumPeerActor } from '../../../src/zab/quorum-peer-actor.js';
import { InlineServer } from '../inline-server.js';
import { InlineActors } from './inline-actors.js';
import { readMembers } from './member-config-file.js';
import type { LogObserver } from './recorded-log.js';
import { SimClientNetwork } from './sim-client-network.js';
import type { SimPeerHost } from './sim-peer-host.js';
import { ThreadsByHand } from './threads-by-hand.js';

/** Without a leader for so long, a member that may be read-only is. */
const READ_ONLY_AFTER_TICKS = 2;

export interface InlineMemberOptions {
  readonly sid: number;
  readonly prng: Prng;
  readonly host: SimPeerHost;
  readonly disk: SimFileStore;
  /** All members, in the text of a configuration. */
  readonly membersText: string;
  /** Where the disk has the members, as they change; what stands there goes before `membersText`. */
  readonly configFile?: string;
  readonly config?: Partial<ServerConfig>;
  readonly quorum?: Partial<QuorumPeerConfig>;
  readonly clock?: ManualClock;
  /** Learners are always sent a snapshot. */
  readonly isSnapForced?: boolean;
  /** The disk and the network as the member is given them. */
  readonly files?: (disk: SimFileStore) => FileStore;
  readonly network?: (host: SimPeerHost) => PeerNetwork;
  readonly openRole?: (openRole: OpenRole) => OpenRole;
  /** Called with each actor as it is made: to look on, or to spoil it. */
  readonly onActor?: (kind: string, actor: Actor, context: ActorContext) => void;
  readonly log?: LogObserver;
  readonly onSaying?: (level: 'info' | 'warn' | 'error', message: string) => void;
}

const DATA_DIR = '/data';
const COMMITTED_LOG_BYTES_MAX = 64 << 20;

export class InlineMember {
  readonly sid: number;
  readonly clock: ManualClock;
  readonly disk: SimFileStore;
  readonly host: SimPeerHost;
  readonly network = new SimClientNetwork();
  /** Of this life, or of the last one. */
  config: ServerConfig;
  readonly warnings: string[] = [];
  /** What ended this life, if it ended by itself. */
  failure: { readonly actorName: string; readonly error: Error } | null = null;
  digestMismatch: string | null = null;
  /** Actors that get no turn: a disk that is slow, a thread that the system has put aside. */
  readonly held = new Set<string>();
  private readonly options: InlineMemberOptions;
  private readonly prng: Prng;
  private lives = 0;
  private threads: ThreadsByHand | null = null;
  private actors: InlineActors | null = null;
  private memory: Record<string, SharedArrayBuffer> = {};

  constructor(options: InlineMemberOptions) {
    this.options = options;
    this.sid = options.sid;
    this.prng = options.prng;
    this.clock = options.clock ?? new ManualClock(1_000_000);
    this.disk = options.disk;
    this.host = options.host;
    this.config = memberConfig(options);
  }

  get isRunning(): boolean {
    return this.threads !== null;
  }

  get status(): PeerStatus {
    return new PeerStatus(this.memory[SharedName.peerStatus] as SharedArrayBuffer);
  }

  /** Null while it turns clients away. */
  get servingAs(): ServerRole | null {
    return this.isRunning ? this.status.servingAs : null;
  }

  get parts(): InlineActors {
    assert(this.actors !== null, 'the member has been started');
    return this.actors;
  }

  // ---- its lives

  start(): void {
    assert(this.threads === null, 'the member is running already');
    const { options } = this;
    const prng = this.prng.fork(`life ${++this.lives}`);
    const hash = prng.fork('hash-key');
    this.memory = {
      ...createSharedMemory(new Int32Array([hash.next32() | 0, hash.next32() | 0]), 1),
      [SharedName.peerStatus]: PeerStatus.createMemory(),
    };
    this.failure = null;
    this.held.clear();
    const files = options.files?.(this.disk) ?? this.disk;
    const onDisk = options.configFile === undefined ? null : readMembers(files, options.configFile);
    if (onDisk !== null) this.config = memberConfig({ ...options, quorum: { ...options.quorum, ...onDisk } });
    const topology = ensembleTopology(this.config, false);
    const { config, clock, disk, network, memory, warnings } = this;
    const actors = new InlineActors({
      config,
      dataDir: DATA_DIR,
      clock,
      prng,
      disk,
      files,
      network,
      memory,
      logged: [],
      warnings,
      words: [],
      audited: [],
      randomBytes: (count) => Uint8Array.from({ length: count }, () => prng.below(256)),
      prepareTree: null,
      serverId: this.sid,
      recover: (recovery, context) => {
        const recovered = recoverMember(recovery, context.log);
        this.status.setOwesTail(recovered.missingTail !== null);
        return recovered;
      },
      ...(options.log === undefined ? {} : { log: options.log }),
    });
    this.actors = actors;
    const tree = new ThreadTree();
    this.threads = new ThreadsByHand(topology, ensemblePlacement('inline', 1), this.memory, {
      clock,
      createActorsOf: () => (kind, name, context) => {
        const actor = this.createMember(kind, context, tree, files, prng) ?? actors.create(kind, name, context, tree);
        options.onActor?.(kind, actor, context);
        return actor;
      },
      createLogger: () => this.logger(),
      onFatal: (error, actorName) => {
        this.failure ??= { actorName, error };
      },
    });
    this.threads.start();
  }

  /** The machine has lost its power: nobody is told, and the disk keeps what it keeps. */
  losePower(): void {
    this.forget();
    this.host.powerOff();
    this.disk.crash();
  }

  /** The process is killed: its sockets are closed by the system, and the disk has all that was written. */
  kill(): void {
    this.forget();
    this.host.kill();
    this.disk.killProcess();
  }

  private forget(): void {
    this.threads?.close();
    this.threads = null;
    this.network.reset();
  }

  // ---- steps

  /** One step of the actors, the client network or the peers' sockets; false when nothing can happen at this moment. */
  stepAtRandom(prng: Prng, batchMax = 8): boolean {
    const { threads } = this;
    if (threads === null || this.failure !== null) return false;
    switch (prng.below(4)) {
      case 0:
        return this.host.stepAtRandom(prng) || this.stepActors(prng, batchMax) || this.network.stepAtRandom(prng);
      case 1:
        return this.network.stepAtRandom(prng) || this.stepActors(prng, batchMax) || this.host.stepAtRandom(prng);
      default:
        return this.stepActors(prng, batchMax) || this.host.stepAtRandom(prng) || this.network.stepAtRandom(prng);
    }
  }

  private stepActors(prng: Prng, batchMax: number): boolean {
    const isHeld = this.held.size === 0 ? null : (name: string) => this.held.has(name);
    return (this.threads as ThreadsByHand).stepAtRandom(prng, 1 + prng.below(batchMax), isHeld);
  }

  /** By its own clock. */
  tickNextMs(): number {
    return this.threads?.tickNextMs() ?? Number.POSITIVE_INFINITY;
  }

  // ---- its parts

  private createMember(
    kind: string,
    context: ActorContext,
    tree: ThreadTree,
    files: FileStore,
    prng: Prng,
  ): Actor | null {
    switch (kind) {
      case ActorKind.commit:
        return new CommitProcessor(context);
      case ActorKind.election:
        return this.createElection(context);
      case ActorKind.quorumPeer:
        return this.createQuorumPeer(context, tree, files, prng);
      default:
        return null;
    }
  }

  private peerNetwork(): PeerNetwork {
    return this.options.network?.(this.host) ?? this.host;
  }

  private createElection(context: ActorContext): Actor {
    const peer = this.config.quorumPeer as QuorumPeerConfig;
    return new ElectionActor(context, this.peerNetwork(), {
      myId: peer.myId,
      cnxTimeoutMs: peer.electionConnectTimeoutMs,
      handshakeTimeoutMs: peer.electionHandshakeTimeoutMs,
      notificationMsMin: peer.notificationMinMs,
      notificationMsMax: peer.notificationMaxMs,
      multiAddress: peer.multiAddress,
      bindRetries: peer.electionBindTries,
      listenOnAllIps: peer.listenOnAllIps,
      reconfigEnabled: this.config.reconfigEnabled,
      configText: peer.membersText,
      lastSeenText: peer.lastSeenText,
    });
  }

  private createQuorumPeer(context: ActorContext, tree: ThreadTree, files: FileStore, prng: Prng): Actor {
    const { config, status } = this;
    const peer = config.quorumPeer as QuorumPeerConfig;
    const directories = this.parts.directories();
    const { guarded } = context.config as ActorConfig;
    const chance = prng.fork('rest');
    const openRole = memberRoles(context, config, peer, tree.reader(context, guarded), files, directories, () =>
      chance.float(),
    );
    return new QuorumPeerActor(context, {
      myId: peer.myId,
      network: this.peerNetwork(),
      onMemberHosts: () => {},
      fileStore: files,
      directories,
      timing: {
        tickMs: config.tickMs,
        initLimitTicks: peer.initLimitTicks,
        syncLimitTicks: peer.syncLimitTicks,
        connectLimitTicks: peer.connectLimitTicks,
        connectRetryMs: peer.connectRetryMs,
        epochWaitMsMax: peer.epochWaitMsMax,
      },
      committed: parseQuorumConfigText(peer.membersText),
      lastSeen: peer.lastSeenText === null ? null : parseQuorumConfigText(peer.lastSeenText),
      configs: {
        isReconfigEnabled: config.reconfigEnabled,
        files: this.options.configFile === undefined ? null : new DynamicConfigFiles(files, this.options.configFile),
        staticPairs: new Map(Object.entries(peer.staticPairs)),
        hasDynamicFile: peer.hasDynamicFile,
      },
      status,
      shardCount: 1,
      committedLogCount: config.learnerSync.commitLogCount,
      committedLogBytesMax: COMMITTED_LOG_BYTES_MAX,
      readOnlyAfterMs: config.readOnlyModeEnabled ? READ_ONLY_AFTER_TICKS * config.tickMs : Number.POSITIVE_INFINITY,
      observerRestMsMax: peer.observerRestMsMax,
      chance: () => chance.float(),
      onSynchronized: (zxidHi, zxidLo) => {
        if (!status.owesTail) return;
        const last = listTxnLogs(files, directories.logDirectory).at(-1);
        const log =
          last === undefined
            ? null
            : { zxidHi: last.zxidHi, zxidLo: last.zxidLo, path: `${directories.logDirectory}/${last.name}` };
        resetSyncMark(files, directories.logDirectory, zxidHi, zxidLo, log);
      },
      openRole: this.options.openRole?.(openRole) ?? openRole,
    });
  }

  private logger(): Logger {
    const { onSaying } = this.options;
    const say =
      (level: 'info' | 'warn' | 'error') =>
      (message: string): void => {
        if (level !== 'info') this.warnings.push(message);
        if (message.startsWith('First digest mismatch')) this.digestMismatch = message;
        onSaying?.(level, message);
      };
    return { ...silentLogger, info: say('info'), warn: say('warn'), error: say('error') };
  }
}

function memberConfig(options: InlineMemberOptions): ServerConfig {
  const defaults = InlineServer.defaults();
  const config: ServerConfig = {
    ...defaults,
    learnerSync: { ...defaults.learnerSync, forceSnapshotSync: options.isSnapForced ?? false },
    preAllocBytes: 8192,
    tickMs: 400,
    minSessionTimeoutMs: 800,
    maxSessionTimeoutMs: 8000,
    ...options.config,
    placement: 'inline',
    connectionShards: 1,
  };
  const quorumPeer: QuorumPeerConfig = {
    myId: options.sid,
    membersText: options.membersText,
    lastSeenText: null,
    staticPairs: {},
    hasDynamicFile: true,
    initLimitTicks: 10,
    syncLimitTicks: 4,
    connectLimitTicks: 0,
    connectRetryMs: 100,
    epochWaitMsMax: -1,
    electionConnectTimeoutMs: 1000,
    electionHandshakeTimeoutMs: 1600,
    notificationMinMs: 200,
    notificationMaxMs: 4000,
    electionBindTries: 3,
    tcpKeepAlive: false,
    leaderNoDelay: true,
    followerNoDelay: true,
    listenOnAllIps: false,
    multiAddress: false,
    observerRestMsMax: 200,
    isStandaloneEnabled: true,
    observerMasterPort: 0,
    observerReconnectMsMax: 0,
    observerLogs: true,
    counterLast: 0xffffffff,
    leaderServes: true,
    ...options.quorum,
  };
  return { ...config, quorumPeer };
}
