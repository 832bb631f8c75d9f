// `conf`: the settings of this server as key=value lines, and those of its ensemble.
// Pure text from a status, on the thread that answers.
// It shows what is on this closed list and nothing else; in particular no property ever comes in here.

import type { QuorumSettings, ServerStatus } from '../status/server-status.js';

const UNSET_PORT = -1;

export function conf(status: ServerStatus): string {
  const { settings, directories } = status;
  return (
    `clientPort=${settings.clientPort ?? UNSET_PORT}\n` +
    `secureClientPort=${settings.secureClientPort ?? UNSET_PORT}\n` +
    `dataDir=${directories.dataDir}\n` +
    `dataDirSize=${directories.dataDirBytes}\n` +
    `dataLogDir=${directories.dataLogDir}\n` +
    `dataLogSize=${directories.dataLogDirBytes}\n` +
    `tickTime=${settings.tickMs}\n` +
    `maxClientCnxns=${settings.maxClientCnxns}\n` +
    `minSessionTimeout=${settings.minSessionTimeoutMs}\n` +
    `maxSessionTimeout=${settings.maxSessionTimeoutMs}\n` +
    `clientPortListenBacklog=${settings.clientPortListenBacklog}\n` +
    `serverId=${settings.serverId}\n` +
    (settings.quorum === null ? '' : quorumLines(settings.quorum, status.mode === 'read-only'))
  );
}

/** No newline at the end; a read-only server knows no members that hold. */
function quorumLines(quorum: QuorumSettings, isReadOnly: boolean): string {
  return (
    `initLimit=${quorum.initLimitTicks}\n` +
    `syncLimit=${quorum.syncLimitTicks}\n` +
    'electionAlg=3\n' +
    `electionPort=${quorum.electionPorts.join('|')}\n` +
    `quorumPort=${quorum.quorumPorts.join('|')}\n` +
    `peerType=${quorum.isObserver ? 1 : 0}\n` +
    (isReadOnly ? '' : `membership: \n${quorum.members}`)
  );
}
