// The machine a server is to run on: Node's version, cores for its threads, memory, open files, and whether the clock jumps.
// Pure, over figures that were read.
// Settings that do not matter to this server (huge pages, swappiness) are not looked at.

import { error, type Finding, info, ok, warning } from './finding.js';

export interface MachineFacts {
  readonly nodeVersion: string;
  readonly nodeVersionMin: string;
  readonly coreCount: number;
  /** Null without a configuration to say it. */
  readonly placement: string | null;
  readonly connectionShards: number;
  /** What this process may use, by cgroup or in all. */
  readonly memoryBytes: number;
  /** Of one JavaScript heap. */
  readonly heapBytesMax: number;
  /** Null: the system does not say. */
  readonly openFilesMax: number | null;
  /** How much more the wall clock went on than the monotonic one, while it was watched. */
  readonly clockStepMs: number;
  readonly clockWatchedMs: number;
}

const CHECK = 'machine';
const MEMORY_BYTES_MIN = 256 * 2 ** 20;
const OPEN_FILES_MIN = 4096;
const CLOCK_STEP_MS = 20;

export function checkMachine(facts: MachineFacts): Finding[] {
  return [checkNode(facts), checkCores(facts), checkMemory(facts), ...checkOpenFiles(facts), checkClock(facts)];
}

function checkNode({ nodeVersion, nodeVersionMin }: MachineFacts): Finding {
  const isOld = compareVersions(nodeVersion, nodeVersionMin) < 0;
  if (!isOld) return ok(CHECK, `Node.js ${nodeVersion}`);
  return error(CHECK, `Node.js ${nodeVersion} is older than ${nodeVersionMin}`, '', 'Install a newer one.');
}

function checkCores({ coreCount, placement, connectionShards }: MachineFacts): Finding {
  const cores = coreCount === 1 ? 'one core' : `${coreCount} cores`;
  const shards = connectionShards === 1 ? 'one thread' : `${connectionShards} threads`;
  const what = placement === null ? cores : `${cores}: placement ${placement}, client connections on ${shards}`;
  if (coreCount > 1) return ok(CHECK, what);
  return info(CHECK, what, '', 'With two cores or more, syncing the log and serving clients go on at the same time.');
}

function checkMemory({ memoryBytes, heapBytesMax }: MachineFacts): Finding {
  const figures = `${mb(memoryBytes)} of memory, a heap of ${mb(heapBytesMax)} at most`;
  if (memoryBytes < MEMORY_BYTES_MIN) {
    return warning(CHECK, figures, '', 'A server needs 256 MB and about 300 bytes per node, besides their data.');
  }
  if (heapBytesMax <= memoryBytes) return ok(CHECK, figures);
  return warning(CHECK, `${figures}: the heap may outgrow the memory`, '', 'Lower ZK_SERVER_HEAP or -Xmx.');
}

function checkOpenFiles({ openFilesMax }: MachineFacts): Finding[] {
  if (openFilesMax === null) return [];
  if (openFilesMax >= OPEN_FILES_MIN) return [ok(CHECK, `${openFilesMax} open files are allowed`)];
  const what = `only ${openFilesMax} open files are allowed: each connection is one`;
  return [warning(CHECK, what, '', 'Raise it: ulimit -n 65536, or LimitNOFILE= in the systemd unit.')];
}

function checkClock({ clockStepMs, clockWatchedMs }: MachineFacts): Finding {
  const moment = `${Math.round(clockWatchedMs)} ms`;
  if (Math.abs(clockStepMs) < CLOCK_STEP_MS) return ok(CHECK, `the clock went evenly for ${moment}`);
  const what = `the clock jumped by ${Math.round(clockStepMs)} ms within ${moment}`;
  return warning(CHECK, what, '', 'Let a time service slew the clock (chronyd) instead of setting it.');
}

function compareVersions(a: string, b: string): number {
  const [partsA, partsB] = [a, b].map((version) => version.split('.').map(Number));
  for (let i = 0; i < 3; i++) {
    const difference = (partsA[i] ?? 0) - (partsB[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function mb(bytes: number): string {
  return `${Math.floor(bytes / 2 ** 20)} MB`;
}
