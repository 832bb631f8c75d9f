/**
 * One side's part of a round: a fresh server, or three that form an ensemble, its nodes, a warm-up that makes both just-in-time
 * compilers hot, then the workloads one after the other with a short warm-up of their own.
 */
import { EnsembleProcess } from '../../test/testing/ensemble-process.js';
import { createNodes, runLoad } from '../load/load-generator.js';
import { type Loaded, type MeasuredLoad, measureLoad } from '../measured-load.js';
import { type Contestant, startContestant } from './contestant.js';
import type { Workload } from './rows.js';

export const VALUE_BYTES = 100;
const NODES = 10_000;
const WARMUP_SECONDS = 4;
const WORKLOAD_WARMUP_SECONDS = 1.5;
const ROOT = '/bench';
/** What the reference's zkEnv.sh gives each of its servers. */
const HEAP_MB = 1000;

export interface WorkloadFigures {
  readonly workload: Workload;
  readonly load: MeasuredLoad;
}

export async function throughputRound(
  contestant: Contestant,
  workloads: readonly Workload[],
  seconds: number,
  generatorThreads: number,
): Promise<WorkloadFigures[]> {
  const server = await startContestant(contestant);
  try {
    return await measureWorkloads(server, 16, workloads, seconds, generatorThreads, async () => undefined);
  } finally {
    await server.stop();
  }
}

/** The connections are spread over the three members. */
export async function ensembleRound(
  contestant: Contestant,
  workloads: readonly Workload[],
  seconds: number,
  generatorThreads: number,
): Promise<WorkloadFigures[]> {
  const { name } = contestant.kind;
  await using ensemble = await EnsembleProcess.start({
    kinds: [name, name, name],
    cfg: contestant.cfg,
    heapMb: HEAP_MB,
  });
  const members = { port: ensemble.ports(), pid: ensemble.members.map(({ pid }) => pid) };
  // A read on one member must not come before the node that another one has made.
  const caughtUp = (): Promise<bigint> => ensemble.awaitSameZxid();
  return await measureWorkloads(members, 18, workloads, seconds, generatorThreads, caughtUp);
}

async function measureWorkloads(
  loaded: Loaded,
  connections: number,
  workloads: readonly Workload[],
  seconds: number,
  generatorThreads: number,
  awaitNodes: () => Promise<unknown>,
): Promise<WorkloadFigures[]> {
  const tree = {
    port: loaded.port,
    root: ROOT,
    nodes: NODES,
    valueBytes: VALUE_BYTES,
    connections,
    outstanding: 64,
  };
  await createNodes(tree);
  await awaitNodes();
  await runLoad({ ...tree, workload: 'mixed', readRatio: 0.5, seconds: WARMUP_SECONDS });
  const figures: WorkloadFigures[] = [];
  for (const workload of workloads) {
    const creates = workload.workload === 'create';
    const load = await measureLoad(loaded, {
      workload: workload.workload,
      connections: workload.connections,
      outstanding: workload.outstanding,
      threads: generatorThreads,
      // The creates go into a parent of their own, which must be there and empty.
      root: creates ? '/created' : ROOT,
      setup: creates,
      nodes: creates ? 1 : NODES,
      valueBytes: VALUE_BYTES,
      warmupSeconds: WORKLOAD_WARMUP_SECONDS,
      seconds,
    });
    figures.push({ workload, load });
  }
  return figures;
}
