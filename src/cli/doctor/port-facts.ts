// Which ports a server with this configuration opens: those of clients, of the admin server, of metrics, and those of its
// line in the list of members. Pure; which of them can be opened is tried elsewhere.
// Port 0, where it means "a free one", is left out.

import type { QuorumConfig } from '../../server/quorum-config.js';
import type { ServerConfig } from '../../server/server-config.js';
import { type PortFacts, QUORUM_PORT } from './port-check.js';

type Port = Omit<PortFacts, 'errorCode'>;

export function portsOf(config: ServerConfig, own: QuorumConfig['servers'][number] | undefined): Port[] {
  const ports: Port[] = [];
  const add = (name: string, host: string | null, port: number | null) => {
    if (port !== null && port !== 0) ports.push({ name, host, port });
  };
  add('client port', config.clientPortAddress, config.clientPort);
  add('secure client port', config.secureClientPortAddress, config.secureClientPort);
  if (config.admin.enabled) add('admin port', config.admin.host, config.admin.port);
  if (config.metrics.provider === 'prometheus') add('metrics port', config.metrics.host, config.metrics.port);
  const { quorumPeer } = config;
  if (quorumPeer === null || own === undefined) return ports;
  for (const { host, quorumPort, electionPort } of own.addresses) {
    const listenHost = quorumPeer.listenOnAllIps ? null : host;
    add(QUORUM_PORT, listenHost, quorumPort);
    add('election port', listenHost, electionPort);
  }
  add('observer master port', null, quorumPeer.observerMasterPort);
  return ports;
}
