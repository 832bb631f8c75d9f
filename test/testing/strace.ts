/**
 * A server under Debian's strace: every call it makes to the system in a file, or some of them failing on purpose. The tracer runs
 * beside the server (-D), so pid, signals and exit code are the server's own; only the calls asked for are stopped
 * (--seccomp-bpf), so the others run at full speed.
 */
import { existsSync, readFileSync } from 'node:fs';
import type { ServerKind } from './server-process.js';
import { until } from './until.js';

const STRACE = '/usr/bin/strace';
const DEADLINE_MS = 30_000;

export interface StraceOptions {
  /** Calls to be traced: "fdatasync,pwrite64". What is injected into must be among them. */
  readonly calls: string;
  /** Where the trace goes. */
  readonly traceFile: string;
  /** "fdatasync:error=EIO:when=3" */
  readonly inject?: string;
  /** Only calls that name one of these paths, or a descriptor of it. */
  readonly paths?: readonly string[];
  /** Contents of writes, whole, in hexadecimal. */
  readonly contents?: boolean;
}

export function straced(kind: ServerKind, options: StraceOptions): ServerKind {
  if (!existsSync(STRACE)) throw new Error(`${STRACE} is missing: install Debian's strace`);
  const args = ['-D', '-f', '--seccomp-bpf', '-yy', '-o', options.traceFile, '-e', `trace=${options.calls}`];
  if (options.inject !== undefined) args.push('-e', `inject=${options.inject}`);
  for (const path of options.paths ?? []) args.push('-P', path);
  args.push(...(options.contents === true ? ['-xx', '-s', '16000000'] : ['-s', '0']));
  return {
    name: kind.name,
    command: (configFile, serverOptions) => [STRACE, ...args, '--', ...kind.command(configFile, serverOptions)],
  };
}

/** The tracer writes its last lines after the server's end. */
export async function wholeTrace(traceFile: string, pid: number): Promise<string> {
  const end = new RegExp(`^${pid} +\\+\\+\\+ (?:exited|killed)`, 'm');
  return await until('the end of the trace', DEADLINE_MS, () => {
    const trace = existsSync(traceFile) ? readFileSync(traceFile, 'latin1') : '';
    return end.test(trace.slice(-4000)) && trace;
  });
}
