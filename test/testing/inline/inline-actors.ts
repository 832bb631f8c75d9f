/**
 * Makes the production actors of one life of a server by hand: what `server/actor-factory.ts` does for real threads, with a disk
 * and a network that are simulated and a clock that is moved. Used by the standalone server and by members of ensembles; it also
 * keeps what their tests want to look at.
 */
import type { Actor, ActorContext } from '../../../src/actor/actor.js';
import { assert } from '../../../src/base/assert.js';
import type { Clock } from '../../../src/base/clock.js';
import type { Prng } from '../../../src/base/prng.js';
import { Authenticator } from '../../../src/net/auth/authenticator.js';
import { ChangedSettings } from '../../../src/net/changed-settings.js';
import { ConnectionCounts } from '../../../src/net/connection-counts.js';
import { ConnectionThrottle } from '../../../src/net/connection-throttle.js';
import { ConnectionsActor } from '../../../src/net/connections-actor.js';
import { ListenState } from '../../../src/net/listen-state.js';
import { OutstandingCounts } from '../../../src/net/outstanding-counts.js';
import { type DataDirectories, openDataDirectories } from '../../../src/persistence/data-directories.js';
import { DurableZxid } from '../../../src/persistence/durable-zxid.js';
import type { FileStore } from '../../../src/persistence/file-store.js';
import { type RecoveredDatabase, type RecoveryOptions, recover } from '../../../src/persistence/recovery.js';
import { ReopeningTxnLog } from '../../../src/persistence/reopening-txn-log.js';
import { loadRestoredDatabase } from '../../../src/persistence/restored-database.js';
import type { SimFileStore } from '../../../src/persistence/sim-file-store.js';
import { SnapshotGate } from '../../../src/persistence/snapshot-gate.js';
import { SnapshotPolicy } from '../../../src/persistence/snapshot-policy.js';
import { TxnLogWriter } from '../../../src/persistence/txn-log-writer.js';
import { AclPolicy } from '../../../src/processor/acl.js';
import { aclSchemes } from '../../../src/processor/auth/acl-schemes.js';
import { ContainerManagerActor } from '../../../src/processor/container-manager-actor.js';
import {
  type DatabaseSource,
  FinalRequestProcessor,
  type Recovered,
} from '../../../src/processor/final-request-processor.js';
import { PrepActor } from '../../../src/processor/prep-actor.js';
import { RestorerActor } from '../../../src/processor/restorer-actor.js';
import type { MemberDatabase } from '../../../src/processor/role-changes.js';
import { SessionTrackerActor } from '../../../src/processor/session-tracker-actor.js';
import { SyncRequestProcessor } from '../../../src/processor/sync-request-processor.js';
import { clientPorts } from '../../../src/server/client-ports.js';
import { DatadirCleanupActor } from '../../../src/server/datadir-cleanup-actor.js';
import { recogniseNumber } from '../../../src/server/four-letter-words.js';
import { memberLog, restoreInstaller } from '../../../src/server/log-thread.js';
import { memberDatabase } from '../../../src/server/member-database.js';
import { runPurge } from '../../../src/server/purge-task.js';
import type { ServerConfig } from '../../../src/server/server-config.js';
import { SharedName } from '../../../src/server/shared-name.js';
import { tellDatabaseLoaded, tellSnapshotDue, tellSnapshotLoaded } from '../../../src/server/snapshot-records.js';
import type { SnapshotSchedule } from '../../../src/server/snapshot-schedule.js';
import { type ActorConfig, ActorKind } from '../../../src/server/standalone-topology.js';
import { SupervisorActor } from '../../../src/server/supervisor-actor.js';
import type { ThreadTree } from '../../../src/server/thread-tree.js';
import { NO_LOCAL_SESSIONS } from '../../../src/session/local-session-rules.js';
import { SessionTable } from '../../../src/session/session-table.js';
import type { DataTree } from '../../../src/store/data-tree.js';
import type { DigestMismatch } from '../../../src/store/digest-check.js';
import type { TreeReader } from '../../../src/store/tree-reader.js';
import { PeerStatus } from '../../../src/zab/peer-status.js';
import { type LoggedTxn, type LogObserver, RecordedLog } from './recorded-log.js';
import type { SimClientNetwork } from './sim-client-network.js';
import { SnapshotterByHand } from './snapshotter-by-hand.js';

/** A word that a client sent in a request's place. */
export interface HeardWord {
  readonly shard: number;
  readonly connection: number;
  readonly client: string;
  readonly word: number;
  readonly payload: Uint8Array;
}

export interface InlineActorsParts {
  readonly config: ServerConfig;
  readonly dataDir: string;
  readonly clock: Clock;
  readonly prng: Prng;
  readonly disk: SimFileStore;
  /** The disk as the server is given it. */
  readonly files: FileStore;
  readonly network: SimClientNetwork;
  readonly memory: Readonly<Record<string, SharedArrayBuffer>>;
  readonly logged: LoggedTxn[];
  readonly warnings: string[];
  readonly words: HeardWord[];
  readonly onSlowRequest?: (bytes: Uint8Array, words: Int32Array, offset: number, length: number) => void;
  /** Lines of the audit log, each behind its level. */
  readonly audited: string[];
  readonly randomBytes: (count: number) => Uint8Array;
  /** Called inside a write section after recovery, before anybody is served. */
  readonly prepareTree: ((tree: DataTree) => void) | null;
  /** Of a member of an ensemble: its sid, and how it recovers. */
  readonly serverId?: number;
  readonly recover?: (options: RecoveryOptions, context: ActorContext) => RecoveredDatabase;
  readonly log?: LogObserver;
}

export class InlineActors {
  /** The tree as the final stage has it. */
  finalTree: DataTree | null = null;
  restorer: RestorerActor | null = null;
  snapshots: SnapshotSchedule | null = null;
  recoveredZxid = 0n;
  private readonly parts: InlineActorsParts;

  constructor(parts: InlineActorsParts) {
    this.parts = parts;
  }

  private get isMember(): boolean {
    return this.parts.serverId !== undefined;
  }

  get sessions(): SessionTable {
    return new SessionTable(this.parts.memory[SharedName.sessions] as SharedArrayBuffer);
  }

  directories(): DataDirectories {
    const { files, dataDir } = this.parts;
    return openDataDirectories(files, dataDir, dataDir, true);
  }

  /** `tree`: of the actor's thread. */
  create(kind: string, name: string, context: ActorContext, tree: ThreadTree): Actor {
    const { guarded } = context.config as ActorConfig;
    const { config } = this.parts;
    const aclPolicy = new AclPolicy(config.skipAcl, aclSchemes(config.auth));
    switch (kind) {
      case ActorKind.connections:
        return this.createConnections(context, tree, aclPolicy);
      case ActorKind.prep:
        return new PrepActor(context, tree.reader(context, guarded), this.sessions, aclPolicy, {
          serverId: this.parts.serverId ?? 1,
          chance: this.parts.prng.fork('session ids').next32(),
          isMember: this.isMember,
          extendedTypes: config.extendedTypesEnabled,
          reconfigEnabled: config.reconfigEnabled,
          closeSessionListsPaths: config.closeSessionTxnEnabled,
          enforceQuota: config.quotas.enforceQuota,
          digestEnabled: config.digestEnabled,
          localSessions: this.isMember ? config.localSessions : NO_LOCAL_SESSIONS,
        });
      case ActorKind.sync:
        return this.createSync(context);
      case ActorKind.final: {
        this.finalTree = tree.owned(context);
        const source: DatabaseSource = {
          recover: (onDigestMismatch) => this.recover(context, onDigestMismatch),
          loadRestored: (zxidHi, zxidLo) => this.loadRestored(zxidHi, zxidLo),
        };
        const member = this.isMember ? this.memberDatabase(context) : null;
        return new FinalRequestProcessor(context, this.finalTree, this.sessions, aclPolicy, source, member);
      }
      case ActorKind.sessionTracker:
        return new SessionTrackerActor(
          context,
          this.sessions,
          config.tickMs,
          this.isMember,
          config.localSessions.isEnabled,
        );
      case ActorKind.containerManager:
        return new ContainerManagerActor(
          context,
          tree.reader(context, guarded),
          { ...config.containers, expireTtlNodes: config.extendedTypesEnabled || config.emulate353TtlNodes },
          this.isMember,
        );
      case ActorKind.snapshotter:
        return this.createSnapshotter(context, tree.reader(context, guarded));
      case ActorKind.restorer:
        this.restorer = new RestorerActor(context);
        return this.restorer;
      case ActorKind.datadirCleanup:
        return this.createDatadirCleanup(context);
      case ActorKind.supervisor:
        return new SupervisorActor(context, config.connectionShards, this.isMember, {
          onListening: () => {},
          onClientAddress: () => {},
          onListenFailed: (_index, message) => this.parts.warnings.push(message),
          onSlowRequest: (bytes, words, offset, length) => this.parts.onSlowRequest?.(bytes, words, offset, length),
          onWord: (shard, connection, client, word, payload) =>
            this.parts.words.push({ shard, connection, client, word, payload }),
          onAudit: (lines) => this.parts.audited.push(...new TextDecoder().decode(lines.slice()).trimEnd().split('\n')),
        });
      default:
        return assert(false, `there is no actor of kind ${kind} (${name})`) as never;
    }
  }

  /** Purges in its own turn, as the snapshotter writes. */
  private createDatadirCleanup(context: ActorContext): Actor {
    const { snapRetainCount: retainCount, purgeIntervalHours: intervalHours } = this.parts.config;
    return new DatadirCleanupActor(
      context,
      { retainCount, intervalHours },
      {
        mayPurge: () => this.snapshots?.isUnfinished === false && this.restorer?.isBusy === false,
        begin: (count, done) =>
          done(runPurge(this.parts.files, { directories: this.directories(), retainCount: count })),
      },
    );
  }

  private createSnapshotter(context: ActorContext, reader: TreeReader): Actor {
    const { snapshotDirectory } = this.directories();
    const snapshotter = new SnapshotterByHand(
      context,
      this.parts.files,
      snapshotDirectory,
      reader,
      this.parts.config.snapshots,
    );
    this.snapshots = snapshotter.schedule;
    return snapshotter;
  }

  private createConnections(context: ActorContext, tree: ThreadTree, aclPolicy: AclPolicy): Actor {
    const { shard, guarded } = context.config as ActorConfig;
    const { config } = this.parts;
    return new ConnectionsActor({
      context,
      network: this.parts.network.portOf(shard),
      tree: tree.reader(context, guarded),
      guarded,
      sessions: this.sessions,
      aclPolicy,
      authenticator: new Authenticator(config.auth, this.parts.randomBytes, context.log, context.metrics),
      counts: new ConnectionCounts(shared(context, SharedName.connectionCounts), shard, config.connectionShards),
      outstanding: new OutstandingCounts(shared(context, SharedName.outstandingCounts), shard, config.connectionShards),
      throttle: new ConnectionThrottle(
        shared(context, SharedName.connectionThrottle),
        config.limits.connectionThrottle,
        () => this.parts.prng.float(),
      ),
      changedSettings: new ChangedSettings(shared(context, SharedName.changedSettings)),
      listenState: new ListenState(shared(context, SharedName.listenState)),
      isWord: (word) => recogniseNumber(word) !== null,
      options: {
        shard,
        shardCount: config.connectionShards,
        ports: clientPorts(config),
        backlog: undefined,
        keepAlive: false,
        frameBytesMax: config.frameBytesMax,
        minSessionTimeoutMs: config.minSessionTimeoutMs,
        maxSessionTimeoutMs: config.maxSessionTimeoutMs,
        maxClientCnxns: config.maxClientCnxns,
        maxCnxns: config.maxCnxns,
        globalOutstandingLimit: config.outstandingLimit,
        largeRequests: config.limits.largeRequests,
        requestThrottler: config.limits.requestThrottler,
        sessionlessTimeoutMs: config.sessionlessCnxnTimeoutMs,
        readBatchMax: config.readBatchMax,
        checksAclEagerly: config.checksAclEagerly,
        dropsEarlyHandshakes: config.dropsEarlyHandshakes,
        auditUser: config.audit.enabled ? config.audit.serverUser : null,
        leaderServes: config.quorumPeer?.leaderServes ?? true,
        endedRoleCount: this.endedRoleCount(),
      },
    });
  }

  private createSync(context: ActorContext): Actor {
    const { files, config, clock, disk, logged } = this.parts;
    const directories = this.directories();
    const newWriter = (): TxnLogWriter =>
      new TxnLogWriter({
        fileStore: files,
        directory: directories.logDirectory,
        clock,
        preAllocBytes: config.preAllocBytes,
        forceSync: true,
        sizeLimitBytes: config.txnLogBytesMax,
        syncWarningThresholdMs: config.fsyncWarningThresholdMs,
        onSync: () => {},
        onSlowSync: () => {},
        warn: () => undefined,
        keepsHigherMark: this.isMember,
      });
    const reopening = new ReopeningTxnLog(newWriter);
    const log = new RecordedLog(this.isMember ? reopening : newWriter(), logged, this.parts.log ?? null);
    const policy = new SnapshotPolicy(config.snapCount, config.snapLogBytesMax, this.parts.prng.fork('snapshots'));
    const durable = new DurableZxid(shared(context, SharedName.durableZxid));
    const install = restoreInstaller(disk, directories, context.log);
    const options = {
      flushDelayMs: config.flushDelayMs,
      pollMs: config.writeQueuePollMsMax,
      batchCountMax: config.batchCountMax > 0 ? config.batchCountMax : Number.POSITIVE_INFINITY,
    };
    const gate = new SnapshotGate(shared(context, SharedName.snapshotGate));
    const member = this.isMember ? memberLog(files, directories, reopening, gate, context.log) : null;
    return new SyncRequestProcessor(context, log, policy, durable, install, options, member);
  }

  private endedRoleCount(): () => number {
    if (!this.isMember) return () => 0;
    const status = new PeerStatus(this.parts.memory[SharedName.peerStatus] as SharedArrayBuffer);
    return () => status.endedCount;
  }

  private memberDatabase(context: ActorContext): MemberDatabase {
    const directories = this.directories();
    const { files, config, disk } = this.parts;
    return memberDatabase({
      fileStore: files,
      directories,
      tree: this.finalTree as DataTree,
      sessions: this.sessions,
      emulate353TtlNodes: config.emulate353TtlNodes,
      snapshots: config.snapshots,
      gate: new SnapshotGate(shared(context, SharedName.snapshotGate)),
      log: context.log,
      reload: (onDigestMismatch) => this.recover(context, onDigestMismatch),
      onSaved: ({ name, zxidHi, zxidLo, lastZxidHi, lastZxidLo }) => {
        new DurableZxid(shared(context, SharedName.durableZxid)).publish(lastZxidHi, lastZxidLo);
        const sizeBytes = disk.sizeOf(`${directories.snapshotDirectory}/${name}`);
        tellSnapshotLoaded(context.outbox('snapshotter'), { name, zxidHi, zxidLo, sizeBytes, fileTimeMs: 0 });
      },
    });
  }

  private recover(context: ActorContext, onDigestMismatch: (mismatch: DigestMismatch) => void): Recovered {
    const tree = this.finalTree as DataTree;
    const options: RecoveryOptions = {
      fileStore: this.parts.files,
      dataDir: this.parts.dataDir,
      dataLogDir: this.parts.dataDir,
      tree,
      datadirAutocreate: true,
      dbAutocreate: true,
      trustEmptySnapshot: false,
      emulate353TtlNodes: this.parts.config.emulate353TtlNodes,
      warn: (message) => this.parts.warnings.push(message),
      onDigestMismatch,
    };
    const recovered = this.parts.recover?.(options, context) ?? recover(options);
    if (this.parts.prepareTree !== null) {
      tree.beginWrite();
      this.parts.prepareTree(tree);
      tree.endWrite(recovered.lastZxidHi, recovered.lastZxidLo);
    }
    new DurableZxid(shared(context, SharedName.durableZxid)).publish(recovered.lastZxidHi, recovered.lastZxidLo);
    this.recoveredZxid = (BigInt(recovered.lastZxidHi) << 32n) | BigInt(recovered.lastZxidLo >>> 0);
    while ((this.parts.logged.at(-1)?.zxid ?? 0n) > this.recoveredZxid) this.parts.logged.pop();
    const { snapshot } = recovered;
    const toSnapshotter = context.outbox('snapshotter');
    const sizeBytes =
      snapshot === null ? 0 : this.parts.disk.sizeOf(`${recovered.directories.snapshotDirectory}/${snapshot.name}`);
    tellSnapshotLoaded(toSnapshotter, snapshot && { ...snapshot, sizeBytes, fileTimeMs: 0 });
    if (recovered.recordsReplayed > 0) tellSnapshotDue(toSnapshotter);
    tellDatabaseLoaded(context.outbox('datadir-cleanup'));
    return recovered;
  }

  private loadRestored(zxidHi: number, zxidLo: number): Recovered {
    const { snapshotDirectory } = this.directories();
    const { emulate353TtlNodes } = this.parts.config;
    const tree = this.finalTree as DataTree;
    const sessions = loadRestoredDatabase(this.parts.disk, snapshotDirectory, tree, emulate353TtlNodes, zxidHi, zxidLo);
    return { sessions, lastZxidHi: zxidHi, lastZxidLo: zxidLo, digestMismatches: 0 };
  }
}

function shared(context: ActorContext, name: string): SharedArrayBuffer {
  return context.shared[name] as SharedArrayBuffer;
}
