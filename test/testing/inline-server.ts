import type { CountersReader } from '../../src/actor/counters/counters-reader.js';
import type { MetricSetReader } from '../../src/actor/counters/metric-set-reader.js';
import type { Logger } from '../../src/actor/logger.js';
import { silentLogger } from '../../src/actor/logger.js';
import type { Topology } from '../../src/actor/topology.js';
import { assert } from '../../src/base/assert.js';
import { ManualClock } from '../../src/base/clock.js';
import { Prng } from '../../src/base/prng.js';
import { ChangedSettings } from '../../src/net/changed-settings.js';
import type { ShardSettings } from '../../src/net/shard-control.js';
import { SLOW_REQUEST_THRESHOLD, SlowRequestThreshold } from '../../src/net/slow-request-threshold.js';
import type { FileStore } from '../../src/persistence/file-store.js';
import { encodeRestorePlan, RESTORE_NAME } from '../../src/persistence/restore-plan.js';
import { proveRestore } from '../../src/persistence/restore-proof.js';
import { SimCrashError, SimFileStore } from '../../src/persistence/sim-file-store.js';
import type { PlacementName } from '../../src/server/placement-choice.js';
import { loadServerConfig, type ServerConfig } from '../../src/server/server-config.js';
import { createSharedMemory } from '../../src/server/shared-memory.js';
import { SharedName } from '../../src/server/shared-name.js';
import { SlowRequests } from '../../src/server/slow-requests.js';
import type { SnapshotSchedule } from '../../src/server/snapshot-schedule.js';
import { standalonePlacement, standaloneTopology } from '../../src/server/standalone-topology.js';
import { ThreadTree } from '../../src/server/thread-tree.js';
import { SessionTable } from '../../src/session/session-table.js';
import type { DataTree } from '../../src/store/data-tree.js';
import type { TreeReader } from '../../src/store/tree-reader.js';
import { type HeardWord, InlineActors } from './inline/inline-actors.js';
import type { LoggedTxn } from './inline/recorded-log.js';
import { SimClientNetwork, type SimConnection, type SimConnectionOptions } from './inline/sim-client-network.js';
import { ThreadsByHand } from './inline/threads-by-hand.js';
import { type Handshake, type Reply, WireClient } from './inline/wire-client.js';

export interface InlineServerOptions {
  readonly seed?: number;
  /** Inline has local mailboxes only; the others bring real rings between their threads. */
  readonly placement?: PlacementName;
  readonly connectionShards?: number;
  /** Of every link, instead of the production size: a power of two, small to make rings spill and large records travel. */
  readonly ringBytes?: number;
  readonly config?: Partial<ServerConfig>;
  /** Further settings, read as the real server reads `-Dname=value`; `config` is stronger. */
  readonly properties?: Readonly<Record<string, string>>;
  /** All shards listen on one descriptor, as on a Node without reusePort. */
  readonly shardsShareSocket?: boolean;
  readonly clock?: ManualClock;
  /** What nobody can foresee elsewhere: the nonces of SASL. */
  readonly randomBytes?: (count: number) => Uint8Array;
  readonly disk?: SimFileStore;
  /** What the server is given in the disk's place: one with a fault of its own, to see whether it is found out. */
  readonly files?: (disk: SimFileStore) => FileStore;
  /** Where `logged` is kept, for who wants to look while the server is being started. */
  readonly logged?: LoggedTxn[];
  /** Called inside a write section after recovery, before anybody is served: for states no client could bring about. */
  readonly prepareTree?: (tree: DataTree) => void;
}

const DATA_DIR = '/data';
const STEPS_MAX = 5_000_000;
const QUIET_STEPS_MAX = 100_000;

export class InlineServer {
  readonly clock: ManualClock;
  readonly disk: SimFileStore;
  /** The disk as the server is given it. */
  readonly files: FileStore;
  readonly network: SimClientNetwork;
  readonly config: ServerConfig;
  /** Everything that was appended to the log, over all lives of the server; what a crash took away is cut off again. */
  readonly logged: LoggedTxn[];
  /** What the actors logged at warn and error, and everything else they said. */
  readonly warnings: string[] = [];
  readonly sayings: string[] = [];
  readonly words: HeardWord[] = [];
  /** Of the slow-request log. */
  readonly slowLines: string[] = [];
  slowRequests: SlowRequests | null = null;
  /** Lines of the audit log, each behind its level. */
  readonly audited: string[] = [];
  /** The failure that ended this life, unless somebody has taken it. */
  failure: { actorName: string; error: Error } | null = null;
  /** The first time that a tree was not what its digest says, unless somebody has taken it; every test fails by it. */
  digestMismatch: string | null = null;

  private readonly options: InlineServerOptions;
  private readonly prng: Prng;
  private topology: Topology | null = null;
  private threads: ThreadsByHand | null = null;
  /** Of the last start. */
  private actors: InlineActors | null = null;
  private memory: Record<string, SharedArrayBuffer> = {};
  private shardNext = 0;

  private constructor(options: InlineServerOptions) {
    this.options = options;
    this.prng = new Prng(options.seed ?? 1);
    this.clock = options.clock ?? new ManualClock(1_000_000);
    this.disk = options.disk ?? new SimFileStore(this.prng.fork('disk'));
    this.logged = options.logged ?? [];
    this.files = options.files?.(this.disk) ?? this.disk;
    this.disk.makeDirectories(DATA_DIR);
    this.network = new SimClientNetwork(!(options.shardsShareSocket ?? false));
    const defaults = InlineServer.defaults(options.properties);
    this.config = {
      ...defaults,
      // A real one would make the simulated disk write 64 MB of zeros.
      preAllocBytes: 8192,
      ...options.config,
      placement: options.placement ?? 'inline',
      connectionShards: options.connectionShards ?? 1,
    };
  }

  /** The configuration without further ado, or with these settings. */
  static defaults(properties: Readonly<Record<string, string>> = {}): ServerConfig {
    const options = Object.entries(properties).map(([name, value]) => `-D${name}=${value}`);
    return loadServerConfig({ argv: [...options, '2181', DATA_DIR, '2000'], env: {}, coreCount: 2, log: silentLogger });
  }

  /** A server that serves. */
  static start(options: InlineServerOptions = {}): InlineServer {
    const server = new InlineServer(options);
    server.restart();
    return server;
  }

  get isRunning(): boolean {
    return this.threads !== null;
  }

  /** Of the last start. */
  get recoveredZxid(): bigint {
    return this.actors?.recoveredZxid ?? 0n;
  }

  /** Of this life: asks for snapshots, knows the last one. */
  get snapshots(): SnapshotSchedule | null {
    return this.actors?.snapshots ?? null;
  }

  /** The tree as the final stage has it. */
  get tree(): TreeReader {
    const tree = this.actors?.finalTree ?? null;
    assert(tree !== null, 'the server is running');
    return tree.reader;
  }

  get sessions(): SessionTable {
    return new SessionTable(this.memory[SharedName.sessions] as SharedArrayBuffer);
  }

  get zxid(): bigint {
    return (BigInt(this.tree.zxidHi()) << 32n) | BigInt(this.tree.zxidLo() >>> 0);
  }

  setSlowRequestThreshold(ms: number): void {
    const memory = this.memory[SLOW_REQUEST_THRESHOLD];
    assert(memory !== undefined, 'the threshold has its memory');
    new SlowRequestThreshold(memory).ms = ms;
  }

  changeSettings(shard: string, settings: ShardSettings): void {
    const memory = this.memory[SharedName.changedSettings];
    assert(memory !== undefined, 'the changed settings have their memory');
    new ChangedSettings(memory).set(settings);
    this.control(shard, { kind: 'settings-changed' });
  }

  metrics(): MetricSetReader {
    return this.running().metrics();
  }

  counters(): CountersReader {
    return this.running().counters();
  }

  control(actorName: string, request: unknown): unknown {
    return this.running().control(actorName, request);
  }

  /**
   * Asks for this snapshot, uncompressed, to become the database: what admin's restore does once the bytes have come. Says so
   * when it is done, or that nothing has changed; throws what is wrong with the snapshot.
   */
  restoreFrom(snapshot: Uint8Array, onDone: (isRestored: boolean) => void = () => {}): void {
    assert(this.actors !== null, 'the server is running');
    const { snapshotDirectory } = this.actors.directories();
    const file = this.disk.createNew(`${snapshotDirectory}/${RESTORE_NAME}`);
    file.write(snapshot, 0, snapshot.length, 0);
    file.close();
    const proven = proveRestore(
      this.disk,
      snapshotDirectory,
      this.config.emulate353TtlNodes,
      this.config.digestEnabled,
    );
    assert(this.actors.restorer !== null, 'the server is running');
    const { lastZxidHi: zxidHi, lastZxidLo: zxidLo } = proven;
    this.actors.restorer.restore({ plan: encodeRestorePlan(proven.plan), zxidHi, zxidLo, onDone });
  }

  // ---- its lives

  /** Starts on what is on the disk. Throws what recovery throws. */
  restart(): void {
    assert(this.threads === null, 'the server is running already');
    const hash = this.prng.fork('hash-key');
    this.memory = createSharedMemory(
      new Int32Array([hash.next32() | 0, hash.next32() | 0]),
      this.config.connectionShards,
    );
    this.setSlowRequestThreshold(this.config.slowRequestThresholdMs);
    const slowLog = { ...silentLogger, warn: (message: string) => void this.slowLines.push(message) };
    this.slowRequests = new SlowRequests(this.memory, this.clock, slowLog, false);
    this.topology = this.withRingBytes(standaloneTopology(this.config, this.options.shardsShareSocket ?? false));
    this.failure = null;
    const actors = this.createActors();
    this.actors = actors;
    this.threads = new ThreadsByHand(
      this.topology,
      standalonePlacement(this.config.placement, this.config.connectionShards),
      this.memory,
      {
        clock: this.clock,
        createActorsOf: () => {
          const tree = new ThreadTree();
          return (kind, name, context) => actors.create(kind, name, context, tree);
        },
        createLogger: () => this.logger(),
        onFatal: (error, actorName) => {
          this.failure ??= { actorName, error };
        },
      },
    );
    this.threads.start();
    this.run();
  }

  /** An orderly stop: everything taken is finished and answered, and the log closed. */
  stop(): void {
    this.running().stop();
    this.network.deliverAll();
    this.network.reset();
    this.threads = null;
  }

  /** The machine stops now. */
  crash(): void {
    this.abandon();
    this.disk.crash();
  }

  /** Nothing of this server runs any more; its disk is left as it is. */
  abandon(): void {
    this.threads?.close();
    this.threads = null;
    this.network.reset();
  }

  // ---- time and work

  /** Until nothing is left to do at this moment. */
  run(): void {
    for (let busy = true; busy; ) {
      busy = this.network.deliverAll();
      busy = this.running().runUntilIdle() || busy;
      this.throwFailure();
    }
  }

  /** One turn of one thread of the placement. */
  turnOf(threadName: string): void {
    this.running().turnOf(threadName);
    this.throwFailure();
  }

  /** One step at random of either the network or the actors; false when nothing can happen now. */
  stepAtRandom(prng: Prng, batchMax = 8): boolean {
    const networkFirst = prng.below(2) === 0;
    const stepped =
      (networkFirst && this.network.stepAtRandom(prng)) ||
      this.running().stepAtRandom(prng, 1 + prng.below(batchMax)) ||
      (!networkFirst && this.network.stepAtRandom(prng));
    this.throwFailure();
    return stepped;
  }

  /** Steps at random until nothing can happen any more. */
  runAtRandom(prng: Prng, batchMax = 8): void {
    for (let steps = 0; this.stepAtRandom(prng, batchMax); steps++) {
      if (steps > STEPS_MAX) throw new Error(`still busy after ${STEPS_MAX} steps`);
    }
  }

  /** Time goes on by so much; ticks come when they are due. */
  advance(ms: number): void {
    const untilMs = this.clock.monotonicMs() + ms;
    for (let steps = 0; this.clock.monotonicMs() < untilMs; steps++) {
      if (steps > QUIET_STEPS_MAX) throw new Error('time does not get on');
      const nextMs = Math.min(this.running().tickNextMs(), untilMs);
      this.clock.advance(Math.max(nextMs - this.clock.monotonicMs(), 0));
      this.running().turnAll();
      this.run();
    }
  }

  // ---- clients

  /** A connection without a handshake, on the next shard in turn unless one is named. */
  dial(options: SimConnectionOptions & { readonly shard?: number } = {}): WireClient {
    const shard = options.shard ?? this.shardNext++ % this.config.connectionShards;
    return new WireClient(this.network.connect(shard, options));
  }

  /** A connection with a session; the ConnectResponse is taken. */
  connect(options: Handshake & SimConnectionOptions & { readonly shard?: number } = {}): WireClient {
    const client = this.dial(options);
    client.handshake(options);
    this.run();
    const [frame] = client.take();
    assert(frame?.kind === 'connect', 'the handshake was not answered');
    return client;
  }

  /** What the client has asked last is answered, and nothing else has come. */
  reply(client: WireClient): Reply {
    this.run();
    return client.takeReply();
  }

  /** The client's connection breaks, and the server learns of it. */
  drop(connection: SimConnection): void {
    connection.destroy();
    this.run();
  }

  // ---- the parts

  private running(): ThreadsByHand {
    assert(this.threads !== null, 'the server is not running');
    return this.threads;
  }

  private throwFailure(): void {
    const { failure } = this;
    // Who prepares a tree beside the log cannot have that again after a restart.
    if (this.digestMismatch !== null && this.options.prepareTree === undefined) throw new Error(this.digestMismatch);
    if (failure === null) return;
    for (let cause: unknown = failure.error; cause instanceof Error; cause = cause.cause) {
      if (cause instanceof SimCrashError) throw cause;
    }
    throw new Error(`${failure.actorName}: ${failure.error.message}`, { cause: failure.error });
  }

  private withRingBytes(topology: Topology): Topology {
    const { ringBytes } = this.options;
    if (ringBytes === undefined) return topology;
    return { ...topology, links: topology.links.map((link) => ({ ...link, capacityBytes: ringBytes })) };
  }

  private logger(): Logger {
    const keep = (message: string): void => {
      this.warnings.push(message);
    };
    const error = (message: string): void => {
      keep(message);
      if (message.startsWith('First digest mismatch')) this.digestMismatch = message;
    };
    return { ...silentLogger, warn: keep, error, info: (message) => this.sayings.push(message) };
  }

  private randomBytes(count: number): Uint8Array {
    const { randomBytes } = this.options;
    return randomBytes?.(count) ?? Uint8Array.from({ length: count }, () => this.prng.below(256));
  }

  private createActors(): InlineActors {
    const { config, clock, prng, disk, files, network, memory, logged, warnings, words, audited } = this;
    return new InlineActors({
      config,
      dataDir: DATA_DIR,
      clock,
      prng,
      disk,
      files,
      network,
      memory,
      logged,
      warnings,
      words,
      audited,
      onSlowRequest: (bytes, words, offset, length) => this.slowRequests?.onReported(bytes, words, offset, length),
      randomBytes: (count) => this.randomBytes(count),
      prepareTree: this.options.prepareTree ?? null,
    });
  }
}
