// The pid file and the process it names. A number in a file is only a hint: after a reboot, and in containers almost
// always, it names some other process or none. So a process counts as the server only if its command line says so,
// and a zombie, which nobody may have waited for, counts as gone. Where there is no /proc, a living process is believed.
// It must never remove a file that names another process than the one the caller means.

import { readFileSync, unlinkSync, writeFileSync } from 'node:fs';

/** Command lines of our server and of Apache's, which may share a pid file while an operator moves over. */
const SERVER_NAMES = ['quorum-peer-main', 'QuorumPeerMain', 'ZooKeeperServerMain'];

/** Null: no file, or nothing in it that is a process id. */
export function readPidFile(path: string): number | null {
  try {
    const text = readFileSync(path, 'utf8').trim();
    return /^[1-9]\d{0,9}$/.test(text) ? Number(text) : null;
  } catch {
    return null;
  }
}

export function writePidFile(path: string, pid: number): void {
  writeFileSync(path, String(pid));
}

export function removePidFile(path: string, pid: number): void {
  if (readPidFile(path) !== pid) return;
  try {
    unlinkSync(path);
  } catch {
    // Somebody else has removed it: that is what was wanted.
  }
}

export function isServerRunning(pid: number): boolean {
  if (!isAlive(pid)) return false;
  try {
    // Empty for a zombie and for kernel threads.
    const commandLine = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    return SERVER_NAMES.some((name) => commandLine.includes(name));
  } catch (error) {
    // No /proc here: believe it. A /proc without the process: it has just gone.
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? !hasProc() : true;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function hasProc(): boolean {
  try {
    readFileSync('/proc/self/cmdline');
    return true;
  } catch {
    return false;
  }
}
