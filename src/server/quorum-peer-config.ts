/**
 * What a member of an ensemble is configured with beyond what every server is (ensemble-protocol 2.4): who the members are, and
 * how long they have patience with each other. Read once, on the main thread; plain data, cloned to the thread of the quorum
 * peer. Nothing about TLS and SASL between servers stands here: that is peer-security-config.ts's.
 *
 * Members travel as text, as in `/zookeeper/config`: whoever counts quorums reads them for himself.
 */
import { configKey } from './config-keys.js';
import { type QuorumConfig, quorumVerifierOfConfig } from './quorum-config.js';
import type { Settings } from './settings.js';

const COUNTER_LAST = 0xffffffff;

export interface QuorumPeerConfig {
  readonly myId: number;
  /** The committed members, in the canonical text (2.2). */
  readonly membersText: string;
  /** What `<zoo.cfg>.dynamic.next` held: proposed when this server ended, and perhaps not committed. */
  readonly lastSeenText: string | null;
  /** zoo.cfg as it was read, for rewriting it; may hold secrets. */
  readonly staticPairs: Readonly<Record<string, string>>;
  /** Members stand in a file of their own already. */
  readonly hasDynamicFile: boolean;

  readonly initLimitTicks: number;
  readonly syncLimitTicks: number;
  /** 0: initLimit. */
  readonly connectLimitTicks: number;
  readonly connectRetryMs: number;
  /** A leader's patience with voters that do not come; negative: initLimit. */
  readonly epochWaitMsMax: number;

  readonly electionConnectTimeoutMs: number;
  readonly electionHandshakeTimeoutMs: number;
  readonly notificationMinMs: number;
  readonly notificationMaxMs: number;
  /** How often an election port that is taken is tried; 0: for ever. */
  readonly electionBindTries: number;
  readonly tcpKeepAlive: boolean;
  /** TCP_NODELAY towards learners. */
  readonly leaderNoDelay: boolean;
  /** And towards the leader. */
  readonly followerNoDelay: boolean;

  /** Then a reconfiguration leaves two voters at least. */
  readonly isStandaloneEnabled: boolean;
  readonly listenOnAllIps: boolean;
  readonly multiAddress: boolean;
  /** An observer that lost its leader rests for up to so long. */
  readonly observerRestMsMax: number;
  readonly leaderServes: boolean;
  /** Where followers serve observers; 0: nowhere. */
  readonly observerMasterPort: number;
  /** The counter of zxids at which a leader gives up its epoch; lower than it need be in tests. */
  readonly counterLast: number;
  /** How long an observer rests, at most, when it has tried all of them. */
  readonly observerReconnectMsMax: number;
  /** syncEnabled: while it observes, it keeps a log. */
  readonly observerLogs: boolean;
}

export interface ConfiguredMembers {
  readonly members: QuorumConfig;
  readonly versionHi: number;
  readonly versionLo: number;
  readonly hasDynamicFile: boolean;
}

export function readQuorumPeerConfig(
  settings: Settings,
  myId: number,
  tickMs: number,
  membership: ConfiguredMembers,
  staticPairs: ReadonlyMap<string, string>,
  lastSeenText: string | null,
): QuorumPeerConfig {
  const syncLimitTicks = settings.strictInt('syncLimit');
  const handshakeMs = settings.lenientInt('quorumCnxnTimeoutMs');
  return {
    myId,
    membersText: quorumVerifierOfConfig(membership.members, membership.versionHi, membership.versionLo).toText(),
    lastSeenText,
    staticPairs: Object.fromEntries(staticPairs),
    hasDynamicFile: membership.hasDynamicFile,
    initLimitTicks: settings.strictInt('initLimit'),
    syncLimitTicks,
    connectLimitTicks: Math.max(0, settings.strictInt('connectToLearnerMasterLimit')),
    connectRetryMs: Math.max(0, settings.lenientInt('leaderConnectDelayDuringRetryMs')),
    epochWaitMsMax: settings.lenientInt('leader.maxTimeToWaitForEpoch'),
    electionConnectTimeoutMs: settings.lenientInt('cnxTimeout'),
    electionHandshakeTimeoutMs: handshakeMs > 0 ? handshakeMs : tickMs * syncLimitTicks,
    notificationMinMs: Math.max(1, settings.lenientInt('fastleader.minNotificationInterval')),
    notificationMaxMs: Math.max(1, settings.lenientInt('fastleader.maxNotificationInterval')),
    electionBindTries: bindTries(settings.lenientInt('electionPortBindRetry')),
    tcpKeepAlive: settings.lenientBool('tcpKeepAlive'),
    leaderNoDelay: settings.text('leader.nodelay') === 'true',
    followerNoDelay: settings.text('follower.nodelay') === 'true',
    isStandaloneEnabled: settings.strictBool('standaloneEnabled'),
    listenOnAllIps: settings.strictBool('quorumListenOnAllIPs'),
    multiAddress: isMultiAddress(settings),
    observerRestMsMax: Math.max(0, settings.lenientLong('observer.election.DelayMs')),
    leaderServes: !settings.switched('leaderServes'),
    observerMasterPort: Math.max(0, settings.strictInt('observerMasterPort')),
    observerReconnectMsMax: Math.max(0, settings.lenientLong('observer.reconnectDelayMs')),
    observerLogs: observerLogs(settings),
    counterLast: COUNTER_LAST - (Math.max(0, settings.lenientLong('testingonly.initialZxid', 0)) % COUNTER_LAST),
  };
}

/** The property wins, and is true if it says so and nothing else. */
function observerLogs(settings: Settings): boolean {
  const own = settings.text('observer.syncEnabled');
  return own === '' ? settings.strictBool('syncEnabled') : own.toLowerCase() === 'true';
}

/** 0 is for ever; less than that is no number of tries, and the default. */
function bindTries(configured: number): number {
  return configured >= 0 ? configured : Number(configKey('electionPortBindRetry').default);
}

/** The key of the file, or the property, which is all that the reference looks at. */
export function isMultiAddress(settings: Settings): boolean {
  return (
    settings.strictBool('multiAddress.enabled') ||
    settings.properties.get('zookeeper.multiAddress.enabled')?.toLowerCase() === 'true'
  );
}
