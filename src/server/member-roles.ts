/**
 * Which role a decision makes of a member, and what of this server each role works with: the tree and the log from which a leader
 * brings its learners up to date, the sessions whose clients a learner tells its leader of.
 *
 * On the thread of the quorum peer, where the roles live. Everything here is read only.
 */
import type { ActorContext } from '../actor/actor.js';
import { PeerState } from '../election/vote.js';
import type { DataDirectories } from '../persistence/data-directories.js';
import type { FileStore } from '../persistence/file-store.js';
import { LogFloor } from '../persistence/log-floor.js';
import { ProposalsFromLog } from '../persistence/proposals-from-log.js';
import { SnapStreamEncoder } from '../persistence/snap-stream-encoder.js';
import { SessionTable } from '../session/session-table.js';
import { appliedZxid } from '../store/applied-zxid.js';
import type { TreeReader } from '../store/tree-reader.js';
import { Leader } from '../zab/leader.js';
import { Learner } from '../zab/learner.js';
import type { ObserverMasterOptions } from '../zab/learner-host.js';
import type { OpenRole } from '../zab/open-role.js';
import { SessionTouches } from '../zab/session-touches.js';
import type { SyncSources } from '../zab/sync-sources.js';
import type { LearnerSyncConfig } from './learner-sync-config.js';
import type { QuorumPeerConfig } from './quorum-peer-config.js';
import type { ServerConfig } from './server-config.js';
import { SharedName, sharedMemory } from './shared-name.js';

const BACK_OFF_MS = 1;

export function memberRoles(
  context: ActorContext,
  server: ServerConfig,
  peer: QuorumPeerConfig,
  reader: TreeReader,
  fileStore: FileStore,
  directories: DataDirectories,
  chance: () => number,
): OpenRole {
  const sessions = new SessionTable(sharedMemory(context, SharedName.sessions));
  const touched = new SessionTouches(sessions);
  const sources = syncSources(server.learnerSync, reader, sessions, fileStore, directories);
  const partBytesMax = server.frameBytesMax + server.recordExtraBytes;
  const observerMaster = peer.observerMasterPort === 0 ? null : observerMasterOptions(server, peer, sources, chance);
  return (host, { decision, supporters, onQuorumPortOpen }) => {
    if (decision.state === PeerState.leading) {
      const { snapSyncsMax, diffSyncsMax } = server.learnerSync;
      const leader = new Leader(host, {
        listenOnAllIps: peer.listenOnAllIps,
        isReconfigEnabled: server.reconfigEnabled,
        isStandaloneEnabled: peer.isStandaloneEnabled,
        partBytesMax,
        snapSyncsMax,
        diffSyncsMax,
        supporters,
        sources,
        counterLast: peer.counterLast,
        onQuorumPortOpen,
      });
      return { role: leader, onVoterLooking: (sid) => leader.onVoterLooking(sid) };
    }
    const kind = decision.state === PeerState.observing ? 'observer' : 'follower';
    const learner = new Learner(host, {
      kind,
      leader: decision.leader,
      partBytesMax,
      touched,
      isLogging: peer.observerLogs,
      observerMaster,
    });
    return { role: learner, onVoterLooking: () => {} };
  };
}

function observerMasterOptions(
  { learnerSync }: ServerConfig,
  peer: QuorumPeerConfig,
  sources: SyncSources,
  chance: () => number,
): ObserverMasterOptions {
  return {
    port: peer.observerMasterPort,
    listenOnAllIps: peer.listenOnAllIps,
    snapSyncsMax: learnerSync.snapSyncsMax,
    diffSyncsMax: learnerSync.diffSyncsMax,
    reconnectMsMax: peer.observerReconnectMsMax,
    sources,
    chance,
  };
}

function syncSources(
  { forceSnapshotSync, snapshotSizeFactor }: LearnerSyncConfig,
  reader: TreeReader,
  sessions: SessionTable,
  fileStore: FileStore,
  { logDirectory, snapshotDirectory }: DataDirectories,
): SyncSources {
  const bed = new Int32Array(new SharedArrayBuffer(4));
  return {
    isSnapForced: forceSnapshotSync,
    openDisk: (fromHi, fromLo, isSizeLimited) => {
      const floor = LogFloor.tryRead(fileStore, logDirectory);
      if (floor === null) return null;
      const sizeFactor = isSizeLimited ? snapshotSizeFactor : 0;
      return ProposalsFromLog.open(
        {
          fileStore,
          logDirectory,
          snapshotDirectory,
          snapshotSizeFactor: sizeFactor,
          floorHi: floor.hi,
          floorLo: floor.lo,
        },
        fromHi,
        fromLo,
      );
    },
    newSnapStream: () =>
      new SnapStreamEncoder(
        reader,
        () => Atomics.wait(bed, 0, 0, BACK_OFF_MS),
        (add) => {
          const { hi, lo } = appliedZxid(reader);
          sessions.visitUnclosed(hi, lo, add);
        },
      ),
  };
}
