/**
 * The line of one member of an ensemble by hand, with a quorum peer that does what a test says: the production actors in their
 * production topology and placements, but for the quorum peer and the election. Like InlineServer it does nothing until it is
 * stepped. What a role does with the records is given as a `PeerScript` (member-pair.ts has a leader's and a learner's).
 */
import type { Actor, ActorContext } from '../../../src/actor/actor.js';
import { type Logger, silentLogger } from '../../../src/actor/logger.js';
import type { RecordHandler } from '../../../src/actor/mailbox/mailbox.js';
import { assert } from '../../../src/base/assert.js';
import { ManualClock } from '../../../src/base/clock.js';
import type { Prng } from '../../../src/base/prng.js';
import { decodeUtf8, encodeUtf8 } from '../../../src/base/utf8.js';
import { SimFileStore } from '../../../src/persistence/sim-file-store.js';
import { CommitProcessor } from '../../../src/processor/commit-processor.js';
import {
  PIPELINE_HEADER_BYTES,
  RecordType,
  type ServerRole,
  WORD_ERROR,
  WORD_LEARNER,
  WORD_LENGTH_A,
  WORD_LENGTH_B,
  WORD_OP,
  WORD_SHARD,
  WORD_ZXID_HI,
  WORD_ZXID_LO,
} from '../../../src/processor/pipeline-records.js';
import { ErrorCode } from '../../../src/protocol/error-code.js';
import { ensemblePlacement, ensembleTopology } from '../../../src/server/ensemble-topology.js';
import type { PlacementName } from '../../../src/server/placement-choice.js';
import type { ServerConfig } from '../../../src/server/server-config.js';
import { createSharedMemory } from '../../../src/server/shared-memory.js';
import { SharedName } from '../../../src/server/shared-name.js';
import type { SnapshotSchedule } from '../../../src/server/snapshot-schedule.js';
import { ActorKind } from '../../../src/server/standalone-topology.js';
import { ThreadTree } from '../../../src/server/thread-tree.js';
import { SessionTable } from '../../../src/session/session-table.js';
import type { TreeReader } from '../../../src/store/tree-reader.js';
import { PeerStatus } from '../../../src/zab/peer-status.js';
import { PipelinePort } from '../../../src/zab/pipeline-port.js';
import { InlineServer } from '../inline-server.js';
import { type HeardWord, InlineActors } from './inline-actors.js';
import { SimClientNetwork, type SimConnectionOptions } from './sim-client-network.js';
import { ThreadsByHand } from './threads-by-hand.js';
import { WireClient } from './wire-client.js';

/** What a role does; told nothing once it is over. */
export interface PeerScript {
  onLine(type: number, bytes: Uint8Array, words: Int32Array, offset: number, length: number): void;
  onDurable(zxidHi: number, zxidLo: number): void;
}

export interface ScriptedMemberOptions {
  readonly sid: number;
  readonly prng: Prng;
  readonly clock?: ManualClock;
  readonly placement?: PlacementName;
  readonly connectionShards?: number;
  readonly ringBytes?: number;
  readonly config?: Partial<ServerConfig>;
  /** Room in the session table; unset: a real one. */
  readonly sessionsMax?: number;
}

const DATA_DIR = '/data';
/** As net/outstanding-counts.ts draws it. */
const OUTSTANDING_LINE_WORDS = 16;

/** The quorum peer, without one: ends roles as the real one does. */
class ScriptedPeer implements Actor {
  readonly inboxes: Record<string, RecordHandler>;
  readonly alwaysDrains = ['sync', 'final', 'election'];
  readonly port: PipelinePort;
  readonly context: ActorContext;
  script: PeerScript | null = null;
  /** What final has done, by the names of records. */
  readonly done: { what: string; zxid: bigint; error: number }[] = [];
  readonly fences = new Set<number>();

  constructor(context: ActorContext) {
    this.context = context;
    this.port = new PipelinePort(context);
    this.inboxes = {
      prep: (type, bytes, words, offset, length) => this.onLine(type, bytes, words, offset, length),
      sync: (_type, _bytes, words, offset) => {
        const at = offset >> 2;
        this.script?.onDurable(words[at + WORD_ZXID_HI] as number, words[at + WORD_ZXID_LO] as number);
      },
      final: (_type, _bytes, words, offset) => {
        const at = offset >> 2;
        const zxid =
          (BigInt(words[at + WORD_ZXID_HI] as number) << 32n) | BigInt((words[at + WORD_ZXID_LO] as number) >>> 0);
        this.done.push({ what: nameOf(words[at + WORD_OP] as number), zxid, error: words[at + WORD_ERROR] as number });
      },
      election: () => {},
    };
  }

  private onLine(type: number, bytes: Uint8Array, words: Int32Array, offset: number, length: number): void {
    const at = offset >> 2;
    if (type === RecordType.halt) this.port.halt();
    else if (type === RecordType.fence) this.fences.add(words[at + WORD_SHARD] as number);
    else if (this.script !== null) this.script.onLine(type, bytes, words, offset, length);
    else if (type === RecordType.judge) return;
    else if ((words[at + WORD_SHARD] as number) >= 0 && words[at + WORD_LEARNER] === 0) {
      words[at + WORD_ERROR] = ErrorCode.ConnectionLoss;
      words[at + WORD_LENGTH_A] = 0;
      words[at + WORD_LENGTH_B] = 0;
      this.port.passOn(RecordType.echo, bytes, offset, PIPELINE_HEADER_BYTES);
    }
  }
}

export class ScriptedMember {
  readonly sid: number;
  readonly clock: ManualClock;
  readonly disk: SimFileStore;
  readonly network = new SimClientNetwork();
  readonly config: ServerConfig;
  readonly warnings: string[] = [];
  readonly words: HeardWord[] = [];
  private readonly options: ScriptedMemberOptions;
  private readonly prng: Prng;
  private threads: ThreadsByHand | null = null;
  private actors: InlineActors | null = null;
  private scripted: ScriptedPeer | null = null;
  private memory: Record<string, SharedArrayBuffer> = {};
  private failure: Error | null = null;
  private shardNext = 0;

  constructor(options: ScriptedMemberOptions) {
    this.options = options;
    this.sid = options.sid;
    this.prng = options.prng;
    this.clock = options.clock ?? new ManualClock(1_000_000);
    this.disk = new SimFileStore(this.prng.fork('disk'));
    this.disk.makeDirectories(DATA_DIR);
    this.config = {
      ...InlineServer.defaults(),
      preAllocBytes: 8192,
      ...options.config,
      placement: options.placement ?? 'inline',
      connectionShards: options.connectionShards ?? 1,
    };
    this.start();
  }

  private start(): void {
    const hash = this.prng.fork('hash-key');
    const { config, clock, disk, network, warnings, words } = this;
    this.memory = {
      ...createSharedMemory(new Int32Array([hash.next32() | 0, hash.next32() | 0]), config.connectionShards),
      [SharedName.peerStatus]: PeerStatus.createMemory(),
    };
    const { sessionsMax } = this.options;
    if (sessionsMax !== undefined) {
      this.memory[SharedName.sessions] = new SharedArrayBuffer(SessionTable.byteLengthFor(sessionsMax));
    }
    const topology = ensembleTopology(config, false);
    const { ringBytes } = this.options;
    const links =
      ringBytes === undefined ? topology.links : topology.links.map((link) => ({ ...link, capacityBytes: ringBytes }));
    const actors = new InlineActors({
      config,
      dataDir: DATA_DIR,
      clock,
      prng: this.prng,
      disk,
      files: disk,
      network,
      memory: this.memory,
      logged: [],
      warnings,
      words,
      audited: [],
      randomBytes: (count) => new Uint8Array(count),
      prepareTree: null,
      serverId: this.sid,
    });
    this.actors = actors;
    this.threads = new ThreadsByHand(
      { ...topology, links },
      ensemblePlacement(config.placement, config.connectionShards),
      this.memory,
      {
        clock,
        createActorsOf: () => {
          const tree = new ThreadTree();
          return (kind, name, context) => this.createPeer(kind, context) ?? actors.create(kind, name, context, tree);
        },
        createLogger: () => this.logger(),
        onFatal: (error, actorName) => {
          this.failure ??= new Error(`member ${this.sid}, ${actorName}: ${error.message}`, { cause: error });
        },
      },
    );
    this.threads.start();
    this.run();
  }

  get peer(): ScriptedPeer {
    assert(this.scripted !== null, 'the member has been started');
    return this.scripted;
  }

  get status(): PeerStatus {
    return new PeerStatus(this.memory[SharedName.peerStatus] as SharedArrayBuffer);
  }

  get port(): PipelinePort {
    return this.peer.port;
  }

  get tree(): TreeReader {
    const tree = this.actors?.finalTree ?? null;
    assert(tree !== null, 'the member has been started');
    return tree.reader;
  }

  get snapshots(): SnapshotSchedule {
    const schedule = this.actors?.snapshots ?? null;
    assert(schedule !== null, 'the member has been started');
    return schedule;
  }

  get sessions(): SessionTable {
    assert(this.actors !== null, 'the member has been started');
    return this.actors.sessions;
  }

  get zxid(): bigint {
    return (BigInt(this.tree.zxidHi()) << 32n) | BigInt(this.tree.zxidLo() >>> 0);
  }

  has(path: string): boolean {
    const bytes = encodeUtf8(path);
    return this.tree.find(bytes, 0, bytes.length) !== 0;
  }

  dataOf(path: string): string {
    const bytes = encodeUtf8(path);
    const { tree } = this;
    const ref = tree.find(bytes, 0, bytes.length);
    assert(ref !== 0, `there is ${path}`);
    const data = new Uint8Array(tree.dataLength(ref));
    tree.copyData(ref, data, 0, data.length);
    return decodeUtf8(data, 0, data.length);
  }

  /** The process ends in order, and another one starts on what is on the disk. */
  restart(): void {
    this.running().stop();
    this.network.deliverAll();
    this.network.reset();
    this.start();
  }

  /** Requests and bytes of large ones that shards count as being on their way. */
  outstanding(): [requests: number, largeBytes: number] {
    const words = new Int32Array(this.memory[SharedName.outstandingCounts] as SharedArrayBuffer);
    let requests = 0;
    let large = 0;
    for (let line = 0; line < words.length; line += OUTSTANDING_LINE_WORDS) {
      requests += words[line] as number;
      large += words[line + 1] as number;
    }
    return [requests, large];
  }

  control(actorName: string, request: unknown): unknown {
    return this.running().control(actorName, request);
  }

  // ---- steps

  run(): void {
    for (let busy = true; busy; ) {
      busy = this.network.deliverAll();
      busy = this.running().runUntilIdle() || busy;
      this.throwFailure();
    }
  }

  stepAtRandom(prng: Prng, batchMax = 8): boolean {
    const networkFirst = prng.below(2) === 0;
    const stepped =
      (networkFirst && this.network.stepAtRandom(prng)) ||
      this.running().stepAtRandom(prng, 1 + prng.below(batchMax)) ||
      (!networkFirst && this.network.stepAtRandom(prng));
    this.throwFailure();
    return stepped;
  }

  advance(ms: number): void {
    const untilMs = this.clock.monotonicMs() + ms;
    while (this.clock.monotonicMs() < untilMs) {
      const nextMs = Math.min(this.running().tickNextMs(), untilMs);
      this.clock.advance(Math.max(nextMs - this.clock.monotonicMs(), 0));
      this.running().turnAll();
      this.run();
    }
  }

  /** What the quorum peer says outside of a turn of its own. */
  say(what: (port: PipelinePort) => void): void {
    what(this.port);
    this.peer.context.requestTurn();
  }

  // ---- roles

  /** What `done` came of this kind since it was asked last; fails unless there is exactly one. */
  takeDone(what: string): { zxid: bigint; error: number } {
    const { done } = this.peer;
    const found = done.filter((each) => each.what === what);
    assert(found.length === 1, `${found.length} times done(${what}): ${done.map((each) => each.what).join(' ')}`);
    done.splice(done.indexOf(found[0] as (typeof done)[number]), 1);
    return found[0] as (typeof done)[number];
  }

  serve(role: ServerRole, script: PeerScript | null, epoch = 0): void {
    this.peer.script = script;
    this.say((port) => port.serve(role, epoch, 0));
  }

  /** The role is over, in the middle of whatever there is. */
  halt(): void {
    this.status.endRole();
    this.peer.script = null;
    this.peer.fences.clear();
    this.say((port) => port.haltPrep());
  }

  get isHalted(): boolean {
    const { done, fences } = this.peer;
    return done.some(({ what }) => what === 'halt') && fences.size === this.config.connectionShards;
  }

  /** Everything of the end of a role, one after the other. Returns the zxid that counts in the next vote. */
  endRole(): bigint {
    this.halt();
    this.run();
    assert(this.isHalted, 'the role has not ended');
    this.takeDone('halt');
    return this.settle();
  }

  settle(): bigint {
    this.say((port) => port.settle());
    this.run();
    return this.takeDone('settle').zxid;
  }

  // ---- clients

  dial(options: SimConnectionOptions & { readonly shard?: number } = {}): WireClient {
    const shard = options.shard ?? this.shardNext++ % this.config.connectionShards;
    return new WireClient(this.network.connect(shard, options));
  }

  // ---- parts

  private running(): ThreadsByHand {
    assert(this.threads !== null, 'the member has been started');
    return this.threads;
  }

  private createPeer(kind: string, context: ActorContext): Actor | null {
    if (kind === ActorKind.election) return { inboxes: { 'quorum-peer': () => {} } };
    if (kind === ActorKind.commit) return new CommitProcessor(context);
    if (kind !== ActorKind.quorumPeer) return null;
    this.scripted = new ScriptedPeer(context);
    return this.scripted;
  }

  private throwFailure(): void {
    if (this.failure !== null) throw this.failure;
    const mismatch = this.warnings.find((message) => message.startsWith('First digest mismatch'));
    if (mismatch !== undefined) throw new Error(`member ${this.sid}: ${mismatch}`);
  }

  private logger(): Logger {
    const keep = (message: string): void => {
      this.warnings.push(message);
    };
    return { ...silentLogger, warn: keep, error: keep };
  }
}

function nameOf(type: number): string {
  return Object.entries(RecordType).find(([, value]) => value === type)?.[0] ?? String(type);
}
