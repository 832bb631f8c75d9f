// The command line of the server: options as the scripts of the reference hand them to a JVM, and words. Pure, on the main
// thread, before anything else exists: the log asks it for its own options before there is a configuration. It knows no
// key and no value; what a word or an option means is decided by whoever reads the configuration.
//
//   -D behind the program's name  >  -D in JVMFLAGS  >  -D in SERVER_JVMFLAGS

import type { Logger } from '../actor/logger.js';
import { parseJvmFlags, splitShellWords } from './jvm-flags.js';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface CommandLine {
  /** By their full names, as behind -D. */
  readonly options: ReadonlyMap<string, string>;
  readonly words: readonly string[];
}

export function readCommandLine(argv: readonly string[], env: Environment, log: Logger): CommandLine {
  const fromEnvironment = parseJvmFlags(flagWords(env));
  const fromArgv = parseJvmFlags(argv);
  const ignored = [...fromEnvironment.ignored, ...fromEnvironment.rest, ...fromArgv.ignored];
  if (ignored.length > 0) log.debug(`Options without a meaning for this server: ${ignored.join(' ')}`);
  return {
    options: new Map([...fromEnvironment.properties, ...fromArgv.properties]),
    words: fromArgv.rest,
  };
}

/** The -D options that count, for whoever needs one before there is a configuration: the log. */
export function readOptions(argv: readonly string[], env: Environment): ReadonlyMap<string, string> {
  return parseJvmFlags([...flagWords(env), ...argv]).properties;
}

/** Null: the command line names none. */
export function configFileOf(argv: readonly string[]): string | null {
  const words = parseJvmFlags(argv).rest;
  return words.length === 1 ? words[0] : null;
}

function flagWords(env: Environment): string[] {
  return splitShellWords(`${env.SERVER_JVMFLAGS ?? ''} ${env.JVMFLAGS ?? ''}`);
}
