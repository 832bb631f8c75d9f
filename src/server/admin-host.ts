// What the AdminServer is given of the server it stands beside, and how it is found: it is a layer above this one, loaded by
// its address once the client port is open, so that no start waits for it and a server without it never loads it.
// Main thread. The AdminServer owns its HTTP port and nothing else; everything about the database is asked for here.

import type { Logger } from '../actor/logger.js';
import type { Clock } from '../base/clock.js';
import type { AuthOptions } from '../net/auth/auth-options.js';
import type { AclPolicy, Identity } from '../processor/acl.js';
import type { TreeReader } from '../store/tree-reader.js';
import type { AdminConfig } from './admin-config.js';
import type { AdminCounters } from './admin-counters.js';
import { ExitCode } from './exit-code.js';
import type { LiveControl } from './live-control.js';
import type { LiveRestore } from './live-restore.js';
import type { PipelineView } from './pipeline-view.js';
import type { ServerMetrics } from './server-metrics.js';
import type { SlowRequest } from './slow-requests.js';
import type { SnapshotPort } from './snapshotter-actor.js';
import { StartError } from './start-error.js';
import type { LiveStatus } from './status/live-status.js';

export interface AdminHost {
  readonly config: AdminConfig;
  /** Secret. */
  readonly auth: AuthOptions;
  readonly log: Logger;
  readonly clock: Clock;
  readonly counters: AdminCounters;
  /** What the server tells about itself. */
  readonly status: LiveStatus;
  /** Clients are served. */
  readonly isServing: boolean;
  readonly snapshots: SnapshotPort;
  readonly slowRequests: { readonly thresholdMs: number; readonly last: readonly SlowRequest[] };
  readonly pipeline: Pick<PipelineView, 'look'>;
  readonly metrics: Pick<ServerMetrics, 'stateFields' | 'figures' | 'reader' | 'gaugeValues'>;
  /** The tree as this thread may read it, and who may see what of it. */
  readonly tree: TreeReader;
  readonly aclPolicy: AclPolicy;
  /** What changes the running server; only where config.controlEnabled. */
  readonly control: LiveControl;
  newRestore(): LiveRestore;
  /** Why this server takes no restore; null: it does. */
  readonly restoreRefusal: string | null;
  /** Whether these identities have every permission on the root node. Null: it cannot be read at this moment; ask again. */
  ownsRoot(identities: readonly Identity[]): boolean | null;
}

export interface RunningAdmin {
  readonly port: number;
  close(): void;
}

/** What the module at the address exports. Rejects with the system's error when the port cannot be opened. */
export interface AdminModule {
  startAdminServer(host: AdminHost): Promise<RunningAdmin>;
}

const ADMIN_SERVER = new URL('../admin/admin-server.js', import.meta.url);

/** TLS is wanted on the admin port, and cannot be had: the server runs without its AdminServer. */
export class AdminTlsError extends Error {
  override readonly name = 'AdminTlsError';
}

/** The port cannot be opened. A standalone server then ends, as Apache's does. */
export class AdminStartError extends StartError {
  override readonly name = 'AdminStartError';
  readonly exitCode = ExitCode.errorStartingAdminServer;
  readonly sentence = 'Unable to start AdminServer, exiting abnormally';

  constructor(cause: unknown) {
    super('its port cannot be opened (set admin.serverPort, or admin.enableServer=false to do without it)', { cause });
  }
}

/** Null: TLS cannot be had, which the log says. */
export async function startAdmin(host: AdminHost): Promise<RunningAdmin | null> {
  const module = (await import(ADMIN_SERVER.href)) as AdminModule;
  try {
    return await module.startAdminServer(host);
  } catch (error) {
    // By its name: the module at the address has a class of its own.
    if (error instanceof Error && error.name === 'AdminTlsError') {
      host.log.error(`Failed to load authentication certificates for admin server. ${error.message}`);
      host.log.warn('Unable to start JettyAdminServer');
      return null;
    }
    throw new AdminStartError(error);
  }
}
