// What a zkCli command is: a name, a usage line and something to do with its words. Commands that steer zkCli itself
// (history, connect, quit, …) are not of this kind: they live in the interpreter. A command keeps nothing between two
// runs and knows no process, only the session and the terminal it is given.

import type { ZooKeeper } from '../../client/zookeeper.js';
import { CommandError } from './command-error.js';
import type { JsonAnswer } from './json-answers.js';
import type { Terminal } from './terminal.js';

export interface CommandContext {
  readonly zk: ZooKeeper;
  readonly terminal: Terminal;
  /** What answers are given to instead of the terminal, with --json; null without. */
  readonly json: JsonAnswer | null;
}

export interface Command {
  readonly name: string;
  /** What follows the name in usage lines. */
  readonly syntax: string;
  /** Explained below the usage line when the command is used wrongly; most commands leave them to their syntax. */
  readonly optionHelp?: readonly string[];
  /** words[0] is the name. Throws CommandError, KeeperError or InvalidPathError to fail. */
  run(words: readonly string[], context: CommandContext): Promise<void>;
}

/** The usage line, as the error that a wrong call gets. */
export function usageError(command: Command): CommandError {
  const lines = [`${command.name} ${command.syntax}`, ...(command.optionHelp ?? [])];
  // A list of options ends with an empty line.
  return new CommandError(lines.length === 1 ? (lines[0] as string) : `${lines.join('\n')}\n`);
}
