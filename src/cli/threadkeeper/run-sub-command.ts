// Finds a sub-command of `threadkeeper` in the table and runs it: usage, help, and what an error becomes. Without a process
// of its own; the main file gives it the real one.
//
//   exit code   0  as the sub-command says          1  it failed, one line on stderr says why
//               2  words that make no sense: the usage is on stderr

import type { SubCommandContext, SubCommandRow } from './sub-command.js';
import { SubCommandUsageError } from './sub-command.js';

const EXIT_DONE = 0;
const EXIT_FAILED = 1;
const EXIT_INVOCATION = 2;
const HELP_WORDS: ReadonlySet<string> = new Set(['help', '-h', '-help', '--help']);

export async function runSubCommand(table: readonly SubCommandRow[], context: SubCommandContext): Promise<number> {
  const [name, ...args] = context.args;
  if (name === undefined) {
    context.err(usage(table));
    return EXIT_INVOCATION;
  }
  const asksForHelp = HELP_WORDS.has(name);
  const row = table.find((candidate) => candidate.name === (asksForHelp ? args[0] : name));
  if (asksForHelp && (row !== undefined || args.length === 0)) {
    context.out(row === undefined ? usage(table) : usageOf(row));
    return EXIT_DONE;
  }
  if (row === undefined) {
    context.err(`threadkeeper knows no sub-command ${asksForHelp ? args[0] : name}\n${usage(table)}`);
    return EXIT_INVOCATION;
  }
  const own = row.passesWordsOn === true ? args.slice(0, 1) : args;
  if (own.some((word) => word !== 'help' && HELP_WORDS.has(word))) {
    context.out(usageOf(row));
    return EXIT_DONE;
  }
  return run(row, { ...context, args });
}

async function run(row: SubCommandRow, context: SubCommandContext): Promise<number> {
  try {
    const subCommand = await row.load();
    return await subCommand(context);
  } catch (error) {
    // Whoever read our output has seen enough (`threadkeeper doctor | head -1`).
    if ((error as NodeJS.ErrnoException)?.code === 'EPIPE') return EXIT_FAILED;
    context.err(`${error instanceof Error ? error.message : String(error)}\n`);
    if (!(error instanceof SubCommandUsageError)) return EXIT_FAILED;
    context.err(usageOf(row));
    return EXIT_INVOCATION;
  }
}

function usage(table: readonly SubCommandRow[]): string {
  const width = Math.max(...table.map((row) => row.name.length));
  const rows = table.map((row) => `  ${row.name.padEnd(width)}  ${row.sentence}\n`).join('');
  return `Usage: threadkeeper <sub-command> [words]\n${rows}threadkeeper help <sub-command> shows its words.\n`;
}

function usageOf({ name, words, sentence }: SubCommandRow): string {
  return `Usage: threadkeeper ${name}${words === '' ? '' : ` ${words}`}\n  ${sentence}\n`;
}
