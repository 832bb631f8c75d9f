// `threadkeeper doctor`: everything that can be known about a server before it starts and while it runs, from the
// configuration, the machine and two four-letter words. Gathers, lets the checks judge, prints. Changes nothing: the only
// file it writes is one of its own, to measure the log disk with, and that is removed again.
//
// Exit code 0: nothing to do; 1: warnings; 2: errors, a server would not start or does not serve.

import { existsSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { ServerConfig } from '../../server/server-config.js';
import { type SubCommandContext, SubCommandUsageError } from '../threadkeeper/sub-command.js';
import { askFourLetterWord } from '../zk-server/four-letter-client.js';
import { prepareLaunch } from '../zk-server/launch.js';
import { checkCertificates } from './certificate-check.js';
import { checkConfig } from './config-check.js';
import { checkData } from './data-check.js';
import { checkDisks } from './disk-check.js';
import { readDataFacts, readDiskFacts } from './disk-facts.js';
import { exitCodeOf, jsonReport, textReport } from './doctor-report.js';
import type { Finding } from './finding.js';
import { checkMachine } from './machine-check.js';
import { readMachineFacts, tryPorts } from './machine-facts.js';
import { checkMembers } from './member-check.js';
import { readMemberFacts } from './member-facts.js';
import { checkPorts } from './port-check.js';
import { portsOf } from './port-facts.js';
import { checkServer, modeOf } from './server-check.js';

const REPLY_MS_MAX = 3000;

interface DoctorOptions {
  readonly configFile: string;
  readonly configDir: string;
  readonly server: { readonly host: string; readonly port: number } | null;
  readonly isDeep: boolean;
  readonly isJson: boolean;
}

export async function doctor({ args, env, out }: SubCommandContext): Promise<number> {
  const options = parseOptions(args, env);
  const findings = await examine(options, env);
  out(options.isJson ? jsonReport(findings) : textReport(findings));
  return exitCodeOf(findings);
}

function parseOptions(args: readonly string[], env: SubCommandContext['env']): DoctorOptions {
  let configPath: string | null = null;
  let server: DoctorOptions['server'] = null;
  let isDeep = false;
  let isJson = false;
  for (let i = 0; i < args.length; i++) {
    const equals = args[i].indexOf('=');
    const name = equals < 0 ? args[i] : args[i].slice(0, equals);
    const value = (): string => {
      const text = equals < 0 ? args[++i] : args[i].slice(equals + 1);
      if (text === undefined || text === '') throw new SubCommandUsageError(`${name} needs a value`);
      return text;
    };
    if (name === '--config') configPath = value();
    else if (name === '--server') server = parseServer(value());
    else if (name === '--deep') isDeep = true;
    else if (name === '--json') isJson = true;
    else throw new SubCommandUsageError(`doctor knows no ${args[i]}`);
  }
  return { ...configOf(configPath, env), server, isDeep, isJson };
}

function configOf(path: string | null, env: SubCommandContext['env']): { configFile: string; configDir: string } {
  if (path === null) {
    const { configFile } = prepareLaunch(['doctor'], env, SILENT);
    return { configFile, configDir: dirname(configFile) };
  }
  const isDirectory = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  return isDirectory
    ? { configFile: join(path, env.ZOOCFG || 'zoo.cfg'), configDir: path }
    : { configFile: path, configDir: dirname(path) };
}

const SILENT = { out: () => undefined, err: () => undefined };

function parseServer(text: string): { host: string; port: number } {
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text);
  if (match === null) throw new SubCommandUsageError(`--server ${text} is not host:port`);
  return { host: match[1] ?? match[2], port: Number(match[3]) };
}

async function examine(options: DoctorOptions, env: SubCommandContext['env']): Promise<Finding[]> {
  const { configFile, configDir, server } = options;
  const isOnlyServer = server !== null && !existsSync(configFile);
  const launch = prepareLaunch(['--config', configDir, 'doctor', resolve(configFile)], env, SILENT);
  const checked = isOnlyServer
    ? { config: null, findings: [] }
    : checkConfig(configFile, launch.env, availableParallelism());
  const { config } = checked;
  const findings = [...checked.findings];
  if (config !== null) findings.push(...(await examineConfigured(config, options, launch.pairs ?? new Map())));
  if (!isOnlyServer) findings.push(...checkMachine(await readMachineFacts(config)));
  if (server !== null) {
    const where = `${server.host}:${server.port}`;
    const facts = await askServer(server.host, server.port);
    findings.push(...checkServer({ where, isExpected: true, ...facts, frameBytesMax: config?.frameBytesMax ?? null }));
  }
  return findings;
}

async function examineConfigured(
  config: ServerConfig,
  options: DoctorOptions,
  pairs: ReadonlyMap<string, string>,
): Promise<Finding[]> {
  const members = await readMemberFacts(config, options.configFile, pairs);
  const answers =
    config.clientPort === null
      ? NO_ANSWERS
      : await askServer(config.clientPortAddress ?? 'localhost', config.clientPort);
  const runningMode = answers.srvr === null ? null : (modeOf(answers.srvr) ?? 'not serving');
  const own = members.members.servers.find(({ sid }) => String(sid) === members.myid);
  const findings = [
    ...checkMembers(members),
    ...checkPorts(await tryPorts(portsOf(config, own)), runningMode),
    ...checkServer({
      where: `${config.clientPortAddress ?? 'localhost'}:${config.clientPort ?? '(no client port)'}`,
      isExpected: false,
      ...answers,
      frameBytesMax: config.frameBytesMax,
    }),
    ...checkDisks(readDiskFacts(config)),
    ...(await examineData(config, runningMode !== null, options.isDeep)),
  ];
  if (config.tls !== null || config.peerSecurity.tls !== null) {
    const { readCertificateFacts } = await import('./certificate-facts.js');
    const hosts = own?.addresses.map(({ host }) => host) ?? [];
    findings.push(...checkCertificates(readCertificateFacts(config, hosts), Date.now()));
  }
  return findings;
}

async function examineData(config: ServerConfig, isRunning: boolean, isDeep: boolean): Promise<Finding[]> {
  const { readDamage, checkNewestSnapshot } = await import('./recovery-facts.js');
  const { damage, whyNotLooked } = readDamage(config, isRunning, isDeep);
  // A running server knows its zxid better than the names of its files do.
  const findings = checkData({ ...readDataFacts(config), damage, whyNotLooked }).filter(
    ({ check }) => check !== 'zxid' || !isRunning,
  );
  return isDeep ? [...findings, ...checkNewestSnapshot(config)] : findings;
}

const NO_ANSWERS = { srvr: null, mntr: null };

async function askServer(host: string, port: number): Promise<{ srvr: string | null; mntr: string | null }> {
  const srvr = await askFourLetterWord(host, port, 'srvr', REPLY_MS_MAX);
  return { srvr, mntr: srvr === null ? null : await askFourLetterWord(host, port, 'mntr', REPLY_MS_MAX) };
}
