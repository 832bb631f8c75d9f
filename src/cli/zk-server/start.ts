// `start`: the server as a process of its own, and the promise that it really serves. STARTED is said only when the
// process lives, answers on its client port and has opened its AdminServer; the reference says it to everything that survives one second, so that
// a wrong configuration often looks like success. Whatever goes wrong ends in FAILED TO START with the reason on
// stderr, no process and no pid file left.

import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { findAdminAddress, isListening } from './admin-address.js';
import { type ClientAddress, findClientAddress } from './client-address.js';
import { PACKAGE_ROOT } from './config-file.js';
import { makeDirectories, missingDirectory } from './directories.js';
import { askFourLetterWord } from './four-letter-client.js';
import { type Launch, SERVER_MAIN } from './launch.js';
import { isServerRunning, readPidFile, removePidFile, writePidFile } from './pid-file.js';
import type { Terminal } from './terminal.js';

/** A server reads its database before it serves, which may take a while; it listens much sooner. */
const SERVING_DEADLINE_MS = 60_000;
const POLL_MS = 30;
const QUESTION_TIMEOUT_MS = 2000;
/** Without a client port there is nobody to ask: what has lived for so long has read its configuration. */
const PORTLESS_SURVIVAL_MS = 1000;
const ADMIN_PATIENCE_MS = 2000;
const LAST_LINES = 5;

export async function start(launch: Launch, terminal: Terminal): Promise<number> {
  terminal.out('Starting zookeeper ... ');
  const runningPid = launch.pidFile === null ? null : readPidFile(launch.pidFile);
  if (runningPid !== null && isServerRunning(runningPid)) {
    terminal.out(`already running as process ${runningPid}.\n`);
    return 1;
  }
  const missing = missingDirectory(launch);
  if (missing !== null) {
    terminal.out(`${missing}\n`);
    return 1;
  }
  if (launch.pairs === null) return failedToStart(terminal, whyUnread(launch.configFile));
  if (launch.pidFile === null) return failedToStart(terminal, `${launch.configFile}: dataDir is not set`);

  const address = findClientAddress(launch.pairs, () => {});
  // Somebody who answers already must not be taken for the server that is about to find the port taken.
  const portTaken = address !== null && (await ask(address)) !== null;

  let child: ChildProcess;
  try {
    makeDirectories(launch);
    child = spawnDetached(launch);
  } catch (error) {
    return failedToStart(terminal, whyNotMade(error, launch));
  }
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  const pid = child.pid;
  if (pid === undefined) {
    await ended;
    terminal.out('SERVER DID NOT START\n');
    terminal.err(`${process.execPath} cannot be run\n`);
    return 1;
  }
  try {
    writePidFile(launch.pidFile, pid);
  } catch (error) {
    child.kill('SIGKILL');
    await ended;
    terminal.out('FAILED TO WRITE PID\n');
    terminal.err(`${messageOf(error)}\n`);
    return 1;
  }

  const outcome = await waitUntilServing(child, address, portTaken, isMember(launch.pairs));
  if (outcome === 'serving' && (await waitForAdmin(child, launch))) {
    child.unref();
    terminal.out('STARTED\n');
    return 0;
  }
  if (outcome === 'deaf') child.kill('SIGKILL');
  await ended;
  removePidFile(launch.pidFile, pid);
  const how = outcome === 'deaf' ? `it did not listen within ${SERVING_DEADLINE_MS / 1000} s` : endOf(child);
  return failedToStart(terminal, `${how}; the end of ${launch.outFile}:\n${lastLines(launch.outFile)}`);
}

function spawnDetached(launch: Launch): ChildProcess {
  const out = openSync(launch.outFile, 'w');
  try {
    const args = [...launch.nodeOptions, SERVER_MAIN, ...launch.serverOptions, launch.configFile];
    return spawn(process.execPath, args, { detached: true, stdio: ['ignore', out, out], env: { ...launch.env } });
  } finally {
    closeSync(out);
  }
}

type Outcome = 'serving' | 'gone' | 'deaf';

/** Such a one serves nobody before it has found a quorum, which may have to be started after it: to listen is enough. */
function isMember(pairs: ReadonlyMap<string, string>): boolean {
  return pairs.has('dynamicConfigFile') || [...pairs.keys()].filter((key) => key.startsWith('server.')).length > 1;
}

async function waitUntilServing(
  child: ChildProcess,
  address: ClientAddress | null,
  portTaken: boolean,
  listeningIsEnough: boolean,
): Promise<Outcome> {
  const startedMs = performance.now();
  let listening = false;
  for (;;) {
    const reply = address === null || portTaken ? null : await ask(address);
    // Looked at after the question: an answer may have come from somebody else while ours was failing.
    if (child.exitCode !== null || child.signalCode !== null) return 'gone';
    if (reply !== null) listening = true;
    // TLS ports answer nothing that can be read here: listening has to do.
    if (reply?.includes('Mode: ') || (listening && (address?.secure || listeningIsEnough))) return 'serving';
    const elapsedMs = performance.now() - startedMs;
    if (address === null && elapsedMs > PORTLESS_SURVIVAL_MS) return 'serving';
    if (elapsedMs > SERVING_DEADLINE_MS) return listening ? 'serving' : 'deaf';
    await delay(POLL_MS);
  }
}

/**
 * The AdminServer opens a moment after the clients' port, and scripts ask it as soon as STARTED has been said. A member does
 * without it, so that it does not come is no failure. False: the server has ended meanwhile.
 */
async function waitForAdmin(child: ChildProcess, launch: Launch): Promise<boolean> {
  const address = findAdminAddress(launch.pairs ?? new Map(), launch.properties);
  const isAlive = (): boolean => child.exitCode === null && child.signalCode === null;
  const deadlineMs = performance.now() + ADMIN_PATIENCE_MS;
  while (address !== null && isAlive() && performance.now() < deadlineMs) {
    if (await isListening(address, QUESTION_TIMEOUT_MS)) break;
    await delay(POLL_MS);
  }
  return isAlive();
}

function ask(address: ClientAddress): Promise<string | null> {
  return askFourLetterWord(address.host, address.port, 'srvr', QUESTION_TIMEOUT_MS);
}

function failedToStart(terminal: Terminal, reason: string): number {
  terminal.out('FAILED TO START\n');
  terminal.err(`${reason}\n`);
  return 1;
}

function whyUnread(configFile: string): string {
  if (existsSync(configFile)) return `${configFile} cannot be read`;
  const sample = join(PACKAGE_ROOT, 'conf', 'zoo_sample.cfg');
  return `${configFile} is not there: name another directory with --config, or begin with a copy of ${sample}`;
}

/** A log directory in the package is nobody's but its installer's: whoever else starts a server needs one of his own. */
function whyNotMade(error: unknown, launch: Launch): string {
  const message = messageOf(error);
  if (!message.includes(launch.logDir)) return message;
  return `${message}: name a directory for the server's output in ZOO_LOG_DIR`;
}

function endOf(child: ChildProcess): string {
  return child.signalCode === null
    ? `the server ended with exit code ${child.exitCode}`
    : `the server was ended by ${child.signalCode}`;
}

function lastLines(path: string): string {
  try {
    return readFileSync(path, 'utf8').trimEnd().split('\n').slice(-LAST_LINES).join('\n');
  } catch (error) {
    return messageOf(error);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
