/**
 * Makes every actor that each server has from its spec: the one place where classes meet their configuration and their
 * share of the machine.
 *
 * Imported by every worker (worker-entry.ts) and by the main thread; module state is therefore per thread. The actors of
 * the main thread that need more than plain data (supervisor, snapshotter) get it through `MainPorts`.
 */
import { randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import type { Actor, ActorContext, CreateActor } from '../actor/actor.js';
import type { MetricSet } from '../actor/counters/metric-set.js';
import { SystemClock } from '../actor/system-clock.js';
import { assert } from '../base/assert.js';
import { decimal64, hex64 } from '../base/int64.js';
import { Prng } from '../base/prng.js';
import { Authenticator } from '../net/auth/authenticator.js';
import { ChangedSettings } from '../net/changed-settings.js';
import { ConnectionCounts } from '../net/connection-counts.js';
import { ConnectionThrottle } from '../net/connection-throttle.js';
import { ConnectionsActor } from '../net/connections-actor.js';
import { ListenState } from '../net/listen-state.js';
import { NodeClientNetwork } from '../net/node-client-network.js';
import { OutstandingCounts } from '../net/outstanding-counts.js';
import { TLS_COUNTERS, type TlsPart } from '../net/tls-options.js';
import { DurableZxid } from '../persistence/durable-zxid.js';
import { snapshotName } from '../persistence/file-names.js';
import { joinPath } from '../persistence/file-store.js';
import { NodeFileStore } from '../persistence/node-file-store.js';
import { type RecoveredDatabase, type RecoveryOptions, recover } from '../persistence/recovery.js';
import { RecoveryProgress } from '../persistence/recovery-progress.js';
import { loadRestoredDatabase } from '../persistence/restored-database.js';
import { SnapshotGate } from '../persistence/snapshot-gate.js';
import { AclPolicy, type Identity } from '../processor/acl.js';
import { aclSchemes } from '../processor/auth/acl-schemes.js';
import { ContainerManagerActor } from '../processor/container-manager-actor.js';
import { FinalRequestProcessor, type Recovered, type RecoveredSession } from '../processor/final-request-processor.js';
import { PrepActor } from '../processor/prep-actor.js';
import { RestorerActor } from '../processor/restorer-actor.js';
import type { MemberDatabase } from '../processor/role-changes.js';
import { SessionTrackerActor } from '../processor/session-tracker-actor.js';
import { NO_LOCAL_SESSIONS } from '../session/local-session-rules.js';
import { SessionTable } from '../session/session-table.js';
import type { DigestMismatch } from '../store/digest-check.js';
import type { TreeReader } from '../store/tree-reader.js';
import { PeerStatus } from '../zab/peer-status.js';
import { AdminCounters } from './admin-counters.js';
import { clientPorts } from './client-ports.js';
import { DatadirCleanupActor } from './datadir-cleanup-actor.js';
import { recogniseNumber } from './four-letter-words.js';
import { directoriesOf, makeSync } from './log-thread.js';
import { memberDatabase } from './member-database.js';
import { recoverMember } from './member-recovery.js';
import { purgeInPool } from './purge-pool.js';
import { threadReadAhead } from './read-ahead-thread.js';
import { ownsRoot } from './root-owner.js';
import type { ServerConfig } from './server-config.js';
import { SharedName, sharedMemory } from './shared-name.js';
import type { SnapshotFile } from './snapshot-attempt.js';
import { tellDatabaseLoaded, tellSnapshotDue, tellSnapshotLoaded } from './snapshot-records.js';
import { type SnapshotPort, SnapshotterActor } from './snapshotter-actor.js';
import { type ActorConfig, ActorKind } from './standalone-topology.js';
import { SupervisorActor, type SupervisorEvents } from './supervisor-actor.js';
import { ThreadTree } from './thread-tree.js';

export { createLogger } from './log-thread.js';

/** What only the main thread can give. */
export interface MainPorts extends SupervisorEvents {
  /** Where snapshots are asked for; there before any actor has started. */
  onSnapshotPort(port: SnapshotPort): void;
  onSnapshotFailed(error: Error): void;
  /** There before any actor has started; of use once the server serves. */
  onAdminParts(parts: AdminParts): void;
  /** Made, after the snapshotter and the restorer are. */
  onDatadirCleanup(cleanup: DatadirCleanupActor): void;
  /** No snapshot is unfinished and no restore is under way. */
  mayPurge(): boolean;
}

/** What the AdminServer's commands work with. */
export interface AdminParts {
  readonly restorer: RestorerActor;
  readonly counters: AdminCounters;
  /** For the main thread. */
  readonly tree: TreeReader;
  readonly aclPolicy: AclPolicy;
  ownsRoot(identities: readonly Identity[]): boolean | null;
}

/** A standalone server's sessions are numbered as server 1's, whatever it calls itself (client-protocol 11.1). */
const STANDALONE_SERVER_ID = 1;

const tree = new ThreadTree();

/** For the actors of a member that are made elsewhere. */
export function treeReader(context: ActorContext, guarded: boolean): TreeReader {
  return tree.reader(context, guarded);
}

export const createActor: CreateActor = (kind, name, context) => make(kind, name, context, null);

export function createActorWith(ports: MainPorts): CreateActor {
  return (kind, name, context) => make(kind, name, context, ports);
}

function make(kind: string, name: string, context: ActorContext, ports: MainPorts | null): Actor {
  const config = context.config as ActorConfig;
  const { server } = config;
  const isMember = server.quorumPeer !== null;
  switch (kind) {
    case ActorKind.connections:
      return makeConnections(context, config);
    case ActorKind.prep:
      return new PrepActor(
        context,
        tree.reader(context, config.guarded),
        new SessionTable(sharedMemory(context, SharedName.sessions)),
        aclPolicy(server),
        {
          serverId: server.quorumPeer?.myId ?? STANDALONE_SERVER_ID,
          chance: randomBytes(4).readInt32LE(),
          extendedTypes: server.extendedTypesEnabled,
          reconfigEnabled: server.reconfigEnabled,
          closeSessionListsPaths: server.closeSessionTxnEnabled,
          enforceQuota: server.quotas.enforceQuota,
          digestEnabled: server.digestEnabled,
          localSessions: isMember ? server.localSessions : NO_LOCAL_SESSIONS,
          isMember,
        },
      );
    case ActorKind.sync:
      return makeSync(context, server);
    case ActorKind.final:
      return new FinalRequestProcessor(
        context,
        tree.owned(context),
        new SessionTable(sharedMemory(context, SharedName.sessions)),
        aclPolicy(server),
        {
          recover: (onDigestMismatch) => recoverDatabase(context, server, onDigestMismatch),
          loadRestored: (zxidHi, zxidLo) => loadRestored(context, server, zxidHi, zxidLo),
        },
        isMember ? makeMemberDatabase(context, server) : null,
      );
    case ActorKind.sessionTracker:
      return new SessionTrackerActor(
        context,
        new SessionTable(sharedMemory(context, SharedName.sessions)),
        server.tickMs,
        isMember,
        server.localSessions.isEnabled,
      );
    case ActorKind.containerManager: {
      const expireTtlNodes = server.extendedTypesEnabled || server.emulate353TtlNodes;
      const options = { ...server.containers, expireTtlNodes };
      return new ContainerManagerActor(context, tree.reader(context, config.guarded), options, isMember);
    }
    case ActorKind.snapshotter: {
      assert(ports !== null, 'the snapshotter lives on the main thread');
      const { snapshotDirectory } = directoriesOf(server);
      const snapshotter = new SnapshotterActor(context, snapshotDirectory, server.snapshots, (error) =>
        ports.onSnapshotFailed(error),
      );
      ports.onSnapshotPort(snapshotter);
      return snapshotter;
    }
    case ActorKind.restorer: {
      assert(ports !== null, 'the restorer lives on the main thread');
      const restorer = new RestorerActor(context);
      const reader = tree.reader(context, config.guarded);
      const policy = aclPolicy(server);
      ports.onAdminParts({
        restorer,
        counters: new AdminCounters(context.metrics),
        tree: reader,
        aclPolicy: policy,
        ownsRoot: (identities) => ownsRoot(reader, policy, identities),
      });
      return restorer;
    }
    case ActorKind.datadirCleanup:
      return makeDatadirCleanup(context, server, ports);
    case ActorKind.supervisor:
      assert(ports !== null, 'the supervisor lives on the main thread');
      return new SupervisorActor(context, server.connectionShards, server.quorumPeer !== null, ports, server.pauses);
    default:
      return assert(false, `there is no actor of kind ${kind} (${name})`) as never;
  }
}

function makeDatadirCleanup(context: ActorContext, server: ServerConfig, ports: MainPorts | null): Actor {
  assert(ports !== null, 'the datadir cleanup lives on the main thread');
  const { snapRetainCount: retainCount, purgeIntervalHours: intervalHours } = server;
  const cleanup = new DatadirCleanupActor(
    context,
    { retainCount, intervalHours },
    {
      mayPurge: () => ports.mayPurge(),
      begin: (count, done) => {
        purgeInPool(directoriesOf(server), count).then(done, (error: unknown) =>
          done(error instanceof Error ? error : new Error(String(error))),
        );
      },
    },
  );
  ports.onDatadirCleanup(cleanup);
  return cleanup;
}

function makeConnections(context: ActorContext, config: ActorConfig): Actor {
  const { server, shard, guarded } = config;
  return new ConnectionsActor({
    context,
    network: new NodeClientNetwork(tlsPart(context, config)),
    tree: tree.reader(context, guarded),
    guarded,
    sessions: new SessionTable(sharedMemory(context, SharedName.sessions)),
    aclPolicy: aclPolicy(server),
    authenticator: new Authenticator(server.auth, randomBytes, context.log, context.metrics),
    counts: new ConnectionCounts(sharedMemory(context, SharedName.connectionCounts), shard, server.connectionShards),
    outstanding: new OutstandingCounts(
      sharedMemory(context, SharedName.outstandingCounts),
      shard,
      server.connectionShards,
    ),
    throttle: connectionThrottle(context, server),
    changedSettings: new ChangedSettings(sharedMemory(context, SharedName.changedSettings)),
    listenState: new ListenState(sharedMemory(context, SharedName.listenState)),
    isWord: (word) => recogniseNumber(word) !== null,
    options: {
      shard,
      shardCount: server.connectionShards,
      ports: clientPorts(server),
      backlog: server.clientPortListenBacklog < 0 ? undefined : server.clientPortListenBacklog,
      keepAlive: server.clientTcpKeepAlive,
      frameBytesMax: server.frameBytesMax,
      minSessionTimeoutMs: server.minSessionTimeoutMs,
      maxSessionTimeoutMs: server.maxSessionTimeoutMs,
      maxClientCnxns: server.maxClientCnxns,
      maxCnxns: server.maxCnxns,
      globalOutstandingLimit: server.outstandingLimit,
      largeRequests: server.limits.largeRequests,
      requestThrottler: server.limits.requestThrottler,
      leaderServes: server.quorumPeer?.leaderServes ?? true,
      endedRoleCount: endedRoleCount(context, server),
      sessionlessTimeoutMs: server.sessionlessCnxnTimeoutMs,
      readBatchMax: server.readBatchMax,
      checksAclEagerly: server.checksAclEagerly && server.quorumPeer !== null,
      dropsEarlyHandshakes: server.dropsEarlyHandshakes,
      auditUser: server.audit.enabled ? server.audit.serverUser : null,
    },
  });
}

/** Asked with each read of a client's socket. */
function endedRoleCount(context: ActorContext, server: ServerConfig): () => number {
  if (server.quorumPeer === null) return () => 0;
  const status = new PeerStatus(sharedMemory(context, SharedName.peerStatus));
  return () => status.endedCount;
}

/** Shard 0 speaks for all of changed stores; each reads them for itself. */
function tlsPart(context: ActorContext, { server, shard }: ActorConfig): TlsPart | null {
  const { tls: options, tlsLoaded: loaded } = server;
  if (options === null) return null;
  assert(loaded !== null, 'the stores of TLS were read before anything was started');
  const cells = context.counters.registerBlock(TLS_COUNTERS);
  // The first says how many there are; the others count, and begin anew with all metrics.
  for (const name of TLS_COUNTERS.slice(1, 3)) context.metrics.counter(name);
  return { options, loaded, log: context.log, cells, tellsReloads: shard === 0 };
}

function connectionThrottle(context: ActorContext, server: ServerConfig): ConnectionThrottle {
  const prng = new Prng(randomBytes(4).readUInt32LE());
  const memory = sharedMemory(context, SharedName.connectionThrottle);
  return new ConnectionThrottle(memory, server.limits.connectionThrottle, () => prng.float());
}

function recoverDatabase(
  context: ActorContext,
  server: ServerConfig,
  onDigestMismatch: (mismatch: DigestMismatch) => void,
): Recovered {
  const clock = new SystemClock();
  const beganMs = clock.monotonicMs();
  let snapshotLoadedMs: number | null = null;
  const options: RecoveryOptions = {
    fileStore: new NodeFileStore(),
    dataDir: server.dataDir,
    dataLogDir: server.dataLogDir,
    tree: tree.owned(context),
    datadirAutocreate: server.datadirAutocreate,
    dbAutocreate: server.dbAutocreate,
    trustEmptySnapshot: server.snapshotTrustEmpty,
    emulate353TtlNodes: server.emulate353TtlNodes,
    warn: (message) => context.log.warn(message),
    progress: new RecoveryProgress(new SystemClock(), (message) => context.log.info(message)),
    readAhead: threadReadAhead((error) => context.log.error('the thread that reads snapshots ahead failed', { error })),
    onDigestMismatch,
    onSnapshotLoaded: () => {
      snapshotLoadedMs = clock.monotonicMs();
    },
  };
  const recovered = server.quorumPeer === null ? recover(options) : recoverAsMember(context, options);
  const { lastZxidHi, lastZxidLo, recordsReplayed } = recovered;
  const sessions = [...recovered.sessions, ...deadSessions(context, recovered.sessions, server.minSessionTimeoutMs)];
  new DurableZxid(sharedMemory(context, SharedName.durableZxid)).publish(lastZxidHi, lastZxidLo);
  warnOfTtlNodes(context, server);
  const loadedMs = clock.monotonicMs();
  measureStart(context.metrics, recordsReplayed, beganMs, snapshotLoadedMs, loadedMs);
  const tookMs = Math.round(loadedMs - beganMs);
  const { digestHi, digestLo } = recovered.tree;
  context.log.info(
    `Snapshot loaded in ${tookMs} ms, highest zxid is 0x${hex64(lastZxidHi, lastZxidLo)}, ` +
      `digest is ${decimal64(digestHi, digestLo)}`,
    { snapshot: recovered.snapshot?.name, recordsReplayed, sessions: sessions.length },
  );
  const toSnapshotter = context.outbox('snapshotter');
  tellSnapshotLoaded(toSnapshotter, loadedSnapshot(recovered));
  // So that the next start need not replay these again; nor be told once more to trust logs without a snapshot (ZOOKEEPER-3781).
  const hasNone = recovered.snapshot === null && lastZxidHi >= 0;
  if (recordsReplayed > 0 || hasNone) tellSnapshotDue(toSnapshotter);
  tellDatabaseLoaded(context.outbox('datadir-cleanup'));
  return { sessions, lastZxidHi, lastZxidLo, digestMismatches: recovered.digestMismatches };
}

/** `snapshotLoadedMs`: null when there was none, and so no log behind it; the reference then has the first two figures alone. */
function measureStart(
  metrics: MetricSet,
  replayed: number,
  beganMs: number,
  snapshotLoadedMs: number | null,
  loadedMs: number,
): void {
  metrics.summary('dbinittime').add(loadedMs - beganMs);
  metrics.summary('startup_snap_load_time').add((snapshotLoadedMs ?? beganMs) - beganMs);
  const transactions = metrics.summary('startup_txns_loaded');
  const replayTime = metrics.summary('startup_txns_load_time');
  if (snapshotLoadedMs === null) return;
  transactions.add(replayed);
  replayTime.add(loadedMs - snapshotLoadedMs);
}

function makeMemberDatabase(context: ActorContext, server: ServerConfig): MemberDatabase {
  const directories = directoriesOf(server);
  return memberDatabase({
    fileStore: new NodeFileStore(),
    directories,
    tree: tree.owned(context),
    sessions: new SessionTable(sharedMemory(context, SharedName.sessions)),
    emulate353TtlNodes: server.emulate353TtlNodes,
    snapshots: server.snapshots,
    gate: new SnapshotGate(sharedMemory(context, SharedName.snapshotGate)),
    log: context.log,
    reload: (onDigestMismatch) => recoverDatabase(context, server, onDigestMismatch),
    onSaved: (snapshot) => {
      const { lastZxidHi, lastZxidLo } = snapshot;
      new DurableZxid(sharedMemory(context, SharedName.durableZxid)).publish(lastZxidHi, lastZxidLo);
      tellSnapshotLoaded(context.outbox('snapshotter'), loadedSnapshot({ snapshot, directories }));
    },
  });
}

/** The quorum peer hears of the database later than this is written. */
function recoverAsMember(context: ActorContext, options: RecoveryOptions): RecoveredDatabase {
  const recovered = recoverMember(options, context.log);
  new PeerStatus(sharedMemory(context, SharedName.peerStatus)).setOwesTail(recovered.missingTail !== null);
  return recovered;
}

function loadedSnapshot({
  snapshot,
  directories,
}: Pick<RecoveredDatabase, 'snapshot' | 'directories'>): SnapshotFile | null {
  if (snapshot === null) return null;
  const { name, zxidHi, zxidLo } = snapshot;
  const { size, mtimeMs } = statSync(joinPath(directories.snapshotDirectory, name));
  return { name, zxidHi, zxidLo, sizeBytes: size, fileTimeMs: mtimeMs };
}

function loadRestored(context: ActorContext, server: ServerConfig, zxidHi: number, zxidLo: number): Recovered {
  const beganMs = new SystemClock().monotonicMs();
  const directories = directoriesOf(server);
  const known = loadRestoredDatabase(
    new NodeFileStore(),
    directories.snapshotDirectory,
    tree.owned(context),
    server.emulate353TtlNodes,
    zxidHi,
    zxidLo,
  );
  const sessions = [...known, ...deadSessions(context, known, server.minSessionTimeoutMs)];
  warnOfTtlNodes(context, server);
  const tookMs = Math.round(new SystemClock().monotonicMs() - beganMs);
  context.log.info(`Database restored in ${tookMs} ms, going on at zxid 0x${hex64(zxidHi, zxidLo)}`, {
    sessions: sessions.length,
  });
  const snapshot = { name: snapshotName(zxidHi, zxidLo), zxidHi, zxidLo };
  tellSnapshotLoaded(context.outbox('snapshotter'), loadedSnapshot({ snapshot, directories }));
  return { sessions, lastZxidHi: zxidHi, lastZxidLo: zxidLo, digestMismatches: 0 };
}

/** The reference would take them for ephemerals of sessions that are gone, and remove them with all that is below. */
function warnOfTtlNodes(context: ActorContext, server: ServerConfig): void {
  const count = tree.owned(context).ttlNodeCount;
  if (count === 0 || server.extendedTypesEnabled || server.emulate353TtlNodes) return;
  context.log.warn(
    `The database holds ${count} nodes with a time to live, but extendedTypesEnabled is not true: ` +
      'they are kept and do not expire. Set extendedTypesEnabled=true to have them expire',
  );
}

/**
 * Owners of ephemerals that are no session any more (persistence 6.5). They are opened once more and left to expire, so that
 * their nodes go by a closeSession in the log, and log, tree and every reader of the files agree.
 */
function deadSessions(
  context: ActorContext,
  known: readonly RecoveredSession[],
  timeoutMs: number,
): readonly RecoveredSession[] {
  const ids = new Set(known.map(({ idHi, idLo }) => hex64(idHi, idLo)));
  const dead: RecoveredSession[] = [];
  tree.owned(context).sessionsWithEphemerals((idHi, idLo, count) => {
    if (ids.has(hex64(idHi, idLo))) return;
    context.log.warn(`Session 0x${hex64(idHi, idLo)} is gone but owns ${count} ephemeral nodes; it will be closed`);
    dead.push({ idHi, idLo, timeoutMs });
  });
  return dead;
}

function aclPolicy(server: ServerConfig): AclPolicy {
  return new AclPolicy(server.skipAcl, aclSchemes(server.auth));
}
