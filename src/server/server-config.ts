// The server's configuration: from the command line, the configuration file and -D options to one typed, frozen,
// structured-cloneable object that is handed down to whoever needs a part of it. Made once by the main thread before
// anything else exists; workers get a clone. Nobody reads a property or an environment variable after this.
//
//   zoo.cfg  >  -D on the command line  >  -D in JVMFLAGS  >  -D in SERVER_JVMFLAGS  >  default in config-keys.ts
//
// Mistakes throw a StartError with ZooKeeper's sentence; a configuration is never half applied. Where we differ from
// the reference: each line is logged once, not twice; and keys the reference takes as -D only may stand in the file.

import type { Logger } from '../actor/logger.js';
import { PropertiesSyntaxError } from '../base/java-properties.js';
import type { AuthOptions } from '../net/auth/auth-options.js';
import type { LocalSessionRules } from '../session/local-session-rules.js';
import { type AdminConfig, readAdminConfig } from './admin-config.js';
import { type AuditConfig, readAuditConfig } from './audit-config.js';
import { readAuthOptions } from './auth-config.js';
import { type ClientListenerConfig, mergeClientAddress, readClientListener } from './client-listener-config.js';
import { type Environment, readCommandLine } from './command-line.js';
import { readPairs, warnIfRelative } from './config-file.js';
import { type ContainerConfig, readContainerConfig } from './container-config.js';
import { type LearnerSyncConfig, readLearnerSyncConfig } from './learner-sync-config.js';
import { type LimitsConfig, readLimits } from './limits-config.js';
import type { LogSettings } from './log-settings.js';
import { readLoggingConfig } from './logging-config.js';
import { isOfEnsemble, readMembership, readNextMembers, warnIfOtherRole } from './membership-config.js';
import { DEFAULT_METRICS_CONFIG, type MetricsConfig, readMetricsConfig } from './metrics-config.js';
import { givenMyid, readMyid } from './myid-file.js';
import { readPauseConfig } from './pause-config.js';
import type { PauseMonitorOptions } from './pause-monitor.js';
import { NO_PEER_SECURITY, type PeerSecurity, readPeerSecurity } from './peer-security-config.js';
import { checkPort } from './port-and-host.js';
import { type QuorumPeerConfig, readQuorumPeerConfig } from './quorum-peer-config.js';
import { type QuotaConfig, readQuotaConfig } from './quota-config.js';
import { readSessionTimeouts, type SessionTimeoutsConfig } from './session-timeouts-config.js';
import { BadValueError, parseStrictInt, Settings } from './settings.js';
import { readSnapshotConfig, type SnapshotConfig } from './snapshot-config.js';
import { ConfigError, InvocationError } from './start-error.js';
import { readStorageConfig, type StorageConfig } from './storage-config.js';
import { checkStrictKeys } from './strict-keys.js';
import { readThreadConfig, type ThreadConfig } from './thread-config.js';
import { readTlsConfig, type TlsConfig } from './tls-config.js';

export interface ServerConfig
  extends ClientListenerConfig,
    SessionTimeoutsConfig,
    StorageConfig,
    ThreadConfig,
    TlsConfig {
  /** Null: configured by the command line alone. */
  readonly configFile: string | null;
  /** Text of the myid file for log lines; empty without one. Standalone, the server id is 0 whatever it says. */
  readonly myid: string;
  readonly serverId: number;

  readonly tickMs: number;

  /** As configured: the files are in version-2 below them. */
  readonly dataDir: string;
  readonly dataLogDir: string;

  /** 0: no request is told of. */
  readonly slowRequestThresholdMs: number;

  /** -1: the runtime's default. */
  readonly clientPortListenBacklog: number;
  /** Connections per client address. 0: no limit. */
  readonly maxClientCnxns: number;
  /** Connections in all. 0: no limit. */
  readonly maxCnxns: number;
  readonly clientTcpKeepAlive: boolean;
  readonly sessionlessCnxnTimeoutMs: number;
  readonly outstandingLimit: number;
  /** jute.maxbuffer. */
  readonly frameBytesMax: number;
  /** What a record in the log may have beyond frameBytesMax. */
  readonly recordExtraBytes: number;

  readonly limits: LimitsConfig;
  readonly quotas: QuotaConfig;
  readonly snapshots: SnapshotConfig;

  readonly closeSessionTxnEnabled: boolean;
  readonly digestEnabled: boolean;
  readonly extendedTypesEnabled: boolean;
  readonly emulate353TtlNodes: boolean;
  readonly containers: ContainerConfig;
  readonly learnerSync: LearnerSyncConfig;
  /** Null: the server is standalone. */
  readonly quorumPeer: QuorumPeerConfig | null;
  readonly peerSecurity: PeerSecurity;
  readonly reconfigEnabled: boolean;
  /** Of a member of an ensemble. */
  readonly localSessions: LocalSessionRules;
  readonly skipAcl: boolean;
  /** Of a member of an ensemble: it refuses before it asks the leader. */
  readonly checksAclEagerly: boolean;
  /** Secret. */
  readonly auth: AuthOptions;
  readonly readOnlyModeEnabled: boolean;
  readonly fourLetterWhitelist: string;
  readonly metrics: MetricsConfig;
  readonly admin: AdminConfig;
  readonly audit: AuditConfig;
  /** Null: nobody looks for pauses of the process. */
  readonly pauses: PauseMonitorOptions | null;

  readonly logging: LogSettings;

  /** Every property by its full name, for the listing of system_properties. May hold secrets: never log the values. */
  readonly properties: Readonly<Record<string, string>>;
}

export interface ConfigInput {
  /** What stands behind the name of the program. */
  readonly argv: readonly string[];
  readonly env: Environment;
  readonly coreCount: number;
  readonly log: Logger;
}

const RECORD_EXTRA_BYTES_MIN = 1024;

/** All the ways of the command line: one word is a configuration file, two to four are port, datadir and so on. */
export function loadServerConfig(input: ConfigInput): ServerConfig {
  const { options, words } = readCommandLine(input.argv, input.env, input.log);
  if (words.length === 1) return fromFile(words[0], options, input);
  if (words.length < 2 || words.length > 4) {
    throw new InvocationError(`Invalid number of arguments:[${words.join(', ')}]`);
  }
  return fromWords(words, options, input);
}

function fromWords(words: readonly string[], options: ReadonlyMap<string, string>, input: ConfigInput): ServerConfig {
  try {
    const settings = new Settings(new Map(), options);
    const clientPort = checkPort(parseStrictInt(words[0]));
    const tickMs = words.length >= 3 ? parseStrictInt(words[2]) : settings.strictInt('tickTime');
    return assemble(settings, input, {
      configFile: null,
      myid: '',
      dataDir: words[1],
      dataLogDir: words[1],
      tickMs,
      clientPort: clientPort === 0 ? null : clientPort,
      clientPortAddress: null,
      // Not the file's default of 60: this form never had a limit of its own.
      maxClientCnxns: words.length === 4 ? parseStrictInt(words[3]) : 0,
      ...readSessionTimeouts(settings, tickMs),
      serverId: 0,
      quorumPeer: null,
      peerSecurity: NO_PEER_SECURITY,
      metrics: DEFAULT_METRICS_CONFIG,
    });
  } catch (error) {
    if (error instanceof BadValueError) throw new InvocationError(error.message, { cause: error });
    throw error;
  }
}

function fromFile(path: string, options: ReadonlyMap<string, string>, input: ConfigInput): ServerConfig {
  const { log } = input;
  log.info(`Reading configuration from: ${path}`);
  try {
    return fromPairs(readPairs(path, log), path, options, input);
  } catch (error) {
    if (error instanceof BadValueError || error instanceof PropertiesSyntaxError || isSystemError(error)) {
      throw new ConfigError(`Error processing ${path}`, { cause: error });
    }
    throw error;
  }
}

/**
 * Of an embedded server: keys and values as they would stand in a file. `myId`: in the place of a file of that name, which may not
 * say otherwise.
 */
export function configFromPairs(
  pairs: ReadonlyMap<string, string>,
  input: ConfigInput,
  myId: number | null = null,
): ServerConfig {
  try {
    return fromPairs(pairs, null, new Map(), input, myId);
  } catch (error) {
    if (error instanceof BadValueError) throw new ConfigError(error.message, { cause: error });
    throw error;
  }
}

function fromPairs(
  pairs: ReadonlyMap<string, string>,
  path: string | null,
  options: ReadonlyMap<string, string>,
  input: ConfigInput,
  givenId: number | null = null,
): ServerConfig {
  const { log } = input;
  const settings = new Settings(pairs, options);
  checkStrictKeys(settings, log);

  const dataDir = settings.strictText('dataDir');
  if (dataDir === null) throw new BadValueError('dataDir is not set');
  warnIfRelative(dataDir, log);
  const dataLogDir = settings.strictText('dataLogDir') ?? dataDir;
  if (dataLogDir !== dataDir) warnIfRelative(dataLogDir, log);

  const listener = readClientListener(settings, log);
  const tickMs = settings.strictInt('tickTime');
  if (tickMs === 0) throw new BadValueError('tickTime is not set');
  if (tickMs < 0) throw new BadValueError(`tickTime must be positive, not ${tickMs}`);
  const timeouts = readSessionTimeouts(settings, tickMs);
  const metrics = readMetricsConfig(settings, log);

  const myid = givenId === null ? readMyid(dataDir) : givenMyid(givenId, dataDir);
  const membership = readMembership(pairs, settings, log);
  const own = myid === null ? undefined : membership.members.servers.find((server) => server.sid === myid.sid);
  const address = mergeClientAddress(listener, own);
  const isEnsemble = isOfEnsemble(settings, membership, myid !== null, log);
  if (isEnsemble && own !== undefined) warnIfOtherRole(settings, own, log);
  const nextMembers = isEnsemble ? readNextMembers(path, settings) : null;
  if (address.clientPort === null) log.info('clientPort is not set');

  return assemble(settings, input, {
    configFile: path,
    myid: myid?.text ?? '',
    dataDir,
    dataLogDir,
    tickMs,
    ...address,
    maxClientCnxns: settings.strictInt('maxClientCnxns'),
    ...timeouts,
    serverId: isEnsemble && myid !== null ? myid.sid : 0,
    quorumPeer:
      isEnsemble && myid !== null
        ? readQuorumPeerConfig(settings, myid.sid, tickMs, membership, pairs, nextMembers)
        : null,
    metrics,
    peerSecurity: isEnsemble ? readPeerSecurity(settings, log) : NO_PEER_SECURITY,
  });
}

/** What the file and the command line say in words of their own; the rest is the same for both. */
type Essentials = ClientListenerConfig &
  SessionTimeoutsConfig &
  Pick<
    ServerConfig,
    | 'configFile'
    | 'myid'
    | 'dataDir'
    | 'dataLogDir'
    | 'tickMs'
    | 'maxClientCnxns'
    | 'serverId'
    | 'quorumPeer'
    | 'peerSecurity'
    | 'metrics'
  >;

function assemble(settings: Settings, input: ConfigInput, essentials: Essentials): ServerConfig {
  const { log } = input;
  const frameBytesMax = settings.lenientInt('jute.maxbuffer');
  const threads = readThreadConfig(settings, input.coreCount);
  const config: ServerConfig = {
    ...essentials,
    ...readTlsConfig(settings, threads.connectionShards, log),
    ...readStorageConfig(settings, log),
    clientPortListenBacklog: settings.strictInt('clientPortListenBacklog'),

    slowRequestThresholdMs: Math.max(settings.lenientInt('threadkeeper.slowRequestThresholdMs'), 0),

    maxCnxns: Math.max(0, settings.lenientInt('maxCnxns')),
    clientTcpKeepAlive: settings.lenientBool('clientTcpKeepAlive'),
    sessionlessCnxnTimeoutMs: settings.lenientInt('nio.sessionlessCnxnTimeout'),
    outstandingLimit: settings.lenientInt('globalOutstandingLimit'),
    frameBytesMax,
    recordExtraBytes: Math.max(RECORD_EXTRA_BYTES_MIN, settings.lenientInt('jute.maxbuffer.extrasize', frameBytesMax)),

    limits: readLimits(settings),
    quotas: readQuotaConfig(settings),
    snapshots: readSnapshotConfig(settings, log),

    closeSessionTxnEnabled: settings.lenientBool('closeSessionTxn.enabled'),
    digestEnabled: settings.lenientBool('digest.enabled'),
    extendedTypesEnabled: settings.lenientBool('extendedTypesEnabled'),
    emulate353TtlNodes: settings.lenientBool('emulate353TTLNodes'),
    containers: readContainerConfig(settings),
    learnerSync: readLearnerSyncConfig(settings),
    reconfigEnabled: settings.strictBool('reconfigEnabled'),
    localSessions: {
      isEnabled: settings.strictBool('localSessionsEnabled'),
      mayUpgrade: settings.strictBool('localSessionsUpgradingEnabled'),
    },
    skipAcl: settings.switched('skipACL'),
    checksAclEagerly: settings.lenientBool('enableEagerACLCheck'),
    auth: readAuthOptions(settings, log),
    readOnlyModeEnabled: settings.lenientBool('readonlymode.enabled'),
    fourLetterWhitelist: settings.text('4lw.commands.whitelist'),
    admin: readAdminConfig(settings),
    audit: readAuditConfig(settings),
    pauses: readPauseConfig(settings),

    ...threads,
    logging: readLoggingConfig(settings, input.env, essentials.configFile, essentials.myid),

    properties: Object.freeze(Object.fromEntries(settings.properties)),
  };
  return Object.freeze(config);
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).syscall === 'string';
}
