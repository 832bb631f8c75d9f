/**
 * The plan of a member of an ensemble. Main thread, once; what it says of the moment it reads from what the quorum peer publishes.
 */
import { join } from 'node:path';
import { parseQuorumConfigText } from '../election/quorum-config-text.js';
import { PeerState } from '../election/vote.js';
import { CAN_REUSE_PORT } from '../net/node-client-network.js';
import { ServerRole } from '../processor/pipeline-records.js';
import { type PeerReport, PeerRequest } from '../zab/peer-report.js';
import { PeerStatus } from '../zab/peer-status.js';
import { ensemblePlacement, ensembleTopology } from './ensemble-topology.js';
import { createActorWith } from './member-factory.js';
import type { QuorumPeerConfig } from './quorum-peer-config.js';
import type { ServerConfig } from './server-config.js';
import type { ServerPlan } from './server-plan.js';
import { SharedName } from './shared-name.js';
import { NoMemberError } from './start-error.js';
import type { EnsembleStatus, QuorumSettings, ServerMode } from './status/server-status.js';

const MODES: Readonly<Record<ServerRole, ServerMode>> = {
  [ServerRole.standalone]: 'standalone',
  [ServerRole.leader]: 'leader',
  [ServerRole.follower]: 'follower',
  [ServerRole.observer]: 'observer',
  [ServerRole.readOnly]: 'read-only',
};

const STATES: Readonly<Record<PeerState, string>> = {
  [PeerState.looking]: 'looking',
  [PeerState.following]: 'following',
  [PeerState.leading]: 'leading',
  [PeerState.observing]: 'observing',
};

export function ensemblePlan(config: ServerConfig, peer: QuorumPeerConfig): ServerPlan {
  const members = parseQuorumConfigText(peer.membersText);
  if (members.member(peer.myId) === undefined) {
    const ids = members.members.map(({ sid }) => sid).join(', ');
    throw new NoMemberError(
      `My id ${peer.myId} not in the peer list (${ids}): correct ${join(config.dataDir, 'myid')}, or add a line ` +
        `server.${peer.myId} for this member, also where reconfig has removed it`,
    );
  }
  const memory = { [SharedName.peerStatus]: PeerStatus.createMemory() };
  const status = new PeerStatus(memory[SharedName.peerStatus]);
  return {
    topology: ensembleTopology(config, !CAN_REUSE_PORT),
    placement: ensemblePlacement(config.placement, config.connectionShards),
    memory,
    factoryUrl: new URL('./member-factory.js', import.meta.url),
    createActorWith,
    mode: () => {
      const role = status.servingAs;
      return role === null ? null : MODES[role];
    },
    peerState: () => {
      const role = status.servingAs;
      return role === null || role === ServerRole.readOnly ? null : `${STATES[status.state]} - broadcast`;
    },
    quorumSettings: async (ask) => quorumSettings(peer, String(await ask('quorum-peer', PeerRequest.members))),
    ensemble: async (ask) => {
      const report = (await ask('quorum-peer', PeerRequest.report)) as PeerReport;
      return ensembleStatus(config, peer, status.leader, report);
    },
    resetObserverStatistics: async (ask) => {
      await ask('quorum-peer', PeerRequest.resetObservers);
    },
    doesWithoutAdmin: true,
    restoreRefusal:
      'a member of an ensemble has the database of its ensemble: restore into a standalone server, and let the others join it empty',
  };
}

/** `leader`: -1 while there is none. */
function ensembleStatus(
  { clientPort, clientPortAddress }: ServerConfig,
  { myId }: QuorumPeerConfig,
  leader: number,
  { members, zabState, observers }: PeerReport,
): EnsembleStatus {
  const ownClient = clientPort === null ? null : { host: clientPortAddress ?? '0.0.0.0', port: clientPort };
  return {
    myId,
    leader,
    zabState,
    observers,
    // Texts of members do not tell what only a member's own zoo.cfg says.
    members: parseQuorumConfigText(members).members.map((member) =>
      member.sid === myId ? { ...member, client: member.client ?? ownClient } : member,
    ),
  };
}

function quorumSettings(peer: QuorumPeerConfig, members: string): QuorumSettings {
  const own = parseQuorumConfigText(members).member(peer.myId);
  const addresses = own?.addresses ?? [];
  return {
    initLimitTicks: peer.initLimitTicks,
    syncLimitTicks: peer.syncLimitTicks,
    electionPorts: addresses.map(({ electionPort }) => electionPort),
    quorumPorts: addresses.map(({ quorumPort }) => quorumPort),
    isObserver: own?.type === 'observer',
    members,
  };
}
