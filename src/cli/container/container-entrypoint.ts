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
import type { SubCommandContext } from '../threadkeeper/sub-command.js';
import { prepareLaunch } from '../zk-server/launch.js';
import { startForeground } from '../zk-server/start-foreground.js';
import { type ContainerConfig, containerConfig } from './container-config.js';
import { ContainerEnvironment } from './container-environment.js';

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
    if (process.getuid?.() === 0) becomeServerUser([dataDir, dataLogDir, logDir, ...(isConfigOurs ? [confDir] : [])]);
  }
  const variables = { ...env, ...config.variables };
  if (!isServer || command[1] !== 'start-foreground') return runCommand(command, variables);
  const launch = prepareLaunch(command.slice(1), variables, { out, err });
  // Null: this process is the server now, and ends itself.
  return (await startForeground(launch, { out, err })) ?? 0;
}

/** Only what is not there; true: zoo.cfg was not. A directory that cannot be made or written to is told by its error. */
export function prepareFiles({ confDir, dataDir, dataLogDir, logDir, zooCfg, myid }: ContainerConfig): boolean {
  for (const directory of [confDir, dataDir, dataLogDir, logDir]) mkdirSync(directory, { recursive: true });
  writeIfAbsent(join(dataDir, 'myid'), `${myid}\n`, 0o644);
  // The passwords of stores stand in it.
  return writeIfAbsent(join(confDir, 'zoo.cfg'), zooCfg, 0o640);
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
