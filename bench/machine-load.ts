/**
 * Who used the machine while something was measured: the server, the load generator, and everybody else. A figure taken
 * while everybody else was busy is worth little, and this is how it is noticed.
 */
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { cpuMsOf } from '../test/testing/proc-stat.js';

const TICK_MS = 10;

/** CPU time that was not idle, over all cores since boot. */
function busyMs(): number {
  const fields = readFileSync('/proc/stat', 'latin1').split('\n', 1)[0].trim().split(/\s+/).slice(1).map(Number);
  const [user, nice, system, , , irq, softirq, steal] = fields;
  return (user + nice + system + irq + softirq + steal) * TICK_MS;
}

export interface CpuSample {
  readonly atMs: number;
  readonly busyMs: number;
  readonly serverMs: number;
}

/** Of one server, or of all members of an ensemble together. */
export function sampleCpu(serverPids: number | readonly number[]): CpuSample {
  const serverMs = [serverPids].flat().reduce((sum, pid) => sum + cpuMsOf(pid), 0);
  return { atMs: performance.now(), busyMs: busyMs(), serverMs };
}

export interface CpuShare {
  /** CPU time of the server in the interval. */
  readonly serverMs: number;
  /** Cores that somebody else kept busy, on average. */
  readonly foreignCores: number;
}

export function cpuBetween(from: CpuSample, to: CpuSample, generatorMs: number): CpuShare {
  const serverMs = to.serverMs - from.serverMs;
  const foreignMs = Math.max(0, to.busyMs - from.busyMs - serverMs - generatorMs);
  return { serverMs, foreignCores: foreignMs / (to.atMs - from.atMs) };
}

export function coreCount(): number {
  return cpus().length;
}
