/**
 * A server under Debian's strace: every call it makes to the system in a file, or some of them failing on purpose. The tracer runs
 * beside the server (-D), so pid, signals and exit code are the server's own; only the calls asked for are stopped
 * (--seccomp-bpf), so the others run at full speed, unless the tracing is to end before the server does.
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
  /** The tracing will end before the server does (endTrace): every call is stopped, not only those asked for. */
  readonly endable?: boolean;
  /** Contents of writes, whole, in hexadecimal. */
  readonly contents?: boolean;
}

export function straced(kind: ServerKind, options: StraceOptions): ServerKind {
  if (!existsSync(STRACE)) throw new Error(`${STRACE} is missing: install Debian's strace`);
  // Calls that are filtered fail once the tracer has gone; -I1: the tracer itself can be ended.
  const manner = options.endable === true ? ['-I1'] : ['--seccomp-bpf'];
  const args = ['-D', '-f', ...manner, '-yy', '-o', options.traceFile, '-e', `trace=${options.calls}`];
  if (options.inject !== undefined) args.push('-e', `inject=${options.inject}`);
  for (const path of options.paths ?? []) args.push('-P', path);
  args.push(...(options.contents === true ? ['-xx', '-s', '16000000'] : ['-s', '0']));
  return {
    name: kind.name,
    command: (configFile, serverOptions) => [STRACE, ...args, '--', ...kind.command(configFile, serverOptions)],
  };
}

/** The tracer lets go of its server, which goes on as if it had never been traced: what was injected is over. */
export async function endTrace(pid: number): Promise<void> {
  const tracer = (): number => Number(/^TracerPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]);
  process.kill(tracer(), 'SIGTERM');
  await until('the end of tracing', DEADLINE_MS, () => tracer() === 0);
}

/** The tracer writes its last lines after the server's end. */
export async function wholeTrace(traceFile: string, pid: number): Promise<string> {
  const end = new RegExp(`^${pid} +\\+\\+\\+ (?:exited|killed)`, 'm');
  return await until('the end of the trace', DEADLINE_MS, () => {
    const trace = existsSync(traceFile) ? readFileSync(traceFile, 'latin1') : '';
    return end.test(trace.slice(-4000)) && trace;
  });
}
