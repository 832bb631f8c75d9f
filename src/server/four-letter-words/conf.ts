// `conf`: the settings of this server as key=value lines, a standalone server's share of them.
// Pure text from a status, on the thread that answers.
// It shows what is on this closed list and nothing else; in particular no property ever comes in here.

import type { ServerStatus } from './server-status.js';

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
    `serverId=${settings.serverId}\n`
  );
}
