// ZK_CLIENT_HEAP and -Xmx: how much JavaScript heap zkCli may take, which node takes at birth. Who asks for a size gets zkCli as a
// child process with that limit, on the same streams; its end is ours. Nobody else pays for it: node's own limit is above Apache's
// 256 MB. Loaded by zkCli's main file only when somebody asks; a child never makes another one.

import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { parseJvmFlags, splitShellWords } from '../../server/jvm-flags.js';

const NODE_OPTION = '--max-old-space-size=';
/** A terminal sends them to both; what they mean is the child's to decide. */
const LEFT_TO_THE_CHILD = ['SIGINT', 'SIGQUIT'] as const;
const PASSED_ON = ['SIGTERM', 'SIGHUP'] as const;

/** Null: nobody asks, or this process has been given a limit. As in zkEnv.sh, -Xmx is stronger than ZK_CLIENT_HEAP. */
export function askedHeapMb(
  env: Readonly<Record<string, string | undefined>>,
  execArgv: readonly string[],
): number | null {
  if (execArgv.some((word) => word.startsWith(NODE_OPTION))) return null;
  const { ZK_CLIENT_HEAP: text = '', CLIENT_JVMFLAGS = '', JVMFLAGS = '' } = env;
  const ofVariable = /^[1-9]\d*$/.test(text) ? Number(text) : null;
  if (!CLIENT_JVMFLAGS.includes('-Xmx') && !JVMFLAGS.includes('-Xmx')) return ofVariable;
  return parseJvmFlags(splitShellWords(`${CLIENT_JVMFLAGS} ${JVMFLAGS}`)).heapMb ?? ofVariable;
}

/** Resolves to the exit code. */
export function runWithHeap(heapMb: number, program: string, words: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const args = [...process.execArgv, `${NODE_OPTION}${heapMb}`, program, ...words];
    const child = spawn(process.execPath, args, { stdio: 'inherit' });
    for (const signal of LEFT_TO_THE_CHILD) process.on(signal, () => {});
    for (const signal of PASSED_ON) process.on(signal, () => child.kill(signal));
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])));
  });
}
