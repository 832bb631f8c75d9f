/**
 * QuorumPeerMain: what `npm start`, zkServer and a container run. Reads the configuration, starts the server, and is the one
 * place that ends the process, with the exit code that ZooKeeper's operators know (operations 11.1).
 *
 * Main thread. Signals end it quickly and without closing any session: clients reconnect, and restart safety is the log's
 * business (operations 11.3). SIGUSR2 writes the counters to the file that THREADKEEPER_COUNTERS_FILE names.
 */
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { clientPorts } from './client-ports.js';
import { checkDataDirectories } from './data-directory.js';
import { EXIT_SIGNALS, ExitCode, type ExitSignal, exitLine } from './exit-code.js';
import { checkPortsFree } from './free-ports.js';
import { LiveServer } from './live-server.js';
import { withPeerSecurityLoaded } from './peer-security-config.js';
import {
  configFileOf,
  LOG_FORMATS,
  LOG_LEVELS,
  loadServerConfig,
  readOptions,
  type ServerConfig,
} from './server-config.js';
import { ServerLog } from './server-log.js';
import { standalonePlan } from './standalone-server.js';
import { logStartBanner } from './start-banner.js';
import { ConfigError, reportStartFailure } from './start-error.js';
import { withTlsLoaded } from './tls-config.js';

const SAMPLE_CONFIG = fileURLToPath(new URL('../../../conf/zoo_sample.cfg', import.meta.url));

const log = ServerLog.forThread('main', 'QuorumPeerMain', { format: 'pattern', level: 'INFO', myid: '' });

const ADMIN_START_DELAY_MS = 100;
let adminDue = false;

function exit(code: ExitCode): never {
  if (code === ExitCode.executionFinished) log.info(exitLine(code));
  else log.error(exitLine(code));
  process.exit(code);
}

function failStart(error: unknown): Promise<void> {
  const { exitCode, stderrLine } = reportStartFailure(error, log);
  process.stderr.write(`${stderrLine}\n`);
  if (!(error instanceof ConfigError)) exit(exitCode);
  return explain(error).finally(() => exit(exitCode));
}

/** What the sentence does not say: file, line, key, and what was expected. */
async function explain(error: ConfigError): Promise<void> {
  const configFile = configFileOf(commandLine());
  if (configFile === null) return;
  const { explainConfigError } = await import('./config-check/explain-config-error.js');
  for (const line of explainConfigError(error, configFile)) {
    log.error(line);
    process.stderr.write(`${line}\n`);
  }
}

async function advise(configFile: string): Promise<void> {
  const { logAdvice } = await import('./config-check/log-advice.js');
  logAdvice(configFile, log);
}

/** `npm start` without words serves the sample configuration. */
function commandLine(): readonly string[] {
  const words = process.argv.slice(2);
  return process.env.npm_lifecycle_event === 'start' && words.length === 0 ? [SAMPLE_CONFIG] : words;
}

function readConfig(argv: readonly string[]): ServerConfig {
  const options = readOptions(argv, process.env);
  const format = LOG_FORMATS.find((f) => f === options.get('threadkeeper.log.format')) ?? 'pattern';
  const level = LOG_LEVELS.find((l) => l === options.get('zookeeper.console.threshold')) ?? 'INFO';
  log.configure({ format, level, myid: '' });
  const config = loadServerConfig({ argv, env: process.env, coreCount: availableParallelism(), log });
  log.configure({ format: config.logFormat, level: config.logLevel, myid: config.myid });
  return config;
}

/** Its modules are loaded when the first clients, who have been waiting for the port, have their sessions. */
function startAdminLater(server: LiveServer): void {
  if (adminDue) return;
  adminDue = true;
  setTimeout(() => server.startAdmin().catch(failStart), ADMIN_START_DELAY_MS);
}

async function main(): Promise<void> {
  const config = await withPeerSecurityLoaded(await withTlsLoaded(readConfig(commandLine())));
  checkDataDirectories(config.dataDir, config.dataLogDir, config.datadirAutocreate);
  await checkPortsFree(config);
  const { quorumPeer } = config;
  const plan =
    quorumPeer === null
      ? standalonePlan(config)
      : (await import('./ensemble-server.js')).ensemblePlan(config, quorumPeer);
  const server = new LiveServer(config, plan, log, {
    onListening: () => startAdminLater(server),
    onListenFailed: failStart,
    onFatal: (error, source, exitCode) => {
      log.error(`Severe unrecoverable error, from thread : ${source}`, { error });
      process.stderr.write(`Severe unrecoverable error, from thread : ${source}: ${error.message}\n`);
      exit(exitCode);
    },
  });
  const countersFile = process.env.THREADKEEPER_COUNTERS_FILE;
  if (countersFile !== undefined) process.on('SIGUSR2', () => server.writeCounters(countersFile));
  // The banner is written while the other threads load.
  const started = server.start();
  logStartBanner(config, log);
  await started;
  if (config.configFile !== null) await advise(config.configFile);
  // Nothing will ever listen then: the AdminServer is all there is.
  if (clientPorts(config).length === 0) startAdminLater(server);
}

for (const signal of Object.keys(EXIT_SIGNALS) as ExitSignal[])
  process.on(signal, () => process.exit(EXIT_SIGNALS[signal]));

main().catch(failStart);
