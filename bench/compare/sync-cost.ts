/**
 * What an acknowledged write costs in syncs: fdatasync and fsync calls of the whole process while a load sets data, counted by
 * strace for both servers (only these calls are stopped, all others run at full speed), and for ours once more without strace
 * by its own counters.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ServerProcess } from '../../test/testing/server-process.js';
import { straced } from '../../test/testing/strace.js';
import { makeTempDir } from '../../test/testing/temp-dir.js';
import { createNodes, runLoad } from '../load/load-generator.js';
import { ServerCounters } from '../stages/server-counters.js';
import { type Contestant, startContestant } from './contestant.js';
import { VALUE_BYTES } from './throughput.js';

const NODES = 10_000;
const WARMUP_SECONDS = 3;
const WRITES = 200_000;
const SHAPE = { root: '/bench', nodes: NODES, valueBytes: VALUE_BYTES, connections: 16, outstanding: 64 };

export interface SyncCost {
  readonly writes: number;
  readonly syncs: number;
  /** Of 1000 writes. */
  readonly perThousand: number;
}

/** A call that another thread's call interrupts stands in two lines; its name with a bracket behind is in the first only. */
function callsIn(traceFile: string): number {
  if (!existsSync(traceFile)) return 0;
  return readFileSync(traceFile, 'latin1').match(/\bf(?:data)?sync\(/g)?.length ?? 0;
}

export async function tracedSyncCost(contestant: Contestant): Promise<SyncCost> {
  using directory = makeTempDir('sync-cost');
  const traceFile = join(directory.path, 'trace');
  const kind = straced(contestant.kind, { calls: 'fdatasync,fsync', traceFile });
  const server = await startContestant({ ...contestant, kind }, { readyMs: 60_000 });
  try {
    return await measure(server, async () => callsIn(traceFile));
  } finally {
    await server.stop();
  }
}

/** Ours only. */
export async function countedSyncCost(contestant: Contestant): Promise<SyncCost> {
  const counters = new ServerCounters();
  const server = await startContestant(contestant, { env: counters.env });
  try {
    return await measure(server, async () => {
      let syncs = 0;
      for (const names of (await counters.read(server)).values()) syncs += names.get('log_syncs') ?? 0;
      return syncs;
    });
  } finally {
    await server.stop();
    counters.remove();
  }
}

/** Of a warm server. Opening and closing the load's 32 sessions counts as well. */
async function measure(server: ServerProcess, syncsSoFar: () => Promise<number>): Promise<SyncCost> {
  const tree = { ...SHAPE, port: server.port };
  await createNodes(tree);
  await runLoad({ ...tree, workload: 'set', seconds: WARMUP_SECONDS });
  const before = await syncsSoFar();
  const { operations } = await runLoad({ ...tree, workload: 'set', operations: WRITES, deadlineSeconds: 120 });
  const syncs = (await syncsSoFar()) - before;
  return { writes: operations, syncs, perThousand: (syncs * 1000) / operations };
}
