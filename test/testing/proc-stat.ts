/**
 * What Linux knows about a running process: memory, CPU time, threads. Read from /proc, so it costs the process nothing
 * and works the same for a JVM and for Node. CPU times come in clock ticks of 10 ms.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';

const TICK_MS = 10;

export interface ThreadCpu {
  readonly tid: number;
  readonly name: string;
  readonly cpuMs: number;
}

/** utime + stime; the name in parentheses may itself hold blanks and parentheses. */
function parseStat(text: string): { name: string; cpuMs: number } {
  const open = text.indexOf('(');
  const close = text.lastIndexOf(')');
  const fields = text.slice(close + 2).split(' ');
  return { name: text.slice(open + 1, close), cpuMs: (Number(fields[11]) + Number(fields[12])) * TICK_MS };
}

export function cpuMsOf(pid: number): number {
  return parseStat(readFileSync(`/proc/${pid}/stat`, 'latin1')).cpuMs;
}

/** Threads in the order in which they were started. Threads that have ended are not counted. */
export function threadCpuOf(pid: number): ThreadCpu[] {
  const threads: ThreadCpu[] = [];
  for (const entry of readdirSync(`/proc/${pid}/task`)) {
    try {
      threads.push({ tid: Number(entry), ...parseStat(readFileSync(`/proc/${pid}/task/${entry}/stat`, 'latin1')) });
    } catch {
      // The thread ended between the listing and the read.
    }
  }
  return threads.sort((a, b) => a.tid - b.tid);
}

/** R, S, T, ... of each thread; one that ended between the listing and the read is left out. */
export function threadStatesOf(pid: number): string[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((tid) => {
    const path = `/proc/${pid}/task/${tid}/stat`;
    try {
      const text = readFileSync(path, 'latin1');
      return [text.charAt(text.lastIndexOf(')') + 2)];
    } catch (error) {
      if (existsSync(path)) throw error;
      return [];
    }
  });
}

export function residentBytesOf(pid: number): number {
  const match = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'));
  if (match === null) throw new Error(`no VmRSS for process ${pid}`);
  return Number(match[1]) * 1024;
}
