// zoo.cfg and myid as the variables of a container say them: those of ZooKeeper's official image, and the names that
// Bitnami's image has for the same things, where they differ. Pure: variables in, texts out; whether they are written is the
// entrypoint's business. What asks for security that these variables do not give is refused, never passed over.

import { join } from 'node:path';
import { type ContainerEnvironment, ContainerError } from './container-environment.js';
import { containerLogin } from './container-login.js';

export interface ContainerConfig {
  readonly confDir: string;
  readonly dataDir: string;
  readonly dataLogDir: string;
  readonly logDir: string;
  /** The whole of zoo.cfg. */
  readonly zooCfg: string;
  readonly myid: string;
  /** A login configuration; its text is secret. Null: there is none. */
  readonly login: { readonly path: string; readonly text: string } | null;
  /** For the server's process. */
  readonly variables: Readonly<Record<string, string>>;
}

const LOGIN_FILE = 'zoo_jaas.conf';
const DEFAULT_SERVERS = 'server.1=localhost:2888:3888;2181';

/** The key, the variables in the order of their strength, and the default; null: the line is left out. */
const LINES: readonly (readonly [key: string, names: readonly string[], fallback: string | null])[] = [
  ['tickTime', ['ZOO_TICK_TIME'], '2000'],
  ['initLimit', ['ZOO_INIT_LIMIT'], '5'],
  ['syncLimit', ['ZOO_SYNC_LIMIT'], '2'],
  ['maxClientCnxns', ['ZOO_MAX_CLIENT_CNXNS'], '60'],
  ['autopurge.snapRetainCount', ['ZOO_AUTOPURGE_SNAPRETAINCOUNT', 'ZOO_AUTOPURGE_RETAIN_COUNT'], '3'],
  ['autopurge.purgeInterval', ['ZOO_AUTOPURGE_PURGEINTERVAL', 'ZOO_AUTOPURGE_INTERVAL'], '0'],
  ['standaloneEnabled', ['ZOO_STANDALONE_ENABLED'], 'true'],
  ['4lw.commands.whitelist', ['ZOO_4LW_COMMANDS_WHITELIST'], null],
  ['clientPort', ['ZOO_PORT_NUMBER'], null],
  ['maxCnxns', ['ZOO_MAX_CNXNS'], null],
  ['maxSessionTimeout', ['ZOO_MAX_SESSION_TIMEOUT'], null],
  ['preAllocSize', ['ZOO_PRE_ALLOC_SIZE'], null],
  ['snapCount', ['ZOO_SNAPCOUNT'], null],
  ['peerType', ['ZOO_PEER_TYPE'], null],
  ['admin.serverAddress', ['ZOO_ADMIN_SERVER_ADDRESS'], null],
  ['admin.serverPort', ['ZOO_ADMIN_SERVER_PORT_NUMBER'], null],
  ['console.threshold', ['ZOO_LOG_LEVEL'], null],
];
/** yes and no there, true and false here. */
const SWITCHES: readonly (readonly [key: string, name: string])[] = [
  ['quorumListenOnAllIPs', 'ZOO_LISTEN_ALLIPS_ENABLED'],
  ['reconfigEnabled', 'ZOO_RECONFIG_ENABLED'],
  ['fips-mode', 'ZOO_FIPS_MODE'],
];
const PROMETHEUS = 'org.apache.zookeeper.metrics.prometheus.PrometheusMetricsProvider';

export function containerConfig(env: ContainerEnvironment): ContainerConfig {
  const dataDir = env.get('ZOO_DATA_DIR') ?? '/data';
  const dataLogDir = env.get('ZOO_DATA_LOG_DIR') ?? '/datalog';
  const confDir = env.get('ZOO_CONF_DIR') ?? '/conf';
  const logDir = env.get('ZOO_LOG_DIR') ?? '/logs';
  const heapMb = env.get('ZOO_HEAP_SIZE');
  const loginPath = join(confDir, LOGIN_FILE);
  const login = containerLogin(env, loginPath);
  const lines = [
    `dataDir=${dataDir}`,
    `dataLogDir=${dataLogDir}`,
    ...plainLines(env),
    `admin.enableServer=${isAdminOn(env)}`,
    ...prometheusLines(env),
    ...tlsLines(env, 'CLIENT', 'ssl.', `secureClientPort=${env.get('ZOO_TLS_PORT_NUMBER') ?? '3181'}`),
    ...tlsLines(env, 'QUORUM', 'ssl.quorum.', 'sslQuorum=true'),
    ...login.lines,
    ...serverLines(env),
    ...env.words('ZOO_CFG_EXTRA'),
  ];
  return {
    confDir,
    dataDir,
    dataLogDir,
    logDir,
    zooCfg: `${lines.join('\n')}\n`,
    myid: myidOf(env),
    login: login.jaas === null ? null : { path: loginPath, text: login.jaas },
    variables: {
      ZOOCFGDIR: confDir,
      ZOO_LOG_DIR: logDir,
      ...(heapMb === undefined ? {} : { ZK_SERVER_HEAP: heapMb }),
      ...(login.jaas === null ? {} : { CLIENT_JVMFLAGS: clientFlags(env, loginPath) }),
    },
  };
}

/** For a zkCli that the entrypoint runs; what the caller says comes behind, and is stronger. */
function clientFlags(env: ContainerEnvironment, loginPath: string): string {
  return `-Djava.security.auth.login.config=${loginPath} ${env.get('CLIENT_JVMFLAGS') ?? ''}`.trim();
}

function plainLines(env: ContainerEnvironment): string[] {
  const lines = LINES.flatMap(([key, names, fallback]) => {
    const value = names.map((name) => env.get(name)).find((text) => text !== undefined) ?? fallback;
    return value === null ? [] : [`${key}=${value}`];
  });
  const switched = SWITCHES.filter(([, name]) => env.get(name) !== undefined);
  return [...lines, ...switched.map(([key, name]) => `${key}=${env.isOn(name)}`)];
}

/** On unless it is said otherwise, in the one image's words or the other's. */
function isAdminOn(env: ContainerEnvironment): boolean {
  const name = env.get('ZOO_ENABLE_ADMIN_SERVER') === undefined ? 'ZOO_ADMINSERVER_ENABLED' : 'ZOO_ENABLE_ADMIN_SERVER';
  return env.get(name) === undefined || env.isOn(name);
}

function prometheusLines(env: ContainerEnvironment): string[] {
  if (!env.isOn('ZOO_ENABLE_PROMETHEUS_METRICS')) return [];
  const port = env.get('ZOO_PROMETHEUS_METRICS_PORT_NUMBER') ?? '7000';
  return [`metricsProvider.className=${PROMETHEUS}`, `metricsProvider.httpPort=${port}`];
}

/** `lead`: what switches it on. */
function tlsLines(env: ContainerEnvironment, side: 'CLIENT' | 'QUORUM', prefix: string, lead: string): string[] {
  const variable = (name: string) => env.get(`ZOO_TLS_${side}_${name}`);
  if (!env.isOn(`ZOO_TLS_${side}_ENABLE`)) return [];
  const values: readonly (readonly [string, string | undefined])[] = [
    ['keyStore.location', variable('KEYSTORE_FILE')],
    ['keyStore.password', variable('KEYSTORE_PASSWORD')],
    ['trustStore.location', variable('TRUSTSTORE_FILE')],
    ['trustStore.password', variable('TRUSTSTORE_PASSWORD')],
    ['keyStore.type', variable('KEYSTORE_TYPE')],
    ['trustStore.type', variable('TRUSTSTORE_TYPE')],
    ['clientAuth', variable(side === 'CLIENT' ? 'AUTH' : 'CLIENT_AUTH')],
  ];
  const lines = values.flatMap(([key, value]) => (value === undefined ? [] : [`${prefix}${key}=${value}`]));
  return [lead, ...lines];
}

/** `server.1=a:2888:3888;2181` as the official image has it, or `a:2888:3888::1` and `a:2888:3888` as Bitnami's. */
function serverLines(env: ContainerEnvironment): string[] {
  const words = env.words('ZOO_SERVERS', /[\s,]+/);
  // A server with a client port of its own and nobody beside it needs no list.
  if (words.length === 0) return env.get('ZOO_PORT_NUMBER') === undefined ? [DEFAULT_SERVERS] : [];
  const clientPort = env.get('ZOO_PORT_NUMBER') ?? '2181';
  return words.map((word, i) => {
    if (/^server\.\d+=/.test(word)) return word;
    const match = /^([^=]+?)(?:::(\d+))?$/.exec(word);
    if (match === null)
      throw new ContainerError(`ZOO_SERVERS: ${word} is neither server.1=host:2888:3888 nor host:2888:3888::1`);
    const [, addresses, id = String(i + 1)] = match;
    return `server.${id}=${addresses}${addresses.includes(';') ? '' : `;${clientPort}`}`;
  });
}

/** `hostname`: that of a StatefulSet's pod, zk-0 to zk-2, where numbers begin at 0. */
function myidOf(env: ContainerEnvironment): string {
  const text = env.get('ZOO_MY_ID') ?? env.get('ZOO_SERVER_ID') ?? '1';
  if (text !== 'hostname') return text;
  const ordinal = /-(\d+)$/.exec(env.get('HOSTNAME') ?? '')?.[1];
  if (ordinal === undefined) throw new ContainerError('ZOO_MY_ID=hostname, but HOSTNAME does not end in -<number>');
  return String(Number(ordinal) + 1);
}
