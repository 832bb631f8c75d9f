/**
 * QuorumPeerMain: what `npm start`, zkServer and a container run. Reads the configuration, starts the server, and is the one
 * place that ends the process, with the exit code that ZooKeeper's operators know (operations 11.1).
 *
 * Main thread. A signal ends it within a second, unless configured otherwise, and no session: what was asked is answered, what is
 * answered is on the disk, and clients reconnect (operations 11.3); a second one ends it at once. SIGQUIT prints where everything stands, and the server goes on.
 * SIGUSR2 writes the counters to the file that THREADKEEPER_COUNTERS_FILE names. It is run by src/launch/quorum-peer-main.ts, once.
 */
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { PreparedWorker } from '../actor/prepared-worker.js';
import { configFileOf, readOptions } from './command-line.js';
import { EXIT_SIGNALS, ExitCode, type ExitSignal, exitLine } from './exit-code.js';
import { DescriptorDestination } from './log-destination.js';
import { CONSOLE_ONLY, readLogSettings } from './log-settings.js';
import { configDirOf } from './logging-config.js';
import { loadServerConfig, type ServerConfig } from './server-config.js';
import { ServerLife } from './server-life.js';
import { ServerLog } from './server-log.js';
import { ConfigError, reportStartFailure } from './start-error.js';

const SAMPLE_CONFIG = fileURLToPath(new URL('../../../conf/zoo_sample.cfg', import.meta.url));
const STDOUT = 1;
const ADVICE_DELAY_MS = 250;

const log = ServerLog.forThread('main', 'QuorumPeerMain', CONSOLE_ONLY);

let life: ServerLife | null = null;
let isEnding = false;

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

/** When the first clients have been served. Nothing that goes wrong in it is a reason to end a server that runs. */
function adviseLater(configFile: string): void {
  setTimeout(() => {
    import('./config-check/log-advice.js')
      .then(({ logAdvice }) => logAdvice(configFile, log))
      .catch((error: unknown) => log.warn(`${configFile} could not be looked at again`, { error }));
  }, ADVICE_DELAY_MS).unref();
}

function failFatally(error: Error, source: string, exitCode: ExitCode): never {
  log.error(`Severe unrecoverable error, from thread : ${source}`, { error });
  log.error(`Thread ${source} exits, error code ${exitCode}`);
  process.stderr.write(`Severe unrecoverable error, from thread : ${source}: ${error.message}\n`);
  exit(exitCode);
}

/** `npm start` without words serves the sample configuration. */
function commandLine(): readonly string[] {
  const words = process.argv.slice(2);
  return process.env.npm_lifecycle_event === 'start' && words.length === 0 ? [SAMPLE_CONFIG] : words;
}

function readConfig(argv: readonly string[]): ServerConfig {
  const { env } = process;
  log.configure(
    readLogSettings({ properties: readOptions(argv, env), env, configDir: configDirOf(configFileOf(argv), env) }),
  );
  const config = loadServerConfig({ argv, env, coreCount: availableParallelism(), log });
  log.configure(config.logging);
  return config;
}

async function main(prepared: readonly PreparedWorker[]): Promise<void> {
  const config = readConfig(commandLine());
  life = new ServerLife(config, log, { onStartFailed: failStart, onFatal: failFatally }, prepared);
  const started = life.start();
  const countersFile = process.env.THREADKEEPER_COUNTERS_FILE;
  if (countersFile !== undefined) process.on('SIGUSR2', () => life?.server?.writeCounters(countersFile));
  await started;
  if (config.configFile !== null) adviseLater(config.configFile);
}

function onSignal(signal: ExitSignal): void {
  const code = EXIT_SIGNALS[signal];
  if (isEnding || life === null) process.exit(code);
  isEnding = true;
  life.drain().then(
    () => process.exit(code),
    () => process.exit(code),
  );
}

/** `prepared`: threads that have begun already. */
export function runServer(prepared: readonly PreparedWorker[]): void {
  for (const signal of Object.keys(EXIT_SIGNALS) as ExitSignal[]) process.on(signal, () => onSignal(signal));

  process.on('SIGQUIT', () => {
    life?.server?.diagnosticReport().then(
      (text) => new DescriptorDestination(STDOUT).write(text),
      (error: unknown) => log.warn('Where everything stands could not be told', { error }),
    );
  });

  process.on('exit', () => life?.finish());

  process.on('uncaughtException', (error) => failFatally(error, 'main', ExitCode.unexpectedError));

  main(prepared).catch(failStart);
}
