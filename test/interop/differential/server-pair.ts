// Starts both servers for one duel, with settings under which nothing happens by itself while sequences run: no session
// expires and no container is collected, since both would take zxids at moments of their own.

import { startApache } from '../../testing/apache-server.js';
import type { ServerProcess } from '../../testing/server-process.js';
import { startThreadkeeper } from '../../testing/threadkeeper-server.js';
import { Duel, type DuelCounts } from './duel.js';
import { Side } from './side.js';

/** super:secret */
const SUPER_DIGEST = 'super:lK75jTNcA+U9vtVEw5vB51mj/w4=';
const NEVER_MS = 2_000_000_000;

const COMMON = {
  // Weeks: a session whose handshake was given up while a server came up is left to itself, too.
  minSessionTimeout: 1_000_000_000,
  maxSessionTimeout: 2_000_000_000,
  'DigestAuthenticationProvider.superDigest': SUPER_DIGEST,
};

/** Two kinds of server: as installed, and with all that can be switched on for clients. */
export const Flavour = { Plain: 'plain', Extended: 'extended' } as const;
export type Flavour = (typeof Flavour)[keyof typeof Flavour];

export type ConfigLines = Readonly<Record<string, string | number>>;

const FLAVOURS: Readonly<Record<Flavour, ConfigLines>> = {
  [Flavour.Plain]: {},
  [Flavour.Extended]: { extendedTypesEnabled: 'true', enforceQuota: 'true', reconfigEnabled: 'true' },
};

export class ServerPair {
  readonly duel: Duel;
  private readonly servers: readonly ServerProcess[];

  private constructor(duel: Duel, servers: readonly ServerProcess[]) {
    this.duel = duel;
    this.servers = servers;
  }

  /** `more`: further lines of zoo.cfg, for both. */
  static async start(flavour: Flavour, counts: DuelCounts, more: ConfigLines = {}): Promise<ServerPair> {
    const cfg = { ...COMMON, ...FLAVOURS[flavour], ...more };
    // Apache reads this one as a system property only.
    const env = { JAVA_TOOL_OPTIONS: `-Dznode.container.checkIntervalMs=${NEVER_MS}` };
    const ours = startThreadkeeper({ cfg: { ...cfg, 'znode.container.checkIntervalMs': NEVER_MS } });
    const started = await Promise.allSettled([startApache({ cfg, env }), ours]);
    const servers = started.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
    try {
      for (const each of started) if (each.status === 'rejected') throw each.reason;
      const [apache, our] = servers as [ServerProcess, ServerProcess];
      const duel = new Duel(new Side(apache), new Side(our), counts);
      await duel.begin();
      return new ServerPair(duel, servers);
    } catch (error) {
      await Promise.all(servers.map((server) => server.stop()));
      throw error;
    }
  }

  async stop(): Promise<void> {
    // Neither of them has anything that is worth an orderly end.
    await Promise.all(this.servers.map((server) => server.kill()));
    await Promise.all(this.servers.map((server) => server[Symbol.asyncDispose]()));
  }
}
