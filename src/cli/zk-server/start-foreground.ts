// `start-foreground`: this process becomes the server, as a shell script would exec it, so that a signal or a kill
// meant for the command reaches the server, in a container as process 1 too. Only where a heap size was asked for
// (ZK_SERVER_HEAP, -Xmx), which node takes at birth, or with ZOO_NOEXEC, the server is a child: then signals are passed
// on and its end is ours.

import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { pathToFileURL } from 'node:url';
import { missingDirectory } from './directories.js';
import { type Launch, SERVER_MAIN } from './launch.js';
import type { Terminal } from './terminal.js';

const PASSED_ON = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR2'] as const;

/** Null: the server runs in this process now, and ends it when it ends. */
export async function startForeground(launch: Launch, terminal: Terminal): Promise<number | null> {
  const missing = missingDirectory(launch);
  if (missing !== null) {
    terminal.out(`${missing}\n`);
    return 1;
  }
  const args = [...launch.serverOptions, launch.configFile];
  if (launch.heapAsked || launch.env.ZOO_NOEXEC)
    return runAsChild([...launch.nodeOptions, SERVER_MAIN, ...args], launch);
  for (const [name, value] of Object.entries(launch.env)) {
    if (value !== undefined) process.env[name] = value;
  }
  process.argv = [process.execPath, SERVER_MAIN, ...args];
  await import(pathToFileURL(SERVER_MAIN).href);
  return null;
}

function runAsChild(args: readonly string[], launch: Launch): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { stdio: 'inherit', env: { ...launch.env } });
    for (const signal of PASSED_ON) process.on(signal, () => child.kill(signal));
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])));
  });
}
