// What the server tells about the machine it runs on: the keys of a JVM, because tools expect them, with what stands
// for them here. Used for the first lines of the log and for the word envi, on the main thread. This list is closed:
// environment variables, -D options and command lines must never come into it, since they carry passwords.

import { EOL, hostname, type as osType, release, tmpdir, userInfo } from 'node:os';
import { delimiter, sep } from 'node:path';
import { cwd } from 'node:process';
import { getHeapStatistics } from 'node:v8';
import { FULL_VERSION } from './version.js';

const UNKNOWN = '<NA>';
const JAVA_ARCH: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'aarch64' };

export type Environment = readonly (readonly [key: string, value: string])[];

export function describeEnvironment(): Environment {
  const heap = getHeapStatistics();
  return [
    ['zookeeper.version', FULL_VERSION],
    ['host.name', hostname()],
    ['java.version', process.versions.node],
    ['java.vendor', 'Node.js'],
    ['java.home', UNKNOWN],
    ['java.class.path', UNKNOWN],
    ['java.library.path', UNKNOWN],
    ['java.io.tmpdir', tmpdir()],
    ['java.compiler', UNKNOWN],
    ['os.name', osType()],
    ['os.arch', JAVA_ARCH[process.arch] ?? process.arch],
    ['os.version', release()],
    ['user.name', userOr(UNKNOWN).name],
    ['user.home', userOr(UNKNOWN).home],
    ['user.dir', cwd()],
    ['os.memory.free', megabytes(heap.heap_size_limit - heap.used_heap_size)],
    ['os.memory.max', megabytes(heap.heap_size_limit)],
    ['os.memory.total', megabytes(heap.total_heap_size)],
  ];
}

/** Who runs this process. */
export function userName(): string {
  return userOr(UNKNOWN).name;
}

/** Of those that every JVM has, the ones with a meaning here: what stands behind them is the machine and the runtime, never an option. */
export function runtimeProperties(): readonly (readonly [property: string, value: string])[] {
  const shown = describeEnvironment().filter(([key, value]) => value !== UNKNOWN && !key.startsWith('os.memory.'));
  return [
    ...shown.filter(([key]) => key.startsWith('java.') || key.startsWith('os.') || key.startsWith('user.')),
    ['file.encoding', 'UTF-8'],
    ['file.separator', sep],
    ['java.runtime.name', 'Node.js'],
    ['java.runtime.version', process.version],
    ['java.vm.name', 'V8'],
    ['java.vm.version', process.versions.v8],
    ['line.separator', EOL],
    ['path.separator', delimiter],
  ];
}

/** A container may run under a uid that has no entry in passwd. */
function userOr(unknown: string): { name: string; home: string } {
  try {
    const user = userInfo();
    return { name: user.username, home: user.homedir };
  } catch {
    return { name: unknown, home: unknown };
  }
}

function megabytes(bytes: number): string {
  return `${Math.floor(bytes / 2 ** 20)}MB`;
}
