/**
 * Keeps a second server from the directories of this one, which would write over its log. The lock is a name in Linux's
 * abstract socket namespace, made of the directory's device and inode: it leaves no file behind, knows a directory by
 * whatever path it is reached, and is gone with its process, however that ends. What another machine or another network
 * namespace (a container) does to the same directory is not seen, nor is Apache's server; on other systems nothing is.
 *
 * Main thread: taken once before the database is read, given up by ServerLife.finish(). It never waits for anybody.
 */
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { basename, join } from 'node:path';
import type { Logger } from '../actor/logger.js';
import { VERSION_DIRECTORY } from '../persistence/data-directories.js';
import { DatadirError } from './start-error.js';

export class DirectoryLock {
  private readonly held: readonly Server[];

  private constructor(held: readonly Server[]) {
    this.held = held;
  }

  /** Of directories that exist; a DatadirError when another server has one of them. */
  static async take(dataDir: string, dataLogDir: string, log: Logger): Promise<DirectoryLock> {
    const held: Server[] = [];
    if (process.platform !== 'linux') return new DirectoryLock(held);
    const directories = [...new Set([dataDir, dataLogDir].map((directory) => join(directory, VERSION_DIRECTORY)))];
    const paths = new Map(directories.map((directory) => [nameOf(directory), directory]));
    for (const [name, directory] of paths) {
      const taken = await listenOn(name);
      if (!(taken instanceof Error)) {
        held.push(taken);
        continue;
      }
      if (taken.code === 'EADDRINUSE') {
        new DirectoryLock(held).release();
        throw new DatadirError(inUse(directory, name));
      }
      log.warn(`Whether another server works on ${directory} cannot be told: ${taken.message}`);
    }
    return new DirectoryLock(held);
  }

  release(): void {
    for (const server of this.held) server.close();
  }
}

/** Two paths of one directory have one name. */
function nameOf(directory: string): string {
  const { dev, ino } = statSync(directory, { bigint: true });
  return `threadkeeper-${dev}-${ino}`;
}

function listenOn(name: string): Promise<Server | NodeJS.ErrnoException> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', resolve);
    // A worker of node:cluster would otherwise be given the socket that another one of them has.
    server.listen({ path: `\0${name}`, exclusive: true }, () => resolve(server));
    server.unref();
  });
}

function inUse(directory: string, name: string): string {
  const pid = holderOf(name);
  const who = pid === null ? 'another server' : `the server of process ${pid}`;
  return `${directory} is in use by ${who}: stop that one, or give this one directories of its own`;
}

/** Null: a process whose files this user may not look at. */
function holderOf(name: string): string | null {
  // Num RefCount Protocol Flags Type St Inode Path, the last one with @ for NUL.
  const line = socketLines()
    .split('\n')
    .find((text) => text.slice(text.indexOf('@')).replace(/@+$/, '') === `@${name}`);
  if (line === undefined) return null;
  const socket = `socket:[${line.trim().split(/\s+/)[6]}]`;
  const pids = entriesOf('/proc').filter((path) => /\/\d+$/.test(path));
  const holder = pids.find((path) => entriesOf(join(path, 'fd')).some((link) => targetOf(link) === socket));
  return holder === undefined ? null : basename(holder);
}

/** Empty: a system that shows them to nobody. */
function socketLines(): string {
  try {
    return readFileSync('/proc/net/unix', 'utf8');
  } catch {
    return '';
  }
}

/** Empty: somebody else's process, or one that has just ended. */
function entriesOf(directory: string): string[] {
  try {
    return readdirSync(directory).map((entry) => join(directory, entry));
  } catch {
    return [];
  }
}

/** Null: closed since it was listed. */
function targetOf(link: string): string | null {
  try {
    return readlinkSync(link);
  } catch {
    return null;
  }
}
