// `stop`: SIGTERM to the server the pid file names, and waiting until it is really gone, so that a start right behind
// it finds its port and its data free. The reference waits one second whatever happens. Nothing but the server is ever
// signalled: a pid file that names another process is only removed.

import { setTimeout as delay } from 'node:timers/promises';
import type { Launch } from './launch.js';
import { isServerRunning, readPidFile, removePidFile } from './pid-file.js';
import type { Terminal } from './terminal.js';

const GONE_DEADLINE_MS = 30_000;
const POLL_MS = 20;

export async function stop(launch: Launch, terminal: Terminal): Promise<number> {
  terminal.out('Stopping zookeeper ... ');
  const pid = launch.pidFile === null ? null : readPidFile(launch.pidFile);
  if (launch.pidFile === null || pid === null) {
    terminal.out(`no zookeeper to stop (could not find file ${launch.pidFile ?? 'zookeeper_server.pid'})\n`);
    return 0;
  }
  if (isServerRunning(pid) && !terminate(pid, terminal)) return 1;
  const startedMs = performance.now();
  while (isServerRunning(pid)) {
    if (performance.now() - startedMs > GONE_DEADLINE_MS) {
      terminal.out(`process ${pid} is still running.\n`);
      return 1;
    }
    await delay(POLL_MS);
  }
  removePidFile(launch.pidFile, pid);
  terminal.out('STOPPED\n');
  return 0;
}

function terminate(pid: number, terminal: Terminal): boolean {
  try {
    process.kill(pid, 'SIGTERM');
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ESRCH') return true;
    terminal.out(`process ${pid} is still running.\n`);
    terminal.err(`it cannot be signalled: ${code}\n`);
    return false;
  }
}
