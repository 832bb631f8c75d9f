// `threadkeeper container-entrypoint`: what a container runs first. Writes zoo.cfg and myid from the variables where they are
// not there yet, gives the directories to the server's user when started as root and becomes that user, then becomes the
// server: `zkServer start-foreground`, or another command that was given. What is there is never changed.

import { spawn } from 'node:child_process';
import {
  chownSync,
  existsSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { parsePropertiesFile, trimProperties } from '../../base/java-properties.js';
import type { SubCommandContext } from '../threadkeeper/sub-command.js';
import { prepareLaunch } from '../zk-server/launch.js';
import { startForeground } from '../zk-server/start-foreground.js';
import { type ContainerConfig, containerConfig } from './container-config.js';
import { ContainerEnvironment, ContainerError } from './container-environment.js';

/** zookeeper in ZooKeeper's image, node in Node's. */
const SERVER_UID = 1000;
const SERVER_GID = 1000;
const SERVER_COMMANDS: ReadonlySet<string> = new Set(['zkServer', 'zkServer.sh']);

export async function containerEntrypoint({ args, env, out, err }: SubCommandContext): Promise<number> {
  const config = containerConfig(new ContainerEnvironment(env, (path) => readFileSync(path, 'utf8')));
  const command = args.length === 0 ? ['zkServer', 'start-foreground'] : args;
  const isServer = SERVER_COMMANDS.has(command[0]);
  if (isServer) {
    const isConfigOurs = prepareFiles(config);
    const { confDir, dataDir, dataLogDir, logDir } = config;
    const files = [...(isConfigOurs ? [confDir] : []), ...(config.login === null ? [] : [config.login.path])];
    if (process.getuid?.() === 0) becomeServerUser([dataDir, dataLogDir, logDir, ...files]);
  }
  const variables = { ...env, ...config.variables };
  if (!isServer || command[1] !== 'start-foreground') return runCommand(command, variables);
  const launch = prepareLaunch(command.slice(1), variables, { out, err });
  // Null: this process is the server now, and ends itself.
  return (await startForeground(launch, { out, err })) ?? 0;
}

/** Only what is not there; true: zoo.cfg was not. A directory that cannot be made or written to is told by its error. */
export function prepareFiles(config: ContainerConfig): boolean {
  const { confDir, dataDir, dataLogDir, logDir, zooCfg, myid, login } = config;
  for (const directory of [confDir, dataDir, dataLogDir, logDir]) mkdirSync(directory, { recursive: true });
  writeIfAbsent(join(dataDir, 'myid'), `${myid}\n`, 0o644);
  if (login !== null) writeIfAbsent(login.path, login.text, 0o600);
  const configPath = join(confDir, 'zoo.cfg');
  // The passwords of stores stand in it.
  const isOurs = writeIfAbsent(configPath, zooCfg, 0o640);
  if (!isOurs && login !== null) checkLoginIsUsed(configPath);
  return isOurs;
}

/** A file that was mounted, or written by an earlier start without it: nobody is to believe in a lock that is not there. */
function checkLoginIsUsed(configPath: string): void {
  const pairs = trimProperties(parsePropertiesFile(readFileSync(configPath)));
  if (pairs.has('java.security.auth.login.config')) return;
  throw new ContainerError(
    `ZOO_ENABLE_AUTH or ZOO_ENABLE_QUORUM_AUTH is on, but ${configPath} is there already and has no ` +
      'java.security.auth.login.config: remove the file, or set up the login in it',
  );
}

function writeIfAbsent(path: string, text: string, mode: number): boolean {
  if (existsSync(path)) return false;
  writeFileSync(path, text, { flag: 'wx', mode });
  return true;
}

/** A reconfiguration rewrites zoo.cfg, where it may. */
function becomeServerUser(directories: readonly string[]): void {
  for (const directory of directories) giveAway(directory);
  process.setgroups?.([SERVER_GID]);
  process.setgid?.(SERVER_GID);
  process.setuid?.(SERVER_UID);
}

/** A symbolic link is given away itself, never what it leads to. */
function giveAway(path: string): void {
  const stat = lstatSync(path);
  if (stat.uid !== SERVER_UID) (stat.isSymbolicLink() ? lchownSync : chownSync)(path, SERVER_UID, SERVER_GID);
  if (!stat.isDirectory()) return;
  for (const name of readdirSync(path)) giveAway(join(path, name));
}

function runCommand([program, ...words]: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, { stdio: 'inherit', env });
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])));
  });
}
