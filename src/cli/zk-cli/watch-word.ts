// The old way to ask for a watch: any third word ("ls /a true", even "ls /a false"). Still understood, with a word of
// warning on stderr. Shared by the commands that can watch; the watch itself is printed by the interpreter, long after
// the command is over.

import type { ParsedOptions } from './command-options.js';
import type { Terminal } from './terminal.js';

/** Whether the command shall watch. `syntax` is what stands in its usage line. */
export function wantsWatch(name: string, syntax: string, options: ParsedOptions, terminal: Terminal): boolean {
  if (options.args.length <= 2) return options.has('w');
  terminal.err(`'${name} path [watch]' has been deprecated. Please use '${name} ${syntax}' instead.`);
  return true;
}
