// A server inside another program, and the entry of the package `threadkeeper`: as many as wanted in one process, each with its own
// threads, on whatever port is free.
//
//   await using server = await startServer({ dataDir: './data' });
//   const zk = openZooKeeper(server.connectString);
//
// It takes no signal and never ends the process; what it has to say goes to the logger that it was given, or nowhere. Main thread
// of that program. A program that blocks its event loop blocks this server: in `compact` clients are served there.

import { availableParallelism } from 'node:os';
import type { Logger } from '../actor/logger.js';
import { silentLogger } from '../actor/logger.js';
import { CAN_REUSE_PORT } from '../net/node-client-network.js';
import { checkPeerPortsFree } from './free-ports.js';
import { embeddedCores } from './placement-choice.js';
import { configFromPairs, loadServerConfig, type ServerConfig } from './server-config.js';
import { ServerLife } from './server-life.js';
import { ServerLog } from './server-log.js';
import type { ServerMode } from './status/server-status.js';

/** pino, or what takes the same: fields first, then the message. */
export interface PinoLike {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface EnsembleMember {
  /** Its own number among `servers`; no file says it. */
  readonly id: number;
  /**
   * All members by their numbers, each as behind `server.N=`: `127.0.0.1:2888:3888`, `127.0.0.1:2888:3888:observer`, with the port of its
   * clients behind a semicolon or without. Without, clients connect to `clientPort`.
   */
  readonly servers: Readonly<Record<number, string>>;
}

export interface StartServerOptions {
  /** Where snapshots and logs live; needed unless `configFile` says it. Made if it is missing. */
  readonly dataDir?: string;
  /** Where clients connect; 0, which is the default, takes any port that is free. */
  readonly clientPort?: number;
  /** The local address of the client port; default 127.0.0.1. */
  readonly host?: string;
  /** Where clients connect with TLS; 0 takes any port. Needs ssl.keyStore.location among `properties`. */
  readonly secureClientPort?: number;
  /** The AdminServer's port; 0 takes any. Without it there is no AdminServer. */
  readonly adminPort?: number;
  /** Further settings, by the names that they have in zoo.cfg. */
  readonly properties?: Readonly<Record<string, string | number | boolean>>;
  /** The server is a member of an ensemble; without it, it is alone. */
  readonly member?: EnsembleMember;
  /** A zoo.cfg instead of all of these. A member whose ensemble is reconfigured needs one. */
  readonly configFile?: string;
  /** Where log lines go; default: nowhere. */
  readonly logger?: PinoLike;
  /** The server has failed after it was started, and serves nobody any more. */
  readonly onFailure?: (error: Error) => void;
}

export interface EmbeddedServer extends AsyncDisposable {
  /** Null: there is no such port. */
  readonly port: number | null;
  readonly securePort: number | null;
  readonly adminPort: number | null;
  /** What it is at the moment; null: it serves nobody, as while a member has no leader. */
  readonly mode: ServerMode | null;
  /** For a client on this machine: host and port of the plain port, else of the secure one. */
  readonly connectString: string;
  /** Answers what was asked, closes all connections, ends all threads. Sessions stay in the database. */
  close(): Promise<void>;
}

const STOP_MS = 5000;
const LOOPBACK = '127.0.0.1';
/** As in ZooKeeper's sample file, in ticks. */
const MEMBER_LIMITS: readonly (readonly [string, string])[] = [
  ['initLimit', '10'],
  ['syncLimit', '5'],
];

export async function startServer(options: StartServerOptions): Promise<EmbeddedServer> {
  const config = readConfig(options);
  const log = ServerLog.into(toLogger(options.logger), config.logging);
  const run = new EmbeddedRun(config, log, options.onFailure);
  return await run.start();
}

function readConfig(options: StartServerOptions): ServerConfig {
  const { configFile, logger } = options;
  const coreCount = embeddedCores(availableParallelism(), CAN_REUSE_PORT);
  const input = { argv: [], env: {}, coreCount, log: toLogger(logger) };
  const config =
    configFile === undefined ? fromOptions(options, input) : loadServerConfig({ ...input, argv: [configFile] });
  return { ...config, logging: { ...config.logging, toMainThread: true } };
}

function fromOptions(options: StartServerOptions, input: Parameters<typeof configFromPairs>[1]): ServerConfig {
  const { dataDir, host = LOOPBACK, secureClientPort, adminPort, properties = {}, member } = options;
  const ownLine = member?.servers[member.id] ?? '';
  const clientPort = options.clientPort ?? (ownLine.includes(';') ? undefined : 0);
  const pairs = new Map<string, string>([
    ['tickTime', '2000'],
    ['maxClientCnxns', '0'],
    ['admin.serverAddress', LOOPBACK],
    ...(member === undefined ? [] : MEMBER_LIMITS),
    ...Object.entries(properties).map(([name, value]) => [name, String(value)] as const),
  ]);
  for (const [id, line] of Object.entries(member?.servers ?? {})) pairs.set(`server.${id}`, line);
  if (dataDir !== undefined) pairs.set('dataDir', dataDir);
  const setPort = (name: string, port: number | undefined): void => {
    if (port === undefined) return;
    pairs.set(name, String(port === 0 ? 1 : port));
    pairs.set(`${name}Address`, host);
  };
  setPort('clientPort', clientPort);
  setPort('secureClientPort', secureClientPort);
  pairs.set('admin.enableServer', String(adminPort !== undefined));
  if (adminPort !== undefined) pairs.set('admin.serverPort', String(adminPort));
  const config = configFromPairs(pairs, input, member?.id ?? null);
  // In a file 0 means that there is no such port.
  return {
    ...config,
    clientPort: clientPort === 0 ? 0 : config.clientPort,
    secureClientPort: secureClientPort === 0 ? 0 : config.secureClientPort,
  };
}

/** One server from its start to its end. */
class EmbeddedRun {
  private readonly config: ServerConfig;
  private readonly log: ServerLog;
  private readonly life: ServerLife;
  private readonly onFailure: ((error: Error) => void) | undefined;
  private readonly ports: number[] = [];
  private onPort: () => void = () => {};
  /** Until it serves, a failure is the start's. */
  private onEarlyFailure: ((error: unknown) => void) | null = null;
  private closing: Promise<void> | null = null;

  constructor(config: ServerConfig, log: ServerLog, onFailure: ((error: Error) => void) | undefined) {
    this.config = config;
    this.log = log;
    this.onFailure = onFailure;
    this.life = new ServerLife(config, log, {
      startsAdmin: false,
      onListening: (index, port) => {
        this.ports[index] = port;
        this.onPort();
      },
      onStartFailed: (error) => this.fail(error),
      onFatal: (error, source) => this.fail(new Error(`${source} failed: ${error.message}`, { cause: error })),
    });
  }

  async start(): Promise<EmbeddedServer> {
    const failed = new Promise<never>((_resolve, reject) => {
      this.onEarlyFailure = reject;
    });
    try {
      await Promise.race([this.startAll(), failed]);
    } catch (error) {
      this.onEarlyFailure = null;
      await this.close();
      throw error;
    }
    this.onEarlyFailure = null;
    return this.running();
  }

  private async startAll(): Promise<void> {
    const { clientPort, secureClientPort, quorumPeer } = this.config;
    const portCount = [clientPort, secureClientPort].filter((port) => port !== null).length;
    const listening = new Promise<void>((resolve) => {
      this.onPort = () => {
        if (Object.keys(this.ports).length === portCount) resolve();
      };
      this.onPort();
    });
    await checkPeerPortsFree(this.config);
    await this.life.start();
    // A member listens at once, and serves when there is a leader.
    if (portCount > 0 || quorumPeer !== null) await listening;
    await this.life.server?.startAdmin();
  }

  private running(): EmbeddedServer {
    const { clientPort, secureClientPort, clientPortAddress, secureClientPortAddress } = this.config;
    const ports = [...this.ports];
    const port = clientPort === null ? null : (ports.shift() ?? null);
    const securePort = secureClientPort === null ? null : (ports.shift() ?? null);
    const host = (port === null ? secureClientPortAddress : clientPortAddress) ?? LOOPBACK;
    const close = (): Promise<void> => this.close();
    const mode = (): ServerMode | null => (this.closing === null ? (this.life.server?.mode() ?? null) : null);
    return {
      get mode() {
        return mode();
      },
      port,
      securePort,
      adminPort: this.life.server?.adminPort ?? null,
      connectString: `${host.includes(':') ? `[${host}]` : host}:${port ?? securePort}`,
      close,
      [Symbol.asyncDispose]: close,
    };
  }

  private close(): Promise<void> {
    this.closing ??= this.end();
    return this.closing;
  }

  private async end(): Promise<void> {
    await this.life.drain();
    await this.life.stop(STOP_MS);
    this.life.finish();
  }

  private fail(error: unknown): void {
    this.log.error('The server cannot go on', { error });
    if (this.onEarlyFailure !== null) {
      this.onEarlyFailure(error);
      return;
    }
    if (this.closing !== null) return;
    // Whatever failed, nothing of it drains any more.
    this.closing = this.life
      .stop(0)
      .then(() => this.life.finish())
      .catch((failure: unknown) => this.log.warn('The server could not be ended in order', { error: failure }));
    this.onFailure?.(error instanceof Error ? error : new Error(String(error)));
  }
}

function toLogger(logger: PinoLike | undefined): Logger {
  if (logger === undefined) return silentLogger;
  return {
    debug: (message, fields) => logger.debug(fields ?? {}, message),
    info: (message, fields) => logger.info(fields ?? {}, message),
    warn: (message, fields) => logger.warn(fields ?? {}, message),
    error: (message, fields) => logger.error(fields ?? {}, message),
  };
}
