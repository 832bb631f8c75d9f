// Reads zkCli's own arguments: -server, -timeout, -r, -waitforconnection, -client-configuration, and our --json; the first word that is
// not an option begins the command. Unknown options are ignored and a missing value leaves the default, as ever. Pure
// but for what it says to the terminal; nothing is opened or connected here.

import { CommandError } from './command-error.js';
import { parseInt32 } from './command-options.js';
import type { Terminal } from './terminal.js';

export interface LaunchOptions {
  readonly server: string;
  readonly timeoutMs: number;
  readonly canBeReadOnly: boolean;
  readonly waitForConnection: boolean;
  /** Ours: answers as JSON, and nothing else on stdout. */
  readonly asJson: boolean;
  /** A properties file; null when none was named. */
  readonly clientConfiguration: string | null;
  /** Words of the one command to run; null: read commands from stdin. */
  readonly command: readonly string[] | null;
}

const SERVER_DEFAULT = 'localhost:2181';
const TIMEOUT_MS_DEFAULT = 30_000;

/** Throws CommandError for a timeout that is no number. */
export function parseLaunchOptions(argv: readonly string[], terminal: Terminal): LaunchOptions {
  const values = new Map<string, string>();
  const flags = new Set<string>();
  let command: readonly string[] | null = null;
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i] as string;
    if (!word.startsWith('-')) {
      command = argv.slice(i);
      break;
    }
    if (word === '-server' || word === '-timeout' || word === '-client-configuration') {
      const value = argv[++i];
      if (value === undefined) terminal.err(`Error: no argument found for option ${word}`);
      else values.set(word, value);
    } else {
      flags.add(word);
    }
  }
  const timeout = values.get('-timeout');
  const timeoutMs = timeout === undefined ? TIMEOUT_MS_DEFAULT : parseInt32(timeout);
  if (timeoutMs < 1) throw new CommandError(`timeout ${timeoutMs} must be positive`);
  return {
    server: values.get('-server') ?? SERVER_DEFAULT,
    timeoutMs,
    canBeReadOnly: flags.has('-r'),
    waitForConnection: flags.has('-waitforconnection'),
    asJson: flags.has('--json') || flags.has('-json'),
    clientConfiguration: values.get('-client-configuration') ?? null,
    command,
  };
}
