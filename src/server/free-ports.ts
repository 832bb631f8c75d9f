/**
 * Looks whether somebody has the configured ports already, before anything of the database is read or written: most often it
 * is this very server, started once more, and a start beside a running one would take its unfinished files for leftovers.
 * ZooKeeper opens its ports in this order, too: the AdminServer's, then the clients'.
 *
 * Main thread, once. Keeps no port: each is opened for good by whoever owns it, who may still find it taken.
 */
import { createServer } from 'node:net';
import { parseQuorumConfigText } from '../election/quorum-config-text.js';
import { AdminStartError } from './admin-host.js';
import { clientPortError, clientPorts } from './client-ports.js';
import type { ServerConfig } from './server-config.js';
import { PortError } from './start-error.js';

/** Rejects with AdminStartError or PortError, as the real opening would. A member of an ensemble does without its AdminServer. */
export async function checkPortsFree(config: ServerConfig): Promise<void> {
  const { admin } = config;
  if (admin.enabled && config.quorumPeer === null) {
    const error = await errorOfOpening(admin.port, admin.host ?? undefined);
    if (error !== null) throw new AdminStartError(error);
  }
  for (const configured of clientPorts(config)) {
    const error = await errorOfOpening(configured.port, configured.host);
    if (error !== null) throw clientPortError(configured, error);
  }
}

/**
 * The ports of a member among its peers, for who wants to hear of a taken one at once; a server of its own tries its election port
 * for a while, as ZooKeeper does, and opens its quorum port when it leads.
 */
export async function checkPeerPortsFree({ quorumPeer }: ServerConfig): Promise<void> {
  if (quorumPeer === null) return;
  const own = parseQuorumConfigText(quorumPeer.membersText).member(quorumPeer.myId);
  for (const { host, quorumPort, electionPort } of own?.addresses ?? []) {
    const at = quorumPeer.listenOnAllIps ? undefined : host;
    for (const [name, port] of [
      ['election port', electionPort],
      ['quorum port', quorumPort],
    ] as const) {
      const error = await errorOfOpening(port, at);
      if (error === null) continue;
      const cause = Object.assign(error, { port, address: at ?? '0.0.0.0' });
      throw new PortError(`the ${name} cannot be opened`, { cause });
    }
  }
}

function errorOfOpening(port: number, host: string | undefined): Promise<Error | null> {
  if (port === 0) return Promise.resolve(null);
  return new Promise((resolve) => {
    // Whoever connects in this instant is turned away, and tries again as if nothing had listened yet.
    const probe = createServer((socket) => socket.destroy());
    probe.once('error', resolve);
    probe.listen({ port, host }, () => probe.close(() => resolve(null)));
  });
}
