// What the doctor asks the machine: network interfaces, names, ports, limits, clocks. Everything is read or tried for a
// moment; nothing is kept open and nothing is changed.
// The judgement is in the check files of this folder.

import { lookup } from 'node:dns/promises';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { availableParallelism, networkInterfaces, totalmem } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { getHeapStatistics } from 'node:v8';
import type { ServerConfig } from '../../server/server-config.js';
import type { MachineFacts } from './machine-check.js';
import type { PortFacts } from './port-check.js';

const NODE_VERSION_MIN = '20.19.0';
const CLOCK_WATCH_MS = 300;

export async function readMachineFacts(config: ServerConfig | null): Promise<MachineFacts> {
  const [wallMs, monotonicMs] = [Date.now(), performance.now()];
  await sleep(CLOCK_WATCH_MS);
  const clockWatchedMs = performance.now() - monotonicMs;
  return {
    nodeVersion: process.versions.node,
    nodeVersionMin: NODE_VERSION_MIN,
    coreCount: availableParallelism(),
    placement: config?.placement ?? null,
    connectionShards: config?.connectionShards ?? 1,
    memoryBytes: memoryBytes(),
    heapBytesMax: getHeapStatistics().heap_size_limit,
    openFilesMax: openFilesMax(),
    clockStepMs: Date.now() - wallMs - clockWatchedMs,
    clockWatchedMs,
  };
}

export function ownAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address));
}

export async function resolveAll(hosts: Iterable<string>): Promise<Map<string, readonly string[] | null>> {
  const names = [...new Set(hosts)];
  const answers = await Promise.all(
    names.map((host) =>
      lookup(host, { all: true }).then(
        (list) => list.map(({ address }) => address),
        () => null,
      ),
    ),
  );
  return new Map(names.map((host, i) => [host, answers[i]]));
}

/** One after the other, so that two that are equal do not get into each other's way. */
export async function tryPorts(ports: readonly Omit<PortFacts, 'errorCode'>[]): Promise<PortFacts[]> {
  const tried: PortFacts[] = [];
  for (const port of ports) tried.push({ ...port, errorCode: await tryPort(port.host, port.port) });
  return tried;
}

function tryPort(host: string | null, port: number): Promise<string> {
  return new Promise((resolve) => {
    const probe = createServer((socket) => socket.destroy());
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'unknown'));
    probe.listen({ port, host: host ?? undefined }, () => probe.close(() => resolve('')));
  });
}

/** A container's limit, where there is one. */
function memoryBytes(): number {
  const limits = ['/sys/fs/cgroup/memory.max', '/sys/fs/cgroup/memory/memory.limit_in_bytes'].map((path) =>
    Number(textOf(path) ?? Number.NaN),
  );
  return Math.min(totalmem(), ...limits.filter((limit) => Number.isFinite(limit) && limit > 0));
}

/** The hard limit: Node.js raises its own to it. */
function openFilesMax(): number | null {
  const hard = /^Max open files\s+\S+\s+(\d+)/m.exec(textOf('/proc/self/limits') ?? '')?.[1];
  return hard === undefined ? null : Number(hard);
}

function textOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return null;
  }
}
