/**
 * What a server holds in memory once it has come to rest: RSS, after background work has ended and a JVM has been asked to
 * give back what it does not need.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { cpuMsOf, residentBytesOf } from '../test/testing/proc-stat.js';
import { runTool } from '../test/testing/run-tool.js';
import type { ServerProcess } from '../test/testing/server-process.js';

const QUIET_CORES = 0.03;
const QUIET_MS = 120_000;

/** Until background work (snapshots, collections) has ended. */
export async function quiet(server: ServerProcess): Promise<void> {
  const giveUpAt = performance.now() + QUIET_MS;
  for (;;) {
    const before = cpuMsOf(server.pid);
    await delay(1000);
    if ((cpuMsOf(server.pid) - before) / 1000 < QUIET_CORES) return;
    if (performance.now() > giveUpAt) throw new Error(`${server.kind} server does not come to rest`);
  }
}

/** RSS at rest; a JVM is first asked to give back what it does not need. */
export async function restingBytes(server: ServerProcess): Promise<number> {
  await quiet(server);
  if (server.kind === 'apache') {
    const run = await runTool('jcmd', [String(server.pid), 'GC.run'], { deadlineMs: 60_000 });
    if (run.code !== 0) throw new Error(`jcmd failed: ${run.stderr}`);
    await quiet(server);
  }
  return residentBytesOf(server.pid);
}
