/**
 * Makes every actor of the standalone server from its spec: the one place where classes meet their configuration and their
 * share of the machine.
 *
 * Imported by every worker (worker-entry.ts) and by the main thread; module state is therefore per thread. The actors of
 * the main thread that need more than plain data (supervisor, snapshotter) get it through `MainPorts`.
 */
import { randomBytes } from 'node:crypto';
import type { Actor, ActorContext, CreateActor } from '../actor/actor.js';
import type { Logger } from '../actor/logger.js';
import { SystemClock } from '../actor/system-clock.js';
import { assert } from '../base/assert.js';
import { hex64 } from '../base/int64.js';
import { Prng } from '../base/prng.js';
import { ConnectionCounts } from '../net/connection-counts.js';
import { ConnectionThrottle } from '../net/connection-throttle.js';
import { ConnectionsActor } from '../net/connections-actor.js';
import { ListenState } from '../net/listen-state.js';
import { NodeClientNetwork } from '../net/node-client-network.js';
import { OutstandingCounts } from '../net/outstanding-counts.js';
import { openDataDirectories } from '../persistence/data-directories.js';
import { DurableZxid } from '../persistence/durable-zxid.js';
import { NodeFileStore } from '../persistence/node-file-store.js';
import { recover } from '../persistence/recovery.js';
import { SnapshotPolicy } from '../persistence/snapshot-policy.js';
import { TxnLogWriter } from '../persistence/txn-log-writer.js';
import { AclPolicy } from '../processor/acl.js';
import { FinalRequestProcessor, type Recovered, type RecoveredSession } from '../processor/final-request-processor.js';
import { PrepRequestProcessor } from '../processor/prep-request-processor.js';
import { SessionTrackerActor } from '../processor/session-tracker-actor.js';
import { SNAPSHOT_DUE, SyncRequestProcessor } from '../processor/sync-request-processor.js';
import { SessionTable } from '../session/session-table.js';
import { recogniseNumber } from './four-letter-words.js';
import type { ServerConfig } from './server-config.js';
import { ServerLog } from './server-log.js';
import { SharedName } from './shared-memory.js';
import { SnapshotterActor } from './snapshotter-actor.js';
import { type ActorConfig, ActorKind } from './standalone-topology.js';
import { SupervisorActor, type SupervisorEvents } from './supervisor-actor.js';
import { ThreadTree } from './thread-tree.js';

/** What only the main thread can give. */
export interface MainPorts extends SupervisorEvents {
  onSnapshotFailed(error: Error): void;
}

/** A standalone server's sessions are numbered as server 1's, whatever it calls itself (client-protocol 11.1). */
const STANDALONE_SERVER_ID = 1;

const tree = new ThreadTree();

export const createActor: CreateActor = (kind, name, context) => make(kind, name, context, null);

export function createActorWith(ports: MainPorts): CreateActor {
  return (kind, name, context) => make(kind, name, context, ports);
}

export function createLogger(threadName: string, actorName: string | null, config: unknown): Logger {
  const { server } = config as ActorConfig;
  const settings = { format: server.logFormat, level: server.logLevel, myid: server.myid };
  return ServerLog.forThread(threadName, actorName ?? threadName, settings);
}

function make(kind: string, name: string, context: ActorContext, ports: MainPorts | null): Actor {
  const config = context.config as ActorConfig;
  const { server } = config;
  switch (kind) {
    case ActorKind.connections:
      return makeConnections(context, config);
    case ActorKind.prep:
      return new PrepRequestProcessor(
        context,
        tree.reader(context, config.guarded),
        new SessionTable(shared(context, SharedName.sessions)),
        aclPolicy(server),
        {
          serverId: STANDALONE_SERVER_ID,
          extendedTypes: server.extendedTypesEnabled,
          closeSessionListsPaths: server.closeSessionTxnEnabled,
        },
      );
    case ActorKind.sync:
      return makeSync(context, server);
    case ActorKind.final:
      return new FinalRequestProcessor(
        context,
        tree.owned(context),
        new SessionTable(shared(context, SharedName.sessions)),
        aclPolicy(server),
        () => recoverDatabase(context, server),
      );
    case ActorKind.sessionTracker:
      return new SessionTrackerActor(context, new SessionTable(shared(context, SharedName.sessions)), server.tickMs);
    case ActorKind.snapshotter: {
      assert(ports !== null, 'the snapshotter lives on the main thread');
      return new SnapshotterActor(context, directoriesOf(server).snapshotDirectory, (e) => ports.onSnapshotFailed(e));
    }
    case ActorKind.supervisor:
      assert(ports !== null, 'the supervisor lives on the main thread');
      return new SupervisorActor(context, server.connectionShards, ports);
    default:
      return assert(false, `there is no actor of kind ${kind} (${name})`) as never;
  }
}

function makeConnections(context: ActorContext, config: ActorConfig): Actor {
  const { server, shard, guarded } = config;
  return new ConnectionsActor(
    context,
    new NodeClientNetwork(),
    tree.reader(context, guarded),
    new SessionTable(shared(context, SharedName.sessions)),
    aclPolicy(server),
    new ConnectionCounts(shared(context, SharedName.connectionCounts), shard, server.connectionShards),
    new OutstandingCounts(shared(context, SharedName.outstandingCounts), shard, server.connectionShards),
    connectionThrottle(context, server),
    new ListenState(shared(context, SharedName.listenState)),
    (word) => recogniseNumber(word) !== null,
    {
      shard,
      shardCount: server.connectionShards,
      port: server.clientPort,
      host: server.clientPortAddress ?? undefined,
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
      sessionlessTimeoutMs: server.sessionlessCnxnTimeoutMs,
      digestEnabled: true,
      superDigest: server.superDigest,
    },
    guarded,
  );
}

function connectionThrottle(context: ActorContext, server: ServerConfig): ConnectionThrottle {
  const prng = new Prng(randomBytes(4).readUInt32LE());
  const memory = shared(context, SharedName.connectionThrottle);
  return new ConnectionThrottle(memory, server.limits.connectionThrottle, () => prng.float());
}

function makeSync(context: ActorContext, server: ServerConfig): Actor {
  const log = context.log;
  const slowSyncs = context.counters.register('fsync_threshold_exceed_count');
  const syncMs = context.counters.register('fsync_total_ms');
  const writer = new TxnLogWriter({
    fileStore: new NodeFileStore(),
    directory: directoriesOf(server).logDirectory,
    clock: new SystemClock(),
    preAllocBytes: server.preAllocBytes,
    forceSync: server.forceSync,
    sizeLimitBytes: server.txnLogBytesMax,
    syncWarningThresholdMs: server.fsyncWarningThresholdMs,
    onSync: (durationMs) => context.counters.add(syncMs, durationMs),
    onSlowSync: (durationMs, _path, fileBytes) => {
      context.counters.increment(slowSyncs);
      log.warn(
        `fsync-ing the write ahead log in SyncThread:0 took ${Math.round(durationMs)}ms which will adversely effect ` +
          `operation latency.File size is ${fileBytes} bytes. See the ZooKeeper troubleshooting guide`,
      );
    },
  });
  const policy = new SnapshotPolicy(server.snapCount, server.snapLogBytesMax, new Prng(randomBytes(4).readUInt32LE()));
  const durable = new DurableZxid(shared(context, SharedName.durableZxid));
  return new SyncRequestProcessor(context, writer, policy, durable, {
    flushDelayMs: server.flushDelayMs,
    pollMs: server.writeQueuePollMsMax,
    batchCountMax: server.batchCountMax > 0 ? server.batchCountMax : Number.POSITIVE_INFINITY,
  });
}

function recoverDatabase(context: ActorContext, server: ServerConfig): Recovered {
  const beganMs = new SystemClock().monotonicMs();
  const recovered = recover({
    fileStore: new NodeFileStore(),
    dataDir: server.dataDir,
    dataLogDir: server.dataLogDir,
    tree: tree.owned(context),
    datadirAutocreate: server.datadirAutocreate,
    dbAutocreate: server.dbAutocreate,
    trustEmptySnapshot: server.snapshotTrustEmpty,
    emulate353TtlNodes: false,
    warn: (message) => context.log.warn(message),
  });
  const { lastZxidHi, lastZxidLo, recordsReplayed } = recovered;
  const sessions = [...recovered.sessions, ...deadSessions(context, recovered.sessions, server.minSessionTimeoutMs)];
  new DurableZxid(shared(context, SharedName.durableZxid)).publish(lastZxidHi, lastZxidLo);
  const tookMs = Math.round(new SystemClock().monotonicMs() - beganMs);
  context.log.info(`Snapshot loaded in ${tookMs} ms, highest zxid is 0x${hex64(lastZxidHi, lastZxidLo)}`, {
    snapshot: recovered.snapshot?.name,
    recordsReplayed,
    sessions: sessions.length,
  });
  if (recordsReplayed > 0) {
    // The next start need not replay these again.
    const out = context.outbox('snapshotter');
    out.claim(SNAPSHOT_DUE, 0);
    out.commit();
  }
  return { sessions, lastZxidHi, lastZxidLo };
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
  return new AclPolicy({ skipAcl: server.skipAcl, digestEnabled: true });
}

function directoriesOf(server: ServerConfig): { logDirectory: string; snapshotDirectory: string } {
  return openDataDirectories(new NodeFileStore(), server.dataDir, server.dataLogDir, server.datadirAutocreate);
}

function shared(context: ActorContext, name: string): SharedArrayBuffer {
  const buffer = context.shared[name];
  assert(buffer !== undefined, `shared memory ${name} was made at the start`);
  return buffer;
}
