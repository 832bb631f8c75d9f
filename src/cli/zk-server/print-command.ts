// `print-cmd`: the command line that `start` would run, quoted for a shell, for supervisors that want to run it
// themselves. It shows the options in JVMFLAGS and java.env as well, because whoever runs the line may not have them
// in the environment; they may hold secrets, which is why `start` itself hands them over in the environment.

import { splitShellWords } from '../../server/jvm-flags.js';
import { missingDirectory } from './directories.js';
import { type Launch, SERVER_MAIN } from './launch.js';
import type { Terminal } from './terminal.js';

export function printCommand(launch: Launch, terminal: Terminal): number {
  const missing = missingDirectory(launch);
  if (missing !== null) {
    terminal.out(`${missing}\n`);
    return 1;
  }
  const flags = splitShellWords(`${launch.env.SERVER_JVMFLAGS ?? ''} ${launch.env.JVMFLAGS ?? ''}`);
  const options = [...launch.serverOptions, ...flags.filter((flag) => flag.startsWith('-D'))];
  const words = [process.execPath, ...launch.nodeOptions, SERVER_MAIN, ...options, launch.configFile];
  terminal.out(`${words.map(quoted).join(' ')} > ${quoted(launch.outFile)} 2>&1 < /dev/null\n`);
  return 0;
}

function quoted(word: string): string {
  return /^[\w./=:@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
