// The server's configuration: from the command line, the configuration file and -D options to one typed, frozen,
// structured-cloneable object that is handed down to whoever needs a part of it. Made once by the main thread before
// anything else exists; workers get a clone. Nobody reads a property or an environment variable after this.
//
//   zoo.cfg  >  -D on the command line  >  -D in JVMFLAGS  >  -D in SERVER_JVMFLAGS  >  default in config-keys.ts
//
// Mistakes throw a StartError with ZooKeeper's sentence; a configuration is never half applied. Where we differ from
// the reference: each line is logged once, not twice; and keys the reference takes as -D only may stand in the file.

import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import type { Logger } from '../actor/logger.js';
import { PropertiesSyntaxError, parsePropertiesFile, trimProperties } from '../base/java-properties.js';
import { decodeUtf8 } from '../base/utf8.js';
import { isMembershipKey } from '../election/quorum-config-text.js';
import type { QuorumMember } from '../election/quorum-verifier.js';
import type { AuthOptions } from '../net/auth/auth-options.js';
import { DynamicConfigFiles, versionOfDynamicPath } from '../persistence/dynamic-config-files.js';
import { NodeFileStore } from '../persistence/node-file-store.js';
import type { LocalSessionRules } from '../session/local-session-rules.js';
import { type AdminConfig, readAdminConfig } from './admin-config.js';
import { type AuditConfig, readAuditConfig } from './audit-config.js';
import { readAuthOptions } from './auth-config.js';
import { type ContainerConfig, readContainerConfig } from './container-config.js';
import { parseJvmFlags, splitShellWords } from './jvm-flags.js';
import { type LearnerSyncConfig, readLearnerSyncConfig } from './learner-sync-config.js';
import { type LimitsConfig, readLimits } from './limits-config.js';
import { LOG_FORMATS, LOG_LEVELS, type LogSettings, readLogSettings } from './log-settings.js';
import { createLogMemory } from './log-switch.js';
import { DEFAULT_METRICS_CONFIG, type MetricsConfig, readMetricsConfig } from './metrics-config.js';
import type { PauseMonitorOptions } from './pause-monitor.js';
import { NO_PEER_SECURITY, type PeerSecurity, readPeerSecurity } from './peer-security-config.js';
import { checkPort, normalHost } from './port-and-host.js';
import { checkDynamicKeys, checkPeerType, parseQuorumConfig } from './quorum-config.js';
import {
  type ConfiguredMembers,
  isMultiAddress,
  type QuorumPeerConfig,
  readQuorumPeerConfig,
} from './quorum-peer-config.js';
import { type QuotaConfig, readQuotaConfig } from './quota-config.js';
import { BadValueError, parseStrictInt, parseStrictLong, Settings } from './settings.js';
import { readSnapshotConfig, type SnapshotConfig } from './snapshot-config.js';
import { ConfigError, InvocationError } from './start-error.js';
import { readThreadConfig, type ThreadConfig } from './thread-config.js';
import { readTlsConfig, type TlsConfig } from './tls-config.js';

export interface ServerConfig extends TlsConfig, ThreadConfig {
  /** Null: configured by the command line alone. */
  readonly configFile: string | null;
  /** Text of the myid file for log lines; empty without one. Standalone, the server id is 0 whatever it says. */
  readonly myid: string;
  readonly serverId: number;

  readonly tickMs: number;
  readonly minSessionTimeoutMs: number;
  readonly maxSessionTimeoutMs: number;

  /** As configured: the files are in version-2 below them. */
  readonly dataDir: string;
  readonly dataLogDir: string;
  readonly datadirAutocreate: boolean;
  readonly dbAutocreate: boolean;
  readonly snapshotTrustEmpty: boolean;
  readonly snapRetainCount: number;
  /** 0: never. */
  readonly purgeIntervalHours: number;

  readonly snapCount: number;
  /** 0: no limit. */
  readonly snapLogBytesMax: number;
  /** 0: no limit. */
  readonly txnLogBytesMax: number;
  /** 0: the log grows as needed. */
  readonly preAllocBytes: number;
  readonly forceSync: boolean;
  readonly fsyncWarningThresholdMs: number;
  /** 0: no request is told of. */
  readonly slowRequestThresholdMs: number;
  readonly flushDelayMs: number;
  readonly writeQueuePollMsMax: number;
  readonly batchCountMax: number;

  /** Null: no listener for clients. */
  readonly clientPort: number | null;
  /** Null: all addresses, IPv4 and IPv6. Never has brackets. */
  readonly clientPortAddress: string | null;
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
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly coreCount: number;
  readonly log: Logger;
}

const THRESHOLDS = [...LOG_LEVELS, 'ALL', 'FATAL'] as const;
const SNAP_RETAIN_COUNT_MIN = 3;
const SNAP_COUNT_MIN = 2;
const RECORD_EXTRA_BYTES_MIN = 1024;

/** All the ways of the command line: one word is a configuration file, two to four are port, datadir and so on. */
export function loadServerConfig(input: ConfigInput): ServerConfig {
  const { properties, words } = readCommandLine(input);
  if (words.length === 1) return fromFile(words[0], properties, input);
  if (words.length < 2 || words.length > 4) {
    throw new InvocationError(`Invalid number of arguments:[${words.join(', ')}]`);
  }
  return fromWords(words, properties, input);
}

/** The -D options that count, for whoever needs one before there is a configuration: the log. */
export function readOptions(argv: readonly string[], env: ConfigInput['env']): ReadonlyMap<string, string> {
  const flags = parseJvmFlags([...flagWords(env), ...argv]);
  return flags.properties;
}

/** Null: the command line names none. */
export function configFileOf(argv: readonly string[]): string | null {
  const words = parseJvmFlags(argv).rest;
  return words.length === 1 ? words[0] : null;
}

function readCommandLine(input: ConfigInput): { properties: ReadonlyMap<string, string>; words: readonly string[] } {
  const fromEnvironment = parseJvmFlags(flagWords(input.env));
  const fromArgv = parseJvmFlags(input.argv);
  const ignored = [...fromEnvironment.ignored, ...fromEnvironment.rest, ...fromArgv.ignored];
  if (ignored.length > 0) input.log.debug(`Options without a meaning for this server: ${ignored.join(' ')}`);
  return {
    properties: new Map([...fromEnvironment.properties, ...fromArgv.properties]),
    words: fromArgv.rest,
  };
}

function flagWords(env: ConfigInput['env']): string[] {
  return splitShellWords(`${env.SERVER_JVMFLAGS ?? ''} ${env.JVMFLAGS ?? ''}`);
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
      ...sessionTimeouts(settings, tickMs),
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
  checkKeysWithoutEffect(settings, log);

  const dataDir = settings.strictText('dataDir');
  if (dataDir === null) throw new BadValueError('dataDir is not set');
  warnIfRelative(dataDir, log);
  const dataLogDir = settings.strictText('dataLogDir') ?? dataDir;
  if (dataLogDir !== dataDir) warnIfRelative(dataLogDir, log);

  const listener = readClientListener(settings, log);
  const tickMs = settings.strictInt('tickTime');
  if (tickMs === 0) throw new BadValueError('tickTime is not set');
  if (tickMs < 0) throw new BadValueError(`tickTime must be positive, not ${tickMs}`);
  const timeouts = sessionTimeouts(settings, tickMs);
  const metrics = readMetricsConfig(settings, log);

  const myid = givenId === null ? readMyid(dataDir) : givenMyid(givenId, dataDir);
  const membership = readMembership(pairs, settings, log);
  const own = myid === null ? undefined : membership.members.servers.find((server) => server.sid === myid.sid);
  const address = mergeClientAddress(listener, own);
  const isEnsemble = checkRole(settings, membership, myid !== null, log);
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
type Essentials = Pick<
  ServerConfig,
  | 'configFile'
  | 'myid'
  | 'dataDir'
  | 'dataLogDir'
  | 'tickMs'
  | 'clientPort'
  | 'clientPortAddress'
  | 'maxClientCnxns'
  | 'minSessionTimeoutMs'
  | 'maxSessionTimeoutMs'
  | 'serverId'
  | 'quorumPeer'
  | 'peerSecurity'
  | 'metrics'
>;

function assemble(settings: Settings, input: ConfigInput, essentials: Essentials): ServerConfig {
  const { log } = input;
  const frameBytesMax = settings.lenientInt('jute.maxbuffer');
  const flushDelayMs = settings.lenientLong('flushDelay');
  const threads = readThreadConfig(settings, input.coreCount);
  const config: ServerConfig = {
    ...essentials,
    ...readTlsConfig(settings, threads.connectionShards, log),
    clientPortListenBacklog: settings.strictInt('clientPortListenBacklog'),

    datadirAutocreate: settings.lenientBool('datadir.autocreate'),
    dbAutocreate: settings.lenientBool('db.autocreate'),
    snapshotTrustEmpty: settings.lenientBool('snapshot.trust.empty'),
    snapRetainCount: readSnapRetainCount(settings, log),
    purgeIntervalHours: Math.max(0, settings.strictInt('autopurge.purgeInterval')),

    snapCount: readSnapCount(settings, log),
    snapLogBytesMax: bytesOrNoLimit(settings.lenientLong('snapSizeLimitInKb')),
    txnLogBytesMax: bytesOrNoLimit(settings.lenientLong('txnLogSizeLimitInKb')),
    preAllocBytes: bytesOrNoLimit(settings.lenientLong('preAllocSize')),
    forceSync: !settings.switched('forceSync'),
    slowRequestThresholdMs: Math.max(settings.lenientInt('threadkeeper.slowRequestThresholdMs'), 0),
    fsyncWarningThresholdMs: settings.lenientLong('fsync.warningthresholdms'),
    flushDelayMs,
    writeQueuePollMsMax: settings.lenientLong('maxWriteQueuePollTime', Math.trunc(flushDelayMs / 3)),
    batchCountMax: settings.lenientInt('maxBatchSize'),

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
    pauses: readPauses(settings),

    ...threads,
    logging: readLogging(settings, input.env, essentials.configFile, essentials.myid),

    properties: Object.freeze(Object.fromEntries(settings.properties)),
  };
  return Object.freeze(config);
}

/** `missing`: what is said behind the name of a file that is not there. */
function readPairs(path: string, log: Logger, missing = ' file is missing'): ReadonlyMap<string, string> {
  warnIfRelative(path, log);
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') throw new BadValueError(`${path}${missing}`);
    if (code === 'EISDIR') throw new BadValueError(`${path} (Is a directory)`);
    if (code === 'EACCES') throw new BadValueError(`${path} (Permission denied)`);
    throw error;
  }
  return trimProperties(parsePropertiesFile(bytes));
}

function warnIfRelative(path: string, log: Logger): void {
  if (isAbsolute(path) || path.startsWith('./')) return;
  log.warn(`${path} is relative. Prepend ./ to indicate that you're sure!`);
}

/** Keys that do nothing yet must still be right: a file that is refused today must not be one that worked yesterday. */
function checkKeysWithoutEffect(settings: Settings, log: Logger): void {
  for (const name of [
    'jvm.pause.monitor',
    'quorumListenOnAllIPs',
    'syncEnabled',
    'sslQuorum',
    'portUnification',
    'sslQuorumReloadCertFiles',
    'multiAddress.reachabilityCheckEnabled',
  ] as const) {
    settings.strictBool(name);
  }
  for (const name of [
    'jvm.pause.warn-threshold.ms',
    'jvm.pause.info-threshold.ms',
    'jvm.pause.sleep.time.ms',
    'connectToLearnerMasterLimit',
    'multiAddress.reachabilityCheckTimeoutMs',
    'quorum.cnxn.threads.size',
  ] as const) {
    settings.strictInt(name);
  }
  if (settings.strictInt('electionAlg') !== 3) throw new ConfigError('Invalid electionAlg value. Only 3 is supported.');
  const peerType = settings.strictText('peerType');
  if (peerType !== null) checkPeerType(peerType);
  checkSaslOrder(settings);
  const observerMasterPort = settings.strictInt('observerMasterPort');
  log.info(observerMasterPort > 0 ? `observerMasterPort is ${observerMasterPort}` : 'observerMasterPort is not set');
}

/** Each of these needs the one before it. */
function checkSaslOrder(settings: Settings): void {
  const enabled = settings.strictBool('quorum.auth.enableSasl');
  const learner = settings.strictBool('quorum.auth.learnerRequireSasl');
  const server = settings.strictBool('quorum.auth.serverRequireSasl');
  const refuse = (missing: string, wanted: string) => {
    throw new BadValueError(`quorum.auth.${missing} is disabled, so cannot enable quorum.auth.${wanted}`);
  };
  if (!enabled && server) refuse('enableSasl', 'serverRequireSasl');
  if (!enabled && learner) refuse('enableSasl', 'learnerRequireSasl');
  if (!learner && server) refuse('learnerRequireSasl', 'serverRequireSasl');
}

type Listener = Pick<ServerConfig, 'clientPort' | 'clientPortAddress'>;

function readClientListener(settings: Settings, log: Logger): Listener {
  const port = checkPort(settings.strictInt('clientPort'));
  const address = settings.strictText('clientPortAddress');
  if (port === 0 && address !== null) throw new BadValueError('clientPortAddress is set but clientPort is not set');
  if (port === 0) return { clientPort: null, clientPortAddress: null };
  const host = normalHost(address);
  log.info(`clientPortAddress is ${host ?? '0.0.0.0'}:${port}`);
  return { clientPort: port, clientPortAddress: host };
}

/** An ensemble member's line may carry the client address; the official image relies on it, standalone too. */
function mergeClientAddress(listener: Listener, own: QuorumMember | undefined): Listener {
  const client = own?.client ?? null;
  if (own === undefined || client === null) return listener;
  const host = normalHost(client.host);
  const { clientPort: port, clientPortAddress: address } = listener;
  if (port !== null && (port !== client.port || (address !== null && address !== host))) {
    throw new ConfigError(
      `client address for this server (id = ${own.sid}) in static config file is ${address ?? '0.0.0.0'}:${port} is ` +
        `different from client address found in dynamic file: ${client.host}:${client.port}`,
    );
  }
  return { clientPort: client.port === 0 ? null : client.port, clientPortAddress: host };
}

function sessionTimeouts(
  settings: Settings,
  tickMs: number,
): Pick<ServerConfig, 'minSessionTimeoutMs' | 'maxSessionTimeoutMs'> {
  const min = settings.strictInt('minSessionTimeout');
  const max = settings.strictInt('maxSessionTimeout');
  const minSessionTimeoutMs = min === -1 ? 2 * tickMs : min;
  const maxSessionTimeoutMs = max === -1 ? 20 * tickMs : max;
  if (minSessionTimeoutMs > maxSessionTimeoutMs) {
    throw new BadValueError('minSessionTimeout must not be larger than maxSessionTimeout');
  }
  return { minSessionTimeoutMs, maxSessionTimeoutMs };
}

function readMyid(dataDir: string): { text: string; sid: number } | null {
  const path = join(dataDir, 'myid');
  if (!existsSync(path) || !statSync(path).isFile()) return null;
  const content = readFileSync(path, 'latin1');
  // An empty file has no first line, which the reference calls "null".
  const text = content === '' ? 'null' : content.split(/\r\n|\r|\n/, 1)[0];
  try {
    return { text, sid: parseStrictLong(text) };
  } catch {
    throw new BadValueError(`serverid ${text} is not a number`);
  }
}

/** A directory that says it is another member's is not touched. */
function givenMyid(sid: number, dataDir: string): { text: string; sid: number } {
  const onDisk = readMyid(dataDir);
  if (onDisk === null || onDisk.sid === sid) return { text: String(sid), sid };
  throw new ConfigError(`${join(dataDir, 'myid')} says ${onDisk.text}: the directory is not that of member ${sid}`);
}

function readMembership(pairs: ReadonlyMap<string, string>, settings: Settings, log: Logger): ConfiguredMembers {
  const multiAddress = isMultiAddress(settings);
  const dynamicFile = settings.strictText('dynamicConfigFile');
  if (dynamicFile === null) {
    const members = parseQuorumConfig(pairs, multiAddress);
    return { members, versionHi: 0, versionLo: 0, hasDynamicFile: false };
  }
  for (const key of pairs.keys()) {
    if (isMembershipKey(key)) throw new ConfigError(`parameter: ${key} must be in a separate dynamic config file`);
  }
  try {
    const dynamicPairs = readPairs(dynamicFile, log, ' (No such file or directory)');
    checkDynamicKeys(dynamicPairs);
    const { hi: versionHi, lo: versionLo } = versionOfDynamicPath(dynamicFile);
    const members = parseQuorumConfig(dynamicPairs, multiAddress);
    return { members, versionHi, versionLo, hasDynamicFile: true };
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError(`Error processing ${dynamicFile}`, { cause: error });
  }
}

/** Proposed members, beside a configuration file that was committed before them. */
function readNextMembers(path: string | null, settings: Settings): string | null {
  if (path === null) {
    if (!settings.strictBool('reconfigEnabled')) return null;
    throw new ConfigError('reconfigEnabled needs a configuration file, which reconfigurations change');
  }
  const bytes = new DynamicConfigFiles(new NodeFileStore(), resolve(path)).readNext();
  return bytes === null ? null : decodeUtf8(bytes, 0, bytes.length);
}

/** Standalone or ensemble (ensemble-protocol 1.2). True: a member of an ensemble. */
function checkRole(settings: Settings, { members }: ConfiguredMembers, hasMyid: boolean, log: Logger): boolean {
  const participants = members.servers.filter((server) => server.type === 'participant');
  const observerCount = members.servers.length - participants.length;
  const standaloneEnabled = settings.strictBool('standaloneEnabled');
  const initLimit = settings.strictInt('initLimit');
  const syncLimit = settings.strictInt('syncLimit');
  if (participants.length === 0) {
    if (!standaloneEnabled) {
      throw new BadValueError('standaloneEnabled = false then number of participants should be >0');
    }
    if (observerCount > 0) throw new BadValueError('Observers w/o participants is an invalid configuration');
  } else if (participants.length === 1 && standaloneEnabled) {
    log.error('Invalid configuration, only one server specified (ignoring)');
    if (observerCount > 0) throw new BadValueError('Observers w/o quorum is an invalid configuration');
  } else {
    if (participants.length <= 2) log.warn('No server failure will be tolerated. You need at least 3 servers.');
    else if (participants.length % 2 === 0) {
      log.warn('Non-optimal configuration, consider an odd number of servers.');
    }
    if (initLimit === 0) throw new BadValueError('initLimit is not set');
    if (syncLimit === 0) throw new BadValueError('syncLimit is not set');
    if (!hasMyid) throw new BadValueError('myid file is missing');
    if (settings.strictText('oraclePath') !== null) {
      throw new ConfigError(
        'oraclePath is set, but this server knows no oracle: two members are a quorum together only',
      );
    }
    return true;
  }
  log.warn('Either no config or no quorum defined in config, running in standalone mode');
  return false;
}

/** Who votes is said by the list of members, whatever peerType says, or does not say. */
function warnIfOtherRole(settings: Settings, own: QuorumMember, log: Logger): void {
  const peerType = settings.strictText('peerType')?.toUpperCase() ?? '';
  const role = own.type.toUpperCase();
  if (peerType === role) return;
  log.warn(`Peer type from servers list (${role}) doesn't match peerType (${peerType}). Defaulting to servers list.`);
}

function readSnapRetainCount(settings: Settings, log: Logger): number {
  const count = settings.strictInt('autopurge.snapRetainCount');
  if (count >= SNAP_RETAIN_COUNT_MIN) return count;
  log.warn(`Invalid autopurge.snapRetainCount: ${count}. Defaulting to ${SNAP_RETAIN_COUNT_MIN}`);
  return SNAP_RETAIN_COUNT_MIN;
}

function readSnapCount(settings: Settings, log: Logger): number {
  const count = settings.lenientInt('snapCount');
  if (count >= SNAP_COUNT_MIN) return count;
  log.warn(`SnapCount should be 2 or more. Now, snapCount is reset to ${SNAP_COUNT_MIN}`);
  return SNAP_COUNT_MIN;
}

function readPauses(settings: Settings): PauseMonitorOptions | null {
  if (!settings.strictBool('jvm.pause.monitor')) return null;
  return {
    sleepMs: Math.max(1, settings.strictInt('jvm.pause.sleep.time.ms')),
    infoMs: settings.strictInt('jvm.pause.info-threshold.ms'),
    warnMs: settings.strictInt('jvm.pause.warn-threshold.ms'),
  };
}

function bytesOrNoLimit(kib: number): number {
  return kib <= 0 ? 0 : Math.min(Number.MAX_SAFE_INTEGER, kib * 1024);
}

/** As the log is once everything is known; before, it was set up by what is known without the file. */
function readLogging(
  settings: Settings,
  env: ConfigInput['env'],
  configFile: string | null,
  myid: string,
): LogSettings {
  // A word that is wrong here refuses to start; readLogSettings leaves it out.
  settings.choice('threadkeeper.log.format', LOG_FORMATS);
  settings.choice('console.threshold', THRESHOLDS);
  settings.choice('log.threshold', THRESHOLDS);
  const { properties } = settings;
  const memory = createLogMemory();
  return { ...readLogSettings({ properties, env, configDir: configDirOf(configFile, env) }), myid, memory };
}

/** Where a logging configuration may lie beside zoo.cfg. */
export function configDirOf(configFile: string | null, env: ConfigInput['env']): string | null {
  return env.ZOOCFGDIR || (configFile === null ? null : dirname(configFile));
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).syscall === 'string';
}
