/**
 * Every configuration key and system property of Apache ZooKeeper 3.9 with its default, written down from its documentation
 * and behaviour line by line, apart from our table: name=default, `<name` for -D-only names without the prefix. Empty: unset.
 * Where ours differ on purpose, DEVIATIONS says how and why.
 */
const GENERAL = `
dataDir= dataLogDir= tickTime=3000 clientPort= clientPortAddress= secureClientPort= secureClientPortAddress=
clientPortListenBacklog=-1 maxClientCnxns=60 minSessionTimeout=-1 maxSessionTimeout=-1 autopurge.snapRetainCount=3
autopurge.purgeInterval=0 localSessionsEnabled=false localSessionsUpgradingEnabled=false
metricsProvider.className=org.apache.zookeeper.metrics.impl.DefaultMetricsProvider metricsProvider.*=
metricsProvider.httpHost=0.0.0.0 metricsProvider.httpPort=7000 metricsProvider.exportJvmInfo=true
metricsProvider.numWorkerThreads=1 metricsProvider.maxQueueSize=1000000 metricsProvider.workerShutdownTimeoutMs=1000
jvm.pause.monitor=false jvm.pause.warn-threshold.ms=10000 jvm.pause.info-threshold.ms=1000 jvm.pause.sleep.time.ms=500
`;
const ENSEMBLE = `
server.N= group.N= weight.N=1 initLimit= syncLimit= connectToLearnerMasterLimit=0 electionAlg=3 peerType=participant
quorumListenOnAllIPs=false observerMasterPort=0 syncEnabled=true standaloneEnabled=true reconfigEnabled=false
dynamicConfigFile= sslQuorum=false portUnification=false sslQuorumReloadCertFiles=false multiAddress.enabled=false
multiAddress.reachabilityCheckTimeoutMs=1000 multiAddress.reachabilityCheckEnabled=true quorum.auth.enableSasl=false
quorum.auth.learnerRequireSasl=false quorum.auth.serverRequireSasl=false
quorum.auth.learner.saslLoginContext=QuorumLearner quorum.auth.server.saslLoginContext=QuorumServer
quorum.auth.kerberos.servicePrincipal=zkquorum/localhost quorum.cnxn.threads.size=20 oraclePath=
`;
const PERSISTENCE = `
snapCount=100000 snapSizeLimitInKb=4194304 txnLogSizeLimitInKb=-1 preAllocSize=65536 forceSync=yes
fsync.warningthresholdms=1000 flushDelay=0 maxWriteQueuePollTime= maxBatchSize=1000 commitLogCount=500
snapshotSizeFactor=0.33 snapshot.compression.method= snapshot.trust.empty=false serializeLastProcessedZxid.enabled=true
datadir.autocreate=true db.autocreate=true digest.enabled=true
`;
const CONNECTIONS = `
serverCnxnFactory= maxCnxns=0 clientTcpKeepAlive=false nio.numSelectorThreads= nio.numWorkerThreads=
nio.sessionlessCnxnTimeout=10000 nio.directBufferBytes=65536 nio.shutdownTimeout=5000
netty.advancedFlowControl.enabled=false netty.server.outstandingHandshake.limit=-1
netty.server.earlyDropSecureConnectionHandshakes=false client.portUnification=false client.certReload=false
globalOutstandingLimit=1000 request_throttle_max_requests=0 request_throttle_stall_time=100
request_throttle_drop_stale=true request_stale_connection_check=true request_stale_latency_check=false
request_throttler.shutdownTimeout=10000 throttled_op_wait_time=0 largeRequestMaxBytes=104857600 largeRequestThreshold=-1
connection_throttle_tokens=0 connection_throttle_fill_time=1 connection_throttle_fill_count=1
connection_throttle_freeze_time=-1 connection_throttle_drop_increase=0.02 connection_throttle_drop_decrease=0.002
connection_throttle_decrease_ratio=0 connection_throttle_weight_enabled=false
connection_throttle_global_session_weight=3 connection_throttle_local_session_weight=1
connection_throttle_renew_session_weight=2 maxResponseCacheSize=400 maxGetChildrenResponseCacheSize=400
intBufferStartingSizeBytes=1024 <jute.maxbuffer=1048575 jute.maxbuffer.extrasize=
`;
const PROCESSING = `
enableEagerACLCheck=false skipACL=no enforceQuota=false closeSessionTxn.enabled=true extendedTypesEnabled=false
emulate353TTLNodes=false <znode.container.checkIntervalMs=60000 <znode.container.maxPerMinute=10000
<znode.container.maxNeverUsedIntervalMs=0 watchManagerName=org.apache.zookeeper.server.watch.WatchManager
watcherCleanThreshold=1000 watcherCleanIntervalInSeconds=600 watcherCleanThreadsNum=2 maxInProcessingDeadWatchers=-1
bitHashCacheSize=10 commitProcessor.numWorkerThreads= commitProcessor.shutdownTimeout=5000
commitProcessor.maxReadBatchSize=-1 commitProcessor.maxCommitBatchSize=1
forward_learner_requests_to_commit_processor_disabled=false follower.skipLearnerRequestToNextProcessor=false
`;
const ELECTION = `
cnxTimeout=5000 quorumCnxnTimeoutMs=-1 electionPortBindRetry=3 tcpKeepAlive=false
fastleader.minNotificationInterval=200 fastleader.maxNotificationInterval=60000 leaderServes=yes
leader.maxTimeToWaitForEpoch=-1 leader.maxConcurrentSnapSyncs=10 leader.maxConcurrentDiffSyncs=100
leader.ackLoggingFrequency=1000 <leader.closeSocketAsync=false <learner.closeSocketAsync=false <learner.asyncSending=false
<leader.nodelay=true <follower.nodelay=true leaderConnectDelayDuringRetryMs=100 observer.reconnectDelayMs=0
observer.election.DelayMs=200 observer.syncEnabled= observerMaster.sizeLimit=33554432 <readonlymode.enabled=false
forceSnapshotSync=false testingonly.initialZxid= test.allowDiscontinuousProposals=false
`;
const AUTHENTICATION = `
authProvider.*= DigestAuthenticationProvider.enabled=true DigestAuthenticationProvider.superDigest=
DigestAuthenticationProvider.digestAlg=SHA1 IPAuthenticationProvider.usexforwardedfor=false
X509AuthenticationProvider.superUser= superUser= superUser.*= SASLAuthenticationProvider.superPassword= ensembleAuthName=
enforce.auth.enabled=false enforce.auth.schemes= sessionRequireClientSASLAuth=false allowSaslFailedClients=false
letAnySaslUserDoX= sasl.serverconfig=Server <java.security.auth.login.config= kerberos.removeHostFromPrincipal=false
kerberos.removeRealmFromPrincipal=false kerberos.canonicalizeHostNames=false security.auth_to_local=DEFAULT
requireKerberosConfig=false kinit=/usr/bin/kinit kerberos.minReLoginTimeMs=60000
`;
/** Each stands behind ssl. and behind ssl.quorum. */
const TLS_SUFFIXES = `
keyStore.location= trustStore.location= keyStore.password= trustStore.password= keyStore.passwordPath=
trustStore.passwordPath= keyStore.type= trustStore.type= enabledProtocols= ciphersuites= hostnameVerification=true
crl=false ocsp=false clientAuth=need context.supplier.class=
`;
const TLS = `
ssl.protocol=TLSv1.3 ssl.quorum.protocol=TLSv1.3 ssl.clientHostnameVerification=false
ssl.quorum.clientHostnameVerification=true ssl.allowReverseDnsLookup=false ssl.quorum.allowReverseDnsLookup=true
ssl.quorum.handshakeDetectionTimeoutMillis=5000 ssl.authProvider=x509 ssl.sslProvider=JDK fips-mode=true
`;
const ADMIN = `
admin.enableServer=true admin.serverAddress=0.0.0.0 admin.serverPort=8080 admin.idleTimeout=30000
admin.commandURL=/commands admin.httpVersion=11 admin.portUnification=false admin.forceHttps=false
admin.needClientAuth=false admin.rateLimiterIntervalInMS=300000 admin.snapshot.enabled=true admin.restore.enabled=true
`;
const OTHER = `
4lw.commands.whitelist= audit.enable=false audit.impl.class=org.apache.zookeeper.audit.Slf4jAuditLogger
pathStats.enabled=false pathStats.slotCapacity=60 pathStats.slotDuration=15 pathStats.maxDepth=6 pathStats.sampleRate=0.1
pathStats.initialDelay=5 pathStats.delay=5 pathStats.topPathMax=20 messageTracker.Enabled=false
messageTracker.BufferSize=10 jmx.log4j.disable=false jmx.log4j.mbean= log.dir=. log.file=zookeeper.log log.threshold=INFO
console.threshold=INFO log.maxfilesize=256MB log.maxbackupindex=20 auditlog.file=zookeeper_audit.log
auditlog.threshold=INFO
`;

export interface ReferenceKey {
  readonly name: string;
  readonly default: string;
  /** Apache ZooKeeper reads the property under this very name. */
  readonly isBareProperty: boolean;
}

export const REFERENCE_KEYS: readonly ReferenceKey[] = [
  ...[GENERAL, ENSEMBLE, PERSISTENCE, CONNECTIONS, PROCESSING, ELECTION, AUTHENTICATION, TLS, ADMIN, OTHER].flatMap(
    (area) => keysOf(area),
  ),
  ...keysOf(TLS_SUFFIXES, 'ssl.'),
  ...keysOf(TLS_SUFFIXES, 'ssl.quorum.'),
];

function keysOf(text: string, prefix = ''): ReferenceKey[] {
  return text
    .trim()
    .split(/\s+/)
    .map((word) => {
      const equals = word.indexOf('=');
      const isBareProperty = word.startsWith('<');
      return {
        name: prefix + word.slice(isBareProperty ? 1 : 0, equals),
        default: word.slice(equals + 1),
        isBareProperty,
      };
    });
}

/** Our default, and why it is another one. */
export const DEVIATIONS: Readonly<Record<string, readonly [ours: string, why: string]>> = {
  'admin.serverAddress': ['127.0.0.1', 'nobody else may ask an admin port that nobody configured'],
  'admin.snapshot.enabled': ['false', 'the whole tree is handed out by those who want that'],
  'admin.restore.enabled': ['false', 'the whole tree is replaced by those who want that'],
  'ssl.quorum.allowReverseDnsLookup': ['false', 'an answer of DNS is no proof of who somebody is'],
  'ssl.quorum.protocol': ['', 'both versions are spoken, as members of an ensemble are upgraded one by one'],
};

/** Headings of the administrator's guide, and the key that works. */
export const GUIDE_HEADINGS: Readonly<Record<string, string>> = {
  connectionMaxTokens: 'connection_throttle_tokens',
  connectionTokenFillTime: 'connection_throttle_fill_time',
  connectionTokenFillCount: 'connection_throttle_fill_count',
  connectionFreezeTime: 'connection_throttle_freeze_time',
  connectionDropIncrease: 'connection_throttle_drop_increase',
  connectionDropDecrease: 'connection_throttle_drop_decrease',
  connectionDecreaseRatio: 'connection_throttle_decrease_ratio',
  requestThrottleLimit: 'request_throttle_max_requests',
  requestThrottleStallTime: 'request_throttle_stall_time',
  requestThrottleDropStale: 'request_throttle_drop_stale',
  requestStaleLatencyCheck: 'request_stale_latency_check',
  requestStaleConnectionCheck: 'request_stale_connection_check',
  throttledOpWaitTime: 'throttled_op_wait_time',
  advancedFlowControlEnabled: 'netty.advancedFlowControl.enabled',
  'outstandingHandshake.limit': 'netty.server.outstandingHandshake.limit',
  maxConcurrentSnapSyncs: 'leader.maxConcurrentSnapSyncs',
  maxConcurrentDiffSyncs: 'leader.maxConcurrentDiffSyncs',
  maxTimeToWaitForEpoch: 'leader.maxTimeToWaitForEpoch',
};
