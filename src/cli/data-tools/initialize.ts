// zkServer-initialize without its process: empty data directories for a new server, with the mark that says the emptiness is
// meant. Words and exit codes are those of zkServer-initialize.sh; refusals go to stdout there, and so they do here. Unlike
// the script it leaves a directory alone while the server that its pid file names is running.

import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { VERSION_DIRECTORY } from '../../persistence/data-directories.js';
import type { ToolIo } from '../offline/tool-io.js';
import { configFileOf } from '../zk-server/config-file.js';
import { readConfiguredDirectories } from './configured-directories.js';

type Environment = Readonly<Record<string, string | undefined>>;

const EXIT_DONE = 0;
/** Of help, too. */
const EXIT_REFUSED = 1;

interface InitializeOptions {
  readonly configFile: string;
  readonly myid: string | null;
  readonly force: boolean;
}

class Refused extends Error {}

/** `isRunning`: whether the server of a data directory is. */
export function initialize(
  args: readonly string[],
  io: ToolIo,
  env: Environment,
  directoryExists: (path: string) => boolean,
  isRunning: (dataDir: string) => boolean,
): number {
  try {
    const options = parseOptions(args, env);
    makeDirectories(options, io, directoryExists, isRunning);
    return EXIT_DONE;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    io.out(`${error.message}\n`);
    return EXIT_REFUSED;
  }
}

function makeDirectories(
  options: InitializeOptions,
  io: ToolIo,
  directoryExists: (path: string) => boolean,
  isRunning: (dataDir: string) => boolean,
): void {
  const configured = readConfiguredDirectories(options.configFile);
  if (configured === null) throw new Refused(`Unable to find config file at ${options.configFile}`);
  const { dataDir } = configured;
  if (dataDir === null) throw new Refused(`Unable to determine dataDir from ${options.configFile}`);
  const dataLogDir = configured.dataLogDir ?? dataDir;
  if (options.force) {
    io.out('Force enabled, data/txnlog directories will be re-initialized\n');
    if (isRunning(dataDir)) throw new Refused(`The server of ${dataDir} is running; stop it first`);
  } else {
    for (const [what, directory] of [['data', dataDir] as const, ['txnlog', dataLogDir] as const]) {
      if (!directoryExists(join(directory, VERSION_DIRECTORY))) continue;
      const hint = '(or use --force to force re-initialization)';
      throw new Refused(`ZooKeeper ${what} directory already exists at ${directory} ${hint}`);
    }
  }
  const version2 = new Set([join(dataDir, VERSION_DIRECTORY), join(dataLogDir, VERSION_DIRECTORY)]);
  rmSync(join(dataDir, 'myid'), { force: true });
  for (const directory of version2) rmSync(directory, { recursive: true, force: true });
  for (const directory of version2) mkdirSync(directory, { recursive: true });
  if (options.myid === null) {
    io.out(`No myid provided, be sure to specify it in ${dataDir}/myid if using non-standalone\n`);
  } else {
    io.out(`Using myid of ${options.myid}\n`);
    writeFileSync(join(dataDir, 'myid'), `${options.myid}\n`);
  }
  writeFileSync(join(dataDir, 'initialize'), '');
}

function parseOptions(args: readonly string[], env: Environment): InitializeOptions {
  let configFile = configFileOf(env);
  let myid: string | null = null;
  let force = false;
  for (let i = 0; i < args.length; i++) {
    const [name, attached] = splitOption(args[i]);
    const value = (): string => {
      const text = attached ?? args[++i];
      if (text === undefined || text === '') throw new Refused(`${name} needs a value\n${usage(configFileOf(env))}`);
      return text;
    };
    if (name === '-h' || name === '--help') throw new Refused(usage(configFileOf(env)));
    else if (name === '--force') force = true;
    else if (name === '--configfile') configFile = value();
    else if (name === '--myid') myid = value();
    else throw new Refused(`Unknown option: ${args[i]}\n${usage(configFileOf(env))}`);
  }
  if (myid !== null && !/^\d+$/.test(myid)) throw new Refused(`myid ${myid} is not a number`);
  return { configFile, myid, force };
}

function splitOption(word: string): readonly [string, string | undefined] {
  const equals = word.indexOf('=');
  return equals < 0 ? [word, undefined] : [word.slice(0, equals), word.slice(equals + 1)];
}

function usage(configFile: string): string {
  return `usage: zkServer-initialize <parameters>
  Optional parameters:
     -h                                                    Display this message
     --help                                                Display this message
     --configfile=<file>                                   ZooKeeper config file (default: ${configFile})
     --myid=#                                              Set the myid to be used, if any (1-255)
     --force                                               Force creation of the data/txnlog dirs`;
}
