// `threadkeeper code-cache`: starts a server on an empty directory, opens a session, and waits until the code that V8 has made for
// that is on the disk (src/launch/code-cache.ts), so that no real start has to compile it. For whoever installs this package
// in a place that its server may not write, as into an image of a container, and for `npm run build`. With another kind of Node, or
// other options for it, a server makes its own where it can, and does without where it cannot.
// It removes what was there, and leaves neither its server nor that one's directory behind.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { openZooKeeper } from '../../client/open-zookeeper.js';
import { choosePlacement } from '../../server/placement-choice.js';
import { PACKAGE_ROOT } from '../zk-server/config-file.js';
import { SERVER_MAIN } from '../zk-server/launch.js';
import { type SubCommandContext, SubCommandUsageError } from './sub-command.js';

const CACHE = join(PACKAGE_ROOT, 'dist/bundle/code-cache');
const DEADLINE_MS = 60_000;
const LOOK_MS = 50;

export async function codeCache({ args, env, out, err }: SubCommandContext): Promise<number> {
  if (args.length > 0) throw new SubCommandUsageError('code-cache takes no words');
  rmSync(CACHE, { recursive: true, force: true });
  const directory = mkdtempSync(join(tmpdir(), 'threadkeeper-code-cache-'));
  const port = await freePort();
  const configFile = join(directory, 'zoo.cfg');
  writeFileSync(configFile, configText(join(directory, 'data'), port));
  const { NODE_DISABLE_COMPILE_CACHE: _, ...serverEnv } = env;
  const server = spawn(process.execPath, [SERVER_MAIN, configFile], { env: serverEnv, stdio: 'ignore' });
  const ended = once(server, 'exit');
  try {
    const signal = AbortSignal.timeout(DEADLINE_MS);
    await openSession(port, server, signal);
    const missing = await missingPrograms(server, Date.now(), signal);
    for (const file of filesThere()) out(`${join(CACHE, file)}\n`);
    for (const name of missing) err(`${name}: nothing came to ${CACHE}; can it be written?\n`);
    return missing.length === 0 ? 0 : 1;
  } finally {
    server.kill('SIGKILL');
    await ended;
    rmSync(directory, { recursive: true, force: true });
  }
}

/** The session is a write: with it every stage has run once. */
async function openSession(port: number, server: ChildProcess, signal: AbortSignal): Promise<void> {
  while (isRunning(server) && !signal.aborted) {
    const zk = openZooKeeper(`127.0.0.1:${port}`);
    const isOpen = await zk.exists('/').then(
      () => true,
      () => false,
    );
    await zk.close();
    if (isOpen) return;
    await delay(LOOK_MS);
  }
}

/** Empty as soon as every thread of the server has written its code, with that of the session. */
async function missingPrograms(server: ChildProcess, openedMs: number, signal: AbortSignal): Promise<string[]> {
  const missing = (): string[] => {
    const there = filesThere().filter((file) => statSync(join(CACHE, file)).mtimeMs > openedMs);
    return programs().filter((name) => !there.some((file) => file.startsWith(`${name}-`)));
  };
  while (missing().length > 0 && isRunning(server) && !signal.aborted) await delay(LOOK_MS);
  return missing();
}

function programs(): string[] {
  const { placement } = choosePlacement('auto', 'auto', availableParallelism());
  return ['quorum-peer-main', 'log-thread', ...(placement === 'compact' ? [] : ['actor-factory'])];
}

/** Empty: nobody has made the directory so far. */
function filesThere(): string[] {
  try {
    return readdirSync(CACHE).filter((file) => file.endsWith('.code'));
  } catch {
    return [];
  }
}

function isRunning({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null;
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}

function configText(dataDir: string, port: number): string {
  const lines = { tickTime: 2000, dataDir, clientPort: port, clientPortAddress: '127.0.0.1' };
  const text = Object.entries(lines).map(([key, value]) => `${key}=${value}\n`);
  return `${text.join('')}admin.enableServer=false\n`;
}
