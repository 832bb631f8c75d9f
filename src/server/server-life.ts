// The life of one server, from its configuration to its end: what a process of its own (quorum-peer-main.ts) and a server embedded in
// another program (start-server.ts) have in common.
//
//   start: stores and directories are looked at, ports too -> actors -> the port opens -> AdminServer
//   end:   drain (what was asked is answered, connections are closed, sessions stay) -> stop, or the end of the process
//
// Lives on the main thread. It never ends the process and takes no signals: that is its owner's business.

import type { PreparedWorker } from '../actor/prepared-worker.js';
import type { AuditLog } from './audit-log.js';
import { clientPorts } from './client-ports.js';
import { checkDataDirectories } from './data-directory.js';
import { DirectoryLock } from './directory-lock.js';
import { ensemblePlan } from './ensemble-server.js';
import type { ExitCode } from './exit-code.js';
import { checkPortsFree } from './free-ports.js';
import { LiveServer } from './live-server.js';
import { withPeerSecurityLoaded } from './peer-security-config.js';
import type { ServerConfig } from './server-config.js';
import type { ServerLog } from './server-log.js';
import { standalonePlan } from './standalone-server.js';
import { logStartBanner } from './start-banner.js';
import { withTlsLoaded } from './tls-config.js';

export interface ServerLifeEvents {
  /** False: its owner starts the AdminServer, and waits for it. */
  readonly startsAdmin?: boolean;
  /** The port of this index, among those configured, accepts connections. */
  onListening?(index: number, port: number): void;
  /** What was to follow behind the start has failed: the client port, or the AdminServer. */
  onStartFailed(error: unknown): void;
  /** The server cannot go on. Called once. */
  onFatal(error: Error, source: string, exitCode: ExitCode): void;
}

const ADMIN_START_DELAY_MS = 100;

export class ServerLife {
  private readonly configured: ServerConfig;
  private readonly log: ServerLog;
  private readonly events: ServerLifeEvents;
  private readonly prepared: readonly PreparedWorker[];
  private audit: AuditLog | null = null;
  private directoryLock: DirectoryLock | null = null;
  private live: LiveServer | null = null;
  private adminTimer: NodeJS.Timeout | null = null;
  private hasStarted = false;

  /** `prepared`: threads that have begun already. */
  constructor(
    config: ServerConfig,
    log: ServerLog,
    events: ServerLifeEvents,
    prepared: readonly PreparedWorker[] = [],
  ) {
    this.configured = config;
    this.log = log;
    this.events = events;
    this.prepared = prepared;
  }

  /** Resolves when the database is loaded and every actor runs; the ports of clients open right after. */
  async start(): Promise<void> {
    await this.openAudit();
    const config = await withPeerSecurityLoaded(await withTlsLoaded(this.configured));
    checkDataDirectories(config.dataDir, config.dataLogDir, config.datadirAutocreate);
    await checkPortsFree(config);
    this.directoryLock = await DirectoryLock.take(config.dataDir, config.dataLogDir, this.log);
    const { quorumPeer } = config;
    this.log.info(quorumPeer === null ? 'Starting server' : `Starting quorum peer, myid=${quorumPeer.myId}`);
    const plan = quorumPeer === null ? standalonePlan(config) : ensemblePlan(config, quorumPeer);
    const live = new LiveServer(
      config,
      plan,
      this.log,
      {
        onListening: (index, port) => {
          this.startAdminLater();
          this.events.onListening?.(index, port);
        },
        onListenFailed: (error) => this.events.onStartFailed(error),
        onFatal: (error, source, exitCode) => this.events.onFatal(error, source, exitCode),
        onAudit: (lines) => this.audit?.take(lines),
      },
      this.prepared,
    );
    this.live = live;
    // The banner is written while the other threads load.
    const started = live.start();
    logStartBanner(config, this.log);
    await started;
    this.hasStarted = true;
    this.audit?.tellServer('serverStart', 'success');
    // Nothing will ever listen then: the AdminServer is all there is.
    if (clientPorts(config).length === 0) this.startAdminLater();
  }

  /** Null: it has not come so far. */
  get server(): LiveServer | null {
    return this.live;
  }

  /**
   * Takes no further request, has those in the pipeline answered and closes the connections of clients in order, for at most as
   * long as is configured. Sessions stay as they are.
   */
  async drain(): Promise<void> {
    if (this.adminTimer !== null) clearTimeout(this.adminTimer);
    if (!this.hasStarted) return;
    try {
      await this.live?.drain(this.configured.drainMs);
    } catch (error) {
      // A thread that has just ended answers nobody, and is no reason to leave the others behind.
      this.log.warn('Clients could not be told of the end', { error });
    }
  }

  /** Ends all threads, for a process that goes on. */
  async stop(deadlineMs: number): Promise<void> {
    await this.live?.stop(deadlineMs);
  }

  /** Gives up the directories and writes the last lines. Synchronous, because a process may be ending; a second call does nothing. */
  finish(): void {
    this.directoryLock?.release();
    this.directoryLock = null;
    const { audit } = this;
    this.audit = null;
    if (audit === null) return;
    if (this.hasStarted) audit.tellServer('serverStop', 'invoked');
    else audit.tellServer('serverStart', 'failure');
    audit.close();
  }

  /** Its modules are loaded when the first clients, who have been waiting for the port, have their sessions. */
  private startAdminLater(): void {
    if (this.adminTimer !== null || this.events.startsAdmin === false) return;
    this.adminTimer = setTimeout(() => {
      this.live?.startAdmin().catch((error: unknown) => this.events.onStartFailed(error));
    }, ADMIN_START_DELAY_MS);
  }

  private async openAudit(): Promise<void> {
    const { audit } = this.configured;
    this.log.named('ZKAuditProvider').info(`ZooKeeper audit is ${audit.enabled ? 'enabled' : 'disabled'}.`);
    if (!audit.enabled) return;
    const module = await import('./audit-log.js');
    this.audit = new module.AuditLog(audit, this.log.named('audit.Slf4jAuditLogger'), Date.now);
  }
}
