// What zkServer knows before it does anything: the sub-command, the configuration file, the directories, the pid file
// and the environment of the server, from arguments and environment variables as zkServer.sh and zkEnv.sh decide them.
// Made once per call. Reads files, runs java.env and zookeeper-env.sh in a shell, prints the two lines every
// sub-command begins with; creates nothing and starts nothing.

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { parsePropertiesFile, trimProperties } from '../../base/java-properties.js';
import { parseJvmFlags, splitShellWords } from '../../server/jvm-flags.js';
import { chooseConfigFile, defaultConfigDir, installPrefix, PACKAGE_ROOT } from './config-file.js';
import type { Terminal } from './terminal.js';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Launch {
  readonly command: string;
  readonly configFile: string;
  /** Null: the file cannot be read. The server will say why. */
  readonly pairs: ReadonlyMap<string, string> | null;
  /** What JVMFLAGS and SERVER_JVMFLAGS set with -D. */
  readonly properties: ReadonlyMap<string, string>;
  readonly dataDir: string | null;
  readonly dataLogDir: string | null;
  /** Null: it lies in the data directory, and nobody knows where that is. */
  readonly pidFile: string | null;
  readonly logDir: string;
  readonly outFile: string;
  /** For the server: with what java.env and zookeeper-env.sh have set. */
  readonly env: Environment;
  /** For node, in front of the program. */
  readonly nodeOptions: readonly string[];
  /** True: somebody asked for a heap size, which only a process of its own can have. */
  readonly heapAsked: boolean;
  /** For the server, in front of the configuration file. */
  readonly serverOptions: readonly string[];
}

export const SERVER_MAIN = join(PACKAGE_ROOT, 'dist/bundle/server/quorum-peer-main.js');
const DEFAULT_HEAP_MB = 1000;

export function prepareLaunch(argv: readonly string[], callerEnv: Environment, terminal: Terminal): Launch {
  const configOption = argv.length > 1 && argv[0] === '--config' ? argv[1] : undefined;
  const [command = '', configName] = configOption === undefined ? argv : argv.slice(2);

  const prefix = installPrefix(callerEnv);
  const configDir = configOption ?? (callerEnv.ZOOCFGDIR || defaultConfigDir(prefix));
  let env: Environment = { ...callerEnv, ZOOCFGDIR: configDir };
  env = sourced(join(configDir, 'zookeeper-env.sh'), env, terminal);
  const zoocfg = env.ZOOCFG || 'zoo.cfg';
  env = sourced(join(configDir, 'java.env'), env, terminal);

  const configFile = chooseConfigFile(configDir, zoocfg, configName);
  for (const line of jmxLines(env)) terminal.err(`${line}\n`);
  terminal.err(`Using config: ${configFile}\n`);

  const pairs = readPairs(configFile);
  const dataDir = pairs?.get('dataDir') || null;
  const logDir = env.ZOO_LOG_DIR || join(prefix, 'logs');
  const user = env.USER || currentUser();
  const host = env.HOSTNAME || hostname();
  const flags = parseJvmFlags(splitShellWords(`${env.SERVER_JVMFLAGS ?? ''} ${env.JVMFLAGS ?? ''}`));
  const heapText = env.ZK_SERVER_HEAP ?? '';
  const heapMb = flags.heapMb ?? (/^[1-9]\d*$/.test(heapText) ? Number(heapText) : DEFAULT_HEAP_MB);
  const defaults: readonly (readonly [string, string])[] = [
    ['zookeeper.log.dir', logDir],
    ['zookeeper.log.file', env.ZOO_LOG_FILE || `zookeeper-${user}-server-${host}.log`],
    ...(env.ZOO_DATADIR_AUTOCREATE_DISABLE ? [['zookeeper.datadir.autocreate', 'false'] as const] : []),
  ];
  return {
    command,
    configFile,
    pairs,
    properties: flags.properties,
    dataDir,
    dataLogDir: pairs?.get('dataLogDir') || null,
    pidFile: env.ZOOPIDFILE || (dataDir === null ? null : join(dataDir, 'zookeeper_server.pid')),
    logDir,
    outFile: join(logDir, `zookeeper-${user}-server-${host}.out`),
    env,
    nodeOptions: [`--max-old-space-size=${heapMb}`],
    heapAsked: flags.heapMb !== null || heapText !== '',
    // The command line is stronger than JVMFLAGS here, unlike with a JVM, so what those say is left to them.
    serverOptions: defaults
      .filter(([name]) => !flags.properties.has(name))
      .map(([name, value]) => `-D${name}=${value}`),
  };
}

function readPairs(configFile: string): ReadonlyMap<string, string> | null {
  try {
    return trimProperties(parsePropertiesFile(readFileSync(configFile)));
  } catch {
    return null;
  }
}

/** The environment after a shell has read the file; as it was if there is none. */
function sourced(file: string, env: Environment, terminal: Terminal): Environment {
  if (!existsSync(file)) return env;
  const script = 'set -a; . "$0" >&2; exec env -0';
  const path = resolve(file);
  for (const shell of ['bash', 'sh']) {
    const run = spawnSync(shell, ['-c', script, path], { env, stdio: ['ignore', 'pipe', 'inherit'] });
    if (run.error !== undefined) continue;
    if (run.status !== 0) break;
    return parseEnvironment(run.stdout.toString('utf8'));
  }
  terminal.err(`${file} could not be read by a shell\n`);
  return env;
}

function parseEnvironment(text: string): Environment {
  const env: Record<string, string> = {};
  for (const entry of text.split('\0')) {
    const equals = entry.indexOf('=');
    const name = entry.slice(0, equals);
    // These two are the shell's own.
    if (equals > 0 && name !== '_' && name !== 'SHLVL') env[name] = entry.slice(equals + 1);
  }
  return env;
}

/** There is no JMX here. Wrappers count these lines to find the one with the configuration file. */
function jmxLines(env: Environment): string[] {
  if (env.JMXDISABLE && env.JMXDISABLE !== 'false') return ['JMX disabled by user request'];
  const lines = ['ZooKeeper JMX enabled by default'];
  if (!env.JMXPORT) return lines;
  lines.push(
    `ZooKeeper remote JMX Port set to ${env.JMXPORT}`,
    `ZooKeeper remote JMX authenticate set to ${env.JMXAUTH || 'false'}`,
    `ZooKeeper remote JMX ssl set to ${env.JMXSSL || 'false'}`,
    `ZooKeeper remote JMX log4j set to ${env.JMXLOG4J || 'true'}`,
  );
  if (env.JMXHOSTNAME) lines.push(`ZooKeeper remote JMX Hostname set to ${env.JMXHOSTNAME}`);
  return lines;
}

function currentUser(): string {
  try {
    return userInfo().username;
  } catch {
    return 'zookeeper';
  }
}
