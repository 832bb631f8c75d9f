// Every configuration key this server understands, once: its name in zoo.cfg, how its value is read, its default, its
// unit and one sentence. server-config.ts reads by this table, the README's table and the tidy test are held against
// it. Constant data, read by the main thread while it starts; nothing else may know a key's name or default.
//
//   regime          where it comes from                 a bad value
//   strict-int      the file only                       refuses to start, exit code 2
//   strict-bool     the file only                       refuses to start, exit code 2
//   strict-text     the file only                       (any text)
//   pattern         the file only, a family of keys     refuses to start, exit code 2
//   lenient-int     the file, or -D with a prefix       silently the default; 0x10, #10 and 010 are understood
//   lenient-long    the same, 64 bits                   silently the default
//   lenient-bool    the same                            everything but "true" is false
//   decimal         the same                            refuses to start, exit code 2
//   switch          the same                            everything but the one `word` is the other position
//   text            the same                            (any text)
//   family          the same, many keys                 (any text)
//   choice          the same                            refuses to start, exit code 2 (keys of our own only)
//   count           the same, "auto" or a number        refuses to start, exit code 2 (keys of our own only)
//
// A key read leniently is the system property `zookeeper.<name>`. Where `properties` is given, those are looked up
// instead, in that order.

export type Regime =
  | 'strict-int'
  | 'strict-bool'
  | 'strict-text'
  | 'pattern'
  | 'lenient-int'
  | 'lenient-long'
  | 'lenient-bool'
  | 'decimal'
  | 'switch'
  | 'text'
  | 'family'
  | 'choice'
  | 'count';

export interface ConfigKey {
  readonly name: string;
  readonly regime: Regime;
  /** As it would be written in the file. Empty: unset. */
  readonly default: string;
  readonly unit: string;
  readonly sentence: string;
  /** Understood and checked, without effect in this version. */
  readonly accepted?: true;
  /** Its value must never reach a log. */
  readonly secret?: true;
  /** Of a switch: the one text that moves it away from its default. */
  readonly word?: string;
  readonly properties?: readonly string[];
}

export const CONFIG_KEYS = [
  // General
  {
    name: 'dataDir',
    regime: 'strict-text',
    default: '',
    unit: 'path',
    sentence: 'Where snapshots and myid live; required. Data goes to version-2 below it.',
  },
  {
    name: 'dataLogDir',
    regime: 'strict-text',
    default: '',
    unit: 'path',
    sentence: 'Where transaction logs live; dataDir unless set.',
  },
  {
    name: 'tickTime',
    regime: 'strict-int',
    default: '3000',
    unit: 'ms',
    sentence: 'The unit of time that session timeouts are built from.',
  },
  {
    name: 'clientPort',
    regime: 'strict-int',
    default: '',
    unit: 'port',
    sentence: 'Where clients connect; unset or 0 means no listener.',
  },
  {
    name: 'clientPortAddress',
    regime: 'strict-text',
    default: '',
    unit: 'host',
    sentence: 'The local address clients connect to; all addresses unless set.',
  },
  {
    name: 'secureClientPort',
    regime: 'strict-int',
    default: '',
    unit: 'port',
    sentence: 'Where clients connect with TLS; needs ssl.keyStore.location.',
  },
  {
    name: 'secureClientPortAddress',
    regime: 'strict-text',
    default: '',
    unit: 'host',
    sentence: 'The local address for secureClientPort; all addresses unless set.',
  },
  {
    name: 'clientPortListenBacklog',
    regime: 'strict-int',
    default: '-1',
    unit: 'connections',
    sentence: 'Length of the queue of connections not yet accepted; -1 leaves it to the runtime.',
  },
  {
    name: 'maxClientCnxns',
    regime: 'strict-int',
    default: '60',
    unit: 'connections',
    sentence: 'Connections one client address may hold; 0 means no limit.',
  },
  {
    name: 'minSessionTimeout',
    regime: 'strict-int',
    default: '-1',
    unit: 'ms',
    sentence: 'The shortest session timeout granted; -1 means two ticks.',
  },
  {
    name: 'maxSessionTimeout',
    regime: 'strict-int',
    default: '-1',
    unit: 'ms',
    sentence: 'The longest session timeout granted; -1 means twenty ticks.',
  },
  {
    name: 'autopurge.snapRetainCount',
    regime: 'strict-int',
    default: '3',
    unit: 'snapshots',
    sentence: 'Snapshots that purging keeps, at least 3.',
  },
  {
    name: 'autopurge.purgeInterval',
    regime: 'strict-int',
    default: '0',
    unit: 'hours',
    sentence: 'How often old snapshots and logs are purged; 0 means never.',
  },
  {
    name: 'localSessionsEnabled',
    regime: 'strict-bool',
    default: 'false',
    unit: '',
    sentence: 'Sessions that are not replicated.',
    accepted: true,
  },
  {
    name: 'localSessionsUpgradingEnabled',
    regime: 'strict-bool',
    default: 'false',
    unit: '',
    sentence: 'A local session becomes a global one with its first ephemeral node.',
    accepted: true,
  },
  {
    name: 'metricsProvider.className',
    regime: 'strict-text',
    default: 'org.apache.zookeeper.metrics.impl.DefaultMetricsProvider',
    unit: 'class',
    sentence: 'Who publishes metrics; the three names Apache ZooKeeper ships are known.',
    accepted: true,
  },
  {
    name: 'metricsProvider.*',
    regime: 'pattern',
    default: '',
    unit: '',
    sentence: 'Settings of the metrics provider.',
    accepted: true,
  },
  {
    name: 'jvm.pause.monitor',
    regime: 'strict-bool',
    default: 'false',
    unit: '',
    sentence: 'Reports pauses of the process.',
    accepted: true,
  },
  {
    name: 'jvm.pause.warn-threshold.ms',
    regime: 'strict-int',
    default: '10000',
    unit: 'ms',
    sentence: 'A pause this long is a warning.',
    accepted: true,
  },
  {
    name: 'jvm.pause.info-threshold.ms',
    regime: 'strict-int',
    default: '1000',
    unit: 'ms',
    sentence: 'A pause this long is mentioned.',
    accepted: true,
  },
  {
    name: 'jvm.pause.sleep.time.ms',
    regime: 'strict-int',
    default: '500',
    unit: 'ms',
    sentence: 'How often the pause monitor looks.',
    accepted: true,
  },

  // Ensemble: read and checked, so that mistakes are told as Apache ZooKeeper tells them; then refused
  {
    name: 'server.N',
    regime: 'pattern',
    default: '',
    unit: '',
    sentence: 'A member: host:quorumPort:electionPort[:participant|observer][;[host:]clientPort].',
  },
  {
    name: 'group.N',
    regime: 'pattern',
    default: '',
    unit: '',
    sentence: 'Members of a group of a hierarchical quorum, id[:id...].',
    accepted: true,
  },
  {
    name: 'weight.N',
    regime: 'pattern',
    default: '1',
    unit: 'votes',
    sentence: 'Weight of a member in a hierarchical quorum.',
    accepted: true,
  },
  {
    name: 'initLimit',
    regime: 'strict-int',
    default: '',
    unit: 'ticks',
    sentence: 'Time a learner has to connect and sync; required in an ensemble.',
    accepted: true,
  },
  {
    name: 'syncLimit',
    regime: 'strict-int',
    default: '',
    unit: 'ticks',
    sentence: 'How far a learner may lag; required in an ensemble.',
    accepted: true,
  },
  {
    name: 'connectToLearnerMasterLimit',
    regime: 'strict-int',
    default: '0',
    unit: 'ticks',
    sentence: 'Time a learner has to connect; 0 means initLimit.',
    accepted: true,
  },
  {
    name: 'electionAlg',
    regime: 'strict-int',
    default: '3',
    unit: '',
    sentence: 'The election algorithm; there is only 3.',
    accepted: true,
  },
  {
    name: 'peerType',
    regime: 'strict-text',
    default: 'participant',
    unit: '',
    sentence: 'participant or observer.',
    accepted: true,
  },
  {
    name: 'quorumListenOnAllIPs',
    regime: 'strict-bool',
    default: 'false',
    unit: '',
    sentence: 'Binds quorum and election ports on all addresses.',
    accepted: true,
  },
  {
    name: 'observerMasterPort',
    regime: 'strict-int',
    default: '0',
    unit: 'port',
    sentence: 'Where followers serve observers; 0 means not at all.',
    accepted: true,
  },
  {
    name: 'syncEnabled',
    regime: 'strict-bool',
    default: 'true',
    unit: '',
    sentence: 'Observers keep a log of their own.',
    accepted: true,
  },
  {
    name: 'standaloneEnabled',
    regime: 'strict-bool',
    default: 'true',
    unit: '',
    sentence: 'One participant alone runs standalone instead of as an ensemble of one.',
  },
  {
    name: 'reconfigEnabled',
    regime: 'strict-bool',
    default: 'false',
    unit: '',
    sentence: 'Membership may change while the ensemble runs; a standalone server then answers Unimplemented.',
  },
  {
    name: 'dynamicConfigFile',
    regime: 'strict-text',
    default: '',
    unit: 'path',
    sentence: 'A file of its own for server.N, group.N and weight.N.',
  },
  {
    name: 'sslQuorum',
    regime: 'strict-bool',
    default: 'false',
    unit: '',
    sentence: 'TLS between servers.',
    accepted: true,
  },
  {
    name: 'portUnification',
    regime: 'strict-bool',
    default: 'false',
    unit: '',
    sentence: 'The quorum port takes TLS and plain text.',
    accepted: true,
  },
  {
    name: 'sslQuorumReloadCertFiles',
    regime: 'strict-bool',
    default: 'false',
    unit: '',
    sentence: 'Reads the key stores of sslQuorum again when they change.',
    accepted: true,
  },
  {
    name: 'multiAddress.enabled',
    regime: 'strict-bool',
    default: 'false',
    unit: '',
    sentence: 'A member may have several addresses, separated by |.',
  },
  {
    name: 'multiAddress.reachabilityCheckTimeoutMs',
    regime: 'strict-int',
    default: '1000',
    unit: 'ms',
    sentence: 'How long a check of such an address may take.',
    accepted: true,
  },
  {
    name: 'multiAddress.reachabilityCheckEnabled',
    regime: 'strict-bool',
    default: 'true',
    unit: '',
    sentence: 'Whether such addresses are checked.',
    accepted: true,
  },
  {
    name: 'quorum.auth.enableSasl',
    regime: 'strict-bool',
    default: 'false',
    unit: '',
    sentence: 'SASL between servers.',
    accepted: true,
  },
  {
    name: 'quorum.auth.learnerRequireSasl',
    regime: 'strict-bool',
    default: 'false',
    unit: '',
    sentence: 'A learner insists on SASL.',
    accepted: true,
  },
  {
    name: 'quorum.auth.serverRequireSasl',
    regime: 'strict-bool',
    default: 'false',
    unit: '',
    sentence: 'A server insists on SASL from learners.',
    accepted: true,
  },
  {
    name: 'quorum.auth.learner.saslLoginContext',
    regime: 'strict-text',
    default: 'QuorumLearner',
    unit: '',
    sentence: 'Login section of a learner.',
    accepted: true,
  },
  {
    name: 'quorum.auth.server.saslLoginContext',
    regime: 'strict-text',
    default: 'QuorumServer',
    unit: '',
    sentence: 'Login section of a server.',
    accepted: true,
  },
  {
    name: 'quorum.auth.kerberos.servicePrincipal',
    regime: 'strict-text',
    default: 'zkquorum/localhost',
    unit: '',
    sentence: 'Kerberos principal of the servers.',
    accepted: true,
  },
  {
    name: 'quorum.cnxn.threads.size',
    regime: 'strict-int',
    default: '20',
    unit: 'threads',
    sentence: 'Threads for SASL on election connections.',
    accepted: true,
  },
  {
    name: 'oraclePath',
    regime: 'strict-text',
    default: '',
    unit: 'path',
    sentence: 'File of the oracle that decides between two servers.',
    accepted: true,
  },

  // Persistence
  {
    name: 'snapCount',
    regime: 'lenient-int',
    default: '100000',
    unit: 'txns',
    sentence: 'A snapshot is taken and a new log begun after half to all of so many transactions; at least 2.',
  },
  {
    name: 'snapSizeLimitInKb',
    regime: 'lenient-long',
    default: '4194304',
    unit: 'KiB',
    sentence: 'The same by size of the log; 0 or less means never.',
  },
  {
    name: 'txnLogSizeLimitInKb',
    regime: 'lenient-long',
    default: '-1',
    unit: 'KiB',
    sentence: 'A new log file is begun at this size, without a snapshot; -1 means never.',
  },
  {
    name: 'commitLogCount',
    regime: 'lenient-int',
    default: '500',
    unit: 'txns',
    sentence: 'The last transactions, kept in memory for members that missed only a few; at least 500.',
    accepted: true,
  },
  {
    name: 'snapshotSizeFactor',
    regime: 'text',
    default: '0.33',
    unit: '',
    sentence:
      'A member is sent its part of the log as long as that is not larger than so many snapshots; negative: never.',
    accepted: true,
  },
  {
    name: 'forceSnapshotSync',
    regime: 'lenient-bool',
    default: 'false',
    unit: '',
    sentence: 'Every member is sent a snapshot; a test aid.',
    accepted: true,
  },
  {
    name: 'leader.maxConcurrentSnapSyncs',
    regime: 'lenient-int',
    default: '10',
    unit: 'learners',
    sentence: 'Observers beyond so many learners that are being sent a snapshot are told to come back.',
    accepted: true,
  },
  {
    name: 'leader.maxConcurrentDiffSyncs',
    regime: 'lenient-int',
    default: '100',
    unit: 'learners',
    sentence: 'The same for learners that are being sent the transactions they missed.',
    accepted: true,
  },
  {
    name: 'preAllocSize',
    regime: 'lenient-long',
    default: '65536',
    unit: 'KiB',
    sentence: 'Log files grow in blocks of this size; 0 means as needed.',
  },
  {
    name: 'forceSync',
    regime: 'switch',
    default: 'yes',
    word: 'no',
    unit: '',
    sentence: 'no acknowledges writes before they are on disk: fast, and lost with the power.',
  },
  {
    name: 'fsync.warningthresholdms',
    regime: 'lenient-long',
    default: '1000',
    unit: 'ms',
    sentence: 'A sync of the log that takes longer is a warning and is counted.',
    properties: ['zookeeper.fsync.warningthresholdms', 'fsync.warningthresholdms'],
  },
  {
    name: 'flushDelay',
    regime: 'lenient-long',
    default: '0',
    unit: 'ms',
    sentence: 'How long a write may wait for others to share its sync.',
  },
  {
    name: 'maxWriteQueuePollTime',
    regime: 'lenient-long',
    default: '',
    unit: 'ms',
    sentence: 'With flushDelay, how long an idle log waits before it syncs; a third of flushDelay unless set.',
  },
  {
    name: 'maxBatchSize',
    regime: 'lenient-int',
    default: '1000',
    unit: 'txns',
    sentence: 'The most transactions one sync covers.',
  },
  {
    name: 'snapshot.compression.method',
    regime: 'text',
    default: '',
    unit: '',
    sentence: 'gz or snappy compresses the snapshots that are written; all kinds are read in any case.',
  },
  {
    name: 'serializeLastProcessedZxid.enabled',
    regime: 'lenient-bool',
    default: 'true',
    unit: '',
    sentence: 'Snapshots end with the last transaction they may hold; a snapshot over HTTP needs it.',
  },
  {
    name: 'snapshot.trust.empty',
    regime: 'lenient-bool',
    default: 'false',
    unit: '',
    sentence: 'Starts from logs alone when there is no snapshot.',
  },
  {
    name: 'datadir.autocreate',
    regime: 'lenient-bool',
    default: 'true',
    unit: '',
    sentence: 'Missing data directories are created.',
  },
  {
    name: 'db.autocreate',
    regime: 'lenient-bool',
    default: 'true',
    unit: '',
    sentence: 'An empty data directory is a new database, even without the marker file initialize.',
  },

  // Connections
  {
    name: 'maxCnxns',
    regime: 'lenient-int',
    default: '0',
    unit: 'connections',
    sentence: 'Connections in all; 0 or less means no limit.',
  },
  {
    name: 'clientTcpKeepAlive',
    regime: 'lenient-bool',
    default: 'false',
    unit: '',
    sentence: 'TCP keep-alive on client connections.',
  },
  {
    name: 'nio.sessionlessCnxnTimeout',
    regime: 'lenient-int',
    default: '10000',
    unit: 'ms',
    sentence: 'A connection that opens no session is closed after this time.',
  },
  {
    name: 'globalOutstandingLimit',
    regime: 'lenient-int',
    default: '1000',
    unit: 'requests',
    sentence: 'Requests in flight at which the server stops reading more.',
  },
  {
    name: 'jute.maxbuffer',
    regime: 'lenient-int',
    default: '1048575',
    unit: 'bytes',
    sentence:
      'The longest frame a client may send. Apache ZooKeeper takes it as -D only; here the file may set it too.',
    properties: ['zookeeper.jute.maxbuffer', 'jute.maxbuffer'],
  },
  {
    name: 'jute.maxbuffer.extrasize',
    regime: 'lenient-int',
    default: '',
    unit: 'bytes',
    sentence: 'What the log may add to a record of jute.maxbuffer bytes; jute.maxbuffer unless set, at least 1024.',
  },

  // Limits
  {
    name: 'request_throttle_max_requests',
    regime: 'lenient-int',
    default: '0',
    unit: 'requests',
    sentence: 'Requests in the pipeline before others wait; 0 switches the throttler off.',
    properties: ['zookeeper.request_throttle_max_requests', 'zookeeper.requestThrottleLimit'],
  },
  {
    name: 'request_throttle_stall_time',
    regime: 'lenient-int',
    default: '100',
    unit: 'ms',
    sentence: 'The longest wait between two looks whether there is room again.',
    properties: ['zookeeper.request_throttle_stall_time', 'zookeeper.requestThrottleStallTime'],
  },
  {
    name: 'request_throttle_drop_stale',
    regime: 'lenient-bool',
    default: 'true',
    unit: '',
    sentence: 'Stale requests that wait are dropped, with their connection.',
    properties: ['zookeeper.request_throttle_drop_stale', 'zookeeper.requestThrottleDropStale'],
  },
  {
    name: 'request_stale_connection_check',
    regime: 'lenient-bool',
    default: 'true',
    unit: '',
    sentence: 'Requests of a closed connection are stale. Here they never wait longer than it lives.',
    properties: ['zookeeper.request_stale_connection_check', 'zookeeper.requestStaleConnectionCheck'],
    accepted: true,
  },
  {
    name: 'request_stale_latency_check',
    regime: 'lenient-bool',
    default: 'false',
    unit: '',
    sentence: 'Requests older than the session timeout of their connection are stale.',
    properties: ['zookeeper.request_stale_latency_check', 'zookeeper.requestStaleLatencyCheck'],
  },
  {
    name: 'throttled_op_wait_time',
    regime: 'lenient-int',
    default: '0',
    unit: 'ms',
    sentence: 'A request that waited longer is answered ThrottledOp and not executed; 0 means never.',
    properties: ['zookeeper.throttled_op_wait_time', 'zookeeper.throttledOpWaitTime'],
  },
  {
    name: 'request_throttler.shutdownTimeout',
    regime: 'lenient-int',
    default: '10000',
    unit: 'ms',
    sentence: 'What the reference allows for draining at shutdown. Here all that was taken is always finished.',
    accepted: true,
  },
  {
    name: 'largeRequestThreshold',
    regime: 'lenient-int',
    default: '-1',
    unit: 'bytes',
    sentence: 'Longer requests are large; -1 means none is.',
  },
  {
    name: 'largeRequestMaxBytes',
    regime: 'lenient-int',
    default: '104857600',
    unit: 'bytes',
    sentence: 'Large requests in flight, in all; who sends one more is disconnected.',
  },
  {
    name: 'connection_throttle_tokens',
    regime: 'lenient-int',
    default: '0',
    unit: 'tokens',
    sentence: 'Size of the bucket that new connections draw from; 0 switches it off.',
    properties: ['zookeeper.connection_throttle_tokens', 'zookeeper.connectionMaxTokens'],
  },
  {
    name: 'connection_throttle_fill_time',
    regime: 'lenient-int',
    default: '1',
    unit: 'ms',
    sentence: 'How often the bucket is filled.',
    properties: ['zookeeper.connection_throttle_fill_time', 'zookeeper.connectionTokenFillTime'],
  },
  {
    name: 'connection_throttle_fill_count',
    regime: 'lenient-int',
    default: '1',
    unit: 'tokens',
    sentence: 'How much is filled in each time.',
    properties: ['zookeeper.connection_throttle_fill_count', 'zookeeper.connectionTokenFillCount'],
  },
  {
    name: 'connection_throttle_freeze_time',
    regime: 'lenient-int',
    default: '-1',
    unit: 'ms',
    sentence: 'How often the chance of an early drop may change; -1 switches it off.',
    properties: ['zookeeper.connection_throttle_freeze_time', 'zookeeper.connectionFreezeTime'],
  },
  {
    name: 'connection_throttle_drop_increase',
    regime: 'decimal',
    default: '0.02',
    unit: '',
    sentence: 'Added to the chance while the bucket is empty.',
    properties: ['zookeeper.connection_throttle_drop_increase', 'zookeeper.connectionDropIncrease'],
  },
  {
    name: 'connection_throttle_drop_decrease',
    regime: 'decimal',
    default: '0.002',
    unit: '',
    sentence: 'Taken from the chance while the bucket is nearly full.',
    properties: ['zookeeper.connection_throttle_drop_decrease', 'zookeeper.connectionDropDecrease'],
  },
  {
    name: 'connection_throttle_decrease_ratio',
    regime: 'decimal',
    default: '0',
    unit: '',
    sentence: 'The used part of the bucket up to which that happens.',
    properties: ['zookeeper.connection_throttle_decrease_ratio', 'zookeeper.connectionDecreaseRatio'],
  },
  {
    name: 'connection_throttle_weight_enabled',
    regime: 'lenient-bool',
    default: 'false',
    unit: '',
    sentence: 'Kinds of sessions cost different numbers of tokens.',
  },
  {
    name: 'connection_throttle_global_session_weight',
    regime: 'lenient-int',
    default: '3',
    unit: 'tokens',
    sentence: 'What a new session costs then.',
  },
  {
    name: 'connection_throttle_renew_session_weight',
    regime: 'lenient-int',
    default: '2',
    unit: 'tokens',
    sentence: 'What re-opening a session costs then.',
  },
  {
    name: 'connection_throttle_local_session_weight',
    regime: 'lenient-int',
    default: '1',
    unit: 'tokens',
    sentence: 'What a new local session costs then; the least that the other two cost.',
  },
  {
    name: 'maxResponseCacheSize',
    regime: 'lenient-int',
    default: '400',
    unit: 'replies',
    sentence: 'The response cache of the reference; reads come from the tree here, without one.',
    accepted: true,
  },
  {
    name: 'maxGetChildrenResponseCacheSize',
    regime: 'lenient-int',
    default: '400',
    unit: 'replies',
    sentence: 'The same for lists of children.',
    accepted: true,
  },

  // TLS for clients
  {
    name: 'client.portUnification',
    regime: 'lenient-bool',
    default: 'false',
    unit: '',
    sentence: 'The client port takes TLS as well as plain bytes.',
  },
  {
    name: 'ssl.keyStore.location',
    regime: 'text',
    default: '',
    unit: 'path',
    sentence: 'The private key and certificate of this server: JKS, PKCS12 or PEM. TLS needs it.',
    properties: ['zookeeper.zookeeper.ssl.keyStore.location', 'zookeeper.ssl.keyStore.location'],
  },
  {
    name: 'ssl.keyStore.password',
    regime: 'text',
    default: '',
    unit: '',
    sentence: 'The password of the key store.',
    secret: true,
    properties: ['zookeeper.zookeeper.ssl.keyStore.password', 'zookeeper.ssl.keyStore.password'],
  },
  {
    name: 'ssl.keyStore.passwordPath',
    regime: 'text',
    default: '',
    unit: 'path',
    sentence: 'A file with the password of the key store; wins over the password itself.',
    properties: ['zookeeper.zookeeper.ssl.keyStore.passwordPath', 'zookeeper.ssl.keyStore.passwordPath'],
  },
  {
    name: 'ssl.keyStore.type',
    regime: 'text',
    default: '',
    unit: '',
    sentence: 'JKS, PKCS12 or PEM; by the file extension (.jks, .p12, .pem) unless set.',
    properties: ['zookeeper.zookeeper.ssl.keyStore.type', 'zookeeper.ssl.keyStore.type'],
  },
  {
    name: 'ssl.trustStore.location',
    regime: 'text',
    default: '',
    unit: 'path',
    sentence: 'The certificates that vouch for clients; public authorities unless set.',
    properties: ['zookeeper.zookeeper.ssl.trustStore.location', 'zookeeper.ssl.trustStore.location'],
  },
  {
    name: 'ssl.trustStore.password',
    regime: 'text',
    default: '',
    unit: '',
    sentence: 'The password of the trust store.',
    secret: true,
    properties: ['zookeeper.zookeeper.ssl.trustStore.password', 'zookeeper.ssl.trustStore.password'],
  },
  {
    name: 'ssl.trustStore.passwordPath',
    regime: 'text',
    default: '',
    unit: 'path',
    sentence: 'A file with the password of the trust store; wins over the password itself.',
    properties: ['zookeeper.zookeeper.ssl.trustStore.passwordPath', 'zookeeper.ssl.trustStore.passwordPath'],
  },
  {
    name: 'ssl.trustStore.type',
    regime: 'text',
    default: '',
    unit: '',
    sentence: 'As ssl.keyStore.type.',
    properties: ['zookeeper.zookeeper.ssl.trustStore.type', 'zookeeper.ssl.trustStore.type'],
  },
  {
    name: 'ssl.clientAuth',
    regime: 'text',
    default: 'need',
    unit: '',
    sentence: 'need: clients must show a valid certificate; want: they may; none: they are not asked.',
    properties: ['zookeeper.zookeeper.ssl.clientAuth', 'zookeeper.ssl.clientAuth'],
  },
  {
    name: 'ssl.protocol',
    regime: 'text',
    default: 'TLSv1.3',
    unit: '',
    sentence: 'The TLS version spoken, unless ssl.enabledProtocols names several.',
    properties: ['zookeeper.zookeeper.ssl.protocol', 'zookeeper.ssl.protocol'],
  },
  {
    name: 'ssl.enabledProtocols',
    regime: 'text',
    default: '',
    unit: 'list',
    sentence: 'The TLS versions spoken, such as TLSv1.2,TLSv1.3.',
    properties: ['zookeeper.zookeeper.ssl.enabledProtocols', 'zookeeper.ssl.enabledProtocols'],
  },
  {
    name: 'ssl.ciphersuites',
    regime: 'text',
    default: '',
    unit: 'list',
    sentence: 'Cipher suites by their Java names, in the order of preference; strong ones unless set.',
    properties: ['zookeeper.zookeeper.ssl.ciphersuites', 'zookeeper.ssl.ciphersuites'],
  },
  {
    name: 'ssl.hostnameVerification',
    regime: 'lenient-bool',
    default: 'true',
    unit: '',
    sentence: 'false switches ssl.clientHostnameVerification off, too.',
    properties: ['zookeeper.zookeeper.ssl.hostnameVerification', 'zookeeper.ssl.hostnameVerification'],
  },
  {
    name: 'ssl.clientHostnameVerification',
    regime: 'lenient-bool',
    default: 'false',
    unit: '',
    sentence: 'A client certificate must name the address the client comes from.',
    properties: ['zookeeper.zookeeper.ssl.clientHostnameVerification', 'zookeeper.ssl.clientHostnameVerification'],
  },
  {
    name: 'ssl.allowReverseDnsLookup',
    regime: 'lenient-bool',
    default: 'false',
    unit: '',
    sentence: 'With ssl.clientHostnameVerification, the DNS name of that address will do.',
    properties: ['zookeeper.zookeeper.ssl.allowReverseDnsLookup', 'zookeeper.ssl.allowReverseDnsLookup'],
  },
  {
    name: 'ssl.crl',
    regime: 'lenient-bool',
    default: 'false',
    unit: '',
    sentence: 'Revocation lists; true is refused, since this version cannot check them.',
    properties: ['zookeeper.zookeeper.ssl.crl', 'zookeeper.ssl.crl'],
  },
  {
    name: 'ssl.ocsp',
    regime: 'lenient-bool',
    default: 'false',
    unit: '',
    sentence: 'Online revocation; true is refused, since this version cannot check it.',
    properties: ['zookeeper.zookeeper.ssl.ocsp', 'zookeeper.ssl.ocsp'],
  },
  {
    name: 'ssl.authProvider',
    regime: 'text',
    default: 'x509',
    unit: '',
    sentence: 'The scheme that knows clients by their certificates; no other than x509 is served.',
    properties: ['zookeeper.zookeeper.ssl.authProvider', 'zookeeper.ssl.authProvider'],
  },
  {
    name: 'client.certReload',
    regime: 'lenient-bool',
    default: 'false',
    unit: '',
    sentence: 'Changed key and trust stores are used for new connections without a restart.',
  },
  {
    name: 'netty.server.outstandingHandshake.limit',
    regime: 'lenient-int',
    default: '-1',
    unit: 'handshakes',
    sentence: 'TLS handshakes that may be going on at a time; 0 or less means no limit.',
    properties: ['zookeeper.outstandingHandshake.limit', 'zookeeper.netty.server.outstandingHandshake.limit'],
  },
  {
    name: 'netty.server.earlyDropSecureConnectionHandshakes',
    regime: 'lenient-bool',
    default: 'false',
    unit: '',
    sentence: 'The port opens only when the server serves.',
    accepted: true,
  },
  {
    name: 'ssl.sslProvider',
    regime: 'text',
    default: 'JDK',
    unit: '',
    sentence: 'Another implementation of TLS for a JVM.',
    accepted: true,
    properties: ['zookeeper.zookeeper.ssl.sslProvider', 'zookeeper.ssl.sslProvider'],
  },
  {
    name: 'ssl.context.supplier.class',
    regime: 'text',
    default: '',
    unit: 'class',
    sentence: 'A class that sets up TLS in a JVM.',
    accepted: true,
    properties: ['zookeeper.zookeeper.ssl.context.supplier.class', 'zookeeper.ssl.context.supplier.class'],
  },
  {
    name: 'fips-mode',
    regime: 'lenient-bool',
    default: 'true',
    unit: '',
    sentence: 'Restricts a JVM to its own verification of host names.',
    accepted: true,
  },
  {
    name: 'serverCnxnFactory',
    regime: 'text',
    default: '',
    unit: 'class',
    sentence: 'NIOServerCnxnFactory or NettyServerCnxnFactory; this server always serves TLS.',
    accepted: true,
  },

  // Requests and the tree
  {
    name: 'closeSessionTxn.enabled',
    regime: 'lenient-bool',
    default: 'true',
    unit: '',
    sentence: 'The transaction that closes a session lists the ephemeral nodes it removes.',
  },
  {
    name: 'digest.enabled',
    regime: 'lenient-bool',
    default: 'true',
    unit: '',
    sentence:
      'Transactions and snapshots carry a digest of the whole tree, which is compared wherever they are applied.',
  },
  {
    name: 'extendedTypesEnabled',
    regime: 'lenient-bool',
    default: 'false',
    unit: '',
    sentence: 'Nodes with a time to live may be created, and go when it is over.',
  },
  {
    name: 'emulate353TTLNodes',
    regime: 'lenient-bool',
    default: 'false',
    unit: '',
    sentence: 'Nodes with a time to live as release 3.5.3 wrote them are taken for such.',
  },
  {
    name: 'znode.container.checkIntervalMs',
    regime: 'lenient-int',
    default: '60000',
    unit: 'ms',
    sentence: 'How often containers and nodes with a time to live are looked at.',
    properties: ['zookeeper.znode.container.checkIntervalMs', 'znode.container.checkIntervalMs'],
  },
  {
    name: 'znode.container.maxPerMinute',
    regime: 'lenient-int',
    default: '10000',
    unit: '',
    sentence: 'How many of them are removed in a minute at most.',
    properties: ['zookeeper.znode.container.maxPerMinute', 'znode.container.maxPerMinute'],
  },
  {
    name: 'znode.container.maxNeverUsedIntervalMs',
    regime: 'lenient-long',
    default: '0',
    unit: 'ms',
    sentence: 'A container that never had a child goes after this; 0 means never.',
    properties: ['zookeeper.znode.container.maxNeverUsedIntervalMs', 'znode.container.maxNeverUsedIntervalMs'],
  },
  {
    name: 'enforceQuota',
    regime: 'lenient-bool',
    default: 'false',
    unit: '',
    sentence: 'Writes that would pass a hard quota are refused, and excesses are logged.',
  },
  {
    name: 'skipACL',
    regime: 'switch',
    default: 'no',
    word: 'yes',
    unit: '',
    sentence: 'yes lets everybody do everything.',
  },
  {
    name: 'enableEagerACLCheck',
    regime: 'lenient-bool',
    default: 'false',
    unit: '',
    sentence: 'Members of an ensemble check ACLs before they forward a write.',
    accepted: true,
  },
  {
    name: 'authProvider.*',
    regime: 'family',
    default: '',
    unit: '',
    sentence:
      'A provider by its Java class: IP, Digest, SASL, X509 or EnsembleAuthenticationProvider; any other is a warning.',
  },
  {
    name: 'DigestAuthenticationProvider.enabled',
    regime: 'lenient-bool',
    default: 'true',
    unit: '',
    sentence: 'The digest scheme.',
  },
  {
    name: 'DigestAuthenticationProvider.digestAlg',
    regime: 'text',
    default: 'SHA1',
    unit: '',
    sentence: 'What digests are made with: MD5, SHA1, SHA-224 to SHA-512, SHA3-224 to SHA3-512.',
  },
  {
    name: 'DigestAuthenticationProvider.superDigest',
    regime: 'text',
    default: '',
    unit: '',
    sentence: 'super:<digest>: who proves this identity passes every ACL.',
    secret: true,
  },
  {
    name: 'X509AuthenticationProvider.superUser',
    regime: 'text',
    default: '',
    unit: '',
    sentence: 'The subject of the certificate whose bearer passes every ACL.',
  },
  {
    name: 'ensembleAuthName',
    regime: 'text',
    default: '',
    unit: 'list',
    sentence: 'Names of the ensembles that clients may ask for by the ensemble scheme.',
  },
  {
    name: 'enforce.auth.enabled',
    regime: 'lenient-bool',
    default: 'false',
    unit: '',
    sentence: 'Clients are served only after they have authenticated themselves.',
  },
  {
    name: 'enforce.auth.schemes',
    regime: 'text',
    default: '',
    unit: 'list',
    sentence: 'By one of these schemes.',
  },
  {
    name: 'sessionRequireClientSASLAuth',
    regime: 'lenient-bool',
    default: 'false',
    unit: '',
    sentence: 'The same with sasl as the only scheme.',
  },
  {
    name: 'allowSaslFailedClients',
    regime: 'lenient-bool',
    default: 'false',
    unit: '',
    sentence: 'Who fails to log in by SASL may stay, as nobody.',
  },
  {
    name: 'letAnySaslUserDoX',
    regime: 'text',
    default: '',
    unit: '',
    sentence: 'An id in sasl ACLs that stands for every SASL user.',
  },
  {
    name: 'superUser',
    regime: 'text',
    default: '',
    unit: '',
    sentence: 'A SASL user that passes every ACL.',
  },
  {
    name: 'superUser.*',
    regime: 'family',
    default: '',
    unit: '',
    sentence: 'More of them.',
  },
  {
    name: 'SASLAuthenticationProvider.superPassword',
    regime: 'text',
    default: '',
    unit: '',
    sentence: 'The password of the SASL user super, instead of the one in the login configuration.',
    secret: true,
  },
  {
    name: 'java.security.auth.login.config',
    regime: 'text',
    default: '',
    unit: 'path',
    sentence:
      'The JAAS login configuration with the SASL users; Apache ZooKeeper takes it as -D only, here the file may set it too.',
    properties: ['zookeeper.java.security.auth.login.config', 'java.security.auth.login.config'],
  },
  {
    name: 'sasl.serverconfig',
    regime: 'text',
    default: 'Server',
    unit: '',
    sentence: 'The section of it that is for clients.',
  },
  {
    name: 'readonlymode.enabled',
    regime: 'lenient-bool',
    default: 'false',
    unit: '',
    sentence: 'A server cut off from its ensemble serves readers; also enables the word isro.',
    properties: ['zookeeper.readonlymode.enabled', 'readonlymode.enabled'],
  },

  // Operations
  {
    name: '4lw.commands.whitelist',
    regime: 'text',
    default: '',
    unit: 'list',
    sentence: 'Four-letter words that are answered, * for all; srvr always is.',
  },
  {
    name: 'admin.enableServer',
    regime: 'switch',
    default: 'true',
    word: 'false',
    unit: '',
    sentence: 'The HTTP admin server; off by exactly false.',
  },
  {
    name: 'admin.serverAddress',
    regime: 'text',
    default: '127.0.0.1',
    unit: 'host',
    sentence: 'Where it listens; Apache ZooKeeper listens on 0.0.0.0.',
  },
  {
    name: 'admin.serverPort',
    regime: 'lenient-int',
    default: '8080',
    unit: 'port',
    sentence: 'Its port; 0 takes a free one. A server that cannot open it ends with exit code 4.',
  },
  {
    name: 'admin.commandURL',
    regime: 'text',
    default: '/commands',
    unit: 'path',
    sentence: 'What stands in front of its commands.',
  },
  {
    name: 'admin.idleTimeout',
    regime: 'lenient-int',
    default: '30000',
    unit: 'ms',
    sentence: 'HTTP connections on which nothing happens are closed after this; 0 keeps them.',
  },
  {
    name: 'admin.snapshot.enabled',
    regime: 'lenient-bool',
    default: 'false',
    unit: '',
    sentence: 'The command snapshot; on by default in Apache ZooKeeper.',
  },
  {
    name: 'admin.restore.enabled',
    regime: 'lenient-bool',
    default: 'false',
    unit: '',
    sentence: 'The command restore; on by default in Apache ZooKeeper.',
  },
  {
    name: 'admin.rateLimiterIntervalInMS',
    regime: 'decimal',
    default: '300000',
    unit: 'ms',
    sentence: 'snapshot and restore are each answered once in this time.',
  },
  {
    name: 'admin.forceHttps',
    regime: 'lenient-bool',
    default: 'false',
    unit: '',
    sentence: 'TLS only on the admin port: this version has none there, and then opens no admin port.',
  },
  {
    name: 'admin.portUnification',
    regime: 'lenient-bool',
    default: 'false',
    unit: '',
    sentence: 'TLS as well on the admin port.',
    accepted: true,
  },
  {
    name: 'admin.needClientAuth',
    regime: 'lenient-bool',
    default: 'false',
    unit: '',
    sentence: 'Clients of the admin port need a certificate.',
    accepted: true,
  },
  {
    name: 'console.threshold',
    regime: 'choice',
    default: 'INFO',
    unit: 'level',
    sentence: 'The lowest level that is logged: DEBUG, INFO, WARN, ERROR or OFF.',
  },

  // Our own
  {
    name: 'threadkeeper.log.format',
    regime: 'choice',
    default: 'pattern',
    unit: '',
    sentence: 'pattern writes log lines as ZooKeeper does, json writes pino records.',
    properties: ['zookeeper.threadkeeper.log.format', 'threadkeeper.log.format'],
  },
  {
    name: 'threadkeeper.placement',
    regime: 'choice',
    default: 'auto',
    unit: '',
    sentence:
      'Which actor lives on which thread: auto (by core count), compact, pipeline, staged, or inline for tests.',
    properties: ['zookeeper.threadkeeper.placement', 'threadkeeper.placement'],
  },
  {
    name: 'threadkeeper.connectionShards',
    regime: 'count',
    default: 'auto',
    unit: 'threads',
    sentence: 'Threads that own client connections: auto (by core count) or a number from 1 to 64.',
    properties: ['zookeeper.threadkeeper.connectionShards', 'threadkeeper.connectionShards'],
  },
] as const satisfies readonly ConfigKey[];

type Row = (typeof CONFIG_KEYS)[number];
export type ConfigKeyName = Row['name'];
/** The names that are read in one way, so that a reader cannot be asked for the wrong kind of value. */
export type ConfigKeyNameOf<R extends Regime> = Extract<Row, { regime: R }>['name'];

const KEYS_BY_NAME: ReadonlyMap<string, ConfigKey> = new Map(CONFIG_KEYS.map((key) => [key.name, key]));

export function configKey(name: ConfigKeyName): ConfigKey {
  return KEYS_BY_NAME.get(name) as ConfigKey;
}

/** The row a key of the file belongs to; a family of keys is found by its prefix. Undefined: nobody we know. */
export function findConfigKey(name: string): ConfigKey | undefined {
  const exact = KEYS_BY_NAME.get(name);
  if (exact !== undefined && exact.regime !== 'pattern' && exact.regime !== 'family') return exact;
  if (name.startsWith('server.')) return KEYS_BY_NAME.get('server.N');
  if (name.startsWith('group')) return KEYS_BY_NAME.get('group.N');
  if (name.startsWith('weight')) return KEYS_BY_NAME.get('weight.N');
  if (name.startsWith('authProvider.')) return KEYS_BY_NAME.get('authProvider.*');
  if (name.startsWith('superUser.')) return KEYS_BY_NAME.get('superUser.*');
  if (name.startsWith('metricsProvider.')) return KEYS_BY_NAME.get('metricsProvider.*');
  return undefined;
}

/** System properties that may carry a key, the strongest first. Empty: the file is the only place, or there are many. */
export function propertiesOf(key: ConfigKey): readonly string[] {
  if (key.regime === 'pattern' || key.regime === 'family' || key.regime.startsWith('strict')) return [];
  return key.properties ?? [`zookeeper.${key.name}`];
}
