/**
 * Makes the actors of a member of an ensemble: the three that only a member has here, all others as actor-factory.ts does.
 *
 * Imported by every worker of a member and by its main thread. A standalone server never loads it, nor what lies behind it.
 */
import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import type { Actor, ActorContext, CreateActor } from '../actor/actor.js';
import { SeldomLogger } from '../actor/seldom-logger.js';
import { SystemClock } from '../actor/system-clock.js';
import { assert } from '../base/assert.js';
import { Prng } from '../base/prng.js';
import { ElectionActor, type ElectionOptions } from '../election/election-actor.js';
import { noPeerAuthentication } from '../election/peer-authenticator.js';
import type { PeerNetwork } from '../election/peer-network.js';
import { parseQuorumConfigText } from '../election/quorum-config-text.js';
import { AuthenticatedPeerNetwork } from '../peer/authenticated-peer-network.js';
import { DelayingNetwork } from '../peer/delaying-network.js';
import { NodePeerNetwork } from '../peer/node-peer-network.js';
import { QuorumSasl } from '../peer/quorum-sasl.js';
import type { DataDirectories } from '../persistence/data-directories.js';
import { DynamicConfigFiles } from '../persistence/dynamic-config-files.js';
import { type FileStore, joinPath } from '../persistence/file-store.js';
import { NodeFileStore } from '../persistence/node-file-store.js';
import { type MarkedLog, resetSyncMark } from '../persistence/sync-mark.js';
import { listTxnLogs } from '../persistence/txn-log-files.js';
import { CommitProcessor } from '../processor/commit-processor.js';
import { PeerStatus } from '../zab/peer-status.js';
import { QuorumPeerActor } from '../zab/quorum-peer-actor.js';
import {
  createActor as createOther,
  createActorWith as createOtherWith,
  type MainPorts,
  treeReader,
} from './actor-factory.js';
import { directoriesOf } from './log-thread.js';
import { memberRoles } from './member-roles.js';
import type { QuorumPeerConfig } from './quorum-peer-config.js';
import type { ServerConfig } from './server-config.js';
import { SharedName, sharedMemory } from './shared-name.js';
import { type ActorConfig, ActorKind } from './standalone-topology.js';

export { createLogger } from './log-thread.js';

/** A read-only server waits for this long at least (ensemble-protocol 8.3). */
const READ_ONLY_AFTER_MIN_MS = 2000;
/** Of the committed log: what a DIFF may send from memory. */
const COMMITTED_LOG_BYTES_MAX = 64 << 20;

export const createActor: CreateActor = (kind, name, context) =>
  createMembers(kind, context) ?? createOther(kind, name, context);

export function createActorWith(ports: MainPorts): CreateActor {
  const others = createOtherWith(ports);
  return (kind, name, context) => createMembers(kind, context) ?? others(kind, name, context);
}

function createMembers(kind: string, context: ActorContext): Actor | null {
  const { server, guarded } = context.config as ActorConfig;
  const peer = server.quorumPeer;
  assert(peer !== null, 'a member of an ensemble has the configuration of one');
  switch (kind) {
    case ActorKind.commit:
      return new CommitProcessor(context);
    case ActorKind.election:
      return makeElection(context, server, peer);
    case ActorKind.quorumPeer:
      return makeQuorumPeer(context, server, peer, guarded);
    default:
      return null;
  }
}

function makeElection(context: ActorContext, server: ServerConfig, peer: QuorumPeerConfig): Actor {
  const { sasl } = server.peerSecurity;
  const options: ElectionOptions = {
    myId: peer.myId,
    cnxTimeoutMs: peer.electionConnectTimeoutMs,
    handshakeTimeoutMs: peer.electionHandshakeTimeoutMs,
    notificationMsMin: peer.notificationMinMs,
    notificationMsMax: peer.notificationMaxMs,
    multiAddress: peer.multiAddress,
    bindRetries: peer.electionBindTries,
    listenOnAllIps: peer.listenOnAllIps,
    reconfigEnabled: server.reconfigEnabled,
    configText: peer.membersText,
    lastSeenText: peer.lastSeenText,
  };
  const authenticator = sasl === null ? noPeerAuthentication : new QuorumSasl(sasl, randomBytes);
  return new ElectionActor(context, networkOf(context, server, peer), options, authenticator);
}

function makeQuorumPeer(context: ActorContext, server: ServerConfig, peer: QuorumPeerConfig, guarded: boolean): Actor {
  const fileStore = new NodeFileStore();
  const prng = new Prng(randomBytes(4).readUInt32LE());
  const directories = directoriesOf(server);
  const status = new PeerStatus(sharedMemory(context, SharedName.peerStatus));
  return new QuorumPeerActor(context, {
    myId: peer.myId,
    network: quorumNetworkOf(context, server, peer),
    onMemberHosts: (hosts) => networkOf(context, server, peer).setMemberHosts(hosts),
    fileStore,
    directories,
    timing: {
      tickMs: server.tickMs,
      initLimitTicks: peer.initLimitTicks,
      syncLimitTicks: peer.syncLimitTicks,
      connectLimitTicks: peer.connectLimitTicks,
      connectRetryMs: peer.connectRetryMs,
      epochWaitMsMax: peer.epochWaitMsMax,
    },
    committed: parseQuorumConfigText(peer.membersText),
    lastSeen: peer.lastSeenText === null ? null : parseQuorumConfigText(peer.lastSeenText),
    configs: {
      isReconfigEnabled: server.reconfigEnabled,
      files: server.configFile === null ? null : new DynamicConfigFiles(fileStore, resolve(server.configFile)),
      staticPairs: new Map(Object.entries(peer.staticPairs)),
      hasDynamicFile: peer.hasDynamicFile,
    },
    status,
    shardCount: server.connectionShards,
    committedLogCount: server.learnerSync.commitLogCount,
    committedLogBytesMax: COMMITTED_LOG_BYTES_MAX,
    readOnlyAfterMs: server.readOnlyModeEnabled
      ? Math.max(READ_ONLY_AFTER_MIN_MS, server.tickMs)
      : Number.POSITIVE_INFINITY,
    observerRestMsMax: peer.observerRestMsMax,
    chance: () => prng.float(),
    onSynchronized: (zxidHi, zxidLo) => {
      // What this member acknowledged and lost was never committed, if its leader does not have it.
      if (status.owesTail)
        resetSyncMark(fileStore, directories.logDirectory, zxidHi, zxidLo, logOf(fileStore, directories));
    },
    openRole: memberRoles(context, server, peer, treeReader(context, guarded), fileStore, directories, () =>
      prng.float(),
    ),
  });
}

/** The one that was begun last. */
function logOf(fileStore: FileStore, { logDirectory }: DataDirectories): MarkedLog | null {
  const last = listTxnLogs(fileStore, logDirectory).at(-1);
  if (last === undefined) return null;
  return { zxidHi: last.zxidHi, zxidLo: last.zxidLo, path: joinPath(logDirectory, last.name) };
}

/**
 * One for both actors of a server on this thread: who is a member, and whose certificates are whose, is told to it once. By the
 * server's own configuration, since several servers may live in one process.
 */
const networks = new WeakMap<QuorumPeerConfig, NodePeerNetwork>();

export function networkOf(context: ActorContext, server: ServerConfig, peer: QuorumPeerConfig): NodePeerNetwork {
  const known = networks.get(peer);
  if (known !== undefined) return known;
  const { tlsLoaded: tls, refusesForeign } = server.peerSecurity;
  const network = new NodePeerNetwork({ keepAlive: peer.tcpKeepAlive, tls, refusesForeign }, context.log);
  // The election's port is open before the quorum peer says who the members are.
  const texts = [peer.membersText, ...(peer.lastSeenText === null ? [] : [peer.lastSeenText])];
  const members = texts.flatMap((text) => parseQuorumConfigText(text).members);
  network.setMemberHosts(members.flatMap(({ addresses }) => addresses.map(({ host }) => host)));
  networks.set(peer, network);
  return network;
}

/** Quorum ports speak SASL before anything else. */
function quorumNetworkOf(context: ActorContext, server: ServerConfig, peer: QuorumPeerConfig): PeerNetwork {
  const shared = networkOf(context, server, peer);
  const { leaderNoDelay, followerNoDelay } = peer;
  const plain = leaderNoDelay && followerNoDelay ? shared : new DelayingNetwork(shared, leaderNoDelay, followerNoDelay);
  const { sasl } = server.peerSecurity;
  if (sasl === null) return plain;
  const seldom = new SeldomLogger(context.log, new SystemClock());
  return new AuthenticatedPeerNetwork(
    plain,
    new QuorumSasl(sasl, randomBytes),
    peer.electionHandshakeTimeoutMs,
    seldom,
  );
}
